//! A listener's backlog: connections that the program has not accepted yet.
//!
//! What it counts, and what happens when it is full, is the host's `FullBacklog` (`config.rs`).
//! `table/input.rs` carries it out.

use std::collections::VecDeque;

use crate::config::FullBacklog;
use crate::connections::ConnectionId;

/// The connections of one listener that the program has not accepted.
#[derive(Debug)]
pub(crate) struct Backlog {
    limit: u32,
    full: FullBacklog,
    /// Connections in SYN-RECEIVED. Their `Owner` names the listener.
    half_open: u32,
    /// Established connections, oldest first.
    established: VecDeque<ConnectionId>,
}

impl Backlog {
    /// An empty backlog with this limit.
    pub(crate) fn new(limit: u32, full: FullBacklog) -> Self {
        assert!(limit > 0, "the backlog limit is zero");
        Self {
            limit,
            full,
            half_open: 0,
            established: VecDeque::new(),
        }
    }

    /// Half-open and established connections.
    pub(crate) fn len(&self) -> usize {
        self.half_open as usize + self.established.len()
    }

    /// Whether there is no room for another SYN.
    pub(crate) fn is_full(&self) -> bool {
        match self.full {
            // NT gives a SYN one of the listener's `backlog` connection objects, so half-open connections
            // count [I].
            FullBacklog::Reset => self.len() >= self.limit as usize,
            // `tcp_conn_request` drops a SYN if `sk_acceptq_is_full`, which compares with `>`. More
            // half-open connections than the limit are answered with SYN cookies (tcp(7), tcp_syncookies:
            // on by default).
            FullBacklog::Ignore => self.established.len() > self.limit as usize,
        }
    }

    /// Whether a half-open connection cannot be established now: `tcp_v4_syn_recv_sock` of Linux drops
    /// the acknowledgment if the queue is full (`tcp_abort_on_overflow` is off by default).
    pub(crate) fn holds_back(&self) -> bool {
        self.full == FullBacklog::Ignore && self.is_full()
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
