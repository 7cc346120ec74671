//! The two accesses that a failure hangs on.
//!
//! Owns [`Critical`]: which thread came to a word between two steps of another, as the accesses
//! of one run show it, and how it went on from there. It refuses to guess where none were
//! kept.

use std::collections::BTreeSet;
use std::fmt;

use kernel::{Duration, Instant};
use scenario::plan::{Before, Preemption, Scenario};
use scenario::{Footprint, Outcome};
use serde::Serialize;

/// The newest accesses looked at.
pub(crate) const FOOTPRINTS: u64 = 200_000;
/// Accesses told of how it went on, at most: the first and the last half.
const TOLD_MAX: usize = 24;
/// Accesses of the first thread before the pair, and half of those behind it, that say which words
/// it was at.
const NEAR: usize = 6;
/// Last accesses that are told whatever they are.
const LAST: usize = 2;
/// Accesses of a thread next to its preemption that may be half of the pair.
const REACH: usize = 24;

/// Two accesses of one word by two threads, and what came of their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Critical {
    /// The earlier access: thread, deed, place, value, file and line.
    pub earlier: String,
    /// The later one.
    pub later: String,
    /// Who was put aside around the two, if anybody was.
    pub put_aside: Option<String>,
    /// All accesses by which the two threads met there, in order.
    pub meeting: Vec<String>,
}

/// What is to be explained: where and when it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) host: &'a str,
    pub(crate) at: Instant,
    /// The threads concerned, the last one first; empty for whoever.
    pub(crate) threads: &'a [u16],
}

/// The critical pair of a run whose accesses were kept: around a preemption, or else the last
/// that nothing orders, or else the last word that went from one thread to the other.
pub(crate) fn pair(scenario: &Scenario, outcome: &Outcome, found: Found<'_>) -> Option<Critical> {
    let own = outcome.footprints.iter();
    let mut footprints: Vec<&Footprint> = own
        .filter(|footprint| footprint.host == found.host)
        .collect();
    // What an oracle finds when all threads have come to rest was done in the same breath.
    let breath = found.at.saturating_add(Duration::from_secs(1));
    footprints.retain(|footprint| footprint.at <= breath);
    let until_found = footprints.partition_point(|footprint| footprint.at <= found.at);
    around_preemption(scenario, &footprints[..until_found], found)
        .or_else(|| last_handover(&footprints, found))
        .or_else(|| last_race(&footprints[..until_found], found))
}

/// A thread was put aside between two of its steps, and another came to the same word.
fn around_preemption(
    scenario: &Scenario,
    footprints: &[&Footprint],
    found: Found<'_>,
) -> Option<Critical> {
    let pins = scenario.pins.preempt.iter();
    let windows = pins.filter(|pin| pin.host == found.host).filter_map(|pin| {
        let is_own = |footprint: &&Footprint| u32::from(footprint.number) == pin.thread;
        let meant = footprints.iter().position(|footprint| {
            let by_number = matches!(pin.before, Before::Call(_));
            let is_meant = by_number || footprint.preemption().before == pin.before;
            is_own(footprint) && footprint.put_aside && is_meant
        });
        // Where the process ended meanwhile, what the thread was about to do never came.
        let end = meant.unwrap_or(footprints.len());
        let begin = footprints[..end].iter().rposition(is_own)?;
        Some((pin, begin, end))
    });
    let mut best: Option<(usize, usize, &Preemption)> = None;
    for (pin, begin, end) in windows {
        let aside = footprints[begin].number;
        let others = || (begin + 1..end).filter(|at| footprints[*at].number != aside);
        // The step before that is the freshest is the one that became stale.
        let stale = (0..=begin)
            .rev()
            .filter(|at| footprints[*at].number == aside);
        let stale = stale.take(REACH).find_map(|before| {
            let other = others().find(|other| footprints[*other].conflicts(footprints[before]))?;
            Some((before, other))
        });
        let after = || {
            let own = (end..footprints.len()).filter(|at| footprints[*at].number == aside);
            own.take(REACH).find_map(|after| {
                let other =
                    others().rfind(|other| footprints[*other].conflicts(footprints[after]))?;
                Some((other, after))
            })
        };
        if let Some((earlier, later)) = stale.or_else(after)
            && best.is_none_or(|(_, known, _)| known < later)
        {
            best = Some((earlier, later, pin));
        }
    }
    let (earlier, later, pin) = best?;
    let aside = footprints
        .iter()
        .find(|it| u32::from(it.number) == pin.thread)?;
    let length = Instant::ZERO.saturating_add(pin.length);
    let words = format!(
        "{} ({:03}) was put aside for {length} s before {}",
        aside.thread, aside.number, pin.before
    );
    Some(critical(footprints, (earlier, later), Some(words)))
}

