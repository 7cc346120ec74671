//! Reads rows of a table of events: Event Viewer's text (tabs) and CSV, and the output of `dumpel` of the
//! Resource Kit and of `psloglist`.
//!
//! The order of columns differs between programs and versions, so columns are known by a heading or by
//! their content.

use super::entry::{Computer, Entry, EventSource, PartialEntry, leading_number, origin};
use super::label::{self, Label};
use crate::text::{LINE_MAX, Line};
use crate::timestamp::{self, Stamp};

/// The largest number of columns that are told apart; the rest is description.
const COLUMNS_MAX: usize = 16;
/// The smallest number of columns of a row.
const COLUMNS_MIN: usize = 5;
/// A date is in one of this many columns.
const DATED_MAX: usize = 7;
/// The source is in one of this many columns.
const SOURCE_MAX: usize = 9;

/// What a line is to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableLine {
    /// It is not of a table.
    None,
    /// The headings of the columns.
    Heading,
    /// A whole event.
    Entry(Entry),
    /// A row without a number of an event.
    Unread,
    /// A further line of the description of the row before.
    Continued,
}

/// What is known of the table that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EventTable {
    separator: Option<u8>,
    heading: Option<Heading>,
    /// The column of the source.
    source_at: Option<usize>,
    /// Whether the description of the row before goes on.
    is_in_quotes: bool,
}

/// The columns that a heading names.
#[derive(Clone, Copy, Debug, Default)]
struct Heading {
    date: usize,
    id: usize,
    source: Option<usize>,
    computer: Option<usize>,
}

/// A line cut into columns.
struct Columns<'a> {
    fields: [&'a [u8]; COLUMNS_MAX],
    count: usize,
    /// Whether a field in quotes does not end in this line.
    is_open: bool,
}

/// When an event was, and where that is in a row.
struct TimeColumns {
    stamp: Stamp,
    /// The column behind it.
    after: usize,
    are_two: bool,
}

/// Where the parts of an event are in a row.
struct Places {
    stamp: Stamp,
    id: u32,
    source: usize,
    computer: Option<usize>,
}

impl EventTable {
    /// Takes in the next line.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> TableLine {
        let bytes = line.bytes.trim_ascii();
        let separators = match self.separator {
            Some(separator) => [separator; 3],
            None => [b'\t', b',', b';'],
        };
        for separator in separators {
            let columns = split(bytes, separator);
            if let Some(heading) = heading(&columns) {
                *self = Self {
                    separator: Some(separator),
                    heading: Some(heading),
                    source_at: heading.source,
                    is_in_quotes: false,
                };
                return TableLine::Heading;
            }
            if let Some(places) = self.places(&columns) {
                self.separator = Some(separator);
                self.source_at = Some(places.source);
                // The end of a line that is too long is not known.
                self.is_in_quotes = columns.is_open && line.bytes.len() < LINE_MAX;
                let at = Some(places.stamp);
                let found = ParsedRow {
                    at,
                    id: places.id,
                    source: columns.fields[places.source],
                    computer: places.computer.map(|it| columns.fields[it]),
                };
                return TableLine::Entry(found.entry(bytes, line.number));
            }
        }
        if self.is_in_quotes {
            let quotes = bytes.iter().filter(|it| **it == b'"').count();
            self.is_in_quotes = quotes % 2 == 0;
            return TableLine::Continued;
        }
        match self.separator {
            Some(separator) => self.damaged(&split(bytes, separator), line),
            None => TableLine::None,
        }
    }

    /// Whether a heading or a row has been read.
    pub(super) const fn has_begun(&self) -> bool {
        self.separator.is_some()
    }

    /// What can be read of a row without a date and a time.
    fn damaged(&mut self, columns: &Columns<'_>, line: Line<'_>) -> TableLine {
        let fields = &columns.fields[..columns.count];
        let is_row = columns.count >= COLUMNS_MIN
            || (columns.count > 1 && timestamp::take_date(fields[0]).is_some());
        if !is_row {
            return TableLine::None;
        }
        self.is_in_quotes = columns.is_open && line.bytes.len() < LINE_MAX;
        let source = fields.iter().position(|it| is_source(it));
        let source = source.or(self.source_at).filter(|it| *it < fields.len());
        let Some(source_at) = source else {
            return TableLine::Unread;
        };
        let id = match self.heading {
            Some(heading) => fields.get(heading.id).and_then(|it| number(it)),
            None => fields[source_at..].iter().find_map(|it| number(it)),
        };
        match id {
            Some(id) => {
                let found = ParsedRow {
                    at: None,
                    id,
                    source: fields[source_at],
                    computer: None,
                };
                TableLine::Entry(found.entry(line.bytes, line.number))
            }
            None => TableLine::Unread,
        }
    }

    /// The date and the time, in one column or two.
    fn time(&self, fields: &[&[u8]]) -> Option<TimeColumns> {
        let is_date = |at: &usize| {
            let field = fields.get(*at);
            field.is_some_and(|it| timestamp::take_date(it).is_some())
        };
        // Some versions put the type in front of the date.
        let named = self.heading.map(|it| it.date).filter(is_date);
        let dated_at = named.or_else(|| (0..DATED_MAX).find(is_date))?;
        let (day, after) = timestamp::take_date(fields[dated_at])?;
        let whole = timestamp::take(fields[dated_at]).map(|it| it.0);
        let whole = whole.or_else(|| Some(timestamp::whole_time(after.trim_ascii())?.on(day)));
        if let Some(stamp) = whole {
            return Some(TimeColumns {
                stamp,
                after: dated_at + 1,
                are_two: false,
            });
        }
        let time = timestamp::whole_time(fields.get(dated_at + 1)?)?;
        Some(TimeColumns {
            stamp: time.on(day),
            after: dated_at + 2,
            are_two: true,
        })
    }

    fn places(&self, columns: &Columns<'_>) -> Option<Places> {
        let fields = &columns.fields[..columns.count];
        if fields.len() < COLUMNS_MIN {
            return None;
        }
        let TimeColumns {
            stamp,
            after: after_time,
            are_two,
        } = self.time(fields)?;
        let named = fields.iter().take(SOURCE_MAX).position(|it| is_source(it));
        if let Some(heading) = self.heading
            && let Some(id) = fields.get(heading.id).and_then(|it| number(it))
        {
            let source = named.or(heading.source).unwrap_or(after_time);
            return (source < fields.len()).then_some(Places {
                stamp,
                id,
                source,
                computer: heading.computer.filter(|it| *it < fields.len()),
            });
        }
        // `dumpel` writes type and category as numbers, then the id and the source.
        let numbers = fields.get(after_time..after_time + 3)?;
        let is_dumpel = numbers.iter().all(|it| number(it).is_some());
        let from = after_time + if is_dumpel { 2 } else { 0 };
        let id_at = from
            + fields
                .get(from..)?
                .iter()
                .position(|it| number(it).is_some())?;
        let computer = id_at + if is_dumpel { 3 } else { 2 };
        let has_computer = are_two && computer + 1 < fields.len();
        Some(Places {
            stamp,
            id: number(fields[id_at])?,
            source: named.unwrap_or(if is_dumpel { id_at + 1 } else { after_time }),
            computer: has_computer.then_some(computer),
        })
        .filter(|it| it.source < fields.len())
    }
}

