//! Inputs from the network: segments (demultiplexing, RFC 9293 section 3.10.7), ICMP errors and timer
//! expiry. What they mean for a program is in `network_events`.

use std::sync::Arc;

use tcp::{Connection, Flags, Payload, Segment, SeqNum, Unreachable, Uptime};

use super::SocketTable;
use crate::address::SocketAddress;
use crate::backlog::Backlog;
use crate::config::FullBacklog;
use crate::connections::{
    AddressPair, ConnectionEntry, ConnectionId, ConnectionRef, ConnectionSummary, Owner,
};
use crate::flow_label::FlowLabel;
use crate::handles::SocketHandle;
use crate::socket::SocketPhase;

impl SocketTable {
    /// Handles a segment with the label `label` from the address `from` to the address `to` of this host: it
    /// goes to the connection with its address pair, or else, if it is a SYN, to the listener on its
    /// port. Any other segment is answered with a reset, except that a listener drops one without ACK.
    pub fn on_segment(
        &mut self,
        now: Uptime,
        [from, to]: [u32; 2],
        label: FlowLabel,
        segment: Segment,
    ) {
        let pair = AddressPair {
            local: SocketAddress::new(to, segment.destination_port),
            remote: SocketAddress::new(from, segment.source_port),
        };
        if let Some(connection) = self.connections.find(pair) {
            match self.connections.get_mut(connection) {
                ConnectionRef::Full(entry) => {
                    if let Owner::HalfOpen(listener) = entry.owner {
                        return self.on_half_open_segment(now, connection, listener, segment);
                    }
                    entry.tcp.on_segment(now, segment);
                    self.after_input(connection);
                }
                ConnectionRef::TimeWait(entry) => {
                    entry.tcp.on_segment(now, &segment, &self.profile);
                    self.after_time_wait_input(connection);
                }
            }
            return;
        }
        // RFC 9293 section 3.10.7.2: LISTEN ignores RST, answers ACK with a reset, and drops a segment
        // that has neither of them nor SYN.
        // SYN with ACK can only answer a SYN of ours, and there is no connection that sent one.
        let is_first_syn = segment.flags.contains(Flags::SYN)
            && !segment.flags.contains(Flags::ACK)
            && !segment.flags.contains(Flags::RST);
        match self.listener_at(pair.local) {
            Some(listener) if is_first_syn => {
                self.accept_syn(now, listener, pair, label, &segment);
            }
            Some(_) if !segment.flags.contains(Flags::ACK) => {}
            Some(_) | None => self.queue_reset(pair, label, &segment),
        }
    }

    /// The listener that is bound to this address, or to the port of all addresses.
    fn listener_at(&self, local: SocketAddress) -> Option<SocketHandle> {
        let any = SocketAddress::new(0, local.port);
        let found = self.listeners.get(&local);
        found.or_else(|| self.listeners.get(&any)).copied()
    }

    /// Handles an ICMP destination unreachable message for a segment from `local` to `remote` with the
    /// number `sequence`.
    /// Without a connection with these addresses it has no effect.
    pub fn on_unreachable(
        &mut self,
        now: Uptime,
        local: SocketAddress,
        remote: SocketAddress,
        reason: Unreachable,
        sequence: SeqNum,
    ) {
        if let Some(connection) = self.connections.find(AddressPair { local, remote })
            && let ConnectionRef::Full(entry) = self.connections.get_mut(connection)
        {
            entry.tcp.on_unreachable(now, reason, sequence);
            self.after_input(connection);
        }
    }

    /// Resets all connections, or those between two of these addresses, the own one first, as a firewall or a
    /// failing router may do: each receives an acceptable reset that seems to come from its peer.
    pub fn reset_connections(&mut self, now: Uptime, between: Option<&[[u32; 2]]>) {
        // Collected first: a reset changes the table that is being read.
        let resets: Vec<ConnectionSummary> = self
            .connections
            .iter()
            .filter(|it| {
                let addresses = [it.pair.local.host, it.pair.remote.host];
                between.is_none_or(|between| between.contains(&addresses))
            })
            .collect();
        for it in resets {
            let addresses = [it.pair.remote.host, it.pair.local.host];
            self.on_segment(now, addresses, it.label.reversed(), reset_of(it));
        }
    }

    /// Handles all timeouts that have expired by `now`.
    ///
    /// # Panics
    /// If TCP leaves a timeout in the past, which would loop forever.
    pub fn on_timeout(&mut self, now: Uptime) {
        while let Some(connection) = self.connections.expired(now) {
            match self.connections.get_mut(connection) {
                ConnectionRef::Full(entry) => {
                    entry.tcp.on_timeout(now);
                    self.after_input(connection);
                }
                ConnectionRef::TimeWait(entry) => {
                    entry.tcp.on_timeout(now);
                    self.after_time_wait_input(connection);
                }
            }
            let next = self.connections.update_timeout(connection);
            assert!(
                next.is_none_or(|at| at > now),
                "the timeout {next:?} is in the past at {now:?}"
            );
        }
    }

