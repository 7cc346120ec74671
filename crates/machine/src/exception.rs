//! The modeled process's own exceptions.
//!
//! Owns [`Exception`], its codes and causes. It refuses to mean a fault of the simulator: that
//! is a panic.

use std::fmt;
use std::panic;

use kernel::Instant;

use crate::call::{LockId, ThreadId};
use crate::memory::address::{Address, Location};

/// `STATUS_ACCESS_VIOLATION`: a word that is not mapped.
pub const ACCESS_VIOLATION: u32 = 0xC000_0005;
/// `STATUS_DATATYPE_MISALIGNMENT`: a word at an address that is no multiple of four. The x86
/// itself would not mind; a torn pointer that passes for an odd one should be seen, not hidden.
pub const DATATYPE_MISALIGNMENT: u32 = 0x8000_0002;
/// `STATUS_RESOURCE_NOT_OWNED`: a critical section left by a thread that is not inside.
pub const RESOURCE_NOT_OWNED: u32 = 0xC000_0264;
/// `STATUS_POSSIBLE_DEADLOCK`: a walk along a free list that came to no end. On the real machine
/// the walker spins while holding the heap's lock until the others' waits give up.
pub const POSSIBLE_DEADLOCK: u32 = 0xC000_0194;

/// What ended the modeled process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The code, such as `c0000005`.
    pub code: u32,
    /// The thread that was running.
    pub thread: ThreadId,
    /// When.
    pub at: Instant,
    /// The address touched, for a memory fault; null otherwise.
    pub address: Address,
    /// Whether the fatal access would have written; a raised exception has none.
    pub writes: bool,
    /// Why.
    pub cause: Cause,
    /// The line of the program that made the fatal call.
    pub site: &'static panic::Location<'static>,
}

/// Why an exception came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing is mapped there.
    Unmapped(Location),
    /// The address is no multiple of four.
    Unaligned(Location),
    /// The critical section is not owned by the thread that leaves it.
    NotOwned(LockId),
    /// The program raised it.
    Raised,
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "exception {:08x}: ", self.code)?;
        match self.cause {
            Cause::Unmapped(place) => write!(formatter, "{place} is not mapped"),
            Cause::Unaligned(place) => write!(formatter, "{place} is not aligned"),
            Cause::NotOwned(_) => formatter.write_str("left a critical section it was not in"),
            Cause::Raised => formatter.write_str("raised by the program"),
        }
    }
}
