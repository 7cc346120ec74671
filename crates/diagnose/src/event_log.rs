//! Reads the application event log, in the text forms of Event Viewer and EV0.LOG.
//!
//! Its events alone diagnose no block: "only the Winsock.log file can properly diagnose this problem"
//! (Q303102). They add how many calls were given up, and times.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::text::Line;
use crate::timestamp::{self, Timestamp};

/// The largest number of service runs kept, the latest ones.
const SERVICES_MAX: usize = 10_000;
/// The largest number of distinct event ids counted; a log has fewer.
const IDS_MAX: usize = 1_000;

/// Event id: the service has started.
const STARTED: u32 = 9298;
/// Event id: a call was given up.
const NOT_OPENED: u32 = 289;
/// Event id: no control block was free.
const EXHAUSTED: u32 = 9156;
/// Event id: a check failed, or an exception ended the process.
const UNEXPECTED: u32 = 9405;
/// Events at most this far apart belong together: the log shows whole seconds.
const TOGETHER: Duration = Duration::from_secs(1);

/// What an event says about a leak of control blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It occurs on bad networks, with or without a leak.
    Symptom,
    /// It follows from a leak, but may have other causes.
    Consequence,
    /// It frees all blocks.
    Boundary,
    /// It belongs to another kind of failure.
    Elsewhere,
}

/// The events with one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// The number of events.
    pub count: u64,
    /// The line of the first.
    pub first_line: u64,
    /// The line of the last.
    pub last_line: u64,
}

/// The content of an application event log.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    entry: Option<Pending>,
    by_id: BTreeMap<u32, Events>,
    services: VecDeque<ServiceRun>,
    pool: Option<u64>,
}

/// The calls that were given up during a service run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The number of calls.
    pub calls: u64,
    /// Of these, the calls given up in the second in which the process failed. It may have failed
    /// before it released their blocks.
    pub in_doubt: u64,
}

/// An entry that may have more lines.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: u32,
    line: u64,
    at: Option<Timestamp>,
    is_main_base: bool,
    pool: Option<u64>,
}

/// The events of one service run.
#[derive(Clone, Copy, Debug, Default)]
struct ServiceRun {
    is_whole: bool,
    not_opened: u64,
    refused: u64,
    /// The last calls that were given up together.
    latest_not_opened: (Option<Timestamp>, u64),
    /// See [`GivenUp::in_doubt`].
    in_doubt: u64,
    began: Option<Timestamp>,
    latest: Option<Timestamp>,
}

impl EventLog {
    /// Takes in a line. Returns whether it begins an entry.
    pub fn on_line(&mut self, line: Line<'_>) -> bool {
        let bytes = line.bytes.trim_ascii();
        if let Some(id) = header(bytes) {
            self.end_entry();
            self.entry = Some(Pending {
                id,
                line: line.number,
                at: None,
                is_main_base: false,
                pool: None,
            });
            return true;
        }
        if let Some(entry) = &mut self.entry {
            entry.take_in(bytes);
        }
        false
    }

    /// Ends the log.
    pub fn finish(&mut self) {
        self.end_entry();
    }

    fn end_entry(&mut self) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        let Pending { id, line, .. } = entry;
        // Bounded memory: text that only looks like events must not fill it.
        if self.by_id.len() < IDS_MAX || self.by_id.contains_key(&id) {
            let events = self.by_id.entry(id).or_insert(Events {
                count: 0,
                first_line: line,
                last_line: line,
            });
            events.count += 1;
            events.last_line = line;
        }
        // A log that starts late has events of a service run whose start is missing.
        if id == STARTED || self.services.is_empty() {
            self.services.push_back(ServiceRun {
                is_whole: id == STARTED,
                began: entry.at,
                ..ServiceRun::default()
            });
            if self.services.len() > SERVICES_MAX {
                self.services.pop_front();
            }
        }
        self.pool = entry.pool.or(self.pool);
        if let Some(service) = self.services.back_mut() {
            service.take_in(&entry);
        }
    }

    /// Whether it has any entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The events, by id.
    pub fn events(&self) -> impl Iterator<Item = (u32, Events)> + '_ {
        self.by_id.iter().map(|(id, events)| (*id, *events))
    }

    /// The size of the pool, as event 9156 gives it.
    #[must_use]
    pub const fn pool(&self) -> Option<u64> {
        self.pool
    }

    /// How many calls were given up in a service run, not counting those that failed because no block was
    /// free. The last service run is number 0. `None` if the log does not contain all of it.
    #[must_use]
    pub fn given_up(&self, from_end: usize) -> Option<GivenUp> {
        let service = self.service(from_end)?;
        if !service.is_whole {
            return None;
        }
        Some(GivenUp {
            calls: service.not_opened.checked_sub(service.refused)?,
            in_doubt: service.in_doubt,
        })
    }

    /// How long a service run lasted, from its start to its last event. The last one is number 0.
    #[must_use]
    pub fn lasted(&self, from_end: usize) -> Option<Duration> {
        let service = self.service(from_end)?;
        Some(service.latest?.since(service.began?))
    }

    fn service(&self, from_end: usize) -> Option<ServiceRun> {
        let index = self.services.len().checked_sub(from_end + 1)?;
        self.services.get(index).copied()
    }
}

