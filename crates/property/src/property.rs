//! What must hold in every run, whatever the scenario.
//!
//! Owns the properties: each says which broken promises refute it. It refuses to find any: what
//! a run's oracles found stands in its [`Outcome`]. A run that was stopped by a limit before its
//! end proves nothing, and is told apart from one that holds.

use std::fmt;

use config::plan::ViolationKind;
use simulation::Outcome;
use simulation::outcome::Stop;

/// What must hold.
pub type Property = fn(&Outcome) -> Result<(), Broken>;

/// Why a property does not hold, or could not be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The property's name.
    pub property: &'static str,
    /// What was found against it, in the order of finding; empty if the run was stopped early or
    /// the scenario does not ask.
    pub findings: Vec<String>,
    /// Why it is not decided, if it is not.
    pub undecided: Option<String>,
}

/// No control block and no socket is ever lost to everybody who could release it (Q303102).
///
/// Violations `control-block-leak` and `socket-leak` break it. An empty pool by itself does not:
/// many associations may need many blocks.
///
/// # Errors
/// What was lost; or that the run was stopped before its end.
pub fn never_leaks(outcome: &Outcome) -> Result<(), Broken> {
    let leaks = [ViolationKind::ControlBlockLeak, ViolationKind::SocketLeak];
    Finding::look(outcome, "never_leaks", &leaks).or_ended(outcome)
}

/// No two threads tear a structure, no block is released or used by the wrong one, and no
/// exception ends a process (Q152941).
///
/// # Errors
/// What was torn, and exceptions; or that the run was stopped before its end.
pub fn never_corrupts(outcome: &Outcome) -> Result<(), Broken> {
    let torn = [
        ViolationKind::DataRace,
        ViolationKind::DoubleRelease,
        ViolationKind::StaleInstance,
        ViolationKind::HeapCorruption,
        ViolationKind::UseAfterFree,
        ViolationKind::WrongThread,
    ];
    let mut finding = Finding::look(outcome, "never_corrupts", &torn);
    let exceptions = outcome.exceptions.iter();
    finding.found.extend(exceptions.map(|it| {
        format!(
            "exception {:08x}: {} ({}, {} s)",
            it.code, it.cause, it.host, it.at
        )
    }));
    finding.or_ended(outcome)
}

/// Every message whose sender was told that it arrived has arrived: intact, once, and before.
///
/// # Errors
/// The messages that did not; or that the run was stopped before its end.
pub fn every_acknowledged_message_arrives(outcome: &Outcome) -> Result<(), Broken> {
    let name = "every_acknowledged_message_arrives";
    Finding::look(outcome, name, &[ViolationKind::Delivery]).or_ended(outcome)
}

/// Once nothing goes wrong any more, every message gets through, or is returned, within the time
/// that the scenario's `healing` allows, and no threads wait for each other in a circle.
///
/// # Errors
/// What is still queued or hangs; or that the scenario has no `healing`, or the run was stopped
/// before its end.
pub fn recovers_after_healing(outcome: &Outcome) -> Result<(), Broken> {
    let stuck = [ViolationKind::Liveness, ViolationKind::Deadlock];
    let finding = Finding::look(outcome, "recovers_after_healing", &stuck);
    if outcome.healing.is_none() && finding.found.is_empty() {
        return Err(finding.undecided("the scenario has no `healing`"));
    }
    finding.or_ended(outcome)
}

/// What speaks against one property.
struct Finding {
    property: &'static str,
    found: Vec<String>,
}

impl Finding {
    fn look(outcome: &Outcome, property: &'static str, kinds: &[ViolationKind]) -> Self {
        let violations = outcome.violations.iter();
        let found = violations
            .filter(|it| kinds.contains(&it.kind))
            .map(|it| {
                format!(
                    "{}: {} ({}, {} s)",
                    it.signature(),
                    it.detail,
                    it.host,
                    it.at
                )
            })
            .collect();
        Self { property, found }
    }

    /// Broken if there is anything; undecided if there is nothing and the run was cut short.
    fn or_ended(self, outcome: &Outcome) -> Result<(), Broken> {
        if !self.found.is_empty() {
            return Err(Broken {
                property: self.property,
                findings: self.found,
                undecided: None,
            });
        }
        match outcome.stop {
            Stop::Duration | Stop::Quiet => Ok(()),
            Stop::Events => Err(self.undecided("the run reached its limit on events")),
            Stop::Messages => Err(self.undecided("the run reached its limit on messages")),
            Stop::Calls => Err(self.undecided("a service reached its limit on calls")),
            Stop::Violations => Err(self.undecided("the run reached its limit on violations")),
            Stop::Repeats => Err(self.undecided("a search gave the run up as a repetition")),
        }
    }

    fn undecided(self, why: &str) -> Broken {
        Broken {
            property: self.property,
            findings: Vec::new(),
            undecided: Some(why.to_owned()),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            property,
            findings,
            undecided,
        } = self;
        match undecided {
            Some(why) => write!(formatter, "{property} is not decided: {why}"),
            None => {
                write!(formatter, "{property} does not hold:")?;
                findings
                    .iter()
                    .try_for_each(|it| write!(formatter, "\n  {it}"))
            }
        }
    }
}

impl std::error::Error for Broken {}
