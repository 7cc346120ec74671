//! Which calls of different threads depend on each other: their order may matter, so both orders are
//! explored. All other calls are independent.
//!
//! Finer than `Operation::conflicts`, which knows nothing of the state in which a call was made: here
//! a send and a receive are independent while the queue is neither full nor empty.

use crate::call::{EnvironmentDependence, Operation, Resource};
use crate::schedulers::pending_call::{Enabledness, PendingCall};

/// What a call does to its resource, as far as dependence goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallClass {
    /// Reads a word.
    Read,
    /// Writes a word.
    Write,
    /// Calls the environment.
    Environment(EnvironmentDependence),
    /// Enters a critical section.
    Lock,
    /// Leaves a critical section.
    Unlock,
    /// Puts a message into a queue that has room.
    Send,
    /// Takes the oldest of this many messages, and would block if there were none.
    Receive(u32),
    /// Uses a semaphore, an event object, or a queue that may be full or empty. Every order may
    /// matter, and not every order is possible.
    Object,
    /// Uses nothing shared.
    Independent,
}

impl CallClass {
    /// The class of a pending call. `full_queues` are the queues that were ever full.
    pub(super) fn of(call: &PendingCall, full_queues: &[Resource]) -> Self {
        let operation = &call.request.operation;
        let of_queue = |class| {
            let may_be_full = operation
                .resource()
                .is_some_and(|it| full_queues.contains(&it));
            if may_be_full { Self::Object } else { class }
        };
        match (operation, call.enabledness) {
            (Operation::Read(_), _) => Self::Read,
            (
                Operation::Write(..)
                | Operation::Exchange(..)
                | Operation::CompareExchange { .. }
                | Operation::FetchAdd(..),
                _,
            ) => Self::Write,
            (Operation::Environment(call), _) => Self::Environment(call.dependence),
            (Operation::Lock(_), _) => Self::Lock,
            (Operation::Unlock(_), _) => Self::Unlock,
            (Operation::Send(_), _) => of_queue(Self::Send),
            (
                Operation::Receive(..),
                Enabledness::Receives {
                    messages,
                    would_block: true,
                },
            ) => of_queue(Self::Receive(messages)),
            (Operation::Receive(..), Enabledness::Blocks) => of_queue(Self::Receive(0)),
            (
                Operation::Receive(..)
                | Operation::Wait(..)
                | Operation::WaitEvent(..)
                | Operation::Signal(_)
                | Operation::SetEvent(_)
                | Operation::ResetEvent(_),
                _,
            ) => Self::Object,
            (Operation::Sleep(_) | Operation::Work(_) | Operation::Raise(_), _) => {
                Self::Independent
            }
        }
    }

    /// Whether this call, on which `newer` depends, is ordered after all older calls on which
    /// `newer` depends. Then the search for dependences of `newer` can stop here.
    pub(super) fn covers_older(self, newer: Self) -> bool {
        match (self, newer) {
            (Self::Write | Self::Send | Self::Receive(_), _) => true,
            // Calls other than signals are totally ordered.
            (
                Self::Environment(_),
                Self::Environment(
                    EnvironmentDependence::Signals(_) | EnvironmentDependence::NoSignal,
                ),
            )
            | (Self::Environment(EnvironmentDependence::All), _) => true,
            (
                Self::Environment(EnvironmentDependence::Observes(mine)),
                Self::Environment(EnvironmentDependence::Observes(theirs)),
            ) => mine == theirs,
            _ => false,
        }
    }

    /// Whether two calls on the same resource depend on each other.
    pub(super) fn depends_on(self, other: Self) -> bool {
        if let (Self::Environment(mine), Self::Environment(theirs)) = (self, other) {
            return mine.conflicts(theirs);
        }
        // A send and a receive commute while the queue is neither full nor empty: they work on
        // different ends of it.
        !matches!(
            (self, other),
            (Self::Independent, _)
                | (_, Self::Independent)
                | (Self::Read, Self::Read)
                | (Self::Send, Self::Receive(_))
                | (Self::Receive(_), Self::Send)
        )
    }
}
