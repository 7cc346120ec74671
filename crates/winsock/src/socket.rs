//! The state of one socket.

use crate::address::SocketAddress;
use crate::backlog::Backlog;
use crate::connections::ConnectionId;
use crate::error::SocketError;
use crate::events::EventSelection;

/// An open socket. Its connection is stored separately, because it outlives the socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) phase: SocketPhase,
    /// The address it is bound to, by `bind` or by `connect`; with zero as its host, the port of all
    /// addresses. An accepted socket is not bound: the listener's port is not its own.
    pub(crate) bound: Option<SocketAddress>,
    pub(crate) selection: EventSelection,
    pub(crate) keep_alive: bool,
    /// `closesocket` sends RST (SO_LINGER with a time of zero).
    pub(crate) hard_close: bool,
    /// A `select` found it not ready and waits for a signal.
    pub(crate) in_select: bool,
}

/// The phase of a socket.
#[derive(Debug)]
pub(crate) enum SocketPhase {
    Unconnected,
    // Boxed: few sockets listen, and a backlog is larger than every other phase.
    Listening(Box<Backlog>),
    Connecting(ConnectionId),
    Connected {
        connection: ConnectionId,
        sending: Sending,
    },
    /// The last connect failed; connect may be called again on the same socket.
    ConnectFailed(SocketError),
    /// The connection was reset or aborted.
    Broken(SocketError),
}

/// Whether a connected socket can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Open,
    /// The program has called `shutdown`.
    Shut,
}

impl Socket {
    /// A new socket (`socket`).
    pub(crate) fn new() -> Self {
        Self {
            phase: SocketPhase::Unconnected,
            bound: None,
            selection: EventSelection::default(),
            keep_alive: false,
            hard_close: false,
            in_select: false,
        }
    }

    /// A socket accepted from this listener (`accept`): it inherits options and selection.
    pub(crate) fn accepted(&self, connection: ConnectionId) -> Self {
        Self {
            phase: SocketPhase::Connected {
                connection,
                sending: Sending::Open,
            },
            bound: None,
            selection: self.selection.inherited(),
            keep_alive: self.keep_alive,
            hard_close: self.hard_close,
            in_select: false,
        }
    }

    /// The socket's connection, established or not.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self.phase {
            SocketPhase::Connecting(connection) | SocketPhase::Connected { connection, .. } => {
                Some(connection)
            }
            SocketPhase::Unconnected
            | SocketPhase::Listening(_)
            | SocketPhase::ConnectFailed(_)
            | SocketPhase::Broken(_) => None,
        }
    }
}
