//! The newest calls by which threads meet, as they took place.
//!
//! Owns [`Footprint`], from which one can read who overtook whom, and the ring that keeps the last of
//! them. It refuses to weigh them: that is the judge's, and a run that keeps none takes the same
//! course.

use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;

use kernel::Instant;

use crate::call::{Actor, Deed, ThreadId};
use crate::memory::address::Address;

/// An access to a word, or the entering of a critical section, and what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Who.
    pub thread: ThreadId,
    /// What was done.
    pub deed: Deed,
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
    pub site: &'static Location<'static>,
    /// When.
    pub at: Instant,
    /// The how-manieth such call of this thread, counted from one: what a
    /// [`crate::Preemption`] names it by.
    pub ordinal: u64,
    /// Whether the judge found that nothing orders it behind an earlier access of the word.
    pub raced: bool,
    /// Whether another thread could have gone on in its place.
    pub contended: bool,
    /// Whether the thread was put aside just then: the call had not taken place yet, and follows
    /// when the thread is back.
    pub put_aside: bool,
}

/// The newest of them, of all threads.
#[derive(Debug)]
pub(crate) struct Footprints {
    limit: usize,
    newest: VecDeque<Footprint>,
    counts: BTreeMap<(ThreadId, Deed, &'static str), u64>,
}

impl Footprints {
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

    /// Keeps one, giving it its ordinal.
    pub(crate) fn keep(&mut self, footprint: Footprint) {
        let ordinal = self.count_of(&footprint);
        *ordinal += 1;
        let ordinal = *ordinal;
        self.push(Footprint {
            ordinal,
            ..footprint
        });
    }

    /// Keeps what a thread was about to do when it was put aside.
    pub(crate) fn keep_from(&mut self, footprint: Footprint) {
        let ordinal = *self.count_of(&footprint) + 1;
        self.push(Footprint {
            ordinal,
            put_aside: true,
            ..footprint
        });
    }

    fn count_of(&mut self, footprint: &Footprint) -> &mut u64 {
        let key = (footprint.thread, footprint.deed, footprint.name);
        self.counts.entry(key).or_default()
    }

    fn push(&mut self, footprint: Footprint) {
        if self.newest.len() == self.limit {
            self.newest.pop_front();
        }
        self.newest.push_back(footprint);
    }

    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &Footprint> {
        self.newest.iter()
    }
}
