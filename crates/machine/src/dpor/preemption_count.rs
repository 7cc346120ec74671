//! Preemptions of the current path, and whether a prefix of it can still become a trace within the
//! bound.

use super::exploration_tree::ExplorationTree;

impl ExplorationTree {
    /// Preemptions of the stretch up to and including the choice at `depth`.
    pub(super) fn preemptions_after(&self, depth: usize) -> u32 {
        let node = &self.nodes[depth];
        node.preempted + u32::from(self.preempts(depth, node.chosen))
    }

    /// Whether it is a preemption if `thread` goes first at `depth`.
    pub(super) fn preempts(&self, depth: usize, thread: u8) -> bool {
        let node = &self.nodes[depth];
        let before = self.trace.events[node.start..depth].last();
        before.is_some_and(|last| last.thread != thread && node.enabled.has(last.thread))
    }

    /// Whether the calls before `depth` and then `event` may still become a trace within the bound.
    pub(super) fn is_within_bound(&mut self, depth: usize, event: usize) -> bool {
        let Some(bound) = self.preemptions else {
            return true;
        };
        let node = &self.nodes[depth];
        let thread = self.trace.events[event].thread;
        let here = node.preempted + u32::from(self.preempts(depth, thread));
        if here + node.spent <= bound {
            return true;
        }
        // A prefix may need more preemptions than the whole trace: a switch that is free in the trace,
        // because the thread blocks or ends there, is a preemption in a prefix that shows the thread
        // running. The slack for this is that of Marmanis and Vafeiadis. Their proof reverses single
        // calls. Here critical sections are reordered as wholes, so a prefix can end within two of
        // them, and its two threads are interrupted: hence two more, which no proof covers. Too much
        // slack costs runs; too little loses traces.
        let threads = self.trace.threads_since(node.start).count() as u32;
        let of_sections = if self.trace.has_sections(node.start) {
            2
        } else {
            0
        };
        let slack = threads.saturating_sub(2) + of_sections;
        let Some(left) = (bound + slack).checked_sub(node.spent) else {
            return false;
        };
        let (before, last) = (node.start..depth, Some(event));
        here <= left
            || self
                .preemption_search
                .needs_at_most(&self.trace, before, last, left)
    }

    /// The fewest preemptions in any order of the stretch that has just ended.
    pub(super) fn fewest_preemptions_of_stretch(&mut self) -> u32 {
        let depth = self.nodes.len() - 1;
        let here = self.preemptions_after(depth);
        if self.preemptions.is_none() {
            return 0;
        }
        let whole = self.nodes[depth].start..depth + 1;
        let (search, trace) = (&mut self.preemption_search, &self.trace);
        // `here` is an upper bound: the order of the run itself needs that many.
        let mut fewer = 0..here;
        let enough = fewer.find(|most| search.needs_at_most(trace, whole.clone(), None, *most));
        enough.unwrap_or(here)
    }
}
