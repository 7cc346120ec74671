//! Reads rows of a table of events: Event Viewer's text (tabs) and CSV, the output of `dumpel` of the
//! Resource Kit, of `psloglist`, `eventquery.vbs` and `wmic`, and `Export-Csv` and `Format-EventTable` of
//! PowerShell.
//!
//! The order of columns differs between programs and versions, so columns are known by a heading or by
//! their content.

use super::columns::{Columns, Ruled, split};
use super::entry::{Computer, Entry, EventSource, SOURCE, leading_number, origin};
use super::label::{self, Label};
use super::partial_entry::PartialEntry;
use crate::text::{self, LINE_MAX, Line};
use crate::timestamp::{self, Day, Stamp};

/// The smallest number of columns of a row without a heading.
const COLUMNS_MIN: usize = 5;
/// The smallest number of columns of a heading.
const HEADING_MIN: usize = 3;
/// The largest row of several lines, in bytes.
const ROW_MAX: usize = 64 * 1_024;
/// A date is in one of this many columns.
const DATED_MAX: usize = 7;
/// The source is in one of this many columns.
const SOURCE_MAX: usize = 9;

/// What a line is to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableLine {
    /// It is not of a table.
    None,
    /// The headings of the columns, or what belongs to them.
    Heading,
    /// Dashes under the headings: the line before is of the table too.
    Dashes,
    /// A whole event.
    Entry(Entry),
    /// A row that begins at this line and whose event cannot be read.
    Unread(u64),
    /// A further line of the description of the row before.
    Continued,
}

/// What is known of the table that is being read.
#[derive(Clone, Debug, Default)]
pub(super) struct EventTable {
    cut: Option<Cut>,
    heading: Option<Heading>,
    /// The column of the source.
    source_at: Option<usize>,
    /// Whether the description of the row before goes on.
    is_in_quotes: bool,
    /// The first lines of a row that goes on, and the number of the first.
    open_row: Vec<u8>,
    open_line: u64,
    /// The line before, or the heading of a table with dashes.
    before: Vec<u8>,
    /// The source of the rows below, as PowerShell groups them.
    group: Option<EventSource>,
    /// Whether an empty line has come since the last row of a table with dashes.
    is_after_blank: bool,
}

/// What parts the columns.
#[derive(Clone, Debug)]
enum Cut {
    Separator(u8),
    Ruled(Ruled),
}

/// The columns that a heading names.
#[derive(Clone, Copy, Debug, Default)]
struct Heading {
    date: usize,
    id: usize,
    /// Whether only the lower 16 bits are the id of the event.
    is_long: bool,
    source: Option<usize>,
    computer: Option<usize>,
    count: usize,
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
    source: Option<usize>,
    computer: Option<usize>,
}

