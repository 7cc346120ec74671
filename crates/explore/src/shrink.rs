//! A failing run made small.
//!
//! Owns [`shrink`]: a scenario becomes smaller step by step as long as the same signature
//! appears, and chance becomes explicit where it can. It refuses another failure than the one it
//! was given, however small, and more runs than its budget.
//!
//! The result is 1-minimal as far as the budget went: no single part can be left out. It need
//! not be the smallest there is.

mod chance;
mod delta_debugging;
pub(crate) mod edit;
mod order;
pub mod parts;
mod points;
pub mod regression_file;
mod rounding;
pub mod size;

use std::collections::BTreeSet;

use config::plan::{Arrivals, Scenario, SizeRange};
use kernel::{Duration, Instant};
use simulation::{LoweringError, Options, Outcome};

use self::parts::Part;
use self::size::Size;
use crate::repro::capsule::Capsule;
use crate::run_result::failures;
use crate::subject::Subject;

/// Other seeds under which a candidate that leaves something to chance may show the failure.
const OTHER_SEEDS: u64 = 6;
/// They are tried only where a run has at most this many calls: with large runs the own seed's
/// progress is the better bargain.
const CHEAP_CALLS: u64 = 30_000;
/// Rounds over all passes; each ends at once when nothing gets smaller.
const ROUNDS_MAX: u32 = 8;
/// Calls of modeled threads in all runs together, after which the search ends whatever its budget
/// says: half a minute's work of a slow processor.
const CALLS_MAX: u64 = 60_000_000;
const SECOND: u64 = 1_000_000_000;

/// A failure made small.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The scenario; its own seed shows the failure.
    pub scenario: Scenario,
    /// What is demanded of it.
    pub signature: String,
    /// Its size before and after.
    pub sizes: [Size; 2],
    /// Runs made.
    pub runs: u64,
    /// Whether the budget ended the search.
    pub out_of_budget: bool,
    /// Whether the failure came under each of some other seeds too: nothing is left to chance.
    pub any_seed: bool,
    /// The last run.
    pub outcome: Outcome,
}

/// Why nothing was made small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShrinkError {
    /// The scenario cannot be run.
    Lowering(LoweringError),
    /// The capsule's failure does not appear.
    NotFailing(String),
}

/// The search: the smallest failing scenario so far.
struct Search<'a> {
    subject: &'a dyn Subject,
    signature: String,
    best: Scenario,
    seed: u64,
    /// When the failure came in the last run that showed it.
    failed_at: Instant,
    outcome: Outcome,
    /// Where its threads race.
    racing: BTreeSet<points::Site>,
    /// The number of runs at which looking for preemptions ends.
    patience: u64,
    runs: u64,
    /// Calls that modeled threads made in all of them.
    calls: u64,
    budget: u64,
}

/// Makes the failure of a capsule small with at most `budget` runs.
///
/// # Errors
/// If the capsule's run cannot be made or does not show its failure.
pub fn shrink(
    capsule: &Capsule,
    subject: &dyn Subject,
    budget: u64,
    mut watch: impl FnMut(u64, &Scenario),
) -> Result<Shrunk, ShrinkError> {
    let mut search = Search::new(capsule, subject, budget)?;
    let before = Size::of(&search.best, &search.outcome);
    // What chance brought is laid down first: the run stays the same.
    for pass in [
        |search| Search::cut_after_failure(search),
        chance::list_messages,
        chance::list_outages,
        chance::list_losses,
    ] as [Pass; 4]
    {
        pass(&mut search);
    }
    let explicit = order::without_luck(&search.best);
    if !search.attempt(explicit) {
        order::lay_down(&mut search);
    }
    search.run_passes(&mut watch);
    if chance::has_any(&search.best) {
        // Luck in the order of threads is of use as long as there is much to leave out: another
        // seed may show the failure where this one does not.
        let had_luck = search.best.clone();
        chance::take_jitter(&mut search);
        if search.best != had_luck || order::lay_down(&mut search) {
            search.run_passes(&mut watch);
        }
    }
    order::round(&mut search);
    // What the budget does not allow any more is not checked; that is said.
    let any_seed = (1..=5).all(|seed| search.shows(&search.best.clone(), seed).is_some());
    let out_of_budget = search.is_spent();
    let mut scenario = search.best;
    scenario.seed = if any_seed { 1 } else { search.seed };
    let shown = subject
        .run(&scenario, scenario.seed, QUICK)
        .map_err(ShrinkError::Lowering)?;
    let signatures = shown.signatures();
    assert!(
        signatures.contains(&search.signature),
        "a scenario was kept that does not show {}",
        search.signature
    );
    Ok(Shrunk {
        sizes: [before, Size::of(&scenario, &shown)],
        signature: search.signature,
        runs: search.runs,
        out_of_budget,
        any_seed,
        outcome: shown,
        scenario,
    })
}

const QUICK: Options = Options {
    keep_records: false,
};

