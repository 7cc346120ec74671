//! The select sets of 4.0: the list of handles that one select() call waits for.
//!
//! A set is a block of the process heap that a thread control block points to. The Async Notify
//! builds one for its wait, and each thread that changes the wait array discards it. Two threads
//! "update the pointers used by one select call" (Q152951): without a lock both may free the same
//! heap block. Exchange 5.5 and 2000 have no select sets.

use machine::{Address, Field};
use winsock::EventHandle;

use crate::blocks::heap;
use crate::blocks::wait_entry::WaitEntry;
use crate::build::{Generation, Operation, Structure};
use crate::environment::Thread;
use crate::layout::wait_array;
use crate::shared::Shared;

const HANDLE: &str = "select set.handle";

/// Builds the set for these handles. The caller holds the lock of the wait arrays.
pub(crate) async fn build(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    events: Vec<EventHandle>,
) {
    if shared.build.generation() == Generation::Single {
        return;
    }
    discard(t, shared, thread_block).await;
    // At least one word, so that a set without handles has an address: null means "no set".
    let words = u32::try_from(events.len())
        .expect("an array has at most 63 entries")
        .max(1);
    let set = t.allocate(4 * words).await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    t.write(pointer, set.0).await;
    for (event, index) in events.iter().zip(0..) {
        t.write(set + handle(index), event.0).await;
    }
}

/// The handles of `entries` as select() reads them from the set; `None` if there is no set any more.
/// Exchange 5.5 and 2000 pass the handles of the array itself.
pub(crate) async fn handles(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    entries: &[WaitEntry],
) -> Option<Vec<EventHandle>> {
    if shared.build.generation() == Generation::Single {
        return Some(entries.iter().map(|entry| entry.event).collect());
    }
    let lock = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let is_there = t.read(pointer).await != 0;
    let mut handles = Vec::with_capacity(entries.len());
    if is_there {
        // The pointer is read a second time, to pass it on, and select() follows it. Without a lock
        // another thread may have freed the set in between: then it is null, or leads to words of
        // another block.
        let set = Address(t.read(pointer).await);
        for (_, index) in entries.iter().zip(0..) {
            handles.push(EventHandle(t.read(set + handle(index)).await));
        }
    }
    shared.unlock(t, lock).await;
    is_there.then_some(handles)
}

/// Whether the set still exists, so that the array need not be read again. Exchange 5.5 and 2000
/// read the array before each wait.
pub(crate) async fn is_current(t: &Thread, shared: &Shared, thread_block: u32) -> bool {
    if shared.build.generation() == Generation::Single {
        return false;
    }
    let lock = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let set = Address(t.read(pointer).await);
    shared.unlock(t, lock).await;
    !set.is_null()
}

/// Frees the set, so that the next wait builds another. The caller holds the lock of the wait
/// arrays.
pub(crate) async fn discard(t: &Thread, shared: &Shared, thread_block: u32) {
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
    Field::new(4 * index, HANDLE)
}
