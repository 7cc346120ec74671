//! Puts together entries of several lines, in all forms in which people have them.
//!
//! An entry begins at a line that only begins entries, at a label that the entry before it has already, or
//! behind an empty line at the label with which the first entry of the file began.

use super::entry::{Computer, Entry, EventSource, LoggingThread, leading_number, origin};
use super::label::{self, Label, labelled};
use crate::text::Line;
use crate::timestamp::{self, Day, Stamp, TimeOfDay};

/// Event id: no control block was free.
const EXHAUSTED: u32 = 9156;
/// The longest value of a damaged id, in bytes: a sentence is longer.
const ID_MAX: usize = 12;

/// An entry of which some lines have been read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartialEntry {
    id: Option<(u32, u64)>,
    long_id: Option<(u32, u64)>,
    first_line: u64,
    stamp: Option<Stamp>,
    date: Option<Day>,
    time: Option<TimeOfDay>,
    form: Form,
    origin: Option<EventSource>,
    computer: Option<Computer>,
    /// The labels that have been read, one bit each.
    labels: u16,
    free_text: FreeText,
    /// The id and the date that its description has: another event may follow whose first line is damaged.
    described: u16,
    /// The line before is empty.
    is_after_blank: bool,
    thread: LoggingThread,
    pool: Option<u64>,
}

/// The form of an entry of several lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// That of articles, in any order.
    #[default]
    Article,
    /// That of the clipboard: the type or the log comes first.
    Clipboard,
    /// That of `wevtutil`: `Event[0]:` comes first.
    Numbered,
    /// That of `psloglist`: `[17] MSExchangeMTA` comes first.
    Bracketed,
    /// That of EV0.LOG.
    Text,
}

/// Whether what follows is free text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum FreeText {
    #[default]
    None,
    /// A message, in the middle of an entry: its further lines are indented.
    Message,
    /// A description, to the end of the entry.
    Description,
}

/// What a line adds.
#[derive(Default)]
pub(super) struct AddedEntries {
    /// The entry that ended before this line, and the entry that this line is.
    pub(super) entries: [Option<Entry>; 2],
    /// Whether the line shows that this is an event log: it has the id of an entry.
    pub(super) is_event: bool,
    /// Whether the line belongs to an entry or to the heading of a table.
    pub(super) is_used: bool,
    /// How much of what is above belongs to the same entry or heading, too.
    pub(super) above: Above,
}

/// Lines above a line that belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Above {
    #[default]
    Nothing,
    /// The line before.
    Line,
    /// The lines before that have a label of any kind.
    Labels,
}

/// A line that begins an entry without a label.
struct Begins {
    form: Form,
    /// `None` if it has none, or it cannot be read.
    id: Option<u32>,
    origin: Option<EventSource>,
}

impl PartialEntry {
    /// Takes in the next line that is not of a table. `leading` is the label with which the first entry of
    /// the file began.
    pub(super) fn on_line(&mut self, line: Line<'_>, leading: &mut Option<Label>) -> AddedEntries {
        let bytes = line.bytes.trim_ascii();
        let was_blank = self.is_after_blank;
        if let Some(begins) = self.begins(bytes) {
            let entry = std::mem::take(self).entry();
            self.first_line = line.number;
            self.form = begins.form;
            self.origin = begins.origin;
            self.id = begins.id.map(|id| (id, line.number));
            self.on_text(bytes);
            return AddedEntries {
                entries: [entry, None],
                is_event: begins.form != Form::Bracketed,
                is_used: true,
                above: Above::Nothing,
            };
        }
        let (mut entry, mut above) = (None, Above::Nothing);
        let was_open = self.is_open();
        let is_indented = line.bytes.first().is_some_and(u8::is_ascii_whitespace);
        let may_be_label = !(self.free_text == FreeText::Message && is_indented);
        let had_id = self.id;
        if let Some((label, value)) = labelled(bytes).filter(|_| may_be_label) {
            if self.is_next(label, value, *leading, was_blank) {
                entry = std::mem::take(self).entry();
            }
            if !self.is_open() {
                self.first_line = line.number;
                leading.get_or_insert(label);
            }
            self.on_label(label, value, line.number);
            if !was_open && self.is_open() {
                above = Above::Labels;
            }
        }
        self.on_text(bytes);
        self.is_after_blank = bytes.is_empty();
        AddedEntries {
            entries: [entry, None],
            is_event: self.id.is_some() && self.id != had_id,
            is_used: self.is_open(),
            above,
        }
    }

