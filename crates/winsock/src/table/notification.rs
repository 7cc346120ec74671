//! From a condition of a connection to a recorded network event and a signalled object.
//!
//! Owns which conditions make which event. Whether it is recorded again is `selection`'s.

use super::{Object, SocketTable};
use crate::event_object::EventReference;
use crate::handle::SocketHandle;
use crate::network_events::NetworkEvents;
use crate::selection::Selection;
use crate::socket::{Phase, Sending};
use crate::wait::Signal;

impl SocketTable {
    /// Sets the event object, if it still has its handle, and announces it.
    pub(super) fn signal(&mut self, event: EventReference) {
        if let Some(Object::Event(object)) = self.handles.get_mut(event.handle.0)
            && object.serial() == event.serial
            && object.set()
        {
            self.signals.push(Signal::Event(event.handle));
        }
    }

    /// Lets `record` change the socket's selection, signals the object it names, and wakes a
    /// `select` that waits for the socket.
    pub(super) fn notify(
        &mut self,
        handle: SocketHandle,
        record: impl FnOnce(&mut Selection) -> Option<EventReference>,
    ) {
        let socket = self
            .socket_at_mut(handle)
            .expect("a connection's owner is open");
        let event = record(&mut socket.selection);
        if std::mem::take(&mut socket.awaited) {
            self.signals.push(Signal::Socket(handle));
        }
        if let Some(event) = event {
            self.signal(event);
        }
    }

    /// The enabling function of `event`, READ or ACCEPT, was called: it is recorded again if
    /// its condition still holds. A stale handle has nothing to enable.
    pub(super) fn enable(&mut self, handle: SocketHandle, event: NetworkEvents) {
        let Ok(socket) = self.socket_at_mut(handle) else {
            return;
        };
        socket.selection.enable(event);
        if socket.selection.mask().contains(event) {
            self.record_standing_of(handle, event);
        }
    }

    /// Records every selected event whose condition holds now.
    pub(super) fn record_standing(&mut self, handle: SocketHandle) {
        let mask = self
            .socket_at(handle)
            .expect("the socket was just used")
            .selection
            .mask();
        if !mask.is_empty() {
            self.record_standing_of(handle, mask);
        }
    }

    fn record_standing_of(&mut self, handle: SocketHandle, which: NetworkEvents) {
        let standing = self.standing(handle).intersection(which);
        if standing.is_empty() {
            return;
        }
        let phase = &self
            .socket_at(handle)
            .expect("the socket was just used")
            .phase;
        let failure = match phase {
            Phase::ConnectFailed(error) | Phase::Broken(error) => Some(*error),
            Phase::Unconnected
            | Phase::Listening(_)
            | Phase::Connecting(_)
            | Phase::Connected { .. } => None,
        };
        for event in [
            NetworkEvents::READ,
            NetworkEvents::WRITE,
            NetworkEvents::ACCEPT,
        ] {
            if standing.contains(event) {
                self.notify(handle, |selection| selection.record(event));
            }
        }
        if standing.contains(NetworkEvents::CONNECT) {
            self.notify(handle, |selection| selection.record_connect(failure));
        }
        if standing.contains(NetworkEvents::CLOSE) {
            self.notify(handle, |selection| selection.record_close(failure));
        }
    }

    /// The events whose condition holds, recorded or not (the conditions "when WSAEventSelect
    /// is called" of its page).
    fn standing(&self, handle: SocketHandle) -> NetworkEvents {
        let none = NetworkEvents::NONE;
        match &self
            .socket_at(handle)
            .expect("the socket was just used")
            .phase
        {
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
