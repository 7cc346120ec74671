//! Minimises a failing scenario while it still shows the same signature.
//!
//! Random choices become explicit lists and pins where possible, then parts are removed. The result
//! is 1-minimal within the budget of runs: no single part can be removed. A smaller scenario may
//! exist.

mod delta_debugging;
pub(crate) mod edit;
mod explicit_choices;
pub mod parts;
mod preemption_candidates;
mod preemption_search;
pub mod regression_file;
mod rounding;
pub mod size;

use std::collections::BTreeSet;

use config::plan::{Arrivals, Limits, Scenario, SizeRange};
use kernel::{Duration, Instant};
use simulation::outcome::Stop;
use simulation::{LoweringError, Options, Outcome, interruption};
use thiserror::Error;

use self::parts::Part;
use self::size::Size;
use crate::repro::capsule::Capsule;
use crate::run_result::{Failure, failures};
use crate::subject::Subject;

/// Other seeds tried for a candidate that still has random choices.
const OTHER_SEEDS: u64 = 6;
/// Other seeds are tried only if a run has at most this many calls; longer runs are better spent on
/// the original seed.
const CHEAP_CALLS: u64 = 30_000;
/// The maximum number of rounds over all passes; a round without progress is the last.
const ROUNDS_MAX: u32 = 8;
/// The maximum number of calls of modeled threads over all runs, for any budget: about half a
/// minute on a slow processor.
const CALLS_MAX: u64 = 60_000_000;
const SECOND: u64 = 1_000_000_000;

/// A minimised failure.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The minimised scenario; its own seed shows the failure.
    pub scenario: Scenario,
    /// The signature of the failure.
    pub signature: String,
    /// The sizes before and after.
    pub sizes: [Size; 2],
    /// Runs used.
    pub runs: u64,
    /// Whether the budget stopped the search.
    pub out_of_budget: bool,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Whether five other seeds show the failure too: no random choice matters any more.
    pub any_seed: bool,
    /// The outcome of the minimised scenario.
    pub outcome: Outcome,
}

/// Why a failure cannot be minimised.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShrinkError {
    /// The scenario cannot be run.
    #[error(transparent)]
    Lowering(#[from] LoweringError),
    /// The run does not show the failure of the capsule.
    #[error("the run does not show the failure of the capsule: {0}")]
    NotFailing(String),
    /// The user stopped it before the first run showed the failure.
    #[error("interrupted before the run showed the failure: nothing is known")]
    Interrupted,
    /// The run was cut off at a limit, and the failure is not shown without that limit.
    #[error(
        "the run was cut off at {limit} and does not show {signature} without it: raise the limit and sweep again"
    )]
    CutOff {
        /// The failure.
        signature: String,
        /// The name of the limit.
        limit: &'static str,
    },
}

/// The search: the smallest failing scenario so far.
struct ShrinkSearch<'a> {
    subject: &'a dyn Subject,
    signature: String,
    best: Scenario,
    seed: u64,
    /// When the last failing run failed.
    failed_at: Instant,
    outcome: Outcome,
    /// The racing accesses of the original scenario.
    racing: BTreeSet<preemption_candidates::SourceLine>,
    /// The number of runs at which the current search for preemptions stops.
    preemption_runs_max: u64,
    runs: u64,
    /// Calls of modeled threads in all runs.
    calls: u64,
    budget: u64,
}

/// Minimises the failure of a capsule with at most `budget` runs. It ends early, with the best so
/// far, once [`interruption::request`] is called. `on_progress` is called with the
/// number of runs and the best scenario so far.
///
/// # Errors
/// If the capsule cannot be run or does not show its failure.
pub fn shrink(
    capsule: &Capsule,
    subject: &dyn Subject,
    budget: u64,
    mut on_progress: impl FnMut(u64, &Scenario),
) -> Result<Shrunk, ShrinkError> {
    let mut search = ShrinkSearch::new(capsule, subject, budget)?;
    let before = Size::of(&search.best, &search.outcome);
    // Listing random choices comes first: it leaves the run as it is.
    for pass in [
        |search| ShrinkSearch::cut_after_failure(search),
        explicit_choices::set_ticks,
        explicit_choices::list_messages,
        explicit_choices::list_outages,
        explicit_choices::list_losses,
    ] as [Pass; 5]
    {
        pass(&mut search);
    }
    // Without random costs one seed shows everything that the scenario can do. If the failure needs
    // a certain order of threads, it is lost here and must be pinned.
    let explicit = preemption_search::without_randomness(&search.best);
    if !search.attempt(explicit) {
        preemption_search::pin_preemptions(&mut search);
    }
    search.run_passes(&mut on_progress);
    if explicit_choices::has_any(&search.best) {
        // Random call costs are removed only now: while there was much to remove, another seed
        // could show the failure where this one did not.
        let with_jitter = search.best.clone();
        explicit_choices::remove_jitter(&mut search);
        if search.best != with_jitter || preemption_search::pin_preemptions(&mut search) {
            search.run_passes(&mut on_progress);
        }
    }
    // Last: every part that is removed moves the preemptions.
    preemption_search::round(&mut search);
    // Once the budget is spent `shows` returns `None`, and `any_seed` is false.
    // With five seeds in a row a failure of probability 1/2 would pass in one of 32 cases.
    let mut first = None;
    let any_seed = (1..=5).all(|seed| {
        let shown = search.shows(&search.best.clone(), seed);
        let is_shown = shown.is_some();
        first = first.take().or(shown);
        is_shown
    });
    let out_of_budget = search.is_out_of_budget();
    let mut scenario = search.best;
    scenario.seed = search.seed;
    let mut shown = search.outcome;
    if let Some((_, outcome)) = first.filter(|_| any_seed) {
        (scenario.seed, shown) = (1, outcome);
    }
    let signatures = shown.signatures();
    assert!(
        signatures.contains(&search.signature),
        "the minimised scenario does not show {}",
        search.signature
    );
    Ok(Shrunk {
        sizes: [before, Size::of(&scenario, &shown)],
        signature: search.signature,
        runs: search.runs,
        out_of_budget,
        interrupted: interruption::is_requested(),
        any_seed,
        outcome: shown,
        scenario,
    })
}

