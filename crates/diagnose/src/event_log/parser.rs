//! Reads the entries of a file: rows of tables, lines of syslog, or entries of several lines.

use super::entry::Entry;
use super::label::Label;
use super::partial_entry::{Above, AddedEntries, PartialEntry};
use super::syslog;
use super::table::{EventTable, TableLine};
use crate::text::Line;

/// Reads a file line by line.
#[derive(Clone, Debug, Default)]
pub(super) struct Parser {
    draft: PartialEntry,
    table: EventTable,
    /// The label with which the first entry of several lines began.
    leading: Option<Label>,
}

impl Parser {
    /// Takes in the next line.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> AddedEntries {
        let row = match syslog::event_of_snare(line) {
            Some(entry) => TableLine::Entry(entry),
            None => self.table.on_line(line),
        };
        let is_other = row == TableLine::None;
        let forwarded = is_other.then(|| syslog::event(line)).flatten();
        let may_be_other = is_other && forwarded.is_none() && !self.draft.is_open();
        if may_be_other && let Some(entry) = syslog::event_of_other(line) {
            return AddedEntries {
                entries: [Some(entry), None],
                is_event: false,
                is_used: true,
                above: Above::Nothing,
            };
        }
        let row = forwarded.map_or(row, TableLine::Entry);
        let entry = match row {
            TableLine::None => {
                return self.draft.on_line(line, &mut self.leading);
            }
            TableLine::Heading | TableLine::Dashes | TableLine::Continued => None,
            TableLine::Entry(entry) => Some(entry),
            TableLine::Unread(number) => Some(Entry::unread(number)),
        };
        let ended = entry.and_then(|_| std::mem::take(&mut self.draft).entry());
        let is_under_heading = row == TableLine::Dashes;
        let above = if is_under_heading {
            Above::Line
        } else {
            Above::Nothing
        };
        AddedEntries {
            entries: [ended, entry],
            is_event: true,
            is_used: true,
            above,
        }
    }

    /// Ends the entry that has begun.
    pub(super) fn interrupt(&mut self) -> Option<Entry> {
        std::mem::take(&mut self.draft).entry()
    }

    /// Whether an entry has begun.
    pub(super) const fn is_in_entry(&self) -> bool {
        self.draft.is_open()
    }

    /// Whether a table names no source, so that all its events count as the MTA's.
    pub(super) fn lacks_source(&self) -> bool {
        self.table.lacks_source()
    }

    /// The entry at the end of the file.
    pub(super) fn end(self) -> Option<Entry> {
        let cut = self.table.cut_row().map(Entry::unread);
        self.draft.entry().or(cut)
    }
}
