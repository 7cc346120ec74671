//! Reads the application event log of one host, in one file or several.
//!
//! Its events alone diagnose no block: "only the Winsock.log file can properly diagnose this problem"
//! (Q303102). They add how many calls were given up, and times.

mod columns;
mod disorder;
mod entry;
mod label;
mod meaning;
mod merge;
mod notes;
mod parser;
mod partial_entry;
mod syslog;
mod table;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use self::disorder::Disorder;
use self::entry::{Computer, Entry, LoggingThread, TimedEntry};
pub use self::meaning::{Weight, meaning};
use self::merge::EventFile;
pub use self::notes::order_note;
use self::parser::Parser;
use crate::clock::{DateOrder, DateSurvey, OrderProof, Timestamp};
use crate::line::{self, LineForm};
use crate::text::{self, Line};

/// The largest number of service runs kept, the latest ones.
const SERVICES_MAX: usize = 10_000;
/// The largest number of distinct event ids counted; a log has fewer.
const IDS_MAX: usize = 1_000;
/// The largest number of entries read of one file. EV0.LOG is renamed at 5 MB (Q163325).
const ENTRIES_MAX: usize = 2_000_000;

/// Event id: the service has started.
const STARTED: u32 = 9298;
/// Event id: the service has stopped.
const STOPPED: u32 = 9299;
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
    /// The file that is being read.
    file: OpenFile,
    files: Vec<ReadFile>,
    by_id: BTreeMap<u32, Events>,
    services: VecDeque<RunEvents>,
    pool: Option<u64>,
    /// The names of the files that count, oldest first.
    used: Vec<String>,
    notes: Vec<String>,
    order: Option<DateOrder>,
    /// The computer whose events are wanted.
    computer: Option<Computer>,
    unread: u64,
    /// Why no service run has all its events.
    lacks: bool,
}

/// A file that is being read.
#[derive(Clone, Debug, Default)]
struct OpenFile {
    parser: Parser,
    /// In the order of the file.
    entries: Vec<Entry>,
    /// Lines since the last event that may be events.
    between: Vec<Entry>,
    /// Lines of no event.
    left_out: notes::SkippedLines,
    /// Lines of a Winsock.log.
    winsock: notes::SkippedLines,
}

/// A file that was read to its end.
#[derive(Clone, Debug)]
struct ReadFile {
    name: String,
    part: Option<u32>,
    entries: Vec<Entry>,
    order: DateOrder,
    proof: OrderProof,
}

/// The calls that were given up during a service run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The number of calls.
    pub calls: u64,
    /// Of these, the calls given up in the second in which the process failed. It may have failed
    /// before it released their blocks.
    pub in_doubt: u64,
    /// How many more may have been given up: the log does not tell which thread found no free block.
    pub perhaps: u64,
    /// Whether the run has an event about a pool without a free block.
    pub has_refusals: bool,
    /// Whether the log has an event about a call that was given up, of any run: one of which these were
    /// filtered out has none.
    pub shows_calls: bool,
    /// Whether the log goes on to the end of the service run. Otherwise more calls may have been given up
    /// after its last event.
    pub is_complete: bool,
}

/// The events of one service run.
#[derive(Clone, Copy, Debug, Default)]
struct RunEvents {
    is_whole: bool,
    /// The service has stopped.
    has_stopped: bool,
    not_opened: u64,
    refused: u64,
    /// Events about a pool without a free block whose text does not tell if a call was refused.
    perhaps_refused: u64,
    /// Events whose id cannot be read.
    unread: u64,
    /// When the last call was given up.
    last_not_opened: Option<Timestamp>,
    /// How many calls were given up together with it, and itself.
    given_up_together: u64,
    /// See [`GivenUp::in_doubt`].
    in_doubt: u64,
    /// The line of a failure of which the times do not tell how many calls are in doubt.
    undated_failure: Option<u64>,
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

    /// A line of another log follows: an entry of several lines ends.
    pub fn interrupt(&mut self) {
        let ended = self.file.parser.interrupt();
        self.file.entries.extend(ended);
    }

    /// Takes in a line. Returns whether it shows that this is an event log: it has the id of an entry, or
    /// is a row of a table.
    pub fn on_line(&mut self, line: Line<'_>) -> bool {
        let file = &mut self.file;
        let found = file.parser.on_line(line);
        if found.entries.iter().any(Option::is_some) {
            let before = std::mem::take(&mut file.between);
            file.entries.extend(before);
        }
        let entries = found.entries.into_iter().flatten();
        // Bounded memory: text that only looks like events must not fill it.
        file.entries
            .extend(entries.take(ENTRIES_MAX.saturating_sub(file.entries.len())));
        file.left_out.take_back(found.above, line.number);
        let read = line::parse(line.bytes, line.is_ended).filter(|_| !found.is_event);
        let is_nothing = found.is_used || line.is_blank() || text::is_remark(line.bytes);
        let is_winsock = read.is_some_and(|it| it.form != LineForm::Unknown);
        if read.is_some() {
            file.winsock.add(line);
        } else if !is_nothing {
            file.left_out.add(line);
        }
        // It may be an event, damaged.
        let may_be_event = !is_nothing && !is_winsock && !file.entries.is_empty();
        if may_be_event && file.between.len() < ENTRIES_MAX {
            file.between.push(Entry::unread(line.number));
        }
        found.is_event
    }

