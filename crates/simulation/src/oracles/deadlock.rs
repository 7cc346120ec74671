//! Deadlocks among the threads of one process.
//!
//! Property: no threads wait for each other's critical sections in a cycle. `Machine::deadlock`
//! (`machine/src/machine/inspect.rs`) looks for cycles among waiting threads and lock owners at the end
//! of each time slice. A cycle never opens
//! again, so none is missed. Waits for messages, events or the network are not part of a cycle: a
//! process that hangs on those shows in `liveness`.

use std::collections::BTreeSet;

use net::HostId;

use super::ViolationDetails;
use crate::record::ThreadNumber;
use config::plan::ViolationKind;

/// The hosts whose process is known to be deadlocked; each is reported once.
#[derive(Debug, Default)]
pub(super) struct Deadlocks(BTreeSet<HostId>);

impl Deadlocks {
    /// The process of a host has ended.
    pub(super) fn on_end(&mut self, host: HostId) {
        self.0.remove(&host);
    }

    /// Each thread of `cycle` waits for the critical section beside it, which the next one owns.
    pub(super) fn on_cycle(
        &mut self,
        host: HostId,
        cycle: &[(ThreadNumber, &'static str)],
    ) -> Option<ViolationDetails> {
        if !self.0.insert(host) {
            return None;
        }
        let waits = cycle
            .iter()
            .map(|(thread, lock)| format!("thread {} waits for {lock}", thread.0));
        let detail = waits.collect::<Vec<_>>().join(", ");
        // Sorted, because the signature must not depend on where the cycle was entered.
        let mut locks: Vec<&str> = cycle.iter().map(|(_, lock)| *lock).collect();
        locks.sort_unstable();
        let location = format!("critical sections: {}", locks.join(", "));
        Some(ViolationDetails::new(
            ViolationKind::Deadlock,
            &location,
            detail,
        ))
    }
}
