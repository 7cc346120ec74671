//! What makes unguarded threads corrupt their structures, and what does not.
//!
//! The scenarios vary the casebook's Q152941. Under the random scheduler rates mean nothing, so those
//! tests only ask whether a build can fail at all.

use config::plan::ViolationKind;
use simulation::Outcome;

use super::{read, run};

const CASE: &str = include_str!("../../sims/casebook/q152941-heap-race.toml");
const HOSTS: [&str; 2] = ["PARIS", "LYON"];

/// A setting of both hosts.
fn both(setting: &str) -> [String; 2] {
    HOSTS.map(|host| format!("host.{host}.{setting}"))
}

fn outcomes(settings: &[String], seeds: u64) -> Vec<Outcome> {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let scenario = read(CASE, &settings);
    (1..=seeds).map(|seed| run(&scenario, seed)).collect()
}

fn crashes(outcomes: &[Outcome]) -> usize {
    outcomes.iter().map(|it| it.exceptions.len()).sum()
}

/// The share of runs in which a process ends by an exception, over `seeds` seeds.
fn crash_rate(settings: &[&str], seeds: u64) -> usize {
    let settings: Vec<String> = settings.iter().map(|&it| it.to_owned()).collect();
    let outcomes = outcomes(&settings, seeds);
    outcomes
        .iter()
        .filter(|it| !it.exceptions.is_empty())
        .count()
}

/// With one pair of threads on each host, more processors never help: what a pair does at once is all
/// that matters.
#[test]
#[ignore = "campaign: 100 seeds for each of five numbers of processors"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_crashes_by_processors() {
    let rates = [1, 2, 4, 8, 16].map(|processors| {
        let mut settings = vec!["duration=20m".to_owned()];
        settings.extend(both("driver_threads=1"));
        settings.extend(both(&format!("cpus={processors}")));
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let crashed = crash_rate(&settings, 100);
        println!("{processors} processors: {crashed} of 100 runs crashed");
        crashed
    });
    // Five standard deviations of a share of one half.
    assert!(
        rates.windows(2).all(|pair| pair[1] + 25 >= pair[0]),
        "{rates:?}"
    );
    assert!(rates[0] > 0 && rates[4] > rates[0], "{rates:?}");
}

/// With the documented defaults of every connector, the number of connectors is enough.
#[test]
fn a_hub_with_twenty_connectors_crashes_within_a_working_day() {
    let hub = include_str!("../../sims/casebook/q152941-hub.toml");
    let scenario = read(hub, &["host.HUB.race_detector=false"]);
    let crashed = (1..=3).filter(|seed| !run(&scenario, *seed).exceptions.is_empty());
    assert!(crashed.count() >= 2);
}

/// A block that fell off the unguarded free list is lost, whatever the MTA says.
#[test]
fn a_block_that_nobody_can_release_is_reported() {
    let canary = include_str!("../../sims/canary/unguarded-4.0.toml");
    let scenario = read(canary, &["scheduler=pos", "duration=1h"]);
    let lost = (0..30).any(|seed| {
        let outcome = run(&scenario, seed);
        let mut leaks = outcome.violations.iter();
        leaks.any(|it| {
            it.kind == ViolationKind::ControlBlockLeak
                && it.location == "control block, free: not on the free list"
        })
    });
    assert!(lost);
}

#[test]
fn unguarded_threads_can_crash_and_guarded_ones_cannot() {
    let adversary = ["scheduler=random".to_owned(), "duration=1h".to_owned()];
    let unguarded = outcomes(&adversary, 4);
    assert!(crashes(&unguarded) > 0);
    for exception in unguarded.iter().flat_map(|it| &it.exceptions) {
        assert!(
            [0xC000_0005, 0xE002_0002].contains(&exception.code),
            "{exception:?}"
        );
    }
    let fixed: Vec<String> = adversary
        .into_iter()
        .chain(both("build=4.0.994.2"))
        .collect();
    for outcome in outcomes(&fixed, 4) {
        assert_eq!(outcome.exceptions, []);
        assert_eq!(outcome.violations, [], "seed {}", outcome.seed);
    }
}

#[test]
#[ignore = "campaign: 60 seeds for each of seven settings"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_crashes_by_churn_and_by_bytes() {
    let of = |settings: &[&str]| {
        let settings: Vec<String> = settings.iter().map(|&it| it.to_owned()).collect();
        let outcomes = outcomes(&settings, 60);
        let opened: u64 = outcomes.iter().map(|it| it.associations.opened).sum();
        (crashes(&outcomes), opened)
    };
    let churn = ["80s", "20s", "5s"].map(|mean| {
        let out = format!("workload.out.poisson.mean={mean}");
        let back = format!("workload.back.poisson.mean={mean}");
        let found = of(&[&out, &back]);
        println!("a message every {mean}: (crashes, associations opened) in 60 runs: {found:?}");
        found.0
    });
    assert!(churn.is_sorted(), "more opens and closes, more crashes");
    for size in ["256", "4 KiB", "16 KiB"] {
        let out = format!("workload.out.size={size}");
        let back = format!("workload.back.size={size}");
        println!("messages of {size}: {:?}", of(&[&out, &back]));
    }
}
