//! The modeled process, and the effect of each operation on it.
//!
//! It holds the words, the kernel objects and the race detector. Time, processors and what a thread
//! does with an answer are not its concern.

mod objects;

use std::fmt;

use kernel::{Instant, mix};

use objects::block_until;

use crate::call::{LockId, Operation, OperationKind, Request, ThreadId, WordAccess};
use crate::debug_hash::DebugHash;
use crate::engine::mailbox::Mailbox;
use crate::engine::watch::Watch;
use crate::environment::Environment;
use crate::exception::{
    ACCESS_VIOLATION, Cause, DATATYPE_MISALIGNMENT, Exception, RESOURCE_NOT_OWNED,
};
use crate::memory::address::{Address, Location};
use crate::memory::heap_layout::HeapLayout;
use crate::memory::{AccessFault, Memory};
use crate::race::access::Access;
use crate::race::detector::RaceDetector;
use crate::race::sync_clocks::SyncObject;
use crate::schedulers::pending_call::{Enabledness, PendingCall};
use crate::schedulers::scheduling_decision::SchedulingDecision;
use crate::sync::queue::Queue;
use crate::sync::{EventObject, Lock, NotOwner, Semaphore};

/// The answer to a wait whose deadline has come.
pub(crate) const TIMED_OUT: u32 = 0;
/// The answer to a call that succeeded.
pub(crate) const DONE: u32 = 1;

/// A modeled process without its threads.
pub(crate) struct Process<E: Environment> {
    pub(crate) memory: Memory,
    pub(crate) heap: HeapLayout,
    pub(crate) locks: Vec<Lock>,
    pub(crate) semaphores: Vec<Semaphore>,
    pub(crate) events: Vec<EventObject>,
    pub(crate) queues: Vec<Queue<E::Message>>,
    pub(crate) detector: RaceDetector,
    pub(crate) watch: Watch,
    /// The threads that the latest call has released, in order.
    pub(crate) woken: Vec<Woken<E>>,
    initial: InitialObjects,
}

/// What a reset keeps.
#[derive(Clone, Copy, Debug, Default)]
struct InitialObjects {
    locks: usize,
    semaphores: usize,
    events: usize,
    queues: usize,
    /// Whether it restores words, too.
    has_words: bool,
}

/// A thread whose wait is over.
pub(crate) struct Woken<E: Environment> {
    pub(crate) thread: ThreadId,
    /// The message that it was waiting for.
    pub(crate) message: Option<E::Message>,
}

/// The effect of a call on the thread that makes it.
pub(crate) enum Effect {
    /// The call returns this word.
    Answer(u32),
    /// The thread waits, at most until this instant.
    Blocked(Instant),
    /// The environment must answer.
    Environment,
    /// The process ends.
    Raised(Box<Exception>),
}

impl<E: Environment> Process<E> {
    pub(crate) fn new(memory: Memory, heap: HeapLayout, detector: RaceDetector) -> Self {
        Self {
            memory,
            heap,
            locks: Vec::new(),
            semaphores: Vec::new(),
            events: Vec::new(),
            queues: Vec::new(),
            detector,
            watch: Watch::default(),
            woken: Vec::new(),
            initial: InitialObjects::default(),
        }
    }

    /// Saves words and kernel objects for [`Self::reset`].
    pub(crate) fn save_initial_state(&mut self) {
        self.save_objects();
        self.memory.save_words();
        self.initial.has_words = true;
    }

    /// Saves regions and kernel objects for [`Self::reset`]. Most processes are never reset, and a
    /// copy of the heap's words would be a waste.
    pub(crate) fn save_objects(&mut self) {
        self.memory.save_regions();
        self.initial = InitialObjects {
            has_words: false,
            locks: self.locks.len(),
            semaphores: self.semaphores.len(),
            events: self.events.len(),
            queues: self.queues.len(),
        };
    }

    /// Restores what was saved and removes all else. Returns whether words were saved: if not, all
    /// are zero now.
    pub(crate) fn reset(&mut self) -> bool {
        let InitialObjects {
            locks,
            semaphores,
            events,
            queues,
            has_words,
        } = self.initial;
        self.memory.reset();
        self.detector.reset(queues);
        self.locks.truncate(locks);
        self.locks.iter_mut().for_each(Lock::reset);
        self.semaphores.truncate(semaphores);
        self.semaphores.iter_mut().for_each(Semaphore::reset);
        self.events.truncate(events);
        self.events.iter_mut().for_each(EventObject::clear);
        self.queues.truncate(queues);
        self.queues.iter_mut().for_each(Queue::reset);
        self.woken.clear();
        self.watch.reset();
        has_words
    }

    /// A hash of words and kernel objects.
    pub(crate) fn fingerprint(&self) -> u64 {
        let objects = (&self.locks, &self.semaphores, &self.events);
        let queues = self.queues.iter().map(Queue::fingerprint);
        let objects = mix(self.memory.fingerprint(), DebugHash::of(&objects));
        queues.fold(objects, mix)
    }

    /// Carries out an access if its word is mapped. Returns the old word.
    #[inline(always)]
    pub(crate) fn access(
        &mut self,
        dispatch: SchedulingDecision,
        access: &WordAccess,
        request: &Request,
    ) -> Option<u32> {
        let old = self
            .memory
            .update(access.address, |old| access.apply(old))?;
        if self.watch.covers(access.address) {
            self.watch.on_access(dispatch, access, old);
        }
        if self.detector.is_on() {
            self.check_access(dispatch, request);
        }
        Some(old)
    }

