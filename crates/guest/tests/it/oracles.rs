//! What guests state about themselves: conditions in time, points that are reached, quantities.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use guest::Sim;
use simulation::record::Record;
use tokio::time::sleep;

use crate::line::echo;
use crate::time::{outcome, scenario};

const POOL: &str = include_str!("pool.toml");
const SECOND: Duration = Duration::from_secs(1);

/// The signatures and times of a run in which a flag that is due after five seconds is set after `sets`.
fn late(duration: &str, sets: Duration) -> Vec<(String, String)> {
    let outcome = outcome(&scenario(&[duration, "healing=1ns"]), 1, |sim| {
        sim.host("db", echo);
        sim.host("app", move || async move {
            let flag = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&flag);
            guest::eventually("the flag is set", 5 * SECOND, move || {
                seen.load(Ordering::Relaxed)
            });
            sleep(sets).await;
            flag.store(true, Ordering::Relaxed);
            sleep(20 * SECOND).await;
        });
    });
    let found = outcome.violations.iter();
    found
        .map(|it| (it.signature(), it.at.to_string()))
        .collect()
}

#[test]
fn what_is_awaited_must_come_true_in_time() {
    let is_late = [(
        "liveness: `the flag is set` does not come true in time".to_owned(),
        "0:00:05".to_owned(),
    )];
    assert_eq!(late("duration=1m", 4 * SECOND), []);
    assert_eq!(late("duration=1m", 5 * SECOND), []);
    assert_eq!(late("duration=1m", 6 * SECOND), is_late);
    // Nothing happens between the moment at which it is due and the end of the run.
    assert_eq!(late("duration=10s", 3_600 * SECOND), is_late);
    // The run ends before it is due.
    assert_eq!(late("duration=4s", 3_600 * SECOND), []);
}

#[test]
fn a_crash_ends_what_its_host_awaits() {
    let crash = "fault.off={ crash = { host = 'app' }, at = ['2s'] }";
    let outcome = outcome(
        &scenario(&["duration=1m", "healing=1ns", crash]),
        1,
        |sim| {
            sim.host("db", echo);
            sim.host("app", || async {
                guest::eventually("never", 5 * SECOND, || false);
                sleep(20 * SECOND).await;
            });
        },
    );
    assert_eq!(outcome.violations, []);
}

fn never_reached(sim: &mut Sim) {
    sim.host("db", echo);
    sim.host("app", || async { guest::sometimes("a retry", false) });
}

#[test]
fn a_point_that_was_never_reached_fails_a_sweep() {
    let found = guest::search(POOL, 0..3, never_reached).expect("it runs");
    assert_eq!(found.never_reached(), ["a retry"]);
    let failed = catch_unwind(|| guest::test("pool.toml", POOL, 0..3, never_reached));
    let failed = failed.expect_err("it fails");
    let text = failed.downcast_ref::<String>().expect("a text");
    assert_eq!(
        text,
        "never true in 3 runs of pool.toml: a retry. What depends on it was not tested: change the \
         scenario, or run more seeds"
    );
}

#[test]
fn a_gauge_is_a_series_in_outcome_and_records() {
    let outcome = outcome(&scenario(&["duration=1m"]), 1, |sim| {
        sim.host("db", echo);
        sim.host("app", || async {
            let gauge = guest::gauge("connections in use");
            gauge.add(2);
            sleep(3 * SECOND).await;
            gauge.add(-1);
            // To look is no change.
            sleep(SECOND).await;
            assert_eq!(gauge.value(), 1);
        });
    });
    let seen = &outcome.gauges["connections in use"];
    let seen: Vec<(String, i64)> = seen.iter().map(|(at, it)| (at.to_string(), *it)).collect();
    let expected = [("0:00:00", 2), ("0:00:03", 1)];
    assert_eq!(seen, expected.map(|(at, it)| (at.to_owned(), it)));
    let records = outcome.records.iter();
    let records = records.filter(|entry| matches!(entry.record, Record::Gauge(..)));
    assert_eq!(records.count(), 2);
}
