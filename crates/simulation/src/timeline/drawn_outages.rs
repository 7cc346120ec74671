//! The outages of a link that a view draws: all around given moments, and of many others an even sample.
//!
//! A link can have millions of outages, so they are read once, and only those that may be drawn are
//! kept.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;

use kernel::{Choices, Instant};
use net::loss::outage::OutageInterval;
use net::{Direction, LinkId, Network};

use crate::lowering::{self, LoweringError};
use config::plan::{OutageWindow, Scenario};

/// Of the outages that are drawn, the share for the surroundings of moments, in percent.
const AROUND: usize = 60;
/// Of the share of a moment, the part before it: causes come first.
const BEFORE: usize = 75;

/// The outages of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnOutages {
    /// The link.
    pub link: String,
    /// Those that are drawn, in the order of time.
    pub windows: Vec<OutageWindow>,
    /// How many there are.
    pub all: u64,
}

/// The outages of every link up to `end` under `seed`, including pinned ones: all of them, or of more
/// than `max` the nearest before and after each of `moments`, and an even sample of the rest. If each
/// direction of a link has its own outages, the link counts as out whenever one of them is.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn outages_around(
    scenario: &Scenario,
    seed: u64,
    end: Instant,
    moments: &[Instant],
    max: usize,
) -> Result<Vec<DrawnOutages>, LoweringError> {
    let configs = lowering::links(scenario)?;
    let hosts = u32::try_from(scenario.hosts.len()).expect("the format limits hosts");
    let network = Network::new(Choices::new(seed), hosts, &configs)?;
    // Later ones are not drawn: the network has healed, or the run is over.
    let end = end.min(Instant::ZERO.saturating_add(scenario.duration));
    let links = scenario.links.keys().zip((0..).map(LinkId));
    let drawn = links.map(|(name, link)| {
        let [one, other] = Direction::BOTH.map(|direction| {
            let outages = network.outages(link, direction, Instant::ZERO);
            outages.take_while(|it| it.from < end).peekable()
        });
        let (intervals, all) = selected(Union { one, other }, moments, max);
        let windows = intervals.into_iter().map(|it| OutageWindow {
            link: name.clone(),
            from: it.from,
            to: it.until.min(end),
        });
        DrawnOutages {
            link: name.clone(),
            windows: windows.collect(),
            all,
        }
    });
    Ok(drawn.collect())
}

/// The union of two sequences of disjoint intervals, in the order of time.
struct Union<A: Iterator, B: Iterator> {
    one: Peekable<A>,
    other: Peekable<B>,
}

impl<A, B> Iterator for Union<A, B>
where
    A: Iterator<Item = OutageInterval>,
    B: Iterator<Item = OutageInterval>,
{
    type Item = OutageInterval;

    fn next(&mut self) -> Option<OutageInterval> {
        let is_first = match (self.one.peek(), self.other.peek()) {
            (Some(one), Some(other)) => one.from <= other.from,
            (one, _) => one.is_some(),
        };
        let mut union = match is_first {
            true => self.one.next(),
            false => self.other.next(),
        }?;
        // A long interval of one direction can join several of the other.
        loop {
            let joins = |it: &OutageInterval| it.from <= union.until;
            let more = self
                .one
                .next_if(joins)
                .or_else(|| self.other.next_if(joins));
            let Some(more) = more else {
                return Some(union);
            };
            union.until = union.until.max(more.until);
        }
    }
}

/// At most `max` of the intervals, and the number of all.
fn selected(
    mut intervals: impl Iterator<Item = OutageInterval>,
    moments: &[Instant],
    max: usize,
) -> (Vec<OutageInterval>, u64) {
    let first: Vec<OutageInterval> = intervals.by_ref().take(max).collect();
    // One more than `max` shows whether any must be left out.
    let Some(more) = intervals.next() else {
        let all = first.len() as u64;
        return (first, all);
    };
    let mut selection = IntervalSelection::new(moments, max);
    for interval in first.into_iter().chain([more]).chain(intervals) {
        selection.add(interval);
    }
    selection.finish()
}

/// Chooses intervals from a sequence that is read once.
struct IntervalSelection {
    /// The moments that are not past, in order.
    moments: VecDeque<Instant>,
    before: usize,
    after: usize,
    /// The latest intervals, up to `before`.
    recent: VecDeque<(u64, OutageInterval)>,
    /// How many more belong to the surroundings of a moment that is past.
    due: usize,
    around: BTreeMap<u64, OutageInterval>,
    /// Every `stride`-th interval, up to `sample_max`.
    sample: Vec<(u64, OutageInterval)>,
    stride: u64,
    sample_max: usize,
    count: u64,
}