    /// Whether a line begins an entry by its form.
    fn begins(&self, bytes: &[u8]) -> Option<Begins> {
        if let Some(rest) = bytes.strip_prefix(b"message NMI") {
            return Some(Begins {
                form: Form::Text,
                id: leading_number(rest).and_then(|it| u32::try_from(it).ok()),
                origin: None,
            });
        }
        // The line with the time of an entry whose first line is missing.
        let is_second = self.form == Form::Text && self.stamp.is_some();
        if (is_second || !self.is_open()) && text_form_time(bytes).is_some() {
            return Some(Begins {
                form: Form::Text,
                id: None,
                origin: None,
            });
        }
        if is_numbered(bytes) {
            return Some(Begins {
                form: Form::Numbered,
                id: None,
                origin: None,
            });
        }
        // The description of another form may have such a line.
        let may_be_bracketed = !self.is_open() || self.form == Form::Bracketed;
        bracketed(bytes)
            .filter(|_| may_be_bracketed)
            .map(|source| Begins {
                form: Form::Bracketed,
                id: None,
                origin: Some(origin(source)),
            })
    }

    /// Whether a label begins the next entry.
    fn is_next(
        &self,
        label: Label,
        value: &[u8],
        leading: Option<Label>,
        is_after_blank: bool,
    ) -> bool {
        let has_it = self.labels & label.bit() != 0;
        let is_leading = is_after_blank && leading == Some(label);
        match (self.form, label) {
            (_, Label::Description | Label::Message) => false,
            (Form::Text, _) => matches!(label, Label::Id | Label::Type | Label::Log),
            (_, Label::Type | Label::Log) => has_it || self.id.is_some(),
            // These only begin at a line of their own form.
            (Form::Numbered | Form::Bracketed, _) => false,
            // The description of an event may name another one.
            (form, Label::Id) if self.is_described() => {
                let may_be = form == Form::Article || is_after_blank;
                may_be && label::whole_id(value).is_some()
            }
            (_, _) if self.is_described() => is_leading,
            (_, Label::Id) if label::whole_id(value).is_none() => is_damaged_id(value) && has_it,
            (_, _) => has_it || (is_leading && self.labels != 0),
        }
    }

    fn on_label(&mut self, label: Label, value: &[u8], line: u64) {
        if self.is_described() {
            let is_part = (label == Label::Id && label::whole_id(value).is_some())
                || (label == Label::Date && timestamp::take_date(value).is_some());
            self.described |= if is_part { label.bit() } else { 0 };
            return;
        }
        self.free_text = FreeText::None;
        match label {
            Label::Type | Label::Log => {
                if self.form == Form::Article {
                    self.form = Form::Clipboard;
                }
            }
            Label::Source => self.origin = Some(origin(value)),
            Label::Id => match label::whole_id(value) {
                Some(id) => self.id = self.id.or(Some((id, line))),
                None if is_damaged_id(value) => {}
                None => return,
            },
            Label::LongId => {
                let id = label::whole_id(value).map(label::short_id);
                self.long_id = self.long_id.or(id.map(|id| (id, line)));
            }
            Label::Date => self.on_date(value),
            Label::Time => match timestamp::take(value) {
                // `psloglist` writes the id behind the time.
                Some((stamp, rest)) if stamp.day != Day::Unknown => {
                    self.stamp = self.stamp.or(Some(stamp));
                    if let Some((label, value)) = labelled(rest.trim_ascii()) {
                        self.on_label(label, value, line);
                        if self.form == Form::Bracketed {
                            self.free_text = FreeText::Description;
                        }
                    }
                }
                _ => self.time = self.time.or_else(|| timestamp::whole_time(value)),
            },
            Label::Computer => self.computer = self.computer.or_else(|| Computer::named(value)),
            Label::Description => self.free_text = FreeText::Description,
            Label::Message => self.free_text = FreeText::Message,
            Label::Index | Label::Data => {}
        }
        self.labels |= label.bit();
    }

    fn on_date(&mut self, value: &[u8]) {
        self.stamp = self.stamp.or_else(|| timestamp::take(value).map(|it| it.0));
        self.date = self
            .date
            .or_else(|| timestamp::take_date(value).map(|it| it.0));
    }

