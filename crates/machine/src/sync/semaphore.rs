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
        assert!(initial <= maximum, "{name} begins above its maximum");
        Self {
            name,
            initial,
            count: initial,
            maximum,
            waiters: VecDeque::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many can be taken.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Who waits, first come first.
    pub fn waiters(&self) -> impl Iterator<Item = ThreadId> {
        self.waiters.iter().copied()
    }

    /// As created.
    pub(crate) fn clear(&mut self) {
        self.count = self.initial;
        self.waiters.clear();
    }

    /// Takes one; false if there is none.
    pub(crate) fn take(&mut self) -> bool {
        let taken = self.count > 0;
        self.count -= u32::from(taken);
        taken
    }

    pub(crate) fn enqueue(&mut self, thread: ThreadId) {
        assert_eq!(
            self.count, 0,
            "nobody waits for {} while one is there",
            self.name
        );
        self.waiters.push_back(thread);
    }

    /// Gives one, to the first waiter if there is one: `None` if it is at its maximum.
    pub(crate) fn give(&mut self) -> Option<Option<ThreadId>> {
        if let Some(waiter) = self.waiters.pop_front() {
            return Some(Some(waiter));
        }
        if self.count == self.maximum {
            return None;
        }
        self.count += 1;
        Some(None)
    }

    pub(crate) fn give_up(&mut self, thread: ThreadId) {
        self.waiters.retain(|waiter| *waiter != thread);
    }
}
