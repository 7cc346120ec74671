//! Why a failure happens.
//!
//! Owns [`explain`]: for every part of a scenario a run without it, and the chain of records
//! that led to the failure. What it calls necessary was checked by a run; it is necessary
//! relative to everything else that stays. It refuses opinion.

mod causal_trace;
pub mod critical_pair;
pub mod failure_likelihood;
mod interval_events;

use std::fmt::{self, Write};

use config::plan::{ExceptionCode, Scenario};
use kernel::Instant;
use serde::Serialize;
use simulation::{LoweringError, Options, Outcome};

use self::critical_pair::{CriticalPair, FailureContext};
use self::failure_likelihood::FailureLikelihood;
use crate::run_result::{Failure, failures};
use crate::shrink::parts;
use crate::subject::Subject;

/// Parts looked at.
pub const ELEMENTS_MAX: usize = 1_000;

/// Signatures shown of what goes wrong only without a part.
const OTHERS_SHOWN: usize = 2;

/// An explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The version of this format.
    pub schema_version: u32,
    /// What is explained.
    pub signature: String,
    /// When it was found, in nanoseconds.
    pub at: u64,
    /// What the oracle found, in its own words.
    pub detail: String,
    /// The run's seed.
    pub seed: u64,
    /// What happens without each part.
    pub parts: Vec<PartNecessity>,
    /// What led to it, a sentence each.
    pub causal_trace: Vec<String>,
    /// The two accesses that it hangs on, where threads met.
    pub critical_pair: Option<CriticalPair>,
    /// Runs made.
    pub runs: u64,
    /// When it became likely, if that was asked for.
    pub failure_likelihood: Option<FailureLikelihood>,
}

/// A part of the scenario, and the run without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartNecessity {
    /// The part.
    pub part: String,
    /// What became of the failure.
    pub necessity: Necessity,
    /// What goes wrong only without it, by signature.
    pub others: Vec<String>,
}

/// What became of the failure without a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Necessity {
    /// It does not happen.
    Necessary,
    /// It happens all the same.
    NotNecessary,
    /// There is no scenario without this part.
    Inseparable,
}

/// Why there is no explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainError {
    /// The scenario cannot be run.
    Lowering(LoweringError),
    /// Nothing that is to be explained goes wrong.
    NothingWrong,
}

/// Explains why a scenario fails under a seed with this signature, or, if none is given, with
/// the one that its expectations demand, or else the first.
///
/// # Errors
/// If it cannot be run or does not fail so.
pub fn explain(
    scenario: &Scenario,
    seed: u64,
    signature: Option<&str>,
    subject: &dyn Subject,
) -> Result<Explanation, ExplainError> {
    let run =
        |scenario: &Scenario, keep_records| subject.run(scenario, seed, Options { keep_records });
    let mut watched = scenario.clone();
    watched.limits.access_log = critical_pair::FOOTPRINTS;
    let outcome = run(&watched, true).map_err(ExplainError::Lowering)?;
    let failure = chosen(scenario, &outcome, signature).ok_or(ExplainError::NothingWrong)?;
    let FailureDetails {
        detail,
        causal_trace,
        host,
        threads,
    } = story(&outcome, &failure.signature);
    let found = FailureContext {
        host: &host,
        at: Instant::from_nanos(failure.at),
        threads: &threads,
    };
    let usual = outcome.signatures();
    let mut explanation = Explanation {
        schema_version: 2,
        signature: failure.signature.clone(),
        at: failure.at,
        detail,
        seed,
        parts: Vec::new(),
        causal_trace,
        critical_pair: critical_pair::pair(scenario, &outcome, found),
        runs: 1,
        failure_likelihood: None,
    };
    for part in parts::parts(scenario).into_iter().take(ELEMENTS_MAX) {
        let rest = parts::without(scenario, &part);
        let mut what_if = PartNecessity {
            part: parts::describe(scenario, &part),
            necessity: Necessity::Inseparable,
            others: Vec::new(),
        };
        if rest.check().is_empty()
            && let Ok(outcome) = run(&rest, false)
        {
            explanation.runs += 1;
            let mut signatures = outcome.signatures();
            let still = signatures.contains(&failure.signature);
            what_if.necessity = if still {
                Necessity::NotNecessary
            } else {
                Necessity::Necessary
            };
            signatures.retain(|it| !usual.contains(it));
            what_if.others = signatures;
        }
        explanation.parts.push(what_if);
    }
    Ok(explanation)
}

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
    let demanded: Vec<String> = violations
        .map(|it| it.signature())
        .chain(exceptions.map(|it| it.signature()))
        .collect();
    let first = found
        .iter()
        .find(|it| demanded.contains(&it.signature))
        .cloned();
    first.or_else(|| found.into_iter().next())
}

/// What the oracle said, and what led there.
struct FailureDetails {
    detail: String,
    causal_trace: Vec<String>,
    host: String,
    /// The threads concerned, the last one first.
    threads: Vec<u16>,
}

fn story(outcome: &Outcome, signature: &str) -> FailureDetails {
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
    let exception = exceptions.next().expect("the failure is of this outcome");
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
            "{}\n  at {at} s, seed {}",
            self.signature, self.seed
        )?;
        writeln!(formatter, "  {}\n\nWhat happened:", self.detail)?;
        for sentence in &self.causal_trace {
            writeln!(formatter, "  {sentence}")?;
        }
        if let Some(critical) = &self.critical_pair {
            write!(formatter, "{critical}")?;
        }
        let necessary = |it: &&PartNecessity| it.necessity != Necessity::NotNecessary;
        writeln!(
            formatter,
            "\nWhat is necessary: {} of {} parts ({} runs)",
            self.parts.iter().filter(necessary).count(),
            self.parts.len(),
            self.runs
        )?;
        for what_if in &self.parts {
            let verdict = match what_if.necessity {
                Necessity::Necessary => "necessary    ",
                Necessity::NotNecessary => "not necessary",
                Necessity::Inseparable => "inseparable  ",
            };
            let mut line = format!("  {verdict}  {}", what_if.part);
            if !what_if.others.is_empty() {
                let shown: Vec<&str> = what_if.others.iter().map(String::as_str).collect();
                let shown = shown[..shown.len().min(OTHERS_SHOWN)].join(", ");
                let more = what_if.others.len().saturating_sub(OTHERS_SHOWN);
                write!(line, "; instead: {shown}")?;
                if more > 0 {
                    write!(line, " and {more} more")?;
                }
            }
            writeln!(formatter, "{line}")?;
        }
        match &self.failure_likelihood {
            Some(curve) => write!(formatter, "\n{curve}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ExplainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lowering(error) => write!(formatter, "{error}"),
            Self::NothingWrong => formatter.write_str("nothing that could be explained goes wrong"),
        }
    }
}

impl std::error::Error for ExplainError {}
