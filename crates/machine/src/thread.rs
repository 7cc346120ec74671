//! A program's handle on its thread: the calls that it can make.

use std::fmt;
use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use kernel::{Duration, Instant};

use crate::call::{
    Actor, CallSite, EnvironmentCall, EventId, LockId, Operation, QueueId, Request, SemaphoreId,
    ThreadId,
};
use crate::debug_hash::DebugHash;
use crate::engine::EngineCell;
use crate::engine::mailbox::{Attachment, Mailbox};
use crate::environment::Environment;
use crate::memory::address::{Address, Location};
use crate::memory::heap_layout::HeapLayout;
use crate::race::block_event::{BlockEvent, BlockEventKind};

/// Why the engine is always there while a program runs.
const LENT: &str = "only its machine polls a program";

/// The never type `!`, which stable Rust does not allow in this position. With it the compiler knows
/// that nothing follows `thread.raise(code).await`.
pub type Never = <fn() -> ! as Returns>::Output;

/// The return type of a function, as an associated type.
pub trait Returns {
    /// The type.
    type Output;
}

impl<R> Returns for fn() -> R {
    type Output = R;
}

/// A program's handle on the thread it runs in.
///
/// Every method that returns a future makes one call, which is one scheduling point. Nothing happens
/// before the future is awaited. A program may await nothing but the calls of its own thread.
pub struct Thread<E: Environment> {
    mailbox: Rc<Mailbox<E>>,
    engine: Rc<EngineCell<E>>,
}

impl<E: Environment> Thread<E> {
    pub(crate) fn new(mailbox: Rc<Mailbox<E>>, engine: Rc<EngineCell<E>>) -> Self {
        Self { mailbox, engine }
    }

