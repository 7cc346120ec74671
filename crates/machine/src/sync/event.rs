//! NT event objects, with manual or automatic reset.

use std::collections::VecDeque;

use crate::call::ThreadId;

/// An NT event object.
#[derive(Debug)]
pub struct EventObject {
    name: &'static str,
    manual: bool,
    set: bool,
    waiters: VecDeque<ThreadId>,
}

impl EventObject {
    pub(crate) fn new(name: &'static str, manual: bool) -> Self {
        Self {
            name,
            manual,
            set: false,
            waiters: VecDeque::new(),
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is set.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.set
    }

    /// The waiting threads, first come first.
    pub fn waiters(&self) -> impl Iterator<Item = ThreadId> {
        self.waiters.iter().copied()
    }

    /// Makes it as new: not set, without waiters.
    pub(crate) fn clear(&mut self) {
        self.set = false;
        self.waiters.clear();
    }

    /// Whether a wait succeeds at once. That resets the event unless it is manual.
    pub(crate) fn try_wait(&mut self) -> bool {
        let passed = self.set;
        self.set = self.set && self.manual;
        passed
    }

    pub(crate) fn enqueue(&mut self, thread: ThreadId) {
        assert!(
            !self.set,
            "no thread waits for {} while it is set",
            self.name
        );
        self.waiters.push_back(thread);
    }

    /// Sets it and calls `wake` for every thread that it releases.
    pub(crate) fn set(&mut self, mut wake: impl FnMut(ThreadId)) {
        if self.manual {
            // With manual reset the event stays set for later waiters.
            self.set = true;
            self.waiters.drain(..).for_each(wake);
        } else if let Some(waiter) = self.waiters.pop_front() {
            // With automatic reset the waiter consumes the signal: the event stays unset.
            wake(waiter);
        } else {
            self.set = true;
        }
    }

    pub(crate) fn reset(&mut self) {
        self.set = false;
    }

    /// `thread` stops waiting.
    pub(crate) fn remove_waiter(&mut self, thread: ThreadId) {
        self.waiters.retain(|waiter| *waiter != thread);
    }
}
