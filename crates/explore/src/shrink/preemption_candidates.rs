//! Candidate preemption points: where in a run a preemption could change the outcome.
//!
//! They are taken from the access log of a run, next to racing accesses and critical sections.
//! Elsewhere the order of two threads makes no difference to either.

use std::collections::{BTreeMap, BTreeSet};

use config::plan::{OperationKind, Preemption};
use kernel::{Duration, Instant};
use simulation::{LoggedAccess, Outcome};

/// The longest preemption.
const REACH: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A source location of the program: file and line.
pub(super) type SourceLine = (&'static str, u32);

/// A preemption that could be pinned.
#[derive(Clone, Debug)]
pub(super) struct PreemptionCandidate {
    pub(super) at: Instant,
    pub(super) preemption: Preemption,
    line: SourceLine,
    /// The line of the previous access of the thread.
    previous: Option<SourceLine>,
    /// The line of the access of another thread that comes first with the preemption.
    pub(super) other: Option<SourceLine>,
}

impl PreemptionCandidate {
    pub(super) fn new(access: &LoggedAccess, length: Duration) -> Self {
        Self {
            at: access.at,
            preemption: Preemption {
                length,
                ..access.preemption()
            },
            line: line_of(access),
            previous: None,
            other: None,
        }
    }

    /// In how many respects other than time it differs from another point.
    pub(super) fn difference(&self, other: &Self) -> u32 {
        let parts = [
            self.line != other.line,
            self.preemption.thread != other.preemption.thread,
            self.preemption.host != other.preemption.host,
        ];
        parts.into_iter().map(u32::from).sum()
    }
}

/// The source locations of racing accesses in an access log, both ends of each race.
pub(super) fn racing_lines(outcome: &Outcome) -> BTreeSet<SourceLine> {
    let accesses = outcome.access_log.iter();
    let raced = accesses.clone().filter(|access| access.raced);
    let word = |access: &'_ LoggedAccess| (access.host.clone(), access.address);
    let words: BTreeSet<(String, Option<u32>)> = raced.map(word).collect();
    let races = |access: &&LoggedAccess| words.contains(&word(access));
    accesses.filter(races).map(line_of).collect()
}

fn line_of(access: &LoggedAccess) -> SourceLine {
    (access.file, access.line)
}

/// The previous access of a thread.
#[derive(Clone, Copy, Default)]
struct Past {
    line: Option<SourceLine>,
    /// Whether it was a racing access.
    raced: bool,
    /// The word of its most recent racing access.
    word: Option<u32>,
}

/// Preemptions before a racing access, before the access that follows one, and before critical
/// sections. A preemption has length zero (other ready threads go first), lasts until another
/// thread has accessed the same word, or lasts [`REACH`].
pub(super) fn points(outcome: &Outcome, racing: &BTreeSet<SourceLine>) -> Vec<PreemptionCandidate> {
    let words = WordAccesses::of(outcome);
    let mut pasts: BTreeMap<(&str, u16), Past> = BTreeMap::new();
    let mut points = Vec::new();
    for (index, access) in outcome.access_log.iter().enumerate() {
        // Such an entry announces an access that the thread makes only later.
        if access.preempted {
            continue;
        }
        let races = racing.contains(&line_of(access));
        let own = access.address.filter(|_| races);
        let past = pasts.entry((&access.host, access.number)).or_default();
        let before = *past;
        *past = Past {
            line: Some(line_of(access)),
            raced: own.is_some(),
            word: own.or(before.word),
        };
        // Elsewhere the order of two threads makes no difference to either. The access after a
        // racing one counts because a preemption after an access can only be named by the next one.
        if own.is_none() && !before.raced && access.kind != OperationKind::Enter {
            continue;
        }
        let point = |length, other| PreemptionCandidate {
            previous: before.line,
            other,
            ..PreemptionCandidate::new(access, length)
        };
        // Without another ready thread a yield changes nothing.
        if access.contended {
            points.push(point(Duration::ZERO, None));
        }
        // A preemption here also delays whatever follows the last racing access, so another thread
        // may come to that word as well.
        let words_at_risk = [own, before.word.filter(|word| own != Some(*word))];
        for address in words_at_risk.into_iter().flatten() {
            let meetings = words.meetings(outcome, index, address);
            points.extend(meetings.map(|(length, line)| point(length, Some(line))));
        }
        points.push(point(REACH, None));
    }
    points
}

/// The indices of the accesses of each word, by host and address, in order.
struct WordAccesses<'a>(BTreeMap<(&'a str, u32), Vec<usize>>);

