//! The wait arrays of the thread control blocks.
//!
//! Owns joining, leaving and walking an array, and the choice of a thread control block. The
//! entries are addresses: an array torn by two threads leads to a null or stale pointer
//! (Q152951). It refuses to wait: that is a driver's part.

use machine::Address;

use crate::blocks::select_set;
use crate::build::decision::WaitArrayScan;
use crate::build::{Generation, Operation, Structure};
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, Instance, Layout, NONE, field, wait_array};
use crate::shared::Shared;
use winsock::{EventHandle, SocketHandle};

/// What a walk found in one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitEntry {
    pub(crate) block: BlockId,
    pub(crate) state: Option<BlockState>,
    pub(crate) socket: Option<SocketHandle>,
    pub(crate) event: EventHandle,
}

/// Chooses a thread control block for a block: `preferred` while it has room, or the one with the
/// fewest. The event-driven builds count what they have bound, since an entry comes later; 4.0
/// goes by the entries.
pub(crate) async fn choose(t: &Thread, shared: &Shared, preferred: Option<u32>) -> u32 {
    if shared.layout.threads == 1 {
        return 0;
    }
    let counts = shared.build.generation() == Generation::Single;
    let load = if counts {
        wait_array::BOUND
    } else {
        wait_array::COUNT
    };
    let guard = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let mut loads = Vec::new();
    for index in 0..shared.layout.threads {
        loads.push(t.read(shared.layout.thread_block(index) + load).await);
    }
    let has_room = |index: &u32| loads[*index as usize] < wait_array::ENTRIES_MAX;
    let fewest = (0..shared.layout.threads).min_by_key(|index| loads[*index as usize]);
    let chosen = preferred
        .filter(has_room)
        .or(fewest)
        .expect("there is a thread control block");
    if counts {
        let place = shared.layout.thread_block(chosen) + wait_array::BOUND;
        t.write(place, loads[chosen as usize].wrapping_add(1)).await;
    }
    shared.unlock(t, guard).await;
    chosen
}

/// A block bound to this thread control block, or to none, is given back.
pub(crate) async fn unbind(t: &Thread, shared: &Shared, thread_block: u32) {
    let counts = shared.build.generation() == Generation::Single && shared.layout.threads > 1;
    if !counts || thread_block >= shared.layout.threads {
        return;
    }
    let place = shared.layout.thread_block(thread_block) + wait_array::BOUND;
    let guard = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let bound = t.read(place).await;
    t.write(place, bound.wrapping_sub(1)).await;
    shared.unlock(t, guard).await;
}

/// Adds a block at the end of the array.
pub(crate) async fn join(t: &Thread, shared: &Shared, thread_block: u32, address: Address) {
    let array = shared.layout.thread_block(thread_block);
    let guard = shared
        .lock(t, Structure::WaitArrays, Operation::Allocate)
        .await;
    let count = t.read(array + wait_array::COUNT).await;
    // A full array takes no more: the block is closed by a timer. Only 4.0, which goes by stale
    // counts, comes to that ("Failed to find socket, result=14, count=63", Q276222).
    if count < wait_array::ENTRIES_MAX {
        t.write(Layout::entry(array, count), address.0).await;
        t.write(array + wait_array::COUNT, count + 1).await;
    }
    select_set::throw_away(t, shared, thread_block).await;
    shared.unlock(t, guard).await;
}

/// Takes a block out of the array: the last entry takes its place.
pub(crate) async fn leave(t: &Thread, shared: &Shared, thread_block: u32, address: Address) {
    if thread_block >= shared.layout.threads {
        return;
    }
    let array = shared.layout.thread_block(thread_block);
    let guard = shared
        .lock(t, Structure::WaitArrays, Operation::Release)
        .await;
    let count = t.read(array + wait_array::COUNT).await;
    for index in 0..count.min(wait_array::ENTRIES_MAX) {
        if t.read(Layout::entry(array, index)).await == address.0 {
            // entry[index] = entry[count - 1]; entry[count - 1] = NULL; count--;
            let rest = count.wrapping_sub(1);
            let last = t.read(Layout::entry(array, rest)).await;
            t.write(Layout::entry(array, index), last).await;
            t.write(Layout::entry(array, rest), 0).await;
            t.write(array + wait_array::COUNT, rest).await;
            break;
        }
    }
    select_set::throw_away(t, shared, thread_block).await;
    shared.unlock(t, guard).await;
}

/// Reads the array and the blocks it points to, in the order of the blocks.
pub(crate) async fn walk(t: &Thread, shared: &Shared, thread_block: u32) -> Vec<WaitEntry> {
    let array = shared.layout.thread_block(thread_block);
    let guard = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let blocks = read_entries(t, array).await;
    let together = match shared.build.wait_array_scan() {
        WaitArrayScan::LocksNested => Some(guard),
        WaitArrayScan::LocksInTurn => {
            shared.unlock(t, guard).await;
            None
        }
    };
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let mut entries = Vec::with_capacity(blocks.len());
    for &address in &blocks {
        entries.push(look(t, shared, address).await);
    }
    shared.unlock(t, guard).await;
    if let Some(guard) = together {
        shared.unlock(t, guard).await;
    }
    entries.retain(|it| it.event.0 != 0);
    entries.sort_by_key(|it| it.block);
    let guard = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let events = entries.iter().map(|it| it.event).collect();
    let handles = select_set::make(t, shared, thread_block, events).await;
    if shared.build.generation() == Generation::Pairs && read_entries(t, array).await != blocks {
        // Whoever changed the array has thrown away a set that was not this one yet, and has
        // woken us: the next look must not take this one for current.
        select_set::throw_away(t, shared, thread_block).await;
    }
    shared.unlock(t, guard).await;
    entries
        .iter_mut()
        .zip(handles)
        .for_each(|(entry, handle)| entry.event = handle);
    entries
}

/// The entries of the array. The count is read anew for every entry, as a loop over `count` in C
/// does. Call it under the guard of the wait arrays.
async fn read_entries(t: &Thread, array: Address) -> Vec<Address> {
    let mut blocks = Vec::new();
    let mut index = 0;
    while index
        < t.read(array + wait_array::COUNT)
            .await
            .min(wait_array::ENTRIES_MAX)
    {
        blocks.push(Address(t.read(Layout::entry(array, index)).await));
        index += 1;
    }
    blocks
}

/// Looks at the block of an entry again. `None` if it has another user by now and the build
/// looks at instance numbers.
pub(crate) async fn look_again(t: &Thread, shared: &Shared, entry: WaitEntry) -> Option<WaitEntry> {
    let address = shared.address(entry.block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let current = look(t, shared, address).await;
    shared.unlock(t, guard).await;
    let same_user = current.block == entry.block && current.socket == entry.socket;
    (same_user || !shared.build.checks_instance()).then_some(current)
}

/// Reads one block through the pointer in an entry, whatever that pointer has become.
async fn look(t: &Thread, shared: &Shared, address: Address) -> WaitEntry {
    let event = EventHandle(t.read(address + field::EVENT).await);
    let socket = t.read(address + field::SOCKET).await;
    let state = BlockState::of(t.read(address + field::STATE).await);
    let instance = Instance(t.read(address + field::INSTANCE).await);
    let block = BlockId::new(shared.layout.index(address), instance);
    let socket = (socket != NONE).then_some(SocketHandle(socket));
    WaitEntry {
        block,
        state,
        socket,
        event,
    }
}
