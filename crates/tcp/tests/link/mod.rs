//! A link that loses, delays, reorders and duplicates.
//!
//! Owns what is under way and the chance that decides it, both from one seed. It refuses to
//! look inside: bytes or segments, it is the same to it.

use std::collections::BTreeMap;

use tcp::{Span, Uptime};

/// Repeatable chance (splitmix64).
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
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

/// How bad the link is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) lost_per_mille: u64,
    pub(crate) doubled_per_mille: u64,
    /// The least delay, and how much more there may be: more than the gap between two
    /// packets reorders them.
    pub(crate) delay: Span,
    pub(crate) jitter: Span,
}

#[derive(Debug)]
pub(crate) struct Link<T> {
    weather: Weather,
    chance: Chance,
    serial: u64,
    under_way: BTreeMap<(Uptime, u64), T>,
}

impl<T: Clone> Link<T> {
    pub(crate) fn new(weather: Weather, seed: u64) -> Self {
        Self {
            weather,
            chance: Chance::new(seed),
            serial: 0,
            under_way: BTreeMap::new(),
        }
    }

    pub(crate) fn send(&mut self, now: Uptime, packet: T) {
        if self.chance.below(1000) < self.weather.lost_per_mille {
            return;
        }
        if self.chance.below(1000) < self.weather.doubled_per_mille {
            self.carry(now, packet.clone());
        }
        self.carry(now, packet);
    }

    fn carry(&mut self, now: Uptime, packet: T) {
        let more = self.chance.below(self.weather.jitter.nanos() + 1);
        let at = now.after(self.weather.delay).after(Span::from_nanos(more));
        self.serial += 1;
        self.under_way.insert((at, self.serial), packet);
    }

    /// When the next packet arrives.
    pub(crate) fn next_at(&self) -> Option<Uptime> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// A packet that has arrived by `now`.
    pub(crate) fn arrived(&mut self, now: Uptime) -> Option<T> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
