//! Explains a failure: which parts of the scenario are necessary, and the records that led to it.
//!
//! A part is necessary if the run without it, with everything else unchanged, does not show the
//! failure. That run ends a little later than the failure was found: what follows takes
//! hours of simulated time and decides nothing.

mod causal_trace;
pub mod critical_pair;
pub mod failure_likelihood;
mod headline;
mod interval_events;

use std::fmt::{self, Write};

use config::plan::{ExceptionCode, Limits, Scenario, ViolationKind};
use kernel::{Duration, Instant};
use serde::Serialize;
use simulation::{LoweringError, Options, Outcome};
use thiserror::Error;

use self::critical_pair::{CriticalPair, FailureContext};
use self::failure_likelihood::FailureLikelihood;
use self::headline::FailedRun;
use crate::cut_off;
use crate::run_result::{Failure, failures};
use crate::shrink::{edit, parts};
use crate::subject::Subject;

/// The maximum number of parts tried.
pub const PARTS_MAX: usize = 1_000;

/// The time to the failure is extended by this fraction: in another run the same failure may occur a
/// little later.
const GRACE_DIVISOR: u64 = 16;
/// The minimum extension.
const GRACE_MIN: Duration = Duration::from_secs(1);

const OUTCOME_ONLY: Options = Options {
    keep_records: false,
};

/// Signatures shown of the failures that occur only without a part.
const OTHERS_SHOWN: usize = 2;

/// An explanation of a failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The signature of the failure.
    pub signature: String,
    /// The limit that cut the run off after the failure, if one did.
    pub cut_off: Option<&'static str>,
    /// When it was found, in nanoseconds.
    #[serde(rename = "at_ns")]
    pub at: u64,
    /// The message of the oracle.
    pub detail: String,
    /// The cause in one sentence: which two events came in which order, and what followed.
    pub headline: String,
    /// The seed of the run.
    pub seed: u64,
    /// Each part, and whether it is necessary.
    pub parts: Vec<PartNecessity>,
    /// The records that led to the failure, one sentence each.
    pub causal_trace: Vec<String>,
    /// The two conflicting accesses that decided the failure, if there are any.
    pub critical_pair: Option<CriticalPair>,
    /// Runs used.
    pub runs: u64,
    /// How likely the failure is from each point in time on, if requested.
    pub failure_likelihood: Option<FailureLikelihood>,
}

/// A part of the scenario and the result of the run without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartNecessity {
    /// The part.
    pub part: String,
    /// Whether it is necessary.
    pub necessity: Necessity,
    /// Signatures of failures that occur only without it.
    pub others: Vec<String>,
}

/// Whether a part is necessary for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Necessity {
    /// Without it the failure does not occur, up to a sixteenth later than it was found with it.
    Necessary,
    /// Without it the failure still occurs.
    NotNecessary,
    /// Without it there is no valid scenario.
    Inseparable,
    /// The run without it was cut off before the failure, or the user stopped the explanation.
    Undecided,
}

/// Why a failure cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExplainError {
    /// The scenario cannot be run.
    #[error(transparent)]
    Lowering(#[from] LoweringError),
    /// The run does not show the failure, or any failure.
    #[error("the run shows no failure to explain")]
    NoFailure,
    /// Nor does a run that was cut off: the failure may have followed.
    #[error("undecided: the run shows no failure to explain, and it was {words}")]
    CutOff {
        /// What [`Stop::limit`](simulation::outcome::Stop::limit) says.
        limit: &'static str,
        /// What [`cut_off`] says.
        words: String,
    },
}

/// Explains a failure of a scenario and seed. Without `signature` it explains the first failure
/// that the scenario expects, or else the first. The scenario is run once without each of its parts.
///
/// # Errors
/// If the scenario cannot be run or does not show the failure.
pub fn explain(
    scenario: &Scenario,
    seed: u64,
    signature: Option<&str>,
    subject: &dyn Subject,
) -> Result<Explanation, ExplainError> {
    let (mut explanation, outcome) = of_one_run(scenario, seed, signature, subject)?;
    let at = Instant::from_nanos(explanation.at);
    let short = shortened(scenario, at);
    let mut known = outcome.signatures();
    let mut is_short_known = short.duration == scenario.duration;
    for part in parts::parts(scenario).into_iter().take(PARTS_MAX) {
        let rest = parts::without(scenario, &part);
        let mut entry = PartNecessity {
            part: parts::describe(scenario, &part),
            necessity: Necessity::Inseparable,
            others: Vec::new(),
        };
        if rest.check().is_ok()
            && let Ok(outcome) = subject.run(&shortened(&rest, at), seed, OUTCOME_ONLY)
        {
            explanation.runs += 1;
            let mut signatures = outcome.signatures();
            let still = signatures.contains(&explanation.signature);
            entry.necessity = match (still, outcome.stop.limit()) {
                (true, _) => Necessity::NotNecessary,
                (false, None) => Necessity::Necessary,
                // The failure may have come after the cut.
                (false, Some(_)) => Necessity::Undecided,
            };
            signatures.retain(|it| !known.contains(it));
            // What is missing at the earlier end may be missing there with all parts, too.
            if !signatures.is_empty() && !std::mem::replace(&mut is_short_known, true) {
                known.extend(subject.run(&short, seed, OUTCOME_ONLY)?.signatures());
                explanation.runs += 1;
                signatures.retain(|it| !known.contains(it));
            }
            entry.others = signatures;
        }
        explanation.parts.push(entry);
    }
    Ok(explanation)
}

