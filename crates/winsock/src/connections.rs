//! All TCP connections of a host, found by number, by address pair, by deadline, or because
//! they have something to send.
//!
//! Owns where connections are kept and when one may be forgotten: TCP is done with it, nobody
//! owns it, and it has said its last word. One that only waits out TIME-WAIT moves to a smaller
//! record, and what it leaves is the next one's: a busy caller has most of its connections in that
//! state. It does not interpret what TCP reports.

use std::ops::{Index, IndexMut};

use tcp::{Connection, SeqNum, State, TimeWait, Uptime};

use crate::address::{FlowLabel, SocketAddress};
use crate::connection_id::{ConnectionId, Place};
use crate::deadline::Deadlines;
use crate::error::SocketError;
use crate::handle::SocketHandle;
use crate::pair_index::{Pair, PairIndex};
use crate::slab::Slab;
use crate::turns::Turns;

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

/// What is left of a connection in TIME-WAIT that nobody owns.
#[derive(Debug)]
pub(crate) struct Remnant {
    pub(crate) tcp: TimeWait,
    /// The host at the other end.
    pub(crate) host: u32,
    pub(crate) label: FlowLabel,
    unsent: bool,
    retired: bool,
}

/// A connection in either form.
pub(crate) enum Kept<'a> {
    Whole(&'a mut Entry),
    Remnant(&'a mut Remnant),
}

/// What is known of a connection in either form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) pair: Pair,
    pub(crate) label: FlowLabel,
    pub(crate) owner: Owner,
    pub(crate) state: State,
    /// RCV.NXT.
    pub(crate) expected: SeqNum,
}

/// The connections of one host.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// By number; [`Place::NOWHERE`] for one that was forgotten.
    places: Vec<Place>,
    /// Numbers that were forgotten.
    vacant: Vec<u32>,
    entries: Slab<Entry>,
    remnants: Slab<Remnant>,
    by_pair: PairIndex,
    deadlines: Deadlines,
    unsent: Turns<ConnectionId>,
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

    /// Whether there is something to tell anybody, which is not so after most segments and calls.
    fn has_news(&self) -> bool {
        self.tcp.has_event() || self.blocked || self.is_done()
    }

    /// Whether TCP is done with it, and nobody has noticed yet.
    pub(crate) fn is_done(&self) -> bool {
        self.tcp.state() == State::Closed && !self.retired
    }

    /// What is left of it, once it only waits.
    fn remnant(&self) -> Option<Remnant> {
        if self.tcp.state() != State::TimeWait || self.owner != Owner::Nobody || self.unsent {
            return None;
        }
        Some(Remnant {
            tcp: self.tcp.time_wait()?,
            host: self.pair.remote.host,
            label: self.label,
            unsent: false,
            retired: false,
        })
    }

    fn facts(&self) -> Option<Facts> {
        (!self.retired).then(|| Facts {
            pair: self.pair,
            label: self.label,
            owner: self.owner,
            state: self.tcp.state(),
            expected: self.tcp.expected(),
        })
    }
}

impl Remnant {
    /// Whether the wait is over, and nobody has noticed yet.
    pub(crate) fn is_done(&self) -> bool {
        self.tcp.is_over() && !self.retired
    }

    fn pair(&self) -> Pair {
        Pair {
            local_port: self.tcp.local_port(),
            remote: SocketAddress::new(self.host, self.tcp.remote_port()),
        }
    }

    fn facts(&self) -> Option<Facts> {
        (!self.retired).then(|| Facts {
            pair: self.pair(),
            label: self.label,
            owner: Owner::Nobody,
            state: State::TimeWait,
            expected: self.tcp.expected(),
        })
    }
}

