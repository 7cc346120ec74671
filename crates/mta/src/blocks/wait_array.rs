//! The wait arrays of the thread control blocks.
//!
//! An entry is the address of a control block. Two threads that change an array without a lock
//! leave null or stale addresses in it (Q152951).

use machine::Address;

use crate::blocks::select_set;
use crate::blocks::wait_entry::WaitEntry;
use crate::build::decision::WaitArrayScan;
use crate::build::{Generation, Structure, StructureOperation};
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, Instance, Layout, NONE, field, wait_array};
use crate::shared::SharedState;
use winsock::{EventHandle, SocketHandle};

/// Binds a block to a thread control block: to `preferred` while it has room, otherwise to the one
/// with the lowest load.
///
/// Exchange 5.5 and 2000 count the bound blocks, because an entry is added later. 4.0 uses the
/// number of entries.
pub(crate) async fn bind(t: &Thread, shared: &SharedState, preferred: Option<u32>) -> u32 {
    if shared.layout.threads == 1 {
        return 0;
    }
    let counts = shared.build.generation() == Generation::Single;
    let load = if counts {
        wait_array::BOUND
    } else {
        wait_array::COUNT
    };
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    let mut loads = Vec::new();
    for index in 0..shared.layout.threads {
        loads.push(t.read(shared.layout.thread_block(index) + load).await);
    }
    let has_room = |index: &u32| loads[*index as usize] < wait_array::ENTRIES_MAX;
    let least_loaded = (0..shared.layout.threads).min_by_key(|index| loads[*index as usize]);
    let chosen = preferred
        .filter(has_room)
        .or(least_loaded)
        .expect("there is a thread control block");
    if counts {
        let bound = shared.layout.thread_block(chosen) + wait_array::BOUND;
        t.write(bound, loads[chosen as usize].wrapping_add(1)).await;
    }
    shared.unlock(t, lock).await;
    chosen
}

/// Undoes [`bind`] when a block is released. `thread_block` may name no thread control block.
pub(crate) async fn unbind(t: &Thread, shared: &SharedState, thread_block: u32) {
    let counts = shared.build.generation() == Generation::Single && shared.layout.threads > 1;
    if !counts || thread_block >= shared.layout.threads {
        return;
    }
    let bound = shared.layout.thread_block(thread_block) + wait_array::BOUND;
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    let count = t.read(bound).await;
    t.write(bound, count.wrapping_sub(1)).await;
    shared.unlock(t, lock).await;
}

/// Adds an entry at the end of the array.
pub(crate) async fn add(t: &Thread, shared: &SharedState, thread_block: u32, block: Address) {
    let array = shared.layout.thread_block(thread_block);
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Allocate)
        .await;
    let count = t.read(array + wait_array::COUNT).await;
    // A full array takes no more entries. 4.0 never has 63 blocks for an array (Q166602), and 5.5 binds
    // only to an array with room, so the count is one that a race has damaged.
    if count < wait_array::ENTRIES_MAX {
        // Without a lock, two threads that read the same count write the same entry: one is lost.
        t.write(Layout::entry(array, count), block.0).await;
        t.write(array + wait_array::COUNT, count + 1).await;
    }
    select_set::discard(t, shared, thread_block).await;
    shared.unlock(t, lock).await;
}

/// Removes a block's entry: the last entry moves into its slot. `thread_block` may name no thread
/// control block.
pub(crate) async fn remove(t: &Thread, shared: &SharedState, thread_block: u32, block: Address) {
    if thread_block >= shared.layout.threads {
        return;
    }
    let array = shared.layout.thread_block(thread_block);
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Release)
        .await;
    let count = t.read(array + wait_array::COUNT).await;
    for index in 0..count.min(wait_array::ENTRIES_MAX) {
        if t.read(Layout::entry(array, index)).await == block.0 {
            // entry[index] = entry[count - 1]; entry[count - 1] = NULL; count--;
            // A thread that reads the array between these writes finds a block twice, or null.
            let last_index = count.wrapping_sub(1);
            let last = t.read(Layout::entry(array, last_index)).await;
            t.write(Layout::entry(array, index), last).await;
            t.write(Layout::entry(array, last_index), 0).await;
            t.write(array + wait_array::COUNT, last_index).await;
            break;
        }
    }
    select_set::discard(t, shared, thread_block).await;
    shared.unlock(t, lock).await;
}

