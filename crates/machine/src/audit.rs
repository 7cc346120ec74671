//! Read-only facts about a machine, for oracles and reports.
//!
//! Owns the views of [`Machine`]. It refuses to change anything: looking is no access in the
//! judge's eyes and no step of the run.

use crate::address::Address;
use crate::call::{EventId, LockId, QueueId, SemaphoreId, ThreadId};
use crate::environment::Environment;
use crate::heap_census::{HeapCensus, HeapFault, census};
use crate::heap_layout::HeapLayout;
use crate::judge::Judge;
use crate::machine::Machine;
use crate::running::{Running, ThreadView};
use crate::sync::{EventObject, Lock, Semaphore};
use crate::touches::Touch;

impl<E: Environment> Machine<E> {
    /// Whether the modeled process has ended, by exception or [`Self::terminate`].
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// The judge and its findings.
    #[must_use]
    pub const fn judge(&self) -> &Judge {
        &self.process.judge
    }

    /// The newest accesses, the oldest first; as many as [`crate::Config::touches`] says.
    pub fn touches(&self) -> impl Iterator<Item = &Touch> {
        self.touches.oldest_first()
    }

    /// The word at `address`, if one is mapped there. No access in the judge's eyes.
    #[must_use]
    pub fn peek(&self, address: Address) -> Option<u32> {
        self.process.memory.peek(address)
    }

    /// Walks the heap's blocks and lists. Meaningful while no thread is inside the heap.
    ///
    /// # Errors
    /// The first unsoundness met.
    pub fn heap_census(&self) -> Result<HeapCensus, HeapFault> {
        census(&self.process.memory, self.process.heap)
    }

    /// Where the parts of the heap lie.
    #[must_use]
    pub const fn heap(&self) -> HeapLayout {
        self.process.heap
    }

    /// All threads that ever were, by [`ThreadId::index`].
    pub fn threads(&self) -> impl ExactSizeIterator<Item = ThreadView<'_>> {
        self.threads.iter().map(Running::view)
    }

    /// One thread.
    #[must_use]
    pub fn thread(&self, thread: ThreadId) -> ThreadView<'_> {
        self.threads[thread.index()].view()
    }

    /// A critical section.
    #[must_use]
    pub fn lock(&self, lock: LockId) -> &Lock {
        &self.process.locks[lock.index()]
    }

    /// A semaphore.
    #[must_use]
    pub fn semaphore(&self, semaphore: SemaphoreId) -> &Semaphore {
        &self.process.semaphores[semaphore.index()]
    }

    /// An NT event object.
    #[must_use]
    pub fn event(&self, event: EventId) -> &EventObject {
        &self.process.events[event.index()]
    }

    /// A queue's name.
    #[must_use]
    pub fn queue_name(&self, queue: QueueId) -> &'static str {
        self.process.queues[queue.index()].name()
    }

    /// How many messages lie in a queue.
    #[must_use]
    pub fn queue_length(&self, queue: QueueId) -> usize {
        self.process.queues[queue.index()].len()
    }

    /// How many calls were carried out.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// A hash of every call so far, its time and its answer.
    #[must_use]
    pub const fn state_hash(&self) -> u64 {
        self.trail.hash()
    }
}
