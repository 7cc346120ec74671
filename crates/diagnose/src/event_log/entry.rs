//! An entry of an application event log: what is kept of it.

use crate::clock::Timestamp;
use crate::timestamp::Stamp;

/// The source of the MTA's events.
pub(super) const SOURCE: &[u8] = b"MSExchangeMTA";

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
    pub(super) thread: LoggingThread,
    pub(super) pool: Option<u64>,
}

/// An entry with its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimedEntry {
    pub(super) entry: Entry,
    /// Its own time.
    pub(super) at: Option<Timestamp>,
    /// Its own time, or else that of the one before it.
    pub(super) near: Option<Timestamp>,
    /// The number of its file, in the order of joining.
    pub(super) file: usize,
}

/// The thread that the text of an event names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LoggingThread {
    /// None of these.
    #[default]
    Unknown,
    /// MAIN BASE, which makes the calls.
    MainBase,
    /// A driver, which takes incoming calls.
    Driver,
}

/// The name of a computer: its first letters, without the domain, in upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Computer([u8; 15]);

/// The program that logged an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventSource {
    Mta,
    Other,
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
            thread: LoggingThread::Unknown,
            pool: None,
        }
    }
}

impl Computer {
    /// The computer of this name; `None` if no computer has such a name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        // `\\PARIS`, or with the domain of NT, `ORG\PARIS`.
        let from = memchr::memrchr(b'\\', name).map_or(0, |it| it + 1);
        let name = &name[from..];
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

pub(super) fn leading_number(bytes: &[u8]) -> Option<u64> {
    let length = bytes.iter().take_while(|it| it.is_ascii_digit()).count();
    std::str::from_utf8(&bytes[..length]).ok()?.parse().ok()
}
