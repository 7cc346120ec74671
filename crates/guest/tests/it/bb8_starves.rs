//! bb8 0.9.1 wakes no waiter when a connect fails: the pool starves on a line that has healed.

#![expect(clippy::print_stdout, reason = "a campaign reports its figures")]

use std::io;
use std::time::Duration;

use guest::Sim;
use guest::search::{Search, search};
use tokio::time::timeout;

use crate::line::{Line, echo};

const POOL: &str = include_str!("pool.toml");
const GET: &str = "every get succeeds";

struct Manager;

impl bb8::ManageConnection for Manager {
    type Connection = Line;
    type Error = io::Error;

    async fn connect(&self) -> Result<Line, io::Error> {
        let connecting = Line::connect("db:5432");
        let limit = Duration::from_secs(10);
        timeout(limit, connecting)
            .await
            .unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }

    async fn is_valid(&self, _: &mut Line) -> Result<(), io::Error> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Line) -> bool {
        true
    }
}

/// Ten handlers that ask at the same time, every 64 seconds.
async fn app() {
    // bb8 reads std's clock, which a simulation cannot set: it would reap connections and give up
    // retries at times of the real clock. Without these it does neither.
    let pool = bb8::Pool::builder().max_size(5).retry_connection(false);
    let pool = pool.max_lifetime(None).idle_timeout(None);
    let pool = pool.build_unchecked(Manager);
    for number in 0..10 {
        guest::spawn(handler(number, pool.clone()));
    }
}

async fn handler(number: u32, pool: bb8::Pool<Manager>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(64));
    loop {
        ticks.tick().await;
        match pool.get().await {
            Ok(mut line) => {
                guest::success(GET);
                let question = number.to_string();
                let asked = line.ask(&question);
                let _answer = timeout(Duration::from_secs(5), asked).await;
            }
            Err(error) => guest::failure(GET, error.to_string()),
        }
    }
}

pub(crate) fn setup(sim: &mut Sim) {
    sim.host("db", echo);
    sim.host("app", app);
    sim.owed_after_healing(GET, Duration::from_secs(15));
}

fn swept(seeds: u64) -> Search {
    let found = search(POOL, 0..seeds, setup);
    found.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_failed_connect_wakes_no_waiter() {
    let found = swept(200);
    let first = found.first().expect("a seed fails");
    let signature = "liveness: `every get succeeds` still fails after healing";
    assert_eq!(first.failure.signature, signature);
    assert!(found.replays(first).expect("it runs"));
    let shrunk = found.shrink(first).expect("it fails again");
    // One outage at the time of the connect, and nothing left to chance.
    assert!(shrunk.any_seed, "{}", shrunk.scenario.to_toml());
    assert_eq!(shrunk.scenario.pins.outages.len(), 1);
}

#[test]
#[ignore = "a campaign"]
fn a_thousand_seeds() {
    let found = swept(1_000);
    println!("{:?} of {}", found.signatures(), found.runs);
    let first = found.first().expect("a seed fails");
    let shrunk = found.shrink(first).expect("it fails again");
    println!("{} runs\n{}", shrunk.runs, shrunk.scenario.to_toml());
}
