//! Seeds swept from a test: what fails, replayed and shrunk.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use config::file::Diagnostics;
use config::plan::Scenario;
use explore::repro::replay::{ReplayOutcome, replay};
use explore::run_result::RunResult;
use explore::shrink::{ShrinkError, Shrunk, shrink};
use explore::sweep::grid::{GridError, GridPoint, points};
use explore::sweep::{StopReason, SweepError, SweepPlan};
use explore::{Capsule, SeedRange, Shard, Subject};
use kernel::Fingerprint;
use simulation::{LoweringError, Options, Outcome};
use thiserror::Error;

use crate::sim::Sim;
use crate::stuck;
use crate::subject::Guests;

/// Runs of a shrink.
const BUDGET: u64 = 5_000;
/// One run in this many is run twice, and the first with a failure of each signature.
const RECHECK: u64 = 16;

/// The seeds of one scenario, as the guests ran them.
pub struct Search {
    subject: Arc<dyn Subject>,
    scenario: Scenario,
    hash: String,
    /// Seeds that were run.
    pub runs: u64,
    /// The results of the failing runs and their capsules, one for each signature, by seed.
    failing: BTreeMap<u64, Vec<Capsule>>,
    /// What was not as the scenario expects, by seed.
    pub unexpected: BTreeMap<u64, Vec<String>>,
    /// How often each named point was reached in all runs.
    pub reached: BTreeMap<String, u64>,
    /// The digest of each run, by seed: equal digests are equal runs, to the last packet.
    pub digests: BTreeMap<u64, Fingerprint>,
}

/// Why seeds cannot be swept.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The scenario is not valid.
    #[error("{}", .0.to_human(false))]
    Scenario(Diagnostics),
    /// A run is refused, or something is wrong with the machine.
    #[error(transparent)]
    Sweep(SweepError),
    /// Two runs of this seed differ.
    #[error("two runs of seed {seed} differ: {divergence}\n{known_leaks}")]
    Nondeterministic {
        /// The seed.
        seed: u64,
        /// Where the runs part.
        divergence: String,
        /// What the program may depend on, with the cures.
        known_leaks: String,
    },
}

/// Collects what a sweep does not keep.
struct Collector {
    inner: Arc<dyn Subject>,
    hash: String,
    collected: Mutex<Collected>,
}

#[derive(Default)]
struct Collected {
    failing: BTreeMap<u64, Vec<Capsule>>,
    unexpected: BTreeMap<u64, Vec<String>>,
    reached: BTreeMap<u64, BTreeMap<String, u64>>,
    digests: BTreeMap<u64, Fingerprint>,
}

/// Runs the guests that `setup` registers under all `seeds` of a scenario file. The first run with a
/// failure of each signature, and one in sixteen of all others, are repeated, to notice what depends
/// on more than the seed.
///
/// # Errors
/// If the scenario is not valid or cannot be run, or if two runs of one seed differ.
pub fn search<F>(scenario: &str, seeds: Range<u64>, setup: F) -> Result<Search, SearchError>
where
    F: Fn(&mut Sim) + Send + Sync + 'static,
{
    search_subject(scenario, seeds, Arc::new(Guests(setup)))
}

/// The same for guests as a [`Subject`]: [`Guests`], or what runs them in another way.
///
/// # Errors
/// As [`search`].
pub fn search_subject(
    scenario: &str,
    seeds: Range<u64>,
    subject: Arc<dyn Subject>,
) -> Result<Search, SearchError> {
    let points = points("scenario", scenario.as_bytes(), &[], &[]);
    let points: Vec<GridPoint> = points.map_err(|error| match error {
        GridError::Invalid(found) => SearchError::Scenario(found),
        GridError::TooLarge(_) | GridError::Same(_) => {
            unreachable!("without axes there is one point")
        }
    })?;
    let point = points[0].clone();
    let collector = Arc::new(Collector {
        inner: Arc::clone(&subject),
        hash: point.hash.clone(),
        collected: Mutex::default(),
    });
    let plan = SweepPlan {
        axes: Vec::new(),
        points: Arc::new(points),
        swarm: None,
        seeds: SeedRange {
            from: seeds.start,
            to: seeds.end,
        },
        shard: Shard::WHOLE,
        jobs: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        stop_after: None,
        keep_going: false,
        recheck: RECHECK,
        out: None,
        // Ctrl-C belongs to the test runner.
        handle_signals: false,
    };
    // A program that loops would otherwise hang the test for ever.
    stuck::end_the_process();
    let swept = explore::sweep(&plan, Arc::clone(&collector) as Arc<dyn Subject>, |_| {});
    let swept = swept.map_err(SearchError::Sweep)?;
    if let (StopReason::Nondeterminism, Some(run)) =
        (swept.stop_reason, swept.nondeterministic.first())
    {
        return Err(SearchError::Nondeterministic {
            seed: run.seed,
            divergence: run.divergence.to_string(),
            known_leaks: subject.known_leaks().unwrap_or_default().to_owned(),
        });
    }
    // By seed, so that neither the order in which workers end nor a repeated run changes what is
    // returned.
    let collected = std::mem::take(&mut *collector.lock());
    let mut reached = BTreeMap::new();
    for (name, count) in collected.reached.into_values().flatten() {
        *reached.entry(name).or_default() += count;
    }
    Ok(Search {
        subject,
        scenario: point.scenario,
        hash: point.hash,
        runs: swept.statistics.total().runs,
        failing: collected.failing,
        unexpected: collected.unexpected,
        reached,
        digests: collected.digests,
    })
}

