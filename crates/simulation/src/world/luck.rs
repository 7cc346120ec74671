//! The seed that chance follows, and when it changes.
//!
//! Owns the moments at which the scenario's `[pin] luck` takes hold. No draw knows of them: at such
//! a moment every source of luck is exchanged, and what waits without memory waits anew. It
//! refuses to leave a trace of its own: fresh luck that is the old luck changes nothing.

use kernel::{Choices, Instant};

use super::World;
use config::plan::Reseed;

impl World<'_> {
    /// The next moment at which luck changes.
    pub(super) fn next_luck(&self) -> Option<Instant> {
        let luck = self.scenario.pins.reseeds.get(self.lucks_seen);
        luck.map(|luck| luck.from)
    }

    /// Changes luck if that is due by `at`. Something may be due earlier then.
    pub(super) fn renew_luck_by(&mut self, at: Instant) -> bool {
        let is_due = self.next_luck().is_some_and(|from| from <= at);
        if is_due {
            let luck = self.scenario.pins.reseeds[self.lucks_seen];
            self.lucks_seen += 1;
            self.renew_luck(luck);
        }
        is_due
    }

    /// The same while threads take their turns: before anything else is due.
    pub(super) fn renew_luck_within_turn(&mut self) -> bool {
        let next = self.internet.next_time().unwrap_or(Instant::MAX);
        let before = Instant::from_nanos(next.nanos().saturating_sub(1));
        self.renew_luck_by(before)
    }

    fn renew_luck(&mut self, luck: Reseed) {
        let Reseed { from, seed } = luck;
        assert!(from >= self.now, "luck changes for what is to come");
        self.choices = Choices::new(seed);
        self.internet.reseed(from, self.choices);
        for host in &mut self.hosts {
            if let Some(service) = &mut host.service {
                service.machine.renew(self.choices);
            }
        }
        for workload in 0..self.inflows.len() {
            self.renew_inflow(workload, from, self.choices);
        }
        for fault in 0..self.faults.len() {
            self.renew_fault(fault, from);
        }
    }
}
