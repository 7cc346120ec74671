//! The set of threads among which a scheduler chooses.

use std::ops::Index;

use crate::call::ThreadId;
use crate::schedulers::pending_call::{Enabledness, PendingCall, PreparedCall};

/// The threads that are ready to make their next call, sorted by number.
///
/// An index means a position in this set. A ready thread may still be about to make a call that
/// blocks, such as entering an owned critical section: see [`Self::non_blocking`].
#[derive(Debug, Default)]
pub struct EnabledSet {
    /// The pending calls of all threads, ready or not, by thread.
    all: Vec<PendingCall>,
    ready: Vec<ThreadId>,
    /// How many of `ready` are about to make a [special](crate::Operation::is_special) call: a
    /// private one, or one that may block. While it is zero, the set needs no closer look.
    special: usize,
}

impl EnabledSet {
    /// The number of threads; never zero when a scheduler is asked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    /// Whether no thread is ready.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// The pending call at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&PendingCall> {
        self.ready.get(index).map(|thread| self.pending(*thread))
    }

    /// All pending calls of the set.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PendingCall> + Clone {
        self.ready.iter().map(|thread| self.pending(*thread))
    }

    /// The pending calls that would not block now, with their indices; all of them if every call
    /// would block.
    pub fn non_blocking(&self) -> impl Iterator<Item = (usize, &PendingCall)> + Clone {
        // If every call blocks, one of them is made anyway, so that the wait begins and time can
        // advance.
        let all_block = self.special > 0 && self.iter().all(PendingCall::blocks);
        let indexed = self.iter().enumerate();
        indexed.filter(move |(_, call)| all_block || !call.blocks())
    }

    /// The thread at an index.
    pub(crate) fn thread_at(&self, index: usize) -> Option<ThreadId> {
        self.ready.get(index).copied()
    }

    /// The index of a thread.
    ///
    /// # Errors
    /// The index at which the thread would be, if it is not ready.
    pub fn index_of(&self, thread: ThreadId) -> Result<usize, usize> {
        self.ready.binary_search(&thread)
    }

    /// The pending calls of all threads, ready or not.
    pub(crate) fn all(&self) -> &[PendingCall] {
        &self.all
    }

    /// The pending call of any thread, ready or not.
    pub(crate) fn pending(&self, thread: ThreadId) -> &PendingCall {
        &self.all[thread.index()]
    }

    pub(crate) fn pending_mut(&mut self, thread: ThreadId) -> &mut PendingCall {
        &mut self.all[thread.index()]
    }

    /// Whether no pending call of the set is private or may block.
    pub(crate) fn is_plain(&self) -> bool {
        self.special == 0
    }

    /// Removes all threads.
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.ready.clear();
        self.special = 0;
    }

    /// Adds a thread that is not ready yet.
    pub(crate) fn add_thread(&mut self, thread: ThreadId, key: u64) {
        assert_eq!(
            thread.index(),
            self.all.len(),
            "threads start in the order of their numbers"
        );
        self.all.push(PendingCall::unannounced(thread, key));
    }

    /// A thread that is not in the set announces its next call.
    pub(crate) fn set_pending(&mut self, thread: ThreadId, call: &PreparedCall) {
        self.pending_mut(thread).set(call);
    }

    /// A thread in the set announces its next call.
    #[inline]
    pub(crate) fn replace_pending(&mut self, thread: ThreadId, call: &PreparedCall) {
        let pending = &mut self.all[thread.index()];
        self.special -= usize::from(pending.request.operation.is_special());
        pending.set(call);
        self.special += usize::from(call.request.operation.is_special());
    }

    /// A thread becomes ready.
    pub(crate) fn insert(&mut self, thread: ThreadId) {
        let is_last = self.ready.last().is_none_or(|last| *last < thread);
        let index = if is_last {
            self.ready.len()
        } else {
            self.index_of(thread)
                .expect_err("the thread is not ready yet")
        };
        // Kept sorted by number: schedulers see the same set in the same order in every run.
        self.ready.insert(index, thread);
        self.special += usize::from(self.pending(thread).request.operation.is_special());
    }

    /// The thread at an index is not ready any more.
    pub(crate) fn remove(&mut self, index: usize) {
        let is_last = index + 1 == self.ready.len();
        let thread = if is_last {
            self.ready.pop().expect("the set is not empty")
        } else {
            self.ready.remove(index)
        };
        self.special -= usize::from(self.pending(thread).request.operation.is_special());
    }

    /// The index of the first thread that is about to make a private call.
    pub(crate) fn first_private(&self) -> Option<usize> {
        self.iter()
            .position(|call| call.request.operation.is_private())
    }

    /// Works out what every pending call of the set would do now.
    pub(crate) fn update_enabledness(&mut self, enabledness: impl Fn(&PendingCall) -> Enabledness) {
        for thread in &self.ready {
            let call = &mut self.all[thread.index()];
            call.enabledness = enabledness(call);
        }
    }

    /// Runs `choose` on a set that contains only the thread at an index.
    pub(crate) fn with_only<T>(&mut self, index: usize, choose: impl FnOnce(&mut Self) -> T) -> T {
        let only = vec![self.ready[index]];
        let all = std::mem::replace(&mut self.ready, only);
        let chosen = choose(self);
        self.ready = all;
        chosen
    }
}

impl Index<usize> for EnabledSet {
    type Output = PendingCall;

    fn index(&self, index: usize) -> &PendingCall {
        self.pending(self.ready[index])
    }
}
