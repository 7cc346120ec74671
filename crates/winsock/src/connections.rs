//! All TCP connections of a host: storage, look-up by address pair, timeouts, and the queue of
//! connections with possible output.
//!
//! A connection is forgotten once it is CLOSED, no socket owns it, and its output is sent. One in
//! TIME-WAIT without an owner moves to a smaller record: a busy client has most of its connections
//! in that state.

mod id;
mod timeouts;

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

use rustc_hash::FxHashMap;
use slab::Slab;
use tcp::{Connection, SeqNum, State, TimeWait, Uptime};

use crate::address::SocketAddress;
use crate::error::SocketError;
use crate::flow_label::FlowLabel;
use crate::handles::SocketHandle;
pub(crate) use id::ConnectionId;
use id::{ConnectionSlot, UnpackedSlot};
use timeouts::Timeouts;

/// Local and remote address of a connection, by which a segment finds it (RFC 9293 section 3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AddressPair {
    pub(crate) local: SocketAddress,
    pub(crate) remote: SocketAddress,
}

/// Who learns of the events of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The socket that connected or accepted it.
    Socket(SocketHandle),
    /// A listener; the connection is in SYN-RECEIVED.
    HalfOpen(SocketHandle),
    /// A listener; the connection waits for `accept`.
    Unaccepted(SocketHandle),
    /// Nobody: TCP ends the connection in the background.
    Orphaned,
}

/// A connection and its state in the socket layer.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent conditions, not a state machine"
)]
pub(crate) struct ConnectionEntry {
    pub(crate) tcp: Connection,
    pub(crate) pair: AddressPair,
    /// The label of what it sends.
    pub(crate) label: FlowLabel,
    pub(crate) owner: Owner,
    /// Why it failed while it waited for `accept`.
    pub(crate) failure: Option<SocketError>,
    /// The peer's FIN was received.
    pub(crate) peer_closed: bool,
    /// A send failed with 10035, or a `select` waits for buffer space, and there was none since.
    pub(crate) blocked: bool,
    /// In the output queue.
    queued: bool,
    /// CLOSED: the address pair and the port are free.
    retired: bool,
}

/// A connection in TIME-WAIT that no socket owns.
#[derive(Debug)]
pub(crate) struct TimeWaitEntry {
    pub(crate) tcp: TimeWait,
    /// The IPv4 addresses of this host and of the peer.
    pub(crate) hosts: [u32; 2],
    pub(crate) label: FlowLabel,
    queued: bool,
    retired: bool,
}

/// A connection in either form.
pub(crate) enum ConnectionRef<'a> {
    Full(&'a mut ConnectionEntry),
    TimeWait(&'a mut TimeWaitEntry),
}

/// A summary of a connection in either form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionSummary {
    pub(crate) pair: AddressPair,
    pub(crate) label: FlowLabel,
    pub(crate) owner: Owner,
    pub(crate) state: State,
    pub(crate) rcv_nxt: SeqNum,
}

/// The connections of one host.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// By connection number.
    slots: Vec<ConnectionSlot>,
    /// Numbers without a connection. The one freed last is reused first.
    vacant: Vec<u32>,
    /// Boxed: growing the slab must not copy connections or reserve memory for as many again.
    full: Slab<Box<ConnectionEntry>>,
    time_wait: Slab<TimeWaitEntry>,
    /// Looked up only, never iterated: hash order must not reach the outside.
    by_pair: FxHashMap<AddressPair, ConnectionId>,
    timeouts: Timeouts,
    /// Connections that may have something to send, in the order of their inputs.
    output_queue: VecDeque<ConnectionId>,
}

/// What [`Connections::memory`] counts for a connection with its socket and its places in the tables.
const FULL_BYTES: u64 = 1024;
/// The same for a connection in TIME-WAIT that no socket owns.
const TIME_WAIT_BYTES: u64 = 256;

impl ConnectionEntry {
    pub(crate) fn new(tcp: Connection, pair: AddressPair, label: FlowLabel, owner: Owner) -> Self {
        Self {
            tcp,
            pair,
            label,
            owner,
            failure: None,
            peer_closed: false,
            blocked: false,
            queued: false,
            retired: false,
        }
    }

