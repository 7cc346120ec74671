//! Read-only views of a machine for oracles and reports.
//!
//! Looking is not a step of the run, and the race detector does not see it.

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
    /// Whether the modeled process has ended, by an exception or [`Self::terminate`].
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.engine().ended
    }

    /// The race detector and its findings.
    #[must_use]
    pub fn race_detector(&self) -> &RaceDetector {
        &self.engine().process.detector
    }

    /// The latest accesses, oldest first; at most [`access_log_length`] of them.
    ///
    /// [`access_log_length`]: crate::Config::access_log_length
    pub fn access_log(&self) -> impl Iterator<Item = &AccessLogEntry> {
        self.engine().access_log.iter()
    }

    /// The word at `address`, if one is mapped there.
    #[must_use]
    pub fn peek(&self, address: Address) -> Option<u32> {
        self.engine().process.memory.peek(address)
    }

    /// Checks the heap's blocks and lists. Meaningful only while no thread is inside the heap.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn heap_census(&self) -> Result<HeapCensus, HeapFault> {
        census(&self.engine().process.memory, self.engine().process.heap)
    }

    /// The addresses of the heap's parts.
    #[must_use]
    pub fn heap(&self) -> HeapLayout {
        self.engine().process.heap
    }

    /// All threads that were ever started, by [`ThreadId::index`].
    pub fn threads(&self) -> impl ExactSizeIterator<Item = ThreadView<'_>> {
        let engine = self.engine();
        let threads = engine.threads.iter().zip(engine.enabled.all());
        threads.map(|(entry, pending)| entry.view(pending))
    }

    /// One thread.
    #[must_use]
    pub fn thread(&self, thread: ThreadId) -> ThreadView<'_> {
        let engine = self.engine();
        engine.threads[thread.index()].view(engine.enabled.pending(thread))
    }

    /// A critical section.
    #[must_use]
    pub fn lock(&self, lock: LockId) -> &Lock {
        &self.engine().process.locks[lock.index()]
    }

    /// A cycle of threads that wait for each other's critical sections, each with the section it
    /// waits for; empty if there is none.
    #[must_use]
    pub fn deadlock(&self) -> Vec<(ThreadId, LockId)> {
        let locks = &self.engine().process.locks;
        let waits: BTreeMap<ThreadId, LockId> = locks
            .iter()
            .zip(0..)
            .flat_map(|(lock, index)| lock.waiters().map(move |waiter| (waiter, LockId(index))))
            .collect();
        let next = |thread: ThreadId| waits.get(&thread).and_then(|it| locks[it.index()].owner());
        // Each thread waits for one owner, so the wait-for graph is a set of chains. A chain of as
        // many steps as there are waiters either leaves the waiters or ends in a cycle.
        let in_cycle = waits.keys().find_map(|&waiter| {
            (0..waits.len()).try_fold(waiter, |thread, _| {
                next(thread).filter(|it| waits.contains_key(it))
            })
        });
        let Some(first) = in_cycle else {
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

    /// The name of a queue.
    #[must_use]
    pub fn queue_name(&self, queue: QueueId) -> &'static str {
        self.engine().process.queues[queue.index()].name()
    }

    /// The number of messages in a queue.
    #[must_use]
    pub fn queue_length(&self, queue: QueueId) -> usize {
        self.engine().process.queues[queue.index()].len()
    }

    /// Starts to keep the threads' activity for [`Self::take_activity`].
    pub fn watch(&mut self) {
        self.engine_mut().activity.get_or_insert_default();
    }

    /// What threads did since the last time, in order; empty unless the machine is
    /// [watched](Self::watch).
    pub fn take_activity(&mut self) -> Vec<Activity> {
        self.engine_mut()
            .activity
            .as_mut()
            .map_or_else(Vec::new, std::mem::take)
    }

    /// The number of calls that were carried out.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.engine().config.call_limit - self.engine().calls_left
    }

    /// A hash of every call so far, its time and its answer.
    ///
    /// # Panics
    /// If [`Config::trace_hash`](crate::Config::trace_hash) is off.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        let hash = self.engine().trace_hash.get();
        hash.expect("the configuration turns the trace hash on")
    }
}
