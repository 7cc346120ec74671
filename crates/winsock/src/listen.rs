//! A listener's backlog: connections that arrived and were not accepted yet.
//!
//! Owns their number, order and limit. What the limit's overflow is answered with, and the
//! connections themselves, are the table's.

use std::collections::VecDeque;

use crate::connection_id::ConnectionId;

/// Connections of one listener: handshake under way, or established and waiting in order.
#[derive(Debug)]
pub(crate) struct Backlog {
    limit: u32,
    /// How many handshakes are under way; whose they are, their connections know.
    half_open: u32,
    established: VecDeque<ConnectionId>,
}

impl Backlog {
    /// An empty backlog for at most `limit` connections.
    pub(crate) fn new(limit: u32) -> Self {
        assert!(limit > 0, "a listener with no backlog accepts nothing");
        Self {
            limit,
            half_open: 0,
            established: VecDeque::new(),
        }
    }

    /// How many connections are held. Half-open ones count: NT gives a SYN one of the
    /// `backlog` connection objects a listener has [modelling decision].
    pub(crate) fn len(&self) -> usize {
        self.half_open as usize + self.established.len()
    }

    /// Whether a SYN would be one too many.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.limit as usize
    }

    /// Whether a connection can be accepted.
    pub(crate) fn is_ready(&self) -> bool {
        !self.established.is_empty()
    }

    /// A SYN arrived.
    pub(crate) fn begin(&mut self) {
        assert!(
            !self.is_full(),
            "a SYN beyond the backlog of {}",
            self.limit
        );
        self.half_open += 1;
    }

    /// The handshake is done.
    pub(crate) fn establish(&mut self, connection: ConnectionId) {
        self.give_up();
        self.established.push_back(connection);
    }

    /// The handshake failed: the program never hears of it.
    pub(crate) fn give_up(&mut self) {
        assert!(self.half_open > 0, "a handshake nobody began is over");
        self.half_open -= 1;
    }

    /// The connection that has waited longest.
    pub(crate) fn take(&mut self) -> Option<ConnectionId> {
        self.established.pop_front()
    }

    /// Those established, in order: the listener closes.
    pub(crate) fn into_established(self) -> impl Iterator<Item = ConnectionId> {
        self.established.into_iter()
    }
}
