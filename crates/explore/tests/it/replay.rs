//! Replay of capsules.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use config::plan::{Reseed, Scenario};
use explore::repro::replay::{ReplayOutcome, Window};
use explore::{Capsule, Custom, ShippedBuilds, replay};
use kernel::{Duration, Instant};
use tempfile::tempdir;

use crate::fixture::{plan, swept};

fn capsules() -> Vec<Capsule> {
    let folder = tempdir().expect("a folder");
    swept(&plan("0..6", &[]), folder.path());
    let entries = fs::read_dir(folder.path().join("capsules")).expect("capsules");
    let found: Vec<Capsule> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let capsule = Capsule::parse(&fs::read(&path).expect("a file")).expect("a capsule");
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            assert_eq!(capsule.file_name(), name);
            assert_eq!(capsule.command, format!("mtasim replay {name}"));
            capsule
        })
        .collect();
    assert!(!found.is_empty());
    found
}

#[test]
fn a_capsule_repeats_its_run_with_and_without_records() {
    for capsule in capsules() {
        for records in [false, true] {
            let replayed = replay(&capsule, &ShippedBuilds, records).expect("it runs");
            assert_eq!(replayed.result, ReplayOutcome::Same);
            assert!(replayed.failures.contains(&capsule.failure));
            assert_eq!(replayed.outcome.records.is_empty(), !records);
        }
    }
}

#[test]
fn a_different_run_is_reported_with_the_divergence_and_the_version() {
    let capsule = capsules().remove(0);
    let mut other = capsule.clone();
    other.seed += 1;
    let replayed = replay(&other, &ShippedBuilds, false).expect("it runs");
    let ReplayOutcome::Nondeterminism(divergence) = replayed.result else {
        panic!("{:?}", replayed.result);
    };
    let message = divergence.to_string();
    assert!(message.starts_with("equal up to record 0 "), "{message}");
    assert!(message.contains(
        "two reruns with this version are equal; the first record that may differ is 1:"
    ));
    // The same run with another version that writes one more record.
    let mut older = capsule.clone();
    older.build = "0.0.1".to_owned();
    older.digest = "0".repeat(32);
    let last = older.checkpoints.len() - 1;
    older.checkpoints[last].hash ^= 1;
    let replayed = replay(&older, &ShippedBuilds, false).expect("it runs");
    let ReplayOutcome::OtherBuild {
        recorded_by,
        still_fails,
        divergence,
        ..
    } = replayed.result
    else {
        panic!("{:?}", replayed.result);
    };
    assert_eq!((recorded_by.as_str(), still_fails), ("0.0.1", true));
    let differs = older.checkpoints[last];
    assert_eq!(divergence.differs_by, Some((differs.records, differs.at)));
}

/// For a nondeterministic subject the first differing record is named, not only a range.
#[test]
fn nondeterminism_is_reported_with_the_first_differing_record() {
    let capsule = capsules().remove(0);
    let calls = AtomicU64::new(0);
    let fickle = Custom(move |scenario: &Scenario, seed, options| {
        let mut again = scenario.clone();
        let from = Instant::from_nanos(60_000_000_000);
        let seed_from_there = calls.fetch_add(1, Ordering::Relaxed);
        again.pins.reseeds.push(Reseed {
            from,
            seed: seed_from_there,
        });
        explore::run(&again, seed, options)
    });
    let replayed = replay(&capsule, &fickle, false).expect("it runs");
    let ReplayOutcome::Nondeterminism(divergence) = replayed.result else {
        panic!("{:?}", replayed.result);
    };
    let pair = divergence.record.expect("the first differing record");
    assert_ne!(pair.first, pair.second);
    let at = |line: &Option<String>| -> String {
        let line = line.as_ref().expect("a record");
        let (at, _) = line.split_once(' ').expect("its time");
        at.to_owned()
    };
    // Nothing differs before randomness is redrawn; outages or arrivals differ soon after.
    let earlier = at(&pair.first).min(at(&pair.second));
    assert!(earlier.as_str() >= "0:01:00", "{earlier}");
    assert!(pair.number > divergence.equal_records);
}

#[test]
fn a_window_shows_the_records_within_it() {
    let capsule = capsules().remove(0);
    let replayed = replay(&capsule, &ShippedBuilds, true).expect("it runs");
    let at = Instant::from_nanos(capsule.failure.at);
    let window = |length| Window {
        until: at,
        length: Duration::from_secs(length),
    };
    let short: Vec<String> = window(1)
        .lines(&capsule.scenario, &replayed.outcome)
        .collect();
    let long: Vec<String> = window(100_000)
        .lines(&capsule.scenario, &replayed.outcome)
        .collect();
    assert!(!short.is_empty() && short.len() < long.len());
    assert!(short.iter().all(|line| long.contains(line)));
    assert!(long.len() <= replayed.outcome.records.len());
}
