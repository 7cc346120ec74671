//! The heap as an oracle sees it: every block and every list, all at once.
//!
//! Owns [`HeapCensus`] and the first state of a heap. It refuses to repair anything.

use std::collections::BTreeSet;
use std::fmt;

use crate::heap::block_header::{BlockHeader, HEADER_BYTES, LAST};
use crate::memory::Memory;
use crate::memory::address::Address;
use crate::memory::heap_layout::{
    BLOCK_UNITS_MAX, BLOCK_UNITS_MIN, HeapLayout, LIST_COUNT, UNIT_BYTES,
};

/// What a sound heap holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapCensus {
    /// HeapShadow that the program has.
    pub busy_blocks: u32,
    /// Their units, headers included.
    pub busy_units: u32,
    /// Free blocks.
    pub free_blocks: u32,
    /// Their units, headers included.
    pub free_units: u32,
}

/// The first unsoundness a walk meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeapFault {
    /// A block's size leads out of the heap or is too small.
    Size(Address),
    /// A block's word on the size of the one before it is wrong.
    Previous(Address),
    /// Two free blocks lie side by side though they could be one.
    Unjoined(Address),
    /// A link leads to something that is no free block of this list.
    Stray(Address),
    /// An entry does not point back to the one before it.
    OneWay(Address),
    /// A free block is in no list.
    Lost(Address),
    /// The bitmap is wrong about this list.
    Bitmap(u32),
}

/// Lays out an empty heap: one free block for each segment, all in list 0.
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
        if index != 0 && bit != (found > 0) {
            return Err(HeapFault::Bitmap(index));
        }
    }
    match free.first() {
        Some((block, _)) => Err(HeapFault::Lost(*block)),
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
            let both = before.map_or(u32::MAX, |before| u32::from(before.size) + units);
            if both <= BLOCK_UNITS_MAX {
                return Err(HeapFault::Unjoined(block));
            }
            census.free_blocks += 1;
            census.free_units += units;
            free.insert((block, units));
        }
        previous = (!header.last()).then_some(header);
        block = block.offset(units * UNIT_BYTES);
    }
    Ok(census)
}

/// Follows one list and strikes its blocks off `free`; how many there were.
fn walk_list(
    memory: &Memory,
    layout: HeapLayout,
    index: u32,
    free: &mut BTreeSet<(Address, u32)>,
) -> Result<u32, HeapFault> {
    // `list_head` takes units: any size beyond the lists' own means list 0.
    let head = layout.list_head(if index == 0 { LIST_COUNT } else { index });
    let mut before = head;
    let mut found = 0;
    let mut smallest = LIST_COUNT;
    loop {
        let entry = Address(memory.peek(before).ok_or(HeapFault::Stray(before))?);
        if memory.peek(entry.offset(4)) != Some(before.0) {
            return Err(HeapFault::OneWay(entry));
        }
        if entry == head {
            return Ok(found);
        }
        let block = Address(entry.0.wrapping_sub(HEADER_BYTES));
        let header = header_at(memory, block).ok_or(HeapFault::Stray(entry))?;
        let units = u32::from(header.size);
        let belongs = if index == 0 {
            units >= smallest
        } else {
            units == index
        };
        // Struck off means: seen once, so a cycle ends here too.
        if !belongs || !free.remove(&(block, units)) {
            return Err(HeapFault::Stray(entry));
        }
        smallest = units;
        found += 1;
        before = entry;
    }
}

impl fmt::Display for HeapFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(block) => write!(formatter, "block {block} has an impossible size"),
            Self::Previous(block) => {
                write!(
                    formatter,
                    "block {block} is wrong about the block before it"
                )
            }
            Self::Unjoined(block) => write!(formatter, "free block {block} follows a free block"),
            Self::Stray(entry) => write!(formatter, "a free list leads astray to {entry}"),
            Self::OneWay(entry) => write!(formatter, "list entry {entry} does not point back"),
            Self::Lost(block) => write!(formatter, "free block {block} is in no list"),
            Self::Bitmap(index) => write!(formatter, "the bitmap is wrong about list {index}"),
        }
    }
}