type Pass = fn(&mut Search<'_>);

/// Cheapest first: what makes runs shorter comes before what needs many.
const PASSES: [Pass; 8] = [
    |search| search.cut_after_failure(),
    |search| search.leave_out_coarse(),
    chance::list_messages,
    chance::list_outages,
    chance::list_losses,
    |search| search.leave_out_listed(),
    |search| search.leave_out_rest(),
    rounding::simplify,
];

impl<'a> Search<'a> {
    fn new(capsule: &Capsule, subject: &'a dyn Subject, budget: u64) -> Result<Self, ShrinkError> {
        let signature = capsule.failure.signature.clone();
        let outcome = subject
            .run(&capsule.scenario, capsule.seed, QUICK)
            .map_err(ShrinkError::Lowering)?;
        let Some(failed_at) = found_at(&outcome, &signature) else {
            return Err(ShrinkError::NotFailing(signature));
        };
        Ok(Self {
            subject,
            signature,
            best: capsule.scenario.clone(),
            seed: capsule.seed,
            failed_at,
            outcome,
            racing: BTreeSet::new(),
            patience: 0,
            runs: 1,
            calls: 0,
            budget,
        })
    }

    /// All passes over and over until nothing gets smaller.
    fn run_passes(&mut self, watch: &mut impl FnMut(u64, &Scenario)) {
        for _ in 0..ROUNDS_MAX {
            let start = self.best.clone();
            for pass in PASSES {
                pass(self);
                watch(self.runs, &self.best);
            }
            if self.best == start || self.is_spent() {
                return;
            }
        }
    }

    fn is_spent(&self) -> bool {
        self.runs >= self.budget || self.calls >= CALLS_MAX
    }

    /// Runs a candidate under one seed; the outcome if it shows the failure.
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

    /// Takes the candidate if it shows the failure, under the seed so far or another one.
    fn attempt(&mut self, candidate: Scenario) -> bool {
        if candidate == self.best || !candidate.check().is_empty() {
            return false;
        }
        let own = self.seed;
        let has_luck = self.outcome.calls <= CHEAP_CALLS && chance::has_any(&candidate);
        let others = (1..=OTHER_SEEDS).filter(|seed| has_luck && *seed != own);
        for seed in [own].into_iter().chain(others) {
            if let Some((at, outcome)) = self.shows(&candidate, seed) {
                (self.best, self.seed) = (candidate, seed);
                (self.failed_at, self.outcome) = (at, outcome);
                return true;
            }
        }
        order::realign(self, &candidate)
    }

    /// Takes a candidate that was seen to show the failure.
    fn accept(&mut self, candidate: Scenario, at: Instant, outcome: Outcome) -> bool {
        self.best = candidate;
        (self.failed_at, self.outcome) = (at, outcome);
        true
    }

    /// The run ends on the first whole second after the failure.
    fn cut_after_failure(&mut self) {
        let seconds = self.failed_at.nanos() / SECOND + 1;
        let duration = Duration::from_secs(seconds);
        if duration < self.best.duration {
            let mut candidate = self.best.clone();
            edit::cut(&mut candidate, duration);
            self.attempt(candidate);
        }
    }

    fn leave_out(&mut self, is_meant: impl Fn(&Part) -> bool) {
        // After each success places may mean something else: start over behind what stays.
        let mut stays = 0;
        loop {
            let parts = parts::parts(&self.best);
            let mut meant = parts.iter().filter(|it| is_meant(it)).skip(stays);
            let Some(part) = meant.next() else { return };
            let candidate = parts::without(&self.best, part);
            if !self.attempt(candidate) {
                stays += 1;
            }
            if self.is_spent() {
                return;
            }
        }
    }

    fn leave_out_coarse(&mut self) {
        self.leave_out(|part| {
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

    /// Long lists, several items at a time.
    fn leave_out_listed(&mut self) {
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

    /// Settings back to their defaults, messages all of one size, and whatever is left, one by
    /// one.
    fn leave_out_rest(&mut self) {
        let names: Vec<String> = self.best.workloads.keys().cloned().collect();
        for name in names {
            let mut candidate = self.best.clone();
            if let Some(workload) = candidate.workloads.get_mut(&name) {
                workload.size = SizeRange::exactly(workload.size.from);
                self.attempt(candidate);
            }
        }
        self.leave_out(|_| true);
    }
}

fn found_at(outcome: &Outcome, signature: &str) -> Option<Instant> {
    let found = failures(outcome);
    let failure = found.iter().find(|it| it.signature == signature)?;
    Some(Instant::from_nanos(failure.at))
}

impl std::fmt::Display for ShrinkError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lowering(error) => write!(formatter, "{error}"),
            Self::NotFailing(signature) => write!(
                formatter,
                "the capsule's run does not show what it was kept for: {signature}"
            ),
        }
    }
}

impl std::error::Error for ShrinkError {}
