//! Reads the entries of a file: rows of tables, or entries of several lines.

use super::entry::{Draft, Entry, Found};
use super::table::{Row, Table};
use crate::text::Line;

/// Reads a file line by line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parser {
    draft: Draft,
    table: Table,
}

impl Parser {
    /// Takes in the next line.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> Found {
        let mut found = match self.table.on_line(line) {
            Row::None => {
                let mut found = self.draft.on_line(line);
                // The description of a row may go on without quotes.
                found.is_used |= self.table.has_begun();
                return found;
            }
            Row::Heading | Row::Continued => Found::default(),
            Row::Entry(entry) => Found {
                entries: [std::mem::take(&mut self.draft).entry(), Some(entry)],
                ..Found::default()
            },
            Row::Unread => Found {
                entries: [
                    std::mem::take(&mut self.draft).entry(),
                    Some(Entry::unread(line.number)),
                ],
                ..Found::default()
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
