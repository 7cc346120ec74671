//! Ownership of control blocks in one process.
//!
//! Properties:
//! - A block is allocated only while it is free, and released only by the use that it is in.
//! - A close request reaches the use of a block that it was meant for.
//! - The pool never runs empty (reported once for each process).
//! - Every block is on the free list, exactly once, or can still be released: an association, a
//!   transport connection or a thread that waits for it knows it. A block that none of these knows has
//!   leaked, whatever its age, and whatever the MTA says about it.
//! - A block on the free list is free.
//!
//! The first three are checked against the MTA's facts as they are recorded. The last two are checked
//! in memory: free list, states and wait arrays are its words, and who knows a block follows from the
//! tables of MAIN BASE and POP4 UP, which no race reaches. That is possible only when the process is
//! quiescent: while a message is under way between threads, that message may be the last reference. A
//! process that never becomes quiescent hides its leaks.

use std::collections::{BTreeMap, BTreeSet};

use mta::{
    AssociationIndex, Audit, BlockId, BlockIndex, BlockSnapshot, BlockState, EventEntry, Fact,
    Instance,
};

use config::plan::ViolationKind;

use super::Defect;

/// The control blocks of one process.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The blocks in use, each with its current use.
    taken: BTreeMap<BlockIndex, Instance>,
    /// The association that uses a block, in both directions.
    bound: BTreeMap<BlockId, AssociationIndex>,
    by_association: BTreeMap<AssociationIndex, BlockId>,
    /// The blocks on which the transport has a connection.
    transports: BTreeSet<BlockId>,
    /// Whether a block was allocated, was released or lost an owner since the last check.
    has_changed: bool,
    /// Uses of blocks that have been reported as leaked, or as free and in use.
    reported: BTreeSet<BlockId>,
    exhaustion_reported: bool,
    broken_list_reported: bool,
}

impl Blocks {
    /// Whether some block may have leaked since the last check.
    pub(super) fn has_suspects(&self) -> bool {
        self.has_changed
    }

    pub(super) fn on_event(&mut self, entry: &EventEntry) -> Option<Defect> {
        let EventEntry::NoFreeBlocks(count) = entry else {
            return None;
        };
        let detail = format!("none of {count} control blocks is free");
        let defect = Defect::new(
            ViolationKind::ControlBlockExhaustion,
            "control block pool",
            detail,
        );
        (!std::mem::replace(&mut self.exhaustion_reported, true)).then_some(defect)
    }

    pub(super) fn on_fact(&mut self, fact: Fact) -> Option<Defect> {
        match fact {
            Fact::BlockAllocated(block) => {
                // The allocating thread may lose the block before it is bound to anything.
                self.has_changed = true;
                let before = self.taken.insert(block.index, block.instance)?;
                let detail = format!("CB {} was in use as instance {before}", block.index);
                let location = "control block pool: a block handed out twice";
                let defect = Defect::new(ViolationKind::HeapCorruption, location, detail);
                return Some(defect.with_block(block));
            }
            Fact::BlockReleased(block) => {
                // A release on an unguarded free list may lose this block, or others.
                self.has_changed = true;
                if self.taken.get(&block.index) == Some(&block.instance) {
                    self.taken.remove(&block.index);
                    return None;
                }
                let detail = format!("{block} was not in use");
                let location = "control block pool: a block given back twice";
                let defect = Defect::new(ViolationKind::DoubleRelease, location, detail);
                return Some(defect.with_block(block));
            }
            Fact::CloseApplied {
                block,
                meant,
                found,
            } if meant != found => {
                let id = BlockId::new(block, found);
                let detail =
                    format!("a close meant for CB {block} instance {meant} closed {found}");
                let location = "close request: another use of the block";
                let defect = Defect::new(ViolationKind::StaleInstance, location, detail);
                return Some(defect.with_block(id));
            }
            Fact::BlockBound(association, block) => {
                self.bound.insert(block, association);
                self.by_association.insert(association, block);
            }
            Fact::AssociationEnded(association, _) => {
                if let Some(id) = self.by_association.remove(&association) {
                    self.bound.remove(&id);
                    self.has_changed = true;
                }
            }
            Fact::TransportBegun(block) => {
                self.transports.insert(block);
            }
            Fact::TransportEnded(block) => {
                self.transports.remove(&block);
                self.has_changed = true;
            }
            Fact::BlockOutOfService(_) => self.has_changed = true,
            Fact::CloseApplied { .. }
            | Fact::CloseRequestDropped(_)
            | Fact::AssociationOpened(_)
            | Fact::AssociationBegun(..)
            | Fact::AssociationRefused
            | Fact::MessageSubmitted(_)
            | Fact::MessageArrived { .. }
            | Fact::MessageAcknowledged(_)
            | Fact::MessageReturned(_) => {}
        }
        None
    }

