//! Records: what programs report to the code around the machine, without a scheduling point.

use kernel::Instant;

use crate::call::ThreadId;

/// A record, its thread, and the time of the thread's last completed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<R> {
    /// Simulated time.
    pub at: Instant,
    /// The thread.
    pub thread: ThreadId,
    /// The record.
    pub record: R,
}

/// The largest number of records that may wait until they are taken.
pub const RECORDS_MAX: usize = 1 << 22;
