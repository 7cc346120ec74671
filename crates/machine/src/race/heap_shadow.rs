//! A shadow of the heap: which words belong to which block, and whether the program may use them.
//!
//! The shadow lies outside the modeled memory and follows what the heap reports. It never reads the
//! modeled block headers, which a race may have damaged.

use std::collections::BTreeMap;

use crate::memory::address::Address;
use crate::memory::heap_layout::{HeapLayout, UNIT_BYTES};
use crate::race::access::Access;
use crate::race::finding::FindingKind;
use crate::sparse_table::SparseTable;

/// Units of one page of the table of owners.
const PAGE_UNITS: usize = 64;

/// The shadow of one heap.
#[derive(Debug)]
pub(crate) struct HeapShadow {
    layout: HeapLayout,
    /// A [`UnitOwner`] for each unit of the heap.
    owners: SparseTable<UnitOwner, PAGE_UNITS>,
    /// By the number of the first unit, plus one.
    blocks: BTreeMap<u32, HeapBlock>,
}

/// What is known of one unit, packed.
///
/// Bits 2 and up: the first unit of its block, plus one; zero if it belongs to no block. Bits 0 and
/// 1: how many of its two words the program asked for; zero once the block is freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct UnitOwner(u32);

impl UnitOwner {
    const NONE: Self = Self(0);

    fn new(start: u32, words: u32) -> Self {
        assert!(words <= 2, "a unit has two words");
        Self(start << 2 | words)
    }

    fn start(self) -> u32 {
        self.0 >> 2
    }

    fn words(self) -> u32 {
        self.0 & 3
    }
}

/// The life of one block.
#[derive(Clone, Copy, Debug)]
struct HeapBlock {
    units: u32,
    allocated: Access,
    freed: Option<Access>,
}

/// A wrong use of the heap, with the earlier accesses that the report shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misuse {
    pub(crate) kind: FindingKind,
    pub(crate) against: Option<Access>,
    pub(crate) allocated: Option<Access>,
}

impl HeapShadow {
    pub(crate) fn new(layout: HeapLayout) -> Self {
        Self {
            layout,
            owners: SparseTable::default(),
            blocks: BTreeMap::new(),
        }
    }

    /// Forgets all blocks.
    pub(crate) fn reset(&mut self) {
        if !self.blocks.is_empty() {
            self.owners
                .for_each_page(|_, page| page.fill(UnitOwner::NONE));
            self.blocks.clear();
        }
    }

    /// Checks a program's access to the word at `address` through the pointer `origin`.
    pub(crate) fn check(&self, address: Address, origin: Address) -> Option<Misuse> {
        if !self.layout.holds(address) {
            // The heap's own header, or memory outside the heap. Neither belongs to a block.
            let strayed = origin != address && self.live_block(origin).is_some();
            return strayed.then(|| self.misuse(FindingKind::OutOfBounds, origin));
        }
        let owner = self.owner(address);
        let word_in_unit = address.0 % UNIT_BYTES / 4;
        if owner.words() > word_in_unit {
            // A word of another block, reached by arithmetic on a pointer into the first.
            let same = origin == address || self.owner_or_none(origin).start() == owner.start();
            return (!same).then(|| self.misuse(FindingKind::OutOfBounds, origin));
        }
        Some(self.misuse_of_unowned(owner, address, origin))
    }

    /// Classifies an access to a word that the program does not own.
    fn misuse_of_unowned(&self, owner: UnitOwner, address: Address, origin: Address) -> Misuse {
        if origin != address && self.live_block(origin).is_some() {
            return self.misuse(FindingKind::OutOfBounds, origin);
        }
        let Some(block) = self.blocks.get(&owner.start()) else {
            return self.misuse(FindingKind::WildAccess, address);
        };
        let kind = match block.freed {
            Some(_) => FindingKind::UseAfterFree,
            None => FindingKind::OutOfBounds,
        };
        self.misuse(kind, address)
    }