    /// Handles a segment of a half-open connection. It is dropped if it might establish the connection and
    /// the backlog has no room: anything but a reset.
    fn on_half_open_segment(
        &mut self,
        now: Uptime,
        connection: ConnectionId,
        listener: SocketHandle,
        segment: Segment,
    ) {
        if segment.flags.contains(Flags::RST) || !self.backlog(listener).holds_back() {
            self.connections[connection].tcp.on_segment(now, segment);
            self.after_input(connection);
        }
    }

    /// Handles a SYN for a listener. The new connection sends under the reversed label.
    fn accept_syn(
        &mut self,
        now: Uptime,
        listener: SocketHandle,
        pair: AddressPair,
        label: FlowLabel,
        syn: &Segment,
    ) {
        if self.backlog(listener).is_full() {
            match self.config.full_backlog {
                FullBacklog::Reset => self.queue_reset(pair, label, syn),
                // The peer sends its SYN again, and may find room then.
                FullBacklog::Ignore => {}
            }
            return;
        }
        let own_label = label.reversed();
        let initial_sequence = own_label.initial_sequence(pair.local.host, pair.remote.host);
        let mut tcp = Connection::accept(Arc::clone(&self.profile), syn, initial_sequence, now);
        // An accepted socket inherits the options of its listener.
        let keep_alive = self
            .socket_at(listener)
            .expect("the listener is open")
            .keep_alive;
        tcp.set_keep_alive(now, keep_alive);
        let owner = Owner::HalfOpen(listener);
        let connection = self.add_connection(ConnectionEntry::new(tcp, pair, own_label, owner));
        self.backlog(listener).add_half_open();
        self.after_input(connection);
    }

    fn queue_reset(&mut self, pair: AddressPair, label: FlowLabel, segment: &Segment) {
        if let Some(reset) = tcp::reset_for(segment) {
            let addresses = [pair.local.host, pair.remote.host];
            self.resets.push(addresses, label.reversed(), reset);
        }
    }

    /// To be called after every input to a connection: queues it for output and reports its events.
    pub(super) fn after_input(&mut self, connection: ConnectionId) {
        // Most segments change nothing that a program can see: the check is cheaper than the
        // report.
        if self.connections.on_input(connection) {
            self.report(connection);
        }
    }

    /// Reports the events of a connection to its owner.
    pub(super) fn report(&mut self, connection: ConnectionId) {
        while let Some(event) = self.connections[connection].tcp.poll_event() {
            self.on_event(connection, event);
        }
        // Reading the events may have changed the entry, so these are read after them.
        let entry = &self.connections[connection];
        let (blocked, is_closed) = (entry.blocked, entry.is_newly_closed());
        if blocked {
            self.unblock(connection);
        }
        if is_closed {
            self.retire(connection);
            // A handshake that ends in a reset is not reported to the user (RFC 9293 section
            // 3.10.7.4, second check).
            if let Owner::HalfOpen(listener) = self.connections[connection].owner {
                self.backlog(listener).remove_half_open();
                self.orphan(connection);
            }
        }
    }

    /// Like [`after_input`](Self::after_input), for a connection in TIME-WAIT without an owner.
    fn after_time_wait_input(&mut self, connection: ConnectionId) {
        if let ConnectionRef::TimeWait(entry) = self.connections.get_mut(connection)
            && entry.is_newly_closed()
        {
            self.retire(connection);
        }
        self.connections.queue_output(connection);
    }

    /// Frees the addresses of a CLOSED connection.
    fn retire(&mut self, connection: ConnectionId) {
        let local = self.connections.retire(connection);
        // The address pair is free again only now: TIME-WAIT had held it for 2 MSL (RFC 9293
        // section 3.6.1).
        self.ports.release(local);
        self.counters.connections.closed += 1;
    }

    pub(super) fn backlog(&mut self, listener: SocketHandle) -> &mut Backlog {
        match &mut self
            .socket_at_mut(listener)
            .expect("the listener is open")
            .phase
        {
            SocketPhase::Listening(backlog) => backlog,
            SocketPhase::Unconnected
            | SocketPhase::Connecting(_)
            | SocketPhase::Connected { .. }
            | SocketPhase::ConnectFailed(_)
            | SocketPhase::Broken(_) => panic!("socket {listener} is not listening"),
        }
    }
}

/// A reset that the connection accepts: its sequence number is RCV.NXT (RFC 5961 section 3.2).
fn reset_of(connection: ConnectionSummary) -> Segment {
    Segment {
        source_port: connection.pair.remote.port,
        destination_port: connection.pair.local.port,
        sequence: connection.rcv_nxt,
        acknowledgment: SeqNum::new(0),
        flags: Flags::RST,
        window: 0,
        maximum_segment_size: None,
        options: None,
        payload: Payload::empty(),
    }
}
