//! Joins the files of one event log: parts of it, copies, and exports that overlap in part.
//!
//! An event that is in several files counts once. Two files of one log have the same events in the time that
//! both cover, unless one was filtered; so of the events with one id and one time, as many count as the file
//! with most of them has.

use std::collections::BTreeMap;
use std::time::Duration;

use super::disorder::{self, Disorder};
use super::entry::{Entry, TimedEntry};
use super::{STARTED, TOGETHER};
use crate::clock::{DateOrder, LogClock, Timestamp};

/// How far apart one event may be in EV0.LOG and in the application event log: each log has its own
/// reading of the clock, in whole seconds.
const BETWEEN_FORMS: Duration = TOGETHER;
/// How far apart one event may be if a file has no seconds.
const WITHOUT_SECONDS: Duration = Duration::from_secs(60);

/// A file of the log that was read to its end, oldest entry first.
#[derive(Clone, Debug)]
pub(super) struct EventFile {
    pub(super) name: String,
    /// The number of a part, such as 1 for EV1.LOG. Parts of a log do not overlap.
    pub(super) part: Option<u32>,
    pub(super) entries: Vec<TimedEntry>,
    /// Whether nothing tells if the oldest or the newest event is the first, and it matters.
    pub(super) may_be_reversed: bool,
    /// What its times mean if they go back.
    pub(super) disorder: Option<Disorder>,
}

/// Which event of a file is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileOrder {
    OldestFirst,
    NewestFirst,
    /// All events have one time, or none.
    Unknown,
}

/// All files of a log as one.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub(super) entries: Vec<TimedEntry>,
    /// The names of the files that have a part in it, oldest first.
    pub(super) used: Vec<String>,
    pub(super) notes: Vec<String>,
    /// Whether two files contradict each other.
    pub(super) is_contradictory: bool,
    files: Vec<Extent>,
}

/// The time that a file covers.
#[derive(Debug)]
struct Extent {
    name: String,
    part: Option<u32>,
    span: Option<LogSpan>,
    /// Whether all its entries could be read.
    is_readable: bool,
}

/// The first and the last time in a file.
#[derive(Clone, Copy, Debug)]
struct LogSpan {
    first: Timestamp,
    last: Timestamp,
}

impl EventFile {
    /// The entries in the order of time. Event Viewer saves the newest first.
    pub(super) fn new(
        name: &str,
        part: Option<u32>,
        mut entries: Vec<Entry>,
        order: DateOrder,
    ) -> Self {
        let steps = Steps::of(&entries, order);
        let file_order = steps.file_order();
        // A start of the service that is not the first event may be the oldest one of all.
        let starts = entries.iter().skip(1).any(|it| it.id == Some(STARTED));
        if file_order == FileOrder::NewestFirst {
            entries.reverse();
        }
        let (mut clock, mut near) = (LogClock::new(order), None);
        let timed = entries.into_iter().map(|entry| {
            let at = entry.at.map(|stamp| clock.read(stamp));
            near = at.or(near);
            let file = 0;
            TimedEntry {
                entry,
                at,
                near,
                file,
            }
        });
        let (entries, disorder) = disorder::resolve(timed.collect(), steps.are_mixed());
        Self {
            name: name.to_owned(),
            part,
            entries,
            may_be_reversed: file_order == FileOrder::Unknown && starts,
            disorder,
        }
    }

    fn span(&self) -> Option<LogSpan> {
        let times = || self.entries.iter().filter_map(|it| it.at);
        // A clock that was set back makes the last time earlier than others.
        Some(LogSpan {
            first: times().min()?,
            last: times().max()?,
        })
    }
}

/// How often the time rises and falls from one event to the next.
#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    forward: u64,
    back: u64,
}

impl Steps {
    fn of(entries: &[Entry], order: DateOrder) -> Self {
        // A clock that only compares neighbours: a time of day would always seem to go forward.
        let alone = |entry: &Entry| entry.at.map(|stamp| LogClock::new(order).read(stamp));
        let mut steps = Self::default();
        let times: Vec<Timestamp> = entries.iter().filter_map(alone).collect();
        for pair in times.windows(2).filter(|it| it[0].is_comparable(it[1])) {
            steps.forward += u64::from(pair[0] < pair[1]);
            steps.back += u64::from(pair[1] < pair[0]);
        }
        steps
    }