impl Kept<'_> {
    fn unsent(&mut self) -> &mut bool {
        match self {
            Self::Whole(entry) => &mut entry.unsent,
            Self::Remnant(remnant) => &mut remnant.unsent,
        }
    }

    fn poll_timeout(&self) -> Option<Uptime> {
        match self {
            Self::Whole(entry) => entry.tcp.poll_timeout(),
            Self::Remnant(remnant) => remnant.tcp.poll_timeout(),
        }
    }

    /// Whether nothing more can come of it.
    fn is_over(&self) -> bool {
        match self {
            Self::Whole(it) => it.retired && !it.unsent && it.owner == Owner::Nobody,
            Self::Remnant(it) => it.retired && !it.unsent,
        }
    }
}

impl Connections {
    /// Takes in a connection; it has something to send.
    pub(crate) fn insert(&mut self, entry: Entry) -> ConnectionId {
        let pair = entry.pair;
        let place = Place::entry(self.entries.insert(entry));
        let number = self.vacant.pop().unwrap_or_else(|| {
            let number = u32::try_from(self.places.len()).expect("ports bound the connections");
            self.places.push(Place::NOWHERE);
            number
        });
        let before = std::mem::replace(&mut self.places[number as usize], place);
        assert_eq!(before, Place::NOWHERE, "{number} is vacant and in use");
        let id = ConnectionId { number, place };
        let before = self.by_pair.insert(pair, id);
        assert!(before.is_none(), "two connections for {pair:?}");
        self.mark_unsent(id);
        id
    }

    /// The connection a segment with these addresses is for.
    pub(crate) fn find(&self, pair: Pair) -> Option<ConnectionId> {
        self.by_pair.find(pair)
    }

