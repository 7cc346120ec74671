//! The checks that are possible only at the end of a run.

use kernel::Instant;

use super::{MtaEvent, MtaRun};
use crate::oracles::{memory, sockets};
use crate::outcome::Stop;
use crate::record::Record;

impl<E: From<MtaEvent>> MtaRun<'_, E> {
    /// Checks heaps and sockets, and liveness after healing if the healing phase has passed.
    ///
    /// # Panics
    /// If the counters of a socket table do not add up: that is a bug of the simulator.
    pub fn final_checks(&mut self, stop: Stop) {
        let now = *self.now;
        for host in self.mta_hosts() {
            let it = &self.mtas.hosts[host.0 as usize];
            let table = self.internet.sockets(host);
            let counts = table.counters().sockets;
            let open = table.open_sockets().count() as u64;
            // Our own bookkeeping, whatever the system under test does: a panic, not a violation.
            assert_eq!(
                counts.opened,
                counts.closed + open,
                "the sockets of {} are opened, closed or open",
                it.name
            );
            let Some(service) = &it.service else {
                continue;
            };
            // A thread that a limit or the end of the run has stopped may be in the middle of changing the heap,
            // or of opening or closing a connection, whose socket is in no block yet.
            if !service.is_quiescent() {
                continue;
            }
            if let Err(fault) = service.machine.heap_census() {
                let defect = memory::inconsistent_heap(format!("{fault:?}"));
                self.mtas.oracles.add(host, now, [defect]);
            }
            let audit = service.process.audit(&service.machine);
            self.mtas
                .oracles
                .add(host, now, sockets::leaks(table, &audit));
        }
        // A run that was stopped before the end of healing owes nothing yet. Guests may end it, too.
        let end = self
            .scenario
            .healing
            .map(|healing| self.scenario.duration + healing);
        let has_healed = end.is_some_and(|end| now >= Instant::ZERO + end);
        if has_healed && !stop.is_early() {
            self.mtas.oracles.on_healed_end(now);
        }
        self.write_violations();
    }

    /// What is observed of threads and is still open ends with the run.
    pub fn end_observation(&mut self) {
        for host in self.mta_hosts() {
            self.recorder.observer.on_end(host, *self.now);
        }
    }

    /// Writes the violations that were found since the last time into the journal.
    pub(super) fn write_violations(&mut self) {
        for violation in self.mtas.oracles.take_new() {
            let record = Record::Violation(Box::new(violation));
            self.recorder.write(*self.now, record);
        }
    }
}
