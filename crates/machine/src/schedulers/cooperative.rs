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

impl Scheduler for Cooperative {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let last = self.last;
        let same = enabled
            .non_blocking()
            .find(|(_, call)| Some(call.thread) == last);
        let next = same.or_else(|| enabled.non_blocking().next());
        let (index, call) = next.expect("a thread can run");
        self.last = Some(call.thread);
        index
    }

    /// After a pause the first thread goes, whichever ran before.
    fn on_idle(&mut self) {
        self.last = None;
    }
}
