//! Shrunk scenarios: each fails on the first run with any seed, and the fixed builds do not.

use std::fs;

use mtasim::file::load;
use mtasim::plan::{Build, HostProgram, Scenario};
use mtasim::{Options, Outcome, run};

const QUICK: Options = Options {
    keep_records: false,
};

/// Every file of sims/regress, by name.
fn pinned() -> Vec<(String, Scenario)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sims/regress");
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut all: Vec<(String, Scenario)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            let text = fs::read(&path).expect("a file");
            let scenario = load(&name, &text, &[]).expect("a scenario");
            (name, scenario)
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(all.len() >= 3, "both exceptions and the leak are pinned");
    all
}

fn outcome(scenario: &Scenario, seed: u64) -> Outcome {
    run(scenario, seed, QUICK).expect("it runs")
}

#[test]
fn every_pinned_failure_appears_on_the_first_run() {
    for (name, scenario) in pinned() {
        let outcome = outcome(&scenario, scenario.seed);
        assert!(outcome.is_as_expected(), "{name}: {:?}", outcome.unexpected);
        assert!(name_says(&scenario, &outcome), "{name}: {}", scenario.title);
    }
}

/// The title names the signature that was pinned.
fn name_says(scenario: &Scenario, outcome: &Outcome) -> bool {
    let signatures = outcome.signatures();
    let pinned = scenario.title.strip_prefix("Pinned: ");
    pinned.is_some_and(|pinned| signatures.iter().any(|it| it == pinned))
}

/// Apart from initial sequence numbers and the like, the seed no longer has any effect.
#[test]
fn no_chance_is_left_in_a_pinned_scenario() {
    for (name, scenario) in pinned() {
        let one = outcome(&scenario, scenario.seed);
        for seed in 100..104 {
            let other = outcome(&scenario, seed);
            assert_eq!(one.violations, other.violations, "{name}");
            assert_eq!(one.exceptions, other.exceptions, "{name}");
            assert_eq!(
                (one.calls, one.events),
                (other.calls, other.events),
                "{name}"
            );
        }
    }
}

#[test]
fn no_fixed_build_fails_as_pinned() {
    for (name, mut scenario) in pinned() {
        for host in scenario.hosts.values_mut() {
            let Some(build) = host.build() else { continue };
            host.program = HostProgram::Build(match build {
                Build::V4_0_993_6 | Build::V4_0_993_6UncheckedOwner | Build::V4_0_994_2 => {
                    Build::V4_0_994_2
                }
                Build::V5_5_2232_18
                | Build::V5_5_2448_1
                | Build::V5_5_2653_23
                | Build::V5_5_2653_23B
                | Build::V5_5_2655_16UnmadeRelease
                | Build::V5_5_2655_16SecondRelease
                | Build::V5_5_2655_16OtherInstance
                | Build::V5_5_2655_16EmptyPool
                | Build::V5_5_2655_16LostMessage
                | Build::V5_5_2655_16EarlyArrival
                | Build::V5_5_2653_23UntoldEnd
                | Build::V5_5_2655_16 => Build::V5_5_2655_16,
                Build::V6_0_4712_0 | Build::V6_0_4720_14 => Build::V6_0_4720_14,
            });
        }
        let outcome = outcome(&scenario, scenario.seed);
        assert!(!outcome.is_as_expected(), "{name}");
        assert!(
            outcome.signatures().is_empty(),
            "{name}: {:?}",
            outcome.signatures()
        );
    }
}

/// The preemptions cause the failure: without them no scenario fails.
#[test]
fn without_its_preemptions_no_pinned_crash_crashes() {
    let mut crashes = 0;
    for (name, mut scenario) in pinned() {
        if scenario.pins.preempt.is_empty() {
            continue;
        }
        crashes += 1;
        scenario.pins.preempt.clear();
        let outcome = outcome(&scenario, scenario.seed);
        assert!(
            outcome.exceptions.is_empty(),
            "{name}: {:?}",
            outcome.exceptions
        );
    }
    assert!(crashes >= 2, "both exception codes are pinned");
}
