//! The NT heap's own code, as programs of the calling thread.
//!
//! Owns `allocate`, `free` and `check_block` of [`Thread`]: first fit from 128 free lists and the
//! sorted list 0, split and coalesce, all made of reads and writes of modeled words. No lookaside
//! (it came with NT 4 SP4) and no safe unlink (Windows XP SP2): a damaged link is followed.
//! It refuses to protect itself beyond what that heap did: one busy flag on free, and a critical
//! section unless the heap is `HEAP_NO_SERIALIZE`.

pub mod block_header;
pub mod census;

use std::future::Future;
use std::panic;

use crate::call::LockId;
use crate::environment::Environment;
use crate::exception::POSSIBLE_DEADLOCK;
use crate::heap::block_header::{BUSY, BlockHeader, HEADER_BYTES, LAST};
use crate::memory::address::{Address, Field, Location};
use crate::memory::heap_layout::{
    BLOCK_UNITS_MAX, BLOCK_UNITS_MIN, HeapLayout, LIST_COUNT, UNIT_BYTES,
};
use crate::race::block_event::BlockEventKind;
use crate::thread::Thread;

/// The most blocks a walk along list 0 passes before the thread is taken to spin for ever.
pub const WALK_LIMIT: u32 = 4_096;

const SIZES: Field = Field::new(0, "heap block.sizes");
const MARKS: Field = Field::new(4, "heap block.marks");
const NEXT: Field = Field::new(0, "heap list.next");
const BEFORE: Field = Field::new(4, "heap list.before");
const BITMAP: &str = "heap.bitmap";

/// What the MTA's own check of a block finds (Q182547: `HeapCheckFree` raises `e0020002`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockFault {
    /// The header says that the block is free.
    NotBusy,
    /// The header's size is impossible.
    Size,
    /// The next block does not agree about this block's size.
    Neighbour,
}

impl<E: Environment> Thread<E> {
    /// Allocates `bytes` bytes from the process heap; null if there is no block large enough, as
    /// `HeapAlloc` answers. The words hold whatever was there before.
    #[track_caller]
    pub fn allocate(&self, bytes: u32) -> impl Future<Output = Address> {
        let site = panic::Location::caller();
        async move {
            let Some(units) = units_for(bytes) else {
                return Address::NULL;
            };
            let heap = HeapCode::of(self);
            heap.enter().await;
            let block = heap.take(units, bytes).await;
            let address = block.map_or(Address::NULL, |block| block.offset(HEADER_BYTES));
            if !address.is_null() {
                self.note_block(address, BlockEventKind::Allocated(bytes), site);
            }
            heap.leave().await;
            address
        }
    }

    /// Gives a block back; false, and nothing done, if its header says that it is free already
    /// (`HeapFree` with error 87). Giving back null is true and nothing.
    #[track_caller]
    pub fn free(&self, address: Address) -> impl Future<Output = bool> {
        let site = panic::Location::caller();
        async move {
            if address.is_null() {
                return true;
            }
            let heap = HeapCode::of(self);
            heap.enter().await;
            self.note_block(address, BlockEventKind::Freed, site);
            let given = heap.give(before_header(address)).await;
            heap.leave().await;
            given
        }
    }

    /// Looks whether a block's header and its neighbour agree, as the MTA does before it frees.
    ///
    /// # Errors
    /// The first disagreement found.
    pub async fn check_block(&self, address: Address) -> Result<(), BlockFault> {
        let heap = HeapCode::of(self);
        heap.enter().await;
        let verdict = heap.check(before_header(address)).await;
        heap.leave().await;
        verdict
    }
}

/// The units a block of `bytes` takes, or `None` if it is larger than any block.
fn units_for(bytes: u32) -> Option<u32> {
    let units = bytes.div_ceil(UNIT_BYTES) + HEADER_BYTES / UNIT_BYTES;
    (units <= BLOCK_UNITS_MAX).then_some(units.max(BLOCK_UNITS_MIN))
}

fn before_header(address: Address) -> Address {
    Address(address.0.wrapping_sub(HEADER_BYTES))
}

