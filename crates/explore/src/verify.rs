//! Every order of the threads' calls in one small scenario.
//!
//! Owns [`verify`]: a search through all orders within a bound, up to the first that breaks a
//! promise, which is kept as a capsule. What is exhausted, and what is not, stands in
//! `docs/verifying.md`. It refuses other seeds: the luck of the network is the scenario's.

use std::collections::BTreeMap;

use config::plan::{Scenario, Scheduler};
use kernel::Duration;
use simulation::{Bound, Exhaustive, LoweringError, Options, run_explored};

use crate::repro::capsule::Capsule;
use crate::run_result::{RunResult, failures};
use crate::subject::{Shipped, Subject};

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct VerificationResult {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Runs begun.
    pub runs: u64,
    /// Of them, those that were broken off because what followed was known.
    pub redundant: u64,
    /// Calls made in all runs.
    pub calls: u64,
}

/// How a search ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Conclusion {
    /// Every order within the bound keeps every promise.
    Exhausted,
    /// No order so far broke a promise, and no run is left.
    OutOfRuns {
        /// What share of all runs this was, in millionths: an estimate that is rather too high.
        explored: u64,
    },
    /// An order breaks a promise.
    Broken(Box<Capsule>),
    /// An order breaks a promise, and pins do not bring it about again: its signatures.
    NotReproduced(Vec<String>),
}

/// The scenario as it is searched: calls take no time, and nobody is interrupted but where the
/// search says so.
#[must_use]
pub fn stilled(scenario: &Scenario) -> Scenario {
    let mut still = scenario.clone();
    still.scheduler = Scheduler::Cooperative;
    for host in still.hosts.values_mut() {
        host.call_cost = Duration::ZERO;
    }
    still
}

/// Runs `scenario` in every order within `bound`, telling `on_run` how many runs there were.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn verify(
    scenario: &Scenario,
    bound: Bound,
    mut on_run: impl FnMut(u64),
) -> Result<VerificationResult, LoweringError> {
    let still = stilled(scenario);
    let mut search = Exhaustive::new(bound);
    let mut calls = 0;
    let mut broken = None;
    while let Some(explorer) = search.next_run() {
        let (outcome, pins) = run_explored(&still, still.seed, explorer)?;
        calls += outcome.calls;
        on_run(search.runs());
        let signatures = outcome.signatures();
        if !signatures.is_empty() {
            let mut pinned = still.clone();
            pinned.pins.preempt.extend(pins);
            broken = Some(match counterexample(&pinned, &signatures)? {
                Some(capsule) => Conclusion::Broken(Box::new(capsule)),
                None => Conclusion::NotReproduced(signatures),
            });
            break;
        }
    }
    let open = || match search.is_exhausted() {
        true => Conclusion::Exhausted,
        false => Conclusion::OutOfRuns {
            explored: search.fraction_done(),
        },
    };
    Ok(VerificationResult {
        conclusion: broken.unwrap_or_else(open),
        runs: search.runs(),
        redundant: search.redundant(),
        calls,
    })
}

/// The capsule of the first of these failures that the pinned scenario shows by itself.
fn counterexample(
    pinned: &Scenario,
    signatures: &[String],
) -> Result<Option<Capsule>, LoweringError> {
    let options = Options {
        keep_records: false,
    };
    let outcome = Shipped.run(pinned, pinned.seed, options)?;
    let hash: String = blake3::Hash::from(pinned.content_hash()).to_string();
    let row = RunResult::of(&outcome, &hash, BTreeMap::new());
    let failures = failures(&outcome);
    let shown = failures
        .iter()
        .find(|it| signatures.contains(&it.signature));
    Ok(shown.map(|failure| Capsule::of(&row, failure, &outcome.checkpoints, (pinned, &[]))))
}
