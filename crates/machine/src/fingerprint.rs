//! Whether two moments of a machine are the same, for a search that would not look twice.
//!
//! Owns [`Machine::watch_state`] and [`Machine::fingerprint`]. A program's own variables cannot be
//! looked at, but they follow from what it was told: the answers to its calls, the messages and
//! the replies, in their order. It refuses to be exact: 64 bits stand for the whole, and a program
//! that has forgotten something is taken to remember it.

use std::fmt::{self, Debug, Write};

use kernel::{Instant, mix};

use crate::call::{Operation, ThreadId};
use crate::environment::Environment;
use crate::machine::Machine;
use crate::running::ThreadState;
use crate::trail::essence;

/// What each thread was told.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<u64>);

/// A hash of what is printed to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Printed(u64);

impl Printed {
    /// The hash of how `value` prints.
    #[must_use]
    pub fn of(value: &(impl Debug + ?Sized)) -> u64 {
        let mut printed = Self::default();
        write!(printed, "{value:?}").expect("hashing never fails");
        printed.0
    }
}

impl Write for Printed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut chunks = text.as_bytes().chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.try_into().expect("eight bytes");
            self.0 = mix(self.0, u64::from_le_bytes(word));
        }
        for byte in chunks.remainder() {
            self.0 = mix(self.0, u64::from(*byte) | 1 << 8);
        }
        Ok(())
    }
}

impl Told {
    /// The call of `thread` was answered.
    pub(crate) fn answer(
        &mut self,
        thread: ThreadId,
        operation: &Operation,
        answer: u32,
        at: Instant,
    ) {
        let (tag, first, second) = essence(operation);
        let call = mix(tag << 32 | u64::from(answer), mix(first, second));
        self.enter(thread, mix(call, at.nanos()));
    }

    /// `thread` was told something.
    pub(crate) fn hear(&mut self, thread: ThreadId, what: &impl Debug) {
        self.enter(thread, Printed::of(what));
    }

    /// The hash of all that `thread` was told.
    pub(crate) fn of(&self, thread: ThreadId) -> u64 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// All that `thread` was told comes to this.
    pub(crate) fn settle(&mut self, thread: ThreadId, remembered: u64) {
        self.enter(thread, 0);
        self.0[thread.index()] = remembered;
    }

    fn enter(&mut self, thread: ThreadId, word: u64) {
        if self.0.len() <= thread.index() {
            self.0.resize(thread.index() + 1, 0);
        }
        let told = &mut self.0[thread.index()];
        *told = mix(*told, word);
    }
}

impl<E: Environment> Machine<E> {
    /// From now on [`Self::fingerprint`] can be asked. To be called before the first thread starts.
    pub fn watch_state(&mut self) {
        assert_eq!(self.threads.len(), 0, "what was told before is unknown");
        self.told = Some(Told::default());
        self.process.memory.watch();
    }

    /// What `thread` was told so far, as a hash.
    ///
    /// # Panics
    /// If the state is not watched.
    #[must_use]
    pub fn told(&self, thread: ThreadId) -> u64 {
        self.told.as_ref().expect("the state is watched").of(thread)
    }

    /// A hash of the state: words, kernel objects, and what every thread was told and waits for.
    ///
    /// # Panics
    /// If the state is not watched.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let told = self.told.as_ref().expect("the state is watched");
        let mut whole = self.process.fingerprint();
        for (running, index) in self.threads.iter().zip(0_u32..) {
            let state = match running.state {
                ThreadState::Runnable => 0,
                ThreadState::Blocked => 1,
                ThreadState::Asking => 2,
                ThreadState::Exited => 3,
            };
            let deadline = running.deadline.map_or(0, Instant::nanos);
            let thread = mix(told.of(ThreadId(index)), mix(state, deadline));
            whole = mix(whole, mix(thread, running.calls.min(1)));
        }
        whole
    }
}
