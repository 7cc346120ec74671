//! The MTA's own hand on the process heap.
//!
//! Owns the check that EXCHMEM makes before it frees a block: a header that does not look
//! allocated raises an exception (Q155302, Q182547). It refuses to repair anything.

use machine::Address;

use crate::environment::Thread;
use crate::record::EventEntry;
use crate::shared::{INCONSISTENT, event};

/// Frees a block of the heap; null is nothing to free.
pub(crate) async fn free(t: &Thread, block: Address) {
    if block.is_null() {
        return;
    }
    if t.check_block(block).await.is_err() {
        event(t, EventEntry::HeapFreeFailure);
        match t.raise(INCONSISTENT).await {}
    }
    // Whether the heap takes it is not looked at, as HeapFree's answer was not.
    t.free(block).await;
}
