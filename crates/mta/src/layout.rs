//! Control blocks and thread control blocks as they lie in modeled memory.
//!
//! Owns the layout: which word of which structure is where, and what its values mean. It
//! refuses to touch a word: that is a call, and the programs make it.

use std::fmt;

use machine::{Address, Field, Location};

/// A control block's place in the pool, from zero: the number in the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockIndex(pub u32);

/// Which use of a control block it is: a running count of all allocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(pub u32);

/// A generational block id: it names one use of a control block, from allocation to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    /// Which block.
    pub index: BlockIndex,
    /// Which use of it: the generation.
    pub instance: Instance,
}

/// What a control block is used for. The articles show the numbers 2 and 4 only (Q151626,
/// Q157701); the others are a modelling decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockState {
    /// In the pool.
    Free = 0,
    /// Taken out of the pool; no socket yet.
    Allocated = 1,
    /// A connection is being opened.
    Connecting = 2,
    /// Calls are awaited.
    Listening = 3,
    /// The connection is open.
    Open = 4,
    /// The socket is closed; the transport's answer is awaited.
    Closing = 5,
    /// A timeout took it out of service.
    OutOfService = 6,
}

/// The control-block pool: its header, then the blocks.
pub mod pool {
    use super::Field;

    /// The address of the first free block, null when there is none; or, for a build that counts
    /// its changes, a [`super::Head`].
    pub const FREE: Field = Field::new(0, "control block pool.free list");
    /// How many allocations there have been.
    pub const INSTANCES: Field = Field::new(4, "control block pool.instances");
    /// Bytes before the first block.
    pub const HEADER_BYTES: u32 = 16;
}

/// One control block.
pub mod field {
    use super::Field;

    /// The next free block, while this one is free.
    pub const NEXT: Field = Field::new(0, "control block.next");
    /// A [`super::BlockState`].
    pub const STATE: Field = Field::new(4, "control block.state");
    /// Which use of the block it is.
    pub const INSTANCE: Field = Field::new(8, "control block.instance");
    /// The thread control block that owns it; all ones for none.
    pub const OWNER: Field = Field::new(12, "control block.owner");
    /// The socket; all ones for none, as -1 in the log.
    pub const SOCKET: Field = Field::new(16, "control block.socket");
    /// The event object's handle; zero for none.
    pub const EVENT: Field = Field::new(20, "control block.event");
    /// The receive buffer on the process heap; null for none.
    pub const BUFFER: Field = Field::new(24, "control block.buffer");
    /// How many connect() attempts have been made.
    pub const ATTEMPTS: Field = Field::new(28, "control block.attempts");
    /// The address that is called.
    pub const PEER: Field = Field::new(32, "control block.peer");
    /// The name of the connection, lower half.
    pub const LABEL_LOW: Field = Field::new(36, "control block.label");
    /// The name of the connection, upper half.
    pub const LABEL_HIGH: Field = Field::new(40, "control block.label");
    /// Bytes of one block.
    pub const BYTES: u32 = 48;
}

/// One thread control block: the array of blocks that its thread waits for.
pub mod wait_array {
    use super::Field;

    /// How many entries are in use.
    pub const COUNT: Field = Field::new(0, "thread control block.count");
    /// The select set on the process heap, 4.0 only; null while there is none.
    pub const SET: Field = Field::new(4, "thread control block.select set");
    /// How many blocks are bound to it, waited for or not yet; the event-driven builds only.
    pub const BOUND: Field = Field::new(8, "thread control block.bound");
    /// The first entry: the address of a control block.
    pub const ENTRIES: Field = Field::new(12, "thread control block.entry");
    /// Entries: 64 handles can be waited for, and one is the wake-up (Q276222).
    pub const ENTRIES_MAX: u32 = 63;
    /// Bytes of one thread control block.
    pub const BYTES: u32 = 12 + 4 * (ENTRIES_MAX + 1);
}

/// The word for "nobody" and "no socket".
pub const NONE: u32 = u32::MAX;

/// Where the shared structures lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The pool's header.
    pub pool: Address,
    /// How many control blocks follow it.
    pub blocks: u32,
    /// The first thread control block.
    pub thread_blocks: Address,
    /// How many there are.
    pub threads: u32,
    /// Whether the head of the pool's free list counts its changes.
    pub head_counts: bool,
}

/// The head of a free list that counts its changes, in one word: the count above, the number of
/// the first free block, from one, below. A pool has at most 1250 blocks (Q243632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How often the head was changed, modulo 2^16.
    pub changes: u16,
    /// The first free block.
    pub first: Option<BlockIndex>,
}

impl Head {
    /// The head of this word.
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

    /// The word of this head.
    #[must_use]
    pub const fn word(self) -> u32 {
        let number = match self.first {
            None => 0,
            Some(BlockIndex(index)) => index + 1,
        };
        (self.changes as u32) << 16 | number
    }
}

impl Layout {
    /// Bytes of the pool with all its blocks.
    #[must_use]
    pub const fn pool_bytes(blocks: u32) -> u32 {
        pool::HEADER_BYTES + blocks * field::BYTES
    }

    /// Where this block lies.
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

    /// Which block lies at `address`. A torn pointer names whatever block its offset gives:
    /// the modeled program computes it so, too.
    #[must_use]
    pub fn index(&self, address: Address) -> BlockIndex {
        let offset = address.0.wrapping_sub(self.pool.0 + pool::HEADER_BYTES);
        BlockIndex(offset / field::BYTES)
    }

    /// Whether `address` is that of a block.
    #[must_use]
    pub fn is_block(&self, address: Address) -> bool {
        let offset = address.0.wrapping_sub(self.pool.0 + pool::HEADER_BYTES);
        offset.is_multiple_of(field::BYTES) && offset / field::BYTES < self.blocks
    }

    /// The first free block, where `head` is the word at [`pool::FREE`]; null for none.
    #[must_use]
    pub fn first_free(&self, head: u32) -> Address {
        if !self.head_counts {
            return Address(head);
        }
        let first = Head::of(head).first;
        first.map_or(Address::NULL, |index| self.block(index))
    }

    /// The word at [`pool::FREE`] that makes `first` the first free block, after `before`.
    #[must_use]
    pub fn head(&self, before: u32, first: Address) -> u32 {
        if !self.head_counts {
            return first.0;
        }
        let head = Head {
            changes: Head::of(before).changes.wrapping_add(1),
            first: (!first.is_null()).then(|| self.index(first)),
        };
        head.word()
    }

    /// Where this thread control block lies.
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

    /// The entry `index` of the wait array at `thread_block`.
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
    /// The state of this word; `None` for a word that no program wrote there.
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

    /// The word of this state.
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
            head_counts: false,
        }
    }

    #[test]
    fn a_head_that_counts_is_another_word_after_every_change() {
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
    fn every_state_has_its_word() {
        let states = (0..7).filter_map(BlockState::of);
        assert!(states.map(BlockState::word).eq(0..7));
        assert_eq!(BlockState::of(7), None);
    }
}
