//! A running hash of everything that happened in a machine.
//!
//! Owns [`Trail`]. It refuses to be more than a witness of equality: two runs with equal trails
//! took the same course, call by call, up to collisions of a 64-bit hash.

use crate::address::Place;
use crate::call::Operation;
use crate::scheduler::Turn;

/// The hash so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trail(u64);

impl Trail {
    pub(crate) const fn hash(self) -> u64 {
        self.0
    }

    /// Enters one call with its answer.
    pub(crate) fn enter(&mut self, turn: Turn, operation: &Operation, answer: u32) {
        // Most calls read and write.
        let (tag, first, second) = if let Operation::Read(place) = operation {
            (1, u64::from(place.address.0), 0)
        } else if let Operation::Write(place, value) = operation {
            (2, u64::from(place.address.0), u64::from(*value))
        } else {
            essence(operation)
        };
        self.mix(turn.at.nanos());
        self.mix(u64::from(turn.thread.0) << 40 | tag << 32 | u64::from(answer));
        self.mix(first << 32 | second);
    }

    /// FxHash's step: fast, and strong enough against what is no adversary.
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
}

/// An operation in three numbers.
#[inline(never)]
pub(crate) fn essence(operation: &Operation) -> (u64, u64, u64) {
    let word = |place: &Place| u64::from(place.address.0);
    match operation {
        Operation::Read(place) => (1, word(place), 0),
        Operation::Write(place, value) => (2, word(place), u64::from(*value)),
        Operation::Exchange(place, value) => (3, word(place), u64::from(*value)),
        Operation::CompareExchange { place, new, .. } => (4, word(place), u64::from(*new)),
        Operation::Lock(lock) => (5, u64::from(lock.0), 0),
        Operation::Unlock(lock) => (6, u64::from(lock.0), 0),
        Operation::Wait(semaphore, _) => (7, u64::from(semaphore.0), 0),
        Operation::Signal(semaphore) => (8, u64::from(semaphore.0), 0),
        Operation::WaitEvent(event, _) => (9, u64::from(event.0), 0),
        Operation::SetEvent(event) => (10, u64::from(event.0), 0),
        Operation::ResetEvent(event) => (11, u64::from(event.0), 0),
        Operation::Send(queue) => (12, u64::from(queue.0), 0),
        Operation::Receive(queue, _) => (13, u64::from(queue.0), 0),
        Operation::Sleep(until) => (14, 0, until.nanos()),
        Operation::Work(length) => (15, 0, length.nanos()),
        Operation::Environment(_) => (16, 0, 0),
        Operation::Raise(code) => (17, 0, u64::from(*code)),
    }
}
