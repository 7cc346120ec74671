//! Limits, sets and signals of `WSAWaitForMultipleEvents` and `select`.

use crate::handles::{EventHandle, SocketHandle};

/// `WSA_MAXIMUM_WAIT_EVENTS`: the maximum number of handles in one wait. Q276222 describes a thread
/// at the limit: 63 sockets and a wake-up event.
pub const MAXIMUM_WAIT_EVENTS: usize = 64;

/// `FD_SETSIZE`: the maximum number of sockets in each set of `select`.
pub const SELECT_SET_SIZE: usize = 64;

/// The three sets of `select`, as arguments or as the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketSets {
    /// Sockets with data, end of stream, an error to read, or a connection to accept.
    pub readable: Vec<SocketHandle>,
    /// Sockets that are connected and have buffer space.
    pub writable: Vec<SocketHandle>,
    /// Sockets whose connect failed.
    pub failed: Vec<SocketHandle>,
}

impl SocketSets {
    /// Whether all sets are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readable.is_empty() && self.writable.is_empty() && self.failed.is_empty()
    }
}

/// Tells a waiting caller to call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// The event object became signalled and still is.
    Event(EventHandle),
    /// The socket's readiness may have changed since a `select` waited for it.
    Socket(SocketHandle),
}
