//! A known leak becomes small by proptest's own means, and a failure is kept.

use std::fs;

use config::plan::{Arrivals, Loss, Preemption, PreemptionPoint, Scenario};
use kernel::Duration;
use mta::Shipped;
use property::{
    Case, Cases, PropertyFailure, Search, campaign_config, cases, critical_sections, never_leaks,
    preemptions,
};
use proptest::test_runner::{TestError, TestRunner};

/// 5.5.2653.23 leaks when a line is down for long enough: that, and a message, is what must be left.
/// A walk that never gets worse may end in a valley, so that is not so of every failure; but none
/// keeps a trouble too many.
#[test]
fn leaks_shrink_to_one_message_and_one_trouble_or_nearly_so() {
    let minimal: Vec<Scenario> = (0..SHRUNK).map(shrunk).collect();
    let is_small = |it: &&Scenario| messages(it) == 1 && troubles(it) == 1;
    let small = minimal.iter().filter(is_small).count();
    assert!(small * 3 >= minimal.len(), "{small} of {minimal:#?}");
    for scenario in &minimal {
        assert!((1..=2).contains(&troubles(scenario)), "{scenario:#?}");
    }
}

const SHRUNK: u8 = 12;

/// The first leak that this luck finds, made small.
fn shrunk(luck: u8) -> Scenario {
    let unfixed = Shipped::EXCHANGE_5_5_2653_23;
    let config = proptest::test_runner::Config {
        failure_persistence: None,
        max_shrink_iters: 400,
        ..campaign_config(100)
    };
    let algorithm = proptest::test_runner::RngAlgorithm::ChaCha;
    let luck = proptest::test_runner::TestRng::from_seed(algorithm, &[luck; 32]);
    let mut runner = TestRunner::new_with_rng(config, luck);
    let found = runner.run(&cases(&unfixed), |case| {
        Ok(never_leaks(&case.run(unfixed)?)?)
    });
    let Err(TestError::Fail(reason, Case { scenario })) = found else {
        panic!("the leak is found: {found:?}");
    };
    let reason = reason.to_string();
    assert!(reason.contains("control-block-leak"), "{reason}");
    scenario
}

fn messages(scenario: &Scenario) -> usize {
    let workloads = scenario.workloads.values();
    let counts = workloads.map(|it| {
        let Arrivals::At(times) = &it.arrivals else {
            panic!("{:?} is not a list", it.arrivals);
        };
        times.len()
    });
    counts.sum()
}

/// Faults, and a line that loses packets.
fn troubles(scenario: &Scenario) -> usize {
    let is_lossy = scenario.links["wan"].forward.loss != Loss::None;
    scenario.faults.len() + usize::from(is_lossy)
}

/// Of many preemptions the one that counts is left, with as little of it as it takes: here whatever
/// stands before a third deed for more than four seconds.
#[test]
fn preemptions_shrink_to_the_one_that_counts() {
    let build = Shipped::EXCHANGE_4_0_994_2;
    let deeds = critical_sections(&build);
    let aside = preemptions(&build, 12, &deeds, Duration::from_secs(60));
    let strategy = Cases::of(&build).preemptions(aside).strategy();
    let counts = |it: &Preemption| {
        let is_third = matches!(it.before, PreemptionPoint::Operation { nth, .. } if nth >= 3);
        is_third && it.length > Duration::from_secs(4)
    };
    let search = Search {
        seed: 1,
        cases: 20,
        shrink_runs: 500,
    };
    let counterexample = search.run(&strategy, |case| {
        if !case.scenario.pins.preempt.iter().any(counts) {
            return Ok(());
        }
        Err(PropertyFailure {
            property: "nobody is put aside for long",
            findings: Vec::new(),
            undecided: None,
        })
    });
    let minimal = counterexample
        .expect("some case has such a one")
        .minimal
        .scenario;
    let [left] = &minimal.pins.preempt[..] else {
        panic!("{:?}", minimal.pins.preempt);
    };
    assert!(
        matches!(left.before, PreemptionPoint::Operation { nth: 3, .. }),
        "{left:?}"
    );
    assert_eq!(left.length, Duration::from_secs(5));
    assert_eq!((messages(&minimal), troubles(&minimal)), (1, 0));
}

/// The file of failures stands next to the test, wherever that is.
#[test]
fn a_failure_is_kept_and_tried_first() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let source = folder.path().join("my_test.rs");
    fs::write(&source, "").expect("it can be written");
    let source: &'static str = source.to_str().expect("a plain path").to_owned().leak();
    let config = || proptest::test_runner::Config {
        source_file: Some(source),
        max_shrink_iters: 0,
        ..campaign_config(50)
    };
    let unfixed = Shipped::EXCHANGE_5_5_2653_23;
    let property = |case: Case| Ok(never_leaks(&case.run(unfixed)?)?);
    let first = TestRunner::new(config()).run(&cases(&unfixed), property);
    let Err(TestError::Fail(_, first)) = first else {
        panic!("the leak is found: {first:?}");
    };
    let kept = folder.path().join("my_test.proptest-regressions");
    assert!(
        fs::read_to_string(kept)
            .expect("it was kept")
            .contains("cc ")
    );
    let tried = std::cell::RefCell::new(Vec::new());
    let again = TestRunner::new(config()).run(&cases(&unfixed), |case| {
        tried.borrow_mut().push(case.clone());
        property(case)
    });
    assert!(again.is_err());
    assert_eq!(tried.borrow().first(), Some(&first));
}
