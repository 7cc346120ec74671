//! A thread's pending call: what a scheduler sees before the call happens.

use std::panic;

use kernel::Duration;

use crate::call::{Actor, Operation, Request, ThreadId, WordAccess};
use crate::costs::{Cost, CostTable};

/// A thread and the call it is about to make.
///
/// Aligned to a cache line, because every call reads and writes it.
#[repr(align(64))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// The thread.
    pub thread: ThreadId,
    /// The thread's stable key.
    pub key: u64,
    /// The number of calls the thread has made.
    pub calls: u64,
    /// The call it is about to make.
    pub request: Request,
    /// Modeled time of the private calls that it has made since its last other call.
    pub private_time: Duration,
    /// What would happen if the call were made now.
    pub enabledness: Enabledness,
    /// The effect of the call on a word.
    pub(crate) word_access: WordAccess,
    /// The cost of the call.
    pub(crate) cost: Cost,
}

/// What would happen if a pending call were made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabledness {
    /// It would complete.
    Enabled,
    /// It would receive a message.
    Receives {
        /// The number of messages in the queue.
        messages: u32,
        /// Whether it would block if the queue were empty.
        would_block: bool,
    },
    /// It would return without a message: the queue is empty and the deadline is past.
    TimesOut,
    /// It would block: on a lock, a message, a signal or time.
    Blocks,
}

/// A request with all that can be worked out when the call is announced, rather than when it is
/// made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PreparedCall {
    pub(crate) request: Request,
    pub(crate) word_access: WordAccess,
    pub(crate) cost: Cost,
}

impl PreparedCall {
    pub(crate) fn new(request: &Request, cost_table: &CostTable) -> Self {
        Self {
            request: *request,
            word_access: request.operation.word_access(),
            cost: cost_table.cost(&request.operation),
        }
    }
}

impl PendingCall {
    /// The pending call of a thread that has not announced one yet: until it does, work that takes no time.
    pub(crate) fn unannounced(thread: ThreadId, key: u64) -> Self {
        let operation = Operation::Work(Duration::ZERO);
        Self {
            thread,
            key,
            calls: 0,
            word_access: operation.word_access(),
            request: Request {
                operation,
                actor: Actor::Program,
                site: panic::Location::caller(),
            },
            private_time: Duration::ZERO,
            enabledness: Enabledness::Enabled,
            cost: Cost::ZERO,
        }
    }

    /// Whether the call would block now.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.enabledness == Enabledness::Blocks
    }

    /// The thread announces its next call.
    pub(crate) fn set(&mut self, call: &PreparedCall) {
        self.request = call.request;
        self.word_access = call.word_access;
        self.cost = call.cost;
        self.enabledness = Enabledness::Enabled;
    }

    /// The thread makes the call. `private_cost` is its cost if it is private.
    pub(crate) fn count_call(&mut self, private_cost: Option<Duration>) {
        self.calls += 1;
        self.private_time = private_cost.map_or(Duration::ZERO, |cost| self.private_time + cost);
    }
}
