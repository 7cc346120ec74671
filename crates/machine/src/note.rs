//! What programs write down without making a call.
//!
//! Owns `Notes`: the records of all threads in the order of their writing, and the heap's
//! word on blocks handed out and taken back, which the judge reads. It refuses to be a
//! scheduling point: writing a note lets nobody else run.

use std::fmt;
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

#[derive(Clone, Copy, Debug)]
pub(crate) enum BlockDeed {
    /// Handed out with this many bytes.
    Allocated(u32),
    /// About to be taken back.
    Freed,
}

/// The most records that may wait until the world takes them.
pub const RECORDS_MAX: usize = 1 << 22;

/// Everything written since the machine last looked.
pub(crate) struct Notes<R> {
    pub(crate) records: Vec<Written<R>>,
    pub(crate) blocks: Vec<BlockNote>,
}

impl<R> Notes<R> {
    pub(crate) fn new() -> Self {
        Self {
            records: Vec::new(),
            blocks: Vec::new(),
        }
    }

    pub(crate) fn record(&mut self, written: Written<R>) {
        assert!(self.records.len() < RECORDS_MAX, "nobody takes the records");
        self.records.push(written);
    }
}

impl<R> fmt::Debug for Notes<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Notes")
            .field("records", &self.records.len())
            .field("blocks", &self.blocks)
            .finish()
    }
}
