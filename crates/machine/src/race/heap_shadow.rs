//! Which heap words belong to whom, kept outside the modeled memory.
//!
//! Owns [`HeapShadow`]: for every unit of the heap the block it belongs to and whether it still does.
//! It believes what the heap says it hands out and takes back, never the modeled headers, which
//! may be torn. It refuses to stop anything.

use std::collections::BTreeMap;

use crate::memory::address::Address;
use crate::memory::heap_layout::{HeapLayout, UNIT_BYTES};
use crate::race::access::Access;
use crate::race::violation::ViolationKind;

/// The shadow of one heap.
#[derive(Debug)]
pub(crate) struct HeapShadow {
    layout: HeapLayout,
    owners: Vec<u32>,
    blocks: BTreeMap<u32, Block>,
}

/// What is known of one unit, packed: a table of zeroes costs nothing until it is touched.
///
/// Bits 2 and up: the first unit of its block, plus one; zero: of no block. Bits 0 and 1: how
/// many of its two words the program asked for; zero once given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner(u32);

impl Owner {
    const NOBODY: Self = Self(0);

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
struct Block {
    units: u32,
    allocated: Access,
    freed: Option<Access>,
}

/// What is wrong with an access, and what it is wrong against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misuse {
    pub(crate) kind: ViolationKind,
    pub(crate) against: Option<Access>,
    pub(crate) allocated: Option<Access>,
}

impl HeapShadow {
    pub(crate) fn new(layout: HeapLayout) -> Self {
        Self {
            layout,
            owners: vec![0; layout.units() as usize],
            blocks: BTreeMap::new(),
        }
    }

    /// Forgets all blocks.
    pub(crate) fn reset(&mut self) {
        if !self.blocks.is_empty() {
            self.owners.fill(0);
            self.blocks.clear();
        }
    }

    /// Whether a program may touch the word at `address` through the pointer `origin`.
    pub(crate) fn check(&self, address: Address, origin: Address) -> Option<Misuse> {
        if !self.layout.holds(address) {
            // The heap's own header, or outside; from within a block neither is its own.
            let strayed = origin != address && self.live(origin).is_some();
            return strayed.then(|| self.wrong(ViolationKind::OutOfBounds, origin));
        }
        let owner = self.owner(address);
        let second_word = address.0 % UNIT_BYTES / 4;
        if owner.words() > second_word {
            let same = origin == address || self.owner_if_held(origin).start() == owner.start();
            return (!same).then(|| self.wrong(ViolationKind::OutOfBounds, origin));
        }
        Some(self.wrong_about(owner, address, origin))
    }

    /// Why a word is nobody's.
    fn wrong_about(&self, owner: Owner, address: Address, origin: Address) -> Misuse {
        if origin != address && self.live(origin).is_some() {
            return self.wrong(ViolationKind::OutOfBounds, origin);
        }
        let Some(block) = self.blocks.get(&owner.start()) else {
            return self.wrong(ViolationKind::WildAccess, address);
        };
        let kind = match block.freed {
            Some(_) => ViolationKind::UseAfterFree,
            None => ViolationKind::OutOfBounds,
        };
        self.wrong(kind, address)
    }

    /// Enters that `bytes` bytes at `address` were handed out.
    pub(crate) fn allocate(
        &mut self,
        address: Address,
        bytes: u32,
        access: Access,
    ) -> Option<Misuse> {
        let units = bytes.div_ceil(UNIT_BYTES).max(1);
        let inside = self.layout.holds(address)
            && address.0.is_multiple_of(UNIT_BYTES)
            && self.layout.holds(address.offset(units * UNIT_BYTES - 1));
        if !inside {
            // A torn list made the heap hand out words that are not its own.
            return Some(self.wrong(ViolationKind::DoubleHandOut, address));
        }
        let start = self.unit(address);
        let range = start as usize..(start + units) as usize;
        let mut owners = self.owners[range.clone()].iter().map(|owner| Owner(*owner));
        let held = owners.find(|owner| owner.words() > 0);
        let wrong = held.map(|owner| Misuse {
            kind: ViolationKind::DoubleHandOut,
            against: self.blocks.get(&owner.start()).map(|block| block.allocated),
            allocated: None,
        });
        self.forget(start, units);
        for (unit, owner) in self.owners[range].iter_mut().enumerate() {
            let words = bytes.div_ceil(4).saturating_sub(2 * unit as u32).min(2);
            *owner = Owner::new(start + 1, words).0;
        }
        let block = Block {
            units,
            allocated: access,
            freed: None,
        };
        self.blocks.insert(start + 1, block);
        wrong
    }

    /// Enters that the block at `address` is being given back.
    pub(crate) fn free(&mut self, address: Address, access: Access) -> Option<Misuse> {
        let start = if self.layout.holds(address) {
            self.unit(address) + 1
        } else {
            0
        };
        let whole = address.0.is_multiple_of(UNIT_BYTES);
        let Some(block) = self.blocks.get_mut(&start).filter(|_| whole) else {
            return Some(self.wrong(ViolationKind::InvalidFree, address));
        };
        if block.freed.is_some() {
            return Some(self.wrong(ViolationKind::DoubleFree, address));
        }
        block.freed = Some(access);
        let units = block.units;
        for owner in &mut self.owners[(start - 1) as usize..(start - 1 + units) as usize] {
            if Owner(*owner).start() == start {
                *owner = Owner::new(start, 0).0;
            }
        }
        None
    }

    /// Drops the blocks that begin in a range which is being handed out anew.
    fn forget(&mut self, start: u32, units: u32) {
        while let Some((&old, _)) = self.blocks.range(start + 1..=start + units).next() {
            self.blocks.remove(&old);
        }
    }

    fn wrong(&self, kind: ViolationKind, address: Address) -> Misuse {
        let block = self.blocks.get(&self.owner_if_held(address).start());
        Misuse {
            kind,
            against: block.and_then(|block| block.freed),
            allocated: block.map(|block| block.allocated),
        }
    }

    /// The live block that `address` points into.
    fn live(&self, address: Address) -> Option<&Block> {
        let block = self.blocks.get(&self.owner_if_held(address).start())?;
        block.freed.is_none().then_some(block)
    }

    fn owner_if_held(&self, address: Address) -> Owner {
        if self.layout.holds(address) {
            self.owner(address)
        } else {
            Owner::NOBODY
        }
    }

    fn owner(&self, address: Address) -> Owner {
        Owner(self.owners[self.unit(address) as usize])
    }

    fn unit(&self, address: Address) -> u32 {
        assert!(self.layout.holds(address), "{address} is not in the heap");
        (address.0 - self.layout.first_block().0) / UNIT_BYTES
    }
}
