//! What a call does to the modeled process.
//!
//! Owns the words, the kernel objects and the judge, and carries one call out at a time. It
//! refuses to know when, on which processor, or what the thread does with the answer.

use std::fmt;

use kernel::{Instant, mix};

use crate::call::{
    EventId, LockId, Operation, OperationKind, QueueId, Request, SemaphoreId, ThreadId, WordAccess,
};
use crate::debug_hash::DebugHash;
use crate::engine::mailbox::{Mailbox, Payload};
use crate::environment::Environment;
use crate::exception::{
    ACCESS_VIOLATION, Cause, DATATYPE_MISALIGNMENT, Exception, RESOURCE_NOT_OWNED,
};
use crate::memory::address::{Address, Location};
use crate::memory::heap_layout::HeapLayout;
use crate::memory::{Fault, Memory};
use crate::race::access::Access;
use crate::race::detector::{RaceDetector, SyncObject};
use crate::schedulers::dispatcher::Dispatch;
use crate::schedulers::pending_call::{Enabledness, PendingCall};
use crate::sync::queue::{Put, Queue};
use crate::sync::{EventObject, Left, Lock, NotInside, Semaphore};

/// The answer to a wait that ended because its deadline came.
pub(crate) const TIMED_OUT: u32 = 0;
/// The answer to a wait that ended as it should.
pub(crate) const DONE: u32 = 1;

/// One modeled process without its threads.
pub(crate) struct Process<E: Environment> {
    pub(crate) memory: Memory,
    pub(crate) heap: HeapLayout,
    pub(crate) locks: Vec<Lock>,
    pub(crate) semaphores: Vec<Semaphore>,
    pub(crate) events: Vec<EventObject>,
    pub(crate) queues: Vec<Queue<E::Message>>,
    pub(crate) judge: RaceDetector,
    /// Whom the call let go on, in order.
    pub(crate) woken: Vec<Woken<E>>,
    kept: Kept,
}

/// How many kernel objects a restart keeps.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    locks: usize,
    semaphores: usize,
    events: usize,
    queues: usize,
}

/// A thread whose wait is over.
pub(crate) struct Woken<E: Environment> {
    pub(crate) thread: ThreadId,
    pub(crate) message: Option<E::Message>,
}

/// What a call came to.
pub(crate) enum Effect {
    /// It is done, with this answer.
    Answer(u32),
    /// The thread waits, at the latest until this instant.
    Blocked(Instant),
    /// The environment must answer.
    Environment,
    /// The process ends.
    Raised(Box<Exception>),
}

impl<E: Environment> Process<E> {
    pub(crate) fn new(memory: Memory, heap: HeapLayout, judge: RaceDetector) -> Self {
        Self {
            memory,
            heap,
            locks: Vec::new(),
            semaphores: Vec::new(),
            events: Vec::new(),
            queues: Vec::new(),
            judge,
            woken: Vec::new(),
            kept: Kept::default(),
        }
    }

    /// Keeps what there is for [`Self::reset`].
    pub(crate) fn save_initial_state(&mut self) {
        self.memory.save_initial_state();
        self.kept = Kept {
            locks: self.locks.len(),
            semaphores: self.semaphores.len(),
            events: self.events.len(),
            queues: self.queues.len(),
        };
    }

    /// What was kept, as it was then, and nothing else.
    pub(crate) fn reset(&mut self) {
        let Kept {
            locks,
            semaphores,
            events,
            queues,
        } = self.kept;
        self.memory.reset();
        self.judge.reset(queues);
        self.locks.truncate(locks);
        self.locks.iter_mut().for_each(|lock| lock.clear());
        self.semaphores.truncate(semaphores);
        self.semaphores.iter_mut().for_each(|one| one.clear());
        self.events.truncate(events);
        self.events.iter_mut().for_each(|event| event.clear());
        self.queues.truncate(queues);
        self.queues.iter_mut().for_each(|queue| queue.clear());
        self.woken.clear();
    }

    /// A hash of words and kernel objects.
    pub(crate) fn fingerprint(&self) -> u64 {
        let objects = (&self.locks, &self.semaphores, &self.events);
        let queues = self.queues.iter().map(Queue::fingerprint);
        let objects = mix(self.memory.fingerprint(), DebugHash::of(&objects));
        queues.fold(objects, mix)
    }

    /// Carries out the call that `turn` is for, if the word it touches is there. Answers what was in it.
    #[inline(always)]
    pub(crate) fn access(
        &mut self,
        turn: Dispatch,
        on_word: &WordAccess,
        request: &Request,
    ) -> Option<u32> {
        let was = self
            .memory
            .update(on_word.address, |was| on_word.leaves(was))?;
        if self.judge.is_on() {
            self.judge_access(turn, request);
        }
        Some(was)
    }

    #[inline(never)]
    fn judge_access(&mut self, turn: Dispatch, request: &Request) {
        let place = request.operation.location().expect("a word is touched");
        let access = Access::of(turn.thread, request, place, turn.at);
        let word = self.memory.number(place.address);
        self.judge.access(word, place, access);
    }

