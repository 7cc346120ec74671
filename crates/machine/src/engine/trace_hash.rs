//! A running hash of everything that happened in a machine.
//!
//! Owns [`TraceHash`]. It refuses to be more than a witness of equality: two runs with equal trails
//! took the same course, call by call, up to collisions of a 64-bit hash.

use crate::call::{Operation, WordAccess};
use crate::schedulers::dispatcher::Dispatch;

/// The hash so far, if one is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceHash(Option<u64>);

impl TraceHash {
    /// Of a machine on which nothing has happened.
    pub(crate) fn new(is_kept: bool) -> Self {
        Self(is_kept.then_some(0))
    }

    pub(crate) const fn hash(self) -> Option<u64> {
        self.0
    }

    /// Enters one call with its answer.
    pub(crate) fn enter(&mut self, turn: Dispatch, operation: &Operation, answer: u32) {
        if self.0.is_some() {
            self.enter_essence(turn, essence(operation), answer);
        }
    }

    /// The same for a call that touches a word.
    pub(crate) fn enter_access(&mut self, turn: Dispatch, on_word: &WordAccess, answer: u32) {
        if self.0.is_none() {
            return;
        }
        let WordAccess {
            number,
            address,
            put,
            ..
        } = *on_word;
        let essence = (u64::from(number), u64::from(address.0), u64::from(put));
        self.enter_essence(turn, essence, answer);
    }

    /// `FxHash`'s step: fast, and strong enough against what is no adversary. The words of a call are
    /// spread apart from what was before, which need not wait for it.
    fn enter_essence(&mut self, turn: Dispatch, essence: (u64, u64, u64), answer: u32) {
        const MULTIPLIER: u64 = 0x517C_C1B7_2722_0A95;
        let (number, first, second) = essence;
        let when = turn.at.nanos().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let who = u64::from(turn.thread.0) << 40 | number << 32 | u64::from(answer);
        let call = when ^ who.wrapping_mul(0xC2B2_AE3D_27D4_EB4F) ^ (first << 32 | second);
        let step = |hash: u64| (hash.rotate_left(5) ^ call).wrapping_mul(MULTIPLIER);
        self.0 = self.0.map(step);
    }
}

/// An operation in three numbers.
pub(crate) fn essence(operation: &Operation) -> (u64, u64, u64) {
    let (first, second) = match operation {
        Operation::Read(_)
        | Operation::Write(..)
        | Operation::Exchange(..)
        | Operation::CompareExchange { .. } => {
            let WordAccess { address, put, .. } = operation.on_word();
            (address.0, u64::from(put))
        }
        Operation::Lock(lock) | Operation::Unlock(lock) => (lock.0, 0),
        Operation::Wait(semaphore, _) | Operation::Signal(semaphore) => (semaphore.0, 0),
        Operation::WaitEvent(event, _)
        | Operation::SetEvent(event)
        | Operation::ResetEvent(event) => (event.0, 0),
        Operation::Send(queue) | Operation::Receive(queue, _) => (queue.0, 0),
        Operation::Sleep(until) => (0, until.nanos()),
        Operation::Work(length) => (0, length.nanos()),
        Operation::Environment(_) => (0, 0),
        Operation::Raise(code) => (0, u64::from(*code)),
    };
    let number = u64::from(operation.number());
    (number, u64::from(first), second)
}
