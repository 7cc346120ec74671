//! Where in a run a preemption would make a difference.
//!
//! Owns [`Point`] and the ways to find them in the accesses that a run kept. It refuses to run
//! anything, and to look anywhere but next to where threads race: elsewhere the order of two
//! threads is the same to both.

use std::collections::{BTreeMap, BTreeSet};

use config::plan::{OperationKind, Preemption};
use kernel::{Duration, Instant};
use simulation::{LoggedAccess, Outcome};

/// How long a thread is put aside at most.
const REACH: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A file of the program and a line in it.
pub(super) type Site = (&'static str, u32);

/// A place in a run where a thread could be put aside, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) at: Instant,
    pub(super) preemption: Preemption,
    site: Site,
    /// The site of what the thread did before.
    behind: Option<Site>,
    /// That of the access which comes first now.
    pub(super) other: Option<Site>,
}

impl Point {
    pub(super) fn new(footprint: &LoggedAccess, length: Duration) -> Self {
        Self {
            at: footprint.at,
            preemption: Preemption {
                length,
                ..footprint.preemption()
            },
            site: site_of(footprint),
            behind: None,
            other: None,
        }
    }

    /// How much it differs from another one, but for when.
    pub(super) fn unlikeness(&self, other: &Self) -> u32 {
        let parts = [
            self.site != other.site,
            self.preemption.thread != other.preemption.thread,
            self.preemption.host != other.preemption.host,
        ];
        parts.into_iter().map(u32::from).sum()
    }
}

/// The lines of the program where threads race, seen in a run whose accesses were kept: both ends
/// of each race.
pub(super) fn racing_sites(outcome: &Outcome) -> BTreeSet<Site> {
    let footprints = outcome.access_log.iter();
    let raced = footprints.clone().filter(|footprint| footprint.raced);
    let word = |footprint: &'_ LoggedAccess| (footprint.host.clone(), footprint.address);
    let words: BTreeSet<(String, Option<u32>)> = raced.map(word).collect();
    let races = |footprint: &&LoggedAccess| words.contains(&word(footprint));
    footprints.filter(races).map(site_of).collect()
}

fn site_of(footprint: &LoggedAccess) -> Site {
    (footprint.file, footprint.line)
}

/// What a thread did last.
#[derive(Clone, Copy, Default)]
struct Past {
    site: Option<Site>,
    /// Whether that was a racing access.
    raced: bool,
    /// The word of its last racing access.
    word: Option<u32>,
}

/// Preemptions next to racing accesses: before one, or behind it, which is before whatever can be
/// named next; and before critical sections. One lets go first whoever can, or lasts until
/// another thread has come to the same word, or for a while.
pub(super) fn points(outcome: &Outcome, racing: &BTreeSet<Site>) -> Vec<Point> {
    let words = Words::of(outcome);
    let mut pasts: BTreeMap<(&str, u16), Past> = BTreeMap::new();
    let mut points = Vec::new();
    for (index, footprint) in outcome.access_log.iter().enumerate() {
        if footprint.put_aside {
            continue;
        }
        let races = racing.contains(&site_of(footprint));
        let own = footprint.address.filter(|_| races);
        let past = pasts
            .entry((&footprint.host, footprint.number))
            .or_default();
        let before = *past;
        *past = Past {
            site: Some(site_of(footprint)),
            raced: own.is_some(),
            word: own.or(before.word),
        };
        if own.is_none() && !before.raced && footprint.deed != OperationKind::Enter {
            continue;
        }
        let point = |length, other| Point {
            behind: before.site,
            other,
            ..Point::new(footprint, length)
        };
        if footprint.contended {
            points.push(point(Duration::ZERO, None));
        }
        let met = [own, before.word.filter(|word| own != Some(*word))];
        for address in met.into_iter().flatten() {
            let meetings = words.meetings(outcome, index, address);
            points.extend(meetings.map(|(length, site)| point(length, Some(site))));
        }
        points.push(point(REACH, None));
    }
    points
}

/// Which accesses there were of each word, in order.
struct Words<'a>(BTreeMap<(&'a str, u32), Vec<usize>>);

impl<'a> Words<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let mut words: BTreeMap<(&str, u32), Vec<usize>> = BTreeMap::new();
        for (index, footprint) in outcome.access_log.iter().enumerate() {
            let address = footprint.address.filter(|_| !footprint.put_aside);
            if let Some(address) = address {
                let word = (footprint.host.as_str(), address);
                words.entry(word).or_default().push(index);
            }
        }
        Self(words)
    }

    /// How long a thread would have to stand still so that another one comes to a word first:
    /// whole milliseconds, those that add nothing left out.
    fn meetings(
        &self,
        outcome: &Outcome,
        index: usize,
        address: u32,
    ) -> impl Iterator<Item = (Duration, Site)> {
        let footprint = &outcome.access_log[index];
        let all = self.0.get(&(footprint.host.as_str(), address));
        let all = all.map_or(&[][..], Vec::as_slice);
        let later = &all[all.partition_point(|other| *other <= index)..];
        let mut known = Duration::ZERO;
        later
            .iter()
            .map(|other| &outcome.access_log[*other])
            .filter(|other| other.number != footprint.number)
            .map(|other| (other.at.saturating_since(footprint.at), site_of(other)))
            .take_while(|(gap, _)| *gap <= REACH)
            .filter_map(move |(gap, site)| {
                let length = whole_above(gap);
                (length > known).then(|| {
                    known = length;
                    (length, site)
                })
            })
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// The next whole millisecond above.
fn whole_above(length: Duration) -> Duration {
    let unit = MILLISECOND.nanos();
    Duration::from_nanos((length.nanos() / unit + 1) * unit)
}

/// The shortest and nearest to `hint` first, one of each kind before more of a kind.
pub(super) fn run_in_order(mut points: Vec<Point>, hint: Instant) -> impl Iterator<Item = Point> {
    let distance = |point: &Point| point.at.nanos().abs_diff(hint.nanos());
    points.sort_by_key(|point| (point.preemption.length, distance(point)));
    let mut seen = BTreeSet::new();
    let (first, rest): (Vec<_>, Vec<_>) = points.into_iter().partition(|point| {
        let thread = point.preemption.thread;
        seen.insert((thread, point.behind, point.site, point.other))
    });
    first.into_iter().chain(rest)
}

/// Preemptions of other threads while one is put aside, so that it is back before they go on; those
/// nearest to its coming back first.
pub(super) fn partners(outcome: &Outcome, first: &Point) -> Vec<Point> {
    let back = first.at.saturating_add(first.preemption.length);
    let end = back.saturating_add(MILLISECOND);
    let meets = |footprint: &&LoggedAccess| {
        let here = footprint.host == first.preemption.host;
        let other = u32::from(footprint.number) != first.preemption.thread;
        let new = !footprint.put_aside;
        new && here && other && footprint.at > first.at && footprint.at <= end
    };
    let met = outcome.access_log.iter().filter(meets);
    let partners = met.map(|footprint| {
        let left = whole_above(back.saturating_since(footprint.at));
        Point::new(footprint, left + MILLISECOND)
    });
    let mut partners: Vec<Point> = partners.collect();
    partners.reverse();
    partners
}
