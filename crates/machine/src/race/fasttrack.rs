//! Data races by happens-before, word by word.
//!
//! Owns [`FastTrack`]: FastTrack (Flanagan, Freund, PLDI 2009) with the accesses kept for the report.
//! A word remembers its last write and the reads since then that no later read has heard of.
//! It refuses to know how threads synchronise: it is handed their clocks.

use crate::race::access::{Access, AccessKind};
use crate::race::vector_clock::VectorClock;

/// Words of one page of histories; pages are made where words are touched.
const PAGE_WORDS: usize = 64;

/// The histories of all words that were touched.
#[derive(Debug, Default)]
pub(crate) struct FastTrack {
    pages: Vec<Option<Box<[History; PAGE_WORDS]>>>,
    /// Words that have a history.
    touched: Vec<usize>,
}

/// An access and its thread's clock at that time.
#[derive(Clone, Copy, Debug)]
struct Trace {
    clock: u32,
    access: Access,
}

#[derive(Debug, Default)]
struct History {
    write: Option<Trace>,
    reads: Vec<Trace>,
}

impl Trace {
    /// Whether a thread that knows `clock` has heard of this access.
    fn known_to(&self, clock: &VectorClock) -> bool {
        self.clock <= clock.of(self.access.thread)
    }
}

impl FastTrack {
    /// Forgets all histories, keeping their room.
    pub(crate) fn reset(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        for index in touched.drain(..) {
            let history = self.history(index);
            history.write = None;
            history.reads.clear();
        }
        self.touched = touched;
    }

    /// Enters a plain access of the word `index`, made by a thread whose knowledge is `clock`.
    /// Adds the earlier accesses it races with to `unheard`.
    pub(crate) fn enter(
        &mut self,
        index: usize,
        access: Access,
        clock: &VectorClock,
        unheard: &mut Vec<Access>,
    ) {
        let trace = Trace {
            clock: clock.of(access.thread),
            access,
        };
        let history = self.history(index);
        let is_new = history.is_blank();
        if access.kind == AccessKind::Write {
            history.write(trace, clock, unheard);
        } else {
            assert_eq!(access.kind, AccessKind::Read, "only plain accesses race");
            history.read(trace, clock, unheard);
        }
        if is_new {
            self.touched.push(index);
        }
    }

    fn history(&mut self, index: usize) -> &mut History {
        let (page, word) = (index / PAGE_WORDS, index % PAGE_WORDS);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page]
            .get_or_insert_with(|| Box::new(std::array::from_fn(|_| History::default())));
        &mut page[word]
    }
}

impl History {
    fn is_blank(&self) -> bool {
        self.write.is_none() && self.reads.is_empty()
    }

    fn read(&mut self, trace: Trace, clock: &VectorClock, unheard: &mut Vec<Access>) {
        if let Some(write) = &self.write
            && !write.known_to(clock)
        {
            unheard.push(write.access);
        }
        // Most words are read by one thread: its newer read stands for the older one.
        match self.reads.as_mut_slice() {
            [only] if only.access.thread == trace.access.thread => *only = trace,
            _ => {
                self.reads.retain(|read| !read.known_to(clock));
                self.reads.push(trace);
            }
        }
    }

    fn write(&mut self, trace: Trace, clock: &VectorClock, unheard: &mut Vec<Access>) {
        for earlier in self.write.iter().chain(&self.reads) {
            if !earlier.known_to(clock) {
                unheard.push(earlier.access);
            }
        }
        self.write = Some(trace);
        self.reads.clear();
    }
}
