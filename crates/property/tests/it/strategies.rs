//! Every generated case can be run, and its debug output is a file that says the same.

use kernel::Duration;
use mta::{Build, Shipped};
use property::{
    Builds, Case, Cases, RunError, cases, critical_sections, preemptions, recovers_after_healing,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn a_case_round_trips_through_its_debug_output(case in cases(&Shipped::EXCHANGE_4_0_994_2)) {
        prop_assert_eq!(case.scenario.check(), Ok(()));
        let shown = format!("{case:?}");
        prop_assert_eq!(Case::read("shown", &shown), Ok(case));
    }

    #[test]
    fn a_case_with_preemptions_round_trips_too(case in preempted()) {
        prop_assert_eq!(case.scenario.check(), Ok(()));
        prop_assert_eq!(case.scenario.connectors.len(), 2);
        let shown = format!("{case:?}");
        prop_assert_eq!(Case::read("shown", &shown), Ok(case));
    }
}

fn preempted() -> BoxedStrategy<Case> {
    let build = Shipped::EXCHANGE_4_0_994_2;
    let sections = critical_sections(&build);
    let preemptions = preemptions(&build, 6, &sections, Duration::from_secs(30));
    Cases::of(&build)
        .preemptions(preemptions)
        .bidirectional()
        .strategy()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(40)
    })]

    /// Every link can be calibrated, and every run ends within its limits.
    #[test]
    fn a_case_can_be_run(case in cases(&Shipped::EXCHANGE_5_5_2655_16)) {
        let outcome = case.run(Shipped::EXCHANGE_5_5_2655_16)?;
        recovers_after_healing(&outcome)?;
    }
}

const TEXT: &str = include_str!("../../../../sims/canary/late-close-5.5.toml");

fn canary() -> Case {
    Case::read("late-close-5.5.toml", TEXT).expect("a scenario")
}

/// A shipped build passed as a value and by name gives the same run.
#[test]
fn a_shipped_build_equals_the_build_named() {
    let case = canary();
    let named = case.run_with(&Builds::named()).expect("it runs");
    let builds = Builds::named()
        .with("PARIS", Shipped::EXCHANGE_5_5_2653_23)
        .with("LYON", Shipped::EXCHANGE_5_5_2655_16);
    assert_eq!(
        case.run_with(&builds).expect("it runs").digest,
        named.digest
    );
}

/// 5.5.2653.23 without a change.
#[derive(Clone, Debug)]
struct Unchanged;

impl Build for Unchanged {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }
}

#[test]
fn a_variant_without_changes_equals_its_base() {
    let case = canary();
    let one = case.run(Unchanged).expect("it runs");
    let other = case.run(Unchanged.base()).expect("it runs");
    assert_eq!(one.digest, other.digest);
}

#[test]
fn a_run_error_says_why() {
    let mut case = canary();
    let nowhere = Builds::named().with("ROME", Unchanged);
    let error = case.run_with(&nowhere).expect_err("no such host");
    let message = "the scenario has no host `ROME`: its hosts are LYON, PARIS";
    assert_eq!(error.to_string(), message);
    case.scenario.links.clear();
    let error = case.run(Unchanged).expect_err("nothing joins the hosts");
    assert!(matches!(error, RunError::InvalidScenario(_)), "{error}");
}

#[test]
fn recovery_is_undecided_without_healing() {
    let outcome = canary().run(Unchanged).expect("it runs");
    let failure = recovers_after_healing(&outcome).expect_err("no healing");
    let message = "recovers_after_healing is undecided: the scenario has no `healing`";
    assert_eq!(failure.to_string(), message);
}
