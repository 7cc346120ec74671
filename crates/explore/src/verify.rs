//! Exhaustive search through all orders of calls of a small scenario, within a bound on
//! preemptions.
//!
//! The search stops at the first violation, which becomes a capsule. `docs/verifying.md` says what
//! is exhausted. The scenario's seed fixes all other random choices.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use config::plan::{Keyword, Scenario, Scheduler};
use kernel::Duration;
pub use simulation::Bound;
use simulation::outcome::Stop;
use simulation::{Exhaustive, LoweringError, Options, SEARCHED_THREADS_MAX as THREADS_MAX};

use crate::repro::capsule::{Capsule, scenario_hash};
use crate::run_result::{RunResult, failures};
use crate::subject::Subject;

/// The result of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct VerificationResult {
    /// How the search ended.
    pub conclusion: Conclusion,
    /// Runs started.
    pub runs: u64,
    /// Of these, runs pruned because the rest of the run was already covered.
    pub redundant: u64,
    /// Calls of modeled threads in all runs.
    pub calls: u64,
}

/// How a search ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Conclusion {
    /// No order within the bound violates a property, as far as the search covers orders: states are compared
    /// by a hash of 64 bits, without the race detector's state.
    Exhausted,
    /// No violation so far, and the limit on runs is reached.
    OutOfRuns {
        /// The estimated fraction of all runs that was explored, in millionths; it tends to be too
        /// high.
        explored: u64,
    },
    /// No violation so far, but a limit of the scenario cut executions off: what follows in them is
    /// not covered.
    CutOff {
        /// The limits, with the number of executions that each cut off.
        limits: BTreeMap<&'static str, u64>,
        /// Whether the search ended apart from that.
        is_exhausted: bool,
    },
    /// No violation so far, and the search was stopped from outside.
    Interrupted,
    /// An order violates a property.
    Broken(Box<Capsule>),
    /// An order violates a property, but pinned preemptions do not reproduce it; its signatures.
    NotReproduced(Vec<String>),
}

/// The scenario as it is searched: calls take no time, and a thread is preempted only where the
/// search decides so.
#[must_use]
pub fn untimed(scenario: &Scenario) -> Scenario {
    let mut untimed = scenario.clone();
    untimed.scheduler = Scheduler::Cooperative;
    for host in untimed.hosts.values_mut() {
        // With costs, the order of calls would follow from time, and orders that a real machine
        // could make would be left out.
        host.call_cost = Duration::ZERO;
    }
    untimed
}

/// How messages name the limit of [`CALLS_MAX`].
const OWN_LIMIT: &str = "65535 calls of an execution, which is all that a search follows";
/// Calls of one execution that a search follows: it numbers the calls of a thread with 16 bits.
const CALLS_MAX: u64 = 65_535;

/// Checks that a search can follow all threads of each host.
///
/// # Errors
/// If a host has more threads than a search follows.
fn check_threads(scenario: &Scenario) -> Result<(), LoweringError> {
    /// Threads besides the drivers, as `mta::start` spawns them: manager, timer, down and up.
    const OTHERS: usize = 4;
    for (name, host) in &scenario.hosts {
        let build = host.build().and_then(|build| mta::named(build.as_str()));
        let each = match build.map(|build| build.generation()) {
            Some(mta::Generation::Pairs) => 2,
            Some(mta::Generation::Single) => 1,
            None => continue,
        };
        let threads = OTHERS + each * host.driver_threads as usize;
        if threads > THREADS_MAX {
            return Err(LoweringError::Rejected(format!(
                "a search follows at most {THREADS_MAX} threads of a host, and `{name}` has {threads}: set \
                 host.{name}.driver_threads to {} or less",
                (THREADS_MAX - OTHERS) / each
            )));
        }
    }
    Ok(())
}

/// Runs `scenario` in every order within `bound`. `on_run` is called with the number of runs, and ends
/// the search with [`ControlFlow::Break`].
///
/// # Errors
/// If a link cannot be calibrated as the scenario says, or `subject` cannot be searched.
pub fn verify(
    scenario: &Scenario,
    bound: Bound,
    subject: &dyn Subject,
    mut on_run: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<VerificationResult, LoweringError> {
    check_threads(scenario)?;
    let mut untimed = untimed(scenario);
    let is_own_limit = untimed.limits.calls > CALLS_MAX;
    untimed.limits.calls = untimed.limits.calls.min(CALLS_MAX);
    let mut search = Exhaustive::new(bound);
    let mut calls = 0;
    let mut broken = None;
    let mut limits = BTreeMap::new();
    while let Some(explorer) = search.next_run() {
        let (outcome, pins) = subject.explored(&untimed, untimed.seed, explorer)?;
        calls += outcome.calls;
        // Looked at after the run: a violation that this very run shows is worth more than the
        // interruption.
        let is_stopped = on_run(search.runs()).is_break();
        if let Some(limit) = outcome.stop.limit() {
            let is_own = is_own_limit && outcome.stop == Stop::Calls;
            let limit = if is_own { OWN_LIMIT } else { limit };
            *limits.entry(limit).or_default() += 1;
        }
        let signatures = outcome.signatures();
        if !signatures.is_empty() {
            let mut pinned = untimed.clone();
            // The counterexample is run without the search, which alone needed the lower limit.
            pinned.limits.calls = scenario.limits.calls;
            pinned.pins.preempt.extend(pins);
            // The order that the search found is now given by pins. If the run with these pins does not fail, the
            // pins do not say all that the search did, and the user is told so instead of getting a
            // capsule that passes.
            broken = Some(match counterexample(&pinned, &signatures, subject)? {
                Some(capsule) => Conclusion::Broken(Box::new(capsule)),
                None => Conclusion::NotReproduced(signatures),
            });
            break;
        }
        if is_stopped {
            broken = Some(Conclusion::Interrupted);
            break;
        }
    }
    let unviolated = || match search.is_exhausted() {
        // An execution that was cut off may hide the violation behind the cut, so nothing is
        // exhausted.
        is_exhausted if !limits.is_empty() => Conclusion::CutOff {
            limits,
            is_exhausted,
        },
        true => Conclusion::Exhausted,
        false => Conclusion::OutOfRuns {
            explored: search.fraction_done(),
        },
    };
    Ok(VerificationResult {
        conclusion: broken.unwrap_or_else(unviolated),
        runs: search.runs(),
        redundant: search.redundant(),
        calls,
    })
}

/// The capsule of the first of these failures that the pinned scenario reproduces.
fn counterexample(
    pinned: &Scenario,
    signatures: &[String],
    subject: &dyn Subject,
) -> Result<Option<Capsule>, LoweringError> {
    let options = Options {
        keep_records: false,
    };
    let outcome = subject.run(pinned, pinned.seed, options)?;
    let result = RunResult::of(&outcome, &scenario_hash(pinned), BTreeMap::new());
    let failures = failures(&outcome);
    let reproduced = failures
        .iter()
        .find(|it| signatures.contains(&it.signature));
    Ok(reproduced.map(|failure| {
        let checkpoints = &outcome.checkpoints;
        Capsule::of(&result, failure, checkpoints, pinned, &[])
    }))
}
