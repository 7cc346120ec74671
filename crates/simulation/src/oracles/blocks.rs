//! Ownership of control blocks in one process.
//!
//! Properties, besides those of `words`:
//! - Every block is on the free list, exactly once, or can still be released: a thread waits for it, or
//!   the transport has a connection on it and has not asked for its close yet. Any other block has
//!   leaked, whatever its age, and whatever the MTA says about it.
//! - A block on the free list is free.
//!
//! Free list, states and wait arrays are words of memory; the transport's table is that which POP4 UP
//! uses. An association alone releases nothing: MAIN BASE asks the transport, which closes only what is in
//! its table. The check is possible only when the process is quiescent: while a message is under way
//! between threads, that message may be the last reference. A process that never becomes quiescent hides
//! its leaks.

use std::collections::BTreeSet;

use mta::{Audit, BlockId, BlockIndex, BlockSnapshot, BlockState, EventEntry};

use config::plan::ViolationKind;

use super::ViolationDetails;
use super::pool_words::{PoolAccess, PoolWords};

/// The control blocks of one process.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Allocations, releases and closes, as memory shows them.
    words: PoolWords,
    /// Whether a word of the pool was written since the last check.
    has_changed: bool,
    /// How many connections the transport had lost at the last check.
    connections_lost: u64,
    /// Uses of blocks that have been reported as leaked, or as free and in use.
    reported: BTreeSet<BlockId>,
    broken_list_reported: bool,
}

impl Blocks {
    /// Whether some block may have leaked since the last check, now that the transport has lost so many
    /// connections.
    pub(super) fn has_suspects(&mut self, connections_lost: u64) -> bool {
        // The audit reads the whole pool, so it is made only where the answer can have changed.
        let before = std::mem::replace(&mut self.connections_lost, connections_lost);
        self.has_changed |= before != connections_lost;
        self.has_changed
    }

    pub(super) fn on_event(
        &mut self,
        thread: usize,
        entry: &EventEntry,
    ) -> Option<ViolationDetails> {
        let is_9156 = matches!(entry, EventEntry::NoFreeBlocks(_));
        is_9156.then(|| self.words.on_event_9156(thread)).flatten()
    }

    pub(super) fn on_access(&mut self, access: PoolAccess) -> Vec<ViolationDetails> {
        let found = self.words.on_access(access);
        self.has_changed |= access.writes || self.words.has_doubt();
        found
    }

    /// A thread takes a close request for this use of a block from its queue, or another message.
    pub(super) fn on_take(
        &mut self,
        thread: usize,
        closes: Option<BlockId>,
    ) -> Option<ViolationDetails> {
        self.words.on_take(thread, closes)
    }

    /// Every thread waits and no message is under way, so nothing but transport connections and wait
    /// arrays can lead to the release of a block.
    pub(super) fn on_quiescence(&mut self, audit: &Audit) -> Vec<ViolationDetails> {
        self.has_changed = false;
        let mut found: Vec<ViolationDetails> = self.words.on_quiescence().into_iter().collect();
        if !audit.free_list_ends && !std::mem::replace(&mut self.broken_list_reported, true) {
            let detail = format!("it was followed over {} blocks", audit.free.len());
            let location = "control block pool: the free list does not end";
            found.push(ViolationDetails::new(
                ViolationKind::HeapCorruption,
                location,
                detail,
            ));
        }
        let free: BTreeSet<BlockIndex> = audit.free.iter().copied().collect();
        for block in &audit.blocks {
            let is_free = block.state == Some(BlockState::Free);
            let defect = match free.contains(&block.id.index) {
                true if is_free => continue,
                true => in_use(block),
                false if can_be_released(block.id.index, audit) => continue,
                false => leak(block),
            };
            // Once for each use: a leaked block is leaked at every later moment of quiescence, too.
            if self.reported.insert(block.id) {
                found.push(defect);
            }
        }
        found
    }
}

/// Whether the block can still be released. One who knows an earlier use of it counts: a build without
/// instance numbers closes the present use instead.
fn can_be_released(index: BlockIndex, audit: &Audit) -> bool {
    audit.is_waited_for(index) || audit.is_closable(index)
}

fn leak(block: &BlockSnapshot) -> ViolationDetails {
    let state = state_name(block.state);
    let detail = format!("{} can never be released or allocated", block.id);
    let location = match block.state {
        Some(BlockState::Free) => "control block, free: not on the free list".to_owned(),
        _ => format!("control block, {state}"),
    };
    ViolationDetails::new(ViolationKind::ControlBlockLeak, &location, detail).with_block(block.id)
}

