//! What programs write down without making a call.
//!
//! Owns [`Recorded`], a record with its stamp, and the form of the heap's word on blocks handed out and
//! taken back, which the judge hears. It refuses to be a scheduling point: writing a note lets
//! nobody else run.

use kernel::Instant;

use crate::call::ThreadId;

/// A record with its writer and the time of the writer's last completed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<R> {
    /// When.
    pub at: Instant,
    /// Who.
    pub thread: ThreadId,
    /// What.
    pub record: R,
}

/// The most records that may wait until the world takes them.
pub const RECORDS_MAX: usize = 1 << 22;