    /// Carries out the call that `turn` is for, which touches no word, or none that is there.
    pub(crate) fn execute(
        &mut self,
        turn: Dispatch,
        request: &Request,
        mailbox: &Mailbox<E>,
    ) -> Effect {
        let thread = turn.thread;
        match request.operation {
            Operation::Read(place)
            | Operation::Write(place, _)
            | Operation::Exchange(place, _)
            | Operation::CompareExchange { place, .. } => {
                let fault = self.memory.fault(place.address);
                faulted(turn, request, place, fault)
            }
            Operation::Lock(lock) => self.lock(thread, lock),
            Operation::Unlock(lock) => self
                .unlock(thread, lock)
                .unwrap_or_else(|NotInside| not_inside(turn, request, lock)),
            Operation::Wait(semaphore, deadline) => self.wait(turn, semaphore, deadline),
            Operation::Signal(semaphore) => self.signal(thread, semaphore),
            Operation::WaitEvent(event, deadline) => self.wait_event(turn, event, deadline),
            Operation::SetEvent(event) => self.set_event(thread, event),
            Operation::ResetEvent(event) => {
                self.events[event.index()].reset();
                self.judge.drain(SyncObject::Event(event));
                Effect::Answer(DONE)
            }
            Operation::Send(queue) => self.send(thread, queue, mailbox),
            Operation::Receive(queue, deadline) => self.receive(turn, queue, deadline, mailbox),
            Operation::Sleep(until) => patience(turn, until),
            Operation::Work(_) => Effect::Answer(DONE),
            Operation::Environment(_) => Effect::Environment,
            Operation::Raise(code) => raised(turn, request, (code, Address::NULL), Cause::Raised),
        }
    }

    /// What a call does to what, as a preemption names it.
    pub(crate) fn named(&self, operation: &Operation) -> Option<(OperationKind, &'static str)> {
        let deed = operation.operation_kind()?;
        let name = if let Operation::Lock(lock) = operation {
            self.locks[lock.index()].name()
        } else {
            operation.location().expect("whatever else has a name").name
        };
        Some((deed, name))
    }

