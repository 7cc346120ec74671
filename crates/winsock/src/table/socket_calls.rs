//! Calls from `socket` to `closesocket`: open, bind, listen, connect, accept, options, close.

use std::sync::Arc;

use tcp::{Connection, Uptime};

use super::{Object, SocketTable};
use crate::address::SocketAddress;
use crate::backlog::Backlog;
use crate::config::WinsockVersion;
use crate::connections::{AddressPair, ConnectionEntry, ConnectionId, Owner};
use crate::error::SocketError;
use crate::events::NetworkEvents;
use crate::flow_label::FlowLabel;
use crate::handles::SocketHandle;
use crate::socket::{Socket, SocketPhase};
use crate::wait::Signal;

impl SocketTable {
    /// `socket`: opens a socket.
    ///
    /// # Errors
    /// 10024 if the handle table is full.
    pub fn socket(&mut self) -> Result<SocketHandle, SocketError> {
        self.open(Socket::new())
    }

    /// `bind` to a local port of all addresses (INADDR_ANY), or with 0 to an ephemeral port.
    ///
    /// # Errors
    /// 10038; 10022 if already bound or connected; 10048 if another open socket is bound to the port;
    /// 10055 if no ephemeral port is free.
    pub fn bind(&mut self, socket: SocketHandle, port: u16) -> Result<(), SocketError> {
        self.bind_to(socket, SocketAddress::new(0, port))
    }

    /// `bind` to a local port of one address, or of all if the host is zero; with port 0 to an ephemeral
    /// port.
    ///
    /// # Errors
    /// As [`bind`](Self::bind), and 10049 if the host does not have the address.
    pub fn bind_to(
        &mut self,
        socket: SocketHandle,
        local: SocketAddress,
    ) -> Result<(), SocketError> {
        let bindable = self.socket_at(socket)?;
        if bindable.bound.is_some() || !matches!(bindable.phase, SocketPhase::Unconnected) {
            return Err(SocketError::Invalid);
        }
        let local = self.ports.bind(local)?;
        self.socket_at_mut(socket)?.bound = Some(local);
        Ok(())
    }

    /// `listen` with a backlog clamped to 1..=`backlog_limit`. On a listener it succeeds without
    /// effect (listen page).
    ///
    /// # Errors
    /// 10038; 10022 if not bound, or after a connect; 10056 if connected.
    pub fn listen(&mut self, socket: SocketHandle, backlog: u32) -> Result<(), SocketError> {
        let limit = backlog.clamp(1, self.config.backlog_limit);
        let full = self.config.full_backlog;
        let listener = self.socket_at_mut(socket)?;
        match listener.phase {
            SocketPhase::Listening(_) => return Ok(()),
            SocketPhase::Connected { .. } => return Err(SocketError::IsConnected),
            SocketPhase::Connecting(_) | SocketPhase::ConnectFailed(_) | SocketPhase::Broken(_) => {
                return Err(SocketError::Invalid);
            }
            SocketPhase::Unconnected => {}
        }
        // listen page: "the socket has not been bound with bind" is WSAEINVAL.
        let local = listener.bound.ok_or(SocketError::Invalid)?;
        listener.phase = SocketPhase::Listening(Box::new(Backlog::new(limit, full)));
        let before = self.listeners.insert(local, socket);
        assert_eq!(before, None, "two sockets are bound to {local}");
        Ok(())
    }

    /// `connect`: starts a connection to `to` with the label `label`. It never succeeds at once:
    /// 10035 means that the connection is being established. After 10060, 10061 or 10051 it may be
    /// called again on the same socket (connect page).
    ///
    /// # Errors
    /// 10035; 10038; 10049 if `to` has no host or port; 10037 (WinSock 1.1: 10022) if a connect is
    /// pending; 10056 if the socket is or was connected; 10022 if it is listening; 10051 if there is
    /// no route; 10055 if no ephemeral port is free; 10048 if a connection has the address pair,
    /// TIME-WAIT included.
    pub fn connect(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        to: SocketAddress,
        label: FlowLabel,
    ) -> Result<(), SocketError> {
        self.check_connectable(socket, to)?;
        let local = self.local_for_connect(socket)?;
        let pair = AddressPair { local, remote: to };
        // A bound port may have a connection to the same peer, perhaps in TIME-WAIT.
        if self.connections.find(pair).is_some() {
            return Err(SocketError::AddressInUse);
        }
        let initial_sequence = label.initial_sequence(local.host, to.host);
        let mut tcp = Connection::connect(
            Arc::clone(&self.profile),
            local.port,
            to.port,
            initial_sequence,
            now,
        );
        tcp.set_keep_alive(now, self.socket_at(socket)?.keep_alive);
        let entry = ConnectionEntry::new(tcp, pair, label, Owner::Socket(socket));
        let connection = self.add_connection(entry);
        let connecting = self.socket_at_mut(socket)?;
        connecting.phase = SocketPhase::Connecting(connection);
        // The events of a new connection can be recorded again, CONNECT and CLOSE included.
        connecting.selection.enable(
            NetworkEvents::CONNECT
                | NetworkEvents::CLOSE
                | NetworkEvents::READ
                | NetworkEvents::WRITE,
        );
        Err(SocketError::WouldBlock)
    }