/// Where a free block's links lie.
fn entry_of(block: Address) -> Address {
    block.offset(HEADER_BYTES)
}

/// The heap's code while it runs in one thread.
struct HeapCode<'a, E: Environment> {
    thread: &'a Thread<E>,
    layout: HeapLayout,
}

impl<'a, E: Environment> HeapCode<'a, E> {
    fn of(thread: &'a Thread<E>) -> Self {
        let layout = thread.heap();
        Self { thread, layout }
    }

    async fn enter(&self) {
        if let Some(lock) = self.guard() {
            self.thread.lock(lock).await;
        }
    }

    async fn leave(&self) {
        if let Some(lock) = self.guard() {
            self.thread.unlock(lock).await;
        }
    }

    fn guard(&self) -> Option<LockId> {
        self.layout.lock
    }

    async fn read(&self, place: Location) -> u32 {
        self.thread.heap_read(place).await
    }

    async fn write(&self, place: Location, value: u32) {
        self.thread.heap_write(place, value).await;
    }

    async fn header(&self, block: Address) -> BlockHeader {
        let sizes = self.read(block + SIZES).await;
        let marks = self.read(block + MARKS).await;
        BlockHeader::unpack([sizes, marks])
    }

    async fn write_header(&self, block: Address, header: BlockHeader) {
        self.write(block + SIZES, header.sizes()).await;
        self.write(block + MARKS, header.marks()).await;
    }

    /// Takes a block of at least `units` out of the free lists and cuts it to size.
    async fn take(&self, units: u32, bytes: u32) -> Option<Address> {
        let entry = self.find(units).await?;
        let block = before_header(entry);
        let header = self.header(block).await;
        self.unlink(entry, header.size).await;
        let rest = u32::from(header.size).saturating_sub(units);
        let whole = rest < BLOCK_UNITS_MIN;
        let size = if whole { header.size } else { narrow(units) };
        let taken = BlockHeader {
            size,
            flags: if whole { header.flags | BUSY } else { BUSY },
            // A torn header can claim less than was asked for; the real heap does not look.
            unused: (u32::from(size) * UNIT_BYTES).wrapping_sub(bytes) as u8,
            ..header
        };
        self.write_header(block, taken).await;
        if !whole {
            let remainder = BlockHeader {
                size: narrow(rest),
                previous: size,
                flags: header.flags & LAST,
                unused: 0,
            };
            self.release(block.offset(units * UNIT_BYTES), remainder)
                .await;
        }
        Some(block)
    }

    /// The links of the first free block that is large enough.
    async fn find(&self, units: u32) -> Option<Address> {
        if units < LIST_COUNT {
            let mut usable = u32::MAX << (units % 32);
            for word in units / 32..LIST_COUNT / 32 {
                let bitmap = self.bitmap(word * 32);
                let lists = self.read(bitmap).await & usable;
                if lists != 0 {
                    let index = word * 32 + lists.trailing_zeros();
                    return Some(Address(
                        self.read(self.layout.list_head(index) + NEXT).await,
                    ));
                }
                usable = u32::MAX;
            }
        }
        let (_, fitting) = self.walk_large(units).await;
        (fitting != self.layout.list_head(0)).then_some(fitting)
    }

    /// The first entry of list 0 with at least `units`, or the head, and the entry before it.
    async fn walk_large(&self, units: u32) -> (Address, Address) {
        let head = self.layout.list_head(0);
        let mut before = head;
        for _ in 0..WALK_LIMIT {
            let entry = Address(self.read(before + NEXT).await);
            if entry == head {
                return (before, head);
            }
            let sizes = self.read(before_header(entry) + SIZES).await;
            if u32::from(BlockHeader::unpack([sizes, 0]).size) >= units {
                return (before, entry);
            }
            before = entry;
        }
        self.thread.raise(POSSIBLE_DEADLOCK).await
    }

    /// Takes a block out of its list. No look whether the neighbours point back.
    async fn unlink(&self, entry: Address, size: u16) {
        let next = Address(self.read(entry + NEXT).await);
        let before = Address(self.read(entry + BEFORE).await);
        self.write(before + NEXT, next.0).await;
        self.write(next + BEFORE, before.0).await;
        let units = u32::from(size);
        if next == before && units < LIST_COUNT {
            let bits = self.read(self.bitmap(units)).await;
            self.write(self.bitmap(units), bits & !(1 << (units % 32)))
                .await;
        }
    }

