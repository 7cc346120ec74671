//! What may befall a packet that is not lost.
//!
//! Owns jitter, reordering, duplication and damage. It refuses bias by order: each of the four
//! is drawn at its own site, so that switching one on changes none of the others.

use kernel::{Choices, Duration, Instant, Ratio, Site, mix};

use crate::packet::Identity;

const JITTER: Site = Site::new("net.jitter");
const REORDER: Site = Site::new("net.reorder");
const DUPLICATE: Site = Site::new("net.duplicate");
const CORRUPT: Site = Site::new("net.corrupt");

/// The troubles of one way of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impairment {
    /// Each copy takes up to this much longer, uniformly; but jitter lets no packet overtake
    /// another.
    pub jitter: Duration,
    /// Probability that a copy is held back and others may overtake it.
    pub reorder: Ratio,
    /// How long it is held back.
    pub reorder_delay: Duration,
    /// Probability that a packet arrives twice. The second copy has its own jitter, reordering
    /// and damage.
    pub duplicate: Ratio,
    /// Probability that a copy is damaged.
    pub corrupt: Ratio,
}

/// The luck of one packet on one way of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luck {
    choices: Choices,
    entity: u64,
    identity: [u64; 2],
}

/// Keeps one way of a link in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Order {
    last: Instant,
}

impl Default for Impairment {
    /// None of it.
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

impl Order {
    /// When a packet that would arrive at `due` does: not before the one that was sent before it.
    pub(crate) fn keep(&mut self, due: Instant) -> Instant {
        self.last = self.last.max(due);
        self.last
    }
}

impl Luck {
    pub(crate) const fn new(choices: Choices, entity: u64, identity: Identity) -> Self {
        Self {
            choices,
            entity,
            identity: identity.words(),
        }
    }

    /// The luck of the second copy.
    pub(crate) const fn of_duplicate(self) -> Self {
        const SECOND: u64 = 2;
        let [flow, role] = self.identity;
        Self {
            identity: [flow, mix(role, SECOND)],
            ..self
        }
    }

    /// No draw where nothing is left to chance.
    fn chance(self, site: Site, share: Ratio) -> bool {
        if share.is_zero() || share.is_one() {
            return share.is_one();
        }
        self.choices
            .draw(site, self.entity, self.identity)
            .chance(share)
    }
}

impl Impairment {
    pub(crate) fn duplicates(&self, luck: Luck) -> bool {
        luck.chance(DUPLICATE, self.duplicate)
    }

    /// The word that says what is damaged, if anything is.
    pub(crate) fn corruption(&self, luck: Luck) -> Option<u64> {
        if self.corrupt.is_zero() {
            return None;
        }
        let mut draw = luck.choices.draw(CORRUPT, luck.entity, luck.identity);
        draw.chance(self.corrupt).then(|| draw.next_u64())
    }

    /// When a copy arrives that would arrive at `due` on a perfect line.
    pub(crate) fn arrival(&self, luck: Luck, order: &mut Order, due: Instant) -> Instant {
        let in_order = order.keep(due + self.jitter(luck));
        if luck.chance(REORDER, self.reorder) {
            in_order + self.reorder_delay
        } else {
            in_order
        }
    }

    fn jitter(&self, luck: Luck) -> Duration {
        if self.jitter.is_zero() {
            return Duration::ZERO;
        }
        luck.choices
            .draw(JITTER, luck.entity, luck.identity)
            .between(Duration::ZERO, self.jitter)
    }
}
