//! A request made ready for whoever carries it out.
//!
//! Owns [`PreparedCall`]: what is worked out once, when a thread announces its next call,
//! and not each time the call is made. It refuses to say when that is.

use std::panic;

use kernel::Duration;

use crate::call::{Actor, Operation, Request, ThreadId, WordAccess};
use crate::costs::{Cost, CostTable};

/// A thread and the call it is about to make. It begins at a line of the cache: it is written and read
/// again at every call.
#[repr(align(64))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// The thread.
    pub thread: ThreadId,
    /// Its stable key.
    pub key: u64,
    /// How many calls it has made.
    pub calls: u64,
    /// The call it is about to make.
    pub request: Request,
    /// Modeled time of the private calls it made since it last made another.
    pub stretch: Duration,
    /// What the call would come to now.
    pub enabledness: Enabledness,
    /// What the call does to a word.
    pub(crate) on_word: WordAccess,
    /// What the call costs.
    pub(crate) cost: Cost,
}

/// What a pending call would come to if it were made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabledness {
    /// It would be done.
    Enabled,
    /// It would take a message.
    Receives {
        /// How many there are in the queue.
        messages: u32,
        /// Whether it would wait if there were none.
        would_block: bool,
    },
    /// It would not have to wait for a message, there being none and no time left to wait.
    TimesOut,
    /// It could only wait: for a lock, a message, a signal or for time.
    Blocks,
}

/// A request made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PreparedCall {
    pub(crate) request: Request,
    /// What it does to a word.
    pub(crate) on_word: WordAccess,
    /// What it costs; none if luck says.
    pub(crate) cost: Cost,
}

impl PreparedCall {
    pub(crate) fn new(request: &Request, tariff: &CostTable) -> Self {
        Self {
            request: *request,
            on_word: request.operation.on_word(),
            cost: tariff.quote(&request.operation),
        }
    }

    /// That of a thread which has not asked for anything yet: it computes.
    pub(crate) const fn nothing_yet() -> Self {
        let operation = Operation::Work(Duration::ZERO);
        Self {
            on_word: operation.on_word(),
            request: Request {
                operation,
                actor: Actor::Program,
                site: panic::Location::caller(),
            },
            cost: Cost::NOTHING,
        }
    }
}

impl PendingCall {
    /// Whether the call could only wait now.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.enabledness == Enabledness::Blocks
    }

    pub(crate) fn announce(&mut self, asked: &PreparedCall) {
        self.request = asked.request;
        self.on_word = asked.on_word;
        self.cost = asked.cost;
        self.enabledness = Enabledness::Enabled;
    }

    /// Its thread makes the call, which is private if it adds this to the stretch of such calls.
    pub(crate) fn makes(&mut self, private: Option<Duration>) {
        self.calls += 1;
        self.stretch = private.map_or(Duration::ZERO, |cost| self.stretch + cost);
    }
}
