//! Parses the entries of an application event log, in all forms in which people have them.
//!
//! | form | where from |
//! |---|---|
//! | `Event ID: 289`, `Date: 6/6/2001 8:05:00 AM` | articles |
//! | `Event ID:` `Date:` `Time:` on lines of their own | the clipboard of Windows 2000 and later |
//! | `6/6/2001,8:05:00 AM,MSExchangeMTA,...,289,...` | Event Viewer, saved as text (tabs) or CSV |
//! | `message NMI289: ...` | EV0.LOG of the MTA |

use super::label::{Label, labelled, meaning_of};
use crate::text::Line;
use crate::timestamp::{self, Day, Stamp, TimeOfDay};

/// Event id: no control block was free.
const EXHAUSTED: u32 = 9156;
/// The source of the MTA's events.
const SOURCE: &[u8] = b"MSExchangeMTA";

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `None` if it could not be read.
    pub(super) id: Option<u32>,
    pub(super) line: u64,
    pub(super) at: Option<Stamp>,
    /// Whether it is an event of another program than the MTA.
    pub(super) is_foreign: bool,
    pub(super) computer: Option<Computer>,
    /// Whether it is in the form of EV0.LOG.
    pub(super) is_text_form: bool,
    pub(super) is_main_base: bool,
    pub(super) pool: Option<u64>,
}

/// The name of a computer: its first letters, without the domain, in upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Computer([u8; 15]);

/// An entry of which some lines have been read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartialEntry {
    id: Option<(u32, u64)>,
    first_line: u64,
    stamp: Option<Stamp>,
    date: Option<Day>,
    time: Option<TimeOfDay>,
    form: Form,
    origin: Option<EventSource>,
    computer: Option<Computer>,
    /// What follows is free text.
    is_described: bool,
    /// The line before is empty.
    is_after_blank: bool,
    is_main_base: bool,
    pool: Option<u64>,
}

/// The form of an entry of several lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// That of articles: the id comes first.
    #[default]
    Article,
    /// That of the clipboard: the type comes first.
    Clipboard,
    /// That of EV0.LOG.
    Text,
}

/// The program that logged an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventSource {
    Mta,
    Other,
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
}

impl PartialEntry {
    /// Takes in the next line that is not of a table.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> AddedEntries {
        let bytes = line.bytes.trim_ascii();
        let begins = self.begins(bytes);
        self.is_after_blank = bytes.is_empty();
        if let Some(begins) = begins {
            let mut entry = None;
            if begins.ends_previous {
                entry = std::mem::take(self).entry();
            }
            if begins.is_text_form {
                self.form = Form::Text;
            }
            // Labels may come before the id: the entry then began with the first of them.
            if !self.is_open() || begins.ends_previous {
                self.first_line = line.number;
            }
            self.id = begins.id.map(|id| (id, line.number));
            self.is_described = false;
            self.on_text(bytes);
            return AddedEntries {
                entries: [entry, None],
                is_event: true,
                is_used: true,
            };
        }
        let mut entry = None;
        if let Some((label, value)) = labelled(bytes) {
            // A label that an entry has only once begins the next one. Which comes first depends on the form: Event
            // Viewer prints the type or the source first, and the id later.
            let is_next = match label {
                Label::Type => self.id.is_some() || self.form == Form::Clipboard,
                Label::Source => !self.is_described && self.id.is_some() && self.origin.is_some(),
                Label::Id | Label::Date | Label::Time | Label::Computer | Label::Description => {
                    false
                }
            };
            if is_next {
                entry = std::mem::take(self).entry();
            }
            if !self.is_open() {
                self.first_line = line.number;
            }
            self.on_label(label, value);
        }
        self.on_text(bytes);
        AddedEntries {
            entries: [entry, None],
            is_event: false,
            is_used: self.is_open(),
        }
    }

    /// Whether a line begins an entry with its id.
    fn begins(&self, bytes: &[u8]) -> Option<Begins> {
        if let Some(rest) = bytes.strip_prefix(b"message NMI") {
            let id = leading_number(rest).and_then(|it| u32::try_from(it).ok());
            return Some(Begins {
                id,
                is_text_form: true,
                ends_previous: self.is_open(),
            });
        }
        // The line with the time of an entry whose first line is missing.
        let is_second = self.form == Form::Text && self.stamp.is_some();
        if (is_second || !self.is_open()) && text_form_time(bytes).is_some() {
            return Some(Begins {
                id: None,
                is_text_form: true,
                ends_previous: is_second,
            });
        }
        // The description of an event may name another one.
        if self.form == Form::Clipboard && self.is_described && !self.is_after_blank {
            return None;
        }
        // In the article's form the id comes first; in the clipboard's form, type and source do.
        Some(Begins {
            id: Some(labelled_id(bytes)?),
            is_text_form: false,
            ends_previous: self.id.is_some() || self.form == Form::Text,
        })
    }

    fn on_label(&mut self, label: Label, value: &[u8]) {
        match label {
            Label::Type => {
                self.form = Form::Clipboard;
                self.is_described = false;
            }
            Label::Source if !self.is_described => {
                self.origin = Some(origin(value));
            }
            Label::Date if !self.is_described => {
                self.stamp = self.stamp.or_else(|| timestamp::take(value).map(|it| it.0));
                self.date = self
                    .date
                    .or_else(|| timestamp::take_date(value).map(|it| it.0));
            }
            Label::Time if !self.is_described => {
                self.time = self.time.or_else(|| timestamp::whole_time(value));
            }
            Label::Computer if !self.is_described => {
                self.computer = self.computer.or_else(|| Computer::named(value));
            }
            Label::Description => self.is_described = true,
            Label::Source | Label::Date | Label::Time | Label::Computer | Label::Id => {}
        }
    }

    /// Reads what may be anywhere in an entry: the pool's size, the thread, and the time in EV0.LOG.
    fn on_text(&mut self, bytes: &[u8]) {
        self.stamp = self.stamp.or_else(|| text_form_time(bytes));
        if self.id.is_some_and(|it| it.0 == EXHAUSTED) {
            self.is_main_base |= memchr::memmem::find(bytes, b"MAIN BASE").is_some();
            let count = after(bytes, b"configured count is ").and_then(leading_number);
            self.pool = self.pool.or(count);
        }
    }

    /// Whether an entry has begun.
    pub(super) const fn is_open(&self) -> bool {
        self.id.is_some() || self.origin.is_some() || !matches!(self.form, Form::Article)
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
        // An entry without an id that may be one of the MTA.
        let is_unread = match self.form {
            Form::Text => true,
            Form::Clipboard => is_dated,
            Form::Article => is_dated && self.origin.is_some(),
        };
        if self.id.is_none() && (!is_unread || self.origin == Some(EventSource::Other)) {
            return None;
        }
        let apart = self.date.zip(self.time);
        Some(Entry {
            id: self.id.map(|it| it.0),
            line: self.id.map_or(self.first_line, |it| it.1),
            at: self.stamp.or_else(|| apart.map(|(day, time)| time.on(day))),
            is_foreign: self.origin == Some(EventSource::Other),
            computer: self.computer,
            is_text_form: self.form == Form::Text,
            is_main_base: self.is_main_base,
            pool: self.pool,
        })
    }
}

