//! The scheduler of one run of an exhaustive search.
//!
//! The tree with its sleep sets and backtrack sets is in `exploration_tree`, backtrack points in `race_reversal`.

use std::cell::RefCell;
use std::rc::Rc;

use super::exploration_tree::{ExplorationTree, PathNode};
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

/// The scheduler of one machine in one run of a search.
#[derive(Debug)]
pub struct Explorer {
    search: Rc<RefCell<ExplorationTree>>,
    /// The number of the machine in the run.
    machine: u64,
}

/// A choice that differs from that of the [cooperative](crate::Cooperative) schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleDeviation {
    /// The number of the machine in the run, in the order of creation.
    pub machine: u64,
    /// The stable key of the thread that would have continued.
    pub from: u64,
    /// The number of calls that this thread had made.
    pub calls: u64,
    /// The stable key of the thread that ran instead.
    pub to: u64,
}

impl Explorer {
    /// The scheduler of the first machine of a run.
    pub(super) const fn new(search: Rc<RefCell<ExplorationTree>>) -> Self {
        Self { search, machine: 0 }
    }

    /// The scheduler of another machine in the same run.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut search = self.search.borrow_mut();
        search.machines += 1;
        Self {
            search: Rc::clone(&self.search),
            machine: search.machines,
        }
    }

    /// Where the run so far differs from the [cooperative](crate::Cooperative) schedule.
    #[must_use]
    pub fn deviations(&self) -> Vec<ScheduleDeviation> {
        let search = self.search.borrow();
        let made = search.nodes.iter().take(search.depth);
        let deviating = made.filter(|node| node.chosen != node.cooperative);
        let key = |node: &PathNode, thread| search.thread_keys[node.machine as usize].of(thread);
        deviating
            .map(|node| ScheduleDeviation {
                machine: node.machine,
                from: key(node, node.cooperative),
                calls: node.calls,
                to: key(node, node.chosen),
            })
            .collect()
    }

    /// Fixes the choices so far: every run makes them in the same way, and the search reorders only
    /// later calls. Must be called between two stretches, at the same point of every run.
    pub fn fix_prefix(&self) {
        let search = &mut *self.search.borrow_mut();
        search.first_choice = search.depth;
        for node in &mut search.nodes[..search.depth] {
            node.backtrack = node.done.with(node.chosen);
        }
    }

    /// Whether the run has turned out to repeat explored traces.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.search.borrow().redundant
    }

    /// Reports the state of the whole simulation at the end of a stretch. If the search has explored
    /// that state with at most as many preemptions, the run is redundant from here on.
    pub fn visit_state(&self, fingerprint: u64) {
        self.search.borrow_mut().visit_state(fingerprint);
    }
}

impl Scheduler for Explorer {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        self.search.borrow_mut().choose(self.machine, enabled)
    }

    fn on_idle(&mut self) {
        self.search.borrow_mut().starts_stretch = true;
    }
}
