//! What a driver knows about its connections and shares with nobody.
//!
//! Owns half-received packets, bytes that wait for room, and the connects to be tried again
//! after a pause. In a pair the Driver sends and the Async Notify receives, each with a desk of
//! its own. It refuses to hold what a close must find: that lies in the control block.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use machine::Instant;
use winsock::Payload;

use crate::blocks::wait_array::WaitEntry;
use crate::iso::tpkt::HEADER_BYTES;
use crate::layout::BlockId;

#[derive(Debug, Default)]
pub(crate) struct DriverState {
    /// What the last walk through the wait array found.
    pub(crate) entries: Vec<WaitEntry>,
    receiving: BTreeMap<BlockId, Receiving>,
    waiting: BTreeMap<BlockId, VecDeque<Payload>>,
    retries: BTreeSet<(Instant, BlockId)>,
}

/// One packet on its way in.
#[derive(Debug, Default)]
pub(crate) struct Receiving {
    pub(crate) header: Vec<u8>,
    /// Bytes of the body, once the header is complete.
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

impl DriverState {
    pub(crate) fn receiving(&mut self, block: BlockId) -> &mut Receiving {
        self.receiving.entry(block).or_default()
    }

    /// The bytes that wait for room on this connection, oldest first.
    pub(crate) fn waiting(&mut self, block: BlockId) -> &mut VecDeque<Payload> {
        self.waiting.entry(block).or_default()
    }

    pub(crate) fn retry(&mut self, at: Instant, block: BlockId) {
        self.retries.insert((at, block));
    }

    /// When the next connect is to be tried again.
    pub(crate) fn next_retry(&self) -> Instant {
        self.retries.first().map_or(Instant::MAX, |(at, _)| *at)
    }

    pub(crate) fn take_due(&mut self, now: Instant) -> Option<BlockId> {
        let &(at, block) = self.retries.first()?;
        (at <= now).then(|| {
            self.retries.pop_first();
            block
        })
    }

    /// The connection is closed: nothing of it is kept.
    pub(crate) fn clear(&mut self, block: BlockId) {
        self.receiving.remove(&block);
        self.waiting.remove(&block);
        self.retries.retain(|(_, retried)| *retried != block);
    }
}
