//! Outages: intervals in which a link carries nothing, whether or not anybody sends.
//!
//! The random ones are a two-state Markov chain in continuous time with exponential sojourn times
//! (a Gilbert-Elliott model by time instead of by packet). The chain is a pure function of seed and
//! link: the length of sojourn n is drawn by its number n, so the timeline depends on no packet and
//! can be walked in both directions.

use kernel::choices::{FIRST_WORDS, exponential_of};
use kernel::{Choices, Duration, Instant, Ratio, Site};

const INITIAL: Site = Site::new("net.outage.initial");
const SOJOURN: Site = Site::new("net.outage.sojourn");

/// The longest mean sojourn time, about three years. The longest possible draw, 44.4 means, still
/// fits virtual time.
pub const MEAN_MAX: Duration = Duration::from_secs(100_000_000);

/// Mean sojourn times of the two states; the sojourn times are exponentially distributed. With a
/// mean of zero the state never occurs. Both must not be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outages {
    /// Mean time between outages; at most [`MEAN_MAX`].
    pub mean_good: Duration,
    /// Mean length of an outage; at most [`MEAN_MAX`].
    pub mean_outage: Duration,
}

/// One outage, from `from` up to but not including `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutageInterval {
    /// The first instant at which the link is out.
    pub from: Instant,
    /// The first instant at which it works again.
    pub until: Instant,
}

/// When one direction of a link is out, or any of both: by a random chain or by a scheduled interval.
#[derive(Clone, Debug)]
pub(crate) struct OutageTimeline {
    /// The link is out while any of these is. A direction has at most one.
    chains: Vec<Chain>,
    /// Scheduled outages, sorted and disjoint.
    scheduled: Vec<OutageInterval>,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    choices: Choices,
    entity: u64,
    means: Outages,
    /// The first sojourn under `choices`; after a reseed, earlier ones cannot be computed.
    first: u64,
    /// The sojourn asked for last, from which the next search starts.
    current: Sojourn,
    drawn: SojournWords,
}

/// The random words of sojourns that follow each other, since several cost little more than one.
#[derive(Clone, Copy, Debug)]
struct SojournWords {
    /// The number of the first of them, a multiple of [`FIRST_WORDS`].
    first: u64,
    words: [u64; FIRST_WORDS],
}

/// A stay in one state of the chain.
#[derive(Clone, Copy, Debug)]
struct Sojourn {
    number: u64,
    is_outage: bool,
    since: Instant,
    /// [`Instant::MAX`] if it never ends.
    until: Instant,
}

impl Outages {
    /// The fraction of time that is outage, in the long run.
    ///
    /// # Panics
    /// If both means are zero.
    #[must_use]
    pub fn outage_fraction(self) -> Ratio {
        let total = self.mean_good + self.mean_outage;
        Ratio::new(self.mean_outage.nanos(), total.nanos()).expect("one of the means is not zero")
    }
}

impl OutageInterval {
    /// Whether `instant` lies in it.
    #[must_use]
    pub fn contains(self, instant: Instant) -> bool {
        self.from <= instant && instant < self.until
    }
}

/// The union of intervals, in the order of time. Intervals that touch become one.
#[must_use]
pub fn union(mut intervals: Vec<OutageInterval>) -> Vec<OutageInterval> {
    intervals.sort_by_key(|it| (it.from, it.until));
    let mut disjoint: Vec<OutageInterval> = Vec::new();
    for it in intervals {
        match disjoint.last_mut() {
            Some(last) if it.from <= last.until => last.until = last.until.max(it.until),
            _ => disjoint.push(it),
        }
    }
    disjoint
}

impl OutageTimeline {
    pub(crate) fn new(
        choices: Choices,
        entity: u64,
        means: Option<Outages>,
        scheduled: Vec<OutageInterval>,
    ) -> Self {
        debug_assert!(scheduled.is_sorted_by(|one, next| one.until < next.from));
        Self {
            chains: means
                .map(|means| Chain::new(choices, entity, means))
                .into_iter()
                .collect(),
            scheduled,
        }
    }