    /// `accept`: a new socket for the oldest connection of the backlog, with the options, event
    /// object and mask of the listener (WSAEventSelect page). Enables `FD_ACCEPT` again, even if it
    /// fails.
    ///
    /// # Errors
    /// 10038; 10022 if not listening; 10035 if no connection waits; 10054 if the connection was reset
    /// before it was accepted (WSAAccept page), which removes it from the backlog; 10024 if the
    /// handle table is full, which does not.
    pub fn accept(
        &mut self,
        socket: SocketHandle,
    ) -> Result<(SocketHandle, SocketAddress), SocketError> {
        let accepted = self.try_accept(socket);
        self.enable(socket, NetworkEvents::ACCEPT);
        accepted
    }

    fn try_accept(
        &mut self,
        socket: SocketHandle,
    ) -> Result<(SocketHandle, SocketAddress), SocketError> {
        // Checked first: a connection must not leave the backlog if there is no handle for it.
        let full = self.handles.is_full();
        let listener = self.socket_at_mut(socket)?;
        let SocketPhase::Listening(backlog) = &mut listener.phase else {
            return Err(SocketError::Invalid);
        };
        if full && backlog.is_ready() {
            return Err(SocketError::TooManyHandles);
        }
        let connection = backlog.accept().ok_or(SocketError::WouldBlock)?;
        let accepted = listener.accepted(connection);
        if let Some(failure) = self.connections[connection].failure {
            self.orphan(connection);
            return Err(failure);
        }
        let handle = self.open(accepted)?;
        let entry = &mut self.connections[connection];
        entry.owner = Owner::Socket(handle);
        let from = entry.pair.remote;
        // Data or a FIN may have arrived before `accept`.
        self.record_current(handle);
        Ok((handle, from))
    }

    /// `closesocket`: frees the handle at once. TCP closes the connection in the background: with a
    /// FIN after the queued bytes, or with RST if bytes are unread or still arrive (RFC 1122 section
    /// 4.2.2.13) or a hard close was requested. No further event is recorded; the event object stays
    /// open.
    ///
    /// # Errors
    /// 10038, in particular if the handle was closed before (Q155738).
    pub fn close(&mut self, now: Uptime, socket: SocketHandle) -> Result<(), SocketError> {
        self.socket_at(socket)?;
        let Some(Object::Socket(closed)) = self.handles.remove(socket.0) else {
            panic!("socket {socket} was just found open");
        };
        self.counters.sockets.closed += 1;
        if closed.in_select {
            // The waiting select calls again and gets 10038.
            self.signals.push_back(Signal::Socket(socket));
        }
        if let Some(local) = closed.bound {
            self.ports.unbind(local);
        }
        match closed.phase {
            SocketPhase::Listening(backlog) => {
                let local = closed.bound.expect("a listener is bound");
                // From here on a SYN to the port is answered with a reset.
                self.listeners.remove(&local);
                // The program will never accept them, so their peers must learn of it.
                let owner = Owner::HalfOpen(socket);
                let half_open: Vec<_> = self.connections.owned_by(owner).collect();
                for connection in half_open.into_iter().chain(backlog.into_established()) {
                    self.abort(now, connection);
                }
            }
            // TCP sends no reset in SYN-SENT (RFC 9293 section 3.10.5): the peer knows nothing yet.
            SocketPhase::Connecting(connection) => self.abort(now, connection),
            SocketPhase::Connected { connection, .. } => {
                if closed.hard_close {
                    self.connections[connection].tcp.abort(now);
                } else {
                    self.connections[connection].tcp.detach(now);
                }
                self.orphan(connection);
            }
            SocketPhase::Unconnected | SocketPhase::ConnectFailed(_) | SocketPhase::Broken(_) => {}
        }
        Ok(())
    }

    /// Ends the process: NT closes all its handles, and the next process starts with an empty handle
    /// table. Connections end in the background as after `closesocket`.
    pub fn end_process(&mut self, now: Uptime) {
        let sockets: Vec<_> = self.open_sockets().map(|socket| socket.handle).collect();
        for socket in sockets {
            self.close(now, socket).expect("the socket is open");
        }
        let events: Vec<_> = self.open_events().map(|(event, _)| event).collect();
        for event in events {
            self.close_event(event).expect("the event object is open");
        }
        self.handles.clear();
        // The callers that waited for them are gone with the process.
        self.signals.clear();
    }

