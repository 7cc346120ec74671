//! The layout of control blocks and thread control blocks in modeled memory: which word is where,
//! and what its values mean.

use std::fmt;

use machine::{Address, Field, Location};

/// The index of a control block in the pool, from zero: the `18` of `CB 18` in the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockIndex(pub u32);

/// The instance number of an allocation: a running count over the whole pool, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(pub u32);

/// A generational block id. It names one use of a control block, from allocation to release: a
/// message that arrives after the block was reused carries an older instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    /// Which block.
    pub index: BlockIndex,
    /// The generation: the instance number of the allocation.
    pub instance: Instance,
}

/// The state of a control block. The articles print the numbers 2 and 4 only (event 9225 in
/// Q151626 and Q157701); the others are a modeling decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockState {
    /// In the pool.
    Free = 0,
    /// Allocated; no socket yet.
    Allocated = 1,
    /// A connection is being opened.
    Connecting = 2,
    /// The listener of port 102.
    Listening = 3,
    /// The connection is open.
    Open = 4,
    /// The socket is closed; the transport has not answered yet.
    Closing = 5,
    /// A timeout of the session or of the connection took it out of service (Q303102).
    OutOfService = 6,
}

/// The control-block pool: its header, then the blocks.
pub mod pool {
    use super::Field;

    /// The address of the first free block, null when the pool is empty; or a [`super::Head`], for
    /// a build whose head counts its changes.
    pub const FREE: Field = Field::new(0, "control block pool.free list");
    /// The number of allocations so far.
    pub const INSTANCES: Field = Field::new(4, "control block pool.instances");
    /// Bytes before the first block.
    pub const HEADER_BYTES: u32 = 16;
}

/// The words of one control block.
pub mod field {
    use super::Field;

    /// The next free block, while this one is free.
    pub const NEXT: Field = Field::new(0, "control block.next");
    /// A [`super::BlockState`].
    pub const STATE: Field = Field::new(4, "control block.state");
    /// The [`super::Instance`] of the latest allocation.
    pub const INSTANCE: Field = Field::new(8, "control block.instance");
    /// The index of the thread control block that owns it; all ones for none.
    pub const OWNER: Field = Field::new(12, "control block.owner");
    /// The socket handle; all ones for none, which the log prints as -1.
    pub const SOCKET: Field = Field::new(16, "control block.socket");
    /// The event object's handle; zero for none.
    pub const EVENT: Field = Field::new(20, "control block.event");
    /// The address of the receive buffer on the process heap; null for none.
    pub const BUFFER: Field = Field::new(24, "control block.buffer");
    /// The number of repeated connect() calls for this open request.
    pub const RETRIES: Field = Field::new(28, "control block.retries");
    /// The address in the `sockaddr_in` of the called peer, which a repeated connect() needs.
    pub const PEER: Field = Field::new(32, "control block.peer");
    /// The port in the same `sockaddr_in`.
    pub const PEER_PORT: Field = Field::new(36, "control block.peer port");
    /// The address family in the same `sockaddr_in`: [`super::FAMILY_INTERNET`].
    pub const PEER_FAMILY: Field = Field::new(40, "control block.peer family");
    /// Size of one block in bytes.
    // Eleven words, padded to a multiple of 16 bytes.
    pub const BYTES: u32 = 48;
}

/// One thread control block: the array of blocks that its thread waits for.
pub mod wait_array {
    use super::Field;

    /// The number of entries in use, 0 to [`ENTRIES_MAX`].
    pub const COUNT: Field = Field::new(0, "thread control block.count");
    /// The address of the select set on the process heap (4.0 only); null while there is none.
    pub const SET: Field = Field::new(4, "thread control block.select set");
    /// The number of blocks bound to it, with an entry or not yet (5.5 and later only).
    pub const BOUND: Field = Field::new(8, "thread control block.bound");
    /// The first entry: the address of a control block.
    pub const ENTRIES: Field = Field::new(12, "thread control block.entry");
    /// WSAWaitForMultipleEvents takes 64 handles, and one is the wake-up event: the `count=63` of
    /// Q276222.
    pub const ENTRIES_MAX: u32 = 63;
    /// Size of one thread control block in bytes.
    // Space for 64 entries, one for each handle of a wait; the last stays unused.
    pub const BYTES: u32 = 12 + 4 * (ENTRIES_MAX + 1);
}

/// The copy of a select set on the stack of an Async Notify (4.0 only).
pub mod select_copy {
    use super::Field;

