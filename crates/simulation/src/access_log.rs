//! The accesses of threads to shared memory, up to a limit of the scenario.

use std::fmt;

use kernel::{Duration, Instant};

use config::plan::{OperationKind, Preemption, PreemptionPoint};

/// An access of a thread to a word of shared memory, or its entry into a critical section.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
pub struct LoggedAccess {
    /// When.
    pub at: Instant,
    /// The host, by name.
    pub host: String,
    /// The thread's name.
    pub thread: String,
    /// The thread's number.
    pub number: u16,
    /// What it does.
    pub deed: OperationKind,
    /// To what: the name of the place, such as `control block.state`, or of the critical section.
    pub of: &'static str,
    /// The word; none of a critical section.
    pub address: Option<u32>,
    /// What was read or written; none if no word is there, or the thread has to wait.
    pub value: Option<u32>,
    /// The how-manieth such deed of the thread, from 1.
    pub nth: u64,
    /// Whether it is the heap's own code that the thread was in.
    pub by_heap: bool,
    /// Whether nothing orders it behind an earlier access of the same word: a data race.
    pub raced: bool,
    /// Whether another thread could have gone on in its place: before such an access a
    /// preemption makes a difference.
    pub contended: bool,
    /// Whether the thread was put aside just then by a preemption: it had not come to this yet,
    /// and does so when it is back.
    pub put_aside: bool,
    /// The program's file.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
}

impl LoggedAccess {
    /// As the machine kept it.
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
            deed: match kept.kind {
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
            put_aside: kept.preempted,
            file: kept.site.file(),
            line: kept.site.line(),
        }
    }

    /// The preemption that puts the thread aside just before this.
    #[must_use]
    pub fn preemption(&self) -> Preemption {
        Preemption {
            host: self.host.clone(),
            thread: u32::from(self.number),
            before: PreemptionPoint::Operation {
                kind: self.deed,
                of: self.of.to_owned(),
                nth: self.nth,
            },
            length: Duration::ZERO,
            to: None,
        }
    }

    /// Whether the order of two accesses of different threads matters: one word, not only read.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let both = !self.put_aside && !other.put_aside;
        let word = both && self.address.is_some() && self.address == other.address;
        let reads = self.deed == OperationKind::Read && other.deed == OperationKind::Read;
        word && self.host == other.host && self.number != other.number && !reads
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
        let (does, about) = match self.deed {
            OperationKind::Read => ("reads", "read"),
            OperationKind::Write => ("writes", "write"),
            OperationKind::Interlocked => ("exchanges", "exchange"),
            OperationKind::Enter => ("enters", "enter"),
        };
        write!(formatter, "{thread} ({number:03}) ")?;
        if self.put_aside {
            write!(formatter, "is put aside when about to {about} {of}")?;
        } else {
            write!(formatter, "{does} {of}")?;
        }
        match (self.deed, self.value) {
            (OperationKind::Enter, Some(_)) => {}
            _ if self.put_aside => {}
            (OperationKind::Enter, None) => write!(formatter, ", and waits")?,
            (_, Some(value)) if value < 0x10000 => write!(formatter, ": {value}")?,
            (_, Some(value)) => write!(formatter, ": {value:08x}")?,
            (_, None) => write!(formatter, ", and no word is there")?,
        }
        write!(formatter, ", {file}:{line}")
    }
}
