//! What a program sees of its thread: the calls it can make.
//!
//! Owns [`Thread`]. Every method that returns a future is one scheduling point, and nothing
//! happens until it is awaited. It refuses any other power: a program that wants more than
//! its own variables must ask.

use std::fmt;
use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use kernel::{Duration, Instant};

use crate::call::{Actor, EventId, LockId, Operation, QueueId, Request, SemaphoreId, ThreadId};
use crate::debug_hash::DebugHash;
use crate::engine::EngineCell;
use crate::engine::mailbox::{Mailbox, Payload};
use crate::environment::Environment;
use crate::memory::address::{Address, Location};
use crate::memory::heap_layout::HeapLayout;
use crate::race::block_event::{BlockEvent, BlockEventKind};

/// The engine is in the program's hands while the program runs.
const LENT: &str = "only its machine runs a program";

/// The type of what never comes: `!`, which stable Rust lets nobody write in this place. With it
/// the compiler knows that nothing follows `thread.raise(code).await`.
pub type Never = <fn() -> ! as Returns>::Output;

/// What a function returns, as a type.
pub trait Returns {
    /// That type.
    type Output;
}

impl<R> Returns for fn() -> R {
    type Output = R;
}

/// A program's handle on the thread it runs in. It cannot leave the host thread that runs the
/// machine.
pub struct Thread<E: Environment> {
    mailbox: Rc<Mailbox<E>>,
    engine: Rc<EngineCell<E>>,
}

impl<E: Environment> Thread<E> {
    pub(crate) fn new(mailbox: Rc<Mailbox<E>>, engine: Rc<EngineCell<E>>) -> Self {
        Self { mailbox, engine }
    }

