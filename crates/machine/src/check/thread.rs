//! A thread's handle in a program under test: the machine's calls, after what it owes.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use kernel::Duration;

use crate::call::{EventId, LockId, QueueId, SemaphoreId, ThreadId};
use crate::environment::Environment;
use crate::memory::address::{Address, Location};
use crate::thread::Never;

/// The environment of a program under test, which calls nothing outside.
#[derive(Debug)]
pub(crate) enum Alone {}

impl Environment for Alone {
    type Call = ();
    type Reply = ();
    type Message = u32;
    type Record = ();
}

/// The handle of a thread. Each method makes one call, which is one scheduling point; nothing
/// happens before it is awaited.
#[derive(Clone)]
pub struct Thread {
    inner: crate::thread::Thread<Alone>,
    state: Rc<HandleState>,
}

struct HandleState {
    /// Locks whose guards were dropped. A drop cannot wait, so the thread leaves them before its next
    /// call: what it does in between, no other thread can observe.
    owed: RefCell<Vec<LockId>>,
    /// Set by who wakes the thread from a condition variable.
    wake_up: EventId,
    /// The condition variable that it waits for.
    waits_for: Cell<Option<&'static str>>,
}

impl Thread {
    pub(super) fn new(inner: crate::thread::Thread<Alone>, wake_up: EventId) -> Self {
        Self {
            inner,
            state: Rc::new(HandleState {
                owed: RefCell::default(),
                wake_up,
                waits_for: Cell::new(None),
            }),
        }
    }

    /// Reads a word, without synchronisation: the race detector reports a concurrent write.
    #[track_caller]
    pub fn read(&self, word: Location) -> impl Future<Output = u32> {
        self.settled(self.inner.read(word))
    }

    /// Writes a word, without synchronisation: the race detector reports a concurrent access.
    #[track_caller]
    pub fn write(&self, word: Location, value: u32) -> impl Future<Output = ()> {
        self.settled(self.inner.write(word, value))
    }

    /// Atomic: reads a word. Sequentially consistent, like all atomic operations here.
    #[track_caller]
    pub fn load(&self, word: Location) -> impl Future<Output = u32> {
        // An interlocked addition of zero: unlike `read` it synchronises, as a load with SeqCst
        // does.
        self.settled(self.inner.fetch_add(word, 0))
    }

    /// Atomic: writes a word.
    #[track_caller]
    pub fn store(&self, word: Location, value: u32) -> impl Future<Output = ()> {
        // `inner` takes the caller's source location here; inside the block it would be this line.
        let call = self.inner.exchange(word, value);
        self.settled(async move {
            call.await;
        })
    }

    /// Atomic: writes a word and returns the old one.
    #[track_caller]
    pub fn swap(&self, word: Location, value: u32) -> impl Future<Output = u32> {
        self.settled(self.inner.exchange(word, value))
    }

    /// Atomic: adds to a word, modulo 2^32, and returns the old one.
    #[track_caller]
    pub fn fetch_add(&self, word: Location, summand: u32) -> impl Future<Output = u32> {
        self.settled(self.inner.fetch_add(word, summand))
    }

    /// Atomic: writes `new` if the word is `expected`.
    ///
    /// # Errors
    /// The word, if it is not `expected`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        word: Location,
        expected: u32,
        new: u32,
    ) -> impl Future<Output = Result<u32, u32>> {
        let call = self.inner.compare_exchange(word, expected, new);
        self.settled(async move {
            let old = call.await;
            if old == expected { Ok(old) } else { Err(old) }
        })
    }

    /// Decrements a semaphore; waits while its count is zero.
    #[track_caller]
    pub fn wait(&self, semaphore: SemaphoreId) -> impl Future<Output = ()> {
        self.settled(self.inner.wait(semaphore))
    }

    /// Increments a semaphore; returns false and changes nothing if it is at its maximum.
    #[track_caller]
    pub fn signal(&self, semaphore: SemaphoreId) -> impl Future<Output = bool> {
        self.settled(self.inner.signal(semaphore))
    }

    /// Puts a word into a queue; waits while it is full.
    #[track_caller]
    pub fn send(&self, queue: QueueId, message: u32) -> impl Future<Output = ()> {
        self.settled(self.inner.send(queue, message))
    }

    /// Takes the oldest word from a queue; waits while it is empty.
    #[track_caller]
    pub fn receive(&self, queue: QueueId) -> impl Future<Output = u32> {
        self.settled(self.inner.receive(queue))
    }

    /// Sleeps for `length` of modeled time, which passes only when no thread can run.
    #[track_caller]
    pub fn sleep(&self, length: Duration) -> impl Future<Output = ()> {
        let until = self.inner.now() + length;
        self.settled(self.inner.sleep_until(until))
    }

    /// Allocates a block on the modeled heap; null if there is no room.
    #[track_caller]
    pub fn allocate(&self, bytes: u32) -> impl Future<Output = Address> {
        self.settled(self.inner.allocate(bytes))
    }

    /// Frees a block. A later access to it, or another free, is a failure.
    #[track_caller]
    pub fn free(&self, block: Address) -> impl Future<Output = bool> {
        self.settled(self.inner.free(block))
    }

    /// The thread's identity in the machine.
    pub(super) fn id(&self) -> ThreadId {
        self.inner.id()
    }

    /// The condition variable that the thread waits for.
    pub(super) fn waits_for(&self) -> Option<&'static str> {
        self.state.waits_for.get()
    }

    pub(super) fn wake_up(&self) -> EventId {
        self.state.wake_up
    }

    #[track_caller]
    pub(super) fn lock(&self, lock: LockId) -> impl Future<Output = ()> {
        self.settled(self.inner.lock(lock))
    }

    /// Leaves a lock now.
    #[track_caller]
    pub(super) fn unlock(&self, lock: LockId) -> impl Future<Output = ()> {
        self.settled(self.inner.unlock(lock))
    }

    /// Leaves a lock before the next call.
    pub(super) fn owe_unlock(&self, lock: LockId) {
        self.state.owed.borrow_mut().push(lock);
    }

    /// Waits until another thread wakes it, for the condition variable `of`.
    #[track_caller]
    pub(super) fn wait_for_wake_up(&self, of: &'static str) -> impl Future<Output = ()> {
        let call = self.inner.wait_event(self.state.wake_up);
        self.settled(async move {
            // For the report of threads that wait for ever: only the program knows which variable
            // the event stands for.
            self.state.waits_for.set(Some(of));
            call.await;
            self.state.waits_for.set(None);
        })
    }

    #[track_caller]
    pub(super) fn set_event(&self, event: EventId) -> impl Future<Output = ()> {
        self.settled(self.inner.set_event(event))
    }

    #[track_caller]
    pub(super) fn raise(&self, code: u32) -> impl Future<Output = Never> {
        self.settled(self.inner.raise(code))
    }

    /// Leaves the locks whose guards were dropped, the last one first.
    pub(super) async fn settle(&self) {
        loop {
            // Not in the head of a `while let` or `match`: the borrow would last over the await.
            let lock = self.state.owed.borrow_mut().pop();
            match lock {
                Some(lock) => self.inner.unlock(lock).await,
                None => return,
            }
        }
    }

    async fn settled<T>(&self, call: impl Future<Output = T>) -> T {
        self.settle().await;
        call.await
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(formatter)
    }
}
