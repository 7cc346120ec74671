//! The newest calls by which threads meet, as they took place.
//!
//! Owns [`AccessLogEntry`], from which one can read who overtook whom, and the ring that keeps the last of
//! them. It refuses to weigh them: that is the judge's, and a run that keeps none takes the same
//! course.

use std::collections::{BTreeMap, VecDeque};
use std::panic;

use kernel::Instant;

use crate::call::{Actor, OperationKind, ThreadId};
use crate::memory::address::Address;

/// An access to a word, or the entering of a critical section, and what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessLogEntry {
    /// Who.
    pub thread: ThreadId,
    /// What was done.
    pub kind: OperationKind,
    /// The name of the place or the critical section.
    pub name: &'static str,
    /// The word; none of a critical section.
    pub address: Option<Address>,
    /// What was read, or what was to be written; none if the word is not mapped, or the thread
    /// has to wait.
    pub value: Option<u32>,
    /// Whose hand.
    pub actor: Actor,
    /// The line of the program.
    pub site: &'static panic::Location<'static>,
    /// When.
    pub at: Instant,
    /// The how-manieth such call of this thread, counted from one: what a
    /// [`crate::Preemption`] names it by.
    pub nth: u64,
    /// Whether the judge found that nothing orders it behind an earlier access of the word.
    pub raced: bool,
    /// Whether another thread could have gone on in its place.
    pub contended: bool,
    /// Whether the thread was put aside just then: the call had not taken place yet, and follows
    /// when the thread is back.
    pub preempted: bool,
}

/// The newest of them, of all threads.
#[derive(Debug)]
pub(crate) struct AccessLog {
    limit: usize,
    newest: VecDeque<AccessLogEntry>,
    counts: BTreeMap<(ThreadId, OperationKind, &'static str), u64>,
}

impl AccessLog {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            newest: VecDeque::new(),
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn are_kept(&self) -> bool {
        self.limit > 0
    }

    /// Keeps one, giving it its nth.
    pub(crate) fn keep(&mut self, footprint: AccessLogEntry) {
        let nth = self.count_of(&footprint);
        *nth += 1;
        let nth = *nth;
        self.push(AccessLogEntry { nth, ..footprint });
    }

    /// Keeps what a thread was about to do when it was put aside.
    pub(crate) fn keep_from(&mut self, footprint: AccessLogEntry) {
        let nth = *self.count_of(&footprint) + 1;
        self.push(AccessLogEntry {
            nth,
            preempted: true,
            ..footprint
        });
    }

    fn count_of(&mut self, footprint: &AccessLogEntry) -> &mut u64 {
        let key = (footprint.thread, footprint.kind, footprint.name);
        self.counts.entry(key).or_default()
    }

    fn push(&mut self, footprint: AccessLogEntry) {
        if self.newest.len() == self.limit {
            self.newest.pop_front();
        }
        self.newest.push_back(footprint);
    }

    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &AccessLogEntry> {
        self.newest.iter()
    }
}