/// The time until which a failure counts as the one found at `at`.
fn horizon(scenario: &Scenario, at: Instant) -> Instant {
    let grace = Duration::from_nanos(at.nanos() / GRACE_DIVISOR).max(GRACE_MIN);
    let whole = scenario.duration + scenario.healing.unwrap_or_default();
    at.saturating_add(grace)
        .min(Instant::ZERO.saturating_add(whole).max(at))
}

/// The scenario up to the [`horizon`] of a failure found at `at`.
fn shortened(scenario: &Scenario, at: Instant) -> Scenario {
    let mut short = scenario.clone();
    let by = horizon(scenario, at);
    if by < Instant::ZERO.saturating_add(scenario.duration) {
        edit::cut(&mut short, by.since_start());
    }
    short
}

/// As [`explain`], from one run, or two if the first is long: the cause, the records that led to the failure and the two
/// accesses that decided it, without the parts.
///
/// # Errors
/// As [`explain`].
pub fn explain_briefly(
    scenario: &Scenario,
    seed: u64,
    signature: Option<&str>,
    subject: &dyn Subject,
) -> Result<Explanation, ExplainError> {
    of_one_run(scenario, seed, signature, subject).map(|it| it.0)
}

fn of_one_run(
    scenario: &Scenario,
    seed: u64,
    signature: Option<&str>,
    subject: &dyn Subject,
) -> Result<(Explanation, Outcome), ExplainError> {
    let mut logged = scenario.clone();
    // Neither changes a call or a draw: this is the run that failed, with more of it kept.
    logged.limits.access_log = critical_pair::ACCESSES_MAX;
    logged.limits.records = logged.limits.records.max(Limits::default().records);
    let mut outcome = subject.run(&logged, seed, Options { keep_records: true })?;
    let failure = chosen(scenario, &outcome, signature);
    let failure = failure.ok_or_else(|| no_failure(scenario, &outcome))?;
    let at = Instant::from_nanos(failure.at);
    let FailureDetails {
        detail,
        causal_trace,
        host,
        threads,
    } = failure_details(&outcome, &failure.signature);
    let mut runs = 1;
    let by = at.saturating_add(GRACE_MIN).since_start();
    if is_driven_out(&outcome, &host, at) && by < scenario.duration {
        edit::cut(&mut logged, by);
        let short = subject.run(&logged, seed, OUTCOME_ONLY)?;
        runs += 1;
        // A scheduler that spreads its choices over a whole run makes another run.
        if short.signatures().contains(&failure.signature) {
            outcome.access_log = short.access_log;
        }
    }
    let mut violations = outcome.violations.iter();
    let is_race = violations
        .any(|it| it.kind == ViolationKind::DataRace && it.signature() == failure.signature);
    let context = FailureContext {
        host: &host,
        at,
        threads: &threads,
        race: is_race.then_some(failure.signature.as_str()),
    };
    let critical_pair = critical_pair::pair(scenario, &outcome, context);
    let build = subject.build_of(scenario, &host);
    let failed = FailedRun {
        scenario,
        outcome: &outcome,
        host: &host,
        at,
        pair: critical_pair.as_ref(),
        build: build.as_ref(),
    };
    let explanation = Explanation {
        signature: failure.signature.clone(),
        cut_off: outcome.stop.limit(),
        at: failure.at,
        detail,
        headline: headline(failed, &failure.signature),
        seed,
        parts: Vec::new(),
        causal_trace,
        critical_pair,
        runs,
        failure_likelihood: None,
    };
    Ok((explanation, outcome))
}

/// Whether what the host did after a failure has driven out of its log what led to it.
fn is_driven_out(outcome: &Outcome, host: &str, at: Instant) -> bool {
    let own = || outcome.access_log.iter().filter(|it| it.host == host);
    let before = own().filter(|it| it.at <= at).count() as u64;
    own().count() as u64 >= critical_pair::ACCESSES_MAX && before < critical_pair::ACCESSES_MAX / 2
}

/// The cause of the failure with this signature.
fn headline(failed: FailedRun<'_>, signature: &str) -> String {
    let mut violations = failed.outcome.violations.iter();
    if let Some(violation) = violations.find(|it| it.signature() == signature) {
        return headline::of_violation(failed, violation);
    }
    let mut exceptions = failed.outcome.exceptions.iter();
    let exception = exceptions.find(|it| it.signature() == signature);
    headline::of_exception(
        failed,
        exception.expect("the failure is one of this outcome"),
    )
}

