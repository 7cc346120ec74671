//! Which parts of a scenario are necessary for a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use config::plan::Scenario;
use explore::Custom;
use explore::explain::{Necessity, explain};
use simulation::Options;

use crate::failure_likelihood::late_leak;

#[test]
fn runs_without_a_part_end_soon_after_the_failure() {
    let (scenario, seed, failure) = late_leak();
    let longest = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&longest);
    let measured = Custom(move |plan: &Scenario, seed, options: Options| {
        let outcome = explore::run(plan, seed, options)?;
        // The run with all parts keeps its records.
        if !options.keep_records {
            seen.fetch_max(outcome.simulated.nanos(), Ordering::Relaxed);
        }
        Ok(outcome)
    });
    let signature = Some(failure.signature.as_str());
    let found = explain(&scenario, seed, signature, &measured).expect("the run fails");
    let by = failure.at + (failure.at / 16).max(1_000_000_000);
    let longest = longest.load(Ordering::Relaxed);
    assert!(longest > 0 && longest <= by && by < scenario.duration.nanos());
    let unmeasured = Custom(explore::run);
    assert_eq!(
        found,
        explain(&scenario, seed, signature, &unmeasured).expect("again")
    );

    let is = |necessity| found.parts.iter().any(|it| it.necessity == necessity);
    assert!(is(Necessity::Necessary) && is(Necessity::NotNecessary));
    let loss = found
        .parts
        .iter()
        .find(|it| it.part.starts_with("loss on link"));
    assert_eq!(loss.map(|it| it.necessity), Some(Necessity::Necessary));
}
