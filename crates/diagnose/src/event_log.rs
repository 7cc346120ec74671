//! The application event log: what its events prove, and what they only accompany.
//!
//! Owns both forms of its text, Event Viewer's and EV0.LOG's, and the weight of each event id.
//! It refuses a verdict on any block: "only the Winsock.log file can properly diagnose this
//! problem" (Q303102). What it adds is how many calls were given up, and times.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::stamp::{self, Stamp};
use crate::text::Line;

/// Runs of the service that are remembered, the latest.
const SERVICES_MAX: usize = 10_000;
/// Event ids that are counted; a log has fewer.
const IDS_MAX: usize = 1_000;

/// The service has started.
const STARTED: u32 = 9298;
/// A call was given up.
const NOT_OPENED: u32 = 289;
/// No control block was free.
const EXHAUSTED: u32 = 9156;
/// A check failed, or an exception ended the process.
const UNEXPECTED: u32 = 9405;
/// Events that are no further apart belong together; the log shows whole seconds.
const TOGETHER: Duration = Duration::from_secs(1);

/// What an event says about a leak of control blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It comes with bad networks, leak or no leak.
    Symptom,
    /// It follows from a leak, but from other things too.
    Consequence,
    /// It frees all blocks.
    Boundary,
    /// It belongs to another failure.
    Elsewhere,
}

/// The events of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// How many.
    pub count: u64,
    /// The line of the first.
    pub first_line: u64,
    /// The line of the last.
    pub last_line: u64,
}

/// What an application event log says.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    entry: Option<Pending>,
    by_id: BTreeMap<u32, Events>,
    services: VecDeque<Service>,
    pool: Option<u64>,
}

/// Calls that were given up during a run of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// All of them.
    pub calls: u64,
    /// Those in the second in which the process failed: it may not have come to close their
    /// blocks.
    pub in_doubt: u64,
}

/// An entry of which more lines may come.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: u32,
    line: u64,
    at: Option<Stamp>,
    is_main_base: bool,
    pool: Option<u64>,
}

/// The events of one run of the service.
#[derive(Clone, Copy, Debug, Default)]
struct Service {
    is_whole: bool,
    not_opened: u64,
    refused: u64,
    /// The last calls that were given up together.
    latest_not_opened: (Option<Stamp>, u64),
    /// See [`GivenUp::in_doubt`].
    in_doubt: u64,
    began: Option<Stamp>,
    latest: Option<Stamp>,
}

impl EventLog {
    /// Takes in a line. Whether it begins an entry.
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

    /// No more lines come.
    pub fn finish(&mut self) {
        self.end_entry();
    }

    fn end_entry(&mut self) {
        let Some(entry) = self.entry.take() else {
            return;
        };
        let Pending { id, line, .. } = entry;
        if self.by_id.len() < IDS_MAX || self.by_id.contains_key(&id) {
            let events = self.by_id.entry(id).or_insert(Events {
                count: 0,
                first_line: line,
                last_line: line,
            });
            events.count += 1;
            events.last_line = line;
        }
        if id == STARTED || self.services.is_empty() {
            self.services.push_back(Service {
                is_whole: id == STARTED,
                began: entry.at,
                ..Service::default()
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

    /// The events by id.
    pub fn events(&self) -> impl Iterator<Item = (u32, Events)> + '_ {
        self.by_id.iter().map(|(id, events)| (*id, *events))
    }

    /// The size of the pool, as event 9156 gives it.
    #[must_use]
    pub const fn pool(&self) -> Option<u64> {
        self.pool
    }

    /// How many calls were given up in a run of the service, the last being number 0, other than
    /// those refused for want of a block. `None` if the log does not have the whole of it.
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

    /// How long a run of the service lasted, from its start to its last event.
    #[must_use]
    pub fn lasted(&self, from_end: usize) -> Option<Duration> {
        let service = self.service(from_end)?;
        Some(service.latest?.since(service.began?))
    }

    fn service(&self, from_end: usize) -> Option<Service> {
        let place = self.services.len().checked_sub(from_end + 1)?;
        self.services.get(place).copied()
    }
}

impl Service {
    fn take_in(&mut self, entry: &Pending) {
        self.latest = entry.at.or(self.latest);
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
            // The process went on.
            self.in_doubt = 0;
        }
    }
}

impl Pending {
    /// Looks for the few things that matter. Neither form keeps them at a fixed place.
    fn take_in(&mut self, bytes: &[u8]) {
        let dated = bytes.strip_prefix(b"Date:").map(<[u8]>::trim_ascii_start);
        // EV0.LOG: `(BASE IL TCP/IP DRVR(8) Proc 262) 06-06-01 03:36:27pm`.
        let dated = dated.or_else(|| bytes.starts_with(b"(").then(|| behind(bytes, b") "))?);
        let at = dated.and_then(stamp::take).map(|(at, _)| at);
        self.at = self.at.or(at);
        if self.id == EXHAUSTED {
            self.is_main_base |= memchr::memmem::find(bytes, b"MAIN BASE").is_some();
            let count = behind(bytes, b"configured count is ").and_then(leading_number);
            self.pool = self.pool.or(count);
        }
    }
}

/// What follows the last `words` in `bytes`.
fn behind<'a>(bytes: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
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

/// What events of this id say about a leak of control blocks, with the source; `None` for ids
/// that have nothing to do with the socket layer.
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
            "receiving failed: so ends many a connection (Q162674)",
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
            "messages are returned, as for want of blocks (Q230497)",
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
        4097 => (Weight::Elsewhere, "Dr. Watson saw a process end (Q157701)"),
        9234 => (Weight::Elsewhere, "select() failed (Q170006)"),
        9225 => (
            Weight::Elsewhere,
            "a message that the block's state does not take (Q157701)",
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
