//! Interruptions in time: the line is down, whoever sends or does not send.
//!
//! Owns the two-state Markov chain in continuous time (domain: Gilbert-Elliott with exponential
//! sojourns) and the windows that a scenario pins. The chain is a pure function of seed and link:
//! sojourn n is drawn by its ordinal, so the timeline depends on no packet and can be walked in
//! either direction. It refuses loss by packet, which is [`crate::loss`]'s.

use kernel::{Choices, Duration, Instant, Ratio, Site};

const INITIAL: Site = Site::new("net.outage.initial");
const SOJOURN: Site = Site::new("net.outage.sojourn");

/// The longest mean sojourn (some three years): its longest draw still fits virtual time.
pub const MEAN_MAX: Duration = Duration::from_secs(100_000_000);

/// Sojourns of the chain: exponential with these means. A mean of zero means that state never
/// occurs; both zero is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outages {
    /// Mean time between outages; at most [`MEAN_MAX`].
    pub mean_good: Duration,
    /// Mean length of an outage; at most [`MEAN_MAX`].
    pub mean_outage: Duration,
}

/// A pinned outage: from `from`, up to but without `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant at which the line is down.
    pub from: Instant,
    /// First instant at which it is up again.
    pub until: Instant,
}

/// All that interrupts one direction: the chain of the model and the pinned windows.
#[derive(Clone, Debug)]
pub(crate) struct Interruptions {
    chain: Option<Chain>,
    /// Sorted, apart from each other.
    windows: Vec<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    choices: Choices,
    entity: u64,
    means: Outages,
    /// The sojourn that its luck begins with; those before it are not known any more.
    first: u64,
    here: Sojourn,
}

/// One stay in one state.
#[derive(Clone, Copy, Debug)]
struct Sojourn {
    ordinal: u64,
    out: bool,
    since: Instant,
    /// [`Instant::MAX`] means for ever.
    until: Instant,
}

impl Outages {
    /// The share of time that is outage.
    ///
    /// # Panics
    /// If both means are zero.
    #[must_use]
    pub fn share(self) -> Ratio {
        let total = self.mean_good + self.mean_outage;
        Ratio::new(self.mean_outage.nanos(), total.nanos()).expect("one of the two states occurs")
    }
}

impl Window {
    /// Whether `instant` lies in it.
    #[must_use]
    pub fn holds(self, instant: Instant) -> bool {
        self.from <= instant && instant < self.until
    }
}

impl Interruptions {
    pub(crate) fn new(
        choices: Choices,
        entity: u64,
        means: Option<Outages>,
        windows: Vec<Window>,
    ) -> Self {
        debug_assert!(windows.is_sorted_by(|one, next| one.until < next.from));
        Self {
            chain: means.map(|means| Chain::new(choices, entity, means)),
            windows,
        }
    }

    /// From `at` on the chain's luck is that of `choices`. What lies before it must not be asked
    /// for any more.
    pub(crate) fn renew(&mut self, at: Instant, choices: Choices) {
        self.chain = self.chain.map(|chain| chain.renewed(at, choices));
    }

    /// Whether the line is down at `instant`; remembers the place, so that asking in order of
    /// time costs next to nothing.
    pub(crate) fn is_out(&mut self, instant: Instant) -> bool {
        if let Some(chain) = &mut self.chain {
            chain.here = chain.at(instant);
        }
        self.was_out(instant)
    }

    /// The same without remembering.
    pub(crate) fn was_out(&self, instant: Instant) -> bool {
        let by_chain = self.chain.is_some_and(|chain| chain.at(instant).out);
        by_chain
            || self.windows[self.first_ending_after(instant)..]
                .first()
                .is_some_and(|window| window.holds(instant))
    }

