//! Parses the entries of an application event log, in all forms in which people have them.
//!
//! | form | where from |
//! |---|---|
//! | `Event ID: 289`, `Date: 6/6/2001 8:05:00 AM` | articles |
//! | `Event ID:` `Date:` `Time:` on lines of their own | the clipboard of Windows 2000 and later |
//! | `6/6/2001,8:05:00 AM,MSExchangeMTA,...,289,...` | Event Viewer, saved as text (tabs) or CSV |
//! | `message NMI289: ...` | EV0.LOG of the MTA |
//!
//! Labels may be English, German or French.

use crate::text::Line;
use crate::timestamp::{self, Day, Stamp};

/// Event id: no control block was free.
const EXHAUSTED: u32 = 9156;
/// The source of the MTA's events.
const SOURCE: &[u8] = b"MSExchangeMTA";
/// The longest label, in bytes.
const LABEL_MAX: usize = 40;

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: u32,
    pub(super) line: u64,
    pub(super) at: Option<Stamp>,
    /// Whether it is an event of another program than the MTA.
    pub(super) is_foreign: bool,
    pub(super) is_main_base: bool,
    pub(super) pool: Option<u64>,
}

/// An entry of which some lines have been read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Draft {
    id: Option<(u32, u64)>,
    stamp: Option<Stamp>,
    date: Option<Day>,
    time: Option<i64>,
    has_type: bool,
    origin: Option<Origin>,
    /// What follows is free text.
    is_described: bool,
    is_main_base: bool,
    pool: Option<u64>,
}

/// The program that logged an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Mta,
    Other,
}

/// What a line is to the entry before it.
pub(super) enum Effect {
    /// It may be part of it.
    None,
    /// It begins the entry with its id; the entry before it, if any, is complete.
    Begins(Option<Entry>),
    /// It is a whole entry, of a table; the entry before it, if any, is complete.
    Whole(Option<Entry>, Entry),
    /// It begins an entry, with something other than its id.
    Opens(Option<Entry>),
}

/// The meaning of a label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Type,
    Source,
    Id,
    Date,
    Time,
    Description,
}

impl Draft {
    /// Takes in the next line.
    pub(super) fn on_line(&mut self, line: Line<'_>) -> Effect {
        let bytes = line.bytes.trim_ascii();
        if let Some(entry) = row(bytes, line.number) {
            return Effect::Whole(std::mem::take(self).entry(), entry);
        }
        if let Some(id) = header(bytes) {
            // In the article's form the id comes first; in the clipboard's form, type and source do.
            let previous = match self.id {
                Some(_) => std::mem::take(self).entry(),
                None => None,
            };
            self.id = Some((id, line.number));
            self.is_described = false;
            return Effect::Begins(previous);
        }
        let Some((label, value)) = labelled(bytes) else {
            self.on_text(bytes);
            return Effect::None;
        };
        let is_next = match label {
            Label::Type => self.id.is_some() || self.has_type,
            Label::Source => !self.is_described && self.id.is_some() && self.origin.is_some(),
            Label::Id | Label::Date | Label::Time | Label::Description => false,
        };
        let previous = is_next.then(|| std::mem::take(self).entry()).flatten();
        self.on_label(label, value);
        self.on_text(bytes);
        match is_next {
            true => Effect::Opens(previous),
            false => Effect::None,
        }
    }