    /// All times of a file decide which event is the first.
    const fn file_order(self) -> FileOrder {
        match (self.forward, self.back) {
            (0, 0) => FileOrder::Unknown,
            (forward, back) if back > forward => FileOrder::NewestFirst,
            (_, _) => FileOrder::OldestFirst,
        }
    }

    /// Whether the times fall about as often as they rise, so that their order is not certain.
    fn are_mixed(self) -> bool {
        self.forward.min(self.back) * 2 >= self.forward.max(self.back)
    }
}

/// Joins files.
pub(super) fn join(mut files: Vec<EventFile>) -> Joined {
    // Files without times stay in the order in which they were given.
    files.sort_by_key(|it| it.span().map(|it| it.first));
    let mut joined = Joined::default();
    files.into_iter().for_each(|it| joined.add(it));
    joined
}

impl Joined {
    fn add(&mut self, mut file: EventFile) {
        let number = self.files.len();
        let extent = Extent {
            name: file.name.clone(),
            part: file.part,
            span: file.span(),
            is_readable: file.entries.iter().all(|it| it.entry.id.is_some()),
        };
        // What cannot be read in one file may be read in another.
        let readable: Vec<&Extent> = self.files.iter().filter(|it| it.is_readable).collect();
        file.entries.retain(|it| {
            it.entry.id.is_some() || !readable.iter().any(|other| other.contains(it.near))
        });
        if extent.is_readable {
            self.entries
                .retain(|it| it.entry.id.is_some() || !extent.contains(it.near));
        }
        file.entries.iter_mut().for_each(|it| it.file = number);
        let shared = self.shared(&file.entries, &extent);
        let (count, own) = (file.entries.len(), shared.own.len());
        let both = names(shared.others.iter().map(|it| &self.files[*it].name));
        let name = &extent.name;
        if shared.is_contradictory {
            self.is_contradictory = true;
            let other = names(
                self.files
                    .iter()
                    .filter(|it| it.overlaps(&extent))
                    .map(|it| &it.name),
            );
            self.notes.push(format!(
                "{name}: left out, because {other} covers the same time and none of the events of both \
                 is the same: they may be of two computers, so the events decide nothing"
            ));
        } else if own == 0 && count > 0 {
            self.notes.push(format!(
                "{name}: left out, because its {count} events are all in {both} too"
            ));
        } else if own < count {
            let twice = count - own;
            let is = if twice == 1 { "is" } else { "are" };
            self.notes.push(format!(
                "{name}: {twice} of its {count} events {is} in {both} too and count once"
            ));
            self.take_in(shared.own, &extent);
        } else {
            self.take_in(shared.own, &extent);
        }
        self.files.push(extent);
    }

    fn take_in(&mut self, own: Vec<TimedEntry>, extent: &Extent) {
        if own.is_empty() {
            return;
        }
        self.used.push(extent.name.clone());
        let is_later = match (self.entries.last(), own.first()) {
            (Some(last), Some(first)) => last.near <= first.near,
            _ => true,
        };
        self.entries.extend(own);
        if !is_later && extent.span.is_some() {
            self.entries.sort_by_key(|it| it.near);
        }
    }

    /// Which entries of a file are in the files before it too.
    fn shared(&self, entries: &[TimedEntry], extent: &Extent) -> SharedEntries {
        let may_share: Vec<bool> = self.files.iter().map(|it| it.may_share(extent)).collect();
        let mut by_id: BTreeMap<u32, EarlierEntries<'_>> = BTreeMap::new();
        for timed in self.entries.iter().filter(|it| may_share[it.file]) {
            if let Some(id) = timed.entry.id.filter(|_| timed.near.is_some()) {
                let known = by_id.entry(id).or_default();
                known.lacks_seconds |= lacks_seconds(timed);
                known.entries.push(timed);
            }
        }
        let mut shared = SharedEntries::default();
        for timed in entries {
            let known = timed.entry.id.and_then(|id| by_id.get_mut(&id));
            match known.and_then(|it| it.take(timed)) {
                Some(file) if shared.others.contains(&file) => {}
                Some(file) => shared.others.push(file),
                None => shared.own.push(*timed),
            }
        }
        // Events with one id that alternate between two files without one in both.
        let alternate = |(id, known): (&u32, &EarlierEntries<'_>)| {
            let of_id = entries.iter().filter(|it| it.entry.id == Some(*id));
            known.alternates(of_id.filter_map(|it| it.near))
        };
        shared.is_contradictory = shared.others.is_empty() && by_id.iter().any(alternate);
        shared
    }
}

