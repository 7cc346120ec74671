//! The likelihood of a failure when randomness is redrawn from some time on.

use std::num::NonZeroUsize;
use std::sync::Arc;

use config::plan::{Arrivals, Loss, OutageWindow, Reseed, Scenario};
use explore::explain::failure_likelihood::{LikelihoodPoint, Reseeding, failure_likelihood};
use explore::run_result::{Failure, failures};
use explore::{Custom, ShippedBuilds, Subject};
use kernel::Instant;
use simulation::Options;

use crate::fixture::plan;

const QUICK: Options = Options {
    keep_records: false,
};

const SEEDS: u64 = 12;

fn reseeding(jobs: usize) -> Reseeding {
    Reseeding {
        seeds: SEEDS,
        jobs: NonZeroUsize::new(jobs).expect("some"),
    }
}

/// A run that leaks late enough for random choices to matter.
pub(crate) fn late_leak() -> (Scenario, u64, Failure) {
    let scenario = plan("0..1", &[]).points[0].scenario.clone();
    let mut found = (0..40).filter_map(|seed| {
        let outcome = explore::run(&scenario, seed, QUICK).expect("it runs");
        let first = failures(&outcome).into_iter().next()?;
        (200_000_000_000..300_000_000_000)
            .contains(&first.at)
            .then_some((seed, first))
    });
    let (seed, failure) = found.next().expect("one of forty leaks then");
    (scenario, seed, failure)
}

/// Counts the failing seeds without the code under test.
fn count_failing(
    (scenario, seed, failure): &(Scenario, u64, Failure),
    by: u64,
    point: LikelihoodPoint,
) -> u64 {
    let count = (0..=reseeding(1).seeds)
        .filter(|other| other != seed)
        .take(SEEDS as usize);
    let fails = count.filter(|&other| {
        let mut again = scenario.clone();
        again.pins.reseeds.push(Reseed {
            from: Instant::from_nanos(point.from),
            seed: other,
        });
        let outcome = explore::run(&again, *seed, QUICK).expect("it runs");
        let mut found = failures(&outcome).into_iter();
        found.any(|it| it.signature == failure.signature && it.at <= by)
    });
    fails.count() as u64
}

#[test]
fn the_likelihood_rises_to_certainty_and_matches_a_count_at_every_point() {
    let case = late_leak();
    let (scenario, seed, failure) = &case;
    let subject: Arc<dyn Subject> = Arc::new(ShippedBuilds);
    let compute = |jobs| {
        failure_likelihood(scenario, *seed, failure, reseeding(jobs), &subject).expect("runs")
    };
    let likelihood = compute(1);
    assert_eq!(likelihood, compute(3));
    assert!(likelihood.points.is_sorted_by_key(|point| point.from));
    let [first, last] = [
        likelihood.points[0],
        likelihood.points[likelihood.points.len() - 1],
    ];
    assert_eq!(first.from, 0);
    assert_eq!((last.from, last.failing), (failure.at + 1, SEEDS));
    let jump = likelihood.jump.expect("it was not certain from the start");
    assert!(jump.is_instant && jump.before.failing < jump.after.failing);
    assert!(!jump.when.is_empty());
    for point in [first, jump.before, jump.after] {
        assert_eq!(
            count_failing(&case, likelihood.by, point),
            point.failing,
            "{point:?}"
        );
        assert!(point.interval.low <= point.rate && point.rate <= point.interval.high);
    }
}

/// One message, and an outage that outlasts the session disconnect timer: no random choice matters.
fn certain_leak() -> (Scenario, Failure, Vec<Instant>) {
    let mut scenario = plan("0..1", &[]).points[0].scenario.clone();
    for workload in scenario.workloads.values_mut() {
        workload.arrivals = Arrivals::At(vec![Instant::ZERO]);
    }
    for link in scenario.links.values_mut() {
        (link.forward.loss, link.backward.loss) = (Loss::None, Loss::None);
    }
    scenario.pins.outages = vec![OutageWindow {
        link: "wan".to_owned(),
        from: Instant::ZERO,
        to: Instant::from_nanos(130_000_000_000),
    }];
    let keep = Options { keep_records: true };
    let outcome = explore::run(&scenario, 1, keep).expect("it runs");
    let failure = failures(&outcome).remove(0);
    let instants = outcome.records.iter().map(|entry| entry.at);
    let instants = instants.filter(|at| at.nanos() <= failure.at).collect();
    (scenario, failure, instants)
}

#[test]
fn a_certain_failure_has_no_jump() {
    let (scenario, failure, _) = certain_leak();
    let subject: Arc<dyn Subject> = Arc::new(ShippedBuilds);
    let likelihood =
        failure_likelihood(&scenario, 1, &failure, reseeding(2), &subject).expect("it runs");
    assert_eq!(likelihood.jump, None);
    assert!(likelihood.points.iter().all(|point| point.failing == SEEDS));
    assert!(
        likelihood
            .to_string()
            .contains("the likelihood never rises")
    );
}

/// A subject that fails only if randomness is redrawn after one instant: bisection finds that
/// instant among thousands.
#[test]
fn bisection_finds_the_instant_of_a_jump() {
    let (scenario, failure, instants) = certain_leak();
    for tenths in [2, 5, 9] {
        let instant = instants[instants.len() * tenths / 10];
        let subject = Custom(move |scenario: &Scenario, seed, options| {
            let mut outcome = explore::run(scenario, seed, options)?;
            if scenario.pins.reseeds.iter().any(|it| it.from <= instant) {
                outcome.violations.clear();
            }
            Ok(outcome)
        });
        let subject: Arc<dyn Subject> = Arc::new(subject);
        let likelihood =
            failure_likelihood(&scenario, 1, &failure, reseeding(2), &subject).expect("it runs");
        let jump = likelihood.jump.expect("a jump");
        assert!(jump.is_instant);
        assert_eq!((jump.before.failing, jump.after.failing), (0, SEEDS));
        assert_eq!(jump.after.from, instant.nanos() + 1);
    }
}