    /// Reads what may be anywhere in an entry: the pool's size, the thread, and the time in EV0.LOG.
    fn on_text(&mut self, bytes: &[u8]) {
        self.stamp = self.stamp.or_else(|| text_form_time(bytes));
        let names = |it: &[u8]| memchr::memmem::find(bytes, it).is_some();
        if names(b"MAIN BASE") {
            self.thread = LoggingThread::MainBase;
        } else if self.thread == LoggingThread::Unknown && names(b"DRVR") {
            self.thread = LoggingThread::Driver;
        }
        let count = after(bytes, b"configured count is ").and_then(leading_number);
        self.pool = self.pool.or(count);
    }

    fn is_described(&self) -> bool {
        self.free_text == FreeText::Description
    }

    /// Whether an entry has begun.
    pub(super) const fn is_open(&self) -> bool {
        self.id.is_some()
            || self.long_id.is_some()
            || self.origin.is_some()
            || self.stamp.is_some()
            || self.labels & (Label::Index.bit() | Label::Id.bit() | Label::Computer.bit()) != 0
            || !matches!(self.form, Form::Article)
    }

    /// What a row of a table says.
    pub(super) fn of_row(
        id: u32,
        line: u64,
        stamp: Option<Stamp>,
        origin: EventSource,
        computer: Option<Computer>,
    ) -> Self {
        Self {
            id: Some((id, line)),
            stamp,
            origin: Some(origin),
            computer,
            ..Self::default()
        }
    }

    /// The entry of a row with this text.
    pub(super) fn with_text(mut self, bytes: &[u8]) -> Entry {
        self.on_text(bytes);
        self.entry()
            .unwrap_or_else(|| Entry::unread(self.first_line))
    }

    /// The entry; `None` if it is none.
    pub(super) fn entry(self) -> Option<Entry> {
        let is_dated = self.stamp.is_some() || self.date.is_some() || self.time.is_some();
        let found = self.id.or(self.long_id);
        let has_another = self.described == Label::Id.bit() | Label::Date.bit();
        // An entry without an id that may be one of the MTA.
        let is_unread = match self.form {
            Form::Text => true,
            Form::Clipboard | Form::Numbered | Form::Bracketed => is_dated,
            Form::Article => {
                is_dated && (self.origin.is_some() || self.labels & Label::Id.bit() != 0)
            }
        };
        if found.is_none() && (!is_unread || self.origin == Some(EventSource::Other)) {
            return None;
        }
        let apart = self.date.zip(self.time);
        let is_exhausted = found.is_some_and(|it| it.0 == EXHAUSTED);
        Some(Entry {
            id: found.map(|it| it.0).filter(|_| !has_another),
            line: found.map_or(self.first_line, |it| it.1),
            at: self.stamp.or_else(|| apart.map(|(day, time)| time.on(day))),
            is_foreign: self.origin == Some(EventSource::Other),
            computer: self.computer,
            is_text_form: self.form == Form::Text,
            thread: self.thread,
            pool: self.pool.filter(|_| is_exhausted),
        })
    }
}

/// `Event[0]:` of `wevtutil`.
fn is_numbered(bytes: &[u8]) -> bool {
    let number = bytes.strip_prefix(b"Event[");
    let number = number.map(|it| it.strip_suffix(b":").unwrap_or(it));
    let number = number.and_then(|it| it.strip_suffix(b"]"));
    number.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
}

/// The source in `[17] MSExchangeMTA` of `psloglist`.
fn bracketed(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"[")?;
    let length = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    let source = rest[length..].strip_prefix(b"] ").filter(|_| length > 0)?;
    Some(source.trim_ascii())
}

/// Whether this stands where an id is expected, and is none.
fn is_damaged_id(value: &[u8]) -> bool {
    !value.is_empty() && value.len() <= ID_MAX && !value.contains(&b' ')
}

/// What follows the last occurrence of `words` in `bytes`.
fn after<'a>(bytes: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::rfind(bytes, words)?;
    Some(&bytes[at + words.len()..])
}

/// The time in EV0.LOG: `(BASE IL TCP/IP DRVR(8) Proc 262) 06-06-01 03:36:27pm`.
fn text_form_time(bytes: &[u8]) -> Option<Stamp> {
    let in_brackets = bytes.starts_with(b"(").then(|| after(bytes, b") "));
    Some(timestamp::take(in_brackets??)?.0)
}
