//! Counters of a sweep.
//!
//! Owns [`Counters`]: what rows add up to, in memory of bounded size however many there are. It
//! refuses rows that come out of order: which capsules are kept depends on it.

use std::collections::BTreeMap;

use kernel::{Instant, mix};

use serde::Serialize;

use crate::run_result::RunResult;
use crate::statistics::time_histogram::TimeHistogram;

/// Signatures told apart; more are counted together.
pub const SIGNATURES_MAX: usize = 1_000;
/// Failing runs of each signature of which a capsule is kept, from the first on. Besides them
/// every one that failed sooner than all before it has one.
pub const CAPSULES_MAX: u64 = 100;

/// What runs add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Runs.
    pub runs: u64,
    /// Runs that were as their scenario expects.
    pub as_expected: u64,
    /// Runs in which anything went wrong, expected or not.
    pub failing: u64,
    /// Runs made twice to see whether they are the same.
    pub rechecked: u64,
    /// What went wrong, by signature.
    pub signatures: BTreeMap<String, SignatureCounters>,
    /// What went wrong, by kind: the word before the place in a signature, or `exception`.
    pub kinds: BTreeMap<String, KindCounters>,
    /// When runs ended.
    pub ends: TimeHistogram,
    /// When those of them ended in which anything went wrong.
    pub failing_ends: TimeHistogram,
    /// Failures whose signature is beyond [`SIGNATURES_MAX`].
    pub ungrouped: u64,
    /// When the first thing went wrong.
    pub first_failures: TimeHistogram,
    /// Faults of the scenario by name.
    pub faults: BTreeMap<String, Occurrences>,
    /// Pairs of a control block's state and what happened to it, by name.
    pub covered: BTreeMap<String, Occurrences>,
    /// What had been seen after 1, 2, 4, 8... runs.
    pub growth: Vec<Growth>,
    /// Each signature with the number of runs until it was first seen.
    pub discoveries: Vec<(u64, String)>,
    /// Seeds of the first runs that were not as expected.
    pub unexpected_seeds: Vec<u64>,
}

/// Failures of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindCounters {
    /// Runs that show it.
    pub runs: u64,
    /// When it was found first.
    pub times: TimeHistogram,
    /// When those runs ended.
    pub ends: TimeHistogram,
}

/// Failures of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureCounters {
    /// Runs that show it.
    pub runs: u64,
    /// When it was found first.
    pub times: TimeHistogram,
    /// Where it was found soonest in virtual time; the first run of equals.
    pub earliest: EarliestFailure,
}

/// The run in which something was found soonest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarliestFailure {
    /// When.
    pub at: Instant,
    /// Under which seed.
    pub seed: u64,
    /// With which of the varied settings.
    pub settings: BTreeMap<String, String>,
    /// With what the seed has selected of a swarm.
    pub selected: BTreeMap<String, String>,
    /// Which scenario, by its hash.
    pub scenario: String,
}

/// How often a fault struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Runs in which it did.
    pub runs: u64,
    /// TimeHistogram altogether.
    pub times: u64,
}

/// What had been seen after some runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The runs.
    pub runs: u64,
    /// Different signatures.
    pub signatures: u64,
    /// Different pairs of state and event.
    pub pairs: u64,
}

/// Seeds listed of runs that are not as expected.
const UNEXPECTED_SEEDS_MAX: usize = 20;

impl Counters {
    /// Takes in one row, with one in `recheck` runs made twice (0 for none). Says of which of
    /// its failures, by place, a capsule is to be kept.
    pub fn add(&mut self, row: &RunResult, recheck: u64) -> Vec<usize> {
        self.runs += 1;
        if row.as_expected {
            self.as_expected += 1;
        } else if self.unexpected_seeds.len() < UNEXPECTED_SEEDS_MAX {
            self.unexpected_seeds.push(row.seed);
        }
        self.rechecked += u64::from(is_rechecked(row.seed, row.is_failing(), recheck));
        row.faults.iter().for_each(|it| count(&mut self.faults, it));
        row.covered
            .iter()
            .for_each(|it| count(&mut self.covered, it));
        if let Some(at) = row.first_failure() {
            self.failing += 1;
            self.first_failures.add(at);
        }
        self.ends.add(Instant::from_nanos(row.simulated));
        self.add_kinds(row);
        let places = 0..row.failures.len();
        let kept = places
            .filter(|&place| self.add_failure(row, place))
            .collect();
        if self.runs.is_power_of_two() {
            self.growth.push(self.seen());
        }
        kept
    }

    /// How many different things have been seen so far.
    #[must_use]
    pub fn seen(&self) -> Growth {
        Growth {
            runs: self.runs,
            signatures: self.signatures.len() as u64,
            pairs: self.covered.len() as u64,
        }
    }

