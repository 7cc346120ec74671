//! One scheduling decision.

use kernel::Instant;

use crate::call::ThreadId;

/// A scheduling decision: the thread that makes its call next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SchedulingDecision {
    pub(crate) thread: ThreadId,
    pub(crate) at: Instant,
}