    /// What the pending call of a thread would come to if it were made `now`.
    pub(crate) fn enabledness(&self, pending: &PendingCall, now: Instant) -> Enabledness {
        let waits = match pending.request.operation {
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
                    0 if deadline > now => Enabledness::Blocks,
                    0 => Enabledness::TimesOut,
                    count => Enabledness::Receives {
                        messages: u32::try_from(count).unwrap_or(u32::MAX),
                        would_block: deadline > now,
                    },
                };
            }
            Operation::Send(queue) => self.queues[queue.index()].is_full(),
            Operation::Sleep(until) => until > now,
            Operation::Read(_)
            | Operation::Write(..)
            | Operation::Exchange(..)
            | Operation::CompareExchange { .. }
            | Operation::Unlock(_)
            | Operation::Signal(_)
            | Operation::SetEvent(_)
            | Operation::ResetEvent(_)
            | Operation::Work(_)
            | Operation::Environment(_)
            | Operation::Raise(_) => false,
        };
        if waits {
            Enabledness::Blocks
        } else {
            Enabledness::Enabled
        }
    }

    /// Lets `thread` stop waiting for what `operation` waits for.
    pub(crate) fn give_up(&mut self, thread: ThreadId, operation: &Operation) {
        match *operation {
            Operation::Wait(semaphore, _) => self.semaphores[semaphore.index()].give_up(thread),
            Operation::WaitEvent(event, _) => self.events[event.index()].give_up(thread),
            Operation::Receive(queue, _) => self.queues[queue.index()].give_up(thread),
            Operation::Sleep(_) => {}
            Operation::Read(_)
            | Operation::Write(..)
            | Operation::Exchange(..)
            | Operation::CompareExchange { .. }
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

    /// Puts the world's message into a queue.
    pub(crate) fn post(&mut self, queue: QueueId, message: E::Message) -> Result<(), E::Message> {
        match self.queues[queue.index()].put(message) {
            Put::Full(message) => return Err(message),
            Put::Kept => self.judge.sent(None, queue),
            Put::Handed(receiver, message) => {
                self.judge.sent(None, queue);
                self.hand(queue, receiver, message);
            }
        }
        Ok(())
    }

    fn lock(&mut self, thread: ThreadId, lock: LockId) -> Effect {
        if !self.locks[lock.index()].enter(thread) {
            return Effect::Blocked(Instant::MAX);
        }
        self.judge.acquire(thread, SyncObject::Lock(lock));
        Effect::Answer(DONE)
    }

    fn unlock(&mut self, thread: ThreadId, lock: LockId) -> Result<Effect, NotInside> {
        if let Left::Free(next) = self.locks[lock.index()].leave(thread)? {
            self.judge.release(thread, SyncObject::Lock(lock));
            if let Some(next) = next {
                self.judge.acquire(next, SyncObject::Lock(lock));
                self.wake(next);
            }
        }
        Ok(Effect::Answer(DONE))
    }

    fn wait(&mut self, turn: Dispatch, semaphore: SemaphoreId, deadline: Instant) -> Effect {
        let object = &mut self.semaphores[semaphore.index()];
        if !object.take() {
            let effect = patience(turn, deadline);
            if let Effect::Blocked(_) = effect {
                object.enqueue(turn.thread);
            }
            return effect;
        }
        self.judge
            .acquire(turn.thread, SyncObject::Semaphore(semaphore));
        Effect::Answer(DONE)
    }

    fn signal(&mut self, thread: ThreadId, semaphore: SemaphoreId) -> Effect {
        let Some(waiter) = self.semaphores[semaphore.index()].give() else {
            return Effect::Answer(0);
        };
        let point = SyncObject::Semaphore(semaphore);
        self.judge.release(thread, point);
        if let Some(waiter) = waiter {
            self.judge.acquire(waiter, point);
            self.wake(waiter);
        }
        Effect::Answer(DONE)
    }

    fn wait_event(&mut self, turn: Dispatch, event: EventId, deadline: Instant) -> Effect {
        let object = &mut self.events[event.index()];
        if !object.pass() {
            let effect = patience(turn, deadline);
            if let Effect::Blocked(_) = effect {
                object.enqueue(turn.thread);
            }
            return effect;
        }
        let drained = object.drained();
        self.judge.acquire(turn.thread, SyncObject::Event(event));
        if drained {
            self.judge.drain(SyncObject::Event(event));
        }
        Effect::Answer(DONE)
    }

    fn set_event(&mut self, thread: ThreadId, event: EventId) -> Effect {
        let point = SyncObject::Event(event);
        self.judge.release(thread, point);
        let Self {
            events,
            judge,
            woken,
            ..
        } = self;
        let object = &mut events[event.index()];
        object.set(|waiter| {
            judge.acquire(waiter, point);
            let message = None;
            woken.push(Woken {
                thread: waiter,
                message,
            });
        });
        if object.drained() {
            judge.drain(point);
        }
        Effect::Answer(DONE)
    }

    fn send(&mut self, thread: ThreadId, queue: QueueId, mailbox: &Mailbox<E>) -> Effect {
        let Some(Payload::Message(message)) = mailbox.take_parcel() else {
            panic!("a message travels with every send");
        };
        match self.queues[queue.index()].put(message) {
            Put::Kept => self.judge.sent(Some(thread), queue),
            Put::Handed(receiver, message) => {
                self.judge.sent(Some(thread), queue);
                self.hand(queue, receiver, message);
            }
            Put::Full(message) => {
                self.queues[queue.index()].enqueue_sender(thread, message);
                return Effect::Blocked(Instant::MAX);
            }
        }
        Effect::Answer(DONE)
    }

    fn receive(
        &mut self,
        turn: Dispatch,
        queue: QueueId,
        deadline: Instant,
        mailbox: &Mailbox<E>,
    ) -> Effect {
        let Some((message, sender)) = self.queues[queue.index()].take() else {
            let effect = patience(turn, deadline);
            if let Effect::Blocked(_) = effect {
                self.queues[queue.index()].enqueue_receiver(turn.thread);
            }
            return effect;
        };
        self.judge.received(turn.thread, queue);
        mailbox.put_parcel(Payload::Message(message));
        if let Some(sender) = sender {
            self.judge.sent(Some(sender), queue);
            self.wake(sender);
        }
        Effect::Answer(DONE)
    }

    fn hand(&mut self, queue: QueueId, receiver: ThreadId, message: E::Message) {
        self.judge.received(receiver, queue);
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

/// A wait that cannot end now: blocked, or over at once if its deadline is past.
fn patience(turn: Dispatch, deadline: Instant) -> Effect {
    if deadline <= turn.at {
        Effect::Answer(TIMED_OUT)
    } else {
        Effect::Blocked(deadline)
    }
}

#[cold]
fn faulted(turn: Dispatch, request: &Request, place: Location, fault: Fault) -> Effect {
    let (code, cause) = match fault {
        Fault::Unmapped => (ACCESS_VIOLATION, Cause::Unmapped(place)),
        Fault::Unaligned => (DATATYPE_MISALIGNMENT, Cause::Unaligned(place)),
    };
    raised(turn, request, (code, place.address), cause)
}

fn not_inside(turn: Dispatch, request: &Request, lock: LockId) -> Effect {
    let fatal = (RESOURCE_NOT_OWNED, Address::NULL);
    raised(turn, request, fatal, Cause::NotOwned(lock))
}

fn raised(turn: Dispatch, request: &Request, fatal: (u32, Address), cause: Cause) -> Effect {
    let (code, address) = fatal;
    Effect::Raised(Box::new(Exception {
        code,
        thread: turn.thread,
        at: turn.at,
        address,
        writes: matches!(
            request.operation,
            Operation::Write(..) | Operation::Exchange(..) | Operation::CompareExchange { .. }
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
