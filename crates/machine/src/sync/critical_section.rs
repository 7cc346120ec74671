//! Critical sections, recursive as in Win32.

use std::collections::VecDeque;

use crate::call::ThreadId;

/// A critical section.
#[derive(Debug)]
pub struct Lock {
    name: &'static str,
    owner: Option<ThreadId>,
    /// How often the owner has entered.
    depth: u32,
    waiters: VecDeque<ThreadId>,
}

/// The thread that leaves a critical section does not own it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotOwner;

/// The result of leaving a critical section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaveOutcome {
    /// The thread had entered more than once and still owns it.
    StillOwned,
    /// The thread has released it, and this waiter owns it now.
    Released(Option<ThreadId>),
}

impl Lock {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            owner: None,
            depth: 0,
            waiters: VecDeque::new(),
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The thread that owns it.
    #[must_use]
    pub const fn owner(&self) -> Option<ThreadId> {
        self.owner
    }

    /// The waiting threads, first come first.
    pub fn waiters(&self) -> impl Iterator<Item = ThreadId> {
        self.waiters.iter().copied()
    }

    /// Makes it as new.
    pub(crate) fn reset(&mut self) {
        self.owner = None;
        self.depth = 0;
        self.waiters.clear();
    }

    /// Enters it and returns true, or enqueues `thread` as a waiter.
    pub(crate) fn enter(&mut self, thread: ThreadId) -> bool {
        match self.owner {
            None => {
                assert_eq!(
                    self.depth, 0,
                    "a free section has depth zero: {}",
                    self.name
                );
                self.owner = Some(thread);
            }
            Some(owner) if owner == thread => {}
            Some(_) => {
                self.waiters.push_back(thread);
                return false;
            }
        }
        self.depth = self.depth.checked_add(1).expect("entered 2^32 times");
        true
    }

    /// `thread` leaves once.
    pub(crate) fn leave(&mut self, thread: ThreadId) -> Result<LeaveOutcome, NotOwner> {
        if self.owner != Some(thread) {
            return Err(NotOwner);
        }
        assert!(self.depth > 0, "the owner has entered {}", self.name);
        self.depth -= 1;
        if self.depth > 0 {
            return Ok(LeaveOutcome::StillOwned);
        }
        // Ownership passes to the first waiter directly; no other thread can enter in between.
        self.owner = self.waiters.pop_front();
        self.depth = u32::from(self.owner.is_some());
        Ok(LeaveOutcome::Released(self.owner))
    }
}
