//! Nobody is interrupted: the schedule that pinned preemptions are counted from.
//!
//! Owns [`Cooperative`]: a thread goes on until its call would wait, and then the first that need
//! not. An exhaustive search begins with this order, so that what it finds can be said by where it
//! differs. It refuses chance.

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

/// Dispatcher that end only in waiting.
#[derive(Clone, Debug, Default)]
pub struct Cooperative {
    last: Option<ThreadId>,
}

/// Who goes on after `last`.
pub(crate) fn after(last: Option<ThreadId>, runnable: &EnabledSet) -> usize {
    let same = runnable.able().find(|(_, one)| Some(one.thread) == last);
    let next = same.or_else(|| runnable.able().next());
    next.expect("somebody can run").0
}

impl Scheduler for Cooperative {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        let index = after(self.last, runnable);
        self.last = Some(runnable[index].thread);
        index
    }

    fn on_idle(&mut self) {
        self.last = None;
    }
}
