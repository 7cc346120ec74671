//! From the condition of a connection to a recorded network event and a signalled event object.
//!
//! The rules of recording are in `events/selection`. `FD_WRITE` and `FD_CLOSE` are first recorded when
//! TCP reports space or the end of the connection, in `input`.

use super::{Object, SocketTable};
use crate::events::{EventReference, NetworkEvents, Selection};
use crate::handles::SocketHandle;
use crate::socket::{Phase, Sending};
use crate::wait::Signal;

impl SocketTable {
    /// Signals an event object unless its handle was closed.
    pub(super) fn signal(&mut self, event: EventReference) {
        if let Some(Object::Event(object)) = self.handles.get_mut(event.handle.0)
            // NT holds the selected object, not its handle: a reused handle is another object.
            && object.serial() == event.serial
            && object.set()
        {
            self.signals.push_back(Signal::Event(event.handle));
        }
    }

    /// Records an event by `record`, signals the event object it returns, and wakes a `select` that
    /// waits for the socket.
    pub(super) fn notify(
        &mut self,
        handle: SocketHandle,
        record: impl FnOnce(&mut Selection) -> Option<EventReference>,
    ) {
        let socket = self
            .socket_at_mut(handle)
            .expect("the owner of a connection is open");
        let event = record(&mut socket.selection);
        // Whatever changed, the select checks readiness itself when it is called again.
        // A select waits once: whoever calls it again after the signal registers again.
        if std::mem::take(&mut socket.in_select) {
            self.signals.push_back(Signal::Socket(handle));
        }
        if let Some(event) = event {
            self.signal(event);
        }
    }

    /// Handles a call of the re-enabling function of `event`, READ or ACCEPT: the event is enabled,
    /// and recorded again if its condition holds.
    pub(super) fn enable(&mut self, handle: SocketHandle, event: NetworkEvents) {
        // The call may have failed because the handle is stale.
        let Ok(socket) = self.socket_at_mut(handle) else {
            return;
        };
        // The order matters: enabled first, so that data which is there already is recorded at
        // once. A program that reads part of the data is told of the rest.
        socket.selection.enable(event);
        if socket.selection.mask().contains(event) {
            self.record_current_of(handle, event);
        }
    }

    /// Records all selected events whose condition holds.
    pub(super) fn record_current(&mut self, handle: SocketHandle) {
        let mask = self
            .socket_at(handle)
            .expect("the socket is open")
            .selection
            .mask();
        if !mask.is_empty() {
            self.record_current_of(handle, mask);
        }
    }

    fn record_current_of(&mut self, handle: SocketHandle, which: NetworkEvents) {
        let current = self.conditions(handle) & which;
        if current.is_empty() {
            return;
        }
        let phase = &self.socket_at(handle).expect("the socket is open").phase;
        let failure = match phase {
            Phase::ConnectFailed(error) | Phase::Broken(error) => Some(*error),
            Phase::Unconnected
            | Phase::Listening(_)
            | Phase::Connecting(_)
            | Phase::Connected { .. } => None,
        };
        // Only CONNECT and CLOSE carry an error code.
        for event in [
            NetworkEvents::READ,
            NetworkEvents::WRITE,
            NetworkEvents::ACCEPT,
        ] {
            if current.contains(event) {
                self.notify(handle, |selection| selection.record(event));
            }
        }
        if current.contains(NetworkEvents::CONNECT) {
            self.notify(handle, |selection| selection.record_connect(failure));
        }
        if current.contains(NetworkEvents::CLOSE) {
            self.notify(handle, |selection| selection.record_close(failure));
        }
    }

    /// The events whose condition holds, recorded or not: the conditions "when WSAEventSelect is
    /// called" of its page.
    fn conditions(&self, handle: SocketHandle) -> NetworkEvents {
        let none = NetworkEvents::empty();
        match &self.socket_at(handle).expect("the socket is open").phase {
            Phase::Unconnected | Phase::Connecting(_) => none,
            Phase::Listening(backlog) if backlog.is_ready() => NetworkEvents::ACCEPT,
            Phase::Listening(_) => none,
            Phase::ConnectFailed(_) => NetworkEvents::CONNECT,
            Phase::Broken(_) => NetworkEvents::CLOSE,
            Phase::Connected {
                connection,
                sending,
            } => {
                let entry = &self.connections[*connection];
                // CONNECT holds on an accepted socket too, but its selection starts with CONNECT
                // disabled. WRITE does not hold after a 10035 until `unblock` has seen space.
                let when = |holds: bool, event| if holds { event } else { none };
                NetworkEvents::CONNECT
                    | when(entry.tcp.readable() > 0, NetworkEvents::READ)
                    | when(entry.peer_closed, NetworkEvents::CLOSE)
                    | when(
                        *sending == Sending::Open && !entry.blocked && entry.tcp.writable() > 0,
                        NetworkEvents::WRITE,
                    )
            }
        }
    }
}