    /// The identity of the thread.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.mailbox.id
    }

    /// The number of the thread, as the modeled program counts threads.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.mailbox.number
    }

    /// The time of the thread's last completed call.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.mailbox.now()
    }

    /// Reads a word. Raises `c0000005` if it is not mapped.
    #[track_caller]
    pub fn read(&self, location: Location) -> impl Future<Output = u32> {
        self.make_call(Operation::Read(location))
    }

    /// Writes a word. Raises `c0000005` if it is not mapped.
    #[track_caller]
    pub fn write(&self, location: Location, value: u32) -> impl Future<Output = ()> {
        self.command(Operation::Write(location, value))
    }

    /// Interlocked: writes a word and returns the old one. Synchronises.
    #[track_caller]
    pub fn exchange(&self, location: Location, value: u32) -> impl Future<Output = u32> {
        self.make_call(Operation::Exchange(location, value))
    }

    /// Interlocked: writes `new` if the word is `expected`, and returns the old word. Synchronises.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        location: Location,
        expected: u32,
        new: u32,
    ) -> impl Future<Output = u32> {
        self.make_call(Operation::CompareExchange {
            location,
            expected,
            new,
        })
    }

    /// Interlocked: adds to a word, modulo 2^32, and returns the old one. Synchronises.
    #[track_caller]
    pub fn fetch_add(&self, location: Location, summand: u32) -> impl Future<Output = u32> {
        self.make_call(Operation::FetchAdd(location, summand))
    }

    /// Enters a critical section, again if the thread owns it already. Waiters enter first
    /// come, first served, as before Windows Server 2003 SP1.
    #[track_caller]
    pub fn lock(&self, lock: LockId) -> impl Future<Output = ()> {
        self.command(Operation::Lock(lock))
    }

    /// Leaves a critical section once. Raises `c0000264` if the thread does not own it.
    #[track_caller]
    pub fn unlock(&self, lock: LockId) -> impl Future<Output = ()> {
        self.command(Operation::Unlock(lock))
    }

    /// Decrements a semaphore; blocks while its count is zero.
    #[track_caller]
    pub fn wait(&self, semaphore: SemaphoreId) -> impl Future<Output = ()> {
        self.command(Operation::Wait(semaphore, Instant::MAX))
    }

    /// Decrements a semaphore; returns false if its count stays zero until `deadline`.
    #[track_caller]
    pub fn wait_until(
        &self,
        semaphore: SemaphoreId,
        deadline: Instant,
    ) -> impl Future<Output = bool> {
        self.question(Operation::Wait(semaphore, deadline))
    }

    /// Increments a semaphore (`ReleaseSemaphore`); returns false and changes nothing if it is at
    /// its maximum.
    #[track_caller]
    pub fn signal(&self, semaphore: SemaphoreId) -> impl Future<Output = bool> {
        self.question(Operation::Signal(semaphore))
    }

    /// Waits for an NT event object.
    #[track_caller]
    pub fn wait_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.command(Operation::WaitEvent(event, Instant::MAX))
    }

    /// Waits for an NT event object; returns false if it is not set until `deadline`.
    ///
    /// ```
    /// # use kernel::{Choices, Duration, Instant};
    /// # use machine::{Config, Environment, Machine, Strategy};
    /// # struct NoEnvironment;
    /// # impl Environment for NoEnvironment {
    /// #     type Call = ();
    /// #     type Reply = ();
    /// #     type Message = ();
    /// #     type Record = bool;
    /// # }
    /// # let mut machine: Machine<NoEnvironment> =
    /// #     Machine::new(Config::default(), Strategy::Timed, Choices::new(7), 0)?;
    /// let stop = machine.create_event("stop", true);
    /// let free = machine.create_semaphore("free", 1, 1);
    /// machine.spawn("worker", 1, 1, move |thread| async move {
    ///     let deadline = thread.now() + Duration::from_millis(5);
    ///     thread.record(thread.wait_until(free, deadline).await);
    ///     thread.record(thread.wait_event_until(stop, deadline).await);
    /// });
    /// machine.run(Instant::ZERO, Instant::MAX);
    /// let answers: Vec<bool> = machine.take_records().iter().map(|it| it.record).collect();
    /// assert_eq!(answers, [true, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn wait_event_until(
        &self,
        event: EventId,
        deadline: Instant,
    ) -> impl Future<Output = bool> {
        self.question(Operation::WaitEvent(event, deadline))
    }

    /// Sets an NT event object: releases all waiters (manual reset) or one (automatic reset).
    #[track_caller]
    pub fn set_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.command(Operation::SetEvent(event))
    }

    /// Resets an NT event object.
    #[track_caller]
    pub fn reset_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.command(Operation::ResetEvent(event))
    }

    /// Puts a message into a queue; blocks while the queue is full.
    #[track_caller]
    pub fn send(&self, queue: QueueId, message: E::Message) -> impl Future<Output = ()> {
        // Made here for the caller's source location. The message is put into the mailbox only when
        // the call is awaited: a future that is dropped sends nothing.
        let call = self.make_call(Operation::Send(queue));
        async move {
            self.mailbox.put_payload(Attachment::Message(message));
            call.await;
        }
    }

    /// Takes the oldest message from a queue; blocks while the queue is empty.
    #[track_caller]
    pub fn receive(&self, queue: QueueId) -> impl Future<Output = E::Message> {
        let call = self.receive_until(queue, Instant::MAX);
        async move {
            call.await
                .expect("a wait without a deadline ends with a message")
        }
    }

    /// Takes the oldest message from a queue; `None` if the queue stays empty until `deadline`.
    #[track_caller]
    pub fn receive_until(
        &self,
        queue: QueueId,
        deadline: Instant,
    ) -> impl Future<Output = Option<E::Message>> {
        let call = self.make_call(Operation::Receive(queue, deadline));
        async move {
            call.await;
            match self.mailbox.take_payload() {
                Some(Attachment::Message(message)) => Some(message),
                Some(Attachment::Call(_) | Attachment::Reply(_)) => {
                    panic!("a queue holds messages")
                }
                None => None,
            }
        }
    }

    /// Sleeps until `until`; returns at once if that is past.
    #[track_caller]
    pub fn sleep_until(&self, until: Instant) -> impl Future<Output = ()> {
        self.command(Operation::Sleep(until))
    }

    /// Computes for `length` without touching shared state.
    #[track_caller]
    pub fn work(&self, length: Duration) -> impl Future<Output = ()> {
        self.command(Operation::Work(length))
    }

    /// Makes a call that the environment answers; blocks until it does.
    #[track_caller]
    pub fn call(&self, call: E::Call) -> impl Future<Output = E::Reply> {
        let made = self.make_call(Operation::Environment(EnvironmentCall {
            dependence: E::dependence(&call),
            is_object_call: E::is_object_call(&call),
        }));
        async move {
            self.mailbox.put_payload(Attachment::Call(call));
            made.await;
            match self.mailbox.take_payload() {
                Some(Attachment::Reply(reply)) => reply,
                Some(Attachment::Message(_) | Attachment::Call(_)) | None => {
                    panic!("the environment replies to its calls")
                }
            }
        }
    }

    /// Raises an exception: the modeled process ends here and the future never resolves.
    #[track_caller]
    pub fn raise(&self, code: u32) -> impl Future<Output = Never> {
        let call = self.make_call(Operation::Raise(code));
        async move {
            call.await;
            panic!("a program continued after raising {code:08x}")
        }
    }

    /// Keeps a record with the time of [`Self::now`]. This is not a scheduling point.
    ///
    /// # Panics
    /// Outside the thread's program, or if the records are never taken
    /// ([`RECORDS_MAX`](crate::RECORDS_MAX)).
    pub fn record(&self, record: E::Record) {
        let mut engine = self.engine.take().expect(LENT);
        engine.record(self.id(), self.now(), record);
        self.engine.set(Some(engine));
    }

    /// Declares that what the program does from here on depends only on the `Debug` output of
    /// `state`, and on nothing else that it has observed. This is not a scheduling point.
    ///
    /// The exhaustive search then recognises a state that it has explored already; at other times
    /// the declaration costs nothing. Make it at the head of the program's main loop, and nowhere
    /// else: the point in the program is not part of `state`.
    pub fn declare_state(&self, state: &impl fmt::Debug) {
        if self.mailbox.tracks_state {
            self.mailbox.declare_state(DebugHash::of(state));
        }
    }

    pub(crate) fn heap(&self) -> HeapLayout {
        self.mailbox.heap
    }

    /// Reads a word on behalf of the heap.
    #[track_caller]
    pub(crate) fn heap_read(&self, location: Location) -> impl Future<Output = u32> {
        self.make_call_as(Actor::Heap, Operation::Read(location))
    }

    /// Writes a word on behalf of the heap.
    #[track_caller]
    pub(crate) fn heap_write(&self, location: Location, value: u32) -> impl Future<Output = ()> {
        let call = self.make_call_as(Actor::Heap, Operation::Write(location, value));
        async move {
            call.await;
        }
    }

    /// Reports an allocation or a free to the race detector. This is not a scheduling point.
    pub(crate) fn report_block(&self, address: Address, kind: BlockEventKind, site: CallSite) {
        let mut engine = self.engine.take().expect(LENT);
        engine.process.detector.block_event(BlockEvent {
            thread: self.id(),
            at: self.now(),
            address,
            kind,
            site,
        });
        self.engine.set(Some(engine));
    }

    #[track_caller]
    fn make_call(&self, operation: Operation) -> CallFuture<'_, E> {
        self.make_call_as(Actor::Program, operation)
    }

    #[track_caller]
    fn make_call_as(&self, actor: Actor, operation: Operation) -> CallFuture<'_, E> {
        let site = panic::Location::caller();
        CallFuture {
            thread: self,
            request: Request {
                operation,
                actor,
                site,
            },
            pending: false,
        }
    }

    #[track_caller]
    fn command(&self, operation: Operation) -> impl Future<Output = ()> {
        let call = self.make_call(operation);
        async move {
            call.await;
        }
    }

    #[track_caller]
    fn question(&self, operation: Operation) -> impl Future<Output = bool> {
        let call = self.make_call(operation);
        async move { call.await != 0 }
    }
}

/// A call as a future, which resolves to the word that the call returns.
struct CallFuture<'a, E: Environment> {
    thread: &'a Thread<E>,
    request: Request,
    /// Whether the call was announced and the program suspended.
    pending: bool,
}

impl<E: Environment> Future for CallFuture<'_, E> {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        let Thread { mailbox, engine } = self.thread;
        if self.pending {
            return Poll::Ready(mailbox.take_answer());
        }
        mailbox.assert_no_call(self.request.site);
        let mut lent = engine.take().expect(LENT);
        let answer = lent.on_call(mailbox.id, &self.request);
        engine.set(Some(lent));
        // The scheduler has chosen this thread again: the program goes on without a suspension.
        if let Some(answer) = answer {
            mailbox.set_now(answer.at);
            return Poll::Ready(answer.word);
        }
        // The machine polls the program again when the answer is there. No waker is registered.
        self.pending = true;
        mailbox.suspend();
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
