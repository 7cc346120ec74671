//! What a reader should know of how the files of an event log were read.

use std::collections::BTreeSet;

use super::ENTRIES_MAX;
use super::disorder::Disorder;
use super::entry::{Computer, Entry};
use super::merge::EventFile;
use super::partial_entry::Above;
use crate::clock::{DateOrder, OrderProof};
use crate::text::Line;

/// Lines that were left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SkippedLines {
    pub(super) count: u64,
    first: u64,
    last: u64,
    /// How many of the last ones follow each other and have a label.
    labelled: u64,
}

impl SkippedLines {
    pub(super) fn add(&mut self, line: Line<'_>) {
        if line.is_blank() {
            self.labelled = 0;
            return;
        }
        self.count += 1;
        let follows = self.last + 1 == line.number;
        let before = if follows { self.labelled } else { 0 };
        self.labelled = if has_label(line.bytes) { before + 1 } else { 0 };
        self.last = line.number;
        if self.count == 1 {
            self.first = line.number;
        }
    }

    /// Lines right above line `number` turn out to be of use.
    pub(super) fn take_back(&mut self, above: Above, number: u64) {
        let taken = match above {
            Above::Nothing => return,
            Above::Line => 1,
            Above::Labels => self.labelled,
        };
        if self.count > 0 && self.last + 1 == number {
            self.count = self.count.saturating_sub(taken);
            self.labelled = 0;
        }
    }
}

/// Whether a line begins with a name and a colon or an equals sign.
fn has_label(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii();
    let is_name = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b' ' | b'_') || *it >= 0x80;
    let length = bytes.iter().take_while(|it| is_name(it)).count();
    length > 0 && matches!(bytes.get(length), Some(b':' | b'='))
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

/// What to say about the order of the events in a file.
pub(super) fn of_order(file: &EventFile) -> Vec<String> {
    let name = &file.name;
    let reversed = file.may_be_reversed.then(|| {
        format!(
            "{name}: no two of its times differ, so the first event may be the oldest or the newest one, and \
             the events decide nothing. Export them with dates and times in figures, such as 2001-06-06 \
             08:00:21"
        )
    });
    let disordered = file.disorder.map(|it| of_disorder(name, it));
    reversed.into_iter().chain(disordered).collect()
}

/// What to say if the times of a file go back.
fn of_disorder(name: &str, disorder: Disorder) -> String {
    match disorder {
        Disorder::Exports { line, twice } => format!(
            "{name}: the times go back at line {line}: it has several exports, put into the order of their \
             times; {}",
            counted(
                twice as u64,
                "event is in two of them and counts once",
                "events are in two of them and count once"
            )
        ),
        Disorder::Harmless { line } => format!(
            "{name}: the times go back at line {line}: the clock was set back, or its events are not in \
             order; they say the same in the order of the file and in that of their times"
        ),
        Disorder::Undecided { line } => format!(
            "{name}: the times go back at line {line}: the clock was set back, or its events are not in \
             order, and they do not say the same in both orders, so they decide nothing; if it has several \
             exports, give each a file of its own"
        ),
    }
}

/// A failure without a time, or with such a call before it.
pub(super) fn undated_failure(line: u64) -> String {
    format!(
        "the failure of the service in line {line}, or the call that was given up before it, has no time that \
         can be read; so the events of that run of the service decide nothing"
    )
}

/// The table of a file has no column for the source.
pub(super) fn lacks_source(name: &str) -> String {
    format!("{name}: its table names no source; all its events count as those of the MTA")
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
