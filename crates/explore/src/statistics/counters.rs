//! Counters over the runs of a sweep. Their memory is bounded, however many runs there are.
//!
//! Results must be added in the order of seeds: which runs keep a capsule depends on it.

use std::collections::BTreeMap;

use kernel::{Duration, Instant, mix};

use serde::Serialize;

use crate::run_result::{Failure, RunResult};
use crate::statistics::proportions::Proportion;
use crate::statistics::time_histogram::TimeHistogram;
use crate::statistics::traffic::ConnectorCounters;

/// The maximum number of signatures counted separately; failures of further ones are counted
/// together.
pub const SIGNATURES_MAX: usize = 1_000;
/// Failing runs per signature that keep a capsule, the first ones. In addition, every run keeps one
/// that fails earlier in virtual time than all runs before it.
pub const CAPSULES_MAX: u64 = 100;
/// Seeds listed of runs that were not as expected.
const UNEXPECTED_SEEDS_MAX: usize = 20;

/// Counters over a number of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Runs.
    pub runs: u64,
    /// Runs that were as their scenario expects.
    pub as_expected: u64,
    /// Runs that a limit cut off before they showed anything unexpected, by the name of the limit.
    pub undecided: BTreeMap<String, u64>,
    /// Runs that a limit cut off without any failure: whether they would have failed is unknown.
    pub unknown: u64,
    /// Runs that a limit cut off, with a failure or without.
    pub cut_off: u64,
    /// Runs with at least one failure, expected or not.
    pub failing: u64,
    /// Runs that were run a second time to compare digests.
    pub rechecked: u64,
    /// Failures by signature.
    pub signatures: BTreeMap<String, SignatureCounters>,
    /// Failures by kind: the kind of violation, or `exception`.
    pub kinds: BTreeMap<String, KindCounters>,
    /// When runs ended.
    pub ends: TimeHistogram,
    /// When failing runs ended.
    pub failing_ends: TimeHistogram,
    /// Failures of signatures beyond [`SIGNATURES_MAX`].
    pub ungrouped: u64,
    /// When failing runs failed first.
    pub first_failures: TimeHistogram,
    /// Messages by connector.
    pub connectors: BTreeMap<String, ConnectorCounters>,
    /// Injected faults by name.
    pub faults: BTreeMap<String, Occurrences>,
    /// Covered pairs of control-block state and event, by name.
    pub covered: BTreeMap<String, Occurrences>,
    /// Named points of guests, by name.
    pub reached: BTreeMap<String, Occurrences>,
    /// Distinct findings after 1, 2, 4, 8... runs.
    pub growth: Vec<Growth>,
    /// Each signature with the number of runs up to the first that showed it.
    pub discoveries: Vec<(u64, String)>,
    /// Seeds of the first runs that were not as expected.
    pub unexpected_seeds: Vec<u64>,
    /// Why runs were not as expected, by what the expectation is about.
    pub reasons: BTreeMap<String, UnexpectedReason>,
}

/// An expectation that runs did not meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnexpectedReason {
    /// Runs that did not meet it.
    pub runs: u64,
    /// The first of them.
    pub seed: u64,
    /// What was found in that run.
    pub found: String,
}

/// Counters of one kind of failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindCounters {
    /// Runs that show it.
    pub runs: u64,
    /// Of these, runs that a limit cut off.
    pub cut_off: u64,
    /// When those runs showed it first.
    pub times: TimeHistogram,
    /// When those runs ended.
    pub ends: TimeHistogram,
}

/// Counters of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureCounters {
    /// Runs that show it.
    pub runs: u64,
    /// Of these, runs that a limit cut off.
    pub cut_off: u64,
    /// When those runs showed it first.
    pub times: TimeHistogram,
    /// The run that shows it earliest in virtual time; the first of equals.
    pub earliest: EarliestFailure,
}

/// The run that shows a failure earliest in virtual time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarliestFailure {
    /// When it fails.
    pub at: Instant,
    /// Its seed.
    pub seed: u64,
    /// Its values of the varied settings.
    pub settings: BTreeMap<String, String>,
    /// The settings that its seed drew in a swarm sweep.
    pub selected: BTreeMap<String, String>,
    /// The first digits of the hash of its scenario.
    pub scenario: String,
}

/// How often something occurred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Runs in which it occurred.
    pub runs: u64,
    /// Occurrences in all runs.
    pub times: u64,
}

/// Distinct findings after a number of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The number of runs.
    pub runs: u64,
    /// Distinct signatures.
    pub signatures: u64,
    /// Distinct pairs of control-block state and event.
    pub pairs: u64,
}

