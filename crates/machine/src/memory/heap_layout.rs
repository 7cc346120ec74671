//! Where the parts of the modeled heap lie.
//!
//! Owns [`HeapLayout`]: addresses and sizes only. The offsets of the free lists are those of the
//! NT 5 layout (Advanced Windows Debugging, chapter 6); where the dossier is silent they are
//! modelling decisions.

use crate::call::LockId;
use crate::memory::address::Address;

/// Bytes per unit: block sizes count in these.
pub const UNIT_BYTES: u32 = 8;
/// Free lists; number 0 holds the blocks too large for a list of their own.
pub const LIST_COUNT: u32 = 128;
/// The most units a block has: its size field has 16 bits and NT serves more than 508 KB by
/// other means.
pub const BLOCK_UNITS_MAX: u32 = 0xFE00;
/// The fewest units a block has: a header, and room for the two links once it is free.
pub const BLOCK_UNITS_MIN: u32 = 2;

pub(crate) const BITMAP_OFFSET: u32 = 0x158;
pub(crate) const LISTS_OFFSET: u32 = 0x178;
/// The heap's own header; its first block follows.
pub(crate) const HEADER_BYTES: u32 = 0x680;

/// The fewest bytes a heap has: its header and one block.
pub const HEAP_BYTES_MIN: u32 = HEADER_BYTES + BLOCK_UNITS_MIN * UNIT_BYTES;

/// The parts of one heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapLayout {
    /// The heap's header: bitmap and list heads.
    pub base: Address,
    /// One past the last byte of the heap.
    pub end: Address,
    /// The units of each segment; blocks never span two.
    pub segment_units: u32,
    /// The critical section that guards it, unless the heap is `HEAP_NO_SERIALIZE`.
    pub lock: Option<LockId>,
}

impl HeapLayout {
    /// A heap of at most `bytes` bytes at `base`, in as few equal segments as blocks' largest
    /// size allows. Bytes that do not divide are left out.
    pub(crate) fn new(base: Address, bytes: u32, lock: Option<LockId>) -> Self {
        assert!(
            bytes >= HEAP_BYTES_MIN,
            "a heap of {bytes} bytes holds no block"
        );
        let units = (bytes - HEADER_BYTES) / UNIT_BYTES;
        let segments = units.div_ceil(BLOCK_UNITS_MAX);
        let segment_units = units / segments;
        let end = base.0 + HEADER_BYTES + segments * segment_units * UNIT_BYTES;
        Self {
            base,
            end: Address(end),
            segment_units,
            lock,
        }
    }

    /// The first block's header.
    #[must_use]
    pub const fn first_block(&self) -> Address {
        self.base.offset(HEADER_BYTES)
    }

    /// The units between the first block and the end.
    #[must_use]
    pub const fn units(&self) -> u32 {
        (self.end.0 - self.first_block().0) / UNIT_BYTES
    }

    /// Whether `address` lies among the blocks.
    #[must_use]
    pub const fn holds(&self, address: Address) -> bool {
        self.first_block().0 <= address.0 && address.0 < self.end.0
    }

    /// The list head for free blocks of `units`.
    #[must_use]
    pub const fn list_head(&self, units: u32) -> Address {
        let index = if units < LIST_COUNT { units } else { 0 };
        self.base.offset(LISTS_OFFSET + index * UNIT_BYTES)
    }

    /// The word of the bitmap of non-empty lists that list `index` belongs to.
    #[must_use]
    pub const fn bitmap_word(&self, index: u32) -> Address {
        assert!(index < LIST_COUNT, "there are 128 lists");
        self.base.offset(BITMAP_OFFSET + index / 32 * 4)
    }
}