    /// Which thread this is.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.mailbox.id
    }

    /// The thread's number in the program's own counting.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.mailbox.number
    }

    /// The time of this thread's last completed call.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.mailbox.now()
    }

    /// Reads a word. Raises `c0000005` where nothing is mapped.
    #[track_caller]
    pub fn read(&self, place: Location) -> impl Future<Output = u32> {
        self.ask(Operation::Read(place))
    }

    /// Writes a word. Raises `c0000005` where nothing is mapped.
    #[track_caller]
    pub fn write(&self, place: Location, value: u32) -> impl Future<Output = ()> {
        self.command(Operation::Write(place, value))
    }

    /// Interlocked: writes a word and returns what was there. Synchronises.
    #[track_caller]
    pub fn exchange(&self, place: Location, value: u32) -> impl Future<Output = u32> {
        self.ask(Operation::Exchange(place, value))
    }

    /// Interlocked: writes `new` if the word is `expected`; returns what was there. Synchronises.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        place: Location,
        expected: u32,
        new: u32,
    ) -> impl Future<Output = u32> {
        self.ask(Operation::CompareExchange {
            place,
            expected,
            new,
        })
    }

    /// Enters a critical section, again if the thread is inside already. Waiters enter in the
    /// order of arrival, as before Windows Server 2003 SP1.
    #[track_caller]
    pub fn lock(&self, lock: LockId) -> impl Future<Output = ()> {
        self.command(Operation::Lock(lock))
    }

    /// Leaves a critical section once. Raises `c0000264` if this thread is not inside.
    #[track_caller]
    pub fn unlock(&self, lock: LockId) -> impl Future<Output = ()> {
        self.command(Operation::Unlock(lock))
    }

    /// Takes one from a semaphore, waiting until there is one.
    #[track_caller]
    pub fn wait(&self, semaphore: SemaphoreId) -> impl Future<Output = ()> {
        self.command(Operation::Wait(semaphore, Instant::MAX))
    }

    /// Takes one from a semaphore; false if there was none until `deadline`.
    #[track_caller]
    pub fn wait_until(
        &self,
        semaphore: SemaphoreId,
        deadline: Instant,
    ) -> impl Future<Output = bool> {
        self.question(Operation::Wait(semaphore, deadline))
    }

    /// Gives one to a semaphore; false, and nothing given, if it is at its maximum
    /// (`ReleaseSemaphore`).
    #[track_caller]
    pub fn signal(&self, semaphore: SemaphoreId) -> impl Future<Output = bool> {
        self.question(Operation::Signal(semaphore))
    }

    /// Waits for an NT event object.
    #[track_caller]
    pub fn wait_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.command(Operation::WaitEvent(event, Instant::MAX))
    }

    /// Waits for an NT event object; false if it was not set until `deadline`.
    #[track_caller]
    pub fn wait_event_until(
        &self,
        event: EventId,
        deadline: Instant,
    ) -> impl Future<Output = bool> {
        self.question(Operation::WaitEvent(event, deadline))
    }

    /// Sets an NT event object: lets every waiter go (manual reset) or one (automatic reset).
    #[track_caller]
    pub fn set_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.command(Operation::SetEvent(event))
    }

    /// Resets an NT event object.
    #[track_caller]
    pub fn reset_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.command(Operation::ResetEvent(event))
    }

    /// Puts a message into a queue, waiting while the queue is full.
    #[track_caller]
    pub fn send(&self, queue: QueueId, message: E::Message) -> impl Future<Output = ()> {
        let call = self.ask(Operation::Send(queue));
        async move {
            self.mailbox.put_parcel(Payload::Message(message));
            call.await;
        }
    }

    /// Takes the oldest message from a queue, waiting until there is one.
    #[track_caller]
    pub fn receive(&self, queue: QueueId) -> impl Future<Output = E::Message> {
        let call = self.receive_until(queue, Instant::MAX);
        async move {
            call.await
                .expect("a wait without a deadline ends with a message")
        }
    }

    /// Takes the oldest message from a queue; `None` if there was none until `deadline`.
    #[track_caller]
    pub fn receive_until(
        &self,
        queue: QueueId,
        deadline: Instant,
    ) -> impl Future<Output = Option<E::Message>> {
        let call = self.ask(Operation::Receive(queue, deadline));
        async move {
            call.await;
            match self.mailbox.take_parcel() {
                Some(Payload::Message(message)) => Some(message),
                Some(Payload::Call(_) | Payload::Reply(_)) => panic!("a queue holds messages"),
                None => None,
            }
        }
    }

    /// Does nothing until `until`; returns at once if that is past.
    #[track_caller]
    pub fn sleep_until(&self, until: Instant) -> impl Future<Output = ()> {
        self.command(Operation::Sleep(until))
    }

    /// Computes for `length` without touching anything shared.
    #[track_caller]
    pub fn work(&self, length: Duration) -> impl Future<Output = ()> {
        self.command(Operation::Work(length))
    }

    /// Makes a call that the world answers; the thread waits for the reply.
    #[track_caller]
    pub fn call(&self, call: E::Call) -> impl Future<Output = E::Reply> {
        let asked = self.ask(Operation::Environment(E::dependence(&call)));
        async move {
            self.mailbox.put_parcel(Payload::Call(call));
            asked.await;
            match self.mailbox.take_parcel() {
                Some(Payload::Reply(reply)) => reply,
                Some(Payload::Message(_) | Payload::Call(_)) | None => {
                    panic!("the environment answers its calls")
                }
            }
        }
    }

    /// Raises an exception: the modeled process ends here and the future never resolves.
    #[track_caller]
    pub fn raise(&self, code: u32) -> impl Future<Output = Never> {
        let call = self.ask(Operation::Raise(code));
        async move {
            call.await;
            panic!("a program ran on after raising {code:08x}")
        }
    }

    /// Writes a record down. No scheduling point; stamped with [`Self::now`].
    ///
    /// # Panics
    /// Outside the thread's program, or if nobody takes the records ([`RECORDS_MAX`](crate::engine::record::RECORDS_MAX)).
    pub fn record(&self, record: E::Record) {
        let mut lent = self.engine.take().expect(LENT);
        lent.record(self.id(), self.now(), record);
        self.engine.set(Some(lent));
    }

    /// Says that what the program does from here on depends on nothing it was told but `state`, as
    /// it prints. No scheduling point. A search that meets an equal state elsewhere does not look
    /// twice; without one this costs nothing. To be said at the head of a program's loop, and there
    /// only: the place itself is no part of `state`.
    pub fn declare_state(&self, state: &impl fmt::Debug) {
        if self.mailbox.is_watched {
            self.mailbox.remember(DebugHash::of(state));
        }
    }

    pub(crate) fn heap(&self) -> HeapLayout {
        self.mailbox.heap
    }

    /// Reads a word as the heap's own code does.
    #[track_caller]
    pub(crate) fn heap_read(&self, place: Location) -> impl Future<Output = u32> {
        self.ask_as(Actor::Heap, Operation::Read(place))
    }

    /// Writes a word as the heap's own code does.
    #[track_caller]
    pub(crate) fn heap_write(&self, place: Location, value: u32) -> impl Future<Output = ()> {
        let call = self.ask_as(Actor::Heap, Operation::Write(place, value));
        async move {
            call.await;
        }
    }

    /// Tells the judge what became of a block. No scheduling point.
    pub(crate) fn note_block(
        &self,
        address: Address,
        deed: BlockEventKind,
        site: &'static panic::Location<'static>,
    ) {
        let mut lent = self.engine.take().expect(LENT);
        lent.process.judge.block(BlockEvent {
            thread: self.id(),
            at: self.now(),
            address,
            deed,
            site,
        });
        self.engine.set(Some(lent));
    }

    #[track_caller]
    fn ask(&self, operation: Operation) -> Ask<'_, E> {
        self.ask_as(Actor::Program, operation)
    }

    #[track_caller]
    fn ask_as(&self, actor: Actor, operation: Operation) -> Ask<'_, E> {
        let site = panic::Location::caller();
        Ask {
            thread: self,
            request: Request {
                operation,
                actor,
                site,
            },
            made: false,
        }
    }

    #[track_caller]
    fn command(&self, operation: Operation) -> impl Future<Output = ()> {
        let call = self.ask(operation);
        async move {
            call.await;
        }
    }

    #[track_caller]
    fn question(&self, operation: Operation) -> impl Future<Output = bool> {
        let call = self.ask(operation);
        async move { call.await != 0 }
    }
}

/// A call that was made or is about to be: resolves to the answer's word.
struct Ask<'a, E: Environment> {
    thread: &'a Thread<E>,
    request: Request,
    made: bool,
}

impl<E: Environment> Future for Ask<'_, E> {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        let Thread { mailbox, engine } = self.thread;
        if self.made {
            return Poll::Ready(mailbox.take_answer());
        }
        mailbox.assert_empty(self.request.site);
        let mut lent = engine.take().expect(LENT);
        let answer = lent.called(mailbox.id, &self.request);
        engine.set(Some(lent));
        if let Some(answer) = answer {
            mailbox.set_now(answer.at);
            return Poll::Ready(answer.word);
        }
        self.made = true;
        mailbox.ask();
        Poll::Pending
    }
}

impl<E: Environment> Clone for Thread<E> {
    fn clone(&self) -> Self {
        Self {
            mailbox: Rc::clone(&self.mailbox),
            engine: Rc::clone(&self.engine),
        }
    }
}

impl<E: Environment> fmt::Debug for Thread<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Thread")
            .field("number", &self.number())
            .field("mailbox", &self.mailbox)
            .finish()
    }
}
