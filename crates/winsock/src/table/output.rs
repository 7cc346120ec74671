//! Outputs of the socket layer: segments, signals and the next timeout.

use tcp::Uptime;

use super::{Object, SocketTable};
use crate::connections::ConnectionRef;
use crate::outgoing::Outgoing;
use crate::wait::Signal;

impl SocketTable {
    /// The next segment to send: first those of connections, in the order of their inputs, then the
    /// resets of closed ports.
    pub fn poll_transmit(&mut self, now: Uptime) -> Option<Outgoing> {
        while let Some(connection) = self.connections.next_output() {
            let ([from, to], label, transmit) = match self.connections.get_mut(connection) {
                ConnectionRef::Full(it) => {
                    let hosts = [it.pair.local.host, it.pair.remote.host];
                    (hosts, it.label, it.tcp.poll_transmit(now))
                }
                ConnectionRef::TimeWait(it) => {
                    (it.hosts, it.label, it.tcp.poll_transmit(&self.profile))
                }
            };
            if let Some(transmit) = transmit {
                return Some(Outgoing {
                    from,
                    to,
                    label,
                    transmit,
                });
            }
            // Sending a reset ends a connection, and its owner must learn of that.
            if self.connections.end_output() {
                self.report(connection);
            }
            self.connections.tidy(connection);
        }
        self.resets.pop()
    }

    /// When to call [`on_timeout`](Self::on_timeout). Only exact after
    /// [`poll_transmit`](Self::poll_transmit) has returned `None`, because sending starts timers.
    #[must_use]
    pub fn poll_timeout(&mut self) -> Option<Uptime> {
        self.poll_timeout_before(Uptime::MAX)
    }

    /// Like [`poll_timeout`](Self::poll_timeout), but only if the timeout is before `planned`. This is
    /// cheaper for a caller that calls `on_timeout` at `planned` in any case.
    #[must_use]
    pub fn poll_timeout_before(&mut self, planned: Uptime) -> Option<Uptime> {
        self.connections.earliest_timeout_before(planned)
    }

    /// The next signal for waiting callers. An event object that was reset or closed since it was
    /// signalled is skipped.
    pub fn poll_signal(&mut self) -> Option<Signal> {
        while let Some(signal) = self.signals.pop_front() {
            let is_current = match signal {
                Signal::Socket(_) => true,
                Signal::Event(event) => match self.handles.get_mut(event.0) {
                    Some(Object::Event(object)) => object.take_signal(),
                    Some(Object::Socket(_)) | None => false,
                },
            };
            if is_current {
                return Some(signal);
            }
        }
        None
    }
}