/// What was found in a row.
struct ParsedRow<'a> {
    at: Option<Stamp>,
    id: u32,
    source: &'a [u8],
    computer: Option<&'a [u8]>,
}

impl ParsedRow<'_> {
    fn entry(&self, bytes: &[u8], line: u64) -> Entry {
        let computer = self.computer.and_then(Computer::named);
        let draft = PartialEntry::of_row(self.id, line, self.at, origin(self.source), computer);
        draft.with_text(bytes)
    }
}

fn heading(columns: &Columns<'_>) -> Option<Heading> {
    let fields = &columns.fields[..columns.count];
    let place = |label| {
        fields
            .iter()
            .position(|it| label::of_column(it) == Some(label))
    };
    Some(Heading {
        date: place(Label::Date)?,
        id: place(Label::Id)?,
        source: place(Label::Source),
        computer: place(Label::Computer),
    })
}

/// The fields between separators that are not in quotes.
fn split(bytes: &[u8], separator: u8) -> Columns<'_> {
    let mut columns = Columns {
        fields: [&[]; COLUMNS_MAX],
        count: 0,
        is_open: false,
    };
    let mut rest = Some(bytes);
    while let Some(bytes) = rest
        && columns.count < COLUMNS_MAX
    {
        let start = bytes.trim_ascii_start();
        let quoted = start.strip_prefix(b"\"");
        let closed = quoted.and_then(|inner| {
            let length = closing_quote(inner, separator)?;
            Some((&inner[..length], &inner[length + 1..]))
        });
        columns.is_open = quoted.is_some() && closed.is_none();
        let (field, after) = match (quoted, closed) {
            (Some(inner), None) => (inner, &[][..]),
            (_, Some((field, after))) => (field, after),
            (None, None) => match memchr::memchr(separator, bytes) {
                Some(length) => bytes.split_at(length),
                None => (bytes, &[][..]),
            },
        };
        columns.fields[columns.count] = field.trim_ascii();
        columns.count += 1;
        rest = after.trim_ascii_start().strip_prefix(&[separator]);
        if separator == b'\t' {
            // A tab is a space too.
            rest = after.strip_prefix(b"\t");
        }
    }
    columns
}

/// Where the quote is that a separator or the end follows.
fn closing_quote(inner: &[u8], separator: u8) -> Option<usize> {
    memchr::memchr_iter(b'"', inner).find(|at| {
        let after = &inner[at + 1..];
        after.is_empty()
            || after.trim_ascii_start().first() == Some(&separator)
            || after[0] == separator
    })
}

fn is_source(field: &[u8]) -> bool {
    !field.is_empty() && origin(field) == EventSource::Mta
}

/// A field that is a number and nothing else.
fn number(field: &[u8]) -> Option<u32> {
    let is_number = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    u32::try_from(is_number.then(|| leading_number(field))??).ok()
}