    /// Writes a free block's header, tells the block behind it and puts it into its list.
    async fn release(&self, block: Address, header: BlockHeader) {
        self.write_header(block, header).await;
        let units = u32::from(header.size);
        if !header.last() {
            let behind = block.offset(units * UNIT_BYTES);
            let sizes = self.read(behind + SIZES).await;
            let told = BlockHeader {
                previous: header.size,
                ..BlockHeader::unpack([sizes, 0])
            };
            self.write(behind + SIZES, told.sizes()).await;
        }
        self.insert(entry_of(block), units).await;
    }

    /// Puts a free block at the head of its list - the next to be handed out, which hides a use
    /// after free (Q195009) - or into list 0 by size.
    async fn insert(&self, entry: Address, units: u32) {
        let small = units < LIST_COUNT;
        let (before, next) = if small {
            let head = self.layout.list_head(units);
            (head, Address(self.read(head + NEXT).await))
        } else {
            self.walk_large(units).await
        };
        self.write(entry + NEXT, next.0).await;
        self.write(entry + BEFORE, before.0).await;
        self.write(next + BEFORE, entry.0).await;
        self.write(before + NEXT, entry.0).await;
        if small && next == before {
            let bits = self.read(self.bitmap(units)).await;
            self.write(self.bitmap(units), bits | 1 << (units % 32))
                .await;
        }
    }

    /// Takes a block back and joins it with free neighbours.
    async fn give(&self, block: Address) -> bool {
        let header = self.header(block).await;
        if !header.busy() {
            return false;
        }
        let mut first = block;
        let mut joined = BlockHeader {
            flags: header.flags & LAST,
            unused: 0,
            ..header
        };
        if header.previous != 0 {
            let below = Address(
                block
                    .0
                    .wrapping_sub(u32::from(header.previous) * UNIT_BYTES),
            );
            let lower = self.header(below).await;
            if !lower.busy() && self.fits(lower.size, joined.size) {
                self.unlink(entry_of(below), lower.size).await;
                first = below;
                joined.size += lower.size;
                joined.previous = lower.previous;
            }
        }
        if !header.last() {
            let above = block.offset(u32::from(header.size) * UNIT_BYTES);
            let upper = self.header(above).await;
            if !upper.busy() && self.fits(upper.size, joined.size) {
                self.unlink(entry_of(above), upper.size).await;
                joined.size += upper.size;
                joined.flags |= upper.flags & LAST;
            }
        }
        // Joined to the one below, the freed block's own header stays as it was, still saying
        // busy: a second free believes it, and the heap is damaged.
        self.release(first, joined).await;
        true
    }

    /// Whether two neighbours may become one block.
    fn fits(&self, one: u16, other: u16) -> bool {
        u32::from(one) + u32::from(other) <= BLOCK_UNITS_MAX
    }

    async fn check(&self, block: Address) -> Result<(), BlockFault> {
        let header = self.header(block).await;
        let units = u32::from(header.size);
        if !header.busy() {
            return Err(BlockFault::NotBusy);
        }
        if !(BLOCK_UNITS_MIN..=BLOCK_UNITS_MAX).contains(&units) {
            return Err(BlockFault::Size);
        }
        if header.last() {
            return Ok(());
        }
        let behind = block.offset(units * UNIT_BYTES);
        if !self.layout.holds(behind) {
            return Err(BlockFault::Size);
        }
        let sizes = self.read(behind + SIZES).await;
        if BlockHeader::unpack([sizes, 0]).previous != header.size {
            return Err(BlockFault::Neighbour);
        }
        Ok(())
    }

    fn bitmap(&self, index: u32) -> Location {
        Location::new(self.layout.bitmap_word(index), BITMAP)
    }
}

fn narrow(units: u32) -> u16 {
    u16::try_from(units).expect("a block's size has sixteen bits")
}
