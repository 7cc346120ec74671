//! Dispatcher in a circle: the schedule without chance.
//!
//! Owns [`RoundRobin`]. With a turn that never ends it is the schedule without preemption, on
//! which a pinned list of preemptions stands.

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

/// Each thread makes so many calls, then the next one by number.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    calls_per_turn: u64,
    last: Option<ThreadId>,
    made: u64,
}

impl RoundRobin {
    /// Dispatcher of `calls_per_turn` calls.
    ///
    /// # Panics
    /// If that is zero.
    #[must_use]
    pub fn new(calls_per_turn: u64) -> Self {
        assert!(calls_per_turn > 0, "a turn has at least one call");
        Self {
            calls_per_turn,
            last: None,
            made: 0,
        }
    }

    /// Dispatcher that end only when a thread blocks, exits or is preempted.
    #[must_use]
    pub fn without_preemption() -> Self {
        Self::new(u64::MAX)
    }
}

impl Scheduler for RoundRobin {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        if let Some(last) = self.last
            && self.made < self.calls_per_turn
            && let Ok(index) = runnable.place_of(last)
        {
            self.made += 1;
            return index;
        }
        let after = |last| {
            runnable
                .place_of(last)
                .map_or_else(|place| place, |place| place + 1)
        };
        let index = self.last.map_or(0, after) % runnable.len();
        self.last = Some(runnable[index].thread);
        self.made = 1;
        index
    }
}
