//! Hosts of a run that run an MTA, beside the guests.
//!
//! Within one instant, links and hosts change first, then packets arrive, then timers expire. What that
//! wakes of the guests runs next, and modeled threads last, since they see all of the instant. Threads run
//! ahead of the event queue, but never up to a tick at which a timer of tokio's could be due.

use kernel::Instant;
use net::HostId;
use simulation::mta_hosts::{MtaEvent, MtaRun};
use simulation::outcome::Stop;

use super::{TOKIO_TICK, World};
use crate::scheduled_event::ScheduledEvent;

impl World {
    /// Whether a host runs an MTA.
    pub(crate) fn is_mta(&self, host: HostId) -> bool {
        self.mtas.as_ref().is_some_and(|mtas| mtas.is_mta(host))
    }

    /// Calls `act` with the MTAs, if there are any. The clock follows what their threads did.
    pub(super) fn with_mtas(&mut self, act: impl FnOnce(&mut MtaRun<'_, ScheduledEvent>)) {
        let before = self.now();
        let after = self.with_mtas_at(before, act);
        self.advance(after.nanos() - before.nanos());
    }

    /// Calls `act` with the MTAs, if there are any, at `now`. Returns up to when their threads ran.
    pub(crate) fn with_mtas_at(
        &mut self,
        mut now: Instant,
        act: impl FnOnce(&mut MtaRun<'_, ScheduledEvent>),
    ) -> Instant {
        if let Some(mtas) = &mut self.mtas {
            let tick = now.nanos() - now.nanos() % TOKIO_TICK + TOKIO_TICK;
            act(&mut MtaRun {
                mtas,
                scenario: &self.scenario,
                slice_limit: Instant::from_nanos(tick - 1),
                now: &mut now,
                internet: self.sockets.internet_mut(),
                recorder: &mut self.recorder,
            });
        }
        now
    }

    /// Whether guests' tasks run before modeled threads do at this instant. At a tick, tokio has to be asked
    /// once for its timers.
    pub(super) fn tasks_come_first(&mut self, at: u64, is_woken: bool) -> bool {
        if is_woken {
            return true;
        }
        let is_asked = !at.is_multiple_of(TOKIO_TICK) || self.timers_first_at == Some(at);
        self.timers_first_at = Some(at);
        !is_asked
    }

    /// Wakes the threads of a host after an event of the network.
    pub(super) fn wake_threads(&mut self, host: HostId) {
        if self.is_mta(host) {
            self.with_mtas(|run| run.wake(host));
        }
    }

    /// Something is due for an MTA.
    pub(super) fn on_mta(&mut self, event: MtaEvent) {
        let Some(mtas) = &self.mtas else { return };
        if mtas.is_message_too_many(event, &self.scenario) {
            return self.end(Stop::Messages);
        }
        if !mtas.is_stale(event) {
            self.with_mtas(|run| run.handle(event));
        }
    }
}
