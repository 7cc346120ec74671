//! Kernel objects: entering and leaving locks, waiting and signalling, and messages through queues.
//!
//! Each hand-over is told to the race detector, since it orders the two threads.

use kernel::Instant;

use super::{DONE, Effect, Process, TIMED_OUT, Woken};
use crate::call::{EventId, LockId, Operation, QueueId, SemaphoreId, ThreadId};
use crate::engine::mailbox::{Attachment, Mailbox};
use crate::environment::Environment;
use crate::race::sync_clocks::SyncObject;
use crate::schedulers::scheduling_decision::SchedulingDecision;
use crate::sync::queue::PutOutcome;
use crate::sync::{LeaveOutcome, NotOwner};

impl<E: Environment> Process<E> {
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
        // A critical section that was entered twice is left twice (`RecursionCount`); only the last
        // one orders anything.
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

    pub(super) fn wait(
        &mut self,
        dispatch: SchedulingDecision,
        semaphore: SemaphoreId,
        deadline: Instant,
    ) -> Effect {
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

    pub(super) fn signal(&mut self, thread: ThreadId, semaphore: SemaphoreId) -> Effect {
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

    pub(super) fn wait_event(
        &mut self,
        dispatch: SchedulingDecision,
        event: EventId,
        deadline: Instant,
    ) -> Effect {
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

    pub(super) fn set_event(&mut self, thread: ThreadId, event: EventId) -> Effect {
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

    pub(super) fn send(
        &mut self,
        thread: ThreadId,
        queue: QueueId,
        mailbox: &Mailbox<E>,
    ) -> Effect {
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

    pub(super) fn receive(
        &mut self,
        dispatch: SchedulingDecision,
        queue: QueueId,
        deadline: Instant,
        mailbox: &Mailbox<E>,
    ) -> Effect {
        let Some((message, sender)) = self.queues[queue.index()].take() else {
            // An empty queue is told too: the thread has finished what it took before.
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
pub(super) fn block_until(dispatch: SchedulingDecision, deadline: Instant) -> Effect {
    if deadline <= dispatch.at {
        Effect::Answer(TIMED_OUT)
    } else {
        Effect::Blocked(deadline)
    }
}
