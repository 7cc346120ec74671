//! What a user declares before each schedule: words, mutexes, threads, and checks of the end.

use std::cell::{Ref, RefCell};
use std::fmt;
use std::rc::Rc;

use super::objects::{Condvar, Mutex};
use super::panics::{self, Caught};
use super::thread::{Alone, Thread};
use crate::call::{QueueId, SemaphoreId};
use crate::machine::Machine;
use crate::memory::address::{Address, Field, Location};

/// The NTSTATUS with which a thread ends the process after a panic: `STATUS_ASSERTION_FAILURE`.
const ASSERTION_FAILURE: u32 = 0xC000_0420;
/// Characters that separate the parts of a printed [`Schedule`](super::Schedule).
const RESERVED: [char; 3] = ['@', '>', ','];

/// A check of the state in which all threads have ended.
type EndCheck = Box<dyn FnOnce(&FinalState<'_>)>;

/// A program under test: its shared state, its threads, and what must hold at the end.
///
/// The function that declares it is called anew for every schedule, so all state is fresh. It must
/// declare the same each time.
pub struct Program<'m> {
    pub(super) machine: &'m mut Machine<Alone>,
    pub(super) at_end: Vec<EndCheck>,
    pub(super) threads: Vec<Thread>,
    pub(super) panicked: Rc<RefCell<Option<Caught>>>,
}

/// Several shared words in a row.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    first: Address,
    count: u32,
    name: &'static str,
}

/// What a check of the end sees: the shared state after all threads have ended.
#[derive(Debug)]
pub struct FinalState<'m> {
    machine: &'m Machine<Alone>,
}

impl<'m> Program<'m> {
    pub(super) fn new(machine: &'m mut Machine<Alone>) -> Self {
        Self {
            machine,
            at_end: Vec::new(),
            threads: Vec::new(),
            panicked: Rc::default(),
        }
    }

    /// A shared word of 32 bits.
    ///
    /// # Panics
    /// If there is no room: see [`Self::words`].
    pub fn word(&mut self, name: &'static str, initial: u32) -> Location {
        let word = self.words(name, 1).at(0);
        self.machine.poke(word.address, initial);
        word
    }

    /// `count` shared words, all zero. In reports they have the same name.
    ///
    /// # Panics
    /// If there is no room for them between the image and the stacks of the modeled process.
    pub fn words(&mut self, name: &'static str, count: u32) -> Words {
        let first = self.machine.map_static(count, name);
        Words {
            first: first.unwrap_or_else(|full| panic!("{count} words for `{name}`: {full}")),
            count,
            name,
        }
    }

    /// A mutex with the value that it guards.
    pub fn mutex<T>(&mut self, name: &'static str, value: T) -> Mutex<T> {
        Mutex::new(self.machine.create_lock(name), name, value)
    }

    /// A condition variable.
    pub fn condvar(&mut self, name: &'static str) -> Condvar {
        Condvar::new(self.word(name, 0))
    }

    /// A semaphore whose count is at most `maximum`.
    ///
    /// # Panics
    /// If `maximum` is zero or less than `initial`.
    pub fn semaphore(&mut self, name: &'static str, initial: u32, maximum: u32) -> SemaphoreId {
        self.machine.create_semaphore(name, initial, maximum)
    }

    /// A queue of at most `limit` words; a receiver waits while it is empty, a sender while it is
    /// full.
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn queue(&mut self, name: &'static str, limit: usize) -> QueueId {
        self.machine.create_queue(name, limit)
    }

    /// A thread. All threads start at once. It may await nothing but the calls of its own handle.
    ///
    /// # Panics
    /// If another thread has the name, or if it contains `@`, `>` or a comma: printed schedules name
    /// threads.
    pub fn thread<P>(&mut self, name: &str, program: P)
    where
        P: AsyncFnOnce(Thread) + 'static,
    {
        assert!(
            !name.contains(RESERVED),
            "thread `{name}`: a thread's name has no `@`, `>` or comma, since schedules name threads"
        );
        assert!(
            self.machine.thread_named(name).is_none(),
            "two threads are called `{name}`: give each a name of its own, since schedules name threads"
        );
        let wake_up = self.machine.create_event("its wake-up", false);
        let number = self.machine.threads().len() + 1;
        let panicked = Rc::clone(&self.panicked);
        let mut handle = None;
        self.machine
            .spawn(name, number as u16, number as u64, |inner| {
                let thread = Thread::new(inner, wake_up);
                handle = Some(thread.clone());
                async move {
                    let end = thread.clone();
                    match panics::catching(program(thread)).await {
                        Ok(()) => end.settle().await,
                        Err(caught) => {
                            panicked.borrow_mut().get_or_insert(caught);
                            // A panic ends the process of the modeled program, or the others would
                            // run on with what it left behind.
                            end.raise(ASSERTION_FAILURE).await;
                        }
                    }
                }
            });
        self.threads.extend(handle);
    }

    /// A check of the state in which all threads have ended: it panics, as `assert!` does, if the
    /// state is wrong. It is not made if a thread has panicked or never ends.
    pub fn at_end(&mut self, check: impl FnOnce(&FinalState<'_>) + 'static) {
        self.at_end.push(Box::new(check));
    }
}

impl Words {
    /// The word number `index`, from zero.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    #[track_caller]
    pub fn at(self, index: u32) -> Location {
        let Self { first, count, name } = self;
        assert!(
            index < count,
            "`{name}` has {count} words: there is no number {index}"
        );
        first + Field::new(4 * index, name)
    }

    /// How many words there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }
}

impl<'m> FinalState<'m> {
    pub(super) const fn new(machine: &'m Machine<Alone>) -> Self {
        Self { machine }
    }

    /// The value of a word.
    #[must_use]
    pub fn read(&self, word: Location) -> u32 {
        let value = self.machine.peek(word.address);
        value.expect("a declared word is mapped")
    }

    /// The value of a mutex.
    #[must_use]
    pub fn value<'v, T>(&self, mutex: &'v Mutex<T>) -> Ref<'v, T> {
        mutex.value()
    }
}

impl fmt::Debug for Program<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Program")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
