//! Read-only facts about a machine, for oracles and reports.
//!
//! Owns the views of [`Machine`]. It refuses to change anything: looking is no access in the
//! judge's eyes and no step of the run.

use std::collections::BTreeMap;

use crate::call::{EventId, LockId, QueueId, SemaphoreId, ThreadId};
use crate::engine::access_log::AccessLogEntry;
use crate::engine::activity::Activity;
use crate::engine::thread_state::ThreadView;
use crate::environment::Environment;
use crate::heap::census::{HeapCensus, HeapFault, census};
use crate::machine::Machine;
use crate::memory::address::Address;
use crate::memory::heap_layout::HeapLayout;
use crate::race::detector::RaceDetector;
use crate::sync::{EventObject, Lock, Semaphore};

impl<E: Environment> Machine<E> {
    /// Whether the modeled process has ended, by exception or [`Self::terminate`].
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.engine().ended
    }

    /// The judge and its findings.
    #[must_use]
    pub fn race_detector(&self) -> &RaceDetector {
        &self.engine().process.judge
    }

    /// The newest accesses, the oldest first; as many as [`crate::Config::access_log`] says.
    pub fn access_log(&self) -> impl Iterator<Item = &AccessLogEntry> {
        self.engine().access_log.oldest_first()
    }

    /// The word at `address`, if one is mapped there. No access in the judge's eyes.
    #[must_use]
    pub fn peek(&self, address: Address) -> Option<u32> {
        self.engine().process.memory.peek(address)
    }

    /// Walks the heap's blocks and lists. Meaningful while no thread is inside the heap.
    ///
    /// # Errors
    /// The first unsoundness met.
    pub fn heap_census(&self) -> Result<HeapCensus, HeapFault> {
        census(&self.engine().process.memory, self.engine().process.heap)
    }

    /// Where the parts of the heap lie.
    #[must_use]
    pub fn heap(&self) -> HeapLayout {
        self.engine().process.heap
    }

    /// All threads that ever were, by [`ThreadId::index`].
    pub fn threads(&self) -> impl ExactSizeIterator<Item = ThreadView<'_>> {
        let engine = self.engine();
        let threads = engine.threads.iter().zip(engine.candidates.all());
        threads.map(|(running, pending)| running.view(pending))
    }

    /// One thread.
    #[must_use]
    pub fn thread(&self, thread: ThreadId) -> ThreadView<'_> {
        let engine = self.engine();
        engine.threads[thread.index()].view(engine.candidates.of(thread))
    }

    /// A critical section.
    #[must_use]
    pub fn lock(&self, lock: LockId) -> &Lock {
        &self.engine().process.locks[lock.index()]
    }

    /// The threads that wait for critical sections in a circle, each with the one it waits for;
    /// empty if there is none. Nobody in the circle ever goes on.
    #[must_use]
    pub fn deadlock(&self) -> Vec<(ThreadId, LockId)> {
        let locks = &self.engine().process.locks;
        let waits: BTreeMap<ThreadId, LockId> = locks
            .iter()
            .zip(0..)
            .flat_map(|(lock, index)| lock.waiters().map(move |waiter| (waiter, LockId(index))))
            .collect();
        let next = |thread: ThreadId| waits.get(&thread).and_then(|it| locks[it.index()].owner());
        // Whoever is followed once for every waiter is either out of the waits or in a circle.
        let circle = waits.keys().find_map(|&waiter| {
            (0..waits.len()).try_fold(waiter, |thread, _| {
                next(thread).filter(|it| waits.contains_key(it))
            })
        });
        let Some(first) = circle else {
            return Vec::new();
        };
        let others = std::iter::successors(next(first), |&thread| next(thread));
        [first]
            .into_iter()
            .chain(others.take_while(|&it| it != first))
            .map(|thread| (thread, waits[&thread]))
            .collect()
    }

    /// A semaphore.
    #[must_use]
    pub fn semaphore(&self, semaphore: SemaphoreId) -> &Semaphore {
        &self.engine().process.semaphores[semaphore.index()]
    }

    /// An NT event object.
    #[must_use]
    pub fn event(&self, event: EventId) -> &EventObject {
        &self.engine().process.events[event.index()]
    }

    /// A queue's name.
    #[must_use]
    pub fn queue_name(&self, queue: QueueId) -> &'static str {
        self.engine().process.queues[queue.index()].name()
    }

    /// How many messages lie in a queue.
    #[must_use]
    pub fn queue_length(&self, queue: QueueId) -> usize {
        self.engine().process.queues[queue.index()].len()
    }

    /// From here on, keeps what threads do until it is [taken](Self::take_activity).
    pub fn watch(&mut self) {
        self.engine_mut().activity.get_or_insert_default();
    }

    /// What threads did since the last time, in the order of its doing. Nothing unless the
    /// machine is [watched](Self::watch).
    pub fn take_activity(&mut self) -> Vec<Activity> {
        self.engine_mut()
            .activity
            .as_mut()
            .map_or_else(Vec::new, std::mem::take)
    }

    /// How many calls were carried out.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.engine().config.call_limit - self.engine().calls_left
    }

    /// A hash of every call so far, its time and its answer.
    ///
    /// # Panics
    /// If none is kept ([`crate::Config::trace_hash`]).
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        let hash = self.engine().trail.hash();
        hash.expect("the configuration asks for a hash")
    }
}
