//! Reads the application event log of one host, in one file or several.
//!
//! Its events alone diagnose no block: "only the Winsock.log file can properly diagnose this problem"
//! (Q303102). They add how many calls were given up, and times.

mod entry;
mod meaning;

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use self::entry::{Draft, Effect, Entry};
pub use self::meaning::{Weight, meaning};
use crate::clock::{Clock, DateOrder, DateSurvey, OrderProof, Timestamp};
use crate::text::Line;

/// The largest number of service runs kept, the latest ones.
const SERVICES_MAX: usize = 10_000;
/// The largest number of distinct event ids counted; a log has fewer.
const IDS_MAX: usize = 1_000;
/// The largest number of entries read of one file. EV0.LOG is renamed at 5 MB (Q163325).
const ENTRIES_MAX: usize = 2_000_000;

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

/// The events with one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// The number of events.
    pub count: u64,
    /// The line of the first, in the order of time.
    pub first_line: u64,
    /// The line of the last.
    pub last_line: u64,
}

/// The content of an application event log.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    draft: Draft,
    /// The entries of the file that is being read, in its order.
    entries: Vec<Entry>,
    files: Vec<EventFile>,
    by_id: BTreeMap<u32, Events>,
    services: VecDeque<ServiceRun>,
    pool: Option<u64>,
    notes: Vec<String>,
    order: Option<DateOrder>,
    /// See [`EventLog::without_end`].
    lacks_end: bool,
}

/// A file of the log that was read to its end, oldest entry first.
#[derive(Clone, Debug)]
struct EventFile {
    name: String,
    entries: Vec<(Entry, Option<Timestamp>)>,
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
    /// An empty log whose dates have this order of day and month; `None` if each file decides it.
    #[must_use]
    pub fn new(order: Option<DateOrder>) -> Self {
        Self {
            order,
            ..Self::default()
        }
    }

    /// Takes in a line. Returns whether it has the id of an entry.
    pub fn on_line(&mut self, line: Line<'_>) -> bool {
        let (found, has_id) = match self.draft.on_line(line) {
            Effect::None => return false,
            Effect::Opens(previous) => ([previous, None], false),
            Effect::Begins(previous) => ([previous, None], true),
            Effect::Whole(previous, entry) => ([previous, Some(entry)], true),
        };
        found.into_iter().flatten().for_each(|it| self.push(it));
        has_id
    }

    /// Whether the last line belongs to an entry.
    #[must_use]
    pub const fn is_in_entry(&self) -> bool {
        self.draft.is_open()
    }