    fn add_kinds(&mut self, row: &RunResult) {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for failure in &row.failures {
            let at = first.entry(kind(&failure.signature)).or_insert(failure.at);
            *at = failure.at.min(*at);
        }
        let end = Instant::from_nanos(row.simulated);
        for (word, at) in first {
            let kind = self.kinds.entry(word.to_owned()).or_default();
            kind.runs += 1;
            kind.times.add(Instant::from_nanos(at));
            kind.ends.add(end);
        }
        if row.is_failing() {
            self.failing_ends.add(end);
        }
    }

    fn add_failure(&mut self, row: &RunResult, place: usize) -> bool {
        let failure = &row.failures[place];
        let at = Instant::from_nanos(failure.at);
        let is_new = !self.signatures.contains_key(&failure.signature);
        if is_new && self.signatures.len() == SIGNATURES_MAX {
            self.ungrouped += 1;
            return false;
        }
        let here = || EarliestFailure {
            at,
            seed: row.seed,
            settings: row.settings.clone(),
            selected: row.selected.clone(),
            scenario: row.scenario.clone(),
        };
        if is_new {
            self.discoveries
                .push((self.runs, failure.signature.clone()));
        }
        let group = self
            .signatures
            .entry(failure.signature.clone())
            .or_insert_with(|| SignatureCounters {
                runs: 0,
                times: TimeHistogram::default(),
                earliest: here(),
            });
        group.runs += 1;
        group.times.add(at);
        let sooner = at < group.earliest.at;
        if sooner {
            group.earliest = here();
        }
        assert!(group.runs <= self.runs, "a run shows a signature once");
        sooner || group.runs <= CAPSULES_MAX
    }
}

/// The word of a violation's kind, `exception` for those that end a process.
fn kind(signature: &str) -> &str {
    let word = signature.split([':', ' ']).next();
    word.unwrap_or(signature)
}

/// Adds what one run did of something.
fn count(counts: &mut BTreeMap<String, Occurrences>, (name, times): (&String, &u64)) {
    // Names are few and runs many: nearly always it is there.
    if !counts.contains_key(name) {
        counts.insert(name.clone(), Occurrences::default());
    }
    if let Some(fired) = counts.get_mut(name) {
        fired.runs += u64::from(*times > 0);
        fired.times += times;
    }
}

/// Whether a run is made twice: every failing one, and one in `recheck` of the others by its
/// seed; none if `recheck` is 0.
#[must_use]
pub const fn is_rechecked(seed: u64, is_failing: bool, recheck: u64) -> bool {
    const SALT: u64 = 0x5eed;
    recheck > 0 && (is_failing || mix(seed, SALT).is_multiple_of(recheck))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seed: u64, at: u64) -> RunResult {
        let text = format!(
            r#"{{"seed":{seed},"scenario":"00","as_expected":true,"unexpected":[],
            "failures":[{{"signature":"s","at":{at},"count":1}}],"digest":"","simulated":0,
            "events":0,"calls":0,"stop":"quiet","associations":{{}},"messages":{{}},"logged":{{}},
            "faults":{{"f":2}},"offered":{{}},"lost":{{}}}}"#
        );
        serde_json::from_str(&text).expect("a row")
    }

    #[test]
    fn one_in_so_many_of_those_that_do_not_fail_is_made_twice_and_all_that_do() {
        let count = (0..64_000)
            .filter(|&seed| is_rechecked(seed, false, 64))
            .count();
        assert!(count.abs_diff(1_000) < 4 * 32, "{count}");
        assert!((0..100).all(|seed| is_rechecked(seed, true, 64)));
        assert!((0..100).all(|seed| is_rechecked(seed, false, 1)));
        assert!(!(0..100).any(|seed| is_rechecked(seed, true, 0)));
    }

    #[test]
    fn capsules_are_kept_of_the_first_runs_and_of_every_sooner_one() {
        let mut counters = Counters::default();
        for seed in 0..CAPSULES_MAX {
            assert_eq!(counters.add(&row(seed, 1_000), 0), [0]);
        }
        assert!(counters.add(&row(500, 1_000), 0).is_empty());
        assert_eq!(counters.add(&row(501, 999), 0), [0]);
        assert!(counters.add(&row(502, 999), 0).is_empty());
        let group = &counters.signatures["s"];
        assert_eq!((group.earliest.seed, group.runs), (501, CAPSULES_MAX + 3));
        assert_eq!(counters.faults["f"].times, 2 * counters.runs);
        assert_eq!(counters.discoveries, [(1, "s".to_owned())]);
    }
}