impl IntervalSelection {
    fn new(moments: &[Instant], max: usize) -> Self {
        let mut moments = moments.to_vec();
        moments.sort_unstable();
        moments.dedup();
        let each = (max * AROUND / 100 / moments.len().max(1)).max(2);
        let before = (each * BEFORE / 100).max(1);
        Self {
            moments: moments.into(),
            before,
            after: each - before,
            recent: VecDeque::new(),
            due: 0,
            around: BTreeMap::new(),
            sample: Vec::new(),
            stride: 1,
            sample_max: (max - max * AROUND / 100).max(2),
            count: 0,
        }
    }

    fn add(&mut self, interval: OutageInterval) {
        while self.moments.front().is_some_and(|it| *it < interval.from) {
            self.pass_moment();
        }
        let number = self.count;
        self.count += 1;
        if self.due > 0 {
            self.due -= 1;
            self.around.insert(number, interval);
        }
        if self.recent.len() == self.before {
            self.recent.pop_front();
        }
        self.recent.push_back((number, interval));
        if number.is_multiple_of(self.stride) {
            self.sample.push((number, interval));
        }
        // How many will come is not known, so the sample begins with all and is halved whenever it is full. What is
        // left are the multiples of the new stride: the sample stays even.
        if self.sample.len() > self.sample_max {
            self.stride *= 2;
            let stride = self.stride;
            self.sample
                .retain(|(number, _)| number.is_multiple_of(stride));
        }
    }

    /// The next moment is past: what came before it is near, and so is what follows.
    fn pass_moment(&mut self) {
        self.moments.pop_front();
        self.around.extend(self.recent.iter().copied());
        self.due = self.after;
    }

    fn finish(mut self) -> (Vec<OutageInterval>, u64) {
        while !self.moments.is_empty() {
            self.pass_moment();
        }
        self.around.extend(self.sample);
        (self.around.into_values().collect(), self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn intervals(count: u64) -> impl Iterator<Item = OutageInterval> + Clone {
        (0..count).map(|it| OutageInterval {
            from: Instant::from_nanos(10 * it),
            until: Instant::from_nanos(10 * it + 5),
        })
    }

    proptest! {
        #[test]
        fn what_is_around_a_moment_is_drawn_and_the_rest_evenly(
            count in 0..20_000_u64,
            moments in prop::collection::vec(0..200_000_u64, 0..4),
            max in 100..1_000_usize,
        ) {
            let moments: Vec<Instant> = moments.into_iter().map(Instant::from_nanos).collect();
            let (drawn, all) = selected(intervals(count), &moments, max);
            prop_assert_eq!(all, count);
            prop_assert!(drawn.len() <= max);
            prop_assert!(drawn.is_sorted_by(|one, next| one.until < next.from));
            for moment in moments {
                let last = intervals(count).take_while(|it| it.from <= moment).last();
                prop_assert!(last.is_none_or(|it| drawn.contains(&it)));
                let next = intervals(count).find(|it| it.from > moment);
                prop_assert!(next.is_none_or(|it| drawn.contains(&it)));
            }
            let widest = drawn.windows(2).map(|it| it[1].from.nanos() - it[0].from.nanos()).max();
            // A fifth of the places at least is for the sample.
            prop_assert!(widest.unwrap_or(0) <= 10 * (count * 5 / max as u64 + 2));
        }

        #[test]
        fn a_union_is_that_of_the_lists(
            lengths in prop::collection::vec((1..50_u64, 1..50_u64), 0..40),
            others in prop::collection::vec((1..50_u64, 1..50_u64), 0..40),
        ) {
            let disjoint = |lengths: Vec<(u64, u64)>| {
                let mut at = 0;
                let intervals = lengths.into_iter().map(|(pause, length)| {
                    let from = at + pause;
                    at = from + length;
                    OutageInterval {
                        from: Instant::from_nanos(from),
                        until: Instant::from_nanos(at),
                    }
                });
                intervals.collect::<Vec<_>>()
            };
            let (one, other) = (disjoint(lengths), disjoint(others));
            let union = Union {
                one: one.iter().copied().peekable(),
                other: other.iter().copied().peekable(),
            };
            let expected = net::loss::outage::union([one.clone(), other.clone()].concat());
            prop_assert_eq!(union.collect::<Vec<_>>(), expected);
        }
    }
}