    /// The number of handles.
    pub const COUNT: Field = Field::new(0, "select() argument.count");
    /// Bytes of the stack from the copy to its end. Modeling decision: a page.
    pub const STACK_BYTES: u32 = 4_096;
    /// Bytes from one stack to the next: the page after each stack is not mapped.
    pub const STRIDE_BYTES: u32 = 2 * STACK_BYTES;

    /// A handle. An index beyond the set is a word higher up the stack, or no word at all.
    #[must_use]
    pub const fn handle(index: u32) -> Field {
        Field::new(
            4_u32.wrapping_mul(index.wrapping_add(1)),
            "select() argument.handle",
        )
    }
}

/// `AF_INET`: the address family of IPv4.
pub const FAMILY_INTERNET: u32 = 2;

/// The word for "no owner" and "no socket".
pub const NONE: u32 = u32::MAX;

/// The addresses and sizes of the shared structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The address of the pool's header.
    pub pool: Address,
    /// The number of control blocks after it.
    pub blocks: u32,
    /// The address of the first thread control block.
    pub thread_blocks: Address,
    /// The number of thread control blocks.
    pub threads: u32,
    /// The copy of a select set on the stack of the first Async Notify; null in 5.5 and later.
    pub select_copies: Address,
    /// Whether the head of the pool's free list counts its changes.
    pub head_counts: bool,
}

/// The head of a free list that counts its changes, in one word: the count in the upper half, the
/// number of the first free block, from one, in the lower. A pool has at most 1250 blocks
/// (Q243632), so 16 bits hold the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of changes, modulo 2^16.
    pub changes: u16,
    /// The first free block; `None` if the pool is empty.
    pub first: Option<BlockIndex>,
}

impl Head {
    /// Decodes the word.
    #[must_use]
    pub const fn of(word: u32) -> Self {
        let first = match word & 0xFFFF {
            0 => None,
            number => Some(BlockIndex(number - 1)),
        };
        Self {
            changes: (word >> 16) as u16,
            first,
        }
    }

    /// Encodes the head.
    #[must_use]
    pub const fn word(self) -> u32 {
        // Numbers count from one, so that zero is an empty list.
        let number = match self.first {
            None => 0,
            Some(BlockIndex(index)) => index + 1,
        };
        (self.changes as u32) << 16 | number
    }
}

/// A word of the control-block pool that says what becomes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolWord {
    /// The head of the free list.
    Head,
    /// The link of a block to the next free one.
    Next(BlockIndex),
    /// The state of a block.
    State(BlockIndex),
    /// The instance of a block.
    Instance(BlockIndex),
    /// The owner of a block.
    Owner(BlockIndex),
}

impl Layout {
    /// What the word at `address` is.
    #[must_use]
    pub fn pool_word(&self, address: Address) -> Option<PoolWord> {
        if address == (self.pool + pool::FREE).address {
            return Some(PoolWord::Head);
        }
        let block = self.index(address);
        if block.0 >= self.blocks {
            return None;
        }
        let is = |field| address == (self.block(block) + field).address;
        let words = [
            (field::NEXT, PoolWord::Next(block)),
            (field::STATE, PoolWord::State(block)),
            (field::INSTANCE, PoolWord::Instance(block)),
            (field::OWNER, PoolWord::Owner(block)),
        ];
        words
            .into_iter()
            .find(|(field, _)| is(*field))
            .map(|(_, word)| word)
    }

    /// Size in bytes of a pool with this many blocks.
    #[must_use]
    pub const fn pool_bytes(blocks: u32) -> u32 {
        pool::HEADER_BYTES + blocks * field::BYTES
    }

    /// The address of this block.
    ///
    /// # Panics
    /// If there is no such block.
    #[must_use]
    pub fn block(&self, index: BlockIndex) -> Address {
        assert!(
            index.0 < self.blocks,
            "there is no control block {}",
            index.0
        );
        self.pool
            .offset(pool::HEADER_BYTES + index.0 * field::BYTES)
    }

    /// The address of the copy of a select set on the stack of this thread control block's Async
    /// Notify.
    #[must_use]
    pub const fn select_copy(&self, thread_block: u32) -> Address {
        self.select_copies
            .offset(thread_block * select_copy::STRIDE_BYTES)
    }

    /// The index of the block at `address`. A corrupted pointer gives the index that its offset
    /// implies, as the same division does in the modeled program.
    #[must_use]
    pub fn index(&self, address: Address) -> BlockIndex {
        let offset = address.0.wrapping_sub(self.pool.0 + pool::HEADER_BYTES);
        BlockIndex(offset / field::BYTES)
    }

