//! What threads do, call by call, for an observer of the machine.
//!
//! See [`Machine::watch`](crate::Machine::watch).

use kernel::{Duration, Instant};

use crate::call::{Request, ThreadId};
use crate::engine::process::Effect;

/// A call of a thread, or the end of its wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A thread made a call.
    Call {
        /// The thread.
        thread: ThreadId,
        /// Simulated time.
        at: Instant,
        /// How long the call kept its processor busy.
        cost: Duration,
        /// The call.
        request: Request,
        /// The word that the call returned; zero if it returned none.
        answer: u32,
        /// The result.
        outcome: CallOutcome,
    },
    /// A thread's wait ended.
    Woken {
        /// The thread.
        thread: ThreadId,
        /// Simulated time.
        at: Instant,
        /// What ended the wait.
        by: WokenBy,
    },
}

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call completed at once.
    Completed,
    /// The thread waits.
    Blocked,
    /// The call ended the process.
    Raised,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WokenBy {
    /// A call of another thread.
    Thread(ThreadId),
    /// The deadline of the wait.
    Deadline,
    /// Something outside the process, such as the network.
    Environment,
}

impl CallOutcome {
    pub(crate) const fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Answer(_) => Self::Completed,
            Effect::Blocked(_) | Effect::Environment => Self::Blocked,
            Effect::Raised(_) => Self::Raised,
        }
    }
}
