//! The critical pair: two conflicting accesses whose order decided a failure, and how the two
//! threads interleaved from there on.
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
// A judgement, not a measurement: enough for a call with its lock and its neighbours in a list. Twice as
// many after the pair, since what the order decided happens later.
const NEAR: usize = 6;
/// The last accesses are shown in any case.
const LAST: usize = 2;
/// How many accesses away from its preemption a thread's half of the pair may be.
// Also a judgement: a small operation on the pool has fewer accesses. A larger reach finds pairs of another
// operation; with a smaller one an explanation falls back to the last hand-over.
const REACH: usize = 24;

/// Two accesses of one word by two threads, whose order decided a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CriticalPair {
    /// The earlier access: thread, operation, location, value, file and line.
    pub earlier: String,
    /// The later access.
    pub later: String,
    /// The order of the two and the time between them, as one clause.
    pub order: String,
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
    /// The signature of the failure if it is a data race, which names its two accesses.
    pub(crate) race: Option<&'a str>,
}

/// The critical pair of a run with an access log: around a preemption, or else the last hand-over
/// of a word between the threads involved, or else the last race.
pub(crate) fn pair(
    scenario: &Scenario,
    outcome: &Outcome,
    failure: FailureContext<'_>,
) -> Option<CriticalPair> {
    let own = outcome.access_log.iter();
    let mut accesses: Vec<&LoggedAccess> =
        own.filter(|access| access.host == failure.host).collect();
    // Oracles that wait until all threads are idle report a failure a little after its accesses.
    let deadline = failure.at.saturating_add(Duration::from_secs(1));
    accesses.retain(|access| access.at <= deadline);
    let until_found = accesses.partition_point(|access| access.at <= failure.at);
    // A pinned preemption names the decisive point itself. A hand-over between the threads of the
    // failure is closer to it than a race, which may be anywhere.
    let race = || reported_race(&accesses[..until_found], failure);
    race()
        .or_else(|| around_preemption(scenario, &accesses[..until_found], failure))
        .or_else(|| last_handover(&accesses, failure))
        .or_else(|| last_race(&accesses[..until_found], failure))
}

/// The two accesses that a data race is about.
fn reported_race(accesses: &[&LoggedAccess], failure: FailureContext<'_>) -> Option<CriticalPair> {
    let signature = failure.race?;
    let names = |access: &LoggedAccess| {
        let kind = match access.kind {
            OperationKind::Read => "read",
            OperationKind::Write => "write",
            OperationKind::Interlocked | OperationKind::Enter => return false,
        };
        signature.contains(&format!("{kind} of {}", access.of))
    };
    let later = accesses
        .iter()
        .rposition(|it| it.raced && it.at == failure.at && names(it))?;
    let earlier = accesses[..later]
        .iter()
        .rposition(|it| it.conflicts(accesses[later]) && names(it))?;
    Some(pair_at(accesses, earlier, later))
}

/// A pair around a preemption: another thread accessed a word of the preempted thread meanwhile.
fn around_preemption(
    scenario: &Scenario,
    accesses: &[&LoggedAccess],
    failure: FailureContext<'_>,
) -> Option<CriticalPair> {
    let pins = scenario.pins.preempt.iter();
    let own = pins.filter(|pin| pin.host == failure.host);
    let windows = own.filter_map(|pin| PreemptedInterval::of(pin, accesses));
    let pairs = windows.filter_map(|window| Some((window.pair()?, window)));
    let (pair, window) = pairs.max_by_key(|(pair, _)| pair.later)?;
    let AccessPair { earlier, later } = pair;
    let preempted = accesses[window.begin];
    let length = window.pin.length;
    let words = format!(
        "{} ({:03}) was preempted for {length} before {}, {}:{}",
        preempted.thread, preempted.number, window.pin.before, preempted.file, preempted.line
    );
    let other = window.other(pair);
    let threads = [preempted.number, accesses[other].number];
    Some(CriticalPair {
        earlier: show(accesses[earlier]),
        later: show(accesses[later]),
        order: order(accesses[earlier], accesses[later]),
        preempted: Some(words),
        ..with_interleaving(accesses, earlier.min(window.begin), threads)
    })
}

/// Two accesses, by their indices.
#[derive(Clone, Copy)]
struct AccessPair {
    earlier: usize,
    later: usize,
}

