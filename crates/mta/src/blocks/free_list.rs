//! The free list of the control-block pool.
//!
//! The build decides how threads synchronize on the list ([`FreeList`]). Without synchronization two
//! threads can pop the same block (Q152941).

use machine::Address;

use crate::blocks::heap;
use crate::build::decision::FreeList;
use crate::build::{Structure, StructureOperation};
use crate::environment::Thread;
use crate::layout::{field, pool};
use crate::shared::{HeldLock, SharedState};

/// Size of a block's receive buffer: one TPDU of 2048 bytes, and space for headers.
const BUFFER_BYTES: u32 = 2_048 + 64;

/// A block popped from the list, with its buffer and its instance number.
pub(crate) struct FreeBlock {
    pub(crate) address: Address,
    pub(crate) buffer: Address,
    pub(crate) instance: u32,
}

/// Pops the first block; `None` if the list is empty.
///
/// The buffer is allocated before the block is unlinked: the other order would have to push the
/// block back if the heap had no memory left.
pub(crate) async fn pop(t: &Thread, shared: &SharedState) -> Option<FreeBlock> {
    match shared.build.free_list() {
        FreeList::Guarded | FreeList::GuardedByStep | FreeList::GuardedQueue => {
            pop_locked(t, shared).await
        }
        FreeList::Interlocked | FreeList::InterlockedWithCount => pop_interlocked(t, shared).await,
    }
}

/// Puts a block on the list.
pub(crate) async fn push(t: &Thread, shared: &SharedState, block: Address) {
    match shared.build.free_list() {
        FreeList::Guarded | FreeList::GuardedByStep => push_locked(t, shared, block).await,
        FreeList::GuardedQueue => push_to_queue(t, shared, block).await,
        FreeList::Interlocked | FreeList::InterlockedWithCount => {
            push_interlocked(t, shared, block).await;
        }
    }
}

async fn pop_locked(t: &Thread, shared: &SharedState) -> Option<FreeBlock> {
    let list = shared.layout.pool;
    let lock = shared
        .lock(t, Structure::Pool, StructureOperation::Allocate)
        .await;
    let block = Address(t.read(list + pool::FREE).await);
    if block.is_null() {
        shared.unlock(t, lock).await;
        return None;
    }
    // The heap call lies between the read of the head and its write. Without a lock this is the
    // window of Q152941: another thread reads the same head and pops the same block.
    let buffer = t.allocate(BUFFER_BYTES).await;
    let next = t.read(block + field::NEXT).await;
    let lock = relock_between_steps(t, shared, lock, StructureOperation::Allocate).await;
    t.write(list + pool::FREE, next).await;
    let instance = t.read(list + pool::INSTANCES).await;
    t.write(list + pool::INSTANCES, instance.wrapping_add(1))
        .await;
    shared.unlock(t, lock).await;
    Some(FreeBlock {
        address: block,
        buffer,
        instance,
    })
}

async fn push_locked(t: &Thread, shared: &SharedState, block: Address) {
    let list = shared.layout.pool;
    let lock = shared
        .lock(t, Structure::Pool, StructureOperation::Release)
        .await;
    let first = t.read(list + pool::FREE).await;
    t.write(block + field::NEXT, first).await;
    let lock = relock_between_steps(t, shared, lock, StructureOperation::Release).await;
    t.write(list + pool::FREE, block.0).await;
    shared.unlock(t, lock).await;
}

/// Releases and acquires the lock, if the build locks each step separately.
async fn relock_between_steps(
    t: &Thread,
    shared: &SharedState,
    lock: HeldLock,
    operation: StructureOperation,
) -> HeldLock {
    if shared.build.free_list() != FreeList::GuardedByStep {
        return lock;
    }
    shared.unlock(t, lock).await;
    shared.lock(t, Structure::Pool, operation).await
}

async fn push_to_queue(t: &Thread, shared: &SharedState, block: Address) {
    let lock = shared
        .lock(t, Structure::Pool, StructureOperation::Release)
        .await;
    t.write(block + field::NEXT, 0).await;
    let mut link = shared.layout.pool + pool::FREE;
    loop {
        let next = Address(t.read(link).await);
        if next.is_null() {
            break;
        }
        link = next + field::NEXT;
    }
    t.write(link, block.0).await;
    shared.unlock(t, lock).await;
}

async fn pop_interlocked(t: &Thread, shared: &SharedState) -> Option<FreeBlock> {
    let list = shared.layout.pool;
    let mut buffer = Address::NULL;
    let block = loop {
        let head = t.read(list + pool::FREE).await;
        let block = shared.layout.first_free(head);
        if block.is_null() {
            heap::free(t, buffer).await;
            return None;
        }
        if buffer.is_null() {
            buffer = t.allocate(BUFFER_BYTES).await;
        }
        // ABA: between this read and the exchange, other threads can pop two blocks and push the
        // first again. The head is the same address, but `next` is in use by now. Only a head that
        // counts its changes makes the exchange fail.
        let next = Address(t.read(block + field::NEXT).await);
        let new = shared.layout.head(head, next);
        if t.compare_exchange(list + pool::FREE, head, new).await == head {
            break block;
        }
    };
    let instance = loop {
        let count = t.read(list + pool::INSTANCES).await;
        let new = count.wrapping_add(1);
        if t.compare_exchange(list + pool::INSTANCES, count, new).await == count {
            break count;
        }
    };
    Some(FreeBlock {
        address: block,
        buffer,
        instance,
    })
}

async fn push_interlocked(t: &Thread, shared: &SharedState, block: Address) {
    let list = shared.layout.pool;
    loop {
        let head = t.read(list + pool::FREE).await;
        let first = shared.layout.first_free(head);
        // An exchange and not a plain write: a thread in `pop_interlocked` may read this link, and
        // a plain write would be a data race. Its compare-and-exchange fails if the link is stale.
        t.exchange(block + field::NEXT, first.0).await;
        let new = shared.layout.head(head, block);
        if t.compare_exchange(list + pool::FREE, head, new).await == head {
            return;
        }
    }
}