impl<'a> WordAccesses<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let mut words: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
        for (index, access) in outcome.access_log.iter().enumerate() {
            let address = access.address.filter(|_| !access.preempted);
            if let Some(address) = address {
                let word = (access.host.as_str(), address);
                words.entry(word).or_default().push(index);
            }
        }
        Self(words)
    }

    /// How long a thread must be preempted for another thread to access a word first, in whole
    /// milliseconds; lengths that add no further access are left out.
    fn meetings(
        &self,
        outcome: &Outcome,
        index: usize,
        address: u32,
    ) -> impl Iterator<Item = (Duration, SourceLine)> {
        let access = &outcome.access_log[index];
        let all = self.0.get(&(access.host.as_str(), address));
        let all = all.map_or(&[][..], Vec::as_slice);
        let later = &all[all.partition_point(|other| *other <= index)..];
        let mut known = Duration::ZERO;
        later
            .iter()
            .map(|other| &outcome.access_log[*other])
            .filter(|other| other.number != access.number)
            .map(|other| (other.at.saturating_since(access.at), line_of(other)))
            .take_while(|(gap, _)| *gap <= REACH)
            // Several accesses within one millisecond need the same preemption: keep the first.
            .filter_map(move |(gap, line)| {
                let length = whole_above(gap);
                (length > known).then(|| {
                    known = length;
                    (length, line)
                })
            })
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// The next whole millisecond, strictly above.
fn whole_above(length: Duration) -> Duration {
    let unit = MILLISECOND.nanos();
    Duration::from_nanos((length.nanos() / unit + 1) * unit)
}

/// Orders points for a search: shortest first, then nearest to `hint`; one of each kind before
/// further ones of the same kind.
pub(super) fn in_search_order(
    mut points: Vec<PreemptionCandidate>,
    hint: Instant,
) -> impl Iterator<Item = PreemptionCandidate> {
    let distance = |point: &PreemptionCandidate| point.at.nanos().abs_diff(hint.nanos());
    points.sort_by_key(|point| (point.preemption.length, distance(point)));
    // Many points differ only in time, as in a loop: one of each kind first covers more of the
    // program.
    let mut seen = BTreeSet::new();
    let (first, rest): (Vec<_>, Vec<_>) = points.into_iter().partition(|point| {
        let thread = point.preemption.thread;
        seen.insert((thread, point.previous, point.line, point.other))
    });
    first.into_iter().chain(rest)
}

/// Preemptions of other threads while the thread of `first` is preempted, long enough for it to
/// continue before they do; those nearest to its return first.
pub(super) fn partners(outcome: &Outcome, first: &PreemptionCandidate) -> Vec<PreemptionCandidate> {
    let back = first.at.saturating_add(first.preemption.length);
    let end = back.saturating_add(MILLISECOND);
    let is_meanwhile = |access: &&LoggedAccess| {
        let here = access.host == first.preemption.host;
        let other = u32::from(access.number) != first.preemption.thread;
        let new = !access.preempted;
        new && here && other && access.at > first.at && access.at <= end
    };
    let meanwhile = outcome.access_log.iter().filter(is_meanwhile);
    let partners = meanwhile.map(|access| {
        // One millisecond longer than the first preemption, so that its thread continues first.
        let left = whole_above(back.saturating_since(access.at));
        PreemptionCandidate::new(access, left + MILLISECOND)
    });
    let mut partners: Vec<PreemptionCandidate> = partners.collect();
    partners.reverse();
    partners
}
