//! The service on deadpool.

macro_rules! service {
    ($name:ident, $deadpool:ident) => {
        /// The service on this version.
        pub mod $name {
            use std::io;
            use std::time::Duration;

            use $deadpool::Runtime::Tokio1;
            use $deadpool::managed::{Manager, Pool, RecycleError, RecycleResult, Timeouts};

            use crate::echo::EchoConnection;
            use crate::{GET, HANDLERS, MAX, MORE, compare};

            struct EchoManager;

            #[async_trait::async_trait]
            impl Manager for EchoManager {
                type Type = EchoConnection;
                type Error = io::Error;

                async fn create(&self) -> Result<EchoConnection, io::Error> {
                    EchoConnection::connect().await
                }

                async fn recycle(&self, line: &mut EchoConnection) -> RecycleResult<io::Error> {
                    match line.is_broken {
                        true => Err(RecycleError::StaticMessage("broken")),
                        false => Ok(()),
                    }
                }
            }

            /// The program.
            // service: begin
            pub async fn app() {
                let pool = Pool::builder(EchoManager)
                    .max_size(MAX as usize)
                    .runtime(Tokio1);
                let pool = pool.timeouts(Timeouts::wait_millis(30_000)).build();
                let pool = pool.expect("a pool");
                let open = guest::gauge("connections");
                guest::always(MORE, move || open.value() <= i64::from(MAX));
                for number in 0..HANDLERS {
                    guest::spawn(handler(number.to_string(), pool.clone()));
                }
            }

            async fn handler(question: String, pool: Pool<EchoManager>) {
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

service!(v0_9_4, deadpool_094);
service!(v0_9_5, deadpool_095);
