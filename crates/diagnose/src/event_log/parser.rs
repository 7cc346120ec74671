//! Reads the entries of a file: rows of tables, or entries of several lines.

use super::entry::{AddedEntries, Entry, PartialEntry};
use super::table::{EventTable, TableLine};
use crate::text::Line;

/// Reads a file line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parser {
    draft: PartialEntry,
    table: EventTable,
}

impl Parser {
    /// Takes in the next line.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> AddedEntries {
        let mut found = match self.table.on_line(line) {
            TableLine::None => {
                let mut found = self.draft.on_line(line);
                // The description of a row may go on without quotes.
                found.is_used |= self.table.has_begun();
                return found;
            }
            TableLine::Heading | TableLine::Continued => AddedEntries::default(),
            TableLine::Entry(entry) => AddedEntries {
                entries: [std::mem::take(&mut self.draft).entry(), Some(entry)],
                ..AddedEntries::default()
            },
            TableLine::Unread => AddedEntries {
                entries: [
                    std::mem::take(&mut self.draft).entry(),
                    Some(Entry::unread(line.number)),
                ],
                ..AddedEntries::default()
            },
        };
        found.is_event = true;
        found.is_used = true;
        found
    }

    /// Whether an entry has begun.
    pub(super) const fn is_in_entry(&self) -> bool {
        self.draft.is_open()
    }

    /// The entry at the end of the file.
    pub(super) fn end(self) -> Option<Entry> {
        self.draft.entry()
    }
}
