//! Critical sections.

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