    /// Whether the last line belongs to an entry.
    #[must_use]
    pub const fn is_in_entry(&self) -> bool {
        self.file.parser.is_in_entry()
    }

    /// Ends a file of the log. Further lines are of another file of the same host. `part` is the number of
    /// a part of a log, 1 for EV1.LOG: such parts follow each other.
    pub fn end_file(&mut self, name: &str, part: Option<u32>) {
        let mut file = std::mem::take(&mut self.file);
        let lacks_source = file.parser.lacks_source();
        file.entries.extend(file.parser.end());
        let mut survey = DateSurvey::default();
        let mut entries = file.entries;
        let notes = notes::of_file(name, &entries, file.left_out, file.winsock);
        self.notes.extend(notes);
        self.notes
            .extend(lacks_source.then(|| notes::lacks_source(name)));
        self.unread += file.winsock.count;
        entries.retain(|it| !it.is_foreign);
        let stamps = entries.iter().filter_map(|it| it.at);
        stamps.for_each(|it| survey.add(it));
        let (order, proof) = survey.order();
        self.files.push(ReadFile {
            name: name.to_owned(),
            part,
            entries,
            order,
            proof,
        });
    }

    /// The newest part of the log is missing: its service runs are not the last ones.
    pub fn without_end(&mut self) {
        self.lacks = true;
    }

    /// Only the events of this computer are wanted, if the log has events of several.
    pub fn of_computer(&mut self, name: &str) {
        self.computer = Computer::named(name.as_bytes());
    }

    /// Ends the log.
    pub fn finish(&mut self) {
        if self.file.parser.is_in_entry() || !self.file.entries.is_empty() {
            self.end_file("", None);
        }
        let mut files = std::mem::take(&mut self.files);
        self.choose_computer(&mut files);
        self.choose_order(&mut files);
        let files = files.into_iter().map(|it| {
            let order = self.order.unwrap_or(it.order);
            EventFile::new(&it.name, it.part, it.entries, order)
        });
        let files: Vec<EventFile> = files.collect();
        for file in &files {
            self.lacks |=
                file.may_be_reversed || matches!(file.disorder, Some(Disorder::Undecided { .. }));
            self.notes.extend(notes::of_order(file));
        }
        let joined = merge::join(files);
        self.notes.extend(joined.notes);
        self.lacks |= joined.is_contradictory;
        self.used = joined.used;
        for TimedEntry { entry, at, .. } in &joined.entries {
            self.take_in(entry, *at);
        }
        let undated = self.services.iter().find_map(|it| it.undated_failure);
        self.notes.extend(undated.map(notes::undated_failure));
    }

    /// Leaves the events of one computer. Which one is told by the name of the other log.
    fn choose_computer(&mut self, files: &mut [ReadFile]) {
        let entries = || files.iter().flat_map(|it| &it.entries);
        let found: BTreeSet<Computer> = entries().filter_map(|it| it.computer).collect();
        let wanted = self.computer.filter(|it| found.contains(it));
        if found.len() < 2 {
            if let (Some(only), Some(other)) = (found.first(), self.computer)
                && *only != other
            {
                self.notes.push(notes::other_computer(*only, other));
                self.lacks = true;
            }
            return;
        }
        let Some(wanted) = wanted else {
            self.notes.push(notes::several_computers(&found));
            self.lacks = true;
            return;
        };
        let is_other = |it: &Entry| it.computer.is_some_and(|it| it != wanted);
        let others = entries().filter(|it| is_other(it)).count();
        self.notes.push(notes::left_out_computers(others, wanted));
        for file in files {
            file.entries.retain(|it| !is_other(it));
        }
    }

    /// A file whose dates can be read in both orders takes that of the others, if one of them shows it.
    fn choose_order(&mut self, files: &mut [ReadFile]) {
        if self.order.is_some() {
            return;
        }
        let shown = files.iter().find(|it| it.proof == OrderProof::Calendar);
        let shown = shown.map(|it| it.order);
        for file in files {
            match (shown, file.proof) {
                (
                    Some(order),
                    OrderProof::NotNeeded | OrderProof::Undecided | OrderProof::ShorterGaps(_),
                ) => {
                    file.order = order;
                }
                (_, proof) => {
                    let note = order_note(&file.name, file.order, proof);
                    self.notes.extend(note);
                }
            }
        }
    }

