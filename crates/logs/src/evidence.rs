//! Selects the log lines that prove a violation or an exception.
//!
//! For a leak those are the lines of the leaked control block, for a race its two accesses, for an
//! exception the last events before it. Each defect is proved once; the logs have the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::event_log;
use super::winsock_log;
use config::plan::{Scenario, ViolationKind};
use simulation::outcome::{Exception, Outcome, Violation};

/// Lines that prove one defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The signature of the defect.
    pub signature: String,
    /// What the lines show.
    pub title: String,
    /// The lines.
    pub lines: Vec<String>,
}

/// Evidences of one run.
const DEFECTS_MAX: usize = 6;
/// Evidences of one kind of violation.
const VIOLATIONS_PER_KIND_MAX: usize = 2;
/// Event-log entries that are shown for an exception, its own included.
const LAST_ENTRIES: usize = 5;

/// Evidence for the first exception of each signature, then for the first violation of each, at
/// most two of a kind. Without kept records it consists of what the violations say.
#[must_use]
pub fn evidence(scenario: &Scenario, outcome: &Outcome) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    // An exception comes first: it ended the process, and races may have led to it.
    let exceptions = outcome.exceptions.iter();
    let first = exceptions.filter(|it| seen.insert(it.signature()));
    let crashes: Vec<Evidence> = first.map(|it| crash(scenario, outcome, it)).collect();
    let violations = outcome.violations.iter();
    let mut shown: BTreeMap<ViolationKind, usize> = BTreeMap::new();
    let first = violations.filter(|it| {
        let is_new = seen.insert(it.signature());
        let of_kind = shown.entry(it.kind).or_default();
        // A program without locks has dozens of races of different signatures, and one leak beside
        // them would not be shown.
        *of_kind += usize::from(is_new);
        is_new && *of_kind <= VIOLATIONS_PER_KIND_MAX
    });
    let violations = first.map(|it| violation(outcome, it));
    crashes
        .into_iter()
        .chain(violations)
        .take(DEFECTS_MAX)
        .collect()
}

fn violation(outcome: &Outcome, violation: &Violation) -> Evidence {
    let host = outcome.host_named(&violation.host);
    match (violation.kind, violation.block, host) {
        (ViolationKind::ControlBlockLeak, Some(block), Some(host)) => {
            let lines = winsock_log::life(outcome, host, block, violation.at);
            let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let (kept, all) = (outcome.records.len() as u64, outcome.record_count);
            let host = &violation.host;
            let title = match kept < all {
                true => format!(
                    "Lines of Winsock.log on {host} about {block}, from the first {kept} of {all} records:"
                ),
                false => format!("All lines of Winsock.log on {host} about {block}:"),
            };
            if lines.is_empty() {
                lines.push("(none)".to_owned());
            }
            Evidence {
                signature: violation.signature(),
                title,
                lines,
            }
        }
        _ => Evidence {
            signature: violation.signature(),
            title: format!(
                "{} on {} at {}:",
                violation.kind, violation.host, violation.at
            ),
            lines: accesses(&violation.detail),
        },
    }
}

/// The detail of a finding of the race detector, one access per line.
fn accesses(detail: &str) -> Vec<String> {
    let lines = detail
        .replace(", against ", ",\nagainst ")
        .replace(", block from ", ",\nblock from ");
    lines.lines().map(str::to_owned).collect()
}

fn crash(scenario: &Scenario, outcome: &Outcome, exception: &Exception) -> Evidence {
    let host = outcome.host_named(&exception.host);
    let entries = host.map_or_else(Vec::new, |host| event_log::entries(scenario, outcome, host));
    let of_mta = |entry: &event_log::Entry| entry.source == event_log::Source::Mta;
    let before: Vec<String> = entries
        .iter()
        .filter(|(at, entry)| *at <= exception.at && of_mta(entry))
        .map(|(at, entry)| format!("{at:#}  {}  {}", entry.id, entry.description()))
        .collect();
    let skipped = before.len().saturating_sub(LAST_ENTRIES);
    Evidence {
        signature: exception.signature(),
        title: format!(
            "The event log of {} before exception {:08x} on {} {}:",
            exception.host, exception.code, exception.thread, exception.number
        ),
        lines: before[skipped..].to_vec(),
    }
}

#[cfg(test)]
mod tests;
