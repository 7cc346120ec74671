//! Incoming messages: the progress of each transfer, its checkpoints, and the messages that are
//! complete. The bytes themselves are not kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::MessageId;
use crate::content::ContentHash;
use crate::iso::spdu::SERIALS;
use crate::layout::BlockId;
use crate::record::Fact;

/// The maximum of checkpoints kept for a transfer. It cannot be resumed at older ones.
const CHECKPOINTS_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Inbox {
    /// The transfer on each connection.
    current: BTreeMap<BlockId, MessageId>,
    partial: BTreeMap<MessageId, IncomingTransfer>,
    complete: BTreeSet<MessageId>,
}

#[derive(Debug)]
struct IncomingTransfer {
    length: u32,
    received: TransferCheckpoint,
    checkpoints: Vec<TransferCheckpoint>,
}

#[derive(Clone, Copy, Debug, Default)]
struct TransferCheckpoint {
    bytes: u32,
    hash: ContentHash,
}

/// The result of the end of an activity.
pub(super) enum Finished {
    /// The message is complete.
    New(Fact),
    /// The message was complete before. Its acknowledgment was lost, so the sender repeats it.
    Duplicate,
    /// Bytes are missing, or no such transfer is known.
    Incomplete,
}

impl Inbox {
    pub(super) fn new(complete: BTreeSet<MessageId>) -> Self {
        Self {
            current: BTreeMap::new(),
            partial: BTreeMap::new(),
            complete,
        }
    }

    pub(super) fn start(&mut self, block: BlockId, from: u32, message: u32, length: u32) {
        let id = MessageId { from, message };
        self.assign(block, id);
        // A start discards what an earlier activity has transferred of this message.
        let transfer = IncomingTransfer {
            length,
            received: TransferCheckpoint::default(),
            checkpoints: Vec::new(),
        };
        self.partial.insert(id, transfer);
    }

    /// Resumes a transfer at the checkpoint at `offset`. False if that checkpoint is not known.
    pub(super) fn resume(&mut self, block: BlockId, from: u32, message: u32, offset: u32) -> bool {
        let id = MessageId { from, message };
        let Some(transfer) = self.partial.get_mut(&id) else {
            return false;
        };
        let mut checkpoints = transfer.checkpoints.iter();
        let Some(&checkpoint) = checkpoints.find(|checkpoint| checkpoint.bytes == offset) else {
            return false;
        };
        // The bytes after the checkpoint come again, so later checkpoints are void. The hash goes back
        // with the number of bytes.
        transfer.checkpoints.retain(|it| it.bytes <= offset);
        transfer.received = checkpoint;
        self.assign(block, id);
        true
    }

    /// Adds received bytes.
    pub(super) fn add(&mut self, block: BlockId, user: &[u8]) {
        if let Some(transfer) = self.current_on(block) {
            let bytes = u32::try_from(user.len()).expect("a session unit has at most 64 KiB");
            transfer.received.bytes = transfer.received.bytes.saturating_add(bytes);
            transfer.received.hash.update(user);
        }
    }

    pub(super) fn checkpoint(&mut self, block: BlockId) {
        if let Some(transfer) = self.current_on(block) {
            if transfer.checkpoints.len() == CHECKPOINTS_MAX {
                transfer.checkpoints.remove(0);
            }
            transfer.checkpoints.push(transfer.received);
        }
    }

    /// Ends the transfer of the message with this number, modulo [`SERIALS`].
    pub(super) fn finish(&mut self, block: BlockId, serial: u32) -> Finished {
        let Some(id) = self.current.remove(&block) else {
            return Finished::Incomplete;
        };
        // An incomplete transfer is removed as well: it cannot be resumed, and has to start again.
        match self.partial.remove(&id) {
            Some(transfer)
                if id.message % SERIALS == serial && transfer.received.bytes == transfer.length =>
            {
                if !self.complete.insert(id) {
                    return Finished::Duplicate;
                }
                Finished::New(Fact::MessageArrived {
                    from: id.from,
                    message: id.message,
                    length: transfer.length,
                    hash: transfer.received.hash.value(),
                })
            }
            Some(_) | None => Finished::Incomplete,
        }
    }

    /// The connection has ended. Its transfer may be resumed on another.
    pub(super) fn forget(&mut self, block: BlockId) {
        self.current.remove(&block);
    }

    /// Makes this the only connection of the transfer: a broken one may still deliver bytes, which
    /// must not be added.
    fn assign(&mut self, block: BlockId, transfer: MessageId) {
        self.current.retain(|_, current| *current != transfer);
        self.current.insert(block, transfer);
    }

    fn current_on(&mut self, block: BlockId) -> Option<&mut IncomingTransfer> {
        let transfer = self.current.get(&block)?;
        self.partial.get_mut(transfer)
    }
}