    fn push(&mut self, entry: Entry) {
        // Bounded memory: text that only looks like events must not fill it.
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry);
        }
    }

    /// Ends a file of the log. Further lines are of another file of the same host.
    pub fn end_file(&mut self, name: &str) {
        let last = std::mem::take(&mut self.draft).entry();
        last.into_iter().for_each(|it| self.push(it));
        let mut entries = std::mem::take(&mut self.entries);
        if entries.len() == ENTRIES_MAX {
            self.notes.push(format!(
                "{name}: only the first {ENTRIES_MAX} events are read"
            ));
        }
        let foreign = entries.iter().filter(|it| it.is_foreign).count();
        if foreign > 0 {
            self.notes.push(format!(
                "{name}: {foreign} events of other sources are left out"
            ));
        }
        entries.retain(|it| !it.is_foreign);
        let mut survey = DateSurvey::default();
        let stamps = entries.iter().filter_map(|it| it.at);
        stamps.for_each(|it| survey.add(it));
        let (found, proof) = survey.order();
        let order = self.order.unwrap_or(found);
        if self.order.is_none() {
            self.notes.extend(order_note(name, found, proof));
        }
        self.files.push(EventFile {
            name: name.to_owned(),
            entries: in_time(entries, order),
        });
    }

    /// The newest part of the log is missing: its service runs are not the last ones.
    pub fn without_end(&mut self) {
        self.lacks_end = true;
    }

    /// Ends the log.
    pub fn finish(&mut self) {
        if self.draft.is_open() || !self.entries.is_empty() {
            self.end_file("");
        }
        let mut files = std::mem::take(&mut self.files);
        // Without times, the order in which the files were given. Of two that begin together, the longer one
        // covers the other.
        files.sort_by_key(|it| (it.began(), Reverse(it.ended())));
        let mut latest: Option<EventFile> = None;
        for file in files {
            // Two records of the same time would count each event twice.
            if let Some(other) = latest.as_ref().filter(|it| it.covers(&file)) {
                let (name, count, other) = (&file.name, file.entries.len(), &other.name);
                self.notes.push(format!(
                    "{name}: its {count} events are left out, because {other} covers the same time"
                ));
                continue;
            }
            for (entry, at) in &file.entries {
                self.take_in(entry, *at);
            }
            if file.ended().is_some() {
                latest = Some(file);
            }
        }
    }

    fn take_in(&mut self, entry: &Entry, at: Option<Timestamp>) {
        let Entry { id, line, .. } = *entry;
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
                began: at,
                ..ServiceRun::default()
            });
            if self.services.len() > SERVICES_MAX {
                self.services.pop_front();
            }
        }
        self.pool = entry.pool.or(self.pool);
        if let Some(service) = self.services.back_mut() {
            service.take_in(entry, at);
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

    /// What a reader should know of how the files were read, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
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
        if !service.is_whole || self.lacks_end {
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

/// The entries with their times, oldest first. Event Viewer saves the newest first.
fn in_time(mut entries: Vec<Entry>, order: DateOrder) -> Vec<(Entry, Option<Timestamp>)> {
    // A clock that only compares neighbours: a time of day would always seem to go forward.
    let alone = |entry: &Entry| entry.at.map(|stamp| Clock::new(order).read(stamp));
    let (mut forward, mut back) = (0_u64, 0_u64);
    let times: Vec<Timestamp> = entries.iter().filter_map(alone).collect();
    for pair in times.windows(2) {
        forward += u64::from(pair[0] < pair[1]);
        back += u64::from(pair[1] < pair[0]);
    }
    if back > forward {
        entries.reverse();
    }
    let mut clock = Clock::new(order);
    let timed = entries.into_iter().map(|entry| {
        let at = entry.at.map(|stamp| clock.read(stamp));
        (entry, at)
    });
    timed.collect()
}

/// What to say about the order of day and month in a file.
#[must_use]
pub fn order_note(name: &str, order: DateOrder, proof: OrderProof) -> Option<String> {
    let order = order.word();
    match proof {
        OrderProof::NotNeeded | OrderProof::Calendar => None,
        OrderProof::ShorterGaps(gap) => {
            let days = gap.as_secs() / 86_400;
            Some(format!(
                "{name}: dates are read {order}; the other order is possible, with a gap of {days} days"
            ))
        }
        OrderProof::Contradictory => Some(format!(
            "{name}: dates are of two forms; those that can be both are read {order}"
        )),
    }
}

impl EventFile {
    fn began(&self) -> Option<Timestamp> {
        self.entries.iter().find_map(|it| it.1)
    }

    fn ended(&self) -> Option<Timestamp> {
        self.entries.iter().rev().find_map(|it| it.1)
    }

    /// Whether a file that began no earlier has records of the same time. The next part of a log may begin
    /// in the second in which this one ends.
    fn covers(&self, later: &Self) -> bool {
        let (Some(end), Some(began)) = (self.ended(), later.began()) else {
            return false;
        };
        began < end || (began == end && self.ends_like(later))
    }

    /// Whether the last events of both have the same ids and times, as many as `later` has.
    fn ends_like(&self, later: &Self) -> bool {
        let told = |it: &(Entry, Option<Timestamp>)| (it.0.id, it.1);
        let own = self.entries.iter().map(told).rev();
        let same = own.zip(later.entries.iter().map(told).rev());
        later.entries.len() <= self.entries.len() && same.into_iter().all(|(own, it)| own == it)
    }
}

impl ServiceRun {
    fn take_in(&mut self, entry: &Entry, at: Option<Timestamp>) {
        self.latest = at.or(self.latest);
        // Only MAIN BASE makes calls: a 9156 of a driver is about an incoming one, which has no 289.
        self.refused += u64::from(entry.id == EXHAUSTED && entry.is_main_base);
        let (last, count) = self.latest_not_opened;
        let together = at.zip(last);
        let are_together = together.is_some_and(|(at, last)| at.since(last) <= TOGETHER);
        if entry.id == NOT_OPENED {
            self.not_opened += 1;
            self.latest_not_opened = (at, if are_together { count + 1 } else { 1 });
        }
        if entry.id == UNEXPECTED && are_together {
            self.in_doubt = count;
        } else if !are_together {
            // The process did not fail: it has logged something later.
            self.in_doubt = 0;
        }
    }
}

#[cfg(test)]
mod tests;
