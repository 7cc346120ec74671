//! The critical pair: two conflicting accesses whose order decided a failure, and how the two threads
//! interleaved from there on.
//!
//! It is read from the access log of the run.

use std::collections::BTreeSet;
use std::fmt;

use config::plan::{OperationKind, Preemption, PreemptionPoint, Scenario};
use kernel::{Duration, Instant};
use serde::Serialize;
use simulation::{LoggedAccess, Outcome};

/// The maximum length of the access log; older accesses are dropped.
pub(crate) const ACCESSES_MAX: u64 = 200_000;
/// The maximum number of accesses shown of the interleaving: the first and the last half.
const SHOWN_MAX: usize = 24;
/// The words that the first thread works on are taken from this many accesses before the pair and
/// twice as many after it.
const NEAR: usize = 6;
/// The last accesses are shown in any case.
const LAST: usize = 2;
/// How many accesses away from its preemption a thread's half of the pair may be.
const REACH: usize = 24;

/// Two accesses of one word by two threads, whose order decided a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CriticalPair {
    /// The earlier access: thread, operation, location, value, file and line.
    pub earlier: String,
    /// The later access.
    pub later: String,
    /// The preemption around the two accesses, if there was one.
    pub preempted: Option<String>,
    /// The accesses of the two threads to common words from there on, in order.
    pub interleaving: Vec<String>,
}

/// The failure to explain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailureContext<'a> {
    pub(crate) host: &'a str,
    pub(crate) at: Instant,
    /// The threads involved, the most recent first; empty if unknown.
    pub(crate) threads: &'a [u16],
}

/// The critical pair of a run with an access log: around a preemption, or else the last hand-over of
/// a word between the threads involved, or else the last race.
pub(crate) fn pair(
    scenario: &Scenario,
    outcome: &Outcome,
    failure: FailureContext<'_>,
) -> Option<CriticalPair> {
    let own = outcome.access_log.iter();
    let mut footprints: Vec<&LoggedAccess> = own
        .filter(|footprint| footprint.host == failure.host)
        .collect();
    // Oracles that wait until all threads are idle report a failure a little after its accesses.
    let deadline = failure.at.saturating_add(Duration::from_secs(1));
    footprints.retain(|footprint| footprint.at <= deadline);
    let until_found = footprints.partition_point(|footprint| footprint.at <= failure.at);
    around_preemption(scenario, &footprints[..until_found], failure)
        .or_else(|| last_handover(&footprints, failure))
        .or_else(|| last_race(&footprints[..until_found], failure))
}

/// A pair around a preemption: another thread accessed a word of the preempted thread meanwhile.
fn around_preemption(
    scenario: &Scenario,
    footprints: &[&LoggedAccess],
    failure: FailureContext<'_>,
) -> Option<CriticalPair> {
    let pins = scenario.pins.preempt.iter();
    let own = pins.filter(|pin| pin.host == failure.host);
    let windows = own.filter_map(|pin| Window::of(pin, footprints));
    let pairs = windows.filter_map(|window| Some((window.pair()?, window)));
    let ((earlier, later), window) = pairs.max_by_key(|((_, later), _)| *later)?;
    let preempted = footprints[window.begin];
    let length = Instant::ZERO.saturating_add(window.pin.length);
    let words = format!(
        "{} ({:03}) was preempted for {length} s before {}, {}:{}",
        preempted.thread, preempted.number, window.pin.before, preempted.file, preempted.line
    );
    let other = window.other(earlier, later);
    let threads = [preempted.number, footprints[other].number];
    Some(CriticalPair {
        earlier: show(footprints[earlier]),
        later: show(footprints[later]),
        preempted: Some(words),
        ..with_interleaving(footprints, earlier.min(window.begin), threads)
    })
}

/// The time during which a thread was preempted.
struct Window<'a> {
    footprints: &'a [&'a LoggedAccess],
    pin: &'a Preemption,
    /// The index of the access it was about to make.
    begin: usize,
    /// The index of its next access, or the end if the process ended before.
    end: usize,
}