impl Collector {
    fn lock(&self) -> std::sync::MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subject for Collector {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        let outcome = self.inner.run(scenario, seed, options)?;
        let mut collected = self.lock();
        // A seed that is rechecked comes twice; `insert` keeps it once.
        collected.reached.insert(seed, outcome.reached.clone());
        collected.digests.insert(seed, outcome.digest);
        let result = RunResult::of(&outcome, &self.hash, BTreeMap::new());
        if !result.as_expected {
            let mut unexpected = result.unexpected.clone();
            if let Some(limit) = result.undecided() {
                unexpected.push(format!("undecided: the run was cut off at {limit}"));
            }
            collected.unexpected.insert(seed, unexpected);
        }
        if result.is_failing() {
            let failures = result.failures.iter();
            let capsules = failures
                .map(|it| Capsule::of(&result, it, &outcome.checkpoints, scenario, &[]))
                .collect();
            collected.failing.insert(seed, capsules);
        }
        Ok(outcome)
    }
}

impl Search {
    /// The seeds that fail, in order.
    #[must_use]
    pub fn failing(&self) -> Vec<u64> {
        self.failing.keys().copied().collect()
    }

    /// Each signature, with the number of seeds that show it.
    #[must_use]
    pub fn signatures(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for capsule in self.failing.values().flatten() {
            *counts
                .entry(capsule.failure.signature.as_str())
                .or_default() += 1;
        }
        counts
    }

    /// The first failure of the lowest failing seed, with all that is needed to repeat it.
    #[must_use]
    pub fn first(&self) -> Option<&Capsule> {
        self.failing.values().flatten().next()
    }

    /// The seeds that show this signature, in order.
    #[must_use]
    pub fn showing(&self, signature: &str) -> Vec<u64> {
        let shows = |capsules: &[Capsule]| {
            let mut capsules = capsules.iter();
            capsules.any(|it| it.failure.signature == signature)
        };
        let seeds = self.failing.iter().filter(|(_, it)| shows(it));
        seeds.map(|(seed, _)| *seed).collect()
    }

    /// The failure with this signature of the lowest seed that shows it.
    #[must_use]
    pub fn first_of(&self, signature: &str) -> Option<&Capsule> {
        let mut capsules = self.failing.values().flatten();
        capsules.find(|it| it.failure.signature == signature)
    }

    /// Points that no run reached.
    #[must_use]
    pub fn never_reached(&self) -> Vec<&str> {
        let names = self.reached.iter().filter(|(_, count)| **count == 0);
        names.map(|(name, _)| name.as_str()).collect()
    }

    /// Runs a capsule again. Returns whether it is the same run, to the last packet.
    ///
    /// # Errors
    /// If the scenario of the capsule cannot be run.
    pub fn replays(&self, capsule: &Capsule) -> Result<bool, LoweringError> {
        let replayed = replay(capsule, &*self.subject, false)?;
        Ok(replayed.result == ReplayOutcome::Same)
    }

    /// Reduces a failure to a small scenario that shows it.
    ///
    /// # Errors
    /// If the run does not show the failure.
    pub fn shrink(&self, capsule: &Capsule) -> Result<Shrunk, ShrinkError> {
        shrink(capsule, &*self.subject, BUDGET, |_, _| {})
    }

    /// The guests, for the functions of `explore`.
    #[must_use]
    pub fn subject(&self) -> &dyn Subject {
        &*self.subject
    }

    /// The scenario that was swept.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Search")
            .field("scenario", &self.hash)
            .field("runs", &self.runs)
            .field("failing", &self.failing())
            .field("reached", &self.reached)
            .finish_non_exhaustive()
    }
}
