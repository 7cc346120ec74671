//! What threads were told, and how things print, each as a hash.
//!
//! Owns [`Told`] and [`Printed`]. A program's own variables cannot be looked at, but they follow
//! from the answers to its calls, the messages and the replies, in their order. It refuses to
//! be exact: 64 bits stand for the whole.

use std::fmt::{self, Debug, Write};

use kernel::{Instant, mix};

use crate::call::{Operation, ThreadId};
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