    /// Records that the heap has allocated `bytes` bytes at `address`.
    pub(crate) fn allocate(
        &mut self,
        address: Address,
        bytes: u32,
        access: Access,
    ) -> Option<Misuse> {
        // An allocation of zero bytes still owns a unit, so that its free is recognised.
        let units = bytes.div_ceil(UNIT_BYTES).max(1);
        let inside = self.layout.holds(address)
            && address.0.is_multiple_of(UNIT_BYTES)
            && self.layout.holds(address.offset(units * UNIT_BYTES - 1));
        if !inside {
            // A damaged free list made the heap allocate words that are not its own.
            return Some(self.misuse(FindingKind::DoubleAllocation, address));
        }
        let start = self.unit(address);
        let mut owners = (start..start + units).map(|unit| self.owner_of_unit(unit));
        let held = owners.find(|owner| owner.words() > 0);
        let misuse = held.map(|owner| Misuse {
            kind: FindingKind::DoubleAllocation,
            against: self.blocks.get(&owner.start()).map(|block| block.allocated),
            allocated: None,
        });
        self.forget_blocks(start, units);
        for unit in 0..units {
            // The last unit may have one word that was not asked for: an access to it is out of bounds.
            let words = bytes.div_ceil(4).saturating_sub(2 * unit).min(2);
            *self.owners.entry((start + unit) as usize) = UnitOwner::new(start + 1, words);
        }
        let block = HeapBlock {
            units,
            allocated: access,
            freed: None,
        };
        self.blocks.insert(start + 1, block);
        misuse
    }

    /// Records that the heap is about to free the block at `address`.
    pub(crate) fn free(&mut self, address: Address, access: Access) -> Option<Misuse> {
        let start = if self.layout.holds(address) {
            self.unit(address) + 1
        } else {
            0
        };
        let aligned = address.0.is_multiple_of(UNIT_BYTES);
        let Some(block) = self.blocks.get_mut(&start).filter(|_| aligned) else {
            return Some(self.misuse(FindingKind::InvalidFree, address));
        };
        if block.freed.is_some() {
            return Some(self.misuse(FindingKind::DoubleFree, address));
        }
        // The block stays known until its units are allocated again: later uses name this free.
        block.freed = Some(access);
        let units = block.units;
        for unit in start - 1..start - 1 + units {
            let owner = self.owners.entry(unit as usize);
            // After a double allocation some units may belong to another block by now.
            if owner.start() == start {
                *owner = UnitOwner::new(start, 0);
            }
        }
        None
    }

    /// Drops the blocks that start in a range which is being allocated again.
    fn forget_blocks(&mut self, start: u32, units: u32) {
        while let Some((&old, _)) = self.blocks.range(start + 1..=start + units).next() {
            self.blocks.remove(&old);
        }
    }

    fn misuse(&self, kind: FindingKind, address: Address) -> Misuse {
        let block = self.blocks.get(&self.owner_or_none(address).start());
        Misuse {
            kind,
            against: block.and_then(|block| block.freed),
            allocated: block.map(|block| block.allocated),
        }
    }

    /// The allocated block that `address` points into.
    fn live_block(&self, address: Address) -> Option<&HeapBlock> {
        let owner = self.owner_or_none(address);
        // Most addresses outside the heap are of static data, and are asked for often.
        if owner == UnitOwner::NONE {
            return None;
        }
        let block = self.blocks.get(&owner.start())?;
        block.freed.is_none().then_some(block)
    }

    fn owner_or_none(&self, address: Address) -> UnitOwner {
        if self.layout.holds(address) {
            self.owner(address)
        } else {
            UnitOwner::NONE
        }
    }

    fn owner(&self, address: Address) -> UnitOwner {
        self.owner_of_unit(self.unit(address))
    }

    fn owner_of_unit(&self, unit: u32) -> UnitOwner {
        let owner = self.owners.get(unit as usize).copied();
        owner.unwrap_or(UnitOwner::NONE)
    }

    fn unit(&self, address: Address) -> u32 {
        assert!(self.layout.holds(address), "{address} is not in the heap");
        (address.0 - self.layout.first_block().0) / UNIT_BYTES
    }
}