/// Why there is nothing to explain.
fn no_failure(scenario: &Scenario, outcome: &Outcome) -> ExplainError {
    match (outcome.stop.limit(), cut_off(scenario, outcome)) {
        (Some(limit), Some(words)) => ExplainError::CutOff { limit, words },
        _ => ExplainError::NoFailure,
    }
}

/// The failure to explain.
fn chosen(scenario: &Scenario, outcome: &Outcome, signature: Option<&str>) -> Option<Failure> {
    let found = failures(outcome);
    if let Some(signature) = signature {
        return found.into_iter().find(|it| it.signature == signature);
    }
    let expect = &scenario.expect;
    let violations = outcome.violations.iter().filter(|violation| {
        let range = expect.violations.get(&violation.kind);
        range.is_some_and(|range| range.min > 0)
    });
    let exceptions = outcome.exceptions.iter().filter(|exception| {
        let own = ExceptionCode::Code(exception.code);
        let ranges = [own, ExceptionCode::Any].map(|code| expect.exceptions.get(&code));
        ranges.into_iter().flatten().any(|range| range.min > 0)
    });
    let expected: Vec<String> = violations
        .map(|it| it.signature())
        .chain(exceptions.map(|it| it.signature()))
        .collect();
    // A scenario of the casebook expects its failure; what else a seed happens to show is not what
    // the reader asks about.
    let first = found
        .iter()
        .find(|it| expected.contains(&it.signature))
        .cloned();
    first.or_else(|| found.into_iter().next())
}

/// What is known about a failure from the records.
struct FailureDetails {
    detail: String,
    causal_trace: Vec<String>,
    host: String,
    /// The threads involved, the most recent first.
    threads: Vec<u16>,
}

fn failure_details(outcome: &Outcome, signature: &str) -> FailureDetails {
    let violations = outcome.violations.iter();
    let mut violations = violations.filter(|it| it.signature() == signature);
    if let Some(violation) = violations.next() {
        return FailureDetails {
            detail: format!("{}: {}", violation.host, violation.detail),
            causal_trace: causal_trace::of_violation(outcome, violation),
            host: violation.host.clone(),
            threads: causal_trace::threads_of_violation(outcome, violation),
        };
    }
    let exceptions = outcome.exceptions.iter();
    let mut exceptions = exceptions.filter(|it| it.signature() == signature);
    let exception = exceptions
        .next()
        .expect("the failure is one of this outcome");
    FailureDetails {
        detail: format!(
            "{}: {:08x} in {} ({:03}): {}",
            exception.host, exception.code, exception.thread, exception.number, exception.cause
        ),
        causal_trace: causal_trace::before(outcome, &exception.host, exception.at),
        host: exception.host.clone(),
        threads: vec![exception.number],
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Instant::from_nanos(self.at);
        writeln!(
            formatter,
            "{}\n  at {at}, seed {}",
            self.signature, self.seed
        )?;
        writeln!(formatter, "  {}", self.headline)?;
        if let Some(limit) = self.cut_off {
            let unknown = "what would have followed is unknown";
            writeln!(
                formatter,
                "  later the run was cut off at {limit}: {unknown}"
            )?;
        }
        writeln!(formatter, "  {}\n\nCausal trace:", self.detail)?;
        for sentence in &self.causal_trace {
            writeln!(formatter, "  {sentence}")?;
        }
        if let Some(critical) = &self.critical_pair {
            write!(formatter, "{critical}")?;
        }
        let necessary = |it: &&PartNecessity| {
            matches!(it.necessity, Necessity::Necessary | Necessity::Inseparable)
        };
        writeln!(
            formatter,
            "\nNecessary: {} of {} parts ({} runs)",
            self.parts.iter().filter(necessary).count(),
            self.parts.len(),
            self.runs
        )?;
        for entry in &self.parts {
            let necessity = match entry.necessity {
                Necessity::Necessary => "necessary    ",
                Necessity::NotNecessary => "not necessary",
                Necessity::Inseparable => "inseparable  ",
                Necessity::Undecided => "undecided    ",
            };
            let mut line = format!("  {necessity}  {}", entry.part);
            if !entry.others.is_empty() {
                let shown: Vec<&str> = entry.others.iter().map(String::as_str).collect();
                let shown = shown[..shown.len().min(OTHERS_SHOWN)].join(", ");
                let more = entry.others.len().saturating_sub(OTHERS_SHOWN);
                write!(line, "; instead: {shown}")?;
                if more > 0 {
                    write!(line, " and {more} more")?;
                }
            }
            writeln!(formatter, "{line}")?;
        }
        match &self.failure_likelihood {
            Some(likelihood) => write!(formatter, "\n{likelihood}"),
            None => Ok(()),
        }
    }
}