/// A line that begins an entry.
struct Begins {
    /// `None` if the id is missing.
    id: Option<u32>,
    is_text_form: bool,
    ends_previous: bool,
}

impl Entry {
    /// An entry of which only the place is known.
    pub(super) const fn unread(line: u64) -> Self {
        Self {
            id: None,
            line,
            at: None,
            is_foreign: false,
            computer: None,
            is_text_form: false,
            is_main_base: false,
            pool: None,
        }
    }
}

impl Computer {
    /// The computer of this name; `None` if no computer has such a name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let name = name.strip_prefix(b"\\\\").unwrap_or(name);
        let name = name.split(|it| *it == b'.').next()?.trim_ascii();
        let is_name = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
        if name.is_empty() || !name.iter().all(is_name) {
            return None;
        }
        let mut kept = [0; 15];
        let letters = kept.iter_mut().zip(name);
        letters.for_each(|(kept, letter)| *kept = letter.to_ascii_uppercase());
        Some(Self(kept))
    }

    /// The name as text.
    pub(super) fn text(self) -> String {
        let letters = self.0.into_iter().take_while(|it| *it != 0);
        letters.map(char::from).collect()
    }
}

/// The program of this name. Dr. Watson logs how the MTA ended.
pub(super) fn origin(source: &[u8]) -> EventSource {
    let is = |name: &[u8]| source.eq_ignore_ascii_case(name);
    match source.is_empty() || is(SOURCE) || is(b"DrWatson") {
        true => EventSource::Mta,
        false => EventSource::Other,
    }
}

/// What follows the last occurrence of `words` in `bytes`.
fn after<'a>(bytes: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::rfind(bytes, words)?;
    Some(&bytes[at + words.len()..])
}

pub(super) fn leading_number(bytes: &[u8]) -> Option<u64> {
    let length = bytes.iter().take_while(|it| it.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()
}

/// The time in EV0.LOG: `(BASE IL TCP/IP DRVR(8) Proc 262) 06-06-01 03:36:27pm`.
fn text_form_time(bytes: &[u8]) -> Option<Stamp> {
    let in_brackets = bytes.starts_with(b"(").then(|| after(bytes, b") "));
    Some(timestamp::take(in_brackets??)?.0)
}

/// The id that a label gives: `Event ID: 9215`, `Event ID 9215`, `Event ID: 9215 (0x23FF)`.
fn labelled_id(bytes: &[u8]) -> Option<u32> {
    let at = bytes.iter().position(u8::is_ascii_digit)?;
    let (label, value) = bytes.split_at(at);
    let label = label.trim_ascii_end();
    let label = label.strip_suffix(b":").unwrap_or(label);
    if meaning_of(label) != Some(Label::Id) {
        return None;
    }
    // `Event ID 9215 is not conclusive` is a sentence about an event.
    let length = value.iter().take_while(|it| it.is_ascii_digit()).count();
    let rest = value[length..].trim_ascii_start();
    let is_alone = rest.is_empty() || (rest.starts_with(b"(") && rest.ends_with(b")"));
    is_alone.then(|| u32::try_from(leading_number(value)?).ok())?
}
