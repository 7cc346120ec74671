//! The control-block pool: taking a block out and giving it back.
//!
//! Owns what is done to a block between the pool's free list and its user, each way as the calls
//! a thread makes. It refuses to know what a block is taken for.

use machine::Address;

use crate::blocks::free_list::{self, FreeBlock};
use crate::blocks::heap;
use crate::blocks::wait_array;
use crate::build::{Operation, Structure};
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, Instance, NONE, field};
use crate::record::{EventEntry, Fact, LogLine};
use crate::shared::{Shared, event, fact, log};

/// Takes a block out of the pool. `None` if there is none: event 9156.
pub(crate) async fn allocate(t: &Thread, shared: &Shared) -> Option<BlockId> {
    let Some(taken) = free_list::take(t, shared).await else {
        event(t, EventEntry::NoFreeBlocks(shared.layout.blocks));
        return None;
    };
    let FreeBlock {
        address,
        buffer,
        instance,
    } = taken;
    let guard = shared.lock(t, Structure::Blocks, Operation::Allocate).await;
    t.write(address + field::INSTANCE, instance).await;
    t.write(address + field::OWNER, NONE).await;
    t.write(address + field::SOCKET, NONE).await;
    t.write(address + field::EVENT, 0).await;
    t.write(address + field::BUFFER, buffer.0).await;
    t.write(address + field::ATTEMPTS, 0).await;
    t.write(address + field::STATE, BlockState::Allocated.word())
        .await;
    shared.unlock(t, guard).await;

    let block = BlockId::new(shared.layout.index(address), Instance(instance));
    fact(t, Fact::BlockAllocated(block.index, block.instance));
    log(t, LogLine::Allocated(block.index, block.instance));
    Some(block)
}

/// Gives a block back. Its socket and event object are closed, or deliberately not.
pub(crate) async fn release(t: &Thread, shared: &Shared, address: Address) {
    let guard = shared.lock(t, Structure::Blocks, Operation::Release).await;
    let instance = Instance(t.read(address + field::INSTANCE).await);
    let buffer = Address(t.read(address + field::BUFFER).await);
    let owner = t.read(address + field::OWNER).await;
    t.write(address + field::BUFFER, 0).await;
    t.write(address + field::OWNER, NONE).await;
    t.write(address + field::STATE, BlockState::Free.word())
        .await;
    shared.unlock(t, guard).await;
    wait_array::unbind(t, shared, owner).await;
    heap::free(t, buffer).await;
    free_list::give(t, shared, address).await;
    fact(
        t,
        Fact::BlockReleased(shared.layout.index(address), instance),
    );
}
