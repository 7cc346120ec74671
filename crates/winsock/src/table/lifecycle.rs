//! From `socket` to `closesocket`: opening, binding, listening, connecting, accepting, closing.
//!
//! Owns which phase of a socket allows which of these calls and what each leaves behind. What
//! becomes of a connection afterwards is told by `arrival`.

use std::sync::Arc;

use tcp::{Connection, Uptime};

use super::{Object, SocketTable};
use crate::address::{FlowLabel, SocketAddress};
use crate::config::Version;
use crate::connection_id::ConnectionId;
use crate::connections::{Entry, Owner};
use crate::error::SocketError;
use crate::handle::SocketHandle;
use crate::listen::Backlog;
use crate::network_events::NetworkEvents;
use crate::pair_index::Pair;
use crate::socket::{Phase, Socket};
use crate::wait::Signal;

impl SocketTable {
    /// `socket`: opens one.
    ///
    /// # Errors
    /// 10024 if the handle table is full.
    pub fn socket(&mut self) -> Result<SocketHandle, SocketError> {
        self.open(Socket::new())
    }

    /// `bind`: takes a local port, or with 0 one of the host's choice.
    ///
    /// # Errors
    /// 10038; 10022 if bound or connected already; 10048 if another open socket has the port;
    /// 10055 if no ephemeral port is free.
    pub fn bind(&mut self, socket: SocketHandle, port: u16) -> Result<(), SocketError> {
        let bindable = self.socket_at(socket)?;
        if bindable.bound.is_some() || !matches!(bindable.phase, Phase::Unconnected) {
            return Err(SocketError::Invalid);
        }
        let port = self.ports.bind(port)?;
        self.socket_at_mut(socket)?.bound = Some(port);
        Ok(())
    }

    /// `listen`: takes connections from now on, at most `backlog` (cut to 1..=`backlog_limit`)
    /// before they are accepted. On a listener it succeeds and changes nothing (listen page).
    ///
    /// # Errors
    /// 10038; 10022 if not bound or a connect was tried; 10056 if connected.
    pub fn listen(&mut self, socket: SocketHandle, backlog: u32) -> Result<(), SocketError> {
        let limit = backlog.clamp(1, self.config.backlog_limit);
        let listener = self.socket_at_mut(socket)?;
        match listener.phase {
            Phase::Listening(_) => return Ok(()),
            Phase::Connected { .. } => return Err(SocketError::IsConnected),
            Phase::Connecting(_) | Phase::ConnectFailed(_) | Phase::Broken(_) => {
                return Err(SocketError::Invalid);
            }
            Phase::Unconnected => {}
        }
        let port = listener.bound.ok_or(SocketError::Invalid)?;
        listener.phase = Phase::Listening(Box::new(Backlog::new(limit)));
        let before = self.listeners.insert(port, socket);
        assert_eq!(before, None, "two sockets were bound to port {port}");
        Ok(())
    }

    /// `connect`: begins a connection to `to` that sends under `label`. It never succeeds at
    /// once; the answer of a connect well begun is 10035. After 10060, 10061 or 10051 it may be
    /// called again on the same socket (connect page).
    ///
    /// # Errors
    /// 10035; 10038; 10049 if `to` has no host or port; 10037 (WinSock 1.1: 10022) if one is
    /// under way; 10056 if connected, now or once; 10022 if listening; 10051 if there is no
    /// route; 10055 if no ephemeral port is free; 10048 if the pair of addresses is in use,
    /// TIME_WAIT included.
    pub fn connect(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        to: SocketAddress,
        label: FlowLabel,
    ) -> Result<(), SocketError> {
        self.check_connectable(socket, to)?;
        let local_port = self.bound_port(socket)?;
        let pair = Pair {
            local_port,
            remote: to,
        };
        if self.connections.find(pair).is_some() {
            return Err(SocketError::AddressInUse);
        }
        let initial_sequence = label.initial_sequence(self.config.address, to.host);
        let mut tcp = Connection::connect(
            Arc::clone(&self.profile),
            local_port,
            to.port,
            initial_sequence,
            now,
        );
        tcp.set_keep_alive(now, self.socket_at(socket)?.keep_alive);
        let entry = Entry::new(tcp, pair, label, Owner::Socket(socket));
        let connection = self.begin(entry);
        let connecting = self.socket_at_mut(socket)?;
        connecting.phase = Phase::Connecting(connection);
        // A new connection: what was recorded once may be recorded once more.
        connecting.selection.enable(
            NetworkEvents::CONNECT
                | NetworkEvents::CLOSE
                | NetworkEvents::READ
                | NetworkEvents::WRITE,
        );
        Err(SocketError::WouldBlock)
    }

