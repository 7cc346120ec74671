//! What comes from below: segments, unreachable notices, time.
//!
//! Owns the demultiplexing (RFC 9293 3.10.7) and what each TCP event means to the socket, the
//! listener or nobody. What a segment does to a connection is TCP's.

use std::sync::Arc;

use tcp::{Connection, Event, Flags, Payload, Segment, SeqNum, Unreachable, Uptime};

use super::SocketTable;
use crate::address::{FlowLabel, SocketAddress};
use crate::config::FullBacklog;
use crate::connection_id::ConnectionId;
use crate::connections::{Entry, Facts, Kept, Owner};
use crate::error::SocketError;
use crate::handle::SocketHandle;
use crate::listen::Backlog;
use crate::network_events::NetworkEvents;
use crate::pair_index::Pair;
use crate::socket::{Phase, Sending};

/// Why a connection will carry nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reset,
    Refused,
    TimedOut,
    Unreachable,
}

impl SocketTable {
    /// A segment arrived from the host `from`, sent under `label`. It goes to the connection
    /// of its address pair; a SYN else to the listener on its port; anything else to nobody,
    /// and is answered RST.
    pub fn on_segment(&mut self, now: Uptime, from: u32, label: FlowLabel, segment: Segment) {
        let remote = SocketAddress::new(from, segment.source_port);
        let pair = Pair {
            local_port: segment.destination_port,
            remote,
        };
        if let Some(connection) = self.connections.find(pair) {
            match self.connections.kept(connection) {
                Kept::Whole(entry) => {
                    entry.tcp.on_segment(now, segment);
                    self.settle(connection);
                }
                Kept::Remnant(remnant) => {
                    remnant.tcp.on_segment(now, &segment, &self.profile);
                    self.settle_remnant(connection);
                }
            }
            return;
        }
        let first = segment.flags.contains(Flags::SYN)
            && !segment.flags.contains(Flags::ACK)
            && !segment.flags.contains(Flags::RST);
        match self.listeners.get(&pair.local_port) {
            Some(listener) if first => self.arrive(now, *listener, pair, label, &segment),
            Some(_) | None => self.refuse(from, label, &segment),
        }
    }

    /// The network says that segments from `local_port` to `remote` do not get through.
    /// Without a connection of these addresses it means nothing.
    pub fn on_unreachable(
        &mut self,
        now: Uptime,
        local_port: u16,
        remote: SocketAddress,
        reason: Unreachable,
    ) {
        if let Some(connection) = self.connections.find(Pair { local_port, remote })
            && let Kept::Whole(entry) = self.connections.kept(connection)
        {
            entry.tcp.on_unreachable(now, reason);
            self.settle(connection);
        }
    }

    /// Every connection, or every one with the host `peer`, hears a reset as from its peer: what
    /// a firewall or a failing router may send.
    pub fn reset_connections(&mut self, now: Uptime, peer: Option<u32>) {
        let meant: Vec<(FlowLabel, Segment, u32)> = self
            .connections
            .iter()
            .filter(|known| peer.is_none_or(|peer| known.pair.remote.host == peer))
            .map(|known| {
                (
                    known.label.reversed(),
                    reset_of(known),
                    known.pair.remote.host,
                )
            })
            .collect();
        for (label, reset, from) in meant {
            self.on_segment(now, from, label, reset);
        }
    }

    /// Does everything that is due at `now`.
    ///
    /// # Panics
    /// If TCP leaves a deadline in the past, which would be done for ever.
    pub fn on_timeout(&mut self, now: Uptime) {
        while let Some(connection) = self.connections.due(now) {
            match self.connections.kept(connection) {
                Kept::Whole(entry) => {
                    entry.tcp.on_timeout(now);
                    self.settle(connection);
                }
                Kept::Remnant(remnant) => {
                    remnant.tcp.on_timeout(now);
                    self.settle_remnant(connection);
                }
            }
            let next = self.connections.update_deadline(connection);
            assert!(
                next.is_none_or(|at| at > now),
                "{next:?} is left over at {now:?}"
            );
        }
    }

