//! What the heap reports to the race detector about its blocks.

use kernel::Instant;

use crate::call::{CallSite, ThreadId};
use crate::memory::address::Address;

/// An allocation or a free.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockEvent {
    pub(crate) thread: ThreadId,
    pub(crate) at: Instant,
    pub(crate) address: Address,
    pub(crate) kind: BlockEventKind,
    pub(crate) site: CallSite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockEventKind {
    /// The heap has allocated the block, of this many bytes.
    Allocated(u32),
    /// The heap is about to take the block back.
    Freed,
}
