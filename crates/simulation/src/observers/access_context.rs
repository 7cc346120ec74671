//! Records the memory accesses around each finding of the race detector and each exception.
//!
//! Only the latest accesses of each host are held, until a finding or an exception needs them.

use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;

use kernel::Instant;
use machine::{Access, AccessKind, Activity, Exception, Finding, Operation};
use net::HostId;

use crate::record::ThreadNumber;

/// Accesses shown before the faulty one.
pub const BEFORE: usize = 48;
/// Accesses shown after the faulty one.
pub const AFTER: usize = 16;
/// Contexts that are kept of a run.
pub const CONTEXTS_MAX: usize = 64;

/// A finding or an exception, with the memory accesses around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessContext {
    /// The host.
    pub host: HostId,
    /// When the finding or the exception occurred.
    pub at: Instant,
    /// The finding or the exception.
    pub cause: ContextCause,
    /// The accesses of all threads around it, in the order in which they were made.
    pub accesses: Vec<MemoryAccess>,
    /// The index of the faulty access in `accesses`, if it is among them.
    pub faulty: Option<usize>,
}

/// What a context was recorded for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextCause {
    /// A finding of the race detector or of the heap checks.
    Finding {
        /// The kind of finding, such as `data race`.
        kind: String,
        /// The access that was found to be wrong: the later one of two.
        access: MemoryAccess,
        /// The earlier access that it conflicts with.
        against: Option<MemoryAccess>,
    },
    /// An exception that ended the process.
    Exception {
        /// Its code, such as 0xc0000005.
        code: u32,
        /// The thread that raised it.
        thread: ThreadNumber,
        /// The line of the program.
        site: &'static Location<'static>,
    },
}

/// An access of a thread to one word of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAccess {
    /// When it was made.
    pub at: Instant,
    /// The thread that made it.
    pub thread: ThreadNumber,
    /// Read, write or interlocked.
    pub kind: AccessKind,
    /// The name of the location, such as `control block.state`.
    pub name: &'static str,
    /// The address of the word.
    pub address: u32,
    /// The value that was written, or read; `None` for the accesses of a finding.
    pub value: Option<u32>,
    /// The line of the program.
    pub site: &'static Location<'static>,
}

/// The contexts of all hosts.
#[derive(Debug, Default)]
pub(super) struct ContextRecorder {
    latest: BTreeMap<HostId, VecDeque<MemoryAccess>>,
    /// Findings whose access has not been reported yet.
    expected: Vec<Finding>,
    open: Vec<OpenContext>,
    contexts: Vec<AccessContext>,
}

/// A context that still lacks accesses after the faulty one.
#[derive(Debug)]
struct OpenContext {
    index: usize,
    missing: usize,
}

impl ContextRecorder {
    /// The race detector has found these in what the threads did since the last time.
    pub(super) fn expect(&mut self, findings: &[Finding]) {
        self.expected.extend_from_slice(findings);
    }

    pub(super) fn on_activity(
        &mut self,
        host: HostId,
        numbers: &[ThreadNumber],
        activity: &Activity,
    ) {
        let Some(access) = access_of(activity, numbers) else {
            return;
        };
        for open in &mut self.open {
            let context = &mut self.contexts[open.index];
            if context.host == host && open.missing > 0 {
                context.accesses.push(access);
                open.missing -= 1;
            }
        }
        self.open.retain(|open| open.missing > 0);
        // One more than BEFORE: the faulty access itself.
        let latest = self.latest.entry(host).or_default();
        if latest.len() > BEFORE {
            latest.pop_front();
        }
        latest.push_back(access);
        let is_this = |it: &Finding| {
            it.access.at == access.at
                && it.access.address.0 == access.address
                && numbers[it.access.thread.index()] == access.thread
        };
        let matched: Vec<Finding> = self.expected.extract_if(.., |it| is_this(it)).collect();
        for finding in matched {
            self.add(host, finding.access.at, finding_of(&finding, numbers), true);
        }
    }

    /// Some findings are about no single access, such as the release of a block that is not
    /// allocated. Their context consists of the accesses before.
    pub(super) fn add_unmatched(&mut self, host: HostId, numbers: &[ThreadNumber]) {
        for finding in std::mem::take(&mut self.expected) {
            self.add(
                host,
                finding.access.at,
                finding_of(&finding, numbers),
                false,
            );
        }
    }

    pub(super) fn on_exception(&mut self, host: HostId, thread: ThreadNumber, raised: &Exception) {
        let last = self.latest.get(&host).and_then(VecDeque::back);
        let is_last = last.is_some_and(|it| (it.at, it.address) == (raised.at, raised.address.0));
        let cause = ContextCause::Exception {
            code: raised.code,
            thread,
            site: raised.site,
        };
        self.add(host, raised.at, cause, is_last);
    }

    /// The process of a host has ended, and its memory with it.
    pub(super) fn on_end(&mut self, host: HostId) {
        self.latest.remove(&host);
        let contexts = &self.contexts;
        self.open.retain(|open| contexts[open.index].host != host);
    }

    pub(super) fn into_contexts(self) -> Vec<AccessContext> {
        self.contexts
    }

    /// Opens a context; `is_last` if the latest access is the faulty one.
    fn add(&mut self, host: HostId, at: Instant, cause: ContextCause, is_last: bool) {
        // A program without locks races without end; the first contexts show how.
        if self.contexts.len() == CONTEXTS_MAX {
            return;
        }
        let latest = self.latest.get(&host);
        let accesses: Vec<MemoryAccess> = latest.into_iter().flatten().copied().collect();
        self.open.push(OpenContext {
            index: self.contexts.len(),
            missing: AFTER,
        });
        self.contexts.push(AccessContext {
            host,
            at,
            cause,
            faulty: is_last.then(|| accesses.len() - 1),
            accesses,
        });
    }
}

fn finding_of(finding: &Finding, numbers: &[ThreadNumber]) -> ContextCause {
    ContextCause::Finding {
        kind: finding.kind.to_string(),
        access: side(&finding.access, numbers),
        against: finding.against.as_ref().map(|it| side(it, numbers)),
    }
}

fn side(access: &Access, numbers: &[ThreadNumber]) -> MemoryAccess {
    MemoryAccess {
        at: access.at,
        thread: numbers[access.thread.index()],
        kind: access.kind,
        name: access.name,
        address: access.address.0,
        value: None,
        site: access.site,
    }
}

fn access_of(activity: &Activity, numbers: &[ThreadNumber]) -> Option<MemoryAccess> {
    let Activity::Call {
        thread,
        at,
        request,
        answer,
        ..
    } = activity
    else {
        return None;
    };
    let location = request.operation.location()?;
    let (kind, value) = if let Operation::Write(_, value) = request.operation {
        (AccessKind::Write, value)
    } else if let Operation::Exchange(_, new) | Operation::CompareExchange { new, .. } =
        request.operation
    {
        (AccessKind::Interlocked, new)
    // The answer of an interlocked addition is the old word, and a context shows the new one.
    } else if let Operation::FetchAdd(_, summand) = request.operation {
        (AccessKind::Interlocked, answer.wrapping_add(summand))
    } else {
        (AccessKind::Read, *answer)
    };
    Some(MemoryAccess {
        at: *at,
        thread: numbers[thread.index()],
        kind,
        name: location.name,
        address: location.address.0,
        value: Some(value),
        site: request.site,
    })
}
