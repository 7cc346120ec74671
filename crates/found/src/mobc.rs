//! The service on mobc.

macro_rules! service {
    ($name:ident, $mobc:ident) => {
        /// The service on this version.
        pub mod $name {
            use std::io;
            use std::time::Duration;

            use tokio::time::{Instant, interval, interval_at, timeout};
            use $mobc::{Manager, Pool, State};

            use crate::echo::EchoConnection;
            use crate::{EVERY, FEW, HANDLERS, compare};

            struct EchoManager;

            #[async_trait::async_trait]
            impl Manager for EchoManager {
                type Connection = EchoConnection;
                type Error = io::Error;

                async fn connect(&self) -> Result<EchoConnection, io::Error> {
                    EchoConnection::connect().await
                }

                async fn check(&self, line: EchoConnection) -> Result<EchoConnection, io::Error> {
                    Ok(line)
                }

                fn validate(&self, line: &mut EchoConnection) -> bool {
                    !line.is_broken
                }
            }

            /// The program. mobc's own timeout is that of futures-timer: a thread, and the wall clock.
            // service: begin
            pub async fn app(what: &'static str, is_wrong: fn(State) -> bool) {
                let pool = Pool::builder().max_open(FEW.into()).get_timeout(None);
                let pool = pool.build(EchoManager);
                for number in 0..HANDLERS {
                    guest::spawn(handler(number.to_string(), pool.clone()));
                }
                // No handler waits then.
                let mut ticks = interval_at(Instant::now() + Duration::from_secs(50), EVERY);
                loop {
                    ticks.tick().await;
                    if is_wrong(pool.state().await) {
                        guest::violated(what, "");
                    }
                }
            }

            async fn handler(question: String, pool: Pool<EchoManager>) {
                let mut ticks = interval(EVERY);
                loop {
                    ticks.tick().await;
                    let got = timeout(Duration::from_secs(4), pool.get()).await;
                    if let Ok(Ok(mut line)) = got {
                        compare(&question, line.ask_briefly(&question).await);
                    }
                }
            }
            // service: end
        }
    };
}

service!(v0_7_3, mobc_073);
service!(v0_9_0, mobc_090);
service!(v0_9_0_count, mobc_090_count);
