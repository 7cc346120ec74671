//! The records that show what went wrong.
//!
//! Owns which lines a reader needs to believe a violation: the leaked control block's own
//! lines, the accesses that race, the last events before a crash. It refuses completeness: one
//! exhibit for each defect, the rest is in the logs.

use std::collections::{BTreeMap, BTreeSet};

use super::event_log;
use super::winsock_log;
use config::plan::{Scenario, ViolationKind};
use simulation::outcome::{Exception, Outcome, Violation};

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// What it is.
    pub title: String,
    /// Its lines.
    pub lines: Vec<String>,
}

/// Exhibits of one run.
const EXHIBITS_MAX: usize = 6;
/// Exhibits of one kind of violation.
const OF_A_KIND: usize = 2;
/// Entries of the event log shown before a crash, its own included.
const LAST_ENTRIES: usize = 5;

/// What shows the first exception of each signature, then the first violation of each, two of a
/// kind at the most. Without kept records only what the violations themselves say.
#[must_use]
pub fn exhibits(scenario: &Scenario, outcome: &Outcome) -> Vec<Exhibit> {
    let mut seen = BTreeSet::new();
    let exceptions = outcome.exceptions.iter();
    let first = exceptions.filter(|it| seen.insert(it.signature()));
    let crashes: Vec<Exhibit> = first.map(|it| crash(scenario, outcome, it)).collect();
    let violations = outcome.violations.iter();
    let mut shown: BTreeMap<ViolationKind, usize> = BTreeMap::new();
    let first = violations.filter(|it| {
        let is_new = seen.insert(it.signature());
        let of_kind = shown.entry(it.kind).or_default();
        *of_kind += usize::from(is_new);
        is_new && *of_kind <= OF_A_KIND
    });
    let broken = first.map(|it| violation(outcome, it));
    crashes
        .into_iter()
        .chain(broken)
        .take(EXHIBITS_MAX)
        .collect()
}

fn violation(outcome: &Outcome, violation: &Violation) -> Exhibit {
    let host = outcome.host_named(&violation.host);
    match (violation.kind, violation.block, host) {
        (ViolationKind::ControlBlockLeak, Some(block), Some(host)) => {
            let lines = winsock_log::life(outcome, host, block, violation.at);
            Exhibit {
                title: format!(
                    "All that Winsock.log of {} says of CB {} (instance {}):",
                    violation.host, block.index, block.instance
                ),
                lines: lines.iter().map(ToString::to_string).collect(),
            }
        }
        _ => Exhibit {
            title: format!(
                "{} on {} at {} s:",
                violation.kind, violation.host, violation.at
            ),
            lines: sides(&violation.detail),
        },
    }
}

/// A finding of the judge, one access a line.
fn sides(detail: &str) -> Vec<String> {
    let broken = detail
        .replace(", against ", ",\nagainst ")
        .replace(", block from ", ",\nblock from ");
    broken.lines().map(str::to_owned).collect()
}

fn crash(scenario: &Scenario, outcome: &Outcome, exception: &Exception) -> Exhibit {
    let host = outcome.host_named(&exception.host);
    let entries = host.map_or_else(Vec::new, |host| event_log::entries(scenario, outcome, host));
    let of_mta = |entry: &event_log::Entry| entry.source == event_log::Source::Mta;
    let before: Vec<String> = entries
        .iter()
        .filter(|(at, entry)| *at <= exception.at && of_mta(entry))
        .map(|(at, entry)| format!("{at} s  {}  {}", entry.id, entry.description()))
        .collect();
    let skipped = before.len().saturating_sub(LAST_ENTRIES);
    Exhibit {
        title: format!(
            "The event log of {} before exception {:08x} on {} {}:",
            exception.host, exception.code, exception.thread, exception.number
        ),
        lines: before[skipped..].to_vec(),
    }
}

#[cfg(test)]
mod tests;
