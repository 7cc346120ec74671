//! A listener's backlog: connections that arrived and were not accepted yet.
//!
//! Owns their number, order and limit. What the limit's overflow is answered with, and the
//! connections themselves, are the table's.

use std::collections::{BTreeSet, VecDeque};

use crate::pair_index::ConnectionId;

/// Connections of one listener: handshake under way, or established and waiting in order.
#[derive(Debug)]
pub(crate) struct Backlog {
    limit: u32,
    half_open: BTreeSet<ConnectionId>,
    established: VecDeque<ConnectionId>,
}

impl Backlog {
    /// An empty backlog for at most `limit` connections.
    pub(crate) fn new(limit: u32) -> Self {
        assert!(limit > 0, "a listener with no backlog accepts nothing");
        Self {
            limit,
            half_open: BTreeSet::new(),
            established: VecDeque::new(),
        }
    }

    /// How many connections are held. Half-open ones count: NT gives a SYN one of the
    /// `backlog` connection objects a listener has [modelling decision].
    pub(crate) fn len(&self) -> usize {
        self.half_open.len() + self.established.len()
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
    pub(crate) fn begin(&mut self, connection: ConnectionId) {
        assert!(
            !self.is_full(),
            "a SYN beyond the backlog of {}",
            self.limit
        );
        let new = self.half_open.insert(connection);
        assert!(new, "a connection arrived twice");
    }

    /// The handshake is done.
    pub(crate) fn establish(&mut self, connection: ConnectionId) {
        let known = self.half_open.remove(&connection);
        assert!(known, "a handshake nobody began was done");
        self.established.push_back(connection);
    }

    /// The handshake failed: the program never hears of it.
    pub(crate) fn give_up(&mut self, connection: ConnectionId) {
        let known = self.half_open.remove(&connection);
        assert!(known, "a handshake nobody began failed");
    }

    /// The connection that has waited longest.
    pub(crate) fn take(&mut self) -> Option<ConnectionId> {
        self.established.pop_front()
    }

    /// Every connection held: the listener closes.
    pub(crate) fn into_connections(self) -> impl Iterator<Item = ConnectionId> {
        self.half_open.into_iter().chain(self.established)
    }
}
