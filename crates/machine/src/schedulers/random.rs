//! The random walk: every thread that is ready is equally likely.

use kernel::{Choices, FastCounterRng, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

const SITE: Site = Site::new("machine.schedule.random");

/// A uniform choice at every call, which depends only on seed, key and step.
#[derive(Clone, Debug)]
pub struct Random {
    key: u64,
    rng: FastCounterRng,
}

impl Random {
    /// The walk selected by `choices` and the host's `key`.
    #[must_use]
    pub fn new(choices: Choices, key: u64) -> Self {
        Self {
            key,
            rng: choices.fast_counter_rng(SITE, key),
        }
    }
}

impl Scheduler for Random {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        self.rng.below(step, enabled.len() as u64) as usize
    }

    fn reseed(&mut self, choices: Choices) {
        self.rng = choices.fast_counter_rng(SITE, self.key);
    }
}
