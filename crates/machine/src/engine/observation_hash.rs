//! What threads were told, and how things print, each as a hash.
//!
//! Owns [`ObservationHash`] and [`DebugHash`]. A program's own variables cannot be looked at, but they follow
//! from the answers to its calls, the messages and the replies, in their order. It refuses to
//! be exact: 64 bits stand for the whole.

use std::fmt::Debug;

use kernel::{Instant, mix};

use crate::call::{Operation, ThreadId};
use crate::debug_hash::DebugHash;
use crate::engine::trace_hash::essence;

/// What each thread was told.
#[derive(Debug, Default)]
pub(crate) struct ObservationHash(Vec<u64>);

impl ObservationHash {
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
        self.enter(thread, DebugHash::of(what));
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
