//! A read-only snapshot of the pool, the thread control blocks and the transport's table, for oracles.
//!
//! Reading it is not a modeled access: the race detector does not see it.

use machine::{Address, Machine};

use crate::environment::Winsock;
use crate::layout::{
    BlockId, BlockIndex, BlockState, Instance, Layout, NONE, field, pool, wait_array,
};
use crate::transport_table::TransportTable;

/// The words of the shared structures at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// All control blocks, by index.
    pub blocks: Vec<BlockSnapshot>,
    /// The blocks along the free list, up to the first repetition or the first pointer to no block.
    pub free: Vec<BlockIndex>,
    /// Whether the free list ends with a null pointer.
    pub free_list_ends: bool,
    /// The entries of each wait array; `None` for an entry that points to no block.
    pub waiting: Vec<Vec<Option<BlockIndex>>>,
    /// The uses of blocks that the transport can still ask a driver to close, from the table of POP4 UP.
    pub closable: Vec<BlockId>,
}

/// The words of one control block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSnapshot {
    /// The block and the instance of its latest allocation.
    pub id: BlockId,
    /// The state; `None` for a corrupted word.
    pub state: Option<BlockState>,
    /// The index of the thread control block that owns it.
    pub owner: Option<u32>,
    /// The socket handle.
    pub socket: Option<u32>,
    /// The handle of the event object; zero for none.
    pub event: u32,
}

impl Audit {
    pub(crate) fn read(
        machine: &Machine<Winsock>,
        layout: Layout,
        connections: &TransportTable,
    ) -> Self {
        let word = |place: machine::Location| machine.peek(place.address).unwrap_or(NONE);
        let blocks = (0..layout.blocks).map(|index| {
            let block = layout.block(BlockIndex(index));
            let some = |value: u32| (value != NONE).then_some(value);
            BlockSnapshot {
                id: BlockId {
                    index: BlockIndex(index),
                    instance: Instance(word(block + field::INSTANCE)),
                },
                state: BlockState::of(word(block + field::STATE)),
                owner: some(word(block + field::OWNER)),
                socket: some(word(block + field::SOCKET)),
                event: word(block + field::EVENT),
            }
        });
        let blocks = blocks.collect();
        let (free, free_list_ends) = walk_free_list(layout, word);
        let waiting = (0..layout.threads).map(|index| {
            let array = layout.thread_block(index);
            // A race may have damaged the count: the snapshot reads no word beyond the array.
            let count = word(array + wait_array::COUNT).min(wait_array::ENTRIES_MAX);
            let entries = (0..count).map(|at| Address(word(Layout::entry(array, at))));
            entries
                .map(|block| layout.is_block(block).then(|| layout.index(block)))
                .collect()
        });
        let waiting = waiting.collect();
        Self {
            blocks,
            free,
            free_list_ends,
            waiting,
            closable: connections.closable(),
        }
    }

    /// Whether the block has an entry in a wait array.
    #[must_use]
    pub fn is_waited_for(&self, block: BlockIndex) -> bool {
        self.waiting
            .iter()
            .flatten()
            .any(|entry| *entry == Some(block))
    }

    /// Whether the transport can still ask for the close of some use of this block.
    #[must_use]
    pub fn is_closable(&self, block: BlockIndex) -> bool {
        self.closable.iter().any(|it| it.index == block)
    }
}

/// The blocks along the free list, and whether it ends with a null pointer.
fn walk_free_list(
    layout: Layout,
    word: impl Fn(machine::Location) -> u32,
) -> (Vec<BlockIndex>, bool) {
    let mut seen = vec![false; layout.blocks as usize];
    let mut free = Vec::new();
    let mut at = layout.first_free(word(layout.pool + pool::FREE));
    while !at.is_null() {
        if !layout.is_block(at) {
            return (free, false);
        }
        let index = layout.index(at);
        // A corrupted list may be a cycle.
        if std::mem::replace(&mut seen[index.0 as usize], true) {
            return (free, false);
        }
        free.push(index);
        at = Address(word(at + field::NEXT));
    }
    (free, true)
}
