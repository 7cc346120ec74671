//! The modeled process, and the effect of each operation on it.
//!
//! It holds the words, the kernel objects and the race detector. Time, processors and what a thread
//! does with an answer are not its concern.

use std::fmt;

use kernel::{Instant, mix};

use crate::call::{
    EventId, LockId, Operation, OperationKind, QueueId, Request, SemaphoreId, ThreadId, WordAccess,
};
use crate::debug_hash::DebugHash;
use crate::engine::mailbox::{Attachment, Mailbox};
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
use crate::schedulers::dispatch::Dispatch;
use crate::schedulers::pending_call::{Enabledness, PendingCall};
use crate::sync::queue::{PutOutcome, Queue};
use crate::sync::{EventObject, LeaveOutcome, Lock, NotOwner, Semaphore};

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
    initial: InitialState,
}

/// What a reset keeps.
#[derive(Clone, Copy, Debug, Default)]
struct InitialState {
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
            initial: InitialState::default(),
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
        self.initial = InitialState {
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
        let InitialState {
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
        dispatch: Dispatch,
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
    fn check_access(&mut self, dispatch: Dispatch, request: &Request) {
        let location = request.operation.location();
        let location = location.expect("an access has a location");
        let access = Access::new(dispatch.thread, request, location, dispatch.at);
        let word = self.memory.word_number(location.address);
        self.detector.access(word, location, access);
    }

    /// Carries out a call that touches no word, or an unmapped one.
    pub(crate) fn execute(
        &mut self,
        dispatch: Dispatch,
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

    /// `thread` stops waiting in `operation`.
    pub(crate) fn cancel_wait(&mut self, thread: ThreadId, operation: &Operation) {
        match *operation {
            Operation::Wait(semaphore, _) => {
                self.semaphores[semaphore.index()].remove_waiter(thread)
            }
            Operation::WaitEvent(event, _) => self.events[event.index()].remove_waiter(thread),
            Operation::Receive(queue, _) => self.queues[queue.index()].remove_receiver(thread),
            Operation::Sleep(_) => {}
            Operation::Read(_)
            | Operation::Write(..)
            | Operation::Exchange(..)
            | Operation::CompareExchange { .. }
            | Operation::FetchAdd(..)
            | Operation::Lock(_)
            | Operation::Unlock(_)
            | Operation::Signal(_)
            | Operation::SetEvent(_)
            | Operation::ResetEvent(_)
            | Operation::Send(_)
            | Operation::Work(_)
            | Operation::Environment(_)
            | Operation::Raise(_) => panic!("{operation:?} has no deadline"),
        }
    }

    /// Puts a message of the environment into a queue.
    pub(crate) fn post(&mut self, queue: QueueId, message: E::Message) -> Result<(), E::Message> {
        match self.queues[queue.index()].put(message) {
            PutOutcome::Full(message) => return Err(message),
            PutOutcome::Queued => self.detector.sent(None, queue),
            PutOutcome::Delivered(receiver, message) => {
                self.detector.sent(None, queue);
                self.deliver(queue, receiver, message);
            }
        }
        Ok(())
    }

    pub(crate) fn lock(&mut self, thread: ThreadId, lock: LockId) -> Effect {
        if !self.locks[lock.index()].enter(thread) {
            // `EnterCriticalSection` has no timeout.
            return Effect::Blocked(Instant::MAX);
        }
        self.detector.acquire(thread, SyncObject::Lock(lock));
        Effect::Answer(DONE)
    }

    pub(crate) fn unlock(&mut self, thread: ThreadId, lock: LockId) -> Result<Effect, NotOwner> {
        if let LeaveOutcome::Released(next) = self.locks[lock.index()].leave(thread)? {
            self.detector.release(thread, SyncObject::Lock(lock));
            if let Some(next) = next {
                // The lock passes to the waiter here, not when the waiter runs again.
                self.detector.acquire(next, SyncObject::Lock(lock));
                self.wake(next);
            }
        }
        Ok(Effect::Answer(DONE))
    }

    fn wait(&mut self, dispatch: Dispatch, semaphore: SemaphoreId, deadline: Instant) -> Effect {
        let object = &mut self.semaphores[semaphore.index()];
        if !object.try_take() {
            let effect = block_until(dispatch, deadline);
            if let Effect::Blocked(_) = effect {
                object.enqueue(dispatch.thread);
            }
            return effect;
        }
        self.detector
            .acquire(dispatch.thread, SyncObject::Semaphore(semaphore));
        Effect::Answer(DONE)
    }

    fn signal(&mut self, thread: ThreadId, semaphore: SemaphoreId) -> Effect {
        // `ReleaseSemaphore` fails beyond the maximum and orders nothing then.
        let Some(waiter) = self.semaphores[semaphore.index()].signal() else {
            return Effect::Answer(0);
        };
        let sync = SyncObject::Semaphore(semaphore);
        self.detector.release(thread, sync);
        if let Some(waiter) = waiter {
            self.detector.acquire(waiter, sync);
            self.wake(waiter);
        }
        Effect::Answer(DONE)
    }

    fn wait_event(&mut self, dispatch: Dispatch, event: EventId, deadline: Instant) -> Effect {
        let object = &mut self.events[event.index()];
        if !object.try_wait() {
            let effect = block_until(dispatch, deadline);
            if let Effect::Blocked(_) = effect {
                object.enqueue(dispatch.thread);
            }
            return effect;
        }
        // The event resets itself: the signals so far order no later wait.
        let is_drained = !object.is_set();
        self.detector
            .acquire(dispatch.thread, SyncObject::Event(event));
        if is_drained {
            self.detector.drain(SyncObject::Event(event));
        }
        Effect::Answer(DONE)
    }

    fn set_event(&mut self, thread: ThreadId, event: EventId) -> Effect {
        let sync = SyncObject::Event(event);
        self.detector.release(thread, sync);
        let Self {
            events,
            detector,
            woken,
            ..
        } = self;
        let object = &mut events[event.index()];
        object.set(|waiter| {
            detector.acquire(waiter, sync);
            let message = None;
            woken.push(Woken {
                thread: waiter,
                message,
            });
        });
        // A waiter has consumed the signal of an event with automatic reset.
        if !object.is_set() {
            detector.drain(sync);
        }
        Effect::Answer(DONE)
    }

    fn send(&mut self, thread: ThreadId, queue: QueueId, mailbox: &Mailbox<E>) -> Effect {
        let Some(Attachment::Message(message)) = mailbox.take_payload() else {
            panic!("a send has a message as its payload");
        };
        match self.queues[queue.index()].put(message) {
            PutOutcome::Queued => self.detector.sent(Some(thread), queue),
            PutOutcome::Delivered(receiver, message) => {
                self.detector.sent(Some(thread), queue);
                self.deliver(queue, receiver, message);
            }
            PutOutcome::Full(message) => {
                // The message travels with the waiting sender, and enters the queue when a
                // receiver makes room.
                self.queues[queue.index()].enqueue_sender(thread, message);
                return Effect::Blocked(Instant::MAX);
            }
        }
        Effect::Answer(DONE)
    }

    fn receive(
        &mut self,
        dispatch: Dispatch,
        queue: QueueId,
        deadline: Instant,
        mailbox: &Mailbox<E>,
    ) -> Effect {
        let Some((message, sender)) = self.queues[queue.index()].take() else {
            self.watch.on_take(dispatch.thread, None);
            let effect = block_until(dispatch, deadline);
            if let Effect::Blocked(_) = effect {
                self.queues[queue.index()].enqueue_receiver(dispatch.thread);
            }
            return effect;
        };
        self.detector.received(dispatch.thread, queue);
        let watched = E::watched_message(&message);
        self.watch.on_take(dispatch.thread, watched);
        mailbox.put_payload(Attachment::Message(message));
        if let Some(sender) = sender {
            // Its message takes the slot that has just become free.
            self.detector.sent(Some(sender), queue);
            self.wake(sender);
        }
        Effect::Answer(DONE)
    }

    fn deliver(&mut self, queue: QueueId, receiver: ThreadId, message: E::Message) {
        self.detector.received(receiver, queue);
        self.watch.on_take(receiver, E::watched_message(&message));
        self.woken.push(Woken {
            thread: receiver,
            message: Some(message),
        });
    }

    fn wake(&mut self, thread: ThreadId) {
        self.woken.push(Woken {
            thread,
            message: None,
        });
    }
}

/// The effect of a wait that cannot succeed now: it blocks, or times out at once if its deadline is
/// past.
fn block_until(dispatch: Dispatch, deadline: Instant) -> Effect {
    if deadline <= dispatch.at {
        Effect::Answer(TIMED_OUT)
    } else {
        Effect::Blocked(deadline)
    }
}

#[cold]
fn memory_fault(
    dispatch: Dispatch,
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

fn not_owned(dispatch: Dispatch, request: &Request, lock: LockId) -> Effect {
    raise(dispatch, request, RESOURCE_NOT_OWNED, Cause::NotOwned(lock))
}

fn raise(dispatch: Dispatch, request: &Request, code: u32, cause: Cause) -> Effect {
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