impl Counters {
    /// Whether a result has a failure of a signature that is new. Beyond [`SIGNATURES_MAX`] none is.
    #[must_use]
    pub fn has_new_signature(&self, result: &RunResult) -> bool {
        let is_new = |signature: &String| !self.signatures.contains_key(signature);
        self.signatures.len() < SIGNATURES_MAX
            && result.failures.iter().any(|it| is_new(&it.signature))
    }

    /// Adds one result of a sweep, and whether it was run twice. Returns the indices of the failures
    /// that need a capsule.
    pub fn add(&mut self, result: &RunResult, is_rechecked: bool) -> Vec<usize> {
        self.runs += 1;
        self.unknown += u64::from(!result.is_known());
        self.cut_off += u64::from(result.cut_off.is_some());
        if let Some(limit) = result.undecided() {
            *self.undecided.entry(limit.to_owned()).or_default() += 1;
        } else if result.as_expected {
            self.as_expected += 1;
        } else if self.unexpected_seeds.len() < UNEXPECTED_SEEDS_MAX {
            self.unexpected_seeds.push(result.seed);
        }
        self.add_reasons(result);
        self.rechecked += u64::from(is_rechecked);
        for (name, connector) in &result.connectors {
            self.connectors
                .entry(name.clone())
                .or_default()
                .add(connector, Duration::from_nanos(result.simulated));
        }
        let faults = result.faults.iter();
        faults.for_each(|it| count(&mut self.faults, it));
        let covered = result.covered.iter();
        covered.for_each(|it| count(&mut self.covered, it));
        let reached = result.reached.iter();
        reached.for_each(|it| count(&mut self.reached, it));
        if let Some(at) = result.first_failure() {
            self.failing += 1;
            self.first_failures.add(at);
        }
        // For survival over time: a run that ends without the failure is censored at its end.
        self.ends.add(Instant::from_nanos(result.simulated));
        self.add_kinds(result);
        let indices = 0..result.failures.len();
        let kept = indices
            .filter(|&index| self.add_failure(result, index))
            .collect();
        // A logarithmic scale: a curve of any sweep has a few dozen points.
        if self.runs.is_power_of_two() {
            self.growth.push(self.distinct());
        }
        kept
    }

    /// Runs that a limit cut off before they showed anything unexpected.
    #[must_use]
    pub fn undecided_runs(&self) -> u64 {
        self.undecided.values().sum()
    }

    /// Runs that were not as expected.
    #[must_use]
    pub fn unexpected_runs(&self) -> u64 {
        self.runs - self.as_expected - self.undecided_runs()
    }

    /// Runs with a failure, of all runs.
    #[must_use]
    pub fn failing_runs(&self) -> Proportion {
        Proportion::of(self.failing, self.unknown, self.runs)
    }

    /// Runs with a failure of this kind, of all runs.
    #[must_use]
    pub fn failing_by(&self, kind: &str) -> Proportion {
        let found = self.kinds.get(kind);
        let (runs, cut_off) = found.map_or((0, 0), |it| (it.runs, it.cut_off));
        self.proportion(runs, cut_off)
    }

    /// Of all runs, those that show something, of which a limit cut off some. Whether the others that a
    /// limit cut off would have shown it is unknown.
    pub(crate) fn proportion(&self, runs: u64, cut_off: u64) -> Proportion {
        Proportion::of(runs, self.cut_off - cut_off, self.runs)
    }

    /// Distinct findings so far.
    #[must_use]
    pub fn distinct(&self) -> Growth {
        Growth {
            runs: self.runs,
            signatures: self.signatures.len() as u64,
            pairs: self.covered.len() as u64,
        }
    }

    fn add_reasons(&mut self, result: &RunResult) {
        for text in &result.unexpected {
            let (what, found) = text.split_once(": ").unwrap_or((text, ""));
            // Expectations are few; the limit is for scenarios that nobody has written.
            if self.reasons.len() == SIGNATURES_MAX && !self.reasons.contains_key(what) {
                continue;
            }
            let first = || UnexpectedReason {
                runs: 0,
                seed: result.seed,
                found: found.to_owned(),
            };
            self.reasons
                .entry(what.to_owned())
                .or_insert_with(first)
                .runs += 1;
        }
    }

    fn add_kinds(&mut self, result: &RunResult) {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for failure in &result.failures {
            let at = first.entry(kind(&failure.signature)).or_insert(failure.at);
            *at = failure.at.min(*at);
        }
        let end = Instant::from_nanos(result.simulated);
        for (word, at) in first {
            let kind = self.kinds.entry(word.to_owned()).or_default();
            kind.runs += 1;
            kind.cut_off += u64::from(result.cut_off.is_some());
            kind.times.add(Instant::from_nanos(at));
            kind.ends.add(end);
        }
        if result.is_failing() {
            self.failing_ends.add(end);
        }
    }

