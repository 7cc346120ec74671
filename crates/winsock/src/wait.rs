//! Waiting for many: the sets of `select`, the limits, and what ends a wait.
//!
//! Owns [`SocketSets`] and [`Signal`]. It parks nobody: a caller told to wait asks again when a
//! signal names one of its handles, or when its own timeout is over.

use crate::handle::{EventHandle, SocketHandle};

/// `WSA_MAXIMUM_WAIT_EVENTS`: the most handles of one wait. Q276222 shows a driver thread at
/// the limit: 63 sockets and its wake-up event.
pub const MAXIMUM_WAIT_EVENTS: usize = 64;

/// `FD_SETSIZE`: the most sockets in each set of `select`.
pub const SELECT_SET_SIZE: usize = 64;

/// The three sets of `select`, as asked or as answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketSets {
    /// Sockets with data, end of stream, an error to read, or a connection to accept.
    pub readable: Vec<SocketHandle>,
    /// Sockets whose connect succeeded and that have room to send.
    pub writable: Vec<SocketHandle>,
    /// Sockets whose connect failed.
    pub failed: Vec<SocketHandle>,
}

impl SocketSets {
    /// Whether no set has a socket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readable.is_empty() && self.writable.is_empty() && self.failed.is_empty()
    }
}

/// News for whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// The event object became signalled and still is.
    Event(EventHandle),
    /// The socket's readiness may have changed since a `select` on it had to wait.
    Socket(SocketHandle),
}
