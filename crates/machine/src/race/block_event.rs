//! What the heap reports to the race detector about its blocks.

use std::panic;

use kernel::Instant;

use crate::call::ThreadId;
use crate::memory::address::Address;

/// What the heap says about a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockEvent {
    pub(crate) thread: ThreadId,
    pub(crate) at: Instant,
    pub(crate) address: Address,
    pub(crate) deed: BlockEventKind,
    pub(crate) site: &'static panic::Location<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockEventKind {
    /// Handed out with this many bytes.
    Allocated(u32),
    /// About to be taken back.
    Freed,
}
