//! What a reader should know of how the files of an event log were read.

use std::collections::BTreeSet;

use super::ENTRIES_MAX;
use super::entry::{Computer, Entry};
use crate::clock::{DateOrder, OrderProof};
use crate::text::Line;

/// Lines that were left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SkippedLines {
    pub(super) count: u64,
    first: u64,
}

impl SkippedLines {
    pub(super) fn add(&mut self, line: Line<'_>) {
        if line.is_blank() {
            return;
        }
        self.count += 1;
        if self.count == 1 {
            self.first = line.number;
        }
    }
}

/// What was left out or could not be read in a file.
pub(super) fn of_file(
    name: &str,
    entries: &[Entry],
    left_out: SkippedLines,
    winsock: SkippedLines,
) -> Vec<String> {
    let mut notes = Vec::new();
    if entries.len() >= ENTRIES_MAX {
        notes.push(format!(
            "{name}: only the first {ENTRIES_MAX} events are read"
        ));
    }
    if left_out.count > 0 {
        notes.push(format!(
            "{name}: {} of no event, the first of them line {}",
            counted(left_out.count, "line is", "lines are"),
            left_out.first
        ));
    }
    if winsock.count > 0 {
        notes.push(format!(
            "{name}: {} of a Winsock.log and left out, the first of them line {}; put them into a file \
             of their own",
            counted(winsock.count, "line is", "lines are"),
            winsock.first
        ));
    }
    let foreign = entries.iter().filter(|it| it.is_foreign).count();
    if foreign > 0 {
        let events = counted(foreign as u64, "event", "events");
        notes.push(format!("{name}: {events} of other sources left out"));
    }
    let lines = |chosen: &dyn Fn(&Entry) -> bool| {
        let chosen = entries.iter().filter(|it| !it.is_foreign && chosen(it));
        let lines: Vec<u64> = chosen.map(|it| it.line).collect();
        (lines.len() as u64, lines.iter().min().copied())
    };
    if let (count, Some(first)) = lines(&|it| it.id.is_none()) {
        notes.push(format!(
            "{name}: {} cannot be read, the first of them in line {first}; so the events of that run of \
             the service decide nothing",
            counted(count, "event", "events")
        ));
    }
    // An article quotes events without any time.
    let is_dated = entries.iter().any(|it| it.at.is_some());
    if let (count, Some(first)) = lines(&|it| is_dated && it.id.is_some() && it.at.is_none()) {
        notes.push(format!(
            "{name}: {} no time that can be read, the first of them in line {first}; the order of the \
             file counts",
            counted(count, "event has", "events have")
        ));
    }
    notes
}

/// The last event of a file is a start of the service, and has no time.
pub(super) fn may_be_reversed(name: &str) -> String {
    format!(
        "{name}: the last event, a start of the service, has no time that can be read, and the newest may be first; \
         so the events decide nothing. Export them with times in figures, such as 2001-06-06 08:00:21"
    )
}

fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// The events of a log are of another computer than its Winsock.log, to judge by the file's name.
pub(super) fn other_computer(found: Computer, wanted: Computer) -> String {
    let (found, wanted) = (found.text(), wanted.text());
    format!(
        "the events are of computer {found}, and by its name the Winsock.log is of {wanted}; so they decide \
         nothing"
    )
}

pub(super) fn several_computers(found: &BTreeSet<Computer>) -> String {
    let names: Vec<String> = found.iter().map(|it| it.text()).collect();
    format!(
        "the events are of {} computers, {}, so they decide nothing; name the Winsock.log after its \
         computer, like {}.Winsock.log",
        names.len(),
        names.join(", "),
        names[0]
    )
}

pub(super) fn left_out_computers(count: usize, wanted: Computer) -> String {
    format!(
        "{} of other computers than {} left out",
        counted(count as u64, "event", "events"),
        wanted.text()
    )
}

/// What to say about the order of day and month in a file.
#[must_use]
pub fn order_note(name: &str, order: DateOrder, proof: OrderProof) -> Option<String> {
    let order = order.word();
    match proof {
        OrderProof::NotNeeded | OrderProof::Calendar => None,
        OrderProof::Undecided => Some(format!(
            "{name}: dates are read {order}; the other order is possible too, and the times between lines are \
             the same"
        )),
        OrderProof::ShorterGaps(gap) => {
            let days = gap.as_secs() / 86_400;
            Some(format!(
                "{name}: dates are read {order}; the other order is possible, with a gap of {days} days"
            ))
        }
        OrderProof::Contradictory => Some(format!(
            "{name}: dates are of two forms; those that can be both are read {order}"
        )),
    }
}
