//! Explanations: when a failure became likely.

use std::num::NonZeroUsize;
use std::sync::Arc;

use config::plan::{Arrivals, Loss, OutageWindow, Reseed, Scenario};
use explore::explain::failure_likelihood::{LikelihoodPoint, Reseeding, failure_likelihood};
use explore::run_result::{Failure, failures};
use explore::{Custom, Shipped, Subject};
use kernel::Instant;
use simulation::Options;

use crate::fixture::plan;

const QUICK: Options = Options {
    keep_records: false,
};

const SEEDS: u64 = 12;

fn fresh(jobs: usize) -> Reseeding {
    Reseeding {
        seeds: SEEDS,
        jobs: NonZeroUsize::new(jobs).expect("some"),
    }
}

/// A run that leaks late enough for chance to have had a say.
fn late_leak() -> (Scenario, u64, Failure) {
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

/// How many of the seeds fail, by hand.
fn by_hand(
    (scenario, seed, failure): &(Scenario, u64, Failure),
    by: u64,
    point: LikelihoodPoint,
) -> u64 {
    let count = (0..=fresh(1).seeds)
        .filter(|luck| luck != seed)
        .take(SEEDS as usize);
    let fails = count.filter(|&luck| {
        let mut again = scenario.clone();
        again.pins.reseeds.push(Reseed {
            from: Instant::from_nanos(point.from),
            seed: luck,
        });
        let outcome = explore::run(&again, *seed, QUICK).expect("it runs");
        let mut found = failures(&outcome).into_iter();
        found.any(|it| it.signature == failure.signature && it.at <= by)
    });
    fails.count() as u64
}

#[test]
fn a_curve_rises_to_certainty_and_every_point_can_be_counted_again() {
    let case = late_leak();
    let (scenario, seed, failure) = &case;
    let subject: Arc<dyn Subject> = Arc::new(Shipped);
    let curve_by =
        |jobs| failure_likelihood(scenario, *seed, failure, fresh(jobs), &subject).expect("runs");
    let curve = curve_by(1);
    assert_eq!(curve, curve_by(3));
    assert!(curve.points.is_sorted_by_key(|point| point.from));
    let [first, last] = [curve.points[0], curve.points[curve.points.len() - 1]];
    assert_eq!(first.from, 0);
    assert_eq!((last.from, last.failing), (failure.at + 1, SEEDS));
    let jump = curve.jump.expect("it was not certain from the start");
    assert!(jump.is_instant && jump.before.failing < jump.after.failing);
    assert!(!jump.when.is_empty());
    for point in [first, jump.before, jump.after] {
        assert_eq!(by_hand(&case, curve.by, point), point.failing, "{point:?}");
        assert!(point.interval.low <= point.rate && point.rate <= point.interval.high);
    }
}

/// One message, and an outage that outlasts the session's disconnect timer: nothing is left to
/// chance that could matter.
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
    let instants = outcome.records.iter().map(|(at, _)| *at);
    let instants = instants.filter(|at| at.nanos() <= failure.at).collect();
    (scenario, failure, instants)
}

#[test]
fn what_is_certain_anyhow_has_no_rise() {
    let (scenario, failure, _) = certain_leak();
    let subject: Arc<dyn Subject> = Arc::new(Shipped);
    let curve = failure_likelihood(&scenario, 1, &failure, fresh(2), &subject).expect("it runs");
    assert_eq!(curve.jump, None);
    assert!(curve.points.iter().all(|point| point.failing == SEEDS));
    assert!(curve.to_string().contains("nothing makes it more likely"));
}

/// A subject whose failure shows only where luck is fresh behind one instant: that instant is
/// found among thousands.
#[test]
fn a_step_is_found_to_the_instant() {
    let (scenario, failure, instants) = certain_leak();
    for tenths in [2, 5, 9] {
        let step = instants[instants.len() * tenths / 10];
        let subject = Custom(move |scenario: &Scenario, seed, options| {
            let mut outcome = explore::run(scenario, seed, options)?;
            if scenario.pins.reseeds.iter().any(|luck| luck.from <= step) {
                outcome.violations.clear();
            }
            Ok(outcome)
        });
        let subject: Arc<dyn Subject> = Arc::new(subject);
        let curve =
            failure_likelihood(&scenario, 1, &failure, fresh(2), &subject).expect("it runs");
        let jump = curve.jump.expect("a step");
        assert!(jump.is_instant);
        assert_eq!((jump.before.failing, jump.after.failing), (0, SEEDS));
        assert_eq!(jump.after.from, step.nanos() + 1);
    }
}
