//! The priority and the quantum of one thread.

use kernel::Duration;

use crate::schedulers::priority_increment::Increment;

/// A clock tick takes three units of quantum, and a wait one (`CLOCK_QUANTUM_DECREMENT` and
/// `WAIT_QUANTUM_DECREMENT` in NT's ke.h). A server's quantum is 36 units: twelve ticks of 10 ms.
const UNITS_PER_QUANTUM: u64 = 36;

/// See the module documentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadPriority {
    /// How far its priority is above the base.
    above_base: u8,
    pub(super) quantum_left: Duration,
    /// What was left of its latest call when it was preempted.
    pub(super) unfinished: Duration,
}

impl ThreadPriority {
    pub(super) fn new(quantum: Duration) -> Self {
        Self {
            above_base: 0,
            quantum_left: quantum,
            unfinished: Duration::ZERO,
        }
    }

    pub(super) fn priority(&self) -> u8 {
        self.above_base
    }

    /// Its wait ends.
    pub(super) fn end_wait(&mut self, Increment(increment): Increment, quantum: Duration) {
        self.above_base = self.above_base.max(increment);
        let unit = Duration::from_nanos(quantum.nanos() / UNITS_PER_QUANTUM);
        self.quantum_left = self.quantum_left.saturating_sub(unit);
        if self.quantum_left.is_zero() {
            self.end_quantum(quantum);
        }
    }

    pub(super) fn end_quantum(&mut self, quantum: Duration) {
        self.above_base = self.above_base.saturating_sub(1);
        self.quantum_left = quantum;
    }

    pub(super) fn drop_to_base(&mut self, quantum: Duration) {
        self.above_base = 0;
        self.quantum_left = quantum;
    }
}