/// The entries with one id of the files before.
#[derive(Default)]
struct EarlierEntries<'a> {
    entries: Vec<&'a TimedEntry>,
    is_taken: Vec<bool>,
    /// Those before are taken, or too early for what follows.
    from: usize,
    lacks_seconds: bool,
}

/// What a file has in common with those before it.
#[derive(Default)]
struct SharedEntries {
    /// The entries that only this file has.
    own: Vec<TimedEntry>,
    /// The files that have the others.
    others: Vec<usize>,
    is_contradictory: bool,
}

impl EarlierEntries<'_> {
    /// Whether these times begin before the known ones end, and end after they begin.
    fn alternates(&self, times: impl Iterator<Item = Timestamp> + Clone) -> bool {
        let own = times.clone().min().zip(times.max());
        let known = self.entries.first().zip(self.entries.last());
        let both = own.zip(known);
        both.is_some_and(|((from, to), (first, last))| {
            first.near <= Some(to) && Some(from) <= last.near
        })
    }

    /// Finds the same entry, once; the number of its file.
    fn take(&mut self, timed: &TimedEntry) -> Option<usize> {
        let at = timed.near?;
        self.is_taken.resize(self.entries.len(), false);
        let reach = match self.lacks_seconds || lacks_seconds(timed) {
            true => WITHOUT_SECONDS,
            false => BETWEEN_FORMS,
        };
        // What is taken or too early is not looked at again.
        while let Some(known) = self.entries.get(self.from)
            && (self.is_taken[self.from] || at.since(known.near?) > reach)
        {
            self.from += 1;
        }
        for index in self.from..self.entries.len() {
            if self.entries[index].near?.since(at) > reach {
                return None;
            }
            if !self.is_taken[index] && is_same_time(self.entries[index], timed) {
                self.is_taken[index] = true;
                return Some(self.entries[index].file);
            }
        }
        None
    }
}

/// Whether two entries can be of the same time.
fn is_same_time(one: &TimedEntry, other: &TimedEntry) -> bool {
    let (Some(at), Some(then)) = (one.near, other.near) else {
        return false;
    };
    if !at.is_comparable(then) {
        return false;
    }
    let apart = at.since(then).max(then.since(at));
    match (lacks_seconds(one), lacks_seconds(other)) {
        // A time without seconds is that of the start of its minute.
        (true, false) => at <= then && apart < WITHOUT_SECONDS,
        (false, true) => then <= at && apart < WITHOUT_SECONDS,
        (true, true) => at == then,
        (false, false) if one.entry.is_text_form == other.entry.is_text_form => at == then,
        (false, false) => apart <= BETWEEN_FORMS,
    }
}

fn lacks_seconds(timed: &TimedEntry) -> bool {
    timed.entry.at.is_some_and(|it| !it.has_seconds)
}

impl Extent {
    fn overlaps(&self, other: &Self) -> bool {
        let spans = self.span.zip(other.span);
        spans.is_some_and(|(one, other)| one.first <= other.last && other.first <= one.last)
    }

    fn contains(&self, at: Option<Timestamp>) -> bool {
        let span = self.span.zip(at);
        span.is_some_and(|(span, at)| span.first <= at && at < span.last)
    }

    /// Whether both files can have the same event. Parts of one log follow each other, perhaps within one
    /// second; copies of the parts overlap for longer.
    fn may_share(&self, other: &Self) -> bool {
        let are_parts = self
            .part
            .zip(other.part)
            .is_some_and(|(one, other)| one != other);
        let Some((one, two)) = self.span.zip(other.span) else {
            return false;
        };
        let common = one.last.min(two.last).since(one.first.max(two.first));
        // Without seconds or in another form, one event may seem to be later.
        !are_parts || common > BETWEEN_FORMS
    }
}

/// `a`, `a and b`, or `a, b and c`.
fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
