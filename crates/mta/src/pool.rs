//! The control-block pool: taking a block out and giving it back.
//!
//! Owns the two procedures on the pool's free list, each as the calls a thread makes. What
//! guards them is the build's decision; unguarded, two threads may take the same block. It
//! refuses to know what a block is taken for.

use machine::Address;

use crate::block::{BlockState, Instance, Lease, NONE, field, pool};
use crate::build::{Operation, Structure};
use crate::environment::Thread;
use crate::exchmem;
use crate::layer::{Layer, event, fact, log};
use crate::record::{EventEntry, Fact, LogLine};
use crate::wait_array;

/// Bytes of the receive buffer of a block: one TPDU of 2048 bytes with room for headers.
const BUFFER_BYTES: u32 = 2_048 + 64;

/// Takes a block out of the pool. `None` if there is none: event 9156.
pub(crate) async fn allocate(t: &Thread, layer: &Layer) -> Option<Lease> {
    let pool_header = layer.layout.pool;
    let guard = layer.guard(t, Structure::Pool, Operation::Allocate).await;
    let block = Address(t.read(pool_header + pool::FREE).await);
    if block.is_null() {
        layer.unguard(t, guard).await;
        event(t, EventEntry::NoFreeBlocks(layer.layout.blocks));
        return None;
    }
    // The buffer comes first: without one the block would have to go back.
    let buffer = t.allocate(BUFFER_BYTES).await;
    let next = t.read(block + field::NEXT).await;
    t.write(pool_header + pool::FREE, next).await;
    let instance = t.read(pool_header + pool::INSTANCES).await;
    t.write(pool_header + pool::INSTANCES, instance.wrapping_add(1))
        .await;
    layer.unguard(t, guard).await;

    let guard = layer.guard(t, Structure::Blocks, Operation::Allocate).await;
    t.write(block + field::INSTANCE, instance).await;
    t.write(block + field::OWNER, NONE).await;
    t.write(block + field::SOCKET, NONE).await;
    t.write(block + field::EVENT, 0).await;
    t.write(block + field::BUFFER, buffer.0).await;
    t.write(block + field::ATTEMPTS, 0).await;
    t.write(block + field::STATE, BlockState::Allocated.word())
        .await;
    layer.unguard(t, guard).await;

    let lease = Lease {
        block: layer.layout.index(block),
        instance: Instance(instance),
    };
    fact(t, Fact::BlockTaken(lease.block, lease.instance));
    log(t, LogLine::Allocated(lease.block, lease.instance));
    Some(lease)
}

/// Gives a block back. Its socket and event object are closed, or deliberately not.
pub(crate) async fn release(t: &Thread, layer: &Layer, block: Address) {
    let guard = layer.guard(t, Structure::Blocks, Operation::Release).await;
    let instance = Instance(t.read(block + field::INSTANCE).await);
    let buffer = Address(t.read(block + field::BUFFER).await);
    let owner = t.read(block + field::OWNER).await;
    t.write(block + field::BUFFER, 0).await;
    t.write(block + field::OWNER, NONE).await;
    t.write(block + field::STATE, BlockState::Free.word()).await;
    layer.unguard(t, guard).await;
    wait_array::unbind(t, layer, owner).await;
    exchmem::free(t, buffer).await;
    let pool_header = layer.layout.pool;
    let guard = layer.guard(t, Structure::Pool, Operation::Release).await;
    let first = t.read(pool_header + pool::FREE).await;
    t.write(block + field::NEXT, first).await;
    t.write(pool_header + pool::FREE, block.0).await;
    layer.unguard(t, guard).await;
    fact(t, Fact::BlockReturned(layer.layout.index(block), instance));
}
