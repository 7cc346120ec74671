//! Counting semaphores.

use std::collections::VecDeque;

use crate::call::ThreadId;

/// A counting semaphore.
#[derive(Debug)]
pub struct Semaphore {
    name: &'static str,
    initial: u32,
    count: u32,
    maximum: u32,
    waiters: VecDeque<ThreadId>,
}

impl Semaphore {
    pub(crate) fn new(name: &'static str, initial: u32, maximum: u32) -> Self {
        assert!(maximum > 0, "{name} can never be signalled");
        assert!(initial <= maximum, "{name} starts above its maximum");
        Self {
            name,
            initial,
            count: initial,
            maximum,
            waiters: VecDeque::new(),
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The current count.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The waiting threads, first come first.
    pub fn waiters(&self) -> impl Iterator<Item = ThreadId> {
        self.waiters.iter().copied()
    }

    /// Makes it as new.
    pub(crate) fn reset(&mut self) {
        self.count = self.initial;
        self.waiters.clear();
    }

    /// Decrements the count; false if it is zero.
    pub(crate) fn try_take(&mut self) -> bool {
        let taken = self.count > 0;
        self.count -= u32::from(taken);
        taken
    }

    pub(crate) fn enqueue(&mut self, thread: ThreadId) {
        assert_eq!(
            self.count, 0,
            "no thread waits for {} while its count is positive",
            self.name
        );
        self.waiters.push_back(thread);
    }

    /// Wakes the first waiter or increments the count. Returns the woken thread, or `None` as a
    /// whole if the count is at its maximum.
    pub(crate) fn signal(&mut self) -> Option<Option<ThreadId>> {
        // The unit goes to the waiter directly, so that no other thread can take it.
        if let Some(waiter) = self.waiters.pop_front() {
            return Some(Some(waiter));
        }
        if self.count == self.maximum {
            return None;
        }
        self.count += 1;
        Some(None)
    }

    /// `thread` stops waiting.
    pub(crate) fn remove_waiter(&mut self, thread: ThreadId) {
        self.waiters.retain(|waiter| *waiter != thread);
    }
}
