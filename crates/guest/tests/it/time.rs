//! Virtual time: exact to the nanosecond, packets before timers of the same instant.

use kernel::JournalEntry;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use config::plan::Scenario;
use guest::Sim;
use guest::net::TcpStream;
use simulation::observers::Observe;
use simulation::{Options, Outcome};
use tokio::time::{Instant, sleep, timeout};

use crate::line::{Line, echo};

pub(crate) fn scenario(overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|it| (*it).to_owned()).collect();
    let text = include_bytes!("pool.toml");
    config::file::load("pool.toml", text, &overrides).expect("a scenario")
}

/// One run of guests.
pub(crate) fn outcome(scenario: &Scenario, seed: u64, setup: impl Fn(&mut Sim)) -> Outcome {
    let options = Options { keep_records: true };
    let run = guest::run(setup, scenario, seed, options, Observe::default());
    run.expect("it runs").0
}

/// What a client sees of the time.
fn seen<F>(overrides: &[&str], client: impl Fn() -> F + 'static) -> (Vec<Duration>, Outcome)
where
    F: Future<Output = io::Result<Vec<Duration>>> + Send + 'static,
{
    let scenario = scenario(overrides);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let client = Arc::new(client);
    let outcome = outcome(&scenario, 1, move |sim| {
        let (kept, client) = (Arc::clone(&kept), Arc::clone(&client));
        sim.host("db", echo);
        sim.client("app", move || {
            let (kept, seen) = (Arc::clone(&kept), client());
            async move {
                *kept.lock().expect("nobody panicked") = seen.await?;
                Ok::<(), io::Error>(())
            }
        });
    });
    let seen = seen.lock().expect("nobody panicked").clone();
    (seen, outcome)
}

#[test]
fn a_connect_takes_one_round_trip_to_the_nanosecond() {
    let quiet = ["link.wan.loss=none", "link.wan.delay=20012500ns"];
    let (seen, outcome) = seen(&quiet, || async {
        let start = Instant::now();
        let mut line = Line::connect("db:5432").await?;
        let connected = start.elapsed();
        let answer = line.ask("hello").await?;
        assert_eq!(answer, "hello");
        let answered = start.elapsed();
        sleep(Duration::from_millis(5)).await;
        Ok(vec![connected, answered, start.elapsed(), guest::now()])
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let nanos = Duration::from_nanos;
    // tokio's timers expire at whole milliseconds, rounded up.
    let slept = nanos(86_000_000);
    assert_eq!(seen, [nanos(40_025_000), nanos(80_050_000), slept, slept]);
    assert_eq!(outcome.stop.word(), "quiet");
}

#[test]
fn a_reply_at_the_instant_of_a_timeout_is_in_time() {
    let (seen, _) = seen(&["link.wan.loss=none"], || async {
        let start = Instant::now();
        let mut line = Line::connect("db:5432").await?;
        let limit = Duration::from_millis(40);
        let in_time = timeout(limit, line.ask("x")).await;
        assert!(in_time.is_ok());
        let mut line = Line::connect("db:5432").await?;
        let limit = Duration::from_millis(39);
        assert!(timeout(limit, line.ask("x")).await.is_err());
        Ok(vec![start.elapsed()])
    });
    assert_eq!(seen, [Duration::from_millis(40 + 40 + 40 + 39)]);
}

#[test]
fn syns_of_linux_end_after_127_seconds() {
    let dead = ["pin.outages=[{ link = 'wan', from = '0s', to = '30m' }]"];
    let (seen, _) = seen(&dead, || async {
        let start = Instant::now();
        let refused = TcpStream::connect("db:5432").await.expect_err("no line");
        assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
        Ok(vec![start.elapsed()])
    });
    // The timer has ticks of its own, with a phase of the host.
    assert_eq!(seen[0].as_secs(), 127);
}

#[test]
fn a_host_reaches_itself() {
    let (seen, outcome) = seen(&["link.wan.loss=none"], || async {
        guest::spawn(echo());
        tokio::task::yield_now().await;
        let start = Instant::now();
        let mut line = Line::connect("localhost:5432").await?;
        assert_eq!(line.ask("it's me").await?, "it's me");
        Ok(vec![start.elapsed()])
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    assert_eq!(seen, [Duration::ZERO]);
}

#[test]
fn traces_are_records_with_virtual_time() {
    let scenario = scenario(&["duration=1m"]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", || async {});
        sim.host("app", || async {
            let span = tracing::info_span!("request", number = 7);
            sleep(Duration::from_secs(3)).await;
            tracing::info!(path = "/x", "asked");
            tracing::debug!("too much");
            drop(span);
        });
    });
    let notes = outcome
        .records
        .iter()
        .filter_map(|JournalEntry { at, record }| {
            let simulation::record::Record::Guest(_, text) = record else {
                return None;
            };
            Some(format!("{} {text}", at.since_start()))
        });
    let notes: Vec<String> = notes.filter(|it| !it.contains("program")).collect();
    assert_eq!(
        notes,
        [
            "0s span request number=7 begins",
            "3s info: asked path=\"/x\"",
            "3s span request number=7 ends",
        ]
    );
}