    /// The timeline that is out whenever this one or `other` is.
    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.chains.extend(&other.chains);
        let scheduled = self.scheduled.iter().chain(&other.scheduled);
        self.scheduled = union(scheduled.copied().collect());
        self
    }

    /// From `at` on, the chain draws from `choices`. Do not ask for the time before `at`
    /// afterwards.
    pub(crate) fn reseed(&mut self, at: Instant, choices: Choices) {
        for chain in &mut self.chains {
            *chain = chain.reseeded(at, choices);
        }
    }

    /// Whether the direction is out at `instant`. Remembers the sojourn found: asking in order of
    /// time takes amortized constant time.
    pub(crate) fn is_out(&mut self, instant: Instant) -> bool {
        for chain in &mut self.chains {
            chain.go_to(instant);
        }
        self.was_out(instant)
    }

    /// As [`OutageTimeline::is_out`], without remembering.
    pub(crate) fn was_out(&self, instant: Instant) -> bool {
        let by_chain = self.chains.iter().any(|it| it.at(instant).is_outage);
        by_chain
            || self.scheduled[self.first_ending_after(instant)..]
                .first()
                .is_some_and(|interval| interval.contains(instant))
    }

    /// The first instant after `now` at which an outage begins or ends.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Instant> {
        // A boundary of one cause changes nothing while the other holds the direction down.
        let before = self.was_out(now);
        let mut instant = now;
        loop {
            instant = self.next_boundary(instant)?;
            if self.was_out(instant) != before {
                return Some(instant);
            }
        }
    }

    /// The outages from `from` on. One that is under way at `from` begins there.
    pub(crate) fn intervals(&self, from: Instant) -> impl Iterator<Item = OutageInterval> + use<> {
        let mut timeline = self.clone();
        let mut cursor = Some(from);
        std::iter::from_fn(move || {
            let start = match cursor? {
                now if timeline.is_out(now) => now,
                now => timeline.next_change(now)?,
            };
            let end = timeline.next_change(start);
            cursor = end;
            Some(OutageInterval {
                from: start,
                until: end.unwrap_or(Instant::MAX),
            })
        })
    }

    /// The next instant at which a sojourn of the chain ends or a scheduled outage begins or ends.
    fn next_boundary(&self, after: Instant) -> Option<Instant> {
        let chains = self.chains.iter().map(|chain| chain.at(after).until);
        let interval = self.scheduled.get(self.first_ending_after(after));
        let scheduled = interval.map(|interval| {
            if after < interval.from {
                interval.from
            } else {
                interval.until
            }
        });
        let next = chains.chain(scheduled).min()?;
        assert!(next > after || next == Instant::MAX, "time goes on");
        (next < Instant::MAX).then_some(next)
    }

    fn first_ending_after(&self, instant: Instant) -> usize {
        self.scheduled
            .partition_point(|interval| interval.until <= instant)
    }
}

impl Chain {
    fn new(choices: Choices, entity: u64, means: Outages) -> Self {
        let fraction = means.outage_fraction();
        // The chain starts in its stationary distribution. The exponential distribution is
        // memoryless: the rest of a sojourn that is under way at the start is distributed like a
        // whole one, so only the state needs a draw.
        let is_outage = match (fraction.is_zero(), fraction.is_one()) {
            // A state that never occurs needs no random choice.
            (true, _) => false,
            (_, true) => true,
            _ => choices.rng(INITIAL, entity, [0, 0]).chance(fraction),
        };
        let mut chain = Self {
            choices,
            entity,
            means,
            first: 0,
            current: Sojourn {
                number: 0,
                is_outage,
                since: Instant::ZERO,
                until: Instant::MAX,
            },
            drawn: SojournWords::new(choices, entity, 0),
        };
        chain.current.until = Instant::ZERO.saturating_add(chain.length(0, is_outage));
        chain
    }

    /// The chain with the same state at `at` and other random choices from there on. The current
    /// sojourn is drawn again: memoryless, its rest is distributed like a whole one.
    fn reseeded(self, at: Instant, choices: Choices) -> Self {
        let Sojourn {
            number, is_outage, ..
        } = self.at(at);
        let mut chain = Self {
            choices,
            first: number,
            drawn: SojournWords::new(choices, self.entity, number),
            ..self
        };
        chain.current = Sojourn {
            number,
            is_outage,
            since: at,
            until: at.saturating_add(chain.length(number, is_outage)),
        };
        chain
    }

    /// The sojourn that contains `instant`.
    fn at(&self, instant: Instant) -> Sojourn {
        let mut chain = *self;
        chain.go_to(instant);
        chain.current
    }

    /// Makes the sojourn that contains `instant` the current one, by walking from the current one.
    fn go_to(&mut self, instant: Instant) {
        // Forward mostly: packets are sent in order of time, and the current sojourn is a cache.
        while instant >= self.current.until && self.current.until < Instant::MAX {
            self.current = self.after(self.current);
        }
        while instant < self.current.since {
            self.current = self.before(self.current);
        }
    }

    fn after(&mut self, sojourn: Sojourn) -> Sojourn {
        let (number, is_outage) = (sojourn.number + 1, !sojourn.is_outage);
        Sojourn {
            number,
            is_outage,
            since: sojourn.until,
            until: sojourn.until.saturating_add(self.length(number, is_outage)),
        }
    }

    fn before(&mut self, sojourn: Sojourn) -> Sojourn {
        assert!(
            sojourn.number > self.first,
            "no sojourn before the first one of these random choices is known"
        );
        let (number, is_outage) = (sojourn.number - 1, !sojourn.is_outage);
        let length = self.length(number, is_outage);
        Sojourn {
            number,
            is_outage,
            since: Instant::from_nanos(sojourn.since.nanos() - length.nanos()),
            until: sojourn.since,
        }
    }

    /// The length of sojourn `number`. At least a nanosecond, so that every step of a walk moves in
    /// time.
    fn length(&mut self, number: u64, is_outage: bool) -> Duration {
        let Outages {
            mean_good,
            mean_outage,
        } = self.means;
        // The other state never occurs.
        if mean_good == Duration::ZERO || mean_outage == Duration::ZERO {
            return Duration::MAX;
        }
        let mean = if is_outage { mean_outage } else { mean_good };
        let index = number % FIRST_WORDS as u64;
        if number - index != self.drawn.first {
            self.drawn = SojournWords::new(self.choices, self.entity, number);
        }
        let word = self.drawn.words[index as usize];
        exponential_of(mean, word).max(Duration::from_nanos(1))
    }
}

impl SojournWords {
    /// The words of this sojourn and its neighbours.
    fn new(choices: Choices, entity: u64, number: u64) -> Self {
        let first = number - number % FIRST_WORDS as u64;
        Self {
            first,
            words: choices.first_words(SOJOURN, entity, first),
        }
    }
}
