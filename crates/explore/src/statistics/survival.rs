//! Survival curves: the proportion of runs that have not failed yet, over virtual time (Kaplan and
//! Meier, 1958).
//!
//! A run that ended without the failure is censored: it counts as at risk up to its end.

use kernel::Duration;

use crate::statistics::counters::{Counters, KindCounters};
use crate::statistics::proportions::{ConfidenceInterval, wilson_of_proportion};
use crate::statistics::time_histogram::TimeHistogram;

/// The proportion of runs without the failure as a function of virtual time.
#[derive(Clone, Debug, PartialEq)]
pub struct Survival {
    /// The number of runs.
    pub runs: u64,
    /// Runs that fail.
    pub failed: u64,
    /// Runs that a limit cut off before it was known whether they fail.
    pub unknown: u64,
    /// The steps of the curve, one for each failure time (within 1/64), in order.
    pub points: Vec<SurvivalPoint>,
    /// When the longest run ended.
    pub end: Duration,
}

/// A step of a survival curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurvivalPoint {
    /// When it is.
    pub at: Duration,
    /// The estimated proportion of runs without the failure from here on.
    pub proportion: f64,
    /// Its interval: Wilson's, with the sample size that has Greenwood's variance (K. J. Rothman,
    /// 1978). Without censored runs that is the number of runs.
    pub interval: ConfidenceInterval,
}

impl Survival {
    /// The survival curve for one kind of failure, such as `control-block-exhaustion`.
    #[must_use]
    pub fn of(counters: &Counters, kind: &str) -> Self {
        let nothing = KindCounters::default();
        let KindCounters { times, ends, .. } = counters.kinds.get(kind).unwrap_or(&nothing);
        Self::of_times(counters, times, ends, counters.failing_by(kind).unknown)
    }

    /// The survival curve for the first failure of any kind.
    #[must_use]
    pub fn of_first_failure(counters: &Counters) -> Self {
        let unknown = counters.failing_runs().unknown;
        Self::of_times(
            counters,
            &counters.first_failures,
            &counters.failing_ends,
            unknown,
        )
    }

    fn of_times(
        counters: &Counters,
        times: &TimeHistogram,
        ends: &TimeHistogram,
        unknown: u64,
    ) -> Self {
        let end = counters
            .ends
            .counts()
            .last()
            .map_or(Duration::ZERO, |it| it.0);
        Self {
            runs: counters.runs,
            failed: times.count(),
            unknown,
            points: points(counters.runs, times, &without(&counters.ends, ends)),
            end,
        }
    }

    /// The time by which half of the runs have failed; `None` if fewer ever do.
    #[must_use]
    pub fn median(&self) -> Option<Duration> {
        // Not the median of the observed times: runs that never fail would be left out of that.
        let past = self.points.iter().find(|step| step.proportion <= 0.5)?;
        Some(past.at)
    }
}

/// When the runs ended that are in `all` but not in `some`.
fn without(all: &TimeHistogram, some: &TimeHistogram) -> Vec<(Duration, u64)> {
    let mut some = some.counts().peekable();
    // A run ends once. Those that have failed count at their failure, so only the others are
    // censored.
    let rest = all.counts().map(|(at, count)| {
        let taken = some.next_if(|it| it.0 == at).map_or(0, |it| it.1);
        (at, count - taken)
    });
    rest.collect()
}