    #[inline(never)]
    fn check_access(&mut self, dispatch: SchedulingDecision, request: &Request) {
        let location = request.operation.location();
        let location = location.expect("an access has a location");
        let access = Access::new(dispatch.thread, request, location, dispatch.at);
        let word = self.memory.word_number(location.address);
        self.detector.access(word, location, access);
    }

    /// Carries out a call that touches no word, or an unmapped one.
    pub(crate) fn execute(
        &mut self,
        dispatch: SchedulingDecision,
        request: &Request,
        mailbox: &Mailbox<E>,
    ) -> Effect {
        let thread = dispatch.thread;
        match request.operation {
            Operation::Read(location)
            | Operation::Write(location, _)
            | Operation::Exchange(location, _)
            | Operation::CompareExchange { location, .. }
            | Operation::FetchAdd(location, _) => {
                let fault = self.memory.fault(location.address);
                memory_fault(dispatch, request, location, fault)
            }
            Operation::Lock(lock) => self.lock(thread, lock),
            Operation::Unlock(lock) => self
                .unlock(thread, lock)
                .unwrap_or_else(|NotOwner| not_owned(dispatch, request, lock)),
            Operation::Wait(semaphore, deadline) => self.wait(dispatch, semaphore, deadline),
            Operation::Signal(semaphore) => self.signal(thread, semaphore),
            Operation::WaitEvent(event, deadline) => self.wait_event(dispatch, event, deadline),
            Operation::SetEvent(event) => self.set_event(thread, event),
            Operation::ResetEvent(event) => {
                self.events[event.index()].reset();
                self.detector.drain(SyncObject::Event(event));
                Effect::Answer(DONE)
            }
            Operation::Send(queue) => self.send(thread, queue, mailbox),
            Operation::Receive(queue, deadline) => self.receive(dispatch, queue, deadline, mailbox),
            Operation::Sleep(until) => block_until(dispatch, until),
            Operation::Work(_) => Effect::Answer(DONE),
            Operation::Environment(_) => Effect::Environment,
            Operation::Raise(code) => raise(dispatch, request, code, Cause::Raised),
        }
    }

    /// The kind and the name of an operation, as a preemption names it.
    pub(crate) fn named_operation(
        &self,
        operation: &Operation,
    ) -> Option<(OperationKind, &'static str)> {
        let kind = operation.operation_kind()?;
        let name = if let Operation::Lock(lock) = operation {
            self.locks[lock.index()].name()
        } else {
            let location = operation.location();
            location.expect("all other kinds access a word").name
        };
        Some((kind, name))
    }

    /// What would happen if the pending call were made `now`.
    pub(crate) fn enabledness(&self, pending: &PendingCall, now: Instant) -> Enabledness {
        let blocks = match pending.request.operation {
            Operation::Lock(lock) => {
                let owner = self.locks[lock.index()].owner();
                owner.is_some_and(|owner| owner != pending.thread)
            }
            Operation::Wait(semaphore, deadline) => {
                deadline > now && self.semaphores[semaphore.index()].count() == 0
            }
            Operation::WaitEvent(event, deadline) => {
                deadline > now && !self.events[event.index()].is_set()
            }
            Operation::Receive(queue, deadline) => {
                return match self.queues[queue.index()].len() {
                    // From the number of messages the exhaustive search knows which send enabled it.
                    0 if deadline > now => Enabledness::Blocks,
                    0 => Enabledness::TimesOut,
                    count => Enabledness::Receives {
                        messages: u32::try_from(count).unwrap_or(u32::MAX),
                        would_block: deadline > now,
                    },
                };
            }
            // A send has no deadline.
            Operation::Send(queue) => self.queues[queue.index()].is_full(),
            Operation::Sleep(until) => until > now,
            Operation::Read(_)
            | Operation::Write(..)
            | Operation::Exchange(..)
            | Operation::CompareExchange { .. }
            | Operation::FetchAdd(..)
            | Operation::Unlock(_)
            | Operation::Signal(_)
            | Operation::SetEvent(_)
            | Operation::ResetEvent(_)
            | Operation::Work(_)
            | Operation::Environment(_)
            | Operation::Raise(_) => false,
        };
        if blocks {
            Enabledness::Blocks
        } else {
            Enabledness::Enabled
        }
    }
}

#[cold]
fn memory_fault(
    dispatch: SchedulingDecision,
    request: &Request,
    location: Location,
    fault: AccessFault,
) -> Effect {
    let (code, cause) = match fault {
        AccessFault::Unmapped => (ACCESS_VIOLATION, Cause::Unmapped(location)),
        AccessFault::Unaligned => (DATATYPE_MISALIGNMENT, Cause::Unaligned(location)),
    };
    raise(dispatch, request, code, cause)
}

fn not_owned(dispatch: SchedulingDecision, request: &Request, lock: LockId) -> Effect {
    raise(dispatch, request, RESOURCE_NOT_OWNED, Cause::NotOwned(lock))
}

fn raise(dispatch: SchedulingDecision, request: &Request, code: u32, cause: Cause) -> Effect {
    let address = match cause {
        Cause::Unmapped(location) | Cause::Unaligned(location) => location.address,
        Cause::NotOwned(_) | Cause::Raised => Address::NULL,
    };
    Effect::Raised(Box::new(Exception {
        code,
        thread: dispatch.thread,
        at: dispatch.at,
        address,
        writes: matches!(
            request.operation,
            Operation::Write(..)
                | Operation::Exchange(..)
                | Operation::CompareExchange { .. }
                | Operation::FetchAdd(..)
        ),
        cause,
        site: request.site,
    }))
}

impl<E: Environment> fmt::Debug for Process<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Process")
            .field("memory", &self.memory)
            .field("locks", &self.locks)
            .field("semaphores", &self.semaphores)
            .field("events", &self.events)
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}
