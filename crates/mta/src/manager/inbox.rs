//! What has arrived, or is arriving.
//!
//! Owns the receiver's side of transfers: how far each message has come, what its checkpoints
//! were, and which messages are complete, so that a repeated one is kept once. It refuses to
//! keep the bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::content::ContentHash;
use crate::iso::spdu::SERIALS;
use crate::layout::BlockId;
use crate::record::Fact;

/// Checkpoints remembered of one transfer; older ones can no longer be resumed from.
const CHECKPOINTS_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Inbox {
    /// The transfer under way on each connection: the sender's address and the message.
    current: BTreeMap<BlockId, (u32, u32)>,
    partial: BTreeMap<(u32, u32), Partial>,
    complete: BTreeSet<(u32, u32)>,
}

#[derive(Debug)]
struct Partial {
    length: u32,
    received: Progress,
    checkpoints: Vec<Progress>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    bytes: u32,
    hash: ContentHash,
}

impl Inbox {
    pub(super) fn new(complete: BTreeSet<(u32, u32)>) -> Self {
        Self {
            current: BTreeMap::new(),
            partial: BTreeMap::new(),
            complete,
        }
    }

    pub(super) fn start(&mut self, block: BlockId, from: u32, message: u32, length: u32) {
        self.take_over(block, (from, message));
        let partial = Partial {
            length,
            received: Progress::default(),
            checkpoints: Vec::new(),
        };
        self.partial.insert((from, message), partial);
    }

    /// Goes back to the checkpoint at `offset`; false if it is not known.
    pub(super) fn resume(&mut self, block: BlockId, from: u32, message: u32, offset: u32) -> bool {
        let Some(partial) = self.partial.get_mut(&(from, message)) else {
            return false;
        };
        let point = partial
            .checkpoints
            .iter()
            .find(|point| point.bytes == offset)
            .copied();
        let Some(point) = point else { return false };
        partial.checkpoints.retain(|it| it.bytes <= offset);
        partial.received = point;
        self.take_over(block, (from, message));
        true
    }

    pub(super) fn add(&mut self, block: BlockId, user: &[u8]) {
        if let Some(partial) = self.current_of(block) {
            let bytes = u32::try_from(user.len()).expect("a session unit is short");
            partial.received.bytes = partial.received.bytes.saturating_add(bytes);
            partial.received.hash.update(user);
        }
    }

    pub(super) fn checkpoint(&mut self, block: BlockId) {
        if let Some(partial) = self.current_of(block) {
            if partial.checkpoints.len() == CHECKPOINTS_MAX {
                partial.checkpoints.remove(0);
            }
            partial.checkpoints.push(partial.received);
        }
    }

    /// The message of this number, modulo [`SERIALS`], is complete. `None` if it is not all there; no fact if it was complete
    /// before: its acknowledgment was lost, and it is not kept twice.
    pub(super) fn finish(&mut self, block: BlockId, serial: u32) -> Option<Option<Fact>> {
        let (from, current) = self.current.remove(&block)?;
        let whole = self
            .partial
            .remove(&(from, current))
            .filter(|_| current % SERIALS == serial)?;
        if whole.received.bytes != whole.length {
            return None;
        }
        let fact = Fact::MessageArrived {
            from,
            message: current,
            length: whole.length,
            hash: whole.received.hash.value(),
        };
        Some(self.complete.insert((from, current)).then_some(fact))
    }

    /// The connection has ended; what it was transferring may be resumed on another.
    pub(super) fn forget(&mut self, block: BlockId) {
        self.current.remove(&block);
    }

    /// The transfer goes on here and nowhere else: what a broken connection still has on its way
    /// must not be added to it.
    fn take_over(&mut self, block: BlockId, transfer: (u32, u32)) {
        self.current.retain(|_, current| *current != transfer);
        self.current.insert(block, transfer);
    }

    fn current_of(&mut self, block: BlockId) -> Option<&mut Partial> {
        let transfer = self.current.get(&block)?;
        self.partial.get_mut(transfer)
    }
}
