//! A campaign says what it covered, warns of what never happened, and fails with the smallest case.

use std::panic;

use mta::Shipped;
use property::{Cases, campaign, clean_link, never_leaks, no_faults};
use proptest::test_runner::TestCaseError;

#[test]
fn a_campaign_counts_what_its_cases_covered() {
    let build = Shipped::EXCHANGE_5_5_2655_16;
    let covered = campaign(file!(), 20, &Cases::of(&build).strategy(), |case| {
        let outcome = case.run(build)?;
        never_leaks(&outcome)?;
        Ok(outcome)
    });
    assert_eq!(covered.cases, 20);
    assert_eq!(covered.schedulers.values().sum::<u64>(), 20);
    assert!(covered.without_fault < 20 && !covered.faults.is_empty());
    let text = covered.to_string();
    assert!(
        text.starts_with("20 cases held. What they covered:\n"),
        "{text}"
    );
    assert!(
        text.contains("1 in 10: 12.2 %, 1 in 100: 81.8 %, 1 in 1000: 98.0 %"),
        "{text}"
    );
    for warning in covered.warnings() {
        assert!(text.contains(&format!("WARNING: {warning}\n")), "{text}");
    }
}

/// On a clean line nothing fails and nothing times out: green, and worth little.
#[test]
fn a_campaign_in_which_nothing_went_wrong_says_so() {
    let unfixed = Shipped::EXCHANGE_5_5_2653_23;
    let gentle = Cases::of(&unfixed)
        .networks(clean_link())
        .faults(no_faults());
    let covered = campaign(file!(), 20, &gentle.strategy(), |case| {
        let outcome = case.run(unfixed)?;
        never_leaks(&outcome)?;
        Ok(outcome)
    });
    let warnings = covered.warnings();
    assert_eq!(warnings.len(), 2, "{covered}");
    assert!(
        warnings.iter().any(|it| it.contains("Q303102")),
        "{covered}"
    );
}

#[test]
fn a_campaign_that_fails_shows_a_case() {
    let folder = tempfile::tempdir().expect("a folder");
    // Not next to this file: the failure is the point of the test.
    let source = folder.path().join("elsewhere.rs");
    let source: &'static str = source.to_str().expect("UTF-8").to_owned().leak();
    let failed = panic::catch_unwind(|| {
        let cases = Cases::of(&Shipped::EXCHANGE_5_5_2653_23).strategy();
        campaign(source, 200, &cases, |_| {
            Err(TestCaseError::fail("it does not hold"))
        })
    });
    let why = failed.expect_err("no case holds");
    let why = why.downcast_ref::<String>().expect("a text");
    assert!(why.contains("it does not hold"), "{why}");
    assert!(
        why.contains("minimal failing case: ") && why.contains("[host.PARIS]"),
        "{why}"
    );
}
