//! What threads did, call by call, for whoever looks on.
//!
//! Owns [`Activity`]: every call with what came of it, and every end of a wait with who brought
//! it. Nobody looks unless asked to, and looking changes nothing: the trail of a machine that is
//! watched is that of one that is not. It refuses to add anything up.

use kernel::{Duration, Instant};

use crate::call::{Request, ThreadId};
use crate::engine::process::Effect;
use crate::schedulers::dispatcher::Turn;

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
        /// What came of it.
        came: Came,
    },
    /// Its wait ended.
    Woken {
        /// Who.
        thread: ThreadId,
        /// When.
        at: Instant,
        /// By whose doing.
        waker: Waker,
    },
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It was carried out at once.
    Done,
    /// The thread waits.
    Waits,
    /// The process ended.
    Raised,
}

/// Who ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waker {
    /// Another thread's call.
    Thread(ThreadId),
    /// The deadline of the wait itself.
    Time,
    /// Something outside the process: the network, or whoever brought a message.
    World,
}

impl Activity {
    pub(crate) const fn call(
        turn: Turn,
        cost: Duration,
        (request, answer): (Request, u32),
        came: Came,
    ) -> Self {
        Self::Call {
            thread: turn.thread,
            at: turn.at,
            cost,
            request,
            answer,
            came,
        }
    }

    pub(crate) const fn woken(thread: ThreadId, at: Instant, waker: Waker) -> Self {
        Self::Woken { thread, at, waker }
    }
}

impl Came {
    pub(crate) const fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Answer(_) => Self::Done,
            Effect::Blocked(_) | Effect::Asked => Self::Waits,
            Effect::Raised(_) => Self::Raised,
        }
    }
}