const QUICK: Options = Options {
    keep_records: false,
};

type Pass = fn(&mut ShrinkSearch<'_>);

/// Passes that shorten runs come before passes that need many runs.
const PASSES: [Pass; 8] = [
    |search| search.cut_after_failure(),
    |search| search.remove_coarse(),
    explicit_choices::list_messages,
    explicit_choices::list_outages,
    explicit_choices::list_losses,
    |search| search.shorten_lists(),
    |search| search.remove_rest(),
    rounding::simplify,
];

impl<'a> ShrinkSearch<'a> {
    fn new(capsule: &Capsule, subject: &'a dyn Subject, budget: u64) -> Result<Self, ShrinkError> {
        let signature = capsule.failure.signature.clone();
        let mut best = capsule.scenario.clone();
        let mut outcome = subject.run(&best, capsule.seed, QUICK)?;
        if outcome.stop == Stop::Interrupted {
            return Err(ShrinkError::Interrupted);
        }
        let is_shown = |it: &Failure| it.signature == signature;
        let Some(shown) = failures(&outcome).into_iter().find(is_shown) else {
            return Err(ShrinkError::NotFailing(signature));
        };
        if let Some(limit) = outcome.stop.limit() {
            // The part of the run before the limit is kept, and nothing is cut off any more.
            best = within_limits(&best, shown.time());
            outcome = subject.run(&best, capsule.seed, QUICK)?;
            if outcome.stop == Stop::Interrupted {
                return Err(ShrinkError::Interrupted);
            }
            if found_at(&outcome, &signature).is_none() {
                return Err(ShrinkError::CutOff { signature, limit });
            }
        }
        let failed_at = found_at(&outcome, &signature).unwrap_or_else(|| shown.time());
        Ok(Self {
            subject,
            signature,
            best,
            seed: capsule.seed,
            failed_at,
            outcome,
            racing: BTreeSet::new(),
            preemption_runs_max: 0,
            runs: 1,
            calls: 0,
            budget,
        })
    }

    /// Repeats all passes until a round makes no progress.
    fn run_passes(&mut self, on_progress: &mut impl FnMut(u64, &Scenario)) {
        for _ in 0..ROUNDS_MAX {
            let start = self.best.clone();
            for pass in PASSES {
                pass(self);
                on_progress(self.runs, &self.best);
            }
            // A removal can make an earlier pass succeed, so the passes are repeated to a fixed
            // point, as in hierarchical delta debugging (Misherghi, Su, ICSE 2006).
            if self.best == start || self.is_spent() {
                return;
            }
        }
    }

    fn is_spent(&self) -> bool {
        self.is_out_of_budget() || interruption::is_requested()
    }

    fn is_out_of_budget(&self) -> bool {
        self.runs >= self.budget || self.calls >= CALLS_MAX
    }

    /// Runs a candidate with one seed; returns the outcome if it shows the failure.
    fn shows(&mut self, candidate: &Scenario, seed: u64) -> Option<(Instant, Outcome)> {
        if self.is_spent() {
            return None;
        }
        self.runs += 1;
        let outcome = self.subject.run(candidate, seed, QUICK).ok()?;
        self.calls += outcome.calls;
        let at = found_at(&outcome, &self.signature)?;
        Some((at, outcome))
    }

    /// Accepts a candidate if it shows the failure with the current seed or another one.
    fn attempt(&mut self, candidate: Scenario) -> bool {
        if candidate == self.best || candidate.check().is_err() {
            return false;
        }
        let own = self.seed;
        let is_random = self.outcome.calls <= CHEAP_CALLS && explicit_choices::has_any(&candidate);
        // A removal shifts random draws, so the failure may be gone with this seed and not in
        // general. Other seeds are tried where runs are cheap.
        let others = (1..=OTHER_SEEDS).filter(|seed| is_random && *seed != own);
        for seed in [own].into_iter().chain(others) {
            if let Some((at, outcome)) = self.shows(&candidate, seed) {
                (self.best, self.seed) = (candidate, seed);
                (self.failed_at, self.outcome) = (at, outcome);
                return true;
            }
        }
        // The removed part may have shifted the operations that preemptions are counted by.
        preemption_search::realign(self, &candidate)
    }

    /// Accepts a candidate that showed the failure.
    fn accept(&mut self, candidate: Scenario, at: Instant, outcome: Outcome) -> bool {
        self.best = candidate;
        (self.failed_at, self.outcome) = (at, outcome);
        true
    }

    /// Ends the scenario at the first whole second after the failure.
    fn cut_after_failure(&mut self) {
        // Whole seconds: a run that ends at the very instant of the failure would lose it if
        // anything moved.
        let seconds = self.failed_at.nanos() / SECOND + 1;
        let duration = Duration::from_secs(seconds);
        if duration < self.best.duration {
            let mut candidate = self.best.clone();
            edit::cut(&mut candidate, duration);
            self.attempt(candidate);
        }
    }

    /// Removes the selected parts one by one.
    fn remove(&mut self, is_selected: impl Fn(&Part) -> bool) {
        // A removal shifts indices, so list the parts again and skip those known to be needed.
        // One by one instead of by halves: parts depend on each other, so most subsets are invalid.
        let mut needed = 0;
        loop {
            let parts = parts::parts(&self.best);
            let mut selected = parts.iter().filter(|it| is_selected(it)).skip(needed);
            let Some(part) = selected.next() else { return };
            let candidate = parts::without(&self.best, part);
            if !self.attempt(candidate) {
                needed += 1;
            }
            if self.is_spent() {
                return;
            }
        }
    }

    /// Removes whole tables and random loss.
    fn remove_coarse(&mut self) {
        self.remove(|part| {
            matches!(
                part,
                Part::Fault(_)
                    | Part::Host(_)
                    | Part::Connector(_)
                    | Part::Link(_)
                    | Part::Workload(_)
                    | Part::Loss(_)
            )
        });
    }

    /// Shortens lists by delta debugging.
    fn shorten_lists(&mut self) {
        let names: Vec<String> = self.best.workloads.keys().cloned().collect();
        for name in names {
            let Some(Arrivals::At(times)) = self.best.workloads.get(&name).map(|it| &it.arrivals)
            else {
                continue;
            };
            let times = times.clone();
            delta_debugging::minimise(times, |kept| {
                let mut candidate = self.best.clone();
                let Some(workload) = candidate.workloads.get_mut(&name) else {
                    return false;
                };
                workload.arrivals = Arrivals::At(kept.to_vec());
                // A workload without messages does nothing, and would be tried again as a part.
                if kept.is_empty() {
                    candidate.workloads.remove(&name);
                }
                self.attempt(candidate)
            });
        }
        delta_debugging::minimise(self.best.pins.outages.clone(), |kept| {
            let mut candidate = self.best.clone();
            candidate.pins.outages = kept.to_vec();
            self.attempt(candidate)
        });
        delta_debugging::minimise(self.best.pins.drop.clone(), |kept| {
            let mut candidate = self.best.clone();
            candidate.pins.drop = kept.to_vec();
            self.attempt(candidate)
        });
        delta_debugging::minimise(self.best.pins.preempt.clone(), |kept| {
            let mut candidate = self.best.clone();
            candidate.pins.preempt = kept.to_vec();
            self.attempt(candidate)
        });
    }

    /// Gives all messages of a workload one size, then removes every remaining part.
    fn remove_rest(&mut self) {
        let names: Vec<String> = self.best.workloads.keys().cloned().collect();
        for name in names {
            let mut candidate = self.best.clone();
            if let Some(workload) = candidate.workloads.get_mut(&name) {
                workload.size = SizeRange::exactly(workload.size.from);
                self.attempt(candidate);
            }
        }
        self.remove(|_| true);
    }
}

/// The scenario cut just after a failure at `failed_at`, with the default limits in place of its own.
fn within_limits(scenario: &Scenario, failed_at: Instant) -> Scenario {
    let mut lifted = scenario.clone();
    let seconds = failed_at.nanos() / SECOND + 1;
    edit::cut(
        &mut lifted,
        Duration::from_secs(seconds).min(scenario.duration),
    );
    let defaults = Limits::default();
    lifted.limits.events = defaults.events;
    lifted.limits.messages = defaults.messages;
    lifted.limits.calls = defaults.calls;
    lifted.limits.memory = defaults.memory;
    lifted.limits.violations = defaults.violations;
    lifted
}

/// When a run first shows a signature. A run that a limit cut off is no evidence.
fn found_at(outcome: &Outcome, signature: &str) -> Option<Instant> {
    if outcome.stop.limit().is_some() {
        return None;
    }
    let found = failures(outcome);
    let failure = found.iter().find(|it| it.signature == signature)?;
    Some(Instant::from_nanos(failure.at))
}
