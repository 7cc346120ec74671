//! The threads' pending calls, and who can make theirs now.
//!
//! Owns [`PendingCall`], a thread with the call it is about to make, and [`EnabledSet`]: one of every
//! thread, and the list of those among whom a scheduler chooses. It refuses to choose.

use std::ops::Index;

use kernel::Duration;

use crate::call::ThreadId;
use crate::costs::Cost;
use crate::schedulers::pending_call::{Enabledness, PendingCall, PreparedCall};

/// The threads that can make their next call now, by thread. An index is a place among these.
#[derive(Debug, Default)]
pub struct EnabledSet {
    /// Of every thread, by thread, whether it can go on or not.
    all: Vec<PendingCall>,
    runnable: Vec<ThreadId>,
    /// How many of them are about to make a call that is no plain choice: private, or one that may
    /// have to wait.
    special: usize,
}

impl EnabledSet {
    /// How many there are: never none when a scheduler is asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runnable.len()
    }

    /// Whether nobody can go on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runnable.is_empty()
    }

    /// The candidate at a place, if there are so many.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&PendingCall> {
        self.runnable.get(place).map(|thread| self.of(*thread))
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PendingCall> + Clone {
        self.runnable.iter().map(|thread| self.of(*thread))
    }

    /// Those whose call would not wait now, with their places; all of them if every call would.
    pub fn able(&self) -> impl Iterator<Item = (usize, &PendingCall)> + Clone {
        let all_wait = self.special > 0 && self.iter().all(PendingCall::blocks);
        let places = self.iter().enumerate();
        places.filter(move |(_, one)| all_wait || !one.blocks())
    }

    /// The thread at a place.
    pub(crate) fn thread_at(&self, place: usize) -> Option<ThreadId> {
        self.runnable.get(place).copied()
    }

    /// The place of a thread, or where it would stand.
    ///
    /// # Errors
    /// That place, if the thread cannot go on.
    pub fn place_of(&self, thread: ThreadId) -> Result<usize, usize> {
        self.runnable.binary_search(&thread)
    }

    /// One of every thread, by thread.
    pub(crate) fn all(&self) -> &[PendingCall] {
        &self.all
    }

    /// The candidate of a thread that may be unable to go on.
    pub(crate) fn of(&self, thread: ThreadId) -> &PendingCall {
        &self.all[thread.index()]
    }

    pub(crate) fn of_mut(&mut self, thread: ThreadId) -> &mut PendingCall {
        &mut self.all[thread.index()]
    }

    /// Whether all that can go on are about to make a call that any of them may be chosen for, and
    /// none may have to wait.
    pub(crate) fn are_plain(&self) -> bool {
        self.special == 0
    }

    /// There are no threads.
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.runnable.clear();
        self.special = 0;
    }

    /// A thread begins.
    pub(crate) fn enroll(&mut self, thread: ThreadId, key: u64) {
        assert_eq!(thread.index(), self.all.len(), "threads come in order");
        let PreparedCall {
            request, on_word, ..
        } = PreparedCall::nothing_yet();
        self.all.push(PendingCall {
            thread,
            key,
            calls: 0,
            request,
            stretch: Duration::ZERO,
            enabledness: Enabledness::Enabled,
            on_word,
            cost: Cost::NOTHING,
        });
    }

    /// What a thread that is not among the runnable asks for.
    pub(crate) fn announce(&mut self, thread: ThreadId, asked: &PreparedCall) {
        self.of_mut(thread).announce(asked);
    }

    /// What a runnable thread asks for next.
    #[inline]
    pub(crate) fn goes_on(&mut self, thread: ThreadId, asked: &PreparedCall) {
        let one = &mut self.all[thread.index()];
        self.special -= usize::from(one.request.operation.is_special());
        one.announce(asked);
        self.special += usize::from(asked.request.operation.is_special());
    }

    /// A thread can go on from now.
    pub(crate) fn admit(&mut self, thread: ThreadId) {
        let is_last = self.runnable.last().is_none_or(|last| *last < thread);
        let place = if is_last {
            self.runnable.len()
        } else {
            self.place_of(thread).expect_err("nobody is admitted twice")
        };
        self.runnable.insert(place, thread);
        self.special += usize::from(self.of(thread).request.operation.is_special());
    }

    /// The thread at a place cannot go on.
    pub(crate) fn remove(&mut self, place: usize) {
        let is_last = place + 1 == self.runnable.len();
        let thread = if is_last {
            self.runnable.pop().expect("it is the last")
        } else {
            self.runnable.remove(place)
        };
        self.special -= usize::from(self.of(thread).request.operation.is_special());
    }

    /// The place of who is about to make a private call, if anybody is.
    pub(crate) fn eager(&self) -> Option<usize> {
        let is_private = |one: &PendingCall| one.request.operation.is_private();
        self.iter().position(is_private)
    }

    /// Looks anew at what every runnable thread's call would come to.
    pub(crate) fn foresee(&mut self, enabledness: impl Fn(&PendingCall) -> Enabledness) {
        for thread in &self.runnable {
            let one = &mut self.all[thread.index()];
            one.enabledness = enabledness(one);
        }
    }

    /// Shows nobody but the thread at a place to whoever chooses.
    pub(crate) fn alone<T>(&mut self, place: usize, choose: impl FnOnce(&mut Self) -> T) -> T {
        let only = vec![self.runnable[place]];
        let all = std::mem::replace(&mut self.runnable, only);
        let chosen = choose(self);
        self.runnable = all;
        chosen
    }
}

impl Index<usize> for EnabledSet {
    type Output = PendingCall;

    fn index(&self, place: usize) -> &PendingCall {
        self.of(self.runnable[place])
    }
}