    /// Whether [`SocketTable`](crate::SocketTable) has something to do for the owner. Most segments
    /// and calls cause nothing.
    fn needs_attention(&self) -> bool {
        self.tcp.has_event() || self.blocked || self.is_newly_closed()
    }

    /// Whether TCP is done with the connection and it is not retired yet.
    pub(crate) fn is_newly_closed(&self) -> bool {
        self.tcp.state() == State::Closed && !self.retired
    }

    /// The connection as a TIME-WAIT entry, if that is all it needs to be.
    fn to_time_wait(&self) -> Option<TimeWaitEntry> {
        // A queued id would point to the old slot.
        if self.tcp.state() != State::TimeWait || self.owner != Owner::Orphaned || self.queued {
            return None;
        }
        Some(TimeWaitEntry {
            tcp: self.tcp.time_wait()?,
            hosts: [self.pair.local.host, self.pair.remote.host],
            label: self.label,
            queued: false,
            retired: false,
        })
    }

    fn summary(&self) -> Option<ConnectionSummary> {
        (!self.retired).then(|| ConnectionSummary {
            pair: self.pair,
            label: self.label,
            owner: self.owner,
            state: self.tcp.state(),
            rcv_nxt: self.tcp.rcv_nxt(),
        })
    }
}

impl TimeWaitEntry {
    /// Whether TIME-WAIT is over and the connection is not retired yet.
    pub(crate) fn is_newly_closed(&self) -> bool {
        self.tcp.is_over() && !self.retired
    }

    fn pair(&self) -> AddressPair {
        let [local, remote] = self.hosts;
        AddressPair {
            local: SocketAddress::new(local, self.tcp.local_port()),
            remote: SocketAddress::new(remote, self.tcp.remote_port()),
        }
    }

    fn summary(&self) -> Option<ConnectionSummary> {
        (!self.retired).then(|| ConnectionSummary {
            pair: self.pair(),
            label: self.label,
            owner: Owner::Orphaned,
            state: State::TimeWait,
            rcv_nxt: self.tcp.rcv_nxt(),
        })
    }
}

impl ConnectionRef<'_> {
    fn queued(&mut self) -> &mut bool {
        match self {
            Self::Full(entry) => &mut entry.queued,
            Self::TimeWait(entry) => &mut entry.queued,
        }
    }

    fn poll_timeout(&self) -> Option<Uptime> {
        match self {
            Self::Full(entry) => entry.tcp.poll_timeout(),
            Self::TimeWait(entry) => entry.tcp.poll_timeout(),
        }
    }

    /// Whether the connection can be forgotten.
    fn is_finished(&self) -> bool {
        match self {
            Self::Full(it) => it.retired && !it.queued && it.owner == Owner::Orphaned,
            Self::TimeWait(it) => it.retired && !it.queued,
        }
    }
}

impl Connections {
    /// Adds a connection and queues it for output.
    pub(crate) fn insert(&mut self, entry: ConnectionEntry) -> ConnectionId {
        let pair = entry.pair;
        let slot = ConnectionSlot::full(self.full.insert(Box::new(entry)));
        // Low numbers are reused, so that the tables indexed by number stay small.
        let number = self.vacant.pop().unwrap_or_else(|| {
            let number = u32::try_from(self.slots.len()).expect("ports limit the connections");
            self.slots.push(ConnectionSlot::VACANT);
            number
        });
        let before = std::mem::replace(&mut self.slots[number as usize], slot);
        assert_eq!(
            before,
            ConnectionSlot::VACANT,
            "{number} is both vacant and in use"
        );
        let id = ConnectionId { number, slot };
        let before = self.by_pair.insert(pair, id);
        assert!(before.is_none(), "two connections have the pair {pair:?}");
        self.queue_output(id);
        id
    }

    /// The connection of an address pair.
    pub(crate) fn find(&self, pair: AddressPair) -> Option<ConnectionId> {
        self.by_pair.get(&pair).copied()
    }

