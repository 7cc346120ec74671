//! Shrinking of failures, and explanations of the results.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use config::plan::{Build, HostProgram};
use explore::explain::{Necessity, explain};
use explore::run_result::RunResult;
use explore::shrink::regression_file;
use explore::shrink::{ShrinkError, shrink};
use explore::{Capsule, ShippedBuilds};
use tempfile::tempdir;

use crate::fixture::{plan, swept};

const RACE: &[u8] = include_bytes!("../../../../sims/casebook/q152941-heap-race.toml");
const QUICK: simulation::Options = simulation::Options {
    keep_records: false,
};

fn capsules() -> Vec<Capsule> {
    let folder = tempdir().expect("a folder");
    swept(&plan("0..8", &[]), folder.path());
    let entries = fs::read_dir(folder.path().join("capsules")).expect("capsules");
    entries
        .map(|entry| {
            let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
            Capsule::parse(&bytes).expect("a capsule")
        })
        .collect()
}

#[test]
fn a_leak_shrinks_to_one_association_and_one_outage() {
    for capsule in capsules().into_iter().take(3) {
        let shrunk = shrink(&capsule, &ShippedBuilds, 1_000, |_, _| {}).expect("it fails");
        let [before, after] = shrunk.sizes;
        assert!(after.parts < before.parts);
        assert!(after.associations <= 1, "{after}");
        assert!(after.outages <= 1, "{after}");
        assert!(!shrunk.out_of_budget && shrunk.any_seed);
        assert_eq!(shrunk.signature, capsule.failure.signature);
        assert_pinned_holds(
            &regression_file::text(&shrunk).expect("a scenario"),
            &shrunk.signature,
        );
        let test = regression_file::regression_test(&shrunk, Path::new("sims/regress/leak.toml"));
        assert!(test.contains("fn control_block_leak_"), "{test}");
    }
}

/// The file alone shows the failure, all its parts are necessary, and the fix removes the failure.
#[track_caller]
fn assert_pinned_holds(text: &str, signature: &str) {
    let scenario = config::file::load("pinned", text.as_bytes(), &[]).expect("a scenario");
    let outcome = explore::run(&scenario, scenario.seed, QUICK).expect("it runs");
    assert!(outcome.is_as_expected(), "{:?}", outcome.unexpected);
    let explanation = explain(&scenario, scenario.seed, None, &ShippedBuilds).expect("it fails");
    assert_eq!(explanation.signature, signature);
    for part in &explanation.parts {
        assert_ne!(part.necessity, Necessity::NotNecessary, "{}", part.part);
    }
    let trace = explanation.causal_trace.join("\n");
    for word in ["from the pool", "out of service", "message type 1 arrives"] {
        assert!(trace.contains(word), "{word} is missing in\n{trace}");
    }
    let headline = &explanation.headline;
    for word in [
        "the session timed out",
        "close request came",
        "5.5.2653.23 drops",
    ] {
        assert!(headline.contains(word), "{word} is missing in {headline}");
    }
    let mut fixed = scenario;
    for host in fixed.hosts.values_mut() {
        host.program = HostProgram::Build(Build::V5_5_2655_16);
    }
    let outcome = explore::run(&fixed, fixed.seed, QUICK).expect("it runs");
    assert!(!outcome.is_as_expected());
}

#[test]
fn the_budget_is_respected_and_the_best_result_so_far_fails() {
    let capsule = capsules().remove(0);
    for budget in [1, 2, 7, 20] {
        let shrunk = shrink(&capsule, &ShippedBuilds, budget, |_, _| {}).expect("it fails");
        assert!(shrunk.runs <= budget && shrunk.out_of_budget);
        let text = regression_file::text(&shrunk).expect("a scenario");
        assert!(text.contains("a smaller scenario may exist"));
        let scenario = config::file::load("pinned", text.as_bytes(), &[]).expect("a scenario");
        let outcome = explore::run(&scenario, scenario.seed, QUICK).expect("it runs");
        assert!(outcome.signatures().contains(&shrunk.signature));
    }
}

#[test]
fn a_capsule_that_does_not_fail_is_rejected() {
    let mut capsule = capsules().remove(0);
    capsule.failure.signature = "delivery: nowhere".to_owned();
    assert_eq!(
        shrink(&capsule, &ShippedBuilds, 100, |_, _| {}).expect_err("rejected"),
        ShrinkError::NotFailing("delivery: nowhere".to_owned())
    );
}

/// The capsule of an exception in select(). Those of the heap depend on its history and stay larger
/// (docs/finding-and-shrinking.md).
fn crash() -> Capsule {
    const SIGNATURE: &str = "exception c0000005: select() argument.handle is not mapped";
    let scenario = config::file::load("race", RACE, &[]).expect("a scenario");
    let mut capsules = (0..20).filter_map(|seed| {
        let outcome = explore::run(&scenario, seed, QUICK).expect("it runs");
        let result = RunResult::of(&outcome, "", BTreeMap::new());
        let mut failures = result.failures.iter();
        let failure = failures.find(|it| it.signature == SIGNATURE)?;
        let checkpoints = &outcome.checkpoints;
        Some(Capsule::of(&result, failure, checkpoints, &scenario, &[]))
    });
    capsules.next().expect("one in eight seeds fails so")
}

#[test]
fn a_crash_shrinks_to_two_associations_and_its_preemptions() {
    let capsule = crash();
    let shrunk = shrink(&capsule, &ShippedBuilds, 16_000, |_, _| {}).expect("it fails");
    let [_, after] = shrunk.sizes;
    assert_eq!(shrunk.signature, capsule.failure.signature);
    assert!(after.associations <= 2, "{after}");
    assert!((1..=3).contains(&after.preemptions), "{after}");
    assert!(!shrunk.out_of_budget && shrunk.any_seed);
    let text = regression_file::text(&shrunk).expect("a scenario");
    for word in ["preempt = [", "before = \""] {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
    let scenario = config::file::load("pinned", text.as_bytes(), &[]).expect("a scenario");
    let explanation = explain(&scenario, 7, None, &ShippedBuilds).expect("it fails with any seed");
    for part in &explanation.parts {
        assert_ne!(part.necessity, Necessity::NotNecessary, "{}", part.part);
    }
    let critical = explanation.critical_pair.expect("threads conflicted");
    assert!(critical.preempted.is_some());
    for side in [&critical.earlier, &critical.later] {
        assert!(side.contains("TCP/IP") && side.contains(".rs:"), "{side}");
    }
    assert_ne!(critical.earlier, critical.later);
    assert!(critical.interleaving.len() >= 2);
    let mut fixed = scenario;
    for host in fixed.hosts.values_mut() {
        host.program = HostProgram::Build(Build::V4_0_994_2);
    }
    let outcome = explore::run(&fixed, 1, QUICK).expect("it runs");
    assert!(outcome.signatures().is_empty());
}
