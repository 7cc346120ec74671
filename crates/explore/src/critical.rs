//! The two accesses that a failure hangs on.
//!
//! Owns [`Critical`]: which thread came to a word between two steps of another, as the accesses
//! of one run show it, and how it went on from there. It refuses to guess where none were
//! kept.

use std::collections::BTreeSet;
use std::fmt;

use kernel::{Duration, Instant};
use scenario::plan::{Preemption, Scenario};
use scenario::{Outcome, Touch};
use serde::Serialize;

/// The newest accesses looked at.
pub(crate) const TOUCHES: u64 = 200_000;
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
    let own = outcome.touches.iter();
    let mut touches: Vec<&Touch> = own.filter(|touch| touch.host == found.host).collect();
    // What an oracle finds when all threads have come to rest was done in the same breath.
    let breath = found.at.saturating_add(Duration::from_secs(1));
    touches.retain(|touch| touch.at <= breath);
    let until_found = touches.partition_point(|touch| touch.at <= found.at);
    around_preemption(scenario, &touches[..until_found], found)
        .or_else(|| last_handover(&touches, found))
        .or_else(|| last_race(&touches[..until_found], found))
}

/// A thread was put aside between two of its steps, and another came to the same word.
fn around_preemption(
    scenario: &Scenario,
    touches: &[&Touch],
    found: Found<'_>,
) -> Option<Critical> {
    let pins = scenario.pins.preempt.iter();
    let windows = pins.filter(|pin| pin.host == found.host).filter_map(|pin| {
        let is_own = |touch: &&Touch| u32::from(touch.number) == pin.thread;
        let meant = touches.iter().position(|touch| {
            is_own(touch)
                && touch.put_aside
                && touch.preemption().nth == pin.nth
                && (touch.deed, touch.of) == (pin.before, pin.of.as_str())
        });
        // Where the process ended meanwhile, what the thread was about to do never came.
        let end = meant.unwrap_or(touches.len());
        let begin = touches[..end].iter().rposition(is_own)?;
        Some((pin, begin, end))
    });
    let mut best: Option<(usize, usize, &Preemption)> = None;
    for (pin, begin, end) in windows {
        let aside = touches[begin].number;
        let others = || (begin + 1..end).filter(|at| touches[*at].number != aside);
        // The step before that is the freshest is the one that became stale.
        let stale = (0..=begin).rev().filter(|at| touches[*at].number == aside);
        let stale = stale.take(REACH).find_map(|before| {
            let other = others().find(|other| touches[*other].conflicts(touches[before]))?;
            Some((before, other))
        });
        let after = || {
            let own = (end..touches.len()).filter(|at| touches[*at].number == aside);
            own.take(REACH).find_map(|after| {
                let other = others().rfind(|other| touches[*other].conflicts(touches[after]))?;
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
    let aside = touches
        .iter()
        .find(|it| u32::from(it.number) == pin.thread)?;
    let Preemption {
        before, of, nth, ..
    } = pin;
    let length = Instant::ZERO.saturating_add(pin.length);
    let words = format!(
        "{} ({:03}) was put aside for {length} s before {before} number {nth} of {of}",
        aside.thread, aside.number
    );
    Some(critical(touches, (earlier, later), Some(words)))
}

/// The last access that raced with one of another thread.
fn last_race(touches: &[&Touch], found: Found<'_>) -> Option<Critical> {
    let is_concerned = |touch: &Touch| found.threads.first().is_none_or(|it| *it == touch.number);
    let later = touches
        .iter()
        .rposition(|touch| touch.raced && is_concerned(touch))
        .or_else(|| touches.iter().rposition(|touch| touch.raced))?;
    let earlier = touches[..later]
        .iter()
        .rposition(|touch| touch.conflicts(touches[later]))?;
    Some(critical(touches, (earlier, later), None))
}

/// The last word that one of the two threads concerned wrote and the other one came to.
fn last_handover(touches: &[&Touch], found: Found<'_>) -> Option<Critical> {
    let [last, before, ..] = *found.threads else {
        return None;
    };
    let later = (0..touches.len()).rev().find_map(|later| {
        let touch = touches[later];
        if touch.number != last {
            return None;
        }
        let known = touches[..later]
            .iter()
            .rposition(|it| it.address == touch.address)?;
        (touches[known].number == before && touches[known].conflicts(touch))
            .then_some((known, later))
    });
    Some(critical(touches, later?, None))
}

/// The pair in words, and how the two threads met from there on: on the program's own words that
/// the first of them was at, and in the very last accesses, of which one may be the fatal one.
fn critical(
    touches: &[&Touch],
    (earlier, later): (usize, usize),
    put_aside: Option<String>,
) -> Critical {
    let pair = [touches[earlier].number, touches[later].number];
    let is_own = |touch: &&&Touch| touch.number == pair[0] && !touch.by_heap;
    let before = touches[..=earlier].iter().rev().filter(is_own).take(NEAR);
    let after = touches[earlier..].iter().filter(is_own).take(2 * NEAR);
    let near: BTreeSet<u32> = before
        .chain(after)
        .filter_map(|touch| touch.address)
        .collect();
    let met = &touches[earlier..];
    let theirs = met.iter().filter(|touch| touch.number == pair[1]);
    let theirs: BTreeSet<u32> = theirs.filter_map(|touch| touch.address).collect();
    let is_shared = |touch: &Touch| {
        let word = touch.address;
        let both = word.is_some_and(|word| near.contains(&word) && theirs.contains(&word));
        pair.contains(&touch.number) && both
    };
    let told = met.iter().enumerate();
    let told = told.filter(|(index, touch)| is_shared(touch) || index + LAST >= met.len());
    let mut meeting: Vec<String> = told.map(|(_, touch)| told_as(touch)).collect();
    if meeting.len() > TOLD_MAX {
        let left_out = meeting.len() - TOLD_MAX;
        let half = TOLD_MAX / 2;
        meeting.drain(half..half + left_out);
        meeting.insert(half, format!("... {left_out} more ..."));
    }
    Critical {
        earlier: told_as(touches[earlier]),
        later: told_as(touches[later]),
        put_aside,
        meeting,
    }
}

fn told_as(touch: &Touch) -> String {
    format!("{} s  {}: {touch}", touch.at, touch.host)
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
