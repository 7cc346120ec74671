//! For each thread a hash of all that it has observed.
//!
//! The variables of a program cannot be inspected, but they are a function of the answers to its
//! calls, the messages and the replies, in their order. So equal hashes mean equal states of the
//! program, up to collisions of 64 bits.

use std::fmt::Debug;

use kernel::{Instant, mix};

use crate::call::{Operation, ThreadId};
use crate::debug_hash::DebugHash;
use crate::engine::trace_hash::encode;

/// By thread.
#[derive(Debug, Default)]
pub(crate) struct ObservationHash(Vec<u64>);

impl ObservationHash {
    /// A call of `thread` returned `answer`.
    pub(crate) fn add_answer(
        &mut self,
        thread: ThreadId,
        operation: &Operation,
        answer: u32,
        at: Instant,
    ) {
        let encoded = encode(operation);
        let call = mix(
            encoded.number << 32 | u64::from(answer),
            mix(encoded.first, encoded.second),
        );
        // A program can read its clock, so time is part of what it has observed.
        self.add(thread, mix(call, at.nanos()));
    }

    /// `thread` received a message or a reply.
    pub(crate) fn add_value(&mut self, thread: ThreadId, value: &impl Debug) {
        self.add(thread, DebugHash::of(value));
    }

    /// The hash of all that `thread` has observed.
    pub(crate) fn of(&self, thread: ThreadId) -> u64 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// From here on `thread` depends on nothing it has observed but `state`.
    pub(crate) fn replace(&mut self, thread: ThreadId, state: u64) {
        *self.slot(thread) = state;
    }

    fn add(&mut self, thread: ThreadId, word: u64) {
        let hash = self.slot(thread);
        *hash = mix(*hash, word);
    }

    fn slot(&mut self, thread: ThreadId) -> &mut u64 {
        if self.0.len() <= thread.index() {
            self.0.resize(thread.index() + 1, 0);
        }
        &mut self.0[thread.index()]
    }
}
