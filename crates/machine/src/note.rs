//! What programs write down without making a call.
//!
//! Owns [`Written`], a record with its stamp, and the form of the heap's word on blocks handed out and
//! taken back, which the judge hears. It refuses to be a scheduling point: writing a note lets
//! nobody else run.

use std::panic::Location;

use kernel::Instant;

use crate::address::Address;
use crate::call::ThreadId;

/// A record with its writer and the time of the writer's last completed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<R> {
    /// When.
    pub at: Instant,
    /// Who.
    pub thread: ThreadId,
    /// What.
    pub record: R,
}

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

/// The most records that may wait until the world takes them.
pub const RECORDS_MAX: usize = 1 << 22;