    /// `accept`: a new socket for the connection that waits longest, with the listener's event
    /// object and mask (WSAEventSelect page) and options. Enables `FD_ACCEPT` again, even if
    /// it fails.
    ///
    /// # Errors
    /// 10038; 10022 if not listening; 10035 if none waits; 10054 if the connection was reset
    /// before it was accepted (WSAAccept page), which uses it up; 10024 if the handle table
    /// is full, which does not.
    pub fn accept(
        &mut self,
        socket: SocketHandle,
    ) -> Result<(SocketHandle, SocketAddress), SocketError> {
        let accepted = self.accept_next(socket);
        self.enable(socket, NetworkEvents::ACCEPT);
        accepted
    }

    fn accept_next(
        &mut self,
        socket: SocketHandle,
    ) -> Result<(SocketHandle, SocketAddress), SocketError> {
        let full = self.handles.is_full();
        let listener = self.socket_at_mut(socket)?;
        let Phase::Listening(backlog) = &mut listener.phase else {
            return Err(SocketError::Invalid);
        };
        if full && backlog.is_ready() {
            return Err(SocketError::TooManyHandles);
        }
        let connection = backlog.take().ok_or(SocketError::WouldBlock)?;
        let accepted = listener.accepted(connection);
        if let Some(failure) = self.connections[connection].failure {
            self.disown(connection);
            return Err(failure);
        }
        let handle = self.open(accepted)?;
        let entry = &mut self.connections[connection];
        entry.owner = Owner::Socket(handle);
        let from = entry.pair.remote;
        self.record_standing(handle);
        Ok((handle, from))
    }

    /// `closesocket`: frees the handle at once. A connection is closed in the background: FIN
    /// after what was sent; RST if data was not read or still comes (RFC 1122 4.2.2.13), or a hard close was
    /// asked for. No event is recorded any more; the event object stays open.
    ///
    /// # Errors
    /// 10038, above all on a handle closed before (Q155738).
    pub fn close(&mut self, now: Uptime, socket: SocketHandle) -> Result<(), SocketError> {
        self.socket_at(socket)?;
        let Some(Object::Socket(closed)) = self.handles.remove(socket.0) else {
            panic!("socket {socket} was open a moment ago");
        };
        self.counters.sockets.closed += 1;
        if closed.awaited {
            // The select that waits asks again and finds 10038.
            self.signals.push(Signal::Socket(socket));
        }
        if let Some(port) = closed.bound {
            self.ports.unbind(port);
        }
        match closed.phase {
            Phase::Listening(backlog) => {
                let port = closed.bound.expect("a listener is bound");
                self.listeners.remove(&port);
                let half_open = Owner::Arriving(socket);
                let half_open: Vec<_> = self.connections.of(half_open).collect();
                for connection in half_open.into_iter().chain(backlog.into_established()) {
                    self.abandon(now, connection);
                }
            }
            Phase::Connecting(connection) => self.abandon(now, connection),
            Phase::Connected { connection, .. } => {
                if closed.hard_close {
                    self.connections[connection].tcp.abort(now);
                } else {
                    self.connections[connection].tcp.detach(now);
                }
                self.disown(connection);
            }
            Phase::Unconnected | Phase::ConnectFailed(_) | Phase::Broken(_) => {}
        }
        Ok(())
    }

    /// The process ends: NT closes every handle it has, and the next process starts with an
    /// empty handle table. Connections end in the background as after `closesocket`.
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
            self.settle(connection);
        }
        Ok(())
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
            Phase::Unconnected | Phase::ConnectFailed(_) => {}
            Phase::Connecting(_) => {
                return Err(match self.config.version {
                    Version::OneOne => SocketError::Invalid,
                    Version::Two => SocketError::Already,
                });
            }
            Phase::Connected { .. } | Phase::Broken(_) => return Err(SocketError::IsConnected),
            Phase::Listening(_) => return Err(SocketError::Invalid),
        }
        if to.host == 0 || to.port == 0 {
            return Err(SocketError::AddressNotAvailable);
        }
        if self.unroutable.contains(&to.host) {
            return Err(SocketError::NetworkUnreachable);
        }
        Ok(())
    }

    fn bound_port(&mut self, socket: SocketHandle) -> Result<u16, SocketError> {
        if let Some(port) = self.socket_at(socket)?.bound {
            return Ok(port);
        }
        let port = self.ports.bind(0)?;
        self.socket_at_mut(socket)?.bound = Some(port);
        Ok(port)
    }

    /// Takes a new connection in.
    pub(super) fn begin(&mut self, entry: Entry) -> ConnectionId {
        self.ports.hold(entry.pair.local_port);
        self.counters.connections.opened += 1;
        self.connections.insert(entry)
    }

    /// Nobody wants the connection any more: RST.
    pub(super) fn abandon(&mut self, now: Uptime, connection: ConnectionId) {
        self.connections[connection].tcp.abort(now);
        self.disown(connection);
    }

    /// TCP ends the connection alone.
    pub(super) fn disown(&mut self, connection: ConnectionId) {
        self.connections[connection].owner = Owner::Nobody;
        // Its last words are sent, and it is forgotten, when it is asked what it has to send.
        self.connections.mark_unsent(connection);
    }
}