fn in_use(block: &BlockSnapshot) -> ViolationDetails {
    let detail = format!("{} is {}", block.id, state_name(block.state));
    let location = "control block pool: a block in use on the free list";
    ViolationDetails::new(ViolationKind::HeapCorruption, location, detail).with_block(block.id)
}

fn state_name(state: Option<BlockState>) -> &'static str {
    match state {
        Some(BlockState::Free) => "free",
        Some(BlockState::Allocated) => "allocated",
        Some(BlockState::Connecting) => "connecting",
        Some(BlockState::Listening) => "listening",
        Some(BlockState::Open) => "open",
        Some(BlockState::Closing) => "closing",
        Some(BlockState::OutOfService) => "out of service",
        None => "overwritten",
    }
}

#[cfg(test)]
mod tests {
    use mta::Instance;

    use super::*;

    const BLOCK: BlockIndex = BlockIndex(0);
    /// Two uses of the block.
    const FIRST: BlockId = BlockId::new(BLOCK, Instance(1));
    const SECOND: BlockId = BlockId::new(BLOCK, Instance(2));

    /// The memory of a quiescent process with one block that no thread waits for.
    fn audit() -> Audit {
        let block = BlockSnapshot {
            id: FIRST,
            state: Some(BlockState::OutOfService),
            owner: None,
            socket: None,
            event: 0,
        };
        Audit {
            blocks: vec![block],
            free: Vec::new(),
            free_list_ends: true,
            waiting: Vec::new(),
            closable: Vec::new(),
        }
    }

    #[test]
    fn a_block_leaks_when_nobody_can_close_it_and_is_reported_once() {
        let mut oracle = Blocks::default();
        let mut memory = audit();
        memory.waiting = vec![vec![Some(BLOCK)]];
        assert!(oracle.on_quiescence(&memory).is_empty());
        memory.waiting.clear();
        memory.closable = vec![FIRST];
        assert!(oracle.on_quiescence(&memory).is_empty());
        memory.closable.clear();
        let defects = oracle.on_quiescence(&memory);
        assert_eq!(defects.len(), 1);
        assert_eq!(defects[0].location, "control block, out of service");
        assert!(oracle.on_quiescence(&memory).is_empty());
    }

    /// What the transport loses is a reason to look, without a word written and without a record.
    #[test]
    fn a_lost_connection_is_a_reason_to_look() {
        let mut oracle = Blocks::default();
        assert!(!oracle.has_suspects(0));
        assert!(oracle.has_suspects(1));
        assert!(oracle.on_quiescence(&audit()).len() == 1);
        assert!(!oracle.has_suspects(1));
    }

    /// What the MTA has recorded does not matter: the words do.
    #[test]
    fn a_free_block_that_fell_off_the_free_list_has_leaked() {
        let mut oracle = Blocks::default();
        let mut memory = audit();
        memory.blocks[0].state = Some(BlockState::Free);
        let defects = oracle.on_quiescence(&memory);
        assert_eq!(defects.len(), 1);
        assert_eq!(defects[0].kind, ViolationKind::ControlBlockLeak);
        memory.free = vec![BLOCK];
        assert!(Blocks::default().on_quiescence(&memory).is_empty());
    }

    #[test]
    fn a_block_in_use_on_the_free_list_is_reported_once() {
        let mut oracle = Blocks::default();
        let mut memory = audit();
        memory.free = vec![BLOCK];
        memory.blocks[0].state = Some(BlockState::Open);
        let defects = oracle.on_quiescence(&memory);
        assert_eq!(defects.len(), 1);
        assert_eq!(defects[0].kind, ViolationKind::HeapCorruption);
        assert!(oracle.on_quiescence(&memory).is_empty());
    }

    /// A close for an earlier use would close this one, in a build without instance numbers.
    #[test]
    fn who_knows_an_earlier_use_may_release_a_block() {
        let mut oracle = Blocks::default();
        let mut memory = audit();
        memory.blocks[0].id = SECOND;
        memory.blocks[0].state = Some(BlockState::Open);
        memory.closable = vec![FIRST];
        assert!(oracle.on_quiescence(&memory).is_empty());
        memory.closable.clear();
        assert_eq!(oracle.on_quiescence(&memory).len(), 1);
    }
}
