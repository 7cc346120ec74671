//! Data races by happens-before, word by word: FastTrack (Flanagan, Freund, PLDI 2009).
//!
//! FastTrack stores epochs; this version also stores the accesses, which reports need. A word
//! remembers its last write, and the reads since then that no later read is ordered after.

use crate::race::access::{Access, AccessKind};
use crate::race::access_epoch::{AccessEpoch, LocationNames};
use crate::race::vector_clock::VectorClock;
use crate::sparse_table::SparseTable;

/// Words of one page of the table: a history is large, and most are of a few words in a row.
const PAGE_WORDS: usize = 16;

/// The access histories of all words.
#[derive(Debug, Default)]
pub(crate) struct FastTrack {
    words: SparseTable<WordState, PAGE_WORDS>,
    /// Words with a history.
    touched: Vec<u32>,
    more_reads: MoreReads,
    names: LocationNames,
}

/// The reads of words that several threads read: all but the first of each word.
#[derive(Debug, Default)]
struct MoreReads(Vec<Vec<AccessEpoch>>);

/// The history of one word.
#[derive(Debug, Default)]
struct WordState {
    write: Option<AccessEpoch>,
    /// The first read.
    read: Option<AccessEpoch>,
    /// The index of all other reads in [`MoreReads`], plus one; zero if the word never had any.
    more_reads: u32,
}

impl FastTrack {
    /// Clears all histories; keeps the allocations.
    pub(crate) fn reset(&mut self) {
        for index in self.touched.drain(..) {
            if let Some(state) = self.words.get_mut(index as usize) {
                *state = WordState::default();
            }
        }
        self.more_reads.0.clear();
    }

    /// Records a plain access of the word with number `index` by a thread with this `clock`. Adds
    /// the earlier accesses that it races with to `unordered`.
    pub(crate) fn access(
        &mut self,
        index: usize,
        access: &Access,
        clock: &VectorClock,
        unordered: &mut Vec<Access>,
    ) {
        let state = self.words.entry(index);
        // Accesses to one word mostly have the same name, which the new epoch then takes over without a look-up.
        let like = state.write.as_ref().or(state.read.as_ref());
        if like.is_none() {
            self.touched
                .push(u32::try_from(index).expect("a word number has 32 bits"));
        }
        let trace = AccessEpoch::new(access, clock, like, &mut self.names);
        let names = &self.names;
        let races_with = |earlier: &AccessEpoch| {
            if !earlier.happened_before(clock) {
                unordered.push(earlier.access(access.address, names));
            }
        };
        if access.kind == AccessKind::Write {
            state.write(trace, &mut self.more_reads, races_with);
        } else {
            state.write.iter().for_each(races_with);
            state.read(trace, clock, &mut self.more_reads);
        }
    }
}

impl WordState {
    #[inline(always)]
    fn read(&mut self, read: AccessEpoch, clock: &VectorClock, more_reads: &mut MoreReads) {
        match &mut self.read {
            // The common cases: the first read, and one thread that reads the word again. Its new
            // read replaces the old one, because whatever is ordered after the new read is ordered
            // after the old one too.
            Some(only) if self.more_reads == 0 && only.thread() == read.thread() => *only = read,
            None => self.read = Some(read),
            Some(_) => self.read_by_several(read, clock, more_reads),
        }
    }

    #[inline(never)]
    fn read_by_several(
        &mut self,
        read: AccessEpoch,
        clock: &VectorClock,
        more_reads: &mut MoreReads,
    ) {
        // A read that happened before this one needs no separate check: what is ordered after
        // this read is ordered after that one.
        let first = self.read.filter(|first| !first.happened_before(clock));
        if self.more_reads == 0 {
            match first {
                None => self.read = Some(read),
                Some(_) => more_reads.of(&mut self.more_reads).push(read),
            }
            return;
        }
        let more = more_reads.of(&mut self.more_reads);
        // As above: the only read is replaced by a later one of the same thread.
        if more.is_empty() && self.read.is_some_and(|only| only.thread() == read.thread()) {
            self.read = Some(read);
            return;
        }
        more.retain(|earlier| !earlier.happened_before(clock));
        more.push(read);
        self.read = first.or_else(|| Some(more.remove(0)));
    }

    #[inline(always)]
    fn write(
        &mut self,
        write: AccessEpoch,
        more: &mut MoreReads,
        mut races_with: impl FnMut(&AccessEpoch),
    ) {
        self.write.iter().for_each(&mut races_with);
        self.read.iter().for_each(&mut races_with);
        if self.more_reads > 0 {
            more.of(&mut self.more_reads)
                .drain(..)
                .for_each(|read| races_with(&read));
        }
        // Later accesses are compared with this write alone: an access that is ordered after it is
        // ordered after all that the write is ordered after, and the races of the write with
        // anything else have just been reported.
        self.write = Some(write);
        self.read = None;
    }
}

impl MoreReads {
    /// The list with this index plus one; a new one if it is zero.
    fn of(&mut self, number: &mut u32) -> &mut Vec<AccessEpoch> {
        if *number == 0 {
            self.0.push(Vec::new());
            *number = u32::try_from(self.0.len()).expect("fewer lists than words");
        }
        &mut self.0[*number as usize - 1]
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use kernel::Instant;

    use super::*;
    use crate::call::{Actor, ThreadId};
    use crate::memory::address::Address;

    #[test]
    fn histories_take_memory_where_words_are_accessed() {
        let mut words = FastTrack::default();
        let mut clock = VectorClock::default();
        clock.tick(ThreadId(0));
        for index in [0, 1, 1_048_576] {
            let access = Access {
                thread: ThreadId(0),
                kind: AccessKind::Write,
                actor: Actor::Program,
                name: "word",
                address: Address(4),
                site: Location::caller(),
                at: Instant::ZERO,
            };
            words.access(index, &access, &clock, &mut Vec::new());
        }
        assert_eq!(words.words.allocated(), 2 * PAGE_WORDS);
        words.reset();
        assert_eq!(words.words.allocated(), 2 * PAGE_WORDS);
    }
}
