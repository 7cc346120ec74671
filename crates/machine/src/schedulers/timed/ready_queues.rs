//! The threads that are ready and have no processor: one queue for each priority.

use std::collections::VecDeque;

use kernel::Instant;

use crate::call::ThreadId;
use crate::schedulers::priority_increment::Increment;

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
    /// The number of threads in all of them: mostly none.
    count: usize,
}

impl ReadyQueues {
    pub(super) fn push_back(&mut self, priority: u8, ready: Ready) {
        self.queues[usize::from(priority)].push_back(ready);
        self.count += 1;
    }

    pub(super) fn push_front(&mut self, priority: u8, ready: Ready) {
        self.queues[usize::from(priority)].push_front(ready);
        self.count += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The priority of the first thread.
    pub(super) fn highest_priority(&self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let highest = self.queues.iter().rposition(|queue| !queue.is_empty());
        highest.map(|priority| priority as u8)
    }

    /// The first of those with the highest priority.
    pub(super) fn first(&self) -> Option<&Ready> {
        if self.is_empty() {
            return None;
        }
        self.queues.iter().rev().find_map(VecDeque::front)
    }

    pub(super) fn pop_first(&mut self) -> Option<Ready> {
        let first = self.queues.iter_mut().rev().find_map(VecDeque::pop_front);
        self.count -= usize::from(first.is_some());
        first
    }
}
