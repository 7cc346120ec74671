//! What makes unguarded threads corrupt their structures, and what does not.
//!
//! The scenarios vary the casebook's Q152941. Under the random scheduler rates mean nothing, so those
//! tests only ask whether a build can fail at all.

use config::plan::ViolationKind;
use explore::statistics::proportions::{ConfidenceInterval, wilson};
use simulation::Outcome;

use super::{read, run};

const CASE: &str = include_str!("../../sims/casebook/q152941-heap-race.toml");
const HOSTS: [&str; 2] = ["PARIS", "LYON"];

/// A setting of both hosts.
fn both(setting: &str) -> [String; 2] {
    HOSTS.map(|host| format!("host.{host}.{setting}"))
}

/// Seeds of a campaign, for each setting.
const CAMPAIGN: u64 = 400;

/// A share of a campaign's runs with its 95 % interval.
fn share(runs: usize) -> String {
    let ConfidenceInterval { low, high } = wilson(runs as u64, CAMPAIGN);
    let [low, high] = [low, high].map(|bound| 100.0 * bound);
    format!("{runs} of {CAMPAIGN} ({low:.1} to {high:.1} %)")
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

/// More processors never help, up to the number of runnable threads and beyond; one is no protection.
#[test]
#[ignore = "campaign: 400 seeds for each of six numbers of processors and three of pairs"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_crashes_by_processors() {
    for pairs in [1, 2, 4] {
        let crashed = [1, 2, 3, 4, 8, 16].map(|processors| {
            let mut settings = vec!["duration=30m".to_owned()];
            settings.extend(both("race_detector=false"));
            settings.extend(both(&format!("driver_threads={pairs}")));
            settings.extend(both(&format!("cpus={processors}")));
            let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
            let crashed = crash_rate(&settings, CAMPAIGN);
            println!("{pairs} pairs, {processors} processors: {}", share(crashed));
            crashed
        });
        assert!(crashed[0] > 0 && crashed[1] > crashed[0], "{crashed:?}");
        // Five standard deviations of the difference of two shares of one half.
        let least = *crashed[2..].iter().min().expect("four numbers");
        assert!(least + 71 >= crashed[1], "{crashed:?}");
    }
}

/// The same with few seeds: the curve does not fall.
#[test]
fn processors_do_not_protect() {
    let crashed = [2, 3, 8].map(|processors| {
        let mut settings = vec!["duration=30m".to_owned()];
        settings.extend(both("race_detector=false"));
        settings.extend(both(&format!("cpus={processors}")));
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        crash_rate(&settings, 16)
    });
    // Two standard deviations of the difference of two shares of 0.43; the seeds are fixed. A curve
    // that falls to nothing fails.
    assert!(crashed[0] > 6, "{crashed:?}");
    assert!(
        crashed[1..].iter().all(|it| it + 6 >= crashed[0]),
        "{crashed:?}"
    );
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

/// A message of each workload every so often.
fn every(mean: &str) -> [String; 2] {
    ["out", "back"].map(|workload| format!("workload.{workload}.poisson.mean={mean}"))
}

/// "A large number of associations being opened and closed": more of them, more crashes.
#[test]
fn more_associations_crash_more_often() {
    let crashed = ["60s", "8s"].map(|mean| {
        let [out, back] = every(mean);
        crash_rate(&["duration=20m", "host.PARIS.cpus=2", &out, &back], 16)
    });
    assert!(crashed[1] > crashed[0] + 4, "{crashed:?}");
}

#[test]
#[ignore = "campaign: 400 seeds for each of eight settings"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_crashes_by_churn_and_by_bytes() {
    let of = |settings: &[String]| {
        let mut settings = settings.to_vec();
        settings.extend(both("race_detector=false"));
        settings.extend(both("cpus=2"));
        let outcomes = outcomes(&settings, CAMPAIGN);
        let begun: u64 = outcomes.iter().map(|it| it.associations.begun).sum();
        let crashed = outcomes.iter().filter(|it| !it.exceptions.is_empty());
        (crashed.count(), crashes(&outcomes), begun)
    };
    let churn = ["120s", "60s", "30s", "15s", "8s"].map(|mean| {
        let mut settings = vec!["duration=30m".to_owned()];
        settings.extend(every(mean));
        let (crashed, crashes, begun) = of(&settings);
        println!(
            "a message every {mean}: {}, {crashes} crashes, {begun} begun",
            share(crashed)
        );
        crashed
    });
    assert!(churn.is_sorted(), "more opens and closes, more crashes");
    let bytes = ["256", "16 KiB", "64 KiB"].map(|size| {
        let mut settings = vec!["duration=30m".to_owned()];
        settings.extend(["out", "back"].map(|it| format!("workload.{it}.size={size}")));
        let (crashed, crashes, begun) = of(&settings);
        println!(
            "messages of {size}: {}, {crashes} crashes, {begun} begun",
            share(crashed)
        );
        crashed
    });
    // As many associations, four times the bytes: five standard deviations, as above.
    assert!(bytes[1].abs_diff(bytes[2]) <= 71, "{bytes:?}");
}