    /// A first SYN for a listener. An accepted connection answers under the reversed label.
    fn arrive(
        &mut self,
        now: Uptime,
        listener: SocketHandle,
        pair: Pair,
        label: FlowLabel,
        syn: &Segment,
    ) {
        if self.backlog(listener).is_full() {
            match self.config.full_backlog {
                FullBacklog::Reset => self.refuse(pair.remote.host, label, syn),
                FullBacklog::Ignore => {}
            }
            return;
        }
        let answering = label.reversed();
        let initial_sequence = answering.initial_sequence(self.config.address, pair.remote.host);
        let mut tcp = Connection::accept(Arc::clone(&self.profile), syn, initial_sequence, now);
        let keep_alive = self.socket_at(listener).expect("it listens").keep_alive;
        tcp.set_keep_alive(now, keep_alive);
        let connection = self.begin(Entry::new(tcp, pair, answering, Owner::Arriving(listener)));
        self.backlog(listener).begin();
        self.settle(connection);
    }

    fn refuse(&mut self, from: u32, label: FlowLabel, segment: &Segment) {
        if let Some(reset) = tcp::reset_for(segment) {
            self.refusals.push(from, label.reversed(), reset);
        }
    }

    /// After anything happened to a connection: its news are told, and it is asked later what it
    /// has to send and when it is due.
    pub(super) fn settle(&mut self, connection: ConnectionId) {
        if self.connections.touch(connection) {
            self.tell(connection);
        }
    }

    /// Tells the connection's news.
    pub(super) fn tell(&mut self, connection: ConnectionId) {
        while let Some(event) = self.connections[connection].tcp.poll_event() {
            self.on_event(connection, event);
        }
        let entry = &self.connections[connection];
        let (blocked, is_done) = (entry.blocked, entry.is_done());
        if blocked {
            self.unblock(connection);
        }
        if is_done {
            self.retire(connection);
            // A RST ends a handshake without a word to the user (RFC 9293 3.10.7.4).
            if let Owner::Arriving(listener) = self.connections[connection].owner {
                self.backlog(listener).give_up();
                self.disown(connection);
            }
        }
    }

    /// As [`settle`](Self::settle), for a connection of which TIME-WAIT alone is left.
    fn settle_remnant(&mut self, connection: ConnectionId) {
        if let Kept::Remnant(remnant) = self.connections.kept(connection)
            && remnant.is_done()
        {
            self.retire(connection);
        }
        self.connections.mark_unsent(connection);
    }

    /// TCP is done with the connection.
    fn retire(&mut self, connection: ConnectionId) {
        let port = self.connections.retire(connection);
        self.ports.release(port);
        self.counters.connections.closed += 1;
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event) {
        match event {
            Event::Connected => self.on_connected(connection),
            Event::Readable => self.on_readable(connection),
            Event::PeerClosed => self.on_peer_closed(connection),
            Event::Reset => self.on_end(connection, End::Reset),
            Event::Refused => self.on_end(connection, End::Refused),
            Event::TimedOut => self.on_end(connection, End::TimedOut),
            Event::Unreachable => self.on_end(connection, End::Unreachable),
            // Space is asked for by `unblock`, the end by `retire`.
            Event::Writable | Event::Closed => {}
        }
    }

    fn on_connected(&mut self, connection: ConnectionId) {
        match self.connections[connection].owner {
            Owner::Socket(handle) => {
                let socket = self.socket_at_mut(handle).expect("an owner is open");
                assert!(
                    matches!(socket.phase, Phase::Connecting(_)),
                    "socket {handle} connected"
                );
                socket.phase = Phase::Connected {
                    connection,
                    sending: Sending::Open,
                };
                self.notify(handle, |selection| selection.record_connect(None));
                self.notify(handle, |selection| selection.record(NetworkEvents::WRITE));
            }
            Owner::Arriving(listener) => {
                self.connections[connection].owner = Owner::Waiting(listener);
                self.backlog(listener).establish(connection);
                self.notify(listener, |selection| {
                    selection.record(NetworkEvents::ACCEPT)
                });
            }
            Owner::Waiting(listener) => panic!("a connection to socket {listener} connected twice"),
            Owner::Nobody => {}
        }
    }

