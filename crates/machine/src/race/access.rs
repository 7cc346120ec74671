//! One access to a modeled word, as reports show it.

use std::fmt;

use kernel::Instant;

use crate::call::{Actor, CallSite, Operation, Request, ThreadId};
use crate::memory::address::{Address, Location};

/// The kind of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessKind {
    /// A plain read.
    Read,
    /// A plain write.
    Write,
    /// An atomic read-modify-write.
    Interlocked,
    /// The heap frees a block.
    Free,
    /// The heap allocates a block.
    Allocate,
}

/// An access: by which thread, to which word, where in the source, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The thread.
    pub thread: ThreadId,
    /// The kind.
    pub kind: AccessKind,
    /// The code that made it.
    pub actor: Actor,
    /// The name of the location, such as `"control block.state"`.
    pub name: &'static str,
    /// The address of the word.
    pub address: Address,
    /// The line of the program.
    pub site: CallSite,
    /// Simulated time.
    pub at: Instant,
}

impl Access {
    pub(crate) fn new(
        thread: ThreadId,
        request: &Request,
        location: Location,
        at: Instant,
    ) -> Self {
        let kind = if matches!(request.operation, Operation::Read(_)) {
            AccessKind::Read
        } else if matches!(request.operation, Operation::Write(..)) {
            AccessKind::Write
        } else {
            assert!(
                matches!(
                    request.operation,
                    Operation::Exchange(..)
                        | Operation::CompareExchange { .. }
                        | Operation::FetchAdd(..)
                ),
                "{:?} accesses no word",
                request.operation
            );
            AccessKind::Interlocked
        };
        Self {
            thread,
            kind,
            actor: request.actor,
            name: location.name,
            address: location.address,
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
