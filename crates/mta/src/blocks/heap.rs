//! Freeing a block of the process heap, with the consistency check that EXCHMEM makes first.

use machine::Address;

use crate::environment::Thread;
use crate::record::EventEntry;
use crate::shared::{INCONSISTENT, log_event};

/// Frees a block of the process heap. A null address is ignored.
///
/// A header that does not look allocated raises an exception (Q155302, Q182547).
pub(crate) async fn free(t: &Thread, block: Address) {
    if block.is_null() {
        return;
    }
    if t.check_block(block).await.is_err() {
        log_event(t, EventEntry::HeapFreeFailure);
        match t.raise(INCONSISTENT).await {}
    }
    // The result is ignored, as the program ignores that of HeapFree(): a block that another thread
    // frees between the check and here is freed twice without a report.
    t.free(block).await;
}