fn points(runs: u64, times: &TimeHistogram, censored: &[(Duration, u64)]) -> Vec<SurvivalPoint> {
    let (mut proportion, mut greenwood) = (1.0, 0.0);
    let (mut failed, mut ended) = (0, 0);
    let mut censored = censored.iter().peekable();
    let step = |(at, count): (Duration, u64)| {
        // By convention a run censored at the time of a failure was still at risk.
        while let Some((_, count)) = censored.next_if(|it| it.0 < at) {
            ended += count;
        }
        // Kaplan and Meier (1958): the factor of each failure time is the fraction of the runs
        // still at risk that do not fail then. Runs that ended earlier say nothing about it.
        let at_risk = runs - failed - ended;
        failed += count;
        let left = at_risk - count;
        proportion *= left as f64 / at_risk as f64;
        // With no run left G is infinite; the interval is that of 0 of the runs not censored.
        let interval = if left == 0 {
            let ConfidenceInterval { high, .. } = wilson_of_proportion(0.0, (runs - ended) as f64);
            ConfidenceInterval { low: 0.0, high }
        } else {
            greenwood += count as f64 / (at_risk as f64 * left as f64);
            // Greenwood: Var = S^2 G. A proportion of n trials has S (1 - S) / n, hence n.
            wilson_of_proportion(proportion, (1.0 - proportion) / (proportion * greenwood))
        };
        SurvivalPoint {
            at,
            proportion,
            interval,
        }
    };
    times.counts().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_result::RunResult;
    use crate::statistics::proportions::wilson;
    use proptest::prelude::*;

    const KIND: &str = "control-block-exhaustion";

    /// Counters of runs given by end and time of failure, in seconds.
    fn counters(runs: &[(u64, Option<u64>)]) -> Counters {
        let mut counters = Counters::default();
        for (seed, (end, event)) in runs.iter().enumerate() {
            let nanos = |seconds: u64| seconds * 1_000_000_000;
            let failures = event.map_or(String::new(), |at| {
                let at = nanos(at);
                format!(r#"{{"signature":"{KIND}: pool","at_ns":{at},"count":1}}"#)
            });
            let text = format!(
                r#"{{"seed":{seed},"scenario":"00","as_expected":true,"unexpected":[],
                "failures":[{failures}],"digest":"","simulated_ns":{},"events":0,"calls":0,
                "stop":"quiet","associations":{{}},"messages":{{}},"logged":{{}},"faults":{{}},
                "offered":{{}},"lost":{{}}}}"#,
                nanos(*end)
            );
            let result: RunResult = serde_json::from_str(&text).expect("a result");
            counters.add(&result, false);
        }
        counters
    }

    /// By hand: of six, one event at 10 s, an end at 15 s, an event at 20 s, two ends at 30 s and
    /// an event at 40 s: 5/6, then 5/6 of 3/4, then nothing.
    #[test]
    fn a_small_case_matches_hand_calculation() {
        let runs = [
            (50, Some(10)),
            (15, None),
            (50, Some(20)),
            (30, None),
            (30, None),
            (50, Some(40)),
        ];
        let survival = Survival::of(&counters(&runs), KIND);
        let proportions: Vec<f64> = survival.points.iter().map(|it| it.proportion).collect();
        let wanted = [5.0 / 6.0, 5.0 / 6.0 * 0.75, 0.0];
        assert!(
            proportions
                .iter()
                .zip(wanted)
                .all(|(one, two)| (one - two).abs() < 1e-12)
        );
        assert_eq!(proportions.len(), 3);
        assert_eq!((survival.runs, survival.failed), (6, 3));
        let median = survival.median().map_or(0, Duration::nanos);
        assert!(median.abs_diff(40_000_000_000) <= 40_000_000_000 / 64);
    }

    proptest! {
        /// Without censoring it is the plain proportion with Wilson's interval.
        #[test]
        fn without_censoring_it_is_the_proportion_that_is_left(
            events in prop::collection::vec(prop::option::of(1_u64..1_000), 1..60)
        ) {
            let runs: Vec<(u64, Option<u64>)> = events.iter().map(|it| (2_000, *it)).collect();
            let survival = Survival::of(&counters(&runs), KIND);
            let total = runs.len() as u64;
            prop_assert!(survival.points.is_sorted_by(|one, next| one.proportion > next.proportion));
            for step in &survival.points {
                let left = (step.proportion * total as f64).round();
                prop_assert!((step.proportion * total as f64 - left).abs() < 1e-9);
                let known = wilson(left as u64, total);
                prop_assert!((step.interval.low - known.low).abs() < 1e-9);
                prop_assert!((step.interval.high - known.high).abs() < 1e-9);
            }
            let last = survival.points.last().map_or(1.0, |it| it.proportion);
            let never = events.iter().filter(|it| it.is_none()).count() as f64;
            prop_assert!((last - never / total as f64).abs() < 1e-9);
        }
    }
}
