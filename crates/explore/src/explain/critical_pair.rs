//! The two accesses that a failure hangs on.
//!
//! Owns [`CriticalPair`]: which thread came to a word between two steps of another, as the accesses
//! of one run show it, and how it went on from there. It refuses to guess where none were
//! kept.

use std::collections::BTreeSet;
use std::fmt;

use config::plan::{OperationKind, Preemption, PreemptionPoint, Scenario};
use kernel::{Duration, Instant};
use serde::Serialize;
use simulation::{LoggedAccess, Outcome};

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
pub struct CriticalPair {
    /// The earlier access: thread, deed, place, value, file and line.
    pub earlier: String,
    /// The later one.
    pub later: String,
    /// Who was put aside around the two, if anybody was.
    pub preempted: Option<String>,
    /// All accesses by which the two threads met there, in order.
    pub interleaving: Vec<String>,
}

/// What is to be explained: where and when it was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailureContext<'a> {
    pub(crate) host: &'a str,
    pub(crate) at: Instant,
    /// The threads concerned, the last one first; empty for whoever.
    pub(crate) threads: &'a [u16],
}

/// The critical pair of a run whose accesses were kept: around a preemption, or else the last
/// that nothing orders, or else the last word that went from one thread to the other.
pub(crate) fn pair(
    scenario: &Scenario,
    outcome: &Outcome,
    found: FailureContext<'_>,
) -> Option<CriticalPair> {
    let own = outcome.access_log.iter();
    let mut footprints: Vec<&LoggedAccess> = own
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
    footprints: &[&LoggedAccess],
    found: FailureContext<'_>,
) -> Option<CriticalPair> {
    let pins = scenario.pins.preempt.iter();
    let own = pins.filter(|pin| pin.host == found.host);
    let windows = own.filter_map(|pin| Window::of(pin, footprints));
    let pairs = windows.filter_map(|window| Some((window.pair()?, window)));
    let ((earlier, later), window) = pairs.max_by_key(|((_, later), _)| *later)?;
    let aside = footprints[window.begin];
    let length = Instant::ZERO.saturating_add(window.pin.length);
    let words = format!(
        "{} ({:03}) was put aside for {length} s before {}, {}:{}",
        aside.thread, aside.number, window.pin.before, aside.file, aside.line
    );
    let other = window.other(earlier, later);
    let threads = [aside.number, footprints[other].number];
    Some(CriticalPair {
        earlier: told_as(footprints[earlier]),
        later: told_as(footprints[later]),
        preempted: Some(words),
        ..critical(footprints, earlier.min(window.begin), threads)
    })
}

/// What happened while a thread was put aside.
struct Window<'a> {
    footprints: &'a [&'a LoggedAccess],
    pin: &'a Preemption,
    /// What it was about to do.
    begin: usize,
    /// When it did, or the end where the process ended meanwhile.
    end: usize,
}

