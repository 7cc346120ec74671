//! Exceptions that end the modeled process.
//!
//! A fault of the simulator itself is a panic, never one of these.

use std::fmt;

use kernel::Instant;

use crate::call::{CallSite, LockId, ThreadId};
use crate::memory::address::{Address, Location};

/// `STATUS_ACCESS_VIOLATION`: the word is not mapped.
pub const ACCESS_VIOLATION: u32 = 0xC000_0005;
/// `STATUS_DATATYPE_MISALIGNMENT`: the address is not a multiple of four. A real x86 allows that;
/// the machine does not, because such an address almost always comes from a torn pointer.
pub const DATATYPE_MISALIGNMENT: u32 = 0x8000_0002;
/// `STATUS_RESOURCE_NOT_OWNED`: a thread left a critical section that it does not own.
pub const RESOURCE_NOT_OWNED: u32 = 0xC000_0264;
/// `STATUS_POSSIBLE_DEADLOCK`: a walk along a free list did not end. On a real machine the walker
/// spins while it holds the heap's lock, until the waits of other threads time out.
pub const POSSIBLE_DEADLOCK: u32 = 0xC000_0194;

/// The exception that ended the modeled process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The NT status code, such as `c0000005`.
    pub code: u32,
    /// The thread that raised it.
    pub thread: ThreadId,
    /// Simulated time.
    pub at: Instant,
    /// The address that was accessed, for a memory fault; null otherwise.
    pub address: Address,
    /// Whether the faulting access was a write.
    pub writes: bool,
    /// The reason.
    pub cause: Cause,
    /// The line of the program that made the faulting call.
    pub site: CallSite,
}

/// The reason for an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing is mapped at the address.
    Unmapped(Location),
    /// The address is not a multiple of four.
    Unaligned(Location),
    /// The thread does not own the critical section that it left.
    NotOwned(LockId),
    /// The program raised the exception itself.
    Raised,
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "exception {:08x}: ", self.code)?;
        match self.cause {
            Cause::Unmapped(location) => write!(formatter, "{location} is not mapped"),
            Cause::Unaligned(location) => write!(formatter, "{location} is not aligned"),
            Cause::NotOwned(_) => formatter.write_str("left a critical section it does not own"),
            Cause::Raised => formatter.write_str("raised by the program"),
        }
    }
}