    /// Whether a failure of a run to be added, now or after others, may need a capsule.
    pub(crate) fn may_need_capsule(&self, failure: &Failure) -> bool {
        let counters = self.signatures.get(&failure.signature);
        counters.is_none_or(|it| it.runs < CAPSULES_MAX || failure.time() < it.earliest.at)
    }

    /// Counts one failure; returns whether it needs a capsule.
    fn add_failure(&mut self, result: &RunResult, index: usize) -> bool {
        let failure = &result.failures[index];
        let at = Instant::from_nanos(failure.at);
        let is_new = !self.signatures.contains_key(&failure.signature);
        if is_new && self.signatures.len() == SIGNATURES_MAX {
            self.ungrouped += 1;
            return false;
        }
        let here = || EarliestFailure {
            at,
            seed: result.seed,
            settings: result.settings.clone(),
            selected: result.selected.clone(),
            scenario: result.scenario.clone(),
        };
        if is_new {
            self.discoveries
                .push((self.runs, failure.signature.clone()));
        }
        let counters = self
            .signatures
            .entry(failure.signature.clone())
            .or_insert_with(|| SignatureCounters {
                runs: 0,
                cut_off: 0,
                times: TimeHistogram::default(),
                earliest: here(),
            });
        counters.runs += 1;
        counters.cut_off += u64::from(result.cut_off.is_some());
        counters.times.add(at);
        // Strictly earlier: of equal times the smaller seed, which came first, stays.
        let is_earlier = at < counters.earliest.at;
        if is_earlier {
            counters.earliest = here();
        }
        assert!(
            counters.runs <= self.runs,
            "a result has each signature at most once"
        );
        is_earlier || counters.runs <= CAPSULES_MAX
    }
}

/// The kind of failure that a signature begins with: that of a violation, or `exception`.
fn kind(signature: &str) -> &str {
    let word = signature.split([':', ' ']).next();
    word.unwrap_or(signature)
}

/// Adds the occurrences in one run.
fn count(counts: &mut BTreeMap<String, Occurrences>, (name, times): (&String, &u64)) {
    // The names are few and the runs many, so the name is nearly always there: no clone for
    // `entry`.
    if !counts.contains_key(name) {
        counts.insert(name.clone(), Occurrences::default());
    }
    if let Some(occurrences) = counts.get_mut(name) {
        occurrences.runs += u64::from(*times > 0);
        occurrences.times += times;
    }
}

/// Whether a seed is in the sample of one in `recheck` that is run a second time, whatever its run
/// shows; none is if `recheck` is 0. It depends on the seed only, so a resumed or sharded sweep
/// reruns the same runs.
#[must_use]
pub const fn is_sampled(seed: u64, recheck: u64) -> bool {
    const SALT: u64 = 0x5eed;
    recheck > 0 && mix(seed, SALT).is_multiple_of(recheck)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(seed: u64, at: u64) -> RunResult {
        let text = format!(
            r#"{{"seed":{seed},"scenario":"00","as_expected":true,"unexpected":[],
            "failures":[{{"signature":"s","at_ns":{at},"count":1}}],"digest":"","simulated_ns":0,
            "events":0,"calls":0,"stop":"quiet","associations":{{}},"messages":{{}},"logged":{{}},
            "faults":{{"f":2}},"offered":{{}},"lost":{{}}}}"#
        );
        serde_json::from_str(&text).expect("a result")
    }

    #[test]
    fn one_in_n_seeds_is_sampled() {
        let count = (0..64_000).filter(|&seed| is_sampled(seed, 64)).count();
        assert!(count.abs_diff(1_000) < 4 * 32, "{count}");
        assert!((0..100).all(|seed| is_sampled(seed, 1)));
        assert!(!(0..100).any(|seed| is_sampled(seed, 0)));
    }

    #[test]
    fn the_first_runs_and_every_earlier_one_keep_a_capsule() {
        let mut counters = Counters::default();
        for seed in 0..CAPSULES_MAX {
            assert_eq!(counters.add(&result(seed, 1_000), false), [0]);
        }
        assert!(counters.add(&result(500, 1_000), false).is_empty());
        assert_eq!(counters.add(&result(501, 999), false), [0]);
        assert!(counters.add(&result(502, 999), false).is_empty());
        let signature = &counters.signatures["s"];
        assert_eq!(
            (signature.earliest.seed, signature.runs),
            (501, CAPSULES_MAX + 3)
        );
        assert_eq!(counters.faults["f"].times, 2 * counters.runs);
        assert_eq!(counters.discoveries, [(1, "s".to_owned())]);
    }
}
