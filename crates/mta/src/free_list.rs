//! The free list of the control-block pool.
//!
//! Owns the words of the list: its head, the links and the count of allocations. How threads
//! agree on them is the build's decision; where they do not, two may take the same block. It
//! refuses to touch a block's other words.

use machine::Address;

use crate::block::{field, pool};
use crate::build::{Operation, Structure};
use crate::decision::FreeList;
use crate::environment::Thread;
use crate::exchmem;
use crate::layer::{Guard, Layer};

/// Bytes of the receive buffer of a block: one TPDU of 2048 bytes with room for headers.
const BUFFER_BYTES: u32 = 2_048 + 64;

/// A block off the list, with its buffer and the number of its use.
pub(crate) struct Taken {
    pub(crate) block: Address,
    pub(crate) buffer: Address,
    pub(crate) instance: u32,
}

/// Takes the first block off the list; `None` if there is none. The buffer comes before the
/// block is unlinked: without one the block would have to go back.
pub(crate) async fn take(t: &Thread, layer: &Layer) -> Option<Taken> {
    match layer.build.free_list() {
        FreeList::Guarded | FreeList::GuardedByStep | FreeList::GuardedQueue => {
            take_guarded(t, layer).await
        }
        FreeList::Interlocked | FreeList::InterlockedWithCount => take_interlocked(t, layer).await,
    }
}

/// Puts a block on the list.
pub(crate) async fn give(t: &Thread, layer: &Layer, block: Address) {
    match layer.build.free_list() {
        FreeList::Guarded | FreeList::GuardedByStep => give_guarded(t, layer, block).await,
        FreeList::GuardedQueue => give_to_queue(t, layer, block).await,
        FreeList::Interlocked | FreeList::InterlockedWithCount => {
            give_interlocked(t, layer, block).await;
        }
    }
}

async fn take_guarded(t: &Thread, layer: &Layer) -> Option<Taken> {
    let list = layer.layout.pool;
    let guard = layer.guard(t, Structure::Pool, Operation::Allocate).await;
    let block = Address(t.read(list + pool::FREE).await);
    if block.is_null() {
        layer.unguard(t, guard).await;
        return None;
    }
    let buffer = t.allocate(BUFFER_BYTES).await;
    let next = t.read(block + field::NEXT).await;
    let guard = between_steps(t, layer, guard, Operation::Allocate).await;
    t.write(list + pool::FREE, next).await;
    let instance = t.read(list + pool::INSTANCES).await;
    t.write(list + pool::INSTANCES, instance.wrapping_add(1))
        .await;
    layer.unguard(t, guard).await;
    Some(Taken {
        block,
        buffer,
        instance,
    })
}

async fn give_guarded(t: &Thread, layer: &Layer, block: Address) {
    let list = layer.layout.pool;
    let guard = layer.guard(t, Structure::Pool, Operation::Release).await;
    let first = t.read(list + pool::FREE).await;
    t.write(block + field::NEXT, first).await;
    let guard = between_steps(t, layer, guard, Operation::Release).await;
    t.write(list + pool::FREE, block.0).await;
    layer.unguard(t, guard).await;
}

/// A build that guards each step for itself lets others in here.
async fn between_steps(t: &Thread, layer: &Layer, guard: Guard, operation: Operation) -> Guard {
    if layer.build.free_list() != FreeList::GuardedByStep {
        return guard;
    }
    layer.unguard(t, guard).await;
    layer.guard(t, Structure::Pool, operation).await
}

async fn give_to_queue(t: &Thread, layer: &Layer, block: Address) {
    let guard = layer.guard(t, Structure::Pool, Operation::Release).await;
    t.write(block + field::NEXT, 0).await;
    let mut link = layer.layout.pool + pool::FREE;
    loop {
        let next = Address(t.read(link).await);
        if next.is_null() {
            break;
        }
        link = next + field::NEXT;
    }
    t.write(link, block.0).await;
    layer.unguard(t, guard).await;
}

async fn take_interlocked(t: &Thread, layer: &Layer) -> Option<Taken> {
    let list = layer.layout.pool;
    let mut buffer = Address::NULL;
    let block = loop {
        let head = t.read(list + pool::FREE).await;
        let block = layer.layout.first_free(head);
        if block.is_null() {
            exchmem::free(t, buffer).await;
            return None;
        }
        if buffer.is_null() {
            buffer = t.allocate(BUFFER_BYTES).await;
        }
        let next = Address(t.read(block + field::NEXT).await);
        let new = layer.layout.head(head, next);
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
    Some(Taken {
        block,
        buffer,
        instance,
    })
}

/// The link is written by an exchange: a thread that is about to take another block may be
/// looking at it, and finds out by the head that it looked too early.
async fn give_interlocked(t: &Thread, layer: &Layer, block: Address) {
    let list = layer.layout.pool;
    loop {
        let head = t.read(list + pool::FREE).await;
        let first = layer.layout.first_free(head);
        t.exchange(block + field::NEXT, first.0).await;
        let new = layer.layout.head(head, block);
        if t.compare_exchange(list + pool::FREE, head, new).await == head {
            return;
        }
    }
}
