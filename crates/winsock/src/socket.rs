//! One socket: where it is in its life, what it selected, how it is to be closed.
//!
//! Owns the phases and nothing that happens in them. The connection lives apart, since it
//! outlives the socket.

use crate::connection_id::ConnectionId;
use crate::error::SocketError;
use crate::listen::Backlog;
use crate::selection::Selection;

/// One open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) phase: Phase,
    /// The local port it bound, by itself or through `connect`. An accepted socket has none
    /// of its own.
    pub(crate) bound: Option<u16>,
    pub(crate) selection: Selection,
    pub(crate) keep_alive: bool,
    /// Close by RST (SO_LINGER with a time of zero).
    pub(crate) hard_close: bool,
    /// A `select` found it not ready and waits.
    pub(crate) awaited: bool,
}

/// Where a socket is in its life.
#[derive(Debug)]
pub(crate) enum Phase {
    Unconnected,
    Listening(Box<Backlog>),
    Connecting(ConnectionId),
    Connected {
        connection: ConnectionId,
        sending: Sending,
    },
    /// The last connect failed; connect may be called again on the same socket.
    ConnectFailed(SocketError),
    /// The connection died under the program's hands.
    Broken(SocketError),
}

/// Whether a connected socket can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Open,
    /// Shut down by the program.
    Shut,
}

impl Socket {
    /// As `socket` makes it.
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Unconnected,
            bound: None,
            selection: Selection::default(),
            keep_alive: false,
            hard_close: false,
            awaited: false,
        }
    }

    /// As `accept` makes it from this listener: options and selection are inherited.
    pub(crate) fn accepted(&self, connection: ConnectionId) -> Self {
        Self {
            phase: Phase::Connected {
                connection,
                sending: Sending::Open,
            },
            bound: None,
            selection: self.selection.inherited(),
            keep_alive: self.keep_alive,
            hard_close: self.hard_close,
            awaited: false,
        }
    }

    /// The connection it has, established or not.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self.phase {
            Phase::Connecting(connection) | Phase::Connected { connection, .. } => Some(connection),
            Phase::Unconnected
            | Phase::Listening(_)
            | Phase::ConnectFailed(_)
            | Phase::Broken(_) => None,
        }
    }
}