    fn take_in(&mut self, entry: &Entry, at: Option<Timestamp>) {
        let Entry { id, line, .. } = *entry;
        self.unread += u64::from(id.is_none());
        if let Some(id) = id
            && (self.by_id.len() < IDS_MAX || self.by_id.contains_key(&id))
        {
            let events = self.by_id.entry(id).or_insert(Events {
                count: 0,
                first_line: line,
                last_line: line,
            });
            events.count += 1;
            events.last_line = line;
        }
        self.pool = entry.pool.or(self.pool);
        add_to(&mut self.services, entry, at);
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

    /// The names of the files that count, oldest first.
    #[must_use]
    pub fn used(&self) -> &[String] {
        &self.used
    }

    /// How many events and lines of a Winsock.log could not be read.
    #[must_use]
    pub const fn unread(&self) -> u64 {
        self.unread
    }

    /// The size of the pool, as event 9156 gives it.
    #[must_use]
    pub const fn pool(&self) -> Option<u64> {
        self.pool
    }

    /// The number of service runs, of which the first may have begun before the log.
    #[must_use]
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// How many calls were given up in a service run, not counting those that failed because no block was
    /// free. The last service run is number 0. `None` if the log does not contain its start, or events of it
    /// cannot be read.
    #[must_use]
    pub fn given_up(&self, from_end: usize) -> Option<GivenUp> {
        let service = self.service(from_end)?;
        let is_certain = service.unread == 0 && service.undated_failure.is_none();
        if !service.is_whole || !is_certain || self.lacks {
            return None;
        }
        let calls = service.not_opened.checked_sub(service.refused)?;
        let perhaps = service.perhaps_refused.min(calls);
        Some(GivenUp {
            calls: calls - perhaps,
            perhaps,
            in_doubt: service.in_doubt,
            has_refusals: service.refused + service.perhaps_refused > 0,
            shows_calls: self.by_id.contains_key(&NOT_OPENED),
            is_complete: from_end > 0 || service.has_stopped,
        })
    }

    /// How long a service run lasted, from its start to its last event. The last one is number 0.
    #[must_use]
    pub fn lasted(&self, from_end: usize) -> Option<Duration> {
        let service = self.service(from_end)?;
        Some(service.latest?.since(service.began?))
    }

    fn service(&self, from_end: usize) -> Option<RunEvents> {
        let index = self.services.len().checked_sub(from_end + 1)?;
        self.services.get(index).copied()
    }
}

/// Adds an entry to the service run that it belongs to, which is the last one or begins with it.
fn add_to(services: &mut VecDeque<RunEvents>, entry: &Entry, at: Option<Timestamp>) {
    let starts = entry.id == Some(STARTED);
    // A log that starts late has events of a service run whose start is missing.
    if starts || services.is_empty() {
        services.push_back(RunEvents {
            is_whole: starts,
            began: at,
            ..RunEvents::default()
        });
        if services.len() > SERVICES_MAX {
            services.pop_front();
        }
    }
    if let Some(service) = services.back_mut() {
        service.take_in(entry, at);
    }
}

/// The service runs of entries in this order.
fn service_runs(entries: &[TimedEntry]) -> VecDeque<RunEvents> {
    let mut services = VecDeque::new();
    let entries = entries.iter();
    entries.for_each(|it| add_to(&mut services, &it.entry, it.at));
    services
}

impl RunEvents {
    /// Everything that a diagnosis depends on.
    fn what_it_says(&self) -> (bool, bool, bool, [u64; 5]) {
        (
            self.is_whole,
            self.has_stopped,
            self.undated_failure.is_some(),
            [
                self.not_opened,
                self.refused,
                self.perhaps_refused,
                self.unread,
                self.in_doubt,
            ],
        )
    }

    fn take_in(&mut self, entry: &Entry, at: Option<Timestamp>) {
        self.latest = at.or(self.latest);
        // Only MAIN BASE makes calls: a 9156 of a driver is about an incoming one, which has no 289.
        self.unread += u64::from(entry.id.is_none());
        let is_exhausted = entry.id == Some(EXHAUSTED);
        self.refused += u64::from(is_exhausted && entry.thread == LoggingThread::MainBase);
        let is_of_any = entry.thread == LoggingThread::Unknown;
        self.perhaps_refused += u64::from(is_exhausted && is_of_any);
        self.has_stopped |= entry.id == Some(STOPPED);
        let count = self.given_up_together;
        let together = at.zip(self.last_not_opened);
        let are_together = together.is_some_and(|(at, last)| at.since(last) <= TOGETHER);
        if entry.id == Some(NOT_OPENED) {
            self.not_opened += 1;
            self.last_not_opened = at;
            self.given_up_together = if are_together { count + 1 } else { 1 };
        }
        if entry.id == Some(UNEXPECTED) && self.not_opened > 0 && together.is_none() {
            self.undated_failure = Some(entry.line);
        }
        if entry.id == Some(UNEXPECTED) && are_together {
            self.in_doubt = count;
        } else if !are_together {
            // The process did not fail: it has logged something later.
            self.in_doubt = 0;
        }
    }
}

#[cfg(test)]
mod tests;
