//! The free list of the control-block pool.
//!
//! Owns the words of the list: its head, the links and the count of allocations. How threads
//! agree on them is the build's decision; where they do not, two may take the same block. It
//! refuses to touch a block's other words.

use machine::Address;

use crate::blocks::heap;
use crate::build::decision::FreeList;
use crate::build::{Operation, Structure};
use crate::environment::Thread;
use crate::layout::{field, pool};
use crate::shared::{HeldLock, Shared};

/// Bytes of the receive buffer of a block: one TPDU of 2048 bytes with room for headers.
const BUFFER_BYTES: u32 = 2_048 + 64;

/// A block off the list, with its buffer and the number of its use.
pub(crate) struct FreeBlock {
    pub(crate) address: Address,
    pub(crate) buffer: Address,
    pub(crate) instance: u32,
}

/// Takes the first block off the list; `None` if there is none. The buffer comes before the
/// block is unlinked: without one the block would have to go back.
pub(crate) async fn take(t: &Thread, shared: &Shared) -> Option<FreeBlock> {
    match shared.build.free_list() {
        FreeList::Guarded | FreeList::GuardedByStep | FreeList::GuardedQueue => {
            take_guarded(t, shared).await
        }
        FreeList::Interlocked | FreeList::InterlockedWithCount => take_interlocked(t, shared).await,
    }
}

/// Puts a block on the list.
pub(crate) async fn give(t: &Thread, shared: &Shared, address: Address) {
    match shared.build.free_list() {
        FreeList::Guarded | FreeList::GuardedByStep => give_guarded(t, shared, address).await,
        FreeList::GuardedQueue => give_to_queue(t, shared, address).await,
        FreeList::Interlocked | FreeList::InterlockedWithCount => {
            give_interlocked(t, shared, address).await;
        }
    }
}

async fn take_guarded(t: &Thread, shared: &Shared) -> Option<FreeBlock> {
    let list = shared.layout.pool;
    let guard = shared.lock(t, Structure::Pool, Operation::Allocate).await;
    let address = Address(t.read(list + pool::FREE).await);
    if address.is_null() {
        shared.unlock(t, guard).await;
        return None;
    }
    let buffer = t.allocate(BUFFER_BYTES).await;
    let next = t.read(address + field::NEXT).await;
    let guard = between_steps(t, shared, guard, Operation::Allocate).await;
    t.write(list + pool::FREE, next).await;
    let instance = t.read(list + pool::INSTANCES).await;
    t.write(list + pool::INSTANCES, instance.wrapping_add(1))
        .await;
    shared.unlock(t, guard).await;
    Some(FreeBlock {
        address,
        buffer,
        instance,
    })
}

async fn give_guarded(t: &Thread, shared: &Shared, address: Address) {
    let list = shared.layout.pool;
    let guard = shared.lock(t, Structure::Pool, Operation::Release).await;
    let first = t.read(list + pool::FREE).await;
    t.write(address + field::NEXT, first).await;
    let guard = between_steps(t, shared, guard, Operation::Release).await;
    t.write(list + pool::FREE, address.0).await;
    shared.unlock(t, guard).await;
}

/// A build that guards each step for itself lets others in here.
async fn between_steps(
    t: &Thread,
    shared: &Shared,
    guard: HeldLock,
    operation: Operation,
) -> HeldLock {
    if shared.build.free_list() != FreeList::GuardedByStep {
        return guard;
    }
    shared.unlock(t, guard).await;
    shared.lock(t, Structure::Pool, operation).await
}

async fn give_to_queue(t: &Thread, shared: &Shared, address: Address) {
    let guard = shared.lock(t, Structure::Pool, Operation::Release).await;
    t.write(address + field::NEXT, 0).await;
    let mut link = shared.layout.pool + pool::FREE;
    loop {
        let next = Address(t.read(link).await);
        if next.is_null() {
            break;
        }
        link = next + field::NEXT;
    }
    t.write(link, address.0).await;
    shared.unlock(t, guard).await;
}

async fn take_interlocked(t: &Thread, shared: &Shared) -> Option<FreeBlock> {
    let list = shared.layout.pool;
    let mut buffer = Address::NULL;
    let address = loop {
        let head = t.read(list + pool::FREE).await;
        let address = shared.layout.first_free(head);
        if address.is_null() {
            heap::free(t, buffer).await;
            return None;
        }
        if buffer.is_null() {
            buffer = t.allocate(BUFFER_BYTES).await;
        }
        let next = Address(t.read(address + field::NEXT).await);
        let new = shared.layout.head(head, next);
        if t.compare_exchange(list + pool::FREE, head, new).await == head {
            break address;
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
        address,
        buffer,
        instance,
    })
}

/// The link is written by an exchange: a thread that is about to take another block may be
/// looking at it, and finds out by the head that it looked too early.
async fn give_interlocked(t: &Thread, shared: &Shared, address: Address) {
    let list = shared.layout.pool;
    loop {
        let head = t.read(list + pool::FREE).await;
        let first = shared.layout.first_free(head);
        t.exchange(address + field::NEXT, first.0).await;
        let new = shared.layout.head(head, address);
        if t.compare_exchange(list + pool::FREE, head, new).await == head {
            return;
        }
    }
}
