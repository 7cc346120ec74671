//! When `FD_READ`, `FD_WRITE`, `FD_ACCEPT`, `FD_CONNECT` and `FD_CLOSE` are recorded: on an event of
//! TCP, by the call that enables them again, and by `WSAEventSelect` if their condition holds.
//!
//! What the record keeps and when it is cleared is in `events/event_selection`.

use tcp::Event;

use super::{Object, SocketTable};
use crate::connections::{ConnectionId, Owner};
use crate::error::SocketError;
use crate::events::{EventReference, EventSelection, NetworkEvents};
use crate::handles::SocketHandle;
use crate::socket::{Sending, SocketPhase};
use crate::wait::Signal;

/// Why a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureReason {
    Reset,
    Refused,
    TimedOut,
    Unreachable,
}

impl SocketTable {
    pub(super) fn on_event(&mut self, connection: ConnectionId, event: Event) {
        match event {
            Event::Connected => self.on_connected(connection),
            Event::Readable => self.on_readable(connection),
            Event::PeerClosed => self.on_peer_closed(connection),
            Event::Reset => self.on_failure(connection, FailureReason::Reset),
            Event::Refused => self.on_failure(connection, FailureReason::Refused),
            Event::TimedOut => self.on_failure(connection, FailureReason::TimedOut),
            Event::Unreachable => self.on_failure(connection, FailureReason::Unreachable),
            // `unblock` checks for space, and `report` for CLOSED.
            Event::Writable | Event::Closed => {}
        }
    }

    fn on_connected(&mut self, connection: ConnectionId) {
        match self.connections[connection].owner {
            Owner::Socket(handle) => {
                let socket = self.socket_at_mut(handle).expect("the owner is open");
                assert!(
                    matches!(socket.phase, SocketPhase::Connecting(_)),
                    "socket {handle} was not connecting"
                );
                socket.phase = SocketPhase::Connected {
                    connection,
                    sending: Sending::Open,
                };
                // WSAEventSelect page: FD_WRITE is recorded when a socket is first connected.
                self.notify(handle, |selection| selection.record_connect(None));
                self.notify(handle, |selection| selection.record(NetworkEvents::WRITE));
            }
            Owner::HalfOpen(listener) => {
                self.connections[connection].owner = Owner::Unaccepted(listener);
                self.backlog(listener).establish(connection);
                self.notify(listener, |selection| {
                    selection.record(NetworkEvents::ACCEPT)
                });
            }
            Owner::Unaccepted(listener) => {
                panic!("a connection of listener {listener} connected twice")
            }
            Owner::Orphaned => {}
        }
    }

    fn on_readable(&mut self, connection: ConnectionId) {
        if let Owner::Socket(handle) = self.connections[connection].owner {
            self.notify(handle, |selection| selection.record(NetworkEvents::READ));
        }
    }

    /// Handles the peer's FIN. Received bytes may be unread.
    fn on_peer_closed(&mut self, connection: ConnectionId) {
        let entry = &mut self.connections[connection];
        entry.peer_closed = true;
        if let Owner::Socket(handle) = entry.owner {
            self.notify(handle, |selection| selection.record_close(None));
        }
    }

    fn on_failure(&mut self, connection: ConnectionId, failure: FailureReason) {
        let entry = &mut self.connections[connection];
        match entry.owner {
            Owner::Socket(handle) => {
                self.fail_socket(handle, failure);
                self.orphan(connection);
            }
            Owner::HalfOpen(listener) => {
                self.backlog(listener).remove_half_open();
                self.orphan(connection);
            }
            // It stays in the backlog: `accept` reports the failure (WSAAccept page).
            Owner::Unaccepted(_) => entry.failure = Some(close_error(failure)),
            Owner::Orphaned => {}
        }
    }

    fn fail_socket(&mut self, handle: SocketHandle, failure: FailureReason) {
        let socket = self.socket_at_mut(handle).expect("the owner is open");
        match socket.phase {
            SocketPhase::Connecting(_) => {
                // The socket can connect again, so it does not keep the connection.
                let error = connect_error(failure);
                socket.phase = SocketPhase::ConnectFailed(error);
                self.notify(handle, |selection| selection.record_connect(Some(error)));
            }
            SocketPhase::Connected { .. } => {
                let error = close_error(failure);
                // The error stays with the socket: each later call returns it, also after the
                // connection is gone.
                socket.phase = SocketPhase::Broken(error);
                self.notify(handle, |selection| selection.record_close(Some(error)));
            }
            SocketPhase::Unconnected
            | SocketPhase::Listening(_)
            | SocketPhase::ConnectFailed(_)
            | SocketPhase::Broken(_) => panic!("socket {handle} has no connection"),
        }
    }

    /// Records WRITE if a blocked send can be repeated now.
    pub(super) fn unblock(&mut self, connection: ConnectionId) {
        let entry = &mut self.connections[connection];
        if let Owner::Socket(handle) = entry.owner
            && entry.blocked
            && entry.tcp.writable() > 0
        {
            entry.blocked = false;
            self.notify(handle, |selection| selection.record(NetworkEvents::WRITE));
        }
    }

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
        record: impl FnOnce(&mut EventSelection) -> Option<EventReference>,
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
            SocketPhase::ConnectFailed(error) | SocketPhase::Broken(error) => Some(*error),
            SocketPhase::Unconnected
            | SocketPhase::Listening(_)
            | SocketPhase::Connecting(_)
            | SocketPhase::Connected { .. } => None,
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
            SocketPhase::Unconnected | SocketPhase::Connecting(_) => none,
            SocketPhase::Listening(backlog) if backlog.is_ready() => NetworkEvents::ACCEPT,
            SocketPhase::Listening(_) => none,
            SocketPhase::ConnectFailed(_) => NetworkEvents::CONNECT,
            SocketPhase::Broken(_) => NetworkEvents::CLOSE,
            SocketPhase::Connected {
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

/// The error code of `FD_CONNECT` (WSAEnumNetworkEvents page).
fn connect_error(failure: FailureReason) -> SocketError {
    match failure {
        FailureReason::Reset | FailureReason::Refused => SocketError::ConnectionRefused,
        FailureReason::TimedOut => SocketError::TimedOut,
        FailureReason::Unreachable => SocketError::NetworkUnreachable,
    }
}

/// The error code of `FD_CLOSE` (WSAEnumNetworkEvents page) and of later calls.
fn close_error(failure: FailureReason) -> SocketError {
    match failure {
        FailureReason::Reset | FailureReason::Refused => SocketError::ConnectionReset,
        // The local system gave up, not the peer: WSAECONNABORTED. A reset is WSAECONNRESET.
        FailureReason::TimedOut | FailureReason::Unreachable => SocketError::ConnectionAborted,
    }
}
