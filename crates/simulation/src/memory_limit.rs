//! The limit on a run's memory (`limits.memory`).
//!
//! What is counted is an estimate from numbers of things, so that a run stops at the same event on every
//! machine: what the allocator or the operating system says would differ.

use config::plan::Limits;
use internet::Held;

/// Events between two counts, at least. Counting looks at every connection.
const INTERVAL_MIN: u64 = 1 << 12;

/// When to count what a run holds, and how much is too much.
#[derive(Debug)]
pub struct MemoryLimit {
    /// In bytes.
    limit: u64,
    /// The number of events handled at the next count.
    next_count: u64,
}

impl MemoryLimit {
    /// The limit of a scenario.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.memory.unwrap_or(Limits::MEMORY).0,
            next_count: 0,
        }
    }

    /// Whether it is time to count what the run holds, after this many events. Mostly it is not.
    #[must_use]
    pub const fn is_due(&self, events: u64) -> bool {
        events >= self.next_count
    }

    /// Whether the limit is reached with what the run holds after this many events.
    pub fn is_reached(&mut self, events: u64, held: Held) -> bool {
        // As many events as there are things to look at: the count then costs a part of each event.
        self.next_count = events + held.things.max(INTERVAL_MIN);
        held.bytes >= self.limit
    }
}
