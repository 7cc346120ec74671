//! Published clients and servers over the simulated network: each asks every seven seconds over a line
//! that answers one ping in two.

mod databases;
#[path = "../../../tests/it/determinism.rs"]
mod determinism;
mod digests;
mod encrypted;
mod rpc;
mod web;

use std::fmt::Debug;
use std::time::Duration;

use guest::search::Search;
use guest::{Sim, search};
use tokio::time::{sleep, timeout};

/// Half of the pings are answered; outages last 30 s on average.
const LINE: &str = r#"
title = "A client and a server over a bad line"
why = "Published crates as guests"
duration = "10m"

[host.app]
guest = true

[host.db]
guest = true

[link.wan]
between = ["app", "db"]
delay = "20ms"
loss = { outages = { ping_success = "1/2", mean_outage = "30s" } }
"#;

/// Eight seeds, each run twice. Some questions must be answered and some not, and no other answer may
/// come.
fn runs(setup: fn(&mut Sim)) {
    let first = found(setup);
    assert_eq!(first.failing(), [0; 0], "{:?}", first.signatures());
    assert_eq!(first.never_reached(), [""; 0]);
    assert!(first.reached.contains_key("answered"));
    assert_eq!(first.digests, found(setup).digests, "runs differ");
}

fn found(setup: fn(&mut Sim)) -> Search {
    search(LINE, 0..8, setup).unwrap_or_else(|error| panic!("{error}"))
}

/// Asks every seven seconds, for at most five. A right answer is `true`.
async fn asks<F, E>(ask: impl Fn() -> F)
where
    F: Future<Output = Result<bool, E>>,
    E: Debug,
{
    guest::sometimes("answered", false);
    guest::sometimes("not answered", false);
    loop {
        sleep(Duration::from_secs(7)).await;
        match timeout(Duration::from_secs(5), ask()).await {
            Ok(Ok(true)) => guest::reachable("answered"),
            Ok(Ok(false)) => guest::violated("the right answer", "another one came"),
            Ok(Err(_)) | Err(_) => guest::reachable("not answered"),
        }
    }
}
