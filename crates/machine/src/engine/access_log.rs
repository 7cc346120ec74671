//! The access log: the latest calls on named words and critical sections.
//!
//! It shows which thread came between two calls of another, and names each call as a
//! [preemption](crate::Preemption) does.

use std::collections::{BTreeMap, VecDeque};

use kernel::Instant;

use crate::call::{Actor, CallSite, OperationKind, ThreadId};
use crate::memory::address::Address;

/// One access to a word, or one attempt to enter a critical section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessLogEntry {
    /// The thread.
    pub thread: ThreadId,
    /// The kind of operation.
    pub kind: OperationKind,
    /// The name of the location or critical section.
    pub name: &'static str,
    /// The address of the word; `None` for a critical section.
    pub address: Option<Address>,
    /// The value that was read or written; `None` if the word is not mapped or the thread blocks.
    pub value: Option<u32>,
    /// The code that made the call.
    pub actor: Actor,
    /// The line of the program.
    pub site: CallSite,
    /// Simulated time.
    pub at: Instant,
    /// Which of the thread's calls of this kind and name it is, counted from one.
    pub nth: u64,
    /// Whether the race detector found the access unordered with an earlier one.
    pub raced: bool,
    /// Whether another thread could have made its call instead.
    pub contended: bool,
    /// Whether the thread was preempted just before the call. The call itself has an entry of its
    /// own, when the thread is scheduled again.
    pub preempted: bool,
}

/// The latest entries of all threads.
#[derive(Debug)]
pub(crate) struct AccessLog {
    limit: usize,
    latest: VecDeque<AccessLogEntry>,
    counts: BTreeMap<(ThreadId, OperationKind, &'static str), u64>,
}

impl AccessLog {
    /// A log of at most `limit` entries; zero turns it off.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            latest: VecDeque::new(),
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0
    }

    /// Adds a call that was made, and numbers it.
    pub(crate) fn push(&mut self, entry: AccessLogEntry) {
        let count = self.count_of(&entry);
        *count += 1;
        let nth = *count;
        self.append(AccessLogEntry { nth, ..entry });
    }

    /// Adds the call before which a thread was preempted.
    pub(crate) fn push_preempted(&mut self, entry: AccessLogEntry) {
        // The call is not made yet: it has the next number, but does not use it up.
        let nth = *self.count_of(&entry) + 1;
        self.append(AccessLogEntry {
            nth,
            preempted: true,
            ..entry
        });
    }

    fn count_of(&mut self, entry: &AccessLogEntry) -> &mut u64 {
        let key = (entry.thread, entry.kind, entry.name);
        self.counts.entry(key).or_default()
    }

    fn append(&mut self, entry: AccessLogEntry) {
        if self.latest.len() == self.limit {
            self.latest.pop_front();
        }
        self.latest.push_back(entry);
    }

    /// All entries, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &AccessLogEntry> {
        self.latest.iter()
    }
}
