//! The series of runs that an exhaustive search makes, and how far it has come.

use std::cell::RefCell;
use std::rc::Rc;

use super::exploration_tree::ExplorationTree;
use super::explorer::Explorer;

/// Where a search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The largest number of preemptions of a trace; `None` for any number. A preemption is a
    /// switch to another thread although the running thread could continue.
    pub preemptions: Option<u32>,
    /// The largest number of runs.
    pub runs: u64,
}

/// A search through the orders of one program's calls.
#[derive(Debug)]
pub struct Exhaustive {
    bound: Bound,
    search: Rc<RefCell<ExplorationTree>>,
    runs: u64,
    redundant: u64,
    exhausted: bool,
}

impl Exhaustive {
    /// A search within `bound`.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        let search = ExplorationTree::new(bound.preemptions);
        Self {
            bound,
            search: Rc::new(RefCell::new(search)),
            runs: 0,
            redundant: 0,
            exhausted: false,
        }
    }

    /// The scheduler of the next run; `None` if all orders were run or the bound on runs is reached.
    /// The run before must have ended.
    pub fn next_run(&mut self) -> Option<Explorer> {
        if self.exhausted || self.runs == self.bound.runs {
            return None;
        }
        if self.runs > 0 {
            let mut search = self.search.borrow_mut();
            // A run that is cut off as redundant was sleep-set blocked (POPL 2014), or came to a known state.
            self.redundant += u64::from(search.redundant);
            // The dependence relation has changed: races may have been missed in all runs so far.
            if search.must_restart {
                self.redundant = self.runs;
            }
            if !search.backtrack() {
                drop(search);
                self.exhausted = true;
                return None;
            }
        }
        self.runs += 1;
        Some(Explorer::new(Rc::clone(&self.search)))
    }

    /// Whether the present run has turned out to repeat explored traces.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.search.borrow().redundant
    }

    /// Whether every trace within the bound was run.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// The number of runs that were begun.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// The number of runs that repeated explored traces, or were made before the search knew that a
    /// queue may be full.
    #[must_use]
    pub const fn redundant(&self) -> u64 {
        self.redundant
    }

    /// An estimate of the explored fraction of all runs, in millionths (Knuth, "Estimating the
    /// efficiency of backtrack programs", 1975). It takes the subtrees below a choice as equally
    /// large, and does not know of future backtrack points, so it is rather too high.
    #[must_use]
    pub fn fraction_done(&self) -> u64 {
        const WHOLE: u64 = 1_000_000;
        if self.exhausted {
            return WHOLE;
        }
        let search = self.search.borrow();
        // Twenty more bits, so that deep paths do not round to zero.
        let (mut done, mut part) = (0, WHOLE << 20);
        for node in &search.nodes {
            let wanted = node.backtrack.count().max(1);
            let before = (node.backtrack & node.done).without(node.chosen).count();
            part /= wanted;
            done += part * before;
        }
        (done + part) >> 20
    }
}