    /// The first instant after `now` at which the line is up where it was down or the reverse.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Instant> {
        let before = self.was_out(now);
        let mut instant = now;
        loop {
            instant = self.next_boundary(instant)?;
            if self.was_out(instant) != before {
                return Some(instant);
            }
        }
    }

    /// The outages from `from` on; the first may have begun before.
    pub(crate) fn outages(&self, from: Instant) -> impl Iterator<Item = Window> + use<> {
        let mut walker = self.clone();
        let mut cursor = Some(from);
        std::iter::from_fn(move || {
            let start = match cursor? {
                now if walker.is_out(now) => now,
                now => walker.next_change(now)?,
            };
            let end = walker.next_change(start);
            cursor = end;
            Some(Window {
                from: start,
                until: end.unwrap_or(Instant::MAX),
            })
        })
    }

    /// The next instant at which the chain or a window begins or ends.
    fn next_boundary(&self, after: Instant) -> Option<Instant> {
        let chain = self.chain.map(|chain| chain.at(after).until);
        let window = self.windows.get(self.first_ending_after(after));
        let window = window.map(|window| {
            if after < window.from {
                window.from
            } else {
                window.until
            }
        });
        let next = chain.into_iter().chain(window).min()?;
        assert!(next > after || next == Instant::MAX, "time goes on");
        (next < Instant::MAX).then_some(next)
    }

    fn first_ending_after(&self, instant: Instant) -> usize {
        self.windows
            .partition_point(|window| window.until <= instant)
    }
}

impl Chain {
    fn new(choices: Choices, entity: u64, means: Outages) -> Self {
        let share = means.share();
        // Without memory, the rest of a sojourn that is under way at the start is distributed
        // like a whole one: only the state itself needs a draw.
        let out = match (share.is_zero(), share.is_one()) {
            (true, _) => false,
            (_, true) => true,
            _ => choices.draw(INITIAL, entity, [0, 0]).chance(share),
        };
        let mut chain = Self {
            choices,
            entity,
            means,
            first: 0,
            here: Sojourn {
                ordinal: 0,
                out,
                since: Instant::ZERO,
                until: Instant::MAX,
            },
        };
        chain.here.until = Instant::ZERO.saturating_add(chain.length(0, out));
        chain
    }

    /// The chain in the state that it has at `at`, with other luck from there on. Without memory,
    /// what is left of a sojourn is distributed like a whole one.
    fn renewed(self, at: Instant, choices: Choices) -> Self {
        let Sojourn { ordinal, out, .. } = self.at(at);
        let mut chain = Self {
            choices,
            first: ordinal,
            ..self
        };
        chain.here = Sojourn {
            ordinal,
            out,
            since: at,
            until: at.saturating_add(chain.length(ordinal, out)),
        };
        chain
    }

    /// The sojourn that `instant` lies in, walking from the one asked for last.
    fn at(&self, instant: Instant) -> Sojourn {
        let mut sojourn = self.here;
        while instant >= sojourn.until && sojourn.until < Instant::MAX {
            sojourn = self.after(sojourn);
        }
        while instant < sojourn.since {
            sojourn = self.before(sojourn);
        }
        sojourn
    }

    fn after(&self, sojourn: Sojourn) -> Sojourn {
        let (ordinal, out) = (sojourn.ordinal + 1, !sojourn.out);
        Sojourn {
            ordinal,
            out,
            since: sojourn.until,
            until: sojourn.until.saturating_add(self.length(ordinal, out)),
        }
    }

    fn before(&self, sojourn: Sojourn) -> Sojourn {
        assert!(
            sojourn.ordinal > self.first,
            "the first sojourn begins at the start of this luck"
        );
        let (ordinal, out) = (sojourn.ordinal - 1, !sojourn.out);
        let length = self.length(ordinal, out);
        Sojourn {
            ordinal,
            out,
            since: Instant::from_nanos(sojourn.since.nanos() - length.nanos()),
            until: sojourn.since,
        }
    }

    /// How long sojourn `ordinal` lasts: at least a nanosecond, so that time goes on.
    fn length(&self, ordinal: u64, out: bool) -> Duration {
        let share = self.means.share();
        if share.is_zero() || share.is_one() {
            return Duration::MAX;
        }
        let mean = if out {
            self.means.mean_outage
        } else {
            self.means.mean_good
        };
        let mut draw = self.choices.draw(SOJOURN, self.entity, [ordinal, 0]);
        draw.exponential(mean).max(Duration::from_nanos(1))
    }
}
