//! What goes out: segments, signals, the next deadline.
//!
//! Owns the order in which they are given out. It sends, wakes and schedules nothing.

use tcp::Uptime;

use super::{Object, SocketTable};
use crate::connections::Kept;
use crate::outgoing::Outgoing;
use crate::wait::Signal;

impl SocketTable {
    /// The next segment to be sent, connections in the order in which something happened to
    /// them, then the RSTs no connection sends.
    pub fn poll_transmit(&mut self, now: Uptime) -> Option<Outgoing> {
        while let Some(connection) = self.connections.first_unsent() {
            let (to, label, transmit) = match self.connections.kept(connection) {
                Kept::Whole(it) => (it.pair.remote.host, it.label, it.tcp.poll_transmit(now)),
                Kept::Remnant(it) => (it.host, it.label, it.tcp.poll_transmit(&self.profile)),
            };
            if let Some(transmit) = transmit {
                return Some(Outgoing {
                    to,
                    label,
                    transmit,
                });
            }
            if self.connections.mark_sent() {
                self.tell(connection);
            }
            self.connections.lay_down(connection);
        }
        self.refusals.pop()
    }

    /// When to call [`on_timeout`](Self::on_timeout) next. Exact once
    /// [`poll_transmit`](Self::poll_transmit) has nothing left, since what is sent is timed.
    #[must_use]
    pub fn poll_timeout(&mut self) -> Option<Uptime> {
        self.poll_timeout_before(Uptime::MAX)
    }

    /// The same, if it is before `planned`: whoever will come back then anyway need not know, and
    /// not knowing costs less.
    #[must_use]
    pub fn poll_timeout_before(&mut self, planned: Uptime) -> Option<Uptime> {
        self.connections.earliest_before(planned)
    }

    /// What became signalled since it was last asked. An event object that was reset or closed
    /// in between is passed over.
    pub fn poll_signal(&mut self) -> Option<Signal> {
        while let Some(signal) = self.signals.pop() {
            let still = match signal {
                Signal::Socket(_) => true,
                Signal::Event(event) => match self.handles.get_mut(event.0) {
                    Some(Object::Event(object)) => object.announce(),
                    Some(Object::Socket(_)) | None => false,
                },
            };
            if still {
                return Some(signal);
            }
        }
        None
    }
}