    /// The connection in the form in which it is stored.
    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> ConnectionRef<'_> {
        let found = match id.slot.storage() {
            UnpackedSlot::Full(index) => self
                .full
                .get_mut(index)
                .map(|entry| ConnectionRef::Full(entry)),
            UnpackedSlot::TimeWait(index) => {
                self.time_wait.get_mut(index).map(ConnectionRef::TimeWait)
            }
        };
        found.expect("ids are dropped with their connection")
    }

    /// Queues a full connection for output after an input. Returns whether it needs attention.
    pub(crate) fn on_input(&mut self, id: ConnectionId) -> bool {
        // One look-up for both: this runs for every segment and call.
        let entry = &mut self[id];
        let needs_attention = entry.needs_attention();
        let was_queued = std::mem::replace(&mut entry.queued, true);
        if !was_queued {
            self.output_queue.push_back(id);
        }
        needs_attention
    }

    /// Queues a connection for output.
    pub(crate) fn queue_output(&mut self, id: ConnectionId) {
        let was_queued = std::mem::replace(self.get_mut(id).queued(), true);
        if !was_queued {
            self.output_queue.push_back(id);
        }
    }

    /// The first connection of the output queue.
    pub(crate) fn next_output(&self) -> Option<ConnectionId> {
        self.output_queue.front().copied()
    }

    /// Removes the first connection from the output queue: it has nothing more to send. Returns
    /// whether it needs attention.
    pub(crate) fn end_output(&mut self) -> bool {
        let id = self.output_queue.pop_front();
        let id = id.expect("next_output returned a connection");
        let mut connection = self.get_mut(id);
        let was_queued = std::mem::replace(connection.queued(), false);
        assert!(was_queued, "{id:?} was queued twice");
        match connection {
            ConnectionRef::Full(entry) => entry.needs_attention(),
            // Without an owner there is no socket to report to.
            ConnectionRef::TimeWait(_) => false,
        }
    }

    /// The earliest timeout of all connections, if it is before `limit`.
    pub(crate) fn earliest_timeout_before(&mut self, limit: Uptime) -> Option<Uptime> {
        self.timeouts.earliest_before(limit)
    }

    /// A connection whose timeout is not after `now`.
    pub(crate) fn expired(&mut self, now: Uptime) -> Option<ConnectionId> {
        let number = self.timeouts.expired(now)?;
        let slot = self.slots[number as usize];
        Some(ConnectionId { number, slot })
    }

    /// Reads the timeout of a connection again and returns it.
    pub(crate) fn update_timeout(&mut self, id: ConnectionId) -> Option<Uptime> {
        let timeout = self.get_mut(id).poll_timeout();
        self.timeouts.set(id.number, timeout);
        timeout
    }

    /// Frees the address pair of a CLOSED connection and returns its local address. The owner can
    /// still receive from it.
    pub(crate) fn retire(&mut self, id: ConnectionId) -> SocketAddress {
        let (retired, pair) = match self.get_mut(id) {
            ConnectionRef::Full(it) => (&mut it.retired, it.pair),
            ConnectionRef::TimeWait(it) => {
                let pair = it.pair();
                (&mut it.retired, pair)
            }
        };
        assert!(!*retired, "{id:?} is retired already");
        *retired = true;
        // A new SYN with the same addresses may open another connection from now on.
        let found = self.by_pair.remove(&pair);
        assert_eq!(found, Some(id), "{pair:?} belongs to another connection");
        pair.local
    }

    /// After its output: updates the timeout of the connection, and forgets it or moves it to
    /// TIME-WAIT where possible.
    pub(crate) fn tidy(&mut self, id: ConnectionId) {
        let connection = self.get_mut(id);
        let timeout = connection.poll_timeout();
        let is_finished = connection.is_finished();
        let time_wait = match connection {
            ConnectionRef::Full(entry) => entry.to_time_wait(),
            ConnectionRef::TimeWait(_) => None,
        };
        // Set before the number is freed: the next connection with it starts without a timeout.
        self.timeouts.set(id.number, timeout);
        if is_finished {
            self.free(id.slot);
            self.slots[id.number as usize] = ConnectionSlot::VACANT;
            self.vacant.push(id.number);
        } else if let Some(time_wait) = time_wait {
            self.move_to_time_wait(id, time_wait);
        }
    }

    /// A connection moves at most once, and then only the tables here hold its id: it has no owner
    /// and is not queued.
    fn move_to_time_wait(&mut self, id: ConnectionId, entry: TimeWaitEntry) {
        let pair = entry.pair();
        // The memory of the full entry is available for the next connection.
        self.free(id.slot);
        let slot = ConnectionSlot::time_wait(self.time_wait.insert(entry));
        self.slots[id.number as usize] = slot;
        let before = self.by_pair.insert(pair, ConnectionId { slot, ..id });
        assert_eq!(before, Some(id), "{pair:?} belongs to another connection");
    }

    fn free(&mut self, slot: ConnectionSlot) {
        match slot.storage() {
            UnpackedSlot::Full(index) => drop(self.full.remove(index)),
            UnpackedSlot::TimeWait(index) => drop(self.time_wait.remove(index)),
        }
    }

    /// How many connections are in memory.
    pub(crate) fn held(&self) -> u64 {
        (self.slots.len() - self.vacant.len()) as u64
    }

    /// About how many bytes of memory the connections take, with what their buffers hold.
    pub(crate) fn memory(&self) -> u64 {
        let entries = self.full.iter();
        let buffered: u64 = entries.map(|(_, entry)| entry.tcp.buffered() as u64).sum();
        self.full.len() as u64 * FULL_BYTES
            + buffered
            + self.time_wait.len() as u64 * TIME_WAIT_BYTES
    }

    /// The connections of `owner` that are not CLOSED, by number.
    pub(crate) fn owned_by(&self, owner: Owner) -> impl Iterator<Item = ConnectionId> {
        let all = self.iter_with_id();
        all.filter(move |(_, summary)| summary.owner == owner)
            .map(|(id, _)| id)
    }

    /// All connections that are not CLOSED, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ConnectionSummary> {
        self.iter_with_id().map(|(_, summary)| summary)
    }

    fn iter_with_id(&self) -> impl Iterator<Item = (ConnectionId, ConnectionSummary)> {
        (0..).zip(&self.slots).filter_map(|(number, slot)| {
            let summary = match slot.storage() {
                // A vacant slot lies beyond all entries.
                UnpackedSlot::Full(index) => self.full.get(index)?.summary()?,
                UnpackedSlot::TimeWait(index) => self.time_wait.get(index)?.summary()?,
            };
            let slot = *slot;
            Some((ConnectionId { number, slot }, summary))
        })
    }
}