impl<'a> Window<'a> {
    fn of(pin: &'a Preemption, footprints: &'a [&'a LoggedAccess]) -> Option<Self> {
        let is_own = |footprint: &&LoggedAccess| u32::from(footprint.number) == pin.thread;
        let begin = footprints.iter().position(|footprint| {
            let by_number = matches!(pin.before, PreemptionPoint::Call(_));
            let is_meant = by_number || footprint.preemption().before == pin.before;
            is_own(footprint) && footprint.put_aside && is_meant
        })?;
        let back = footprints[begin + 1..].iter().position(is_own);
        Some(Self {
            footprints,
            pin,
            begin,
            end: back.map_or(footprints.len(), |back| begin + 1 + back),
        })
    }

    /// The places of the two accesses: what the thread was kept from writing, and another one read
    /// too soon; or what it had read or written, and another one changed or saw; or what it came
    /// to only afterwards.
    fn pair(&self) -> Option<(usize, usize)> {
        self.too_soon()
            .or_else(|| self.stale())
            .or_else(|| self.too_late())
    }

    fn others(&self) -> impl DoubleEndedIterator<Item = usize> {
        let aside = self.footprints[self.begin].number;
        let within = self.begin + 1..self.end;
        within.filter(move |at| self.footprints[*at].number != aside)
    }

    fn too_soon(&self) -> Option<(usize, usize)> {
        let meant = self.footprints[self.begin];
        let mut others = self.others();
        let read = others.find(|at| {
            let it = self.footprints[*at];
            it.address.is_some() && it.address == meant.address && it.deed == OperationKind::Read
        })?;
        (meant.deed == OperationKind::Write).then_some((self.begin, read))
    }

    /// The step before that is the freshest is the one that became stale.
    fn stale(&self) -> Option<(usize, usize)> {
        let aside = self.footprints[self.begin].number;
        let own = (0..=self.begin).rev();
        let own = own.filter(|at| self.footprints[*at].number == aside);
        own.take(REACH).find_map(|before| {
            let step = self.footprints[before];
            let other = self
                .others()
                .find(|other| self.footprints[*other].conflicts(step))?;
            Some((before, other))
        })
    }

    fn too_late(&self) -> Option<(usize, usize)> {
        let aside = self.footprints[self.begin].number;
        let own = self.end..self.footprints.len();
        let own = own.filter(|at| self.footprints[*at].number == aside);
        own.take(REACH).find_map(|after| {
            let step = self.footprints[after];
            let other = self
                .others()
                .rfind(|other| self.footprints[*other].conflicts(step))?;
            Some((other, after))
        })
    }

    /// Which of the two is not the put-aside thread's.
    fn other(&self, earlier: usize, later: usize) -> usize {
        let aside = self.footprints[self.begin].number;
        if self.footprints[earlier].number == aside {
            later
        } else {
            earlier
        }
    }
}

/// The last access that raced with one of another thread.
fn last_race(footprints: &[&LoggedAccess], found: FailureContext<'_>) -> Option<CriticalPair> {
    let is_concerned = |footprint: &LoggedAccess| {
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
    Some(of_two(footprints, (earlier, later)))
}

/// The last word that one of the two threads concerned wrote and the other one came to.
fn last_handover(footprints: &[&LoggedAccess], found: FailureContext<'_>) -> Option<CriticalPair> {
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
    Some(of_two(footprints, later?))
}

/// A pair of which both took place.
fn of_two(footprints: &[&LoggedAccess], (earlier, later): (usize, usize)) -> CriticalPair {
    let threads = [footprints[earlier].number, footprints[later].number];
    CriticalPair {
        earlier: told_as(footprints[earlier]),
        later: told_as(footprints[later]),
        ..critical(footprints, earlier, threads)
    }
}

/// How two threads met from a step of the first on: at the program's own words that it was at, and
/// in the very last accesses, of which one may be the fatal one.
fn critical(footprints: &[&LoggedAccess], from: usize, threads: [u16; 2]) -> CriticalPair {
    let is_own = |footprint: &&&LoggedAccess| footprint.number == threads[0] && !footprint.by_heap;
    let before = footprints[..=from].iter().rev().filter(is_own).take(NEAR);
    let after = footprints[from..].iter().filter(is_own).take(2 * NEAR);
    let near: BTreeSet<u32> = before.chain(after).filter_map(|it| it.address).collect();
    let met = &footprints[from..];
    let theirs = met.iter().filter(|it| it.number == threads[1]);
    let theirs: BTreeSet<u32> = theirs.filter_map(|it| it.address).collect();
    let is_shared = |footprint: &LoggedAccess| {
        let word = footprint.address;
        let both = word.is_some_and(|word| near.contains(&word) && theirs.contains(&word));
        threads.contains(&footprint.number) && both
    };
    let told = met.iter().enumerate();
    let told = told.filter(|(index, it)| is_shared(it) || index + LAST >= met.len());
    let mut meeting: Vec<String> = told.map(|(_, footprint)| told_as(footprint)).collect();
    if meeting.len() > TOLD_MAX {
        let left_out = meeting.len() - TOLD_MAX;
        let half = TOLD_MAX / 2;
        meeting.drain(half..half + left_out);
        meeting.insert(half, format!("... {left_out} more ..."));
    }
    CriticalPair {
        earlier: String::new(),
        later: String::new(),
        preempted: None,
        interleaving: meeting,
    }
}

fn told_as(footprint: &LoggedAccess) -> String {
    format!("{} s  {}: {footprint}", footprint.at, footprint.host)
}

impl fmt::Display for CriticalPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\nThe critical pair:")?;
        writeln!(formatter, "  {}\n  {}", self.earlier, self.later)?;
        if let Some(who) = &self.preempted {
            writeln!(formatter, "  {who}")?;
        }
        writeln!(formatter, "\nHow the two met from there on:")?;
        for sentence in &self.interleaving {
            writeln!(formatter, "  {sentence}")?;
        }
        Ok(())
    }
}
