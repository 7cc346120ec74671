//! Round robin: a schedule without random choices.

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

/// Each thread makes a fixed number of calls, then the next thread by number goes.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    calls_per_slice: u64,
    last: Option<ThreadId>,
    made: u64,
}

impl RoundRobin {
    /// Time slices of `calls_per_slice` calls.
    ///
    /// # Panics
    /// If that is zero.
    #[must_use]
    pub fn new(calls_per_slice: u64) -> Self {
        assert!(calls_per_slice > 0, "a time slice has at least one call");
        Self {
            calls_per_slice,
            last: None,
            made: 0,
        }
    }
}

impl Scheduler for RoundRobin {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        if let Some(last) = self.last
            && self.made < self.calls_per_slice
            && let Ok(index) = enabled.index_of(last)
        {
            self.made += 1;
            return index;
        }
        let after = |last| {
            enabled
                .index_of(last)
                .map_or_else(|index| index, |index| index + 1)
        };
        let index = self.last.map_or(0, after) % enabled.len();
        self.last = Some(enabled[index].thread);
        self.made = 1;
        index
    }
}
