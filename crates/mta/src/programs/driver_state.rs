//! The private state of a driver thread.
//!
//! In 4.0 the Driver of a pair sends and its Async Notify receives, each with its own state.
//! Data that a close request needs does not belong here: it lies in the control block.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use machine::Instant;

use crate::blocks::wait_entry::WaitEntry;
use crate::environment::Thread;
use crate::iso::tpkt::HEADER_BYTES;
use crate::layout::BlockId;
use crate::message::Tpkts;
use crate::shared::SharedState;

/// A driver thread at work on its thread control block.
///
/// Its methods are spread over the modules for its loops, its requests, its network events and
/// closing.
#[derive(Debug)]
pub(crate) struct Driver<'a> {
    pub(crate) t: &'a Thread,
    pub(crate) shared: &'a SharedState,
    /// The index of its thread control block.
    pub(crate) thread_block: u32,
    pub(crate) state: DriverState,
}

/// What a driver keeps for its connections.
#[derive(Debug, Default)]
pub(crate) struct DriverState {
    /// The result of the last scan of the wait array.
    pub(crate) entries: Vec<WaitEntry>,
    receiving: BTreeMap<BlockId, Receiving>,
    unsent: BTreeMap<BlockId, VecDeque<Tpkts>>,
    retries: BTreeSet<(Instant, BlockId)>,
}

/// A TPKT that has not arrived completely.
#[derive(Debug, Default)]
pub(crate) struct Receiving {
    pub(crate) header: Vec<u8>,
    /// Bytes in the body, once the header is complete.
    pub(crate) length: usize,
    pub(crate) body: Vec<u8>,
}

impl Receiving {
    pub(crate) fn header_missing(&self) -> usize {
        HEADER_BYTES - self.header.len()
    }

    pub(crate) fn body_missing(&self) -> usize {
        self.length - self.body.len()
    }
}

impl<'a> Driver<'a> {
    pub(crate) fn new(t: &'a Thread, shared: &'a SharedState, thread_block: u32) -> Self {
        Self {
            t,
            shared,
            thread_block,
            state: DriverState::default(),
        }
    }
}

impl DriverState {
    pub(crate) fn receiving(&mut self, block: BlockId) -> &mut Receiving {
        self.receiving.entry(block).or_default()
    }

    /// The packets that wait for buffer space on this connection, oldest first.
    pub(crate) fn unsent(&mut self, block: BlockId) -> &mut VecDeque<Tpkts> {
        self.unsent.entry(block).or_default()
    }

    /// Schedules another connect() at this time.
    pub(crate) fn retry(&mut self, at: Instant, block: BlockId) {
        self.retries.insert((at, block));
    }

    /// The time of the next scheduled connect(); [`Instant::MAX`] for none.
    pub(crate) fn next_retry(&self) -> Instant {
        self.retries.first().map_or(Instant::MAX, |(at, _)| *at)
    }

    /// Removes and returns the block of a connect() that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<BlockId> {
        let &(at, block) = self.retries.first()?;
        (at <= now).then(|| {
            self.retries.pop_first();
            block
        })
    }

    /// Forgets a closed connection.
    pub(crate) fn clear(&mut self, block: BlockId) {
        self.receiving.remove(&block);
        self.unsent.remove(&block);
        self.retries.retain(|(_, retried)| *retried != block);
    }
}