/// The time during which a thread was preempted.
struct PreemptedInterval<'a> {
    accesses: &'a [&'a LoggedAccess],
    pin: &'a Preemption,
    /// The index of the access it was about to make.
    begin: usize,
    /// The index of its next access, or the end if the process ended before.
    end: usize,
}

impl<'a> PreemptedInterval<'a> {
    fn of(pin: &'a Preemption, accesses: &'a [&'a LoggedAccess]) -> Option<Self> {
        let is_own = |access: &&LoggedAccess| u32::from(access.number) == pin.thread;
        let begin = accesses.iter().position(|access| {
            // A preemption by number names no operation to compare with.
            let by_number = matches!(pin.before, PreemptionPoint::Call(_));
            let is_meant = by_number || access.preemption().before == pin.before;
            is_own(access) && access.preempted && is_meant
        })?;
        let back = accesses[begin + 1..].iter().position(is_own);
        Some(Self {
            accesses,
            pin,
            begin,
            end: back.map_or(accesses.len(), |back| begin + 1 + back),
        })
    }

    /// The two accesses. In this order: another thread read the word that the
    /// preempted thread was about to write; another thread changed or read what it had read or
    /// written before; it later used what another thread left.
    fn pair(&self) -> Option<AccessPair> {
        self.order_violation()
            .or_else(|| self.atomicity_violation())
            .or_else(|| self.conflict_after_preemption())
    }

    fn others(&self) -> impl DoubleEndedIterator<Item = usize> {
        let preempted = self.accesses[self.begin].number;
        let within = self.begin + 1..self.end;
        within.filter(move |at| self.accesses[*at].number != preempted)
    }

    fn order_violation(&self) -> Option<AccessPair> {
        let pending = self.accesses[self.begin];
        let mut others = self.others();
        // A read of a word whose write is still pending: the order violation of Lu and others
        // (ASPLOS 2008).
        let read = others.find(|at| {
            let it = self.accesses[*at];
            it.address.is_some() && it.address == pending.address && it.kind == OperationKind::Read
        })?;
        let pair = AccessPair {
            earlier: self.begin,
            later: read,
        };
        (pending.kind == OperationKind::Write).then_some(pair)
    }

    /// Of the accesses before the preemption, the most recent one that another thread conflicts
    /// with.
    fn atomicity_violation(&self) -> Option<AccessPair> {
        let preempted = self.accesses[self.begin].number;
        let own = (0..=self.begin).rev();
        let own = own.filter(|at| self.accesses[*at].number == preempted);
        // Another thread between two accesses of one: their atomicity violation. Accesses far from
        // the preemption belong to another operation.
        own.take(REACH).find_map(|before| {
            let access = self.accesses[before];
            let other = self
                .others()
                .find(|other| self.accesses[*other].conflicts(access))?;
            Some(AccessPair {
                earlier: before,
                later: other,
            })
        })
    }

    /// The first access after the preemption that conflicts with one of another thread meanwhile.
    fn conflict_after_preemption(&self) -> Option<AccessPair> {
        let preempted = self.accesses[self.begin].number;
        let own = self.end..self.accesses.len();
        let own = own.filter(|at| self.accesses[*at].number == preempted);
        own.take(REACH).find_map(|after| {
            let access = self.accesses[after];
            let other = self
                .others()
                .rfind(|other| self.accesses[*other].conflicts(access))?;
            Some(AccessPair {
                earlier: other,
                later: after,
            })
        })
    }

    /// Which of the two is not by the preempted thread.
    fn other(&self, AccessPair { earlier, later }: AccessPair) -> usize {
        let preempted = self.accesses[self.begin].number;
        if self.accesses[earlier].number == preempted {
            later
        } else {
            earlier
        }
    }
}

/// The last access that raced with one of another thread.
fn last_race(accesses: &[&LoggedAccess], failure: FailureContext<'_>) -> Option<CriticalPair> {
    let is_involved = |access: &LoggedAccess| {
        failure
            .threads
            .first()
            .is_none_or(|it| *it == access.number)
    };
    let later = accesses
        .iter()
        .rposition(|access| access.raced && is_involved(access))
        .or_else(|| accesses.iter().rposition(|access| access.raced))?;
    let earlier = accesses[..later]
        .iter()
        .rposition(|access| access.conflicts(accesses[later]))?;
    Some(pair_at(accesses, earlier, later))
}

/// The last word that one of the two threads involved accessed in conflict with the other.
fn last_handover(accesses: &[&LoggedAccess], failure: FailureContext<'_>) -> Option<CriticalPair> {
    let [last, before, ..] = *failure.threads else {
        return None;
    };
    let pair = (0..accesses.len()).rev().find_map(|later| {
        let access = accesses[later];
        if access.number != last {
            return None;
        }
        let previous = accesses[..later]
            .iter()
            .rposition(|it| it.address == access.address)?;
        (accesses[previous].number == before && accesses[previous].conflicts(access))
            .then_some((previous, later))
    });
    let (earlier, later) = pair?;
    Some(pair_at(accesses, earlier, later))
}

/// The critical pair of two accesses, by index.
fn pair_at(accesses: &[&LoggedAccess], earlier: usize, later: usize) -> CriticalPair {
    let threads = [accesses[earlier].number, accesses[later].number];
    CriticalPair {
        earlier: show(accesses[earlier]),
        later: show(accesses[later]),
        order: order(accesses[earlier], accesses[later]),
        ..with_interleaving(accesses, earlier, threads)
    }
}

/// How two threads interleave from an access of the first on: their accesses to common words of the
/// program, and the last accesses, one of which may be the fatal one.
fn with_interleaving(accesses: &[&LoggedAccess], from: usize, threads: [u16; 2]) -> CriticalPair {
    let is_own = |access: &&&LoggedAccess| access.number == threads[0] && !access.by_heap;
    // Words of the heap are left out: all threads share them, and they would fill the list.
    let before = accesses[..=from].iter().rev().filter(is_own).take(NEAR);
    let after = accesses[from..].iter().filter(is_own).take(2 * NEAR);
    let near: BTreeSet<u32> = before.chain(after).filter_map(|it| it.address).collect();
    let rest = &accesses[from..];
    let theirs = rest.iter().filter(|it| it.number == threads[1]);
    let theirs: BTreeSet<u32> = theirs.filter_map(|it| it.address).collect();
    let is_shared = |access: &LoggedAccess| {
        let word = access.address;
        let both = word.is_some_and(|word| near.contains(&word) && theirs.contains(&word));
        threads.contains(&access.number) && both
    };
    let shown = rest.iter().enumerate();
    let shown = shown.filter(|(index, it)| is_shared(it) || index + LAST >= rest.len());
    let mut interleaving: Vec<String> = shown.map(|(_, access)| show(access)).collect();
    if interleaving.len() > SHOWN_MAX {
        let omitted = interleaving.len() - SHOWN_MAX;
        let half = SHOWN_MAX / 2;
        interleaving.drain(half..half + omitted);
        interleaving.insert(half, format!("... {omitted} more ..."));
    }
    CriticalPair {
        earlier: String::new(),
        later: String::new(),
        order: String::new(),
        preempted: None,
        interleaving,
    }
}

/// `A (008) reads x 12 us before B (007) writes it`. A preempted thread stands before its access.
fn order(earlier: &LoggedAccess, later: &LoggedAccess) -> String {
    let verb = |access: &LoggedAccess| match access.kind {
        OperationKind::Read => "reads",
        OperationKind::Write => "writes",
        OperationKind::Interlocked => "exchanges",
        OperationKind::Enter => "enters",
    };
    let what = match earlier.kind {
        OperationKind::Read if earlier.preempted => "is about to read",
        OperationKind::Write if earlier.preempted => "is about to write",
        OperationKind::Read
        | OperationKind::Write
        | OperationKind::Interlocked
        | OperationKind::Enter => verb(earlier),
    };
    let of = if later.of == earlier.of {
        "it"
    } else {
        later.of
    };
    format!(
        "{} ({:03}) {what} {} {} before {} ({:03}) {} {of}",
        earlier.thread,
        earlier.number,
        earlier.of,
        apart(earlier.at, later.at),
        later.thread,
        later.number,
        verb(later)
    )
}

/// How far apart two instants are, in the unit that a reader expects.
pub(super) fn apart(from: Instant, to: Instant) -> String {
    let length = to.saturating_since(from);
    let nanos = length.nanos();
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} us", nanos / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        1_000_000_000..10_000_000_000 => {
            format!("{}.{} s", length.whole_secs(), nanos / 100_000_000 % 10)
        }
        _ => format!("{} s", length.whole_secs()),
    }
}

fn show(access: &LoggedAccess) -> String {
    format!("{:#}  {}: {access}", access.at, access.host)
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
