//! Data races by happens-before, word by word: FastTrack (Flanagan, Freund, PLDI 2009).
//!
//! FastTrack stores epochs; this version also stores the accesses, which reports need. A word
//! remembers its last write, and the reads since then that no later read is ordered after.

use crate::race::access::{Access, AccessKind};
use crate::race::vector_clock::VectorClock;

/// Words of one page of the table. Pages are allocated where words are accessed.
const PAGE_WORDS: usize = 64;

/// The access histories of all words.
#[derive(Debug, Default)]
pub(crate) struct FastTrack {
    pages: Vec<Option<Box<[WordState; PAGE_WORDS]>>>,
    /// Words with a history.
    touched: Vec<usize>,
}

/// An access with its epoch: the component of its own thread's clock at that time.
#[derive(Clone, Copy, Debug)]
struct Stamped {
    clock: u32,
    access: Access,
}

#[derive(Debug, Default)]
struct WordState {
    write: Option<Stamped>,
    reads: Vec<Stamped>,
}

impl Stamped {
    /// Whether the access happened before the event whose clock is given: one comparison, since an
    /// epoch represents the whole vector clock.
    fn happened_before(&self, clock: &VectorClock) -> bool {
        self.clock <= clock.of(self.access.thread)
    }
}

impl FastTrack {
    /// Clears all histories; keeps the allocations.
    pub(crate) fn reset(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        for index in touched.drain(..) {
            let state = self.word(index);
            state.write = None;
            state.reads.clear();
        }
        self.touched = touched;
    }

    /// Records a plain access of the word with number `index` by a thread with this `clock`. Adds
    /// the earlier accesses that it races with to `unordered`.
    pub(crate) fn access(
        &mut self,
        index: usize,
        access: Access,
        clock: &VectorClock,
        unordered: &mut Vec<Access>,
    ) {
        let stamped = Stamped {
            clock: clock.of(access.thread),
            access,
        };
        let state = self.word(index);
        let is_new = state.is_empty();
        if access.kind == AccessKind::Write {
            state.write(stamped, clock, unordered);
        } else {
            assert_eq!(access.kind, AccessKind::Read, "only plain accesses race");
            state.read(stamped, clock, unordered);
        }
        if is_new {
            self.touched.push(index);
        }
    }

    fn word(&mut self, index: usize) -> &mut WordState {
        let (page, word) = (index / PAGE_WORDS, index % PAGE_WORDS);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page]
            .get_or_insert_with(|| Box::new(std::array::from_fn(|_| WordState::default())));
        &mut page[word]
    }
}

impl WordState {
    fn is_empty(&self) -> bool {
        self.write.is_none() && self.reads.is_empty()
    }

    fn read(&mut self, read: Stamped, clock: &VectorClock, unordered: &mut Vec<Access>) {
        if let Some(write) = &self.write
            && !write.happened_before(clock)
        {
            unordered.push(write.access);
        }
        match self.reads.as_mut_slice() {
            // The common case: one thread reads the word. Its new read replaces the old one,
            // because whatever is ordered after the new read is ordered after the old one too.
            [only] if only.access.thread == read.access.thread => *only = read,
            _ => {
                // A read that happened before this one needs no separate check: what is ordered after
                // this read is ordered after that one.
                self.reads.retain(|earlier| !earlier.happened_before(clock));
                self.reads.push(read);
            }
        }
    }

    fn write(&mut self, write: Stamped, clock: &VectorClock, unordered: &mut Vec<Access>) {
        for earlier in self.write.iter().chain(&self.reads) {
            if !earlier.happened_before(clock) {
                unordered.push(earlier.access);
            }
        }
        // Later accesses are compared with this write alone: an access that is ordered after it is
        // ordered after all that the write is ordered after, and the races of the write with
        // anything else have just been reported.
        self.write = Some(write);
        self.reads.clear();
    }
}
