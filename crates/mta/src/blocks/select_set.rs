//! The select sets of 4.0: the `fd_set` that a pair's select() waits for.
//!
//! A set is a block of the process heap that a thread control block points to. The Async Notify
//! builds one from the wait array, and each thread that changes the array discards it. Two threads
//! "update the pointers used by one select call" (Q152951): without a lock both may free the same
//! heap block. Exchange 5.5 and 2000 have no select sets.
//!
//! select() overwrites the set that it is passed with the sockets that are ready (WinSock 1.1:
//! `fd_set` is in and out). So the Async Notify passes a copy on its stack
//! (docs/decisions/0014-select-sets.md).

use machine::{Address, Field};
use winsock::EventHandle;

use crate::blocks::heap;
use crate::build::{Generation, Structure, StructureOperation};
use crate::environment::Thread;
use crate::layout::{select_copy, wait_array};
use crate::shared::SharedState;

/// `FD_SETSIZE`: the handles that a set has room for. select() itself knows no limit.
const HANDLES_MAX: u32 = 64;
/// `sizeof(fd_set)`.
const BYTES: u32 = 4 * (1 + HANDLES_MAX);
/// The words of a set: `fd_count`, then `fd_array`.
const COUNT: Field = Field::new(0, "select set.count");
const HANDLE: &str = "select set.handle";

/// Builds the set for these handles. The caller holds the lock of the wait arrays.
pub(crate) async fn build(
    t: &Thread,
    shared: &SharedState,
    thread_block: u32,
    events: impl Iterator<Item = EventHandle>,
) {
    discard(t, shared, thread_block).await;
    let set = t.allocate(BYTES).await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    t.write(pointer, set.0).await;
    // FD_ZERO.
    t.write(set + COUNT, 0).await;
    for event in events {
        // FD_SET of WinSock 1.1: if (fd_count < FD_SETSIZE) fd_array[fd_count++] = s;
        let count = t.read(set + COUNT).await;
        if count < HANDLES_MAX {
            t.write(set + handle(count), event.0).await;
            t.write(set + COUNT, count + 1).await;
        }
    }
}

/// The handles that select() is called with; `None` if there is no set any more.
///
/// select() reads as many words as its argument says, and the end of the stack ends it with an
/// access violation.
pub(crate) async fn handles(
    t: &Thread,
    shared: &SharedState,
    thread_block: u32,
) -> Option<Vec<EventHandle>> {
    let copy = copy_to_stack(t, shared, thread_block).await?;
    let count = t.read(copy + select_copy::COUNT).await;
    let mut handles = Vec::new();
    for index in 0..count {
        let word = t.read(copy + select_copy::handle(index)).await;
        handles.push(EventHandle(word));
    }
    Some(handles)
}

/// Copies the set to the stack of the Async Notify: `fd_set copy = *set;`. The words beyond the count
/// are left out, because nothing reads them.
async fn copy_to_stack(t: &Thread, shared: &SharedState, thread_block: u32) -> Option<Address> {
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let set = Address(t.read(pointer).await);
    let copy = shared.layout.select_copy(thread_block);
    if !set.is_null() {
        // Without a lock another thread may have freed the set by now. The first word of a free
        // block is a link of the heap's free list: no count of sockets is so large.
        let count = t.read(set + COUNT).await;
        t.write(copy + select_copy::COUNT, count).await;
        for index in 0..count.min(HANDLES_MAX) {
            let word = t.read(set + handle(index)).await;
            t.write(copy + select_copy::handle(index), word).await;
        }
    }
    shared.unlock(t, lock).await;
    (!set.is_null()).then_some(copy)
}

/// Whether the set still exists, so that the array need not be read again.
pub(crate) async fn is_current(t: &Thread, shared: &SharedState, thread_block: u32) -> bool {
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let set = Address(t.read(pointer).await);
    shared.unlock(t, lock).await;
    !set.is_null()
}

/// Frees the set after an event was handled. A socket that connects is in other sets than one that is
/// open, so a program that calls select() makes its sets anew after each event.
pub(crate) async fn discard_after_event(t: &Thread, shared: &SharedState, thread_block: u32) {
    if shared.build.generation() == Generation::Single {
        return;
    }
    let lock = shared
        .lock(t, Structure::WaitArrays, StructureOperation::Use)
        .await;
    discard(t, shared, thread_block).await;
    shared.unlock(t, lock).await;
}

/// Frees the set, so that the next wait builds another. The caller holds the lock of the wait
/// arrays.
pub(crate) async fn discard(t: &Thread, shared: &SharedState, thread_block: u32) {
    if shared.build.generation() == Generation::Single {
        return;
    }
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let set = Address(t.read(pointer).await);
    // Freed before the pointer is cleared: without a lock a second thread frees the set again.
    heap::free(t, set).await;
    t.write(pointer, 0).await;
}

fn handle(index: u32) -> Field {
    Field::new(4 * (1 + index), HANDLE)
}
