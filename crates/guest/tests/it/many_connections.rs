//! Many connects at one instant, as on Linux.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use crate::line::{Line, echo};
use crate::time::{outcome, scenario};

/// How many clients connect at once. The listener of tokio has a backlog of 1,024.
const CLIENTS: usize = 10_000;

/// Each is connected after one round trip: half-open connections do not count in the backlog. Those whose
/// acknowledgment found it full send their question again, and all are served.
#[test]
fn all_are_connected_at_once_and_served_in_the_end() {
    let scenario = scenario(&["duration=5m", "link.wan.loss=none"]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", echo);
        sim.client("app", || async {
            let ask = || async {
                let start = Instant::now();
                let mut line = Line::connect("db:5432").await?;
                let connected = start.elapsed();
                guest::sometimes("connected late", connected > Duration::from_millis(40));
                guest::sometimes("answered", line.ask("x").await? == "x");
                Ok::<_, io::Error>(())
            };
            let clients: Vec<_> = (0..CLIENTS).map(|_| guest::spawn(ask())).collect();
            for client in clients {
                client.await.map_err(io::Error::other)??;
            }
            Ok::<_, io::Error>(())
        });
    });
    assert_eq!(outcome.violations, []);
    assert_eq!(outcome.reached["answered"], CLIENTS as u64);
    assert_eq!(outcome.reached["connected late"], 0);
}
