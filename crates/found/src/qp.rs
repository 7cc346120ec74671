//! The service on qp.

macro_rules! service {
    ($name:ident, $qp:ident) => {
        /// The service on this version.
        pub mod $name {
            use std::io;
            use std::time::Duration;

            use tokio::time::{interval, sleep};
            use $qp::Pool;
            use $qp::resource::Manage;

            use crate::echo::EchoConnection;
            use crate::{FEW, GET, HANDLERS, compare};

            struct EchoManager;

            #[async_trait::async_trait]
            impl Manage for EchoManager {
                type Output = EchoConnection;
                type Error = io::Error;

                async fn try_create(&self) -> Result<EchoConnection, io::Error> {
                    EchoConnection::connect().await
                }

                async fn validate(&self, line: &EchoConnection) -> bool {
                    !line.is_broken
                }
            }

            /// The program.
            // service: begin
            pub async fn app() {
                let pool = Pool::new(EchoManager, FEW as usize);
                let mut ticks = interval(Duration::from_secs(64));
                loop {
                    ticks.tick().await;
                    for number in 0..HANDLERS {
                        guest::spawn(handler(number.to_string(), pool.clone()));
                    }
                }
            }

            async fn handler(question: String, pool: Pool<EchoManager>) {
                let request = async {
                    let mut line = pool.acquire().await?;
                    line.ask_briefly(&question).await
                };
                tokio::select! {
                    biased;
                    () = sleep(Duration::from_secs(8)) => guest::failure(GET, "no answer"),
                    Ok(answer) = request => {
                        guest::success(GET);
                        compare(&question, Ok::<_, io::Error>(answer));
                    }
                    else => guest::failure(GET, "no connection"),
                }
            }
            // service: end
        }
    };
}

service!(v0_2_1, qp_021);
service!(v0_2_1_wake, qp_021_wake);
