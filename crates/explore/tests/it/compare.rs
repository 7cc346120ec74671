//! A fix compared with its original on the same seeds.

use std::sync::Arc;

use config::plan::{Build, HostProgram, Scenario};
use explore::ShippedBuilds;
use explore::compare::{Arm, Trial, compare, overrides_for};

use crate::fixture::plan;

const BUILDS: [Build; 2] = [Build::V5_5_2653_23, Build::V5_5_2655_16];

fn scenario(build: Build) -> Scenario {
    let mut scenario = plan("0..1", &[]).points[0].scenario.clone();
    for host in scenario.hosts.values_mut() {
        host.program = HostProgram::Build(build);
    }
    scenario
}

fn trial(arms: Vec<(&str, Scenario)>, seeds: &str) -> Trial {
    let arms = arms.into_iter().map(|(name, scenario)| Arm {
        name: name.to_owned(),
        scenario,
        subject: Arc::new(ShippedBuilds),
    });
    Trial {
        signature: None,
        arms: Arc::new(arms.collect()),
        seeds: seeds.parse().expect("seeds"),
        jobs: plan("0..1", &[]).jobs,
        handle_signals: false,
    }
}

#[test]
fn the_fix_of_the_leak_breaks_nothing() {
    let arms = BUILDS.map(|build| ("", scenario(build)));
    let found = compare(&trial(arms.into(), "0..30"), |_| {}).expect("it runs");
    let pair = &found.pairs[0];
    assert!(found.complete && !found.broke());
    assert_eq!(pair.cells.seeds(), 30);
    assert!(pair.cells.fixed >= 10, "{:?}", pair.cells);
    assert_eq!((pair.cells.broke, pair.cells.both), (0, 0));
    assert!(pair.p < 0.01 && pair.difference.low > 0.0);
    let counts = found.signatures.values().next().expect("a signature");
    assert_eq!(counts[1], 0);
}

#[test]
fn a_signature_that_does_not_occur_is_answered_with_those_that_do() {
    let arms = BUILDS.map(|build| ("", scenario(build)));
    let mut plan = trial(arms.into(), "0..10");
    plan.signature = Some("nonsense".to_owned());
    let found = compare(&plan, |_| {}).expect("it runs");
    assert!(found.signatures.is_empty());
    assert_eq!(found.pairs[0].cells.neither, 10);
    let page = found.to_string();
    assert!(page.contains("no signature contains `nonsense`"), "{page}");
    assert!(page.contains("    control-block-leak: "), "{page}");
}

#[test]
fn an_arm_does_not_differ_from_itself_and_a_swapped_fix_breaks() {
    let [buggy, fixed] = BUILDS.map(scenario);
    let arms = vec![
        ("fixed", fixed.clone()),
        ("fixed again", fixed),
        ("buggy", buggy),
    ];
    let found = compare(&trial(arms, "0..12"), |_| {}).expect("it runs");
    assert_eq!(found.pairs[0].cells.neither, 12);
    assert_eq!(found.pairs[0].p, 1.0);
    let swapped = &found.pairs[1];
    assert!(found.broke() && swapped.cells.broke > 0);
    assert_eq!(swapped.broke_seeds.len() as u64, swapped.cells.broke);
    let page = found.to_string();
    assert!(
        page.contains("fixed -> buggy") && page.contains("broke: seeds"),
        "{page}"
    );
}

#[test]
fn overrides_apply_to_hosts_that_run_a_compared_build() {
    let scenario = plan("0..1", &[]).points[0].scenario.clone();
    let set = overrides_for(&scenario, BUILDS[1], &BUILDS).expect("both hosts");
    assert_eq!(
        set,
        [
            "host.LYON.build=5.5.2655.16",
            "host.PARIS.build=5.5.2655.16"
        ]
    );
    let others = [Build::V6_0_4712_0, Build::V6_0_4720_14];
    assert_eq!(
        overrides_for(&scenario, others[0], &others).expect_err("none"),
        "no host runs a compared build: LYON runs 5.5.2655.16, PARIS runs 5.5.2653.23"
    );
}