impl EventTable {
    /// Takes in the next line.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> TableLine {
        if let Some(row) = self.ruled(line) {
            return row;
        }
        let bytes = line.bytes.trim_ascii();
        if !self.open_row.is_empty() {
            return self.continued(bytes);
        }
        if is_mark(bytes) {
            return TableLine::Heading;
        }
        let separators = match self.separator() {
            Some(separator) => [separator; 4],
            None => [b'\t', b',', b';', b'|'],
        };
        for separator in separators {
            let bytes = without_frame(bytes, separator);
            let columns = split(bytes, separator);
            if let Some(heading) = heading(&columns) {
                *self = Self {
                    cut: Some(Cut::Separator(separator)),
                    heading: Some(heading),
                    source_at: heading.source,
                    ..Self::default()
                };
                return TableLine::Heading;
            }
            if let Some(places) = self.places(&columns) {
                self.cut = Some(Cut::Separator(separator));
                self.source_at = places.source.or(self.source_at);
                // The end of a line that is too long is not known.
                self.is_in_quotes = columns.is_open && line.bytes.len() < LINE_MAX;
                return self.row(&places, &columns, bytes, line.number);
            }
        }
        if self.is_in_quotes {
            let quotes = bytes.iter().filter(|it| **it == b'"').count();
            self.is_in_quotes = quotes % 2 == 0;
            return TableLine::Continued;
        }
        match self.separator() {
            // The rule below the heading of a table that people or `psql` frame.
            Some(_) if text::is_remark(bytes) => TableLine::Heading,
            Some(separator) => {
                let columns = split(without_frame(bytes, separator), separator);
                self.damaged(&columns, line)
            }
            None => TableLine::None,
        }
    }

    fn separator(&self) -> Option<u8> {
        match self.cut {
            Some(Cut::Separator(separator)) => Some(separator),
            Some(Cut::Ruled(_)) | None => None,
        }
    }

    /// What a line is to a table that has dashes under its heading.
    fn ruled(&mut self, line: Line<'_>) -> Option<TableLine> {
        let trimmed = line.bytes.trim_ascii();
        if let Some(name) = trimmed.strip_prefix(b"ProviderName:") {
            self.group = Some(origin(name.trim_ascii()));
        }
        if let Some(ruled) = Ruled::of_dashes(line.bytes)
            && let Some(heading) = heading(&ruled.split(&self.before))
        {
            self.cut = Some(Cut::Ruled(ruled));
            self.heading = Some(heading);
            self.is_after_blank = false;
            return Some(TableLine::Dashes);
        }
        if let Some(ruled) = Ruled::of_heading(line.bytes)
            && let Some(heading) = heading(&ruled.split(line.bytes))
        {
            self.cut = Some(Cut::Ruled(ruled));
            self.heading = Some(heading);
            self.before = line.bytes.to_vec();
            return Some(TableLine::Heading);
        }
        let Some(Cut::Ruled(ruled)) = &self.cut else {
            self.before.clear();
            self.before.extend_from_slice(line.bytes);
            return None;
        };
        let is_heading = self.before == line.bytes || trimmed.starts_with(b"ProviderName:");
        if is_heading || Ruled::of_dashes(line.bytes).is_some() {
            return Some(TableLine::Heading);
        }
        let heading = self.heading?;
        if trimmed.is_empty() {
            self.is_after_blank = true;
            return None;
        }
        let columns = ruled.split(line.bytes);
        let cells = [heading.date, heading.id].map(|it| columns.fields[it]);
        let places = self.places(&columns).filter(|_| columns.is_aligned);
        if let Some(places) = places {
            self.is_after_blank = false;
            return Some(self.row(&places, &columns, trimmed, line.number));
        }
        // Text of a message goes on in its own column.
        if columns.is_aligned && cells.iter().all(|it| it.is_empty()) {
            return Some(TableLine::Continued);
        }
        // Behind an empty line the table may be over.
        let is_row = timestamp::take(cells[0]).is_some() || number(cells[1]).is_some();
        let is_damaged = !self.is_after_blank || is_row;
        is_damaged.then_some(TableLine::Unread(line.number))
    }

    /// A further line of a row that has begun.
    fn continued(&mut self, bytes: &[u8]) -> TableLine {
        self.open_row.push(b'\n');
        self.open_row.extend_from_slice(bytes);
        let is_full = self.open_row.len() > ROW_MAX;
        if !bytes.contains(&b'"') && !is_full {
            return TableLine::Continued;
        }
        let row = std::mem::take(&mut self.open_row);
        let columns = split(&row, self.separator().unwrap_or(b','));
        if let Some(places) = self.places(&columns) {
            return self.row(&places, &columns, &row, self.open_line);
        }
        if columns.is_open && !is_full {
            self.open_row = row;
            return TableLine::Continued;
        }
        TableLine::Unread(self.open_line)
    }

    /// The event in a row.
    fn row(&self, places: &Places, columns: &Columns<'_>, bytes: &[u8], line: u64) -> TableLine {
        let source = places.source.map(|it| columns.fields[it]);
        let origin = match source {
            Some(name) if may_be_source(name) => return TableLine::Unread(line),
            Some(name) => origin(name),
            None => self.group.unwrap_or(EventSource::Mta),
        };
        let found = ParsedRow {
            at: Some(places.stamp),
            id: places.id,
            origin,
            computer: places.computer.map(|it| columns.fields[it]),
        };
        TableLine::Entry(found.entry(bytes, line))
    }

    /// Whether its heading names no source, so that all its events count as the MTA's.
    pub(super) fn lacks_source(&self) -> bool {
        let is_without = |it: Heading| it.source.is_none();
        self.heading.is_some_and(is_without) && self.group.is_none()
    }

    /// The line of a row that the end of the file cuts.
    pub(super) fn cut_row(&self) -> Option<u64> {
        (!self.open_row.is_empty()).then_some(self.open_line)
    }

    /// What can be read of a row without a date and a time.
    fn damaged(&mut self, columns: &Columns<'_>, line: Line<'_>) -> TableLine {
        let fields = &columns.fields[..columns.count];
        let is_row = columns.count >= self.columns_min()
            || (columns.count > 1 && timestamp::take_date(fields[0]).is_some());
        if self.heading.is_some() && columns.is_open && line.bytes.len() < LINE_MAX {
            self.open_line = line.number;
            self.open_row = line.bytes.trim_ascii().to_vec();
            return TableLine::Continued;
        }
        if !is_row {
            return TableLine::None;
        }
        let source = fields.iter().position(|it| is_source(it));
        let source = source.or(self.source_at).filter(|it| *it < fields.len());
        let Some(source_at) = source else {
            return TableLine::Unread(line.number);
        };
        let id_at = match self.heading {
            Some(heading) => Some(heading.id),
            None => fields[source_at..]
                .iter()
                .position(|it| number(it).is_some())
                .map(|it| source_at + it),
        };
        let id_at = id_at.filter(|it| !self.may_be_cut(fields, *it));
        let field = id_at.and_then(|it| fields.get(it));
        let id = field.and_then(|it| match self.heading {
            Some(heading) => heading.id_of(it),
            None => number(it),
        });
        match id {
            Some(id) => {
                let found = ParsedRow {
                    at: None,
                    id,
                    origin: origin(fields[source_at]),
                    computer: None,
                };
                TableLine::Entry(found.entry(line.bytes, line.number))
            }
            None => TableLine::Unread(line.number),
        }
    }

    /// Whether the row ends with this field although more should follow: a part of the field may be missing.
    fn may_be_cut(&self, fields: &[&[u8]], at: usize) -> bool {
        let last = match self.cut {
            // An empty column leaves nothing that shows whether it is there.
            Some(Cut::Ruled(_)) => fields.iter().rposition(|it| !it.is_empty()),
            _ => fields.len().checked_sub(1),
        };
        let count = self.heading.map_or(at + 2, |it| it.count);
        last == Some(at) && at + 1 < count
    }

    /// The smallest number of columns of a row.
    fn columns_min(&self) -> usize {
        let named = self.heading.map_or(COLUMNS_MIN, |it| it.count);
        named.min(COLUMNS_MIN)
    }

    /// The date and the time, in one column or two.
    fn time(&self, fields: &[&[u8]]) -> Option<TimeColumns> {
        let is_date = |at: &usize| {
            let field = fields.get(*at);
            field.is_some_and(|it| timestamp::take_date(it).is_some() || dated(it).is_some())
        };
        let dated_at = match self.heading {
            Some(heading) => Some(heading.date).filter(is_date),
            // Some versions put the type in front of the date.
            None => (0..DATED_MAX).find(is_date),
        };
        let dated_at = dated_at?;
        if let Some(stamp) = dated(fields[dated_at]) {
            return Some(TimeColumns {
                stamp,
                after: dated_at + 1,
                are_two: false,
            });
        }
        let (day, _) = timestamp::take_date(fields[dated_at])?;
        let time = timestamp::whole_time(fields.get(dated_at + 1)?)?;
        Some(TimeColumns {
            stamp: time.on(day),
            after: dated_at + 2,
            are_two: true,
        })
    }

    fn places(&self, columns: &Columns<'_>) -> Option<Places> {
        let fields = &columns.fields[..columns.count];
        if fields.len() < self.columns_min() {
            return None;
        }
        let TimeColumns {
            stamp,
            after: after_time,
            are_two,
        } = self.time(fields)?;
        let named = fields.iter().take(SOURCE_MAX).position(|it| is_source(it));
        // A number elsewhere than in the column of the id is no id.
        if let Some(heading) = self.heading {
            let id = fields.get(heading.id).and_then(|it| heading.id_of(it));
            let cut = [heading.date, heading.id]
                .into_iter()
                .any(|it| self.may_be_cut(fields, it));
            if cut {
                return None;
            }
            return Some(Places {
                stamp,
                id: id?,
                source: named.or(heading.source).filter(|it| *it < fields.len()),
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
            source: Some(named.unwrap_or(if is_dumpel { id_at + 1 } else { after_time })),
            computer: has_computer.then_some(computer),
        })
        .filter(|it| it.source < Some(fields.len()) && !self.may_be_cut(fields, id_at))
    }
}

