//! The control-block pool: taking a block out and giving it back.
//!
//! Owns what is done to a block between the pool's free list and its user, each way as the calls
//! a thread makes. It refuses to know what a block is taken for.

use machine::Address;

use crate::block::{BlockState, Instance, Lease, NONE, field};
use crate::build::{Operation, Structure};
use crate::environment::Thread;
use crate::exchmem;
use crate::free_list::{self, Taken};
use crate::layer::{Layer, event, fact, log};
use crate::record::{EventEntry, Fact, LogLine};
use crate::wait_array;

/// Takes a block out of the pool. `None` if there is none: event 9156.
pub(crate) async fn allocate(t: &Thread, layer: &Layer) -> Option<Lease> {
    let Some(taken) = free_list::take(t, layer).await else {
        event(t, EventEntry::NoFreeBlocks(layer.layout.blocks));
        return None;
    };
    let Taken {
        block,
        buffer,
        instance,
    } = taken;
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
    free_list::give(t, layer, block).await;
    fact(t, Fact::BlockReturned(layer.layout.index(block), instance));
}
