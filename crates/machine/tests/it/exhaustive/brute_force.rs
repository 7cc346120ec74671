//! A scheduler that makes every choice there is, equivalent orders too.

use std::cell::RefCell;
use std::rc::Rc;

use machine::{EnabledSet, PendingCall, Scheduler};

/// Every path through the tree of choices, depth first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// At each step of the present path: the choice, and how many there were.
    path: Vec<(usize, usize)>,
    depth: usize,
}

/// Makes all choices, or all with few enough preemptions.
#[derive(Debug)]
pub(super) struct Brute {
    pub(super) tree: Rc<RefCell<Tree>>,
    /// Preemptions left; `None` for any number, and then calls that block are choices too.
    pub(super) left: Option<u32>,
    pub(super) last: Option<u32>,
}

impl Scheduler for Brute {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let all_block = enabled.iter().all(PendingCall::blocks);
        let may = |one: &PendingCall| self.left.is_none() || all_block || !one.blocks();
        let goes_on =
            |one: &PendingCall| Some(one.thread.index() as u32) == self.last && !one.blocks();
        let last_goes_on = enabled.iter().any(goes_on);
        let stuck = last_goes_on && self.left == Some(0);
        let options: Vec<usize> = (0..enabled.len())
            .filter(|index| may(&enabled[*index]) && (!stuck || goes_on(&enabled[*index])))
            .collect();
        let mut tree = self.tree.borrow_mut();
        let depth = tree.depth;
        tree.depth += 1;
        if depth == tree.path.len() {
            tree.path.push((0, options.len()));
        }
        let index = options[tree.path[depth].0];
        let preempts = last_goes_on && !goes_on(&enabled[index]);
        self.left = self.left.map(|left| left - u32::from(preempts));
        self.last = Some(enabled[index].thread.index() as u32);
        index
    }
}

impl Tree {
    pub(super) fn next_path(&mut self) -> bool {
        self.depth = 0;
        while let Some((choice, count)) = self.path.pop() {
            if choice + 1 < count {
                self.path.push((choice + 1, count));
                return true;
            }
        }
        false
    }
}
