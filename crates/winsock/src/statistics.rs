//! Counters and snapshots of one host's socket layer.

use crate::address::SocketAddress;
use crate::error::SocketError;
use crate::events::NetworkEvents;
use crate::flow_label::FlowLabel;
use crate::handles::{EventHandle, SocketHandle};

/// Objects ever opened and closed. They are counted separately from the open ones, so that
/// `opened = closed + open` can be checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Objects opened.
    pub opened: u64,
    /// Objects closed.
    pub closed: u64,
}

/// The counters of one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Socket handles: `socket` and `accept` against `closesocket`.
    pub sockets: Totals,
    /// Event objects: `WSACreateEvent` against `WSACloseEvent`.
    pub events: Totals,
    /// TCP connections: a SYN sent or accepted against CLOSED.
    pub connections: Totals,
    /// Connections in memory: those not CLOSED, and those with output or with a socket that may
    /// still receive.
    pub connections_held: u64,
    /// Resets dropped because too many were queued.
    pub resets_dropped: u64,
}

/// The state of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Neither connected nor listening.
    Unconnected,
    /// Listening.
    Listening {
        /// Connections in the backlog, half-open or not accepted yet.
        waiting: usize,
    },
    /// A connect is under way.
    Connecting,
    /// Connected. The peer may have closed its side.
    Connected,
    /// The last connect failed. It may be tried again.
    ConnectFailed(SocketError),
    /// The connection was reset or aborted.
    Broken(SocketError),
}

/// The state of one open socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketSnapshot {
    /// The handle.
    pub handle: SocketHandle,
    /// The state.
    pub state: SocketState,
    /// The local port, once bound.
    pub local_port: Option<u16>,
    /// The peer, while there is a connection.
    pub remote: Option<SocketAddress>,
    /// The handle by which the event object was selected.
    pub event: Option<EventHandle>,
    /// The selected network events.
    pub mask: NetworkEvents,
    /// The network events that are recorded and not enumerated yet.
    pub recorded: NetworkEvents,
}

/// The state of one TCP connection, with or without a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionSnapshot {
    /// The label of what it sends.
    pub label: FlowLabel,
    /// The own address.
    pub local: SocketAddress,
    /// The peer.
    pub remote: SocketAddress,
    /// The TCP state.
    pub state: tcp::State,
    /// The socket; `None` before `accept` and after `closesocket`.
    pub socket: Option<SocketHandle>,
}
