//! Calls on a connected socket: send, receive, count, shut down.
//!
//! Owns which of them an unconnected, shut or dead socket refuses, and the enabling of
//! `FD_READ` and `FD_WRITE` that goes with them. The bytes are TCP's.

use tcp::{Payload, ReceiveError, SendError, Uptime};

use super::SocketTable;
use crate::connection_id::ConnectionId;
use crate::error::SocketError;
use crate::handle::SocketHandle;
use crate::network_events::NetworkEvents;
use crate::socket::{Phase, Sending, Socket};

impl SocketTable {
    /// `send`: hands bytes to TCP and answers how many it took, at least one unless none were
    /// given. Success means queued, not delivered.
    ///
    /// # Errors
    /// 10038; 10057 if not connected; 10058 after shutdown; 10053 or 10054 if the connection
    /// died; 10035 if there is no space: `FD_WRITE` is then recorded when some appears.
    pub fn send(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        bytes: &[u8],
    ) -> Result<usize, SocketError> {
        let connection = self.sending_connection(socket)?;
        let taken = self.connections[connection]
            .tcp
            .send(now, bytes)
            .map_err(send_failed_by)?;
        if taken == 0 && !bytes.is_empty() {
            self.block_sending(socket, connection);
            return Err(SocketError::WouldBlock);
        }
        self.settle(connection);
        Ok(taken)
    }

    /// `recv`: takes at most `limit` bytes; none are the end of the stream. Enables `FD_READ`
    /// again, even if it fails.
    ///
    /// # Errors
    /// 10038; 10057 if not connected; 10053 or 10054 if the connection died, unread data with
    /// it; 10035 if nothing arrived yet or `limit` is 0.
    pub fn receive(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        limit: usize,
    ) -> Result<Payload, SocketError> {
        let received = self.receive_now(now, socket, limit);
        self.enable(socket, NetworkEvents::READ);
        received
    }

    fn receive_now(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        limit: usize,
    ) -> Result<Payload, SocketError> {
        let connection = established(self.socket_at(socket)?)?;
        let received = self.connections[connection].tcp.receive(now, limit);
        self.settle(connection);
        received.map_err(receive_failed_by)
    }

    /// `ioctlsocket(FIONREAD)`: how many bytes a receive would find; zero on a socket without
    /// a connection.
    ///
    /// # Errors
    /// 10038.
    pub fn bytes_readable(&self, socket: SocketHandle) -> Result<usize, SocketError> {
        let connection = self.socket_at(socket)?.connection();
        Ok(connection.map_or(0, |connection| self.connections[connection].tcp.readable()))
    }

    /// `shutdown(SD_SEND)`: FIN after what was sent; receiving goes on. Again is no failure.
    ///
    /// # Errors
    /// 10038; 10057 if not connected: never, not yet, or no more. That is the 10057 Q303102
    /// finds in the closing of a socket that never connected.
    pub fn shutdown(&mut self, now: Uptime, socket: SocketHandle) -> Result<(), SocketError> {
        let Phase::Connected {
            connection,
            sending,
        } = &mut self.socket_at_mut(socket)?.phase
        else {
            return Err(SocketError::NotConnected);
        };
        if *sending == Sending::Shut {
            return Ok(());
        }
        *sending = Sending::Shut;
        let connection = *connection;
        self.connections[connection].blocked = false;
        self.connections[connection].tcp.close(now);
        self.settle(connection);
        Ok(())
    }

    fn sending_connection(&self, socket: SocketHandle) -> Result<ConnectionId, SocketError> {
        let socket = self.socket_at(socket)?;
        let connection = established(socket)?;
        match socket.phase {
            Phase::Connected {
                sending: Sending::Shut,
                ..
            } => Err(SocketError::Shutdown),
            Phase::Connected { .. }
            | Phase::Unconnected
            | Phase::Listening(_)
            | Phase::Connecting(_)
            | Phase::ConnectFailed(_)
            | Phase::Broken(_) => Ok(connection),
        }
    }

    fn block_sending(&mut self, socket: SocketHandle, connection: ConnectionId) {
        self.connections[connection].blocked = true;
        let blocked = self.socket_at_mut(socket).expect("it was sent on");
        blocked.selection.enable(NetworkEvents::WRITE);
    }
}

fn established(socket: &Socket) -> Result<ConnectionId, SocketError> {
    match socket.phase {
        Phase::Connected { connection, .. } => Ok(connection),
        Phase::Broken(failure) => Err(failure),
        Phase::Unconnected
        | Phase::Listening(_)
        | Phase::Connecting(_)
        | Phase::ConnectFailed(_) => Err(SocketError::NotConnected),
    }
}

fn send_failed_by(error: SendError) -> SocketError {
    match error {
        SendError::Closing => SocketError::Shutdown,
        SendError::Reset | SendError::Refused => SocketError::ConnectionReset,
        SendError::TimedOut | SendError::Unreachable | SendError::Aborted => {
            SocketError::ConnectionAborted
        }
    }
}

fn receive_failed_by(error: ReceiveError) -> SocketError {
    match error {
        ReceiveError::Empty => SocketError::WouldBlock,
        ReceiveError::Reset | ReceiveError::Refused => SocketError::ConnectionReset,
        ReceiveError::TimedOut | ReceiveError::Unreachable | ReceiveError::Aborted => {
            SocketError::ConnectionAborted
        }
    }
}