    fn on_label(&mut self, label: Label, value: &[u8]) {
        match label {
            Label::Type => {
                self.has_type = true;
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
            Label::Description => self.is_described = true,
            Label::Source | Label::Date | Label::Time | Label::Id => {}
        }
    }

    /// Reads what may be anywhere in an entry: the pool's size, the thread, and the time in EV0.LOG,
    /// `(BASE IL TCP/IP DRVR(8) Proc 262) 06-06-01 03:36:27pm`.
    fn on_text(&mut self, bytes: &[u8]) {
        let in_brackets = bytes.starts_with(b"(").then(|| after(bytes, b") "));
        let stamp = in_brackets.flatten().and_then(timestamp::take);
        self.stamp = self.stamp.or(stamp.map(|it| it.0));
        if self.id.is_some_and(|it| it.0 == EXHAUSTED) {
            self.is_main_base |= memchr::memmem::find(bytes, b"MAIN BASE").is_some();
            let count = after(bytes, b"configured count is ").and_then(leading_number);
            self.pool = self.pool.or(count);
        }
    }

    /// Whether an entry has begun.
    pub(super) const fn is_open(&self) -> bool {
        self.id.is_some() || self.has_type || self.origin.is_some()
    }

    /// The entry; `None` if it has no id.
    pub(super) fn entry(self) -> Option<Entry> {
        let (id, line) = self.id?;
        let apart = self.date.zip(self.time);
        let apart = apart.map(|(day, millis)| Stamp { day, millis });
        Some(Entry {
            id,
            line,
            at: self.stamp.or(apart),
            is_foreign: self.origin == Some(Origin::Other),
            is_main_base: self.is_main_base,
            pool: self.pool,
        })
    }
}

/// A row of a table as Event Viewer saves it: date and time in one column or two, then an id in a column
/// of its own. The order of columns differs between versions, so columns are known by their content.
fn row(bytes: &[u8], number: u64) -> Option<Entry> {
    let separator = [b'\t', b',', b';'].into_iter().find(|separator| {
        let columns = bytes.iter().filter(|it| *it == separator);
        columns.count() >= 4
    })?;
    let columns = || {
        let columns = bytes.split(move |it| *it == separator);
        columns.map(|it| it.trim_ascii().trim_ascii_start())
    };
    let columns = || columns().map(unquoted);
    // Some versions put the type in front of the date.
    let dated_at = columns()
        .take(3)
        .position(|it| timestamp::take_date(it).is_some())?;
    let dated = columns().nth(dated_at)?;
    let (day, after) = timestamp::take_date(dated)?;
    let (stamp, id_from) = if let Some((stamp, _)) = timestamp::take(dated) {
        (stamp, dated_at + 1)
    } else if let Some(millis) = timestamp::whole_time(after.trim_ascii()) {
        (Stamp { day, millis }, dated_at + 1)
    } else {
        let millis = timestamp::whole_time(columns().nth(dated_at + 1)?)?;
        (Stamp { day, millis }, dated_at + 2)
    };
    let is_number = |it: &&[u8]| !it.is_empty() && it.iter().all(u8::is_ascii_digit);
    let id = leading_number(columns().skip(id_from).find(is_number)?)?;
    let mut draft = Draft {
        id: Some((u32::try_from(id).ok()?, number)),
        stamp: Some(stamp),
        origin: Some(origin(columns().nth(id_from)?)),
        ..Draft::default()
    };
    draft.on_text(bytes);
    draft.entry()
}

fn unquoted(column: &[u8]) -> &[u8] {
    let inner = column.strip_prefix(b"\"");
    let inner = inner.and_then(|it| it.strip_suffix(b"\""));
    inner.unwrap_or(column).trim_ascii()
}

/// The program of this name. Dr. Watson logs how the MTA ended.
fn origin(source: &[u8]) -> Origin {
    let is = |name: &[u8]| source.eq_ignore_ascii_case(name);
    match source.is_empty() || is(SOURCE) || is(b"DrWatson") {
        true => Origin::Mta,
        false => Origin::Other,
    }
}

/// What follows the last occurrence of `words` in `bytes`.
fn after<'a>(bytes: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::rfind(bytes, words)?;
    Some(&bytes[at + words.len()..])
}

fn leading_number(bytes: &[u8]) -> Option<u64> {
    let length = bytes.iter().take_while(|it| it.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()
}

/// The id of the entry that a line begins: `Event ID: 9215`, `Event ID 9215`, or
/// `message NMI9215: Internal Operating System Error, severity 14`.
fn header(bytes: &[u8]) -> Option<u32> {
    let id = match bytes.strip_prefix(b"message NMI") {
        Some(rest) => leading_number(rest)?,
        None => {
            let at = bytes.iter().position(u8::is_ascii_digit)?;
            let (label, value) = bytes.split_at(at);
            let label = label.trim_ascii_end();
            let label = label.strip_suffix(b":").unwrap_or(label);
            if meaning_of(label) != Some(Label::Id) {
                return None;
            }
            // `Event ID 9215 is not conclusive` is a sentence about an event.
            let is_alone = value.iter().all(u8::is_ascii_digit);
            is_alone.then(|| leading_number(value))??
        }
    };
    u32::try_from(id).ok()
}

/// The label at the start of a line, and what follows.
fn labelled(bytes: &[u8]) -> Option<(Label, &[u8])> {
    let colon = memchr::memchr(b':', bytes)?;
    let label = meaning_of(&bytes[..colon])?;
    Some((label, bytes[colon + 1..].trim_ascii_start()))
}

/// The meaning of a label. Letters beyond ASCII are left out, since their bytes depend on the code page,
/// and case and spaces do not matter.
fn meaning_of(label: &[u8]) -> Option<Label> {
    if label.len() > LABEL_MAX {
        return None;
    }
    let mut plain = [0; LABEL_MAX];
    let letters = label.iter().filter(|it| it.is_ascii_alphabetic());
    let mut length = 0;
    for letter in letters {
        plain[length] = letter.to_ascii_lowercase();
        length += 1;
    }
    Some(match &plain[..length] {
        // English, then German, then French.
        b"eventtype" | b"ereignistyp" | b"typedvnement" => Label::Type,
        b"eventsource" | b"source" | b"ereignisquelle" | b"quelle" | b"sourcedelvnement"
        | b"sourcedvnement" => Label::Source,
        b"eventid" | b"ereigniskennung" | b"ereignisid" | b"ereigniskennungid"
        | b"iddelvnement" | b"iddvnement" | b"idvnement" | b"vnement" => Label::Id,
        b"date" | b"datum" => Label::Date,
        b"time" | b"zeit" | b"uhrzeit" | b"heure" => Label::Time,
        b"description" | b"beschreibung" => Label::Description,
        _ => return None,
    })
}
