//! Read-only facts about one host's socket layer, for judges outside.
//!
//! Owns the shapes of the facts. It judges nothing and nothing in the crate reads it back.

use crate::address::{FlowLabel, SocketAddress};
use crate::error::SocketError;
use crate::handle::{EventHandle, SocketHandle};
use crate::network_events::NetworkEvents;

/// How many were ever opened and closed. Counted when it happens, not derived from what is
/// open, so that `opened = closed + open` can be checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Ever opened.
    pub opened: u64,
    /// Ever closed.
    pub closed: u64,
}

/// The totals of one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Socket handles: `socket` and `accept` against `closesocket`.
    pub sockets: Totals,
    /// Event objects: `WSACreateEvent` against `WSACloseEvent`.
    pub events: Totals,
    /// TCP connections: a first SYN sent or taken against forgotten by TCP.
    pub connections: Totals,
    /// Connections in memory: the open ones, those with a last word to send, and those TCP is
    /// done with that a socket can still read.
    pub connections_held: u64,
    /// RSTs not sent because too many waited to be sent.
    pub resets_dropped: u64,
}

/// Where a socket is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Opened and never connected.
    Unconnected,
    /// Listening.
    Listening {
        /// Connections not yet established, and those established and not yet accepted.
        waiting: usize,
    },
    /// A connect is under way.
    Connecting,
    /// Connected; the peer may have closed its side.
    Connected,
    /// The last connect failed; it may be tried again.
    ConnectFailed(SocketError),
    /// It was connected, and the connection is dead.
    Broken(SocketError),
}

/// One open socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketFacts {
    /// Its handle.
    pub handle: SocketHandle,
    /// Its state.
    pub state: SocketState,
    /// Its local port, once bound.
    pub local_port: Option<u16>,
    /// The other end, while it has a connection.
    pub remote: Option<SocketAddress>,
    /// The handle by which its event object was selected.
    pub event: Option<EventHandle>,
    /// The network events selected.
    pub mask: NetworkEvents,
    /// The network events recorded and not enumerated.
    pub recorded: NetworkEvents,
}

/// One TCP connection, with or without a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// The name under which it sends.
    pub label: FlowLabel,
    /// Its local port.
    pub local_port: u16,
    /// The other end.
    pub remote: SocketAddress,
    /// TCP's state.
    pub state: tcp::State,
    /// The socket it belongs to; none before `accept` and after `closesocket`.
    pub socket: Option<SocketHandle>,
}
