//! The NT heap: `allocate`, `free` and `check_block` of [`Thread`].
//!
//! First fit from 128 free lists, with splitting and coalescing. The code runs in the calling thread
//! and consists of reads and writes of modeled words, so that the scheduler can interleave it and a
//! race can damage it, as on a real machine.
//!
//! It models NT before NT 4 SP4 (no lookaside lists) and before Windows XP SP2 (no safe unlinking: a
//! damaged link is followed). Its only protections are the busy flag, which `free` checks, and the
//! critical section of a heap without `HEAP_NO_SERIALIZE`.

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

/// The largest number of blocks that a walk along list 0 passes. A longer walk goes round in a
/// damaged list and would never end.
pub const WALK_LIMIT: u32 = 4_096;

const SIZES: Field = Field::new(0, "heap block.sizes");
const MARKS: Field = Field::new(4, "heap block.marks");
const NEXT: Field = Field::new(0, "heap list.next");
const PREVIOUS: Field = Field::new(4, "heap list.before");
const BITMAP: &str = "heap.bitmap";

/// What the MTA's own check of a block reports (Q182547: `HeapCheckFree` raises `e0020002`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockFault {
    /// The header says that the block is free.
    NotBusy,
    /// The size in the header is impossible.
    Size,
    /// The next block has a different size for this one.
    Neighbour,
}

impl<E: Environment> Thread<E> {
    /// Allocates `bytes` bytes from the process heap (`HeapAlloc`). Returns null if no block is
    /// large enough. The words keep their old contents.
    #[track_caller]
    pub fn allocate(&self, bytes: u32) -> impl Future<Output = Address> {
        let site = panic::Location::caller();
        async move {
            let Some(units) = units_for(bytes) else {
                return Address::NULL;
            };
            let heap = Heap::of(self);
            heap.lock().await;
            let block = heap.allocate(units, bytes).await;
            let address = block.map_or(Address::NULL, |block| block.offset(HEADER_BYTES));
            if !address.is_null() {
                // Inside the lock, so that no other thread uses the block before the detector knows it.
                self.report_block(address, BlockEventKind::Allocated(bytes), site);
            }
            heap.unlock().await;
            address
        }
    }

    /// Frees a block (`HeapFree`). Returns false and does nothing if its header says that it is free
    /// already. Freeing null returns true.
    #[track_caller]
    pub fn free(&self, address: Address) -> impl Future<Output = bool> {
        let site = panic::Location::caller();
        async move {
            if address.is_null() {
                return true;
            }
            let heap = Heap::of(self);
            heap.lock().await;
            // Before the heap touches the block: the detector must see a double free as such.
            self.report_block(address, BlockEventKind::Freed, site);
            let freed = heap.free(header_of(address)).await;
            heap.unlock().await;
            freed
        }
    }

    /// Checks that a block's header and its neighbour's agree, as the MTA does before it frees.
    ///
    /// # Errors
    /// The first disagreement.
    pub async fn check_block(&self, address: Address) -> Result<(), BlockFault> {
        let heap = Heap::of(self);
        heap.lock().await;
        let result = heap.check(header_of(address)).await;
        heap.unlock().await;
        result
    }
}

/// The size of a block for `bytes`, in units; `None` if it is larger than any block.
fn units_for(bytes: u32) -> Option<u32> {
    let units = bytes.div_ceil(UNIT_BYTES) + HEADER_BYTES / UNIT_BYTES;
    (units <= BLOCK_UNITS_MAX).then_some(units.max(BLOCK_UNITS_MIN))
}

/// The header of the block whose contents start at `address`.
fn header_of(address: Address) -> Address {
    Address(address.0.wrapping_sub(HEADER_BYTES))
}

/// The list links of a free block: they take the place of its contents.
fn links_of(block: Address) -> Address {
    block.offset(HEADER_BYTES)
}

/// The heap's code, running in one thread.
struct Heap<'a, E: Environment> {
    thread: &'a Thread<E>,
    layout: HeapLayout,
}

impl<'a, E: Environment> Heap<'a, E> {
    fn of(thread: &'a Thread<E>) -> Self {
        let layout = thread.heap();
        Self { thread, layout }
    }

    async fn lock(&self) {
        if let Some(lock) = self.guard() {
            self.thread.lock(lock).await;
        }
    }

    async fn unlock(&self) {
        if let Some(lock) = self.guard() {
            self.thread.unlock(lock).await;
        }
    }

    fn guard(&self) -> Option<LockId> {
        self.layout.lock
    }

    async fn read(&self, location: Location) -> u32 {
        self.thread.heap_read(location).await
    }

    async fn write(&self, location: Location, value: u32) {
        self.thread.heap_write(location, value).await;
    }

    async fn header(&self, block: Address) -> BlockHeader {
        // Two separate reads: without the lock another thread can write between them.
        let sizes = self.read(block + SIZES).await;
        let marks = self.read(block + MARKS).await;
        BlockHeader::unpack([sizes, marks])
    }

    async fn write_header(&self, block: Address, header: BlockHeader) {
        self.write(block + SIZES, header.sizes()).await;
        self.write(block + MARKS, header.marks()).await;
    }

