//! The random walk: every thread that can run is as likely as the next.
//!
//! Owns [`Random`]. It refuses memory: each choice depends on seed, key and step alone.

use kernel::{Choices, FastCounterRng, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

const SITE: Site = Site::new("machine.schedule.random");

/// A uniform choice at every call.
#[derive(Clone, Debug)]
pub struct Random {
    key: u64,
    luck: FastCounterRng,
}

impl Random {
    /// The walk that `choices` and the host's `key` name.
    #[must_use]
    pub fn new(choices: Choices, key: u64) -> Self {
        Self {
            key,
            luck: choices.fast_counter_rng(SITE, key),
        }
    }
}

impl Scheduler for Random {
    fn choose(&mut self, step: u64, runnable: &EnabledSet) -> usize {
        self.luck.below(step, runnable.len() as u64) as usize
    }

    fn reseed(&mut self, choices: Choices) {
        self.luck = choices.fast_counter_rng(SITE, self.key);
    }
}