/// The last access that raced with one of another thread.
fn last_race(footprints: &[&Footprint], found: Found<'_>) -> Option<Critical> {
    let is_concerned = |footprint: &Footprint| {
        found
            .threads
            .first()
            .is_none_or(|it| *it == footprint.number)
    };
    let later = footprints
        .iter()
        .rposition(|footprint| footprint.raced && is_concerned(footprint))
        .or_else(|| footprints.iter().rposition(|footprint| footprint.raced))?;
    let earlier = footprints[..later]
        .iter()
        .rposition(|footprint| footprint.conflicts(footprints[later]))?;
    Some(critical(footprints, (earlier, later), None))
}

/// The last word that one of the two threads concerned wrote and the other one came to.
fn last_handover(footprints: &[&Footprint], found: Found<'_>) -> Option<Critical> {
    let [last, before, ..] = *found.threads else {
        return None;
    };
    let later = (0..footprints.len()).rev().find_map(|later| {
        let footprint = footprints[later];
        if footprint.number != last {
            return None;
        }
        let known = footprints[..later]
            .iter()
            .rposition(|it| it.address == footprint.address)?;
        (footprints[known].number == before && footprints[known].conflicts(footprint))
            .then_some((known, later))
    });
    Some(critical(footprints, later?, None))
}

/// The pair in words, and how the two threads met from there on: on the program's own words that
/// the first of them was at, and in the very last accesses, of which one may be the fatal one.
fn critical(
    footprints: &[&Footprint],
    (earlier, later): (usize, usize),
    put_aside: Option<String>,
) -> Critical {
    let pair = [footprints[earlier].number, footprints[later].number];
    let is_own = |footprint: &&&Footprint| footprint.number == pair[0] && !footprint.by_heap;
    let before = footprints[..=earlier]
        .iter()
        .rev()
        .filter(is_own)
        .take(NEAR);
    let after = footprints[earlier..].iter().filter(is_own).take(2 * NEAR);
    let near: BTreeSet<u32> = before
        .chain(after)
        .filter_map(|footprint| footprint.address)
        .collect();
    let met = &footprints[earlier..];
    let theirs = met.iter().filter(|footprint| footprint.number == pair[1]);
    let theirs: BTreeSet<u32> = theirs.filter_map(|footprint| footprint.address).collect();
    let is_shared = |footprint: &Footprint| {
        let word = footprint.address;
        let both = word.is_some_and(|word| near.contains(&word) && theirs.contains(&word));
        pair.contains(&footprint.number) && both
    };
    let told = met.iter().enumerate();
    let told = told.filter(|(index, footprint)| is_shared(footprint) || index + LAST >= met.len());
    let mut meeting: Vec<String> = told.map(|(_, footprint)| told_as(footprint)).collect();
    if meeting.len() > TOLD_MAX {
        let left_out = meeting.len() - TOLD_MAX;
        let half = TOLD_MAX / 2;
        meeting.drain(half..half + left_out);
        meeting.insert(half, format!("... {left_out} more ..."));
    }
    Critical {
        earlier: told_as(footprints[earlier]),
        later: told_as(footprints[later]),
        put_aside,
        meeting,
    }
}

fn told_as(footprint: &Footprint) -> String {
    format!("{} s  {}: {footprint}", footprint.at, footprint.host)
}

impl fmt::Display for Critical {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\nThe critical pair:")?;
        writeln!(formatter, "  {}\n  {}", self.earlier, self.later)?;
        if let Some(who) = &self.put_aside {
            writeln!(formatter, "  {who}")?;
        }
        writeln!(formatter, "\nHow the two met from there on:")?;
        for sentence in &self.meeting {
            writeln!(formatter, "  {sentence}")?;
        }
        Ok(())
    }
}