impl Heading {
    /// The id of the event in its column.
    fn id_of(&self, field: &[u8]) -> Option<u32> {
        let id = number(field)?;
        Some(if self.is_long {
            label::short_id(id)
        } else {
            id
        })
    }
}

/// A row without the bars at its ends, as in Markdown.
fn without_frame(bytes: &[u8], separator: u8) -> &[u8] {
    if separator != b'|' {
        return bytes;
    }
    let bytes = bytes.strip_prefix(b"|").unwrap_or(bytes);
    bytes.strip_suffix(b"|").unwrap_or(bytes)
}

/// A date with its time in one column.
fn dated(field: &[u8]) -> Option<Stamp> {
    let (stamp, _) = timestamp::take(field)?;
    (stamp.day != Day::Unknown).then_some(stamp)
}

/// What programs write in front of a table: PowerShell the type, Excel the separator.
fn is_mark(bytes: &[u8]) -> bool {
    bytes.starts_with(b"#TYPE System.Diagnostics.") || matches!(bytes, b"sep=," | b"sep=;")
}

/// Whether a source is cut off, with dots or at the end of a line, and may be that of the MTA.
fn may_be_source(name: &[u8]) -> bool {
    let ends: [&[u8]; 3] = [b"...", b"\xe2\x80\xa6", b"\x85"];
    let kept = ends.iter().find_map(|it| name.strip_suffix(*it));
    let kept = kept.unwrap_or(name);
    let start = SOURCE
        .get(..kept.len())
        .filter(|it| it.len() < name.len().max(SOURCE.len()));
    let is_start = start.is_some_and(|it| it.eq_ignore_ascii_case(kept));
    is_start && !name.is_empty()
}

/// What was found in a row.
struct ParsedRow<'a> {
    at: Option<Stamp>,
    id: u32,
    origin: EventSource,
    computer: Option<&'a [u8]>,
}

impl ParsedRow<'_> {
    fn entry(&self, bytes: &[u8], line: u64) -> Entry {
        let computer = self.computer.and_then(Computer::named);
        let draft = PartialEntry::of_row(self.id, line, self.at, self.origin, computer);
        draft.with_text(bytes)
    }
}

fn heading(columns: &Columns<'_>) -> Option<Heading> {
    let fields = &columns.fields[..columns.count];
    let place = |label| {
        fields
            .iter()
            .position(|it| label::meaning_of(it) == Some(label))
    };
    if fields.len() < HEADING_MIN {
        return None;
    }
    let (id, long) = (place(Label::Id), place(Label::LongId));
    Some(Heading {
        date: [Label::Date, Label::Data, Label::Time]
            .into_iter()
            .find_map(place)?,
        id: id.or(long)?,
        is_long: id.is_none(),
        source: place(Label::Source),
        computer: place(Label::Computer),
        count: fields.len(),
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
