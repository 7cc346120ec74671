//! One touch of a modeled word, as it stands in reports.
//!
//! Owns [`Access`]. It refuses a verdict: that is the judge's.

use std::fmt;
use std::panic;

use kernel::Instant;

use crate::call::{Actor, Request, ThreadId};
use crate::memory::address::{Address, Location};

/// How a word is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessKind {
    /// Read.
    Read,
    /// Recorded.
    Write,
    /// Read and written in one indivisible step.
    Interlocked,
    /// Given back to the heap.
    Free,
    /// Handed out by the heap.
    Allocate,
}

/// Who touched what, where in the text, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The thread.
    pub thread: ThreadId,
    /// How.
    pub kind: AccessKind,
    /// Whose hand.
    pub actor: Actor,
    /// The name of the place, such as `"control block.state"`.
    pub name: &'static str,
    /// The word.
    pub address: Address,
    /// The line of the program.
    pub site: &'static panic::Location<'static>,
    /// When.
    pub at: Instant,
}

impl Access {
    pub(crate) fn of(thread: ThreadId, request: &Request, place: Location, at: Instant) -> Self {
        use crate::call::Operation::{CompareExchange, Exchange, Read, Write};
        let kind = if matches!(request.operation, Read(_)) {
            AccessKind::Read
        } else if matches!(request.operation, Write(..)) {
            AccessKind::Write
        } else {
            assert!(
                matches!(request.operation, Exchange(..) | CompareExchange { .. }),
                "{:?} touches no word",
                request.operation
            );
            AccessKind::Interlocked
        };
        Self {
            thread,
            kind,
            actor: request.actor,
            name: place.name,
            address: place.address,
            site: request.site,
            at,
        }
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Interlocked => "interlocked",
            Self::Free => "free",
            Self::Allocate => "allocate",
        })
    }
}

/// `write of control block.state at 0167a3c8 by thread 2 (pool.rs:41) at 12.5`
impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread,
            kind,
            name,
            address,
            site,
            at,
            actor: _,
        } = self;
        let (file, line, number) = (site.file(), site.line(), thread.index());
        write!(
            formatter,
            "{kind} of {name} at {address} by thread {number} ({file}:{line}) at {at}"
        )
    }
}
