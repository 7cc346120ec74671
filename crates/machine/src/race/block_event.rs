//! What the heap reports to the race detector about its blocks.

use std::panic::Location;

use kernel::Instant;

use crate::call::ThreadId;
use crate::memory::address::Address;

/// What the heap says about a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockNote {
    pub(crate) thread: ThreadId,
    pub(crate) at: Instant,
    pub(crate) address: Address,
    pub(crate) deed: BlockDeed,
    pub(crate) site: &'static Location<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockDeed {
    /// Handed out with this many bytes.
    Allocated(u32),
    /// About to be taken back.
    Freed,
}