/// Reads the array and the blocks that it points to. The result is sorted by block, which is the
/// order of the `Wait for cb` lines (Q303102) and of the handles in the wait.
pub(crate) async fn scan(t: &Thread, shared: &SharedState, thread_block: u32) -> Vec<WaitEntry> {
    let array = shared.layout.thread_block(thread_block);
    let array_lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    let blocks = read_entries(t, array).await;
    let held_array_lock = match shared.build.wait_array_scan() {
        WaitArrayScan::LocksNested => Some(array_lock),
        WaitArrayScan::LocksInTurn => {
            shared.unlock(t, array_lock).await;
            None
        }
    };
    let lock = shared
        .lock(t, Structure::Blocks, StructureOperation::Use)
        .await;
    let mut entries = Vec::with_capacity(blocks.len());
    for &block in &blocks {
        entries.push(read_block(t, shared, block).await);
    }
    shared.unlock(t, lock).await;
    if let Some(lock) = held_array_lock {
        shared.unlock(t, lock).await;
    }
    entries.retain(|entry| entry.event.0 != 0);
    entries.sort_by_key(|entry| entry.block);
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    if shared.build.generation() == Generation::Pairs {
        let events = entries.iter().map(|entry| entry.event);
        let handles = [shared.wake_up_event(thread_block)]
            .into_iter()
            .chain(events);
        select_set::build(t, shared, thread_block, handles).await;
        if read_entries(t, array).await != blocks {
            // The array changed while no lock was held, so the set is not that of the array.
            select_set::discard(t, shared, thread_block).await;
        }
    }
    shared.unlock(t, lock).await;
    entries
}

/// The entries of the array. The caller holds the lock of the wait arrays.
async fn read_entries(t: &Thread, array: Address) -> Vec<Address> {
    let mut blocks = Vec::new();
    let mut index = 0;
    // The count is read again for each entry, as a C loop over `count` does: an unguarded count
    // may change meanwhile.
    while index
        < t.read(array + wait_array::COUNT)
            .await
            .min(wait_array::ENTRIES_MAX)
    {
        // An entry that is being removed is null for a moment.
        let block = Address(t.read(Layout::entry(array, index)).await);
        if !block.is_null() {
            blocks.push(block);
        }
        index += 1;
    }
    blocks
}

/// Reads the block of an entry again. `None` if the block was reused since and the build checks
/// instance numbers.
pub(crate) async fn read_again(
    t: &Thread,
    shared: &SharedState,
    entry: WaitEntry,
) -> Option<WaitEntry> {
    let address = shared.address(entry.block.index);
    let lock = shared
        .lock(t, Structure::Blocks, StructureOperation::Use)
        .await;
    let current = read_block(t, shared, address).await;
    shared.unlock(t, lock).await;
    let same_use = current.block == entry.block && current.socket == entry.socket;
    (same_use || !shared.build.checks_instance()).then_some(current)
}

/// Reads the words at an address from the array, which may be no block at all.
async fn read_block(t: &Thread, shared: &SharedState, address: Address) -> WaitEntry {
    let event = EventHandle(t.read(address + field::EVENT).await);
    let socket = t.read(address + field::SOCKET).await;
    let state = BlockState::of(t.read(address + field::STATE).await);
    let instance = Instance(t.read(address + field::INSTANCE).await);
    WaitEntry {
        block: BlockId::new(shared.layout.index(address), instance),
        state,
        socket: (socket != NONE).then_some(SocketHandle(socket)),
        event,
    }
}
