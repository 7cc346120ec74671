//! The addresses and sizes of the parts of the modeled heap.
//!
//! The offsets of the free lists are those of NT 5 (Advanced Windows Debugging, chapter 6). What
//! that source does not say is a modelling decision.

use crate::ids::LockId;
use crate::memory::address::Address;

/// Bytes of a unit; block sizes count units.
pub const UNIT_BYTES: u32 = 8;
/// Number of free lists. List n holds free blocks of n units; list 0 holds all larger blocks.
pub const LIST_COUNT: u32 = 128;
/// The largest block, in units: the size field has 16 bits, and NT serves requests beyond 508 KB
/// by other means.
pub const BLOCK_UNITS_MAX: u32 = 0xFE00;
/// The smallest block, in units: a header, and room for the two list links of a free block.
pub const BLOCK_UNITS_MIN: u32 = 2;

pub(crate) const BITMAP_OFFSET: u32 = 0x158;
pub(crate) const LISTS_OFFSET: u32 = 0x178;
/// Bytes of the heap's own header; the first block follows it.
pub(crate) const HEADER_BYTES: u32 = 0x680;

/// The smallest heap, in bytes: its header and one block.
pub const HEAP_BYTES_MIN: u32 = HEADER_BYTES + BLOCK_UNITS_MIN * UNIT_BYTES;

/// The parts of one heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapLayout {
    /// The heap's header, which holds the bitmap and the list heads.
    pub base: Address,
    /// One past the last byte of the heap.
    pub end: Address,
    /// Units of each segment. No block spans two segments.
    pub segment_units: u32,
    /// The critical section that guards the heap; `None` for a `HEAP_NO_SERIALIZE` heap.
    pub lock: Option<LockId>,
}

impl HeapLayout {
    /// A heap of at most `bytes` bytes at `base`, in as few equal segments as the largest block
    /// size allows. The remainder of the division is left out.
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

    /// The header of the first block.
    #[must_use]
    pub const fn first_block(&self) -> Address {
        self.base.offset(HEADER_BYTES)
    }

    /// The number of units between the first block and the end.
    #[must_use]
    pub const fn units(&self) -> u32 {
        (self.end.0 - self.first_block().0) / UNIT_BYTES
    }

    /// Whether `address` lies among the blocks.
    #[must_use]
    pub const fn holds(&self, address: Address) -> bool {
        self.first_block().0 <= address.0 && address.0 < self.end.0
    }

    /// The head of the list for free blocks of `units`.
    #[must_use]
    pub const fn list_head(&self, units: u32) -> Address {
        let index = if units < LIST_COUNT { units } else { 0 };
        self.base.offset(LISTS_OFFSET + index * UNIT_BYTES)
    }

    /// The word of the bitmap of non-empty lists that contains the bit of list `index`.
    #[must_use]
    pub const fn bitmap_word(&self, index: u32) -> Address {
        assert!(index < LIST_COUNT, "there are 128 lists");
        self.base.offset(BITMAP_OFFSET + index / 32 * 4)
    }
}
