//! The threads that are ready and have no processor: one queue for each priority.

use std::collections::VecDeque;

use kernel::Instant;

use crate::call::ThreadId;
use crate::schedulers::increment::Increment;

/// A thread in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) thread: ThreadId,
    /// Since when it is ready.
    pub(super) at: Instant,
}

/// See the module documentation. Priorities count from the base priority.
#[derive(Debug, Default)]
pub(super) struct ReadyQueues {
    queues: [VecDeque<Ready>; Increment::MAX.0 as usize + 1],
}

impl ReadyQueues {
    pub(super) fn push_back(&mut self, priority: u8, ready: Ready) {
        self.queues[usize::from(priority)].push_back(ready);
    }

    pub(super) fn push_front(&mut self, priority: u8, ready: Ready) {
        self.queues[usize::from(priority)].push_front(ready);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }

    /// The priority of the first thread.
    pub(super) fn highest_priority(&self) -> Option<u8> {
        let highest = self.queues.iter().rposition(|queue| !queue.is_empty());
        highest.map(|priority| priority as u8)
    }

    /// The first of those with the highest priority.
    pub(super) fn first(&self) -> Option<&Ready> {
        self.queues.iter().rev().find_map(VecDeque::front)
    }

    pub(super) fn pop_first(&mut self) -> Option<Ready> {
        self.queues.iter_mut().rev().find_map(VecDeque::pop_front)
    }
}