impl<'a> Window<'a> {
    fn of(pin: &'a Preemption, footprints: &'a [&'a LoggedAccess]) -> Option<Self> {
        let is_own = |footprint: &&LoggedAccess| u32::from(footprint.number) == pin.thread;
        let begin = footprints.iter().position(|footprint| {
            let by_number = matches!(pin.before, PreemptionPoint::Call(_));
            let is_meant = by_number || footprint.preemption().before == pin.before;
            is_own(footprint) && footprint.preempted && is_meant
        })?;
        let back = footprints[begin + 1..].iter().position(is_own);
        Some(Self {
            footprints,
            pin,
            begin,
            end: back.map_or(footprints.len(), |back| begin + 1 + back),
        })
    }

    /// The indices of the two accesses. In this order: another thread read the word that the
    /// preempted thread was about to write; another thread changed or read what it had read or written
    /// before; it later used what another thread left.
    fn pair(&self) -> Option<(usize, usize)> {
        self.too_soon()
            .or_else(|| self.stale())
            .or_else(|| self.too_late())
    }

    fn others(&self) -> impl DoubleEndedIterator<Item = usize> {
        let preempted = self.footprints[self.begin].number;
        let within = self.begin + 1..self.end;
        within.filter(move |at| self.footprints[*at].number != preempted)
    }

    fn too_soon(&self) -> Option<(usize, usize)> {
        let pending = self.footprints[self.begin];
        let mut others = self.others();
        let read = others.find(|at| {
            let it = self.footprints[*at];
            it.address.is_some() && it.address == pending.address && it.kind == OperationKind::Read
        })?;
        (pending.kind == OperationKind::Write).then_some((self.begin, read))
    }

    /// Of the accesses before the preemption, the most recent one that another thread conflicts with.
    fn stale(&self) -> Option<(usize, usize)> {
        let preempted = self.footprints[self.begin].number;
        let own = (0..=self.begin).rev();
        let own = own.filter(|at| self.footprints[*at].number == preempted);
        own.take(REACH).find_map(|before| {
            let access = self.footprints[before];
            let other = self
                .others()
                .find(|other| self.footprints[*other].conflicts(access))?;
            Some((before, other))
        })
    }

    /// The first access after the preemption that conflicts with one of another thread meanwhile.
    fn too_late(&self) -> Option<(usize, usize)> {
        let preempted = self.footprints[self.begin].number;
        let own = self.end..self.footprints.len();
        let own = own.filter(|at| self.footprints[*at].number == preempted);
        own.take(REACH).find_map(|after| {
            let access = self.footprints[after];
            let other = self
                .others()
                .rfind(|other| self.footprints[*other].conflicts(access))?;
            Some((other, after))
        })
    }

    /// Which of the two is not by the preempted thread.
    fn other(&self, earlier: usize, later: usize) -> usize {
        let preempted = self.footprints[self.begin].number;
        if self.footprints[earlier].number == preempted {
            later
        } else {
            earlier
        }
    }
}

/// The last access that raced with one of another thread.
fn last_race(footprints: &[&LoggedAccess], failure: FailureContext<'_>) -> Option<CriticalPair> {
    let is_involved = |footprint: &LoggedAccess| {
        failure
            .threads
            .first()
            .is_none_or(|it| *it == footprint.number)
    };
    let later = footprints
        .iter()
        .rposition(|footprint| footprint.raced && is_involved(footprint))
        .or_else(|| footprints.iter().rposition(|footprint| footprint.raced))?;
    let earlier = footprints[..later]
        .iter()
        .rposition(|footprint| footprint.conflicts(footprints[later]))?;
    Some(pair_at(footprints, earlier, later))
}

/// The last word that one of the two threads involved accessed in conflict with the other.
fn last_handover(
    footprints: &[&LoggedAccess],
    failure: FailureContext<'_>,
) -> Option<CriticalPair> {
    let [last, before, ..] = *failure.threads else {
        return None;
    };
    let pair = (0..footprints.len()).rev().find_map(|later| {
        let footprint = footprints[later];
        if footprint.number != last {
            return None;
        }
        let previous = footprints[..later]
            .iter()
            .rposition(|it| it.address == footprint.address)?;
        (footprints[previous].number == before && footprints[previous].conflicts(footprint))
            .then_some((previous, later))
    });
    let (earlier, later) = pair?;
    Some(pair_at(footprints, earlier, later))
}

/// The critical pair of two accesses, by index.
fn pair_at(footprints: &[&LoggedAccess], earlier: usize, later: usize) -> CriticalPair {
    let threads = [footprints[earlier].number, footprints[later].number];
    CriticalPair {
        earlier: show(footprints[earlier]),
        later: show(footprints[later]),
        ..with_interleaving(footprints, earlier, threads)
    }
}

/// How two threads interleave from an access of the first on: their accesses to common words of the
/// program, and the very last accesses, one of which may be the fatal one.
fn with_interleaving(footprints: &[&LoggedAccess], from: usize, threads: [u16; 2]) -> CriticalPair {
    let is_own = |footprint: &&&LoggedAccess| footprint.number == threads[0] && !footprint.by_heap;
    let before = footprints[..=from].iter().rev().filter(is_own).take(NEAR);
    let after = footprints[from..].iter().filter(is_own).take(2 * NEAR);
    let near: BTreeSet<u32> = before.chain(after).filter_map(|it| it.address).collect();
    let rest = &footprints[from..];
    let theirs = rest.iter().filter(|it| it.number == threads[1]);
    let theirs: BTreeSet<u32> = theirs.filter_map(|it| it.address).collect();
    let is_shared = |footprint: &LoggedAccess| {
        let word = footprint.address;
        let both = word.is_some_and(|word| near.contains(&word) && theirs.contains(&word));
        threads.contains(&footprint.number) && both
    };
    let shown = rest.iter().enumerate();
    let shown = shown.filter(|(index, it)| is_shared(it) || index + LAST >= rest.len());
    let mut interleaving: Vec<String> = shown.map(|(_, footprint)| show(footprint)).collect();
    if interleaving.len() > SHOWN_MAX {
        let omitted = interleaving.len() - SHOWN_MAX;
        let half = SHOWN_MAX / 2;
        interleaving.drain(half..half + omitted);
        interleaving.insert(half, format!("... {omitted} more ..."));
    }
    CriticalPair {
        earlier: String::new(),
        later: String::new(),
        preempted: None,
        interleaving,
    }
}

fn show(footprint: &LoggedAccess) -> String {
    format!("{} s  {}: {footprint}", footprint.at, footprint.host)
}

impl fmt::Display for CriticalPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\nCritical pair:")?;
        writeln!(formatter, "  {}\n  {}", self.earlier, self.later)?;
        if let Some(preempted) = &self.preempted {
            writeln!(formatter, "  {preempted}")?;
        }
        writeln!(
            formatter,
            "\nInterleaving of the two threads from there on:"
        )?;
        for sentence in &self.interleaving {
            writeln!(formatter, "  {sentence}")?;
        }
        Ok(())
    }
}
