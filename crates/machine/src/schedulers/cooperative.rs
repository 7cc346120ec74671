//! The cooperative schedule, without preemptions and without random choices.
//!
//! The exhaustive search starts with it and describes each schedule by its deviations from it.

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;

/// A thread runs until its call would block; then the first thread runs whose call would not.
#[derive(Clone, Debug, Default)]
pub struct Cooperative {
    last: Option<ThreadId>,
}

impl Cooperative {
    /// The index that it chooses next.
    pub(crate) fn peek(&self, enabled: &EnabledSet) -> usize {
        let same = enabled
            .non_blocking()
            .find(|(_, call)| self.is_last(call.thread));
        let next = same.or_else(|| enabled.non_blocking().next());
        let (index, _) = next.expect("a thread can run");
        index
    }

    /// Whether this thread ran last, without a pause since.
    pub(crate) fn is_last(&self, thread: ThreadId) -> bool {
        self.last == Some(thread)
    }

    /// This thread ran, whichever was chosen.
    pub(crate) fn ran(&mut self, thread: ThreadId) {
        self.last = Some(thread);
    }
}

impl Scheduler for Cooperative {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let index = self.peek(enabled);
        self.ran(enabled[index].thread);
        index
    }

    /// After a pause the first thread goes, whichever ran before.
    fn on_idle(&mut self) {
        self.last = None;
    }
}
