//! Critical sections, semaphores and NT event objects, as state.
//!
//! Owns who is inside and who waits. Waiters are served in the order of arrival, as NT did before
//! Windows Server 2003 SP1. It refuses to run anybody: it says who may go on.

use std::collections::VecDeque;

use crate::call::ThreadId;

/// A critical section, recursive as in Win32.
#[derive(Debug)]
pub struct Lock {
    name: &'static str,
    owner: Option<ThreadId>,
    depth: u32,
    waiters: VecDeque<ThreadId>,
}

/// A counting semaphore.
#[derive(Debug)]
pub struct Semaphore {
    name: &'static str,
    initial: u32,
    count: u32,
    maximum: u32,
    waiters: VecDeque<ThreadId>,
}

/// An NT event object.
#[derive(Debug)]
pub struct EventObject {
    name: &'static str,
    manual: bool,
    set: bool,
    waiters: VecDeque<ThreadId>,
}

/// A critical section was left by a thread that is not inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotInside;

impl Lock {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            owner: None,
            depth: 0,
            waiters: VecDeque::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Who is inside.
    #[must_use]
    pub const fn owner(&self) -> Option<ThreadId> {
        self.owner
    }

    /// Who waits, first come first.
    pub fn waiters(&self) -> impl Iterator<Item = ThreadId> {
        self.waiters.iter().copied()
    }

    /// As created: nobody is inside, nobody waits.
    pub(crate) fn clear(&mut self) {
        self.owner = None;
        self.depth = 0;
        self.waiters.clear();
    }

    /// Whether `thread` is inside now; otherwise it waits.
    pub(crate) fn enter(&mut self, thread: ThreadId) -> bool {
        match self.owner {
            None => {
                assert_eq!(self.depth, 0, "nobody is inside {}", self.name);
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

    /// `thread` leaves once. Returns who is inside instead, if it left for good and one waited.
    pub(crate) fn leave(&mut self, thread: ThreadId) -> Result<Left, NotInside> {
        if self.owner != Some(thread) {
            return Err(NotInside);
        }
        assert!(self.depth > 0, "an owner is inside {}", self.name);
        self.depth -= 1;
        if self.depth > 0 {
            return Ok(Left::StillInside);
        }
        self.owner = self.waiters.pop_front();
        self.depth = u32::from(self.owner.is_some());
        Ok(Left::Free(self.owner))
    }
}

/// What leaving a critical section came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// The thread had entered more than once.
    StillInside,
    /// It is out, and this waiter is in.
    Free(Option<ThreadId>),
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

impl EventObject {
    pub(crate) fn new(name: &'static str, manual: bool) -> Self {
        Self {
            name,
            manual,
            set: false,
            waiters: VecDeque::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is set.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.set
    }

    /// Who waits, first come first.
    pub fn waiters(&self) -> impl Iterator<Item = ThreadId> {
        self.waiters.iter().copied()
    }

    /// As created: not set, nobody waits.
    pub(crate) fn clear(&mut self) {
        self.set = false;
        self.waiters.clear();
    }

    /// Whether a wait ends at once.
    pub(crate) fn pass(&mut self) -> bool {
        let passed = self.set;
        self.set = self.set && self.manual;
        passed
    }

    pub(crate) fn enqueue(&mut self, thread: ThreadId) {
        assert!(!self.set, "nobody waits for {} while it is set", self.name);
        self.waiters.push_back(thread);
    }

    /// Sets it and calls `wake` for everyone it lets go.
    pub(crate) fn set(&mut self, mut wake: impl FnMut(ThreadId)) {
        if self.manual {
            self.set = true;
            self.waiters.drain(..).for_each(wake);
        } else if let Some(waiter) = self.waiters.pop_front() {
            wake(waiter);
        } else {
            self.set = true;
        }
    }

    pub(crate) fn reset(&mut self) {
        self.set = false;
    }

    pub(crate) fn drained(&self) -> bool {
        !self.set
    }

    pub(crate) fn give_up(&mut self, thread: ThreadId) {
        self.waiters.retain(|waiter| *waiter != thread);
    }
}