impl ServiceRun {
    fn take_in(&mut self, entry: &Pending) {
        self.latest = entry.at.or(self.latest);
        // Only MAIN BASE makes calls: a 9156 of a driver is about an incoming one, which has no 289.
        self.refused += u64::from(entry.id == EXHAUSTED && entry.is_main_base);
        let (last, count) = self.latest_not_opened;
        let are_together = entry
            .at
            .zip(last)
            .is_some_and(|(at, last)| at.since(last) <= TOGETHER);
        if entry.id == NOT_OPENED {
            self.not_opened += 1;
            self.latest_not_opened = (entry.at, if are_together { count + 1 } else { 1 });
        }
        if entry.id == UNEXPECTED && are_together {
            self.in_doubt = count;
        } else if !are_together {
            // The process did not fail: it has logged something later.
            self.in_doubt = 0;
        }
    }
}

impl Pending {
    /// Reads the time, the pool size and the reporting thread. Neither form has them in a fixed line.
    fn take_in(&mut self, bytes: &[u8]) {
        let dated = bytes.strip_prefix(b"Date:").map(<[u8]>::trim_ascii_start);
        // EV0.LOG: `(BASE IL TCP/IP DRVR(8) Proc 262) 06-06-01 03:36:27pm`.
        let dated = dated.or_else(|| bytes.starts_with(b"(").then(|| after(bytes, b") "))?);
        let at = dated.and_then(timestamp::take).map(|(at, _)| at);
        self.at = self.at.or(at);
        if self.id == EXHAUSTED {
            self.is_main_base |= memchr::memmem::find(bytes, b"MAIN BASE").is_some();
            let count = after(bytes, b"configured count is ").and_then(leading_number);
            self.pool = self.pool.or(count);
        }
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

/// The id of the entry that a line begins: `Event ID: 9215`, or
/// `message NMI9215: Internal Operating System Error, severity 14`.
fn header(bytes: &[u8]) -> Option<u32> {
    let rest = bytes
        .strip_prefix(b"Event ID:")
        .or_else(|| bytes.strip_prefix(b"message NMI"))?;
    leading_number(rest.trim_ascii_start()).and_then(|id| u32::try_from(id).ok())
}

/// What events with this id say about a leak of control blocks, with the source; `None` for ids that are
/// unrelated to the socket layer.
#[must_use]
pub const fn meaning(id: u32) -> Option<(Weight, &'static str)> {
    Some(match id {
        9214 => (
            Weight::Symptom,
            "closesocket() failed: not conclusive (Q303102)",
        ),
        9215 => (
            Weight::Symptom,
            "connect() failed: not conclusive (Q303102)",
        ),
        9202 => (Weight::Symptom, "accept() failed (Q193380)"),
        9221 => (
            Weight::Symptom,
            "receiving failed: many connections end so (Q162674)",
        ),
        9224 => (Weight::Symptom, "sending failed (Q152941)"),
        9236 => (Weight::Symptom, "the peer closed (Q151626)"),
        289 => (Weight::Symptom, "a call was given up (Q196381)"),
        1294 => (Weight::Symptom, "an association broke (Q157630)"),
        9156 => (
            Weight::Consequence,
            "no control block is free: leaked, or the pool is too small (Q230497)",
        ),
        290 => (
            Weight::Consequence,
            "messages are returned, for example when no block is free (Q230497)",
        ),
        57 => (
            Weight::Consequence,
            "no more associations are allowed (Q194589)",
        ),
        9298 => (Weight::Boundary, "the service started (Q174695)"),
        9299 => (Weight::Boundary, "the service stopped (Q174695)"),
        9405 => (
            Weight::Elsewhere,
            "a failed check or an exception (Q152941)",
        ),
        4097 => (
            Weight::Elsewhere,
            "Dr. Watson logged the end of a process (Q157701)",
        ),
        9234 => (Weight::Elsewhere, "select() failed (Q170006)"),
        9225 => (
            Weight::Elsewhere,
            "a message that is invalid in the block's state (Q157701)",
        ),
        9301 => (
            Weight::Elsewhere,
            "a caller that is not configured (Q193380)",
        ),
        _ => return None,
    })
}

impl Weight {
    /// `symptom`, `consequence`, `boundary` or `elsewhere`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Symptom => "symptom",
            Self::Consequence => "consequence",
            Self::Boundary => "boundary",
            Self::Elsewhere => "elsewhere",
        }
    }
}

#[cfg(test)]
mod tests;
