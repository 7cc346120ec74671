//! Properties that must hold in every run: no leak, no corruption, delivery, and recovery.
//!
//! A property reads what the oracles found. A run that a limit stopped early decides nothing; the
//! property reports that instead of success.

use config::plan::ViolationKind;
use simulation::Outcome;
use simulation::outcome::Stop;
use thiserror::Error;

/// A property of a run.
pub type Property = fn(&Outcome) -> Result<(), PropertyFailure>;

/// Why a property does not hold, or could not be decided.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{property} {}", reason(findings, undecided.as_deref()))]
pub struct PropertyFailure {
    /// The property's name.
    pub property: &'static str,
    /// The violations and exceptions against it, in the order in which they were found; empty if
    /// the property is undecided.
    pub findings: Vec<String>,
    /// Why it could not be decided; `None` if it does not hold.
    pub undecided: Option<String>,
}

/// No control block and no socket becomes unreachable for every thread that could release it
/// (Q303102).
///
/// The violations `control-block-leak` and `socket-leak` are failures. An empty pool alone is not:
/// many associations may need many blocks.
///
/// # Errors
/// The leaks found; or the run was stopped before its end.
pub fn never_leaks(outcome: &Outcome) -> Result<(), PropertyFailure> {
    let leaks = [ViolationKind::ControlBlockLeak, ViolationKind::SocketLeak];
    PropertyFindings::of(outcome, "never_leaks", &leaks).finish(outcome)
}

/// No data race, double release, stale instance, heap corruption, use after free or wrong thread,
/// and no exception (Q152941).
///
/// # Errors
/// The violations and exceptions found; or the run was stopped before its end.
pub fn never_corrupts(outcome: &Outcome) -> Result<(), PropertyFailure> {
    let corruption = [
        ViolationKind::DataRace,
        ViolationKind::DoubleRelease,
        ViolationKind::StaleInstance,
        ViolationKind::HeapCorruption,
        ViolationKind::UseAfterFree,
        ViolationKind::WrongThread,
    ];
    let mut check = PropertyFindings::of(outcome, "never_corrupts", &corruption);
    let exceptions = outcome.exceptions.iter();
    check.findings.extend(exceptions.map(|it| {
        format!(
            "exception {:08x}: {} ({}, {})",
            it.code, it.cause, it.host, it.at
        )
    }));
    check.finish(outcome)
}

/// Every acknowledged message arrived before its acknowledgement, intact and once.
///
/// # Errors
/// The messages that did not; or the run was stopped before its end.
pub fn every_acknowledged_message_arrives(outcome: &Outcome) -> Result<(), PropertyFailure> {
    let name = "every_acknowledged_message_arrives";
    PropertyFindings::of(outcome, name, &[ViolationKind::Delivery]).finish(outcome)
}

/// After all faults have ended, every message is delivered or returned within the scenario's
/// `healing` time, and no threads deadlock.
///
/// # Errors
/// The messages still queued and the deadlocks found; or the scenario has no `healing`, or the run
/// was stopped before its end.
pub fn recovers_after_healing(outcome: &Outcome) -> Result<(), PropertyFailure> {
    let stuck = [ViolationKind::Liveness, ViolationKind::Deadlock];
    let check = PropertyFindings::of(outcome, "recovers_after_healing", &stuck);
    // Without a phase free of faults nothing is ever due, and every fix would pass. A deadlock is
    // found without one.
    if outcome.healing.is_none() && check.findings.is_empty() {
        return Err(check.undecided("the scenario has no `healing`"));
    }
    check.finish(outcome)
}

/// The findings against one property.
struct PropertyFindings {
    property: &'static str,
    findings: Vec<String>,
}

impl PropertyFindings {
    fn of(outcome: &Outcome, property: &'static str, kinds: &[ViolationKind]) -> Self {
        let violations = outcome.violations.iter();
        let findings = violations
            .filter(|it| kinds.contains(&it.kind))
            .map(|it| format!("{}: {} ({}, {})", it.signature(), it.detail, it.host, it.at))
            .collect();
        Self { property, findings }
    }

    /// A failure if there are findings; undecided if there are none and a limit stopped the run.
    fn finish(self, outcome: &Outcome) -> Result<(), PropertyFailure> {
        if !self.findings.is_empty() {
            return Err(PropertyFailure {
                property: self.property,
                findings: self.findings,
                undecided: None,
            });
        }
        match (outcome.stop, outcome.stop.limit()) {
            // A fix that makes the system busier would otherwise pass more often.
            (_, Some(limit)) => Err(self.undecided(&format!("the run was cut off at {limit}"))),
            (Stop::Pruned, None) => Err(self.undecided("the search pruned the run as redundant")),
            (_, None) => Ok(()),
        }
    }

    fn undecided(self, why: &str) -> PropertyFailure {
        PropertyFailure {
            property: self.property,
            findings: Vec::new(),
            undecided: Some(why.to_owned()),
        }
    }
}

/// Why a property is not shown to hold, after its name.
fn reason(findings: &[String], undecided: Option<&str>) -> String {
    if let Some(why) = undecided {
        return format!("is undecided: {why}");
    }
    let findings = findings.iter().map(|it| format!("\n  {it}"));
    format!("does not hold:{}", findings.collect::<String>())
}
