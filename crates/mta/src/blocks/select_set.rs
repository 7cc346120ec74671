//! The select sets of 4.0: the list of handles that one select() call waits for.
//!
//! Owns the set as a block of the process heap that a thread control block points to. The Async
//! Notify makes it anew for every call, and whoever changes the wait array throws it away: two
//! threads "update the pointers used by one select call" (Q152951), and unguarded both may free
//! the same block. The event-driven builds have none.

use machine::{Address, Field};
use winsock::EventHandle;

use crate::blocks::heap;
use crate::build::{Generation, Operation, Structure};
use crate::environment::Thread;
use crate::layout::wait_array;
use crate::shared::Shared;

const HANDLE: &str = "select set.handle";

/// Makes the set for what was found in the array, and reads the handles back from it. Call it
/// under the guard of the wait arrays.
pub(crate) async fn make(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    events: Vec<EventHandle>,
) -> Vec<EventHandle> {
    if shared.build.generation() == Generation::Single {
        return events;
    }
    throw_away(t, shared, thread_block).await;
    let words = u32::try_from(events.len())
        .expect("at most 63 entries")
        .max(1);
    let set = t.allocate(4 * words).await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    t.write(pointer, set.0).await;
    for (event, index) in events.iter().zip(0..) {
        t.write(set + handle(index), event.0).await;
    }
    let mut handles = Vec::with_capacity(events.len());
    for (_, index) in events.iter().zip(0..) {
        handles.push(EventHandle(t.read(set + handle(index)).await));
    }
    handles
}

/// Whether the set is still as it was made. The event-driven builds look at the array every time.
pub(crate) async fn is_current(t: &Thread, shared: &Shared, thread_block: u32) -> bool {
    if shared.build.generation() == Generation::Single {
        return false;
    }
    let guard = shared.lock(t, Structure::WaitArrays, Operation::Use).await;
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let set = Address(t.read(pointer).await);
    shared.unlock(t, guard).await;
    !set.is_null()
}

/// Frees the set, so that it is made anew. Call it under the guard of the wait arrays.
pub(crate) async fn throw_away(t: &Thread, shared: &Shared, thread_block: u32) {
    if shared.build.generation() == Generation::Single {
        return;
    }
    let pointer = shared.layout.thread_block(thread_block) + wait_array::SET;
    let set = Address(t.read(pointer).await);
    heap::free(t, set).await;
    t.write(pointer, 0).await;
}

fn handle(index: u32) -> Field {
    Field::new(4 * index, HANDLE)
}