    /// Every thread waits and no message is under way, so nothing but associations, transport
    /// connections and wait arrays can lead to the release of a block.
    pub(super) fn on_quiescence(&mut self, audit: &Audit) -> Vec<Defect> {
        self.has_changed = false;
        let mut found = Vec::new();
        if !audit.free_list_ends && !std::mem::replace(&mut self.broken_list_reported, true) {
            let detail = format!("it was followed over {} blocks", audit.free.len());
            let location = "control block pool: the free list does not end";
            found.push(Defect::new(ViolationKind::HeapCorruption, location, detail));
        }
        let free: BTreeSet<BlockIndex> = audit.free.iter().copied().collect();
        for block in &audit.blocks {
            let is_free = block.state == Some(BlockState::Free);
            let defect = match free.contains(&block.id.index) {
                true if is_free => continue,
                true => in_use(block),
                false if self.is_known(block.id.index, audit) => continue,
                false => leak(block),
            };
            if self.reported.insert(block.id) {
                found.push(defect);
            }
        }
        found
    }

    /// Whether anybody may still release the block. One who knows an earlier use of it counts: a
    /// build without instance numbers closes the present use instead.
    fn is_known(&self, index: BlockIndex, audit: &Audit) -> bool {
        let uses = BlockId::new(index, Instance(0))..=BlockId::new(index, Instance(u32::MAX));
        self.bound.range(uses.clone()).next().is_some()
            || self.transports.range(uses).next().is_some()
            || audit.is_waited_for(index)
    }
}

fn leak(block: &BlockSnapshot) -> Defect {
    let state = state_name(block.state);
    let detail = format!("{} can never be released or allocated", block.id);
    let location = match block.state {
        Some(BlockState::Free) => "control block, free: not on the free list".to_owned(),
        _ => format!("control block, {state}"),
    };
    Defect::new(ViolationKind::ControlBlockLeak, &location, detail).with_block(block.id)
}

fn in_use(block: &BlockSnapshot) -> Defect {
    let detail = format!("{} is {}", block.id, state_name(block.state));
    let location = "control block pool: a block in use on the free list";
    Defect::new(ViolationKind::HeapCorruption, location, detail).with_block(block.id)
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
    use mta::AssociationEnd;

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
        }
    }

    fn kinds(facts: &[Fact]) -> Vec<ViolationKind> {
        let mut oracle = Blocks::default();
        let defects = facts.iter().filter_map(|fact| oracle.on_fact(*fact));
        defects.map(|defect| defect.kind).collect()
    }

    #[test]
    fn a_block_is_in_use_once_at_a_time() {
        let allocated = Fact::BlockAllocated(FIRST);
        let released = Fact::BlockReleased(FIRST);
        assert!(kinds(&[allocated, released]).is_empty());
        let again = Fact::BlockAllocated(SECOND);
        assert_eq!(kinds(&[allocated, again]), [ViolationKind::HeapCorruption]);
        let twice = [allocated, released, released];
        assert_eq!(kinds(&twice), [ViolationKind::DoubleRelease]);
        let stale = Fact::CloseApplied {
            block: BLOCK,
            meant: FIRST.instance,
            found: SECOND.instance,
        };
        assert_eq!(kinds(&[stale]), [ViolationKind::StaleInstance]);
    }

    #[test]
    fn a_block_leaks_when_its_last_owner_is_gone_and_is_reported_once() {
        let mut oracle = Blocks::default();
        let association = AssociationIndex(3);
        oracle.on_fact(Fact::BlockAllocated(FIRST));
        oracle.on_fact(Fact::BlockBound(association, FIRST));
        oracle.on_fact(Fact::TransportBegun(FIRST));
        assert!(oracle.on_quiescence(&audit()).is_empty());
        let end = AssociationEnd::NotOpened;
        oracle.on_fact(Fact::AssociationEnded(association, end));
        assert!(oracle.on_quiescence(&audit()).is_empty());
        oracle.on_fact(Fact::TransportEnded(FIRST));
        let defects = oracle.on_quiescence(&audit());
        assert_eq!(defects.len(), 1);
        assert_eq!(defects[0].location, "control block, out of service");
        oracle.on_fact(Fact::BlockOutOfService(FIRST));
        assert!(oracle.on_quiescence(&audit()).is_empty());
    }

    /// What the MTA has recorded does not matter: the words do.
    #[test]
    fn a_free_block_that_fell_off_the_free_list_has_leaked() {
        let mut oracle = Blocks::default();
        let mut memory = audit();
        memory.blocks[0].state = Some(BlockState::Free);
        oracle.on_fact(Fact::BlockAllocated(FIRST));
        oracle.on_fact(Fact::BlockReleased(FIRST));
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
        oracle.on_fact(Fact::TransportBegun(FIRST));
        assert!(oracle.on_quiescence(&memory).is_empty());
        oracle.on_fact(Fact::TransportEnded(FIRST));
        assert_eq!(oracle.on_quiescence(&memory).len(), 1);
    }
}