    /// Whether a block begins at `address`.
    #[must_use]
    pub fn is_block(&self, address: Address) -> bool {
        // An address below the pool wraps to an offset above every block.
        let offset = address.0.wrapping_sub(self.pool.0 + pool::HEADER_BYTES);
        offset.is_multiple_of(field::BYTES) && offset / field::BYTES < self.blocks
    }

    /// The address of the first free block, where `head` is the word at [`pool::FREE`]; null for
    /// none.
    #[must_use]
    pub fn first_free(&self, head: u32) -> Address {
        if !self.head_counts {
            return Address(head);
        }
        let first = Head::of(head).first;
        first.map_or(Address::NULL, |index| self.block(index))
    }

    /// The word at [`pool::FREE`] that follows `before` when `first` becomes the first free block.
    #[must_use]
    pub fn head(&self, before: u32, first: Address) -> u32 {
        if !self.head_counts {
            return first.0;
        }
        let head = Head {
            // Against ABA: a thread that read the head before two changes by others finds another
            // count, though the first block is the same.
            changes: Head::of(before).changes.wrapping_add(1),
            first: (!first.is_null()).then(|| self.index(first)),
        };
        head.word()
    }

    /// The address of this thread control block.
    ///
    /// # Panics
    /// If there is no such thread control block.
    #[must_use]
    pub fn thread_block(&self, index: u32) -> Address {
        assert!(
            index < self.threads,
            "there is no thread control block {index}"
        );
        self.thread_blocks.offset(index * wait_array::BYTES)
    }

    /// The location of entry `index` in the wait array at `thread_block`.
    ///
    /// The arithmetic wraps: a count without a lock may fall below zero, and the modeled program has
    /// no bounds check.
    #[must_use]
    pub fn entry(thread_block: Address, index: u32) -> Location {
        let Field { offset, name } = wait_array::ENTRIES;
        thread_block
            + Field {
                offset: offset.wrapping_add(index.wrapping_mul(4)),
                name,
            }
    }
}

impl BlockId {
    /// This use of this block.
    #[must_use]
    pub const fn new(index: BlockIndex, instance: Instance) -> Self {
        Self { index, instance }
    }
}

impl BlockState {
    /// Decodes the word; `None` if it is not a state, which a corrupted block can hold.
    #[must_use]
    pub const fn of(word: u32) -> Option<Self> {
        Some(match word {
            0 => Self::Free,
            1 => Self::Allocated,
            2 => Self::Connecting,
            3 => Self::Listening,
            4 => Self::Open,
            5 => Self::Closing,
            6 => Self::OutOfService,
            _ => return None,
        })
    }

    /// Encodes the state.
    #[must_use]
    pub const fn word(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for BlockIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for BlockId {
    /// As in Winsock.log: `CB 18 (instance 21)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, instance } = self;
        write!(formatter, "CB {index} (instance {instance})")
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let pool = Address(0x0041_0000);
        let thread_blocks = pool.offset(Layout::pool_bytes(20));
        Layout {
            pool,
            blocks: 20,
            thread_blocks,
            threads: 2,
            select_copies: Address::NULL,
            head_counts: false,
        }
    }

    #[test]
    fn a_counting_head_differs_after_every_change() {
        let layout = Layout {
            head_counts: true,
            ..layout()
        };
        let block = layout.block(BlockIndex(19));
        let full = layout.head(0, block);
        assert_eq!(layout.first_free(full), block);
        let empty = layout.head(full, Address::NULL);
        assert_eq!(layout.first_free(empty), Address::NULL);
        assert_ne!(layout.head(empty, block), full);
    }

    #[test]
    fn a_block_is_found_by_its_address() {
        let layout = layout();
        for index in 0..20 {
            let address = layout.block(BlockIndex(index));
            assert!(layout.is_block(address) && !layout.is_block(address.offset(4)));
            assert_eq!(layout.index(address), BlockIndex(index));
        }
        assert!(!layout.is_block(layout.thread_blocks));
        assert!(!layout.is_block(Address::NULL));
    }

    #[test]
    fn structures_do_not_overlap() {
        let layout = layout();
        let last = layout.block(BlockIndex(19)).offset(field::BYTES);
        assert!(last <= layout.thread_block(0));
        let entry = Layout::entry(layout.thread_block(0), wait_array::ENTRIES_MAX);
        assert!(entry.address < layout.thread_block(1));
    }

    #[test]
    fn every_state_has_its_own_word() {
        let states = (0..7).filter_map(BlockState::of);
        assert!(states.map(BlockState::word).eq(0..7));
        assert_eq!(BlockState::of(7), None);
    }
}
