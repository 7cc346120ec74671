//! Allocation and release of control blocks.

use machine::Address;

use crate::blocks::free_list::{self, FreeBlock};
use crate::blocks::{heap, wait_array};
use crate::build::release::{Release, ReleaseStep};
use crate::build::{Structure, StructureOperation};
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, Instance, NONE, field};
use crate::record::{EventEntry, Fact, LogLine};
use crate::shared::{SharedState, log, log_event, record_fact};

/// Allocates a block. `None` if the pool is empty, which event 9156 reports.
pub(crate) async fn allocate(t: &Thread, shared: &SharedState) -> Option<BlockId> {
    let Some(free) = free_list::pop(t, shared).await else {
        log_event(t, EventEntry::NoFreeBlocks(shared.layout.blocks));
        return None;
    };
    let FreeBlock {
        address,
        buffer,
        instance,
    } = free;
    let lock = shared
        .lock(t, Structure::Blocks, StructureOperation::Allocate)
        .await;
    t.write(address + field::INSTANCE, instance).await;
    t.write(address + field::OWNER, NONE).await;
    t.write(address + field::SOCKET, NONE).await;
    t.write(address + field::EVENT, 0).await;
    t.write(address + field::BUFFER, buffer.0).await;
    t.write(address + field::RETRIES, 0).await;
    // The state is written last: a thread without a lock that sees the block allocated sees the
    // other words initialized.
    t.write(address + field::STATE, BlockState::Allocated.word())
        .await;
    shared.unlock(t, lock).await;

    let block = BlockId::new(shared.layout.index(address), Instance(instance));
    record_fact(t, Fact::BlockAllocated(block));
    log(t, LogLine::Allocated(block));
    Some(block)
}

/// Releases a block and its buffer. The caller has closed the socket and the event object, or has
/// a build that leaks them.
pub(crate) async fn release(t: &Thread, shared: &SharedState, address: Address) {
    let block = Allocated { t, shared, address };
    shared.build.release(&block).await;
}

/// A block that a thread is about to release.
struct Allocated<'a> {
    t: &'a Thread,
    shared: &'a SharedState,
    address: Address,
}

impl Release for Allocated<'_> {
    fn instance(&self) -> ReleaseStep<'_, Instance> {
        Box::pin(async { Instance(self.t.read(self.address + field::INSTANCE).await) })
    }

    fn put_back(&self) -> ReleaseStep<'_, Instance> {
        Box::pin(put_back(self.t, self.shared, self.address))
    }

    fn record(&self, instance: Instance) {
        let block = BlockId::new(self.shared.layout.index(self.address), instance);
        record_fact(self.t, Fact::BlockReleased(block));
    }
}

/// Puts a block into the pool. Returns the instance that it was.
async fn put_back(t: &Thread, shared: &SharedState, address: Address) -> Instance {
    let lock = shared
        .lock(t, Structure::Blocks, StructureOperation::Release)
        .await;
    let instance = Instance(t.read(address + field::INSTANCE).await);
    let buffer = Address(t.read(address + field::BUFFER).await);
    let owner = t.read(address + field::OWNER).await;
    t.write(address + field::BUFFER, 0).await;
    t.write(address + field::OWNER, NONE).await;
    t.write(address + field::STATE, BlockState::Free.word())
        .await;
    shared.unlock(t, lock).await;
    wait_array::unbind(t, shared, owner).await;
    // The block is pushed last: from then on another thread may allocate it.
    heap::free(t, buffer).await;
    free_list::push(t, shared, address).await;
    instance
}
