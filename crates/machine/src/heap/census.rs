//! A walk over all blocks and free lists that checks the heap's invariants, and the layout of an empty
//! heap.

use std::collections::BTreeSet;

use crate::heap::block_header::{BlockHeader, HEADER_BYTES, LAST};
use crate::memory::Memory;
use crate::memory::address::Address;
use crate::memory::heap_layout::{
    BLOCK_UNITS_MAX, BLOCK_UNITS_MIN, HeapLayout, LIST_COUNT, UNIT_BYTES,
};

/// The contents of a sound heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapCensus {
    /// Number of allocated blocks.
    pub busy_blocks: u32,
    /// Their units, headers included.
    pub busy_units: u32,
    /// Number of free blocks.
    pub free_blocks: u32,
    /// Their units, headers included.
    pub free_units: u32,
}

/// The first broken invariant that a walk finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeapFault {
    /// The size of a block leads out of the heap or is too small.
    #[error("block {0} has an impossible size")]
    Size(Address),
    /// The previous size in a block is wrong.
    #[error("block {0} has a wrong previous size")]
    Previous(Address),
    /// Two free blocks are neighbours and were not coalesced.
    #[error("free block {0} follows another free block")]
    Uncoalesced(Address),
    /// A link leads to something that is not a free block of its list.
    #[error("a free list leads to {0}, which is no entry of it")]
    BadLink(Address),
    /// An entry does not point back to the entry before it.
    #[error("list entry {0} does not point back")]
    BadBackLink(Address),
    /// A free block is in no list.
    #[error("free block {0} is in no list")]
    NotListed(Address),
    /// The bit of this list is wrong.
    #[error("the bitmap has a wrong bit for list {0}")]
    Bitmap(u32),
}

/// Lays out an empty heap with one free block for each segment.
pub(crate) fn format(memory: &mut Memory, layout: HeapLayout) {
    for index in 0..LIST_COUNT {
        set_links(memory, layout.list_head(index), layout.list_head(index));
    }
    let units = layout.segment_units;
    let head = layout.list_head(units);
    let mut block = layout.first_block();
    let mut tail = head;
    while layout.holds(block) {
        let header = BlockHeader {
            size: u16::try_from(units).expect("a segment is at most the largest block"),
            previous: 0,
            flags: LAST,
            unused: 0,
        };
        memory.poke(block, header.sizes());
        memory.poke(block.offset(4), header.marks());
        let entry = block.offset(HEADER_BYTES);
        link(memory, tail, entry, head);
        tail = entry;
        block = block.offset(units * UNIT_BYTES);
    }
    // Larger blocks are all in list 0, which has no bit.
    if units < LIST_COUNT {
        memory.poke(layout.bitmap_word(units), 1 << (units % 32));
    }
}

fn set_links(memory: &mut Memory, entry: Address, both: Address) {
    memory.poke(entry, both.0);
    memory.poke(entry.offset(4), both.0);
}

fn link(memory: &mut Memory, before: Address, entry: Address, next: Address) {
    memory.poke(before, entry.0);
    memory.poke(entry, next.0);
    memory.poke(entry.offset(4), before.0);
    memory.poke(next.offset(4), entry.0);
}

/// Walks all blocks and all lists.
pub(crate) fn census(memory: &Memory, layout: HeapLayout) -> Result<HeapCensus, HeapFault> {
    let mut free = BTreeSet::new();
    let census = walk_blocks(memory, layout, &mut free)?;
    for index in 0..LIST_COUNT {
        let found = walk_list(memory, layout, index, &mut free)?;
        let word = memory.peek(layout.bitmap_word(index)).unwrap_or(0);
        let bit = word >> (index % 32) & 1 != 0;
        // NT keeps no bit for list 0: it is searched when no other list fits.
        if index != 0 && bit != (found > 0) {
            return Err(HeapFault::Bitmap(index));
        }
    }
    match free.first() {
        Some((block, _)) => Err(HeapFault::NotListed(*block)),
        None => Ok(census),
    }
}

fn header_at(memory: &Memory, block: Address) -> Option<BlockHeader> {
    let sizes = memory.peek(block)?;
    let marks = memory.peek(block.offset(4))?;
    Some(BlockHeader::unpack([sizes, marks]))
}

fn walk_blocks(
    memory: &Memory,
    layout: HeapLayout,
    free: &mut BTreeSet<(Address, u32)>,
) -> Result<HeapCensus, HeapFault> {
    let mut census = HeapCensus::default();
    let mut block = layout.first_block();
    let mut previous: Option<BlockHeader> = None;
    while layout.holds(block) {
        let header = header_at(memory, block).ok_or(HeapFault::Size(block))?;
        let units = u32::from(header.size);
        let left = (layout.end.0 - block.0) / UNIT_BYTES;
        // A block that fills the rest of the heap must be marked as the last one.
        if units < BLOCK_UNITS_MIN || units > left || (units == left && !header.last()) {
            return Err(HeapFault::Size(block));
        }
        if header.previous != previous.map_or(0, |previous| previous.size) {
            return Err(HeapFault::Previous(block));
        }
        if header.busy() {
            census.busy_blocks += 1;
            census.busy_units += units;
        } else {
            let before = previous.filter(|previous| !previous.busy());
            // Two free neighbours are legal only if together they exceed the largest block.
            let both = before.map_or(u32::MAX, |before| u32::from(before.size) + units);
            if both <= BLOCK_UNITS_MAX {
                return Err(HeapFault::Uncoalesced(block));
            }
            census.free_blocks += 1;
            census.free_units += units;
            free.insert((block, units));
        }
        // The previous size starts from zero in each segment.
        previous = (!header.last()).then_some(header);
        block = block.offset(units * UNIT_BYTES);
    }
    Ok(census)
}

/// Follows one list and removes its blocks from `free`. Returns their number.
fn walk_list(
    memory: &Memory,
    layout: HeapLayout,
    index: u32,
    free: &mut BTreeSet<(Address, u32)>,
) -> Result<u32, HeapFault> {
    // `list_head` takes a size: any size without its own list means list 0.
    let head = layout.list_head(if index == 0 { LIST_COUNT } else { index });
    let mut previous = head;
    let mut found = 0;
    let mut smallest = LIST_COUNT;
    loop {
        let entry = Address(memory.peek(previous).ok_or(HeapFault::BadLink(previous))?);
        if memory.peek(entry.offset(4)) != Some(previous.0) {
            return Err(HeapFault::BadBackLink(entry));
        }
        if entry == head {
            return Ok(found);
        }
        let block = Address(entry.0.wrapping_sub(HEADER_BYTES));
        let header = header_at(memory, block).ok_or(HeapFault::BadLink(entry))?;
        let units = u32::from(header.size);
        let belongs = if index == 0 {
            units >= smallest
        } else {
            units == index
        };
        // Each block can be removed only once, so a cycle in the list ends here.
        if !belongs || !free.remove(&(block, units)) {
            return Err(HeapFault::BadLink(entry));
        }
        smallest = units;
        found += 1;
        previous = entry;
    }
}