    /// Removes a block of at least `units` from the free lists and splits off what is too much.
    async fn allocate(&self, units: u32, bytes: u32) -> Option<Address> {
        let links = self.find_fit(units).await?;
        let block = header_of(links);
        let header = self.header(block).await;
        self.unlink(links, header.size).await;
        let rest = u32::from(header.size).saturating_sub(units);
        // A remainder without room for a header and links stays with the block.
        let whole = rest < BLOCK_UNITS_MIN;
        let size = if whole { header.size } else { narrow(units) };
        let busy = BlockHeader {
            size,
            flags: if whole { header.flags | BUSY } else { BUSY },
            // A damaged header can have less than was asked for. The real heap does not check.
            unused: (u32::from(size) * UNIT_BYTES).wrapping_sub(bytes) as u8,
            ..header
        };
        self.write_header(block, busy).await;
        if !whole {
            let remainder = BlockHeader {
                size: narrow(rest),
                previous: size,
                flags: header.flags & LAST,
                unused: 0,
            };
            self.add_free_block(block.offset(units * UNIT_BYTES), remainder)
                .await;
        }
        Some(block)
    }

    /// The links of the first free block that is large enough.
    async fn find_fit(&self, units: u32) -> Option<Address> {
        if units < LIST_COUNT {
            // The bitmap shows which lists are not empty, 32 lists for each word. The lists of
            // smaller blocks in the first word are masked out.
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
        let (_, fit) = self.walk_list_zero(units).await;
        (fit != self.layout.list_head(0)).then_some(fit)
    }

    /// The first entry of list 0 with at least `units`, or the head of the list, and the entry
    /// before it. List 0 is sorted by size.
    async fn walk_list_zero(&self, units: u32) -> (Address, Address) {
        let head = self.layout.list_head(0);
        let mut previous = head;
        for _ in 0..WALK_LIMIT {
            let entry = Address(self.read(previous + NEXT).await);
            if entry == head {
                return (previous, head);
            }
            let sizes = self.read(header_of(entry) + SIZES).await;
            if u32::from(BlockHeader::unpack([sizes, 0]).size) >= units {
                return (previous, entry);
            }
            previous = entry;
        }
        self.thread.raise(POSSIBLE_DEADLOCK).await
    }

    /// Removes a block from its list, without a check that the neighbours point back. With a damaged
    /// link this writes two words anywhere in memory.
    async fn unlink(&self, entry: Address, size: u16) {
        let next = Address(self.read(entry + NEXT).await);
        let previous = Address(self.read(entry + PREVIOUS).await);
        self.write(previous + NEXT, next.0).await;
        self.write(next + PREVIOUS, previous.0).await;
        let units = u32::from(size);
        // Both neighbours are the list head: the list is empty now. List 0 has no bit.
        if next == previous && units < LIST_COUNT {
            let bits = self.read(self.bitmap(units)).await;
            self.write(self.bitmap(units), bits & !(1 << (units % 32)))
                .await;
        }
    }

    /// Writes a free block's header, updates the previous size in the following block, and puts the
    /// block into its list.
    async fn add_free_block(&self, block: Address, header: BlockHeader) {
        self.write_header(block, header).await;
        let units = u32::from(header.size);
        if !header.last() {
            let following = block.offset(units * UNIT_BYTES);
            let sizes = self.read(following + SIZES).await;
            let updated = BlockHeader {
                previous: header.size,
                ..BlockHeader::unpack([sizes, 0])
            };
            self.write(following + SIZES, updated.sizes()).await;
        }
        self.insert(links_of(block), units).await;
    }

    /// Puts a small free block at the head of its list, and a large one into list 0 by size. The
    /// block at the head is the next to be allocated, which hides a use after free (Q195009).
    async fn insert(&self, entry: Address, units: u32) {
        let small = units < LIST_COUNT;
        let (previous, next) = if small {
            let head = self.layout.list_head(units);
            (head, Address(self.read(head + NEXT).await))
        } else {
            self.walk_list_zero(units).await
        };
        // The entry first, then the neighbours; without the lock the order decides what a race leaves.
        self.write(entry + NEXT, next.0).await;
        self.write(entry + PREVIOUS, previous.0).await;
        self.write(next + PREVIOUS, entry.0).await;
        self.write(previous + NEXT, entry.0).await;
        // The list was empty: set its bit.
        if small && next == previous {
            let bits = self.read(self.bitmap(units)).await;
            self.write(self.bitmap(units), bits | 1 << (units % 32))
                .await;
        }
    }

    /// Takes a block back and coalesces it with free neighbours.
    async fn free(&self, block: Address) -> bool {
        let header = self.header(block).await;
        if !header.busy() {
            return false;
        }
        let mut first = block;
        let mut merged = BlockHeader {
            flags: header.flags & LAST,
            unused: 0,
            ..header
        };
        // Zero: the block is the first of its segment.
        if header.previous != 0 {
            let below = Address(
                block
                    .0
                    .wrapping_sub(u32::from(header.previous) * UNIT_BYTES),
            );
            let lower = self.header(below).await;
            if !lower.busy() && self.fits(lower.size, merged.size) {
                self.unlink(links_of(below), lower.size).await;
                first = below;
                merged.size += lower.size;
                merged.previous = lower.previous;
            }
        }
        if !header.last() {
            let above = block.offset(u32::from(header.size) * UNIT_BYTES);
            let upper = self.header(above).await;
            if !upper.busy() && self.fits(upper.size, merged.size) {
                self.unlink(links_of(above), upper.size).await;
                merged.size += upper.size;
                // The merged block ends the segment if the upper one did.
                merged.flags |= upper.flags & LAST;
            }
        }
        // If the block merges into the one below, its own header keeps the busy flag, now inside a
        // free block. A second free trusts that flag and damages the heap.
        self.add_free_block(first, merged).await;
        true
    }

    /// Whether two neighbours together are not larger than the largest block.
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
        // The last block of a segment has no neighbour to compare with.
        if header.last() {
            return Ok(());
        }
        let following = block.offset(units * UNIT_BYTES);
        if !self.layout.holds(following) {
            return Err(BlockFault::Size);
        }
        let sizes = self.read(following + SIZES).await;
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
    u16::try_from(units).expect("a block size has 16 bits")
}
