//! A listener's backlog: connections that the program has not accepted yet.
//!
//! What happens to a SYN when it is full is the host's `FullBacklog` (`config.rs`): RST, as NT does, or
//! nothing, as Linux does. `table/input.rs` carries it out.

use std::collections::VecDeque;

use crate::connections::ConnectionId;

/// The connections of one listener that the program has not accepted.
#[derive(Debug)]
pub(crate) struct Backlog {
    limit: u32,
    /// Connections in SYN-RECEIVED. Their `Owner` names the listener.
    half_open: u32,
    /// Established connections, oldest first.
    established: VecDeque<ConnectionId>,
}

impl Backlog {
    /// An empty backlog for at most `limit` connections.
    pub(crate) fn new(limit: u32) -> Self {
        assert!(limit > 0, "the backlog limit is zero");
        Self {
            limit,
            half_open: 0,
            established: VecDeque::new(),
        }
    }

    /// Half-open and established connections. NT gives a SYN one of the listener's `backlog`
    /// connection objects, so half-open connections count [I].
    pub(crate) fn len(&self) -> usize {
        self.half_open as usize + self.established.len()
    }

    /// Whether there is no room for another SYN.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.limit as usize
    }

    /// Whether a connection can be accepted.
    pub(crate) fn is_ready(&self) -> bool {
        !self.established.is_empty()
    }

    /// Counts a connection in SYN-RECEIVED.
    pub(crate) fn add_half_open(&mut self) {
        assert!(
            !self.is_full(),
            "the backlog of {} connections is full",
            self.limit
        );
        self.half_open += 1;
    }

    /// Moves a half-open connection to the established ones.
    pub(crate) fn establish(&mut self, connection: ConnectionId) {
        // `accept` returns connections in the order of their handshakes' ends, not of their SYNs.
        self.remove_half_open();
        self.established.push_back(connection);
    }

    /// A handshake failed or ended. The program does not learn of a failed one.
    pub(crate) fn remove_half_open(&mut self) {
        assert!(self.half_open > 0, "there is no half-open connection");
        self.half_open -= 1;
    }

    /// Removes and returns the oldest established connection.
    pub(crate) fn accept(&mut self) -> Option<ConnectionId> {
        self.established.pop_front()
    }

    /// The established connections, oldest first.
    pub(crate) fn into_established(self) -> impl Iterator<Item = ConnectionId> {
        self.established.into_iter()
    }
}