    /// `setsockopt(SO_KEEPALIVE)`.
    ///
    /// # Errors
    /// 10038.
    pub fn set_keep_alive(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        on: bool,
    ) -> Result<(), SocketError> {
        let changed = self.socket_at_mut(socket)?;
        changed.keep_alive = on;
        if let Some(connection) = changed.connection() {
            self.connections[connection].tcp.set_keep_alive(now, on);
            self.after_input(connection);
        }
        Ok(())
    }

    /// `setsockopt(TCP_NODELAY)`: turns Nagle's algorithm (RFC 9293 section 3.7.4) off or on for
    /// the connection of this socket. Initially the profile decides.
    ///
    /// # Errors
    /// 10038; 10057 if there is no connection yet.
    pub fn set_no_delay(&mut self, socket: SocketHandle, on: bool) -> Result<(), SocketError> {
        let connection = self.socket_at(socket)?.connection();
        let connection = connection.ok_or(SocketError::NotConnected)?;
        self.connections[connection].tcp.set_nagle(!on);
        Ok(())
    }

    /// `getsockname`: the address of the connection, else the one that the socket is bound to, whose host
    /// is zero for all addresses; `None` before `bind` or `connect`.
    ///
    /// # Errors
    /// 10038.
    pub fn local_address(
        &self,
        socket: SocketHandle,
    ) -> Result<Option<SocketAddress>, SocketError> {
        let socket = self.socket_at(socket)?;
        let connection = socket.connection();
        let connected = connection.map(|connection| self.connections[connection].pair.local);
        Ok(connected.or(socket.bound))
    }

    /// `setsockopt(SO_LINGER)` with a time of zero: `closesocket` sends RST.
    ///
    /// # Errors
    /// 10038.
    pub fn set_hard_close(&mut self, socket: SocketHandle, on: bool) -> Result<(), SocketError> {
        self.socket_at_mut(socket)?.hard_close = on;
        Ok(())
    }

    fn open(&mut self, socket: Socket) -> Result<SocketHandle, SocketError> {
        let number = self
            .handles
            .insert(Object::Socket(socket))
            .map_err(|_| SocketError::TooManyHandles)?;
        self.counters.sockets.opened += 1;
        Ok(SocketHandle(number))
    }

    fn check_connectable(
        &self,
        socket: SocketHandle,
        to: SocketAddress,
    ) -> Result<(), SocketError> {
        match &self.socket_at(socket)?.phase {
            // connect page: after a failed connect the application may try again.
            SocketPhase::Unconnected | SocketPhase::ConnectFailed(_) => {}
            SocketPhase::Connecting(_) => {
                return Err(match self.config.version {
                    WinsockVersion::V1_1 => SocketError::Invalid,
                    WinsockVersion::V2_0 => SocketError::Already,
                });
            }
            // A socket whose connection ended cannot connect again; only one whose connect failed
            // can.
            SocketPhase::Connected { .. } | SocketPhase::Broken(_) => {
                return Err(SocketError::IsConnected);
            }
            SocketPhase::Listening(_) => return Err(SocketError::Invalid),
        }
        if to.host == 0 || to.port == 0 {
            return Err(SocketError::AddressNotAvailable);
        }
        if self.unroutable.contains(&to.host) {
            return Err(SocketError::NetworkUnreachable);
        }
        Ok(())
    }

    /// The address from which a socket connects.
    fn local_for_connect(&mut self, socket: SocketHandle) -> Result<SocketAddress, SocketError> {
        let host = self.config.address;
        if let Some(bound) = self.socket_at(socket)?.bound {
            let host = if bound.host == 0 { host } else { bound.host };
            return Ok(SocketAddress { host, ..bound });
        }
        // connect page: an unbound socket is bound by the system. It keeps the port if connect fails.
        let local = self.ports.bind(SocketAddress::new(host, 0))?;
        self.socket_at_mut(socket)?.bound = Some(local);
        Ok(local)
    }

    pub(super) fn add_connection(&mut self, entry: ConnectionEntry) -> ConnectionId {
        self.ports.hold(entry.pair.local);
        self.counters.connections.opened += 1;
        self.connections.insert(entry)
    }

    /// Aborts a connection with RST.
    pub(super) fn abort(&mut self, now: Uptime, connection: ConnectionId) {
        self.connections[connection].tcp.abort(now);
        self.orphan(connection);
    }

    /// Removes the owner of a connection. TCP ends it in the background.
    pub(super) fn orphan(&mut self, connection: ConnectionId) {
        self.connections[connection].owner = Owner::Orphaned;
        // `poll_transmit` sends the rest and forgets the connection.
        self.connections.queue_output(connection);
    }
}