/// A connection that has an owner or output, which is stored in full.
impl Index<ConnectionId> for Connections {
    type Output = ConnectionEntry;

    fn index(&self, id: ConnectionId) -> &ConnectionEntry {
        let UnpackedSlot::Full(index) = id.slot.storage() else {
            panic!("{id:?} is in TIME-WAIT");
        };
        &self.full[index]
    }
}

impl IndexMut<ConnectionId> for Connections {
    fn index_mut(&mut self, id: ConnectionId) -> &mut ConnectionEntry {
        let UnpackedSlot::Full(index) = id.slot.storage() else {
            panic!("{id:?} is in TIME-WAIT");
        };
        &mut self.full[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The socket layer's part of an open association, one end: the connection, its entries in the
    /// tables, and its socket.
    #[test]
    fn an_open_connection_takes_at_most_1024_octets() {
        let indices = size_of::<(AddressPair, ConnectionId)>() * 2
            + size_of::<(Uptime, u32)>()
            + size_of::<ConnectionSlot>()
            + 16;
        let total = size_of::<ConnectionEntry>() + size_of::<crate::socket::Socket>() + indices;
        assert!(total as u64 <= FULL_BYTES, "{total} octets");
    }

    #[test]
    fn a_time_wait_entry_takes_at_most_a_quarter() {
        let (full, time_wait) = (size_of::<ConnectionEntry>(), size_of::<TimeWaitEntry>());
        assert!(4 * time_wait <= full, "{time_wait} of {full} octets");
        assert!(time_wait as u64 <= TIME_WAIT_BYTES, "{time_wait} octets");
    }
}