    fn on_readable(&mut self, connection: ConnectionId) {
        if let Owner::Socket(handle) = self.connections[connection].owner {
            self.notify(handle, |selection| selection.record(NetworkEvents::READ));
        }
    }

    /// The connection entered CLOSE_WAIT or TIME_WAIT; data may still be unread.
    fn on_peer_closed(&mut self, connection: ConnectionId) {
        let entry = &mut self.connections[connection];
        entry.peer_closed = true;
        if let Owner::Socket(handle) = entry.owner {
            self.notify(handle, |selection| selection.record_close(None));
        }
    }

    fn on_end(&mut self, connection: ConnectionId, end: End) {
        let entry = &mut self.connections[connection];
        match entry.owner {
            Owner::Socket(handle) => {
                self.end_socket(handle, end);
                self.disown(connection);
            }
            Owner::Arriving(listener) => {
                self.backlog(listener).give_up();
                self.disown(connection);
            }
            Owner::Waiting(_) => entry.failure = Some(broken_by(end)),
            Owner::Nobody => {}
        }
    }

    fn end_socket(&mut self, handle: SocketHandle, end: End) {
        let socket = self.socket_at_mut(handle).expect("an owner is open");
        match socket.phase {
            Phase::Connecting(_) => {
                let error = connect_failed_by(end);
                socket.phase = Phase::ConnectFailed(error);
                self.notify(handle, |selection| selection.record_connect(Some(error)));
            }
            Phase::Connected { .. } => {
                let error = broken_by(end);
                socket.phase = Phase::Broken(error);
                self.notify(handle, |selection| selection.record_close(Some(error)));
            }
            Phase::Unconnected
            | Phase::Listening(_)
            | Phase::ConnectFailed(_)
            | Phase::Broken(_) => panic!("socket {handle} has no connection to lose"),
        }
    }

    /// Whoever waits for space to send is told once there is some.
    fn unblock(&mut self, connection: ConnectionId) {
        let entry = &mut self.connections[connection];
        if let Owner::Socket(handle) = entry.owner
            && entry.blocked
            && entry.tcp.writable() > 0
        {
            entry.blocked = false;
            self.notify(handle, |selection| selection.record(NetworkEvents::WRITE));
        }
    }

    fn backlog(&mut self, listener: SocketHandle) -> &mut Backlog {
        match &mut self
            .socket_at_mut(listener)
            .expect("a listener is open")
            .phase
        {
            Phase::Listening(backlog) => backlog,
            Phase::Unconnected
            | Phase::Connecting(_)
            | Phase::Connected { .. }
            | Phase::ConnectFailed(_)
            | Phase::Broken(_) => panic!("socket {listener} does not listen"),
        }
    }
}

/// The error code of `FD_CONNECT` (WSAEnumNetworkEvents page).
fn connect_failed_by(end: End) -> SocketError {
    match end {
        End::Reset | End::Refused => SocketError::ConnectionRefused,
        End::TimedOut => SocketError::TimedOut,
        End::Unreachable => SocketError::NetworkUnreachable,
    }
}

/// The error code of `FD_CLOSE` (WSAEnumNetworkEvents page), and of the calls after it.
fn broken_by(end: End) -> SocketError {
    match end {
        End::Reset | End::Refused => SocketError::ConnectionReset,
        End::TimedOut | End::Unreachable => SocketError::ConnectionAborted,
    }
}

/// A reset that the connection believes.
fn reset_of(known: Facts) -> Segment {
    Segment {
        source_port: known.pair.remote.port,
        destination_port: known.pair.local_port,
        sequence: known.expected,
        acknowledgment: SeqNum::new(0),
        flags: Flags::RST,
        window: 0,
        maximum_segment_size: None,
        payload: Payload::empty(),
    }
}
