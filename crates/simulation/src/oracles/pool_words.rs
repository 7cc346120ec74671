//! The words of the control-block pool, followed write by write.
//!
//! Properties:
//! - A block is allocated only while it is free, and becomes free once for each allocation.
//! - A driver that carries out a close request closes the use of a block that the request names.
//! - No driver closes a block that another thread control block owns.
//! - The pool never runs empty (reported once for each process).
//!
//! All are checked against writes to memory, reads of the head of the free list, and the close requests
//! that drivers take from their queues: a build that records nothing of what it does is found as well.

use std::collections::BTreeMap;

use kernel::Instant;
use mta::layout::NONE;
use mta::{BlockId, BlockIndex, BlockState, Instance, PoolWord};

use config::plan::ViolationKind;

use super::ViolationDetails;

/// An access to a word of the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolAccess {
    pub(crate) at: Instant,
    /// The thread, in the order of creation.
    pub(crate) thread: usize,
    /// The thread control block of the thread, if it is a driver.
    pub(crate) thread_block: Option<u32>,
    pub(crate) word: PoolWord,
    /// The word after the access.
    pub(crate) value: u32,
    /// Whether it stored the word.
    pub(crate) writes: bool,
    /// Of the head: whether there is no first block.
    pub(crate) is_empty: bool,
    /// The number of blocks of the pool.
    pub(crate) blocks: u32,
}

/// The words of one process, and what its threads are doing with them.
#[derive(Debug, Default)]
pub(super) struct PoolWords {
    blocks: BTreeMap<BlockIndex, BlockWords>,
    /// The close request that a driver is carrying out.
    closing: BTreeMap<usize, BlockId>,
    /// The threads that read an empty list, and when. One that goes on to write a link was about to
    /// release a block; every other one wanted one.
    found_empty: BTreeMap<usize, Instant>,
    exhaustion_reported: bool,
    size: u32,
}

/// The words of one block. Memory is zero at the start: free, instance 0, owner 0.
#[derive(Clone, Copy, Debug, Default)]
struct BlockWords {
    state: u32,
    instance: u32,
    owner: u32,
}

impl PoolWords {
    /// Whether a thread read an empty list, and it is not clear yet what for.
    pub(super) fn has_doubt(&self) -> bool {
        !self.found_empty.is_empty()
    }

    /// A thread takes a message from its queue: a close request for this block, or something else.
    pub(super) fn on_take(
        &mut self,
        thread: usize,
        closes: Option<BlockId>,
    ) -> Option<ViolationDetails> {
        match closes {
            Some(block) => self.closing.insert(thread, block),
            None => self.closing.remove(&thread),
        };
        self.found_empty.remove(&thread)?;
        self.exhausted()
    }

    /// The thread logs event 9156.
    pub(super) fn on_event_9156(&mut self, thread: usize) -> Option<ViolationDetails> {
        self.found_empty.remove(&thread)?;
        self.exhausted()
    }

    /// Every thread waits: who read an empty list and wrote nothing has gone without a block.
    pub(super) fn on_quiescence(&mut self) -> Option<ViolationDetails> {
        if self.found_empty.is_empty() {
            return None;
        }
        self.found_empty.clear();
        self.exhausted()
    }

    pub(super) fn on_access(&mut self, access: PoolAccess) -> Vec<ViolationDetails> {
        self.size = access.blocks;
        // What the thread read the empty list for shows only at its next access: a release reads the head too, and then
        // writes a link. Any other access means that it wanted a block.
        let before = self.found_empty.remove(&access.thread);
        let is_link = matches!(access.word, PoolWord::Head | PoolWord::Next(_));
        let releases = access.writes && is_link;
        let went_without = before.is_some() && !releases;
        let exhausted = if went_without { self.exhausted() } else { None };
        if access.word == PoolWord::Head && !access.writes && access.is_empty {
            self.found_empty.insert(access.thread, access.at);
        }
        let found = if access.writes {
            self.on_write(access)
        } else {
            Vec::new()
        };
        exhausted.into_iter().chain(found).collect()
    }

    fn on_write(&mut self, access: PoolAccess) -> Vec<ViolationDetails> {
        let value = access.value;
        match access.word {
            PoolWord::Head | PoolWord::Next(_) => {}
            PoolWord::Instance(index) => self.blocks.entry(index).or_default().instance = value,
            PoolWord::Owner(index) => self.blocks.entry(index).or_default().owner = value,
            PoolWord::State(index) => {
                let block = self.blocks.entry(index).or_default();
                let before = std::mem::replace(
                    block,
                    BlockWords {
                        state: value,
                        ..*block
                    },
                );
                return self.on_state(access, index, before);
            }
        }
        Vec::new()
    }

    /// The state of a block is written, which was as in `before`.
    fn on_state(
        &self,
        access: PoolAccess,
        index: BlockIndex,
        before: BlockWords,
    ) -> Vec<ViolationDetails> {
        let id = BlockId::new(index, Instance(before.instance));
        let was_free = BlockState::of(before.state) == Some(BlockState::Free);
        match BlockState::of(access.value) {
            Some(BlockState::Allocated) if !was_free => vec![allocated_twice(id)],
            Some(BlockState::Free) if was_free => vec![released_twice(id)],
            Some(BlockState::Closing) => {
                let meant = self.closing.get(&access.thread).copied();
                let stale = meant.filter(|meant| *meant != id);
                let stale = stale.map(|meant| other_use_closed(meant, id));
                let caller = access.thread_block.filter(|it| *it != before.owner);
                // A block that no driver has taken over yet has no owner.
                let wrong = caller.filter(|_| before.owner != NONE);
                let wrong = wrong.map(|caller| wrong_thread(before.owner, caller).with_block(id));
                stale.into_iter().chain(wrong).collect()
            }
            _ => Vec::new(),
        }
    }

    fn exhausted(&mut self) -> Option<ViolationDetails> {
        if std::mem::replace(&mut self.exhaustion_reported, true) {
            return None;
        }
        let detail = format!("none of {} control blocks is free", self.size);
        let kind = ViolationKind::ControlBlockExhaustion;
        Some(ViolationDetails::new(kind, "control block pool", detail))
    }
}

fn allocated_twice(block: BlockId) -> ViolationDetails {
    let detail = format!("{block} is allocated and was not free");
    let location = "control block pool: a block handed out twice";
    ViolationDetails::new(ViolationKind::HeapCorruption, location, detail).with_block(block)
}

fn released_twice(block: BlockId) -> ViolationDetails {
    let detail = format!("{block} was not in use");
    let location = "control block pool: a block given back twice";
    ViolationDetails::new(ViolationKind::DoubleRelease, location, detail).with_block(block)
}

fn other_use_closed(meant: BlockId, found: BlockId) -> ViolationDetails {
    let detail = format!("a close meant for {meant} closed {found}");
    let location = "close request: another use of the block";
    ViolationDetails::new(ViolationKind::StaleInstance, location, detail).with_block(found)
}

/// `SBPDSCLS:CB TID=0,calling TID=1.` (Q157701).
pub(super) fn wrong_thread(owner: u32, caller: u32) -> ViolationDetails {
    let detail = format!("CB TID={owner}, calling TID={caller}");
    ViolationDetails::new(ViolationKind::WrongThread, "SBPDSCLS", detail)
}

#[cfg(test)]
mod tests;
