//! What threads did, call by call, for whoever looks on.
//!
//! Owns [`Activity`]: every call with what outcome of it, and every end of a wait with who brought
//! it. Nobody looks unless asked to, and looking changes nothing: the trail of a machine that is
//! watched is that of one that is not. It refuses to add anything up.

use kernel::{Duration, Instant};

use crate::call::{Request, ThreadId};
use crate::engine::process::Effect;
use crate::schedulers::dispatcher::Dispatch;

/// One thing that a thread did or that befell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It made a call.
    Call {
        /// Who.
        thread: ThreadId,
        /// When.
        at: Instant,
        /// How long its processor was busy with it.
        cost: Duration,
        /// What it asked for.
        request: Request,
        /// The word it was answered, zero for none.
        answer: u32,
        /// What outcome of it.
        outcome: Outcome,
    },
    /// Its wait ended.
    Woken {
        /// Who.
        thread: ThreadId,
        /// When.
        at: Instant,
        /// By whose doing.
        by: WokenBy,
    },
}

/// What outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out at once.
    Completed,
    /// The thread waits.
    Blocked,
    /// The process ended.
    Raised,
}

/// Who ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WokenBy {
    /// Another thread's call.
    Thread(ThreadId),
    /// The deadline of the wait itself.
    Deadline,
    /// Something outside the process: the network, or whoever brought a message.
    Environment,
}

impl Activity {
    pub(crate) const fn call(
        turn: Dispatch,
        cost: Duration,
        (request, answer): (Request, u32),
        outcome: Outcome,
    ) -> Self {
        Self::Call {
            thread: turn.thread,
            at: turn.at,
            cost,
            request,
            answer,
            outcome,
        }
    }

    pub(crate) const fn woken(thread: ThreadId, at: Instant, by: WokenBy) -> Self {
        Self::Woken { thread, at, by }
    }
}

impl Outcome {
    pub(crate) const fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Answer(_) => Self::Completed,
            Effect::Blocked(_) | Effect::Environment => Self::Blocked,
            Effect::Raised(_) => Self::Raised,
        }
    }
}
