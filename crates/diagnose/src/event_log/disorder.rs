//! Times that go back within one file of events.
//!
//! Exports that overlap, one below the other, have the same events in the time that both cover: each counts
//! once. Otherwise the clock was set back, or the lines were moved, or exports were put together without an
//! overlap; nothing tells which. The order of the file and the order of the times are then both possible, and
//! the events decide only what they say in both.

use std::collections::BTreeMap;

use super::entry::TimedEntry;
use super::{RunEvents, TOGETHER, service_runs};
use crate::clock::Timestamp;

/// The largest number of exports in one file. More places at which the times go back are no exports.
const EXPORTS_MAX: usize = 16;

/// What it means that the times of a file go back, and the line at which they do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disorder {
    /// The file has several exports that overlap: so many events are in two of them.
    Exports { line: u64, twice: usize },
    /// The events say the same in the order of the file and in that of their times.
    Harmless { line: u64 },
    /// They do not.
    Undecided { line: u64 },
}

/// The events with one id and one time.
type Key = (u32, Timestamp);

/// A part of a file in which no time goes back.
struct Rising {
    entries: Vec<TimedEntry>,
    counts: BTreeMap<Key, usize>,
    span: Option<(Timestamp, Timestamp)>,
}

/// Entries, oldest first as far as the file tells, in the order of their times; and what it means if that is
/// another order.
/// If they fall about as often as they rise, the newest event may be the first.
pub(super) fn resolve(
    entries: Vec<TimedEntry>,
    may_be_reversed: bool,
) -> (Vec<TimedEntry>, Option<Disorder>) {
    let parts = rising(&entries);
    let Some(line) = parts.get(1).and_then(|it| it.entries.first()) else {
        return (entries, None);
    };
    let line = line.entry.line;
    let (mut kept, twice) = without_copies(&parts);
    kept.sort_by_key(|it| it.near);
    let disorder = match (twice, parts.len()) {
        (0, _) => {
            let mut reversed = entries.clone();
            reversed.reverse();
            let says_the_same = is_same_in_both_orders(&entries, &kept)
                && (!may_be_reversed || is_same_in_both_orders(&reversed, &kept));
            match says_the_same {
                true => Disorder::Harmless { line },
                false => Disorder::Undecided { line },
            }
        }
        // Where one export ends and another begins from its other end, one event may be in both.
        (_, ..=EXPORTS_MAX) if !may_be_reversed && agree(&parts) => {
            Disorder::Exports { line, twice }
        }
        (_, _) => Disorder::Undecided { line },
    };
    (kept, Some(disorder))
}

/// The parts of a file between the places at which its times go back.
fn rising(entries: &[TimedEntry]) -> Vec<Rising> {
    let mut parts: Vec<Rising> = Vec::new();
    let mut latest: Option<Timestamp> = None;
    for timed in entries {
        let falls = latest
            .zip(timed.at)
            .is_some_and(|(latest, at)| latest.since(at) > TOGETHER);
        if falls || parts.is_empty() {
            parts.push(Rising {
                entries: Vec::new(),
                counts: BTreeMap::new(),
                span: None,
            });
        }
        latest = timed.at.or(latest);
        let part = parts.last_mut().expect("one was just added");
        part.entries.push(*timed);
        if let Some(at) = timed.at {
            let (from, to) = part.span.unwrap_or((at, at));
            part.span = Some((from.min(at), to.max(at)));
        }
        if let Some(key) = key(timed) {
            *part.counts.entry(key).or_default() += 1;
        }
    }
    parts
}

fn key(timed: &TimedEntry) -> Option<Key> {
    timed.entry.id.zip(timed.at)
}

/// All entries, those of one id and one time as often as the part with most of them has them; and how many
/// were left out.
fn without_copies(parts: &[Rising]) -> (Vec<TimedEntry>, usize) {
    let (mut kept, mut twice) = (Vec::new(), 0);
    let mut known: BTreeMap<Key, usize> = BTreeMap::new();
    for part in parts {
        let mut own: BTreeMap<Key, usize> = BTreeMap::new();
        for timed in &part.entries {
            if let Some(key) = key(timed) {
                let count = own.entry(key).or_default();
                *count += 1;
                let most = known.entry(key).or_default();
                if *count <= *most {
                    twice += 1;
                    continue;
                }
                *most = *count;
            }
            kept.push(*timed);
        }
    }
    (kept, twice)
}

/// Whether all parts have the same events in the time that they share. An export may begin or end within a
/// second.
fn agree(parts: &[Rising]) -> bool {
    let pairs = parts.iter().enumerate().flat_map(|(index, one)| {
        let others = parts[index + 1..].iter();
        others.map(move |other| (one, other))
    });
    pairs.into_iter().all(|(one, other)| {
        let Some(((from, to), (first, last))) = one.span.zip(other.span) else {
            return true;
        };
        let (from, to) = (from.max(first), to.min(last));
        let is_as_often = |(key, count): (&Key, &usize), in_other: &Rising| {
            let is_shared = from < key.1 && key.1 < to;
            !is_shared || in_other.counts.get(key) == Some(count)
        };
        one.counts.iter().all(|it| is_as_often(it, other))
            && other.counts.iter().all(|it| is_as_often(it, one))
    })
}

/// Whether the runs of the service have the same calls in both orders. An event without a time may belong
/// anywhere.
fn is_same_in_both_orders(as_written: &[TimedEntry], by_time: &[TimedEntry]) -> bool {
    let said = |entries: &[TimedEntry]| -> Vec<_> {
        let runs = service_runs(entries);
        runs.iter().map(RunEvents::what_it_says).collect()
    };
    as_written.iter().all(|it| it.at.is_some()) && said(as_written) == said(by_time)
}
