//! A link that loses, delays, reorders and duplicates packets, decided by a seed.

use std::collections::BTreeMap;

use tcp::{TimeSpan, Uptime};

/// A pseudorandom number generator (splitmix64).
#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// The impairments of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Impairments {
    pub(crate) lost_per_mille: u64,
    pub(crate) duplicated_per_mille: u64,
    /// The minimum delay.
    pub(crate) delay: TimeSpan,
    /// The maximum additional delay. Packets sent within it can overtake each other.
    pub(crate) jitter: TimeSpan,
}

/// One direction of a link with packets of type `T`.
#[derive(Debug)]
pub(crate) struct Link<T> {
    impairments: Impairments,
    rng: Rng,
    serial: u64,
    in_flight: BTreeMap<(Uptime, u64), T>,
}

impl<T: Clone> Link<T> {
    pub(crate) fn new(impairments: Impairments, seed: u64) -> Self {
        Self {
            impairments,
            rng: Rng::new(seed),
            serial: 0,
            in_flight: BTreeMap::new(),
        }
    }

    pub(crate) fn send(&mut self, now: Uptime, packet: T) {
        if self.rng.below(1000) < self.impairments.lost_per_mille {
            return;
        }
        if self.rng.below(1000) < self.impairments.duplicated_per_mille {
            self.schedule(now, packet.clone());
        }
        self.schedule(now, packet);
    }

    fn schedule(&mut self, now: Uptime, packet: T) {
        let more = self.rng.below(self.impairments.jitter.nanos() + 1);
        let at = now
            .after(self.impairments.delay)
            .after(TimeSpan::from_nanos(more));
        self.serial += 1;
        self.in_flight.insert((at, self.serial), packet);
    }

    /// When the next packet arrives.
    pub(crate) fn next_at(&self) -> Option<Uptime> {
        self.in_flight.keys().next().map(|(at, _)| *at)
    }

    /// Removes and returns the next packet that has arrived by `now`.
    pub(crate) fn arrived(&mut self, now: Uptime) -> Option<T> {
        let first = self.in_flight.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
