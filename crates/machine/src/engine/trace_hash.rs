//! A running hash of all calls of a machine.
//!
//! Two runs with equal hashes took the same course, call by call, up to collisions of 64 bits.

use crate::call::{Operation, WordAccess};
use crate::schedulers::scheduling_decision::SchedulingDecision;

/// The hash so far; `None` if it is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceHash(Option<u64>);

/// An operation as three numbers.
pub(crate) struct Encoded {
    /// See [`Operation::number`].
    pub(crate) number: u64,
    pub(crate) first: u64,
    pub(crate) second: u64,
}

impl TraceHash {
    /// The hash of no calls.
    pub(crate) fn new(is_kept: bool) -> Self {
        Self(is_kept.then_some(0))
    }

    pub(crate) const fn get(self) -> Option<u64> {
        self.0
    }

    /// Adds a call and its answer.
    pub(crate) fn add(&mut self, dispatch: SchedulingDecision, operation: &Operation, answer: u32) {
        if self.0.is_some() {
            self.add_encoded(dispatch, &encode(operation), answer);
        }
    }

    /// The same for an access to a word.
    pub(crate) fn add_access(
        &mut self,
        dispatch: SchedulingDecision,
        access: &WordAccess,
        answer: u32,
    ) {
        if self.0.is_some() {
            let encoded = Encoded {
                number: u64::from(access.number),
                first: u64::from(access.address.0),
                second: u64::from(access.new),
            };
            self.add_encoded(dispatch, &encoded, answer);
        }
    }

    /// One step of `FxHash`: fast, and strong enough without an adversary. The words of a call are
    /// mixed first, independently of the hash so far, so that the processor need not wait for it.
    fn add_encoded(&mut self, dispatch: SchedulingDecision, operation: &Encoded, answer: u32) {
        const MULTIPLIER: u64 = 0x517C_C1B7_2722_0A95;
        let Encoded {
            number,
            first,
            second,
        } = operation;
        let time = dispatch.at.nanos().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let thread = u64::from(dispatch.thread.0) << 40 | number << 32 | u64::from(answer);
        let call = time ^ thread.wrapping_mul(0xC2B2_AE3D_27D4_EB4F) ^ (first << 32 | second);
        // Not commutative: the order of the calls is what the hash is for.
        let step = |hash: u64| (hash.rotate_left(5) ^ call).wrapping_mul(MULTIPLIER);
        self.0 = self.0.map(step);
    }
}

/// Encodes an operation. The deadline of a wait is not part of the code.
pub(crate) fn encode(operation: &Operation) -> Encoded {
    let (first, second) = match operation {
        Operation::Read(_)
        | Operation::Write(..)
        | Operation::Exchange(..)
        | Operation::CompareExchange { .. }
        | Operation::FetchAdd(..) => {
            let access = operation.word_access();
            (access.address.0, u64::from(access.new))
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
    Encoded {
        number: u64::from(operation.number()),
        first: u64::from(first),
        second,
    }
}
