//! The wait arrays of the thread control blocks.
//!
//! Owns joining, leaving and walking an array, and the choice of a thread control block. The
//! entries are addresses: an array torn by two threads leads to a null or stale pointer
//! (Q152951). It refuses to wait: that is a driver's part.

use machine::Address;

use crate::block::{BlockState, Instance, Layout, Lease, NONE, field, wait_array};
use crate::build::{Operation, Structure};
use crate::environment::Thread;
use crate::layer::Layer;
use crate::select_set;
use winsock::{EventHandle, SocketHandle};

/// What a walk found in one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) lease: Lease,
    pub(crate) state: Option<BlockState>,
    pub(crate) socket: Option<SocketHandle>,
    pub(crate) event: EventHandle,
}

/// The thread control block with the fewest entries.
pub(crate) async fn choose(t: &Thread, layer: &Layer) -> u32 {
    if layer.layout.threads == 1 {
        return 0;
    }
    let guard = layer.guard(t, Structure::WaitArrays, Operation::Use).await;
    let mut best = (0, u32::MAX);
    for index in 0..layer.layout.threads {
        let count = t
            .read(layer.layout.thread_block(index) + wait_array::COUNT)
            .await;
        if count < best.1 {
            best = (index, count);
        }
    }
    layer.unguard(t, guard).await;
    best.0
}

/// Adds a block at the end of the array.
pub(crate) async fn join(t: &Thread, layer: &Layer, thread_block: u32, block: Address) {
    let array = layer.layout.thread_block(thread_block);
    let guard = layer
        .guard(t, Structure::WaitArrays, Operation::Allocate)
        .await;
    let count = t.read(array + wait_array::COUNT).await;
    t.write(Layout::entry(array, count), block.0).await;
    t.write(array + wait_array::COUNT, count.wrapping_add(1))
        .await;
    select_set::throw_away(t, layer, thread_block).await;
    layer.unguard(t, guard).await;
}

/// Takes a block out of the array: the last entry takes its place.
pub(crate) async fn leave(t: &Thread, layer: &Layer, thread_block: u32, block: Address) {
    if thread_block >= layer.layout.threads {
        return;
    }
    let array = layer.layout.thread_block(thread_block);
    let guard = layer
        .guard(t, Structure::WaitArrays, Operation::Release)
        .await;
    let count = t.read(array + wait_array::COUNT).await;
    for index in 0..count.min(wait_array::ENTRIES_MAX) {
        if t.read(Layout::entry(array, index)).await == block.0 {
            // entry[index] = entry[count - 1]; entry[count - 1] = NULL; count--;
            let rest = count.wrapping_sub(1);
            let last = t.read(Layout::entry(array, rest)).await;
            t.write(Layout::entry(array, index), last).await;
            t.write(Layout::entry(array, rest), 0).await;
            t.write(array + wait_array::COUNT, rest).await;
            break;
        }
    }
    select_set::throw_away(t, layer, thread_block).await;
    layer.unguard(t, guard).await;
}

/// Reads the array and the blocks it points to, in the order of the blocks.
pub(crate) async fn walk(t: &Thread, layer: &Layer, thread_block: u32) -> Vec<Watched> {
    let array = layer.layout.thread_block(thread_block);
    let guard = layer.guard(t, Structure::WaitArrays, Operation::Use).await;
    // The count is read anew for every entry, as a loop over `count` in C does.
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
    layer.unguard(t, guard).await;
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let mut watched = Vec::with_capacity(blocks.len());
    for block in blocks {
        watched.push(look(t, layer, block).await);
    }
    layer.unguard(t, guard).await;
    watched.retain(|it| it.event.0 != 0);
    watched.sort_by_key(|it| it.lease);
    let guard = layer.guard(t, Structure::WaitArrays, Operation::Use).await;
    let events = watched.iter().map(|it| it.event).collect();
    let handles = select_set::make(t, layer, thread_block, events).await;
    layer.unguard(t, guard).await;
    watched
        .iter_mut()
        .zip(handles)
        .for_each(|(entry, handle)| entry.event = handle);
    watched
}

/// Looks at the block of an entry again. `None` if it has another user by now and the build
/// looks at instance numbers.
pub(crate) async fn look_again(t: &Thread, layer: &Layer, entry: Watched) -> Option<Watched> {
    let block = layer.address(entry.lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let current = look(t, layer, block).await;
    layer.unguard(t, guard).await;
    let same_user = current.lease == entry.lease && current.socket == entry.socket;
    (same_user || !layer.build.checks_instance()).then_some(current)
}

/// Reads one block through the pointer in an entry, whatever that pointer has become.
async fn look(t: &Thread, layer: &Layer, block: Address) -> Watched {
    let event = EventHandle(t.read(block + field::EVENT).await);
    let socket = t.read(block + field::SOCKET).await;
    let state = BlockState::of(t.read(block + field::STATE).await);
    let instance = Instance(t.read(block + field::INSTANCE).await);
    let lease = Lease {
        block: layer.layout.index(block),
        instance,
    };
    let socket = (socket != NONE).then_some(SocketHandle(socket));
    Watched {
        lease,
        state,
        socket,
        event,
    }
}
