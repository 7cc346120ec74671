//! All TCP connections of a host, found by number, by address pair, by deadline, or because
//! they have something to send.
//!
//! Owns where connections are kept and when one may be forgotten: TCP is done with it, nobody
//! owns it, and it has said its last word. It does not interpret what TCP reports.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

use tcp::{Connection, State, Uptime};

use crate::address::FlowLabel;
use crate::deadline::Deadlines;
use crate::error::SocketError;
use crate::handle::SocketHandle;
use crate::pair_index::{ConnectionId, Pair, PairIndex};
use crate::shelves::Shelves;

/// Whom the connection's news are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The socket that connected or accepted it.
    Socket(SocketHandle),
    /// A listener, while the handshake lasts.
    Arriving(SocketHandle),
    /// A listener, until the program accepts.
    Waiting(SocketHandle),
    /// Closed by the program, or given up: TCP ends it alone.
    Nobody,
}

/// One connection and what the socket layer knows of it.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts, none of which implies another"
)]
pub(crate) struct Entry {
    pub(crate) tcp: Connection,
    pub(crate) pair: Pair,
    /// The name it sends under.
    pub(crate) label: FlowLabel,
    pub(crate) owner: Owner,
    /// How it died, if it did.
    pub(crate) failure: Option<SocketError>,
    /// The peer's FIN was received.
    pub(crate) peer_closed: bool,
    /// A send failed with 10035, or a `select` waits for space, and none appeared since.
    pub(crate) blocked: bool,
    /// In the queue of those that may have something to send.
    unsent: bool,
    /// TCP is done: segments no longer find it.
    retired: bool,
}

/// The connections of one host.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    entries: Shelves<Option<Entry>>,
    vacant: Vec<ConnectionId>,
    by_pair: PairIndex,
    deadlines: Deadlines,
    unsent: VecDeque<ConnectionId>,
}

impl Entry {
    /// A connection that sends under `label`.
    pub(crate) fn new(tcp: Connection, pair: Pair, label: FlowLabel, owner: Owner) -> Self {
        Self {
            tcp,
            pair,
            label,
            owner,
            failure: None,
            peer_closed: false,
            blocked: false,
            unsent: false,
            retired: false,
        }
    }

    /// Whether there is nothing to tell anybody, which is so after most segments and calls.
    pub(crate) fn has_no_news(&self) -> bool {
        !self.tcp.has_event()
            && !self.blocked
            && (self.retired || self.tcp.state() != State::Closed)
    }
}

impl Connections {
    /// Takes in a connection; it has something to send.
    pub(crate) fn insert(&mut self, entry: Entry) -> ConnectionId {
        let pair = entry.pair;
        let id = self.vacant.pop().unwrap_or_else(|| {
            let id = u32::try_from(self.entries.len()).expect("ports bound the connections");
            self.entries.push(None);
            ConnectionId(id)
        });
        let place = self.place(id);
        assert!(place.is_none(), "{id:?} is vacant and in use");
        *place = Some(entry);
        let before = self.by_pair.insert(pair, id);
        assert!(before.is_none(), "two connections for {pair:?}");
        self.mark_unsent(id);
        id
    }

    fn place(&mut self, id: ConnectionId) -> &mut Option<Entry> {
        let place = self.entries.get_mut(id.0 as usize);
        place.expect("a number was given out")
    }

    /// The connection a segment with these addresses is for.
    pub(crate) fn find(&self, pair: Pair) -> Option<ConnectionId> {
        self.by_pair.find(pair)
    }

    /// The connection may have something to send.
    pub(crate) fn mark_unsent(&mut self, id: ConnectionId) {
        let entry = &mut self[id];
        if !entry.unsent {
            entry.unsent = true;
            self.unsent.push_back(id);
        }
    }

    /// The connection that has waited longest to send.
    pub(crate) fn first_unsent(&self) -> Option<ConnectionId> {
        self.unsent.front().copied()
    }

    /// The first connection had nothing (more) to send.
    pub(crate) fn mark_sent(&mut self) -> ConnectionId {
        let id = self
            .unsent
            .pop_front()
            .expect("asked only after first_unsent");
        let entry = &mut self[id];
        assert!(entry.unsent, "{id:?} was queued twice");
        entry.unsent = false;
        id
    }

    /// The earliest deadline of any, if it is before `limit`.
    pub(crate) fn earliest_before(&mut self, limit: Uptime) -> Option<Uptime> {
        self.deadlines.earliest_before(limit)
    }

    /// A connection whose deadline has come.
    pub(crate) fn due(&mut self, now: Uptime) -> Option<ConnectionId> {
        self.deadlines.due(now).map(ConnectionId)
    }

    /// Asks the connection for its deadline anew.
    pub(crate) fn update_deadline(&mut self, id: ConnectionId) {
        let deadline = self[id].tcp.poll_timeout();
        self.deadlines.set(id.0, deadline);
    }

    /// Takes the connection out of the segments' way once TCP is done with it; answers whether
    /// that is new. It stays readable for its owner.
    pub(crate) fn retire(&mut self, id: ConnectionId) -> bool {
        let entry = &mut self[id];
        if entry.retired || entry.tcp.state() != State::Closed {
            return false;
        }
        entry.retired = true;
        let pair = entry.pair;
        let found = self.by_pair.remove(pair);
        assert_eq!(found, Some(id), "{pair:?} led to another connection");
        true
    }

    /// Forgets the connection if nothing more can come of it.
    pub(crate) fn forget_if_over(&mut self, id: ConnectionId) {
        let entry = &self[id];
        if entry.retired && !entry.unsent && entry.owner == Owner::Nobody {
            self.deadlines.set(id.0, None);
            *self.place(id) = None;
            self.vacant.push(id);
        }
    }

    /// How many are in memory.
    pub(crate) fn held(&self) -> u64 {
        (self.entries.len() - self.vacant.len()) as u64
    }

    /// Every connection TCP is not done with, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten().filter(|entry| !entry.retired)
    }
}

impl Index<ConnectionId> for Connections {
    type Output = Entry;

    fn index(&self, id: ConnectionId) -> &Entry {
        let place = self.entries.get(id.0 as usize);
        let entry = place.and_then(|place| place.as_ref());
        entry.expect("a number is dropped with its connection")
    }
}

impl IndexMut<ConnectionId> for Connections {
    fn index_mut(&mut self, id: ConnectionId) -> &mut Entry {
        let place = self.entries.get_mut(id.0 as usize);
        let entry = place.and_then(|place| place.as_mut());
        entry.expect("a number is dropped with its connection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an open association may cost in network state: 1.5 KiB for the connection, its
    /// share of the tables, and its socket.
    #[test]
    fn an_open_connection_is_small() {
        let indices = size_of::<(Pair, ConnectionId)>() * 2 + size_of::<(Uptime, u32)>() + 8;
        let total = size_of::<Option<Entry>>() + size_of::<crate::socket::Socket>() + indices;
        assert!(total <= 1024, "{total} octets");
    }
}
