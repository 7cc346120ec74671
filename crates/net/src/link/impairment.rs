//! Impairments of packets that are not lost: jitter, reordering, duplication and damage.
//!
//! `network/link_direction` applies them. What a new one needs elsewhere: docs/CONTRIBUTING.md.

use kernel::{Choices, Duration, Instant, Ratio, Site, mix};

use crate::packet::Identity;

// One site for each impairment: switching one on changes the random choices of none of the others.
const JITTER: Site = Site::new("net.jitter");
const REORDER: Site = Site::new("net.reorder");
const DUPLICATE: Site = Site::new("net.duplicate");
const CORRUPT: Site = Site::new("net.corrupt");

/// The impairments of one direction of a link. The default is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impairment {
    /// Each copy takes up to this much longer, uniformly distributed. Jitter alone never reorders:
    /// a packet waits for the one sent before it.
    pub jitter: Duration,
    /// Probability that a copy is held back, so that later packets may overtake it.
    pub reorder: Ratio,
    /// How long a copy is held back.
    pub reorder_delay: Duration,
    /// Probability that a packet arrives twice. The duplicate has its own jitter, reordering and
    /// damage.
    pub duplicate: Ratio,
    /// Probability that a copy is damaged.
    pub corrupt: Ratio,
}

/// The random choices about one packet in one direction of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PacketChoices {
    choices: Choices,
    entity: u64,
    identity: [u64; 2],
}

/// Keeps arrivals in one direction of a link in order of sending.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ArrivalOrder {
    last: Instant,
}

impl Default for Impairment {
    fn default() -> Self {
        Self {
            jitter: Duration::ZERO,
            reorder: Ratio::ZERO,
            reorder_delay: Duration::ZERO,
            duplicate: Ratio::ZERO,
            corrupt: Ratio::ZERO,
        }
    }
}

impl Impairment {
    /// How much later a packet arrives on average because of jitter and reordering.
    pub(crate) fn mean_hold(&self) -> Duration {
        let held = u128::from(self.reorder_delay.nanos()) * u128::from(self.reorder.numerator())
            / u128::from(self.reorder.denominator());
        let held = u64::try_from(held).expect("a fraction of a delay");
        Duration::from_nanos(self.jitter.nanos() / 2 + held)
    }
}

impl ArrivalOrder {
    /// When a packet arrives that would arrive at `due` alone: not before its predecessor.
    pub(crate) fn keep(&mut self, due: Instant) -> Instant {
        self.last = self.last.max(due);
        self.last
    }
}

impl PacketChoices {
    pub(crate) const fn new(choices: Choices, entity: u64, identity: Identity) -> Self {
        Self {
            choices,
            entity,
            identity: identity.words(),
        }
    }

    /// The random choices about the packet's duplicate.
    pub(crate) const fn of_duplicate(self) -> Self {
        const SECOND: u64 = 2;
        let [flow, role] = self.identity;
        Self {
            identity: [flow, mix(role, SECOND)],
            ..self
        }
    }

    fn chance(self, site: Site, probability: Ratio) -> bool {
        // Most links have no impairments: a certain answer must not cost a generator.
        if probability.is_zero() || probability.is_one() {
            return probability.is_one();
        }
        self.choices
            .rng(site, self.entity, self.identity)
            .chance(probability)
    }
}

impl Impairment {
    pub(crate) fn duplicates(&self, choices: PacketChoices) -> bool {
        choices.chance(DUPLICATE, self.duplicate)
    }

    /// A uniform random word if the copy is damaged; it says which bits.
    pub(crate) fn corruption(&self, choices: PacketChoices) -> Option<u64> {
        if self.corrupt.is_zero() {
            return None;
        }
        let mut rng = choices
            .choices
            .rng(CORRUPT, choices.entity, choices.identity);
        rng.chance(self.corrupt).then(|| rng.next_u64())
    }

    /// When a copy arrives that would arrive at `due` without impairments.
    pub(crate) fn arrival(
        &self,
        choices: PacketChoices,
        order: &mut ArrivalOrder,
        due: Instant,
    ) -> Instant {
        let in_order = order.keep(due + self.jitter(choices));
        // The reorder delay is not reported to `order`, so later packets overtake this copy instead
        // of waiting behind it.
        if choices.chance(REORDER, self.reorder) {
            in_order + self.reorder_delay
        } else {
            in_order
        }
    }

    fn jitter(&self, choices: PacketChoices) -> Duration {
        if self.jitter.is_zero() {
            return Duration::ZERO;
        }
        choices
            .choices
            .rng(JITTER, choices.entity, choices.identity)
            .between(Duration::ZERO, self.jitter)
    }
}