    /// The connection, in whichever form it is kept.
    pub(crate) fn kept(&mut self, id: ConnectionId) -> Kept<'_> {
        let kept = match id.place.of_remnant() {
            None => self.entries.get_mut(id.place.of_entry()).map(Kept::Whole),
            Some(place) => self.remnants.get_mut(place).map(Kept::Remnant),
        };
        kept.expect("a number is dropped with its connection")
    }

    /// Something happened to a connection that is kept whole: it may have something to send.
    /// Answers whether it has news.
    pub(crate) fn touch(&mut self, id: ConnectionId) -> bool {
        let entry = &mut self[id];
        let has_news = entry.has_news();
        let was_unsent = std::mem::replace(&mut entry.unsent, true);
        if !was_unsent {
            self.unsent.push(id);
        }
        has_news
    }

    /// The connection may have something to send.
    pub(crate) fn mark_unsent(&mut self, id: ConnectionId) {
        let was_unsent = std::mem::replace(self.kept(id).unsent(), true);
        if !was_unsent {
            self.unsent.push(id);
        }
    }

    /// The connection that has waited longest to send.
    pub(crate) fn first_unsent(&self) -> Option<ConnectionId> {
        self.unsent.first()
    }

    /// The first connection had nothing (more) to send; answers whether it has news.
    pub(crate) fn mark_sent(&mut self) -> bool {
        let id = self.unsent.pop().expect("asked only after first_unsent");
        let mut kept = self.kept(id);
        let was_unsent = std::mem::replace(kept.unsent(), false);
        assert!(was_unsent, "{id:?} was queued twice");
        match kept {
            Kept::Whole(entry) => entry.has_news(),
            Kept::Remnant(_) => false,
        }
    }

    /// The earliest deadline of any, if it is before `limit`.
    pub(crate) fn earliest_before(&mut self, limit: Uptime) -> Option<Uptime> {
        self.deadlines.earliest_before(limit)
    }

    /// A connection whose deadline has come.
    pub(crate) fn due(&mut self, now: Uptime) -> Option<ConnectionId> {
        let number = self.deadlines.due(now)?;
        let place = self.places[number as usize];
        Some(ConnectionId { number, place })
    }

    /// Asks the connection for its deadline anew, and answers it.
    pub(crate) fn update_deadline(&mut self, id: ConnectionId) -> Option<Uptime> {
        let deadline = self.kept(id).poll_timeout();
        self.deadlines.set(id.number, deadline);
        deadline
    }

    /// Takes a connection with which TCP is done out of the segments' way; answers its port. It
    /// stays readable for its owner.
    pub(crate) fn retire(&mut self, id: ConnectionId) -> u16 {
        let (retired, pair) = match self.kept(id) {
            Kept::Whole(it) => (&mut it.retired, it.pair),
            Kept::Remnant(it) => {
                let pair = it.pair();
                (&mut it.retired, pair)
            }
        };
        assert!(!*retired, "{id:?} retires twice");
        *retired = true;
        let found = self.by_pair.remove(pair);
        assert_eq!(found, Some(id), "{pair:?} led to another connection");
        pair.local_port
    }

    /// The connection has sent what it had: it waits for its deadline, in the room that takes, or
    /// is forgotten.
    pub(crate) fn lay_down(&mut self, id: ConnectionId) {
        let kept = self.kept(id);
        let deadline = kept.poll_timeout();
        let is_over = kept.is_over();
        let remnant = match kept {
            Kept::Whole(entry) => entry.remnant(),
            Kept::Remnant(_) => None,
        };
        self.deadlines.set(id.number, deadline);
        if is_over {
            self.free(id.place);
            self.places[id.number as usize] = Place::NOWHERE;
            self.vacant.push(id.number);
        } else if let Some(remnant) = remnant {
            self.shrink(id, remnant);
        }
    }

    fn shrink(&mut self, id: ConnectionId, remnant: Remnant) {
        let pair = remnant.pair();
        self.free(id.place);
        let place = Place::remnant(self.remnants.insert(remnant));
        self.places[id.number as usize] = place;
        let before = self.by_pair.insert(pair, ConnectionId { place, ..id });
        assert_eq!(before, Some(id), "{pair:?} led to another connection");
    }

    fn free(&mut self, place: Place) {
        match place.of_remnant() {
            None => self.entries.remove(place.of_entry()),
            Some(place) => self.remnants.remove(place),
        }
    }

    /// How many are in memory.
    pub(crate) fn held(&self) -> u64 {
        (self.places.len() - self.vacant.len()) as u64
    }

    /// The connections of `owner` that TCP is not done with, by number.
    pub(crate) fn of(&self, owner: Owner) -> impl Iterator<Item = ConnectionId> {
        let all = self.iter_with_id();
        all.filter(move |(_, facts)| facts.owner == owner)
            .map(|(id, _)| id)
    }

    /// What is known of every connection TCP is not done with, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Facts> {
        self.iter_with_id().map(|(_, facts)| facts)
    }

    fn iter_with_id(&self) -> impl Iterator<Item = (ConnectionId, Facts)> {
        let known = self.places.iter().map(|place| match place.of_remnant() {
            None => self.entries.get(place.of_entry())?.facts(),
            Some(place) => self.remnants.get(place)?.facts(),
        });
        let ids = (0..).zip(&self.places);
        ids.zip(known).filter_map(|((number, place), facts)| {
            let place = *place;
            Some((ConnectionId { number, place }, facts?))
        })
    }
}

/// A connection that somebody owns, or that still has something to do.
impl Index<ConnectionId> for Connections {
    type Output = Entry;

    fn index(&self, id: ConnectionId) -> &Entry {
        let entry = self.entries.get(id.place.of_entry());
        entry.expect("a number is dropped with its connection")
    }
}

impl IndexMut<ConnectionId> for Connections {
    fn index_mut(&mut self, id: ConnectionId) -> &mut Entry {
        let entry = self.entries.get_mut(id.place.of_entry());
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
        let indices = size_of::<(Pair, ConnectionId)>() * 2 + size_of::<(Uptime, u32)>() + 12;
        let total = size_of::<Option<Entry>>() + size_of::<crate::socket::Socket>() + indices;
        assert!(total <= 1024, "{total} octets");
    }

    #[test]
    fn a_remnant_takes_a_quarter() {
        let (whole, remnant) = (size_of::<Option<Entry>>(), size_of::<Option<Remnant>>());
        assert!(4 * remnant <= whole, "{remnant} of {whole} octets");
    }
}
