//! Replaces the seed during a run, as `[pin] reseed` in a scenario specifies.
//!
//! A reseed replaces every source of random choices and draws memoryless waits again. Reseeding
//! with the current seed changes nothing, and no record mentions the reseed.

use kernel::{Choices, Instant};

use super::World;
use config::plan::Reseed;

impl World<'_> {
    /// The time of the next reseed.
    pub(super) fn next_reseed(&self) -> Option<Instant> {
        let reseed = self.scenario.pins.reseeds.get(self.reseeds_applied);
        reseed.map(|reseed| reseed.from)
    }

    /// Applies the next reseed if it is due by `at`. New draws may then be due before `at`, so the
    /// caller looks at the event list again.
    pub(super) fn reseed_by(&mut self, at: Instant) -> bool {
        let is_due = self.next_reseed().is_some_and(|from| from <= at);
        if is_due {
            let reseed = self.scenario.pins.reseeds[self.reseeds_applied];
            self.reseeds_applied += 1;
            self.reseed(reseed);
        }
        is_due
    }

    /// Applies the next reseed while threads run, if it is due before the next event.
    pub(super) fn reseed_within_slice(&mut self) -> bool {
        let next = self.internet.next_time().unwrap_or(Instant::MAX);
        let before = Instant::from_nanos(next.nanos().saturating_sub(1));
        self.reseed_by(before)
    }

    fn reseed(&mut self, reseed: Reseed) {
        let Reseed { from, seed } = reseed;
        assert!(from >= self.now, "a reseed concerns what is still to come");
        // First, since what is drawn again below takes its numbers from here.
        self.choices = Choices::new(seed);
        self.internet.reseed(from, self.choices);
        let choices = self.choices;
        self.mtas().reseed(from, choices);
        for fault in 0..self.faults.len() {
            self.reseed_fault(fault, from);
        }
    }
}
