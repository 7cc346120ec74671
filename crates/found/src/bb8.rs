//! The service on bb8.

/// How the service uses its pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Use {
    /// A connection is checked when it is taken.
    pub checks: bool,
    /// Each request takes a new connection.
    pub renews: bool,
    /// The manager connects until it succeeds.
    pub persists: bool,
}

macro_rules! service {
    ($name:ident, $bb8:ident $(, #[$attribute:meta])?) => {
        /// The service on this version.
        pub mod $name {
            use std::io;
            use std::time::Duration;


            use super::Use;
            use crate::echo::EchoConnection;
            use crate::{GET, HANDLERS, MAX, compare};

            struct Manager(Use);

            $(#[$attribute])?
            impl $bb8::ManageConnection for Manager {
                type Connection = EchoConnection;
                type Error = io::Error;

                async fn connect(&self) -> Result<EchoConnection, io::Error> {
                    loop {
                        let connected = EchoConnection::connect().await;
                        if connected.is_ok() || !self.0.persists {
                            return connected;
                        }
                    }
                }

                async fn is_valid(&self, line: &mut EchoConnection) -> Result<(), io::Error> {
                    line.ask("PING").await.map(drop)
                }

                fn has_broken(&self, line: &mut EchoConnection) -> bool {
                    line.is_broken || self.0.renews
                }
            }

            /// The program. bb8 reads std's clock, which a simulation cannot set. Without retries and
            /// reaping it does not act on it.
            // service: begin
            pub async fn app(how: Use) {
                let pool = $bb8::Pool::builder().max_size(MAX).test_on_check_out(how.checks);
                let pool = pool.retry_connection(false).max_lifetime(None).idle_timeout(None);
                let pool = pool.build_unchecked(Manager(how));
                for number in 0..HANDLERS {
                    guest::spawn(handler(number.to_string(), pool.clone()));
                }
            }

            async fn handler(question: String, pool: $bb8::Pool<Manager>) {
                let mut ticks = tokio::time::interval(Duration::from_secs(64));
                loop {
                    ticks.tick().await;
                    match pool.get().await {
                        Ok(mut line) => {
                            guest::success(GET);
                            compare(&question, line.ask_briefly(&question).await);
                        }
                        Err(error) => guest::failure(GET, error.to_string()),
                    }
                }
            }
            // service: end
        }
    };
}

service!(v0_8_3, bb8_083, #[async_trait::async_trait]);
service!(v0_8_5, bb8_085, #[async_trait::async_trait]);
service!(v0_9_1, bb8_091);
service!(v0_9_1_check, bb8_091_check);
service!(v0_9_1_notify, bb8_091_notify);
