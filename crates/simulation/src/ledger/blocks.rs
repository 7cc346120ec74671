//! The books on the control blocks of one process.
//!
//! Owns the conservation of control blocks: each is free or owned once, and one that nobody can
//! ever release has leaked. That is a matter of ownership, not of age: no association, no
//! transport connection, no wait array and no message knows it any more. It refuses to look
//! while anything is under way.

use std::collections::{BTreeMap, BTreeSet};

use mta::{AssociationIndex, Audit, BlockId, BlockIndex, BlockState, Fact, Instance};

use config::plan::ViolationKind;

use super::Broken;

#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Blocks in use, each with the use.
    taken: BTreeMap<BlockIndex, Instance>,
    /// Which associations use which block.
    bound: BTreeMap<BlockId, AssociationIndex>,
    by_association: BTreeMap<AssociationIndex, BlockId>,
    /// Which transport connections there are.
    transports: BTreeSet<BlockId>,
    /// Blocks of which somebody has let go since they were last looked at.
    suspects: BTreeSet<BlockId>,
    /// A block whose return was wrong is not reported again as lost.
    leaked: BTreeSet<BlockId>,
    exhausted: bool,
    list_broken: bool,
}

impl Blocks {
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Whether the pool is found empty for the first time.
    pub(super) fn is_first_exhaustion(&mut self) -> bool {
        !std::mem::replace(&mut self.exhausted, true)
    }

    pub(super) fn on_fact(&mut self, fact: Fact) -> Option<Broken> {
        match fact {
            Fact::BlockAllocated(block, instance) => {
                let id = BlockId::new(block, instance);
                self.suspects.insert(id);
                let before = self.taken.insert(block, instance)?;
                let detail = format!("CB {block} was in use as instance {before}");
                let place = "control block pool: a block handed out twice";
                let broken = Broken::new(ViolationKind::HeapCorruption, place, detail);
                return Some(broken.about(id));
            }
            Fact::BlockReleased(block, instance) => {
                let id = BlockId::new(block, instance);
                self.suspects.remove(&id);
                if self.taken.get(&block) == Some(&instance) {
                    self.taken.remove(&block);
                    return None;
                }
                let detail = format!("CB {block} (instance {instance}) was not in use");
                let place = "control block pool: a block given back twice";
                let broken = Broken::new(ViolationKind::DoubleRelease, place, detail);
                return Some(broken.about(id));
            }
            Fact::CloseApplied {
                block,
                meant,
                found,
            } if meant != found => {
                let id = BlockId::new(block, found);
                let detail =
                    format!("a close meant for CB {block} instance {meant} closed {found}");
                let place = "close request: another use of the block";
                let broken = Broken::new(ViolationKind::StaleInstance, place, detail);
                return Some(broken.about(id));
            }
            Fact::BlockBound(association, block, instance) => {
                let id = BlockId::new(block, instance);
                self.bound.insert(id, association);
                self.by_association.insert(association, id);
            }
            Fact::AssociationEnded(association, _) => {
                if let Some(id) = self.by_association.remove(&association) {
                    self.bound.remove(&id);
                    self.suspects.insert(id);
                }
            }
            Fact::TransportBegun(block, instance) => {
                self.transports.insert(BlockId::new(block, instance));
            }
            Fact::TransportEnded(block, instance) => {
                let id = BlockId::new(block, instance);
                self.transports.remove(&id);
                self.suspects.insert(id);
            }
            Fact::BlockOutOfService(block, instance) => {
                self.suspects.insert(BlockId::new(block, instance));
            }
            Fact::CloseApplied { .. }
            | Fact::AssociationOpened(_)
            | Fact::AssociationBegun(_)
            | Fact::AssociationRefused
            | Fact::MessageSubmitted(_)
            | Fact::MessageArrived { .. }
            | Fact::MessageAcknowledged(_)
            | Fact::MessageReturned(_) => {}
        }
        None
    }

    /// Every thread waits and no message is under way: a suspect that nobody knows has leaked.
    pub(super) fn on_quiet(&mut self, audit: &Audit) -> Vec<Broken> {
        let mut found = Vec::new();
        for id in std::mem::take(&mut self.suspects) {
            let is_taken = self.taken.get(&id.index) == Some(&id.instance);
            let is_known = self.bound.contains_key(&id)
                || self.transports.contains(&id)
                || audit.is_waited_for(id.index);
            if is_taken && !is_known && self.leaked.insert(id) {
                found.push(leak(id, audit.blocks[id.index.0 as usize].state));
            }
        }
        if !audit.free_list_ends && !std::mem::replace(&mut self.list_broken, true) {
            let detail = format!("it was followed over {} blocks", audit.free.len());
            let place = "control block pool: the free list does not end";
            found.push(Broken::new(ViolationKind::HeapCorruption, place, detail));
        }
        found
    }
}

fn leak(id: BlockId, state: Option<BlockState>) -> Broken {
    let BlockId {
        index: block,
        instance,
    } = id;
    let state = match state {
        Some(BlockState::Free) => "free",
        Some(BlockState::Allocated) => "allocated",
        Some(BlockState::Connecting) => "connecting",
        Some(BlockState::Listening) => "listening",
        Some(BlockState::Open) => "open",
        Some(BlockState::Closing) => "closing",
        Some(BlockState::OutOfService) => "out of service",
        None => "overwritten",
    };
    let detail = format!("nobody can ever release CB {block} (instance {instance})");
    let place = format!("control block, {state}");
    Broken::new(ViolationKind::ControlBlockLeak, &place, detail).about(id)
}
