//! The accesses of threads to shared memory, up to a limit of the scenario.

use std::fmt;

use kernel::{Duration, Instant};

use config::plan::{OperationKind, Preemption, PreemptionPoint};

/// An access of a thread to a word of shared memory, or its entry into a critical section.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
pub struct LoggedAccess {
    /// When it was made.
    pub at: Instant,
    /// The host, by name.
    pub host: String,
    /// The thread's name.
    pub thread: String,
    /// The thread's number.
    pub number: u16,
    /// The kind of operation.
    pub kind: OperationKind,
    /// The name of the location, such as `control block.state`, or of the critical section.
    pub of: &'static str,
    /// The address of the word; `None` for a critical section.
    pub address: Option<u32>,
    /// The value that was read or written; `None` if no memory is there, or if the thread waits.
    pub value: Option<u32>,
    /// Which operation of this kind on this name it is for this thread, from 1.
    pub nth: u64,
    /// Whether the code of the heap made it, and not the program's.
    pub by_heap: bool,
    /// Whether it races with an earlier access to the same word.
    pub raced: bool,
    /// Whether another thread could run in its place, so that a preemption here would change the
    /// schedule.
    pub contended: bool,
    /// Whether a preemption came just before it. The thread makes the access when it runs again.
    pub preempted: bool,
    /// The source file of the program.
    pub file: &'static str,
    /// The line in `file`.
    pub line: u32,
}

impl LoggedAccess {
    /// An entry of the machine's access log.
    pub(crate) fn new(
        host: &str,
        thread: &str,
        number: u16,
        kept: &machine::AccessLogEntry,
    ) -> Self {
        Self {
            at: kept.at,
            host: host.to_owned(),
            thread: thread.to_owned(),
            number,
            kind: match kept.kind {
                machine::OperationKind::Read => OperationKind::Read,
                machine::OperationKind::Write => OperationKind::Write,
                machine::OperationKind::Interlocked => OperationKind::Interlocked,
                machine::OperationKind::Enter => OperationKind::Enter,
            },
            of: kept.name,
            address: kept.address.map(|address| address.0),
            value: kept.value,
            nth: kept.nth,
            by_heap: kept.actor == machine::Actor::Heap,
            raced: kept.raced,
            contended: kept.contended,
            preempted: kept.preempted,
            file: kept.site.file(),
            line: kept.site.line(),
        }
    }

    /// The preemption of this thread just before this access.
    #[must_use]
    pub fn preemption(&self) -> Preemption {
        Preemption {
            host: self.host.clone(),
            thread: u32::from(self.number),
            before: PreemptionPoint::Operation {
                kind: self.kind,
                of: self.of.to_owned(),
                nth: self.nth,
            },
            length: Duration::ZERO,
            to: None,
        }
    }

    /// Whether two accesses conflict: different threads, the same word, and not both are reads.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        // An entry at which a thread was preempted is not an access yet.
        let are_made = !self.preempted && !other.preempted;
        let same_word = are_made && self.address.is_some() && self.address == other.address;
        let only_read = self.kind == OperationKind::Read && other.kind == OperationKind::Read;
        same_word && self.host == other.host && self.number != other.number && !only_read
    }
}

/// `POP4 UP (005) reads control block.state: 4, crates/mta/src/shared.rs:149`
impl fmt::Display for LoggedAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread,
            number,
            of,
            file,
            line,
            ..
        } = self;
        let does = match self.kind {
            OperationKind::Read => "reads",
            OperationKind::Write => "writes",
            OperationKind::Interlocked => "exchanges",
            OperationKind::Enter => "enters",
        };
        write!(formatter, "{thread} ({number:03}) ")?;
        if self.preempted {
            write!(formatter, "is preempted before it {does} {of}")?;
        } else {
            write!(formatter, "{does} {of}")?;
        }
        match (self.kind, self.value) {
            (OperationKind::Enter, Some(_)) => {}
            _ if self.preempted => {}
            (OperationKind::Enter, None) => write!(formatter, ", and waits")?,
            // Counts and states are small; pointers are above the first 64 KiB, which NT maps
            // nothing into.
            (_, Some(value)) if value < 0x10000 => write!(formatter, ": {value}")?,
            (_, Some(value)) => write!(formatter, ": {value:08x}")?,
            (_, None) => write!(formatter, ", where no memory is")?,
        }
        write!(formatter, ", {file}:{line}")
    }
}
