//! Calls on a connected socket: send, receive, shut down.

use tcp::{Payload, ReceiveError, SendError, Uptime};

use super::SocketTable;
use crate::connections::ConnectionId;
use crate::error::SocketError;
use crate::events::NetworkEvents;
use crate::handles::SocketHandle;
use crate::socket::{Sending, Socket, SocketPhase};

impl SocketTable {
    /// `send`: queues bytes and returns how many; zero only if `bytes` is empty. The bytes are not
    /// delivered yet.
    ///
    /// # Errors
    /// 10038; 10057 if not connected; 10058 after `shutdown`; 10053 or 10054 if the connection
    /// failed; 10035 if there is no space: then `FD_WRITE` is recorded once there is.
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
            .map_err(send_error)?;
        // A non-blocking send of more than fits succeeds with what fits; only 0 bytes is 10035.
        if taken == 0 && !bytes.is_empty() {
            self.block_sending(socket, connection);
            return Err(SocketError::WouldBlock);
        }
        self.after_input(connection);
        Ok(taken)
    }

    /// `recv`: returns up to `limit` bytes; none at the end of the stream. Enables `FD_READ` again,
    /// even if it fails.
    ///
    /// # Errors
    /// 10038; 10057 if not connected; 10053 or 10054 if the connection failed, which drops unread
    /// bytes; 10035 if no bytes have arrived or `limit` is 0.
    pub fn receive(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        limit: usize,
    ) -> Result<Payload, SocketError> {
        // FD_READ is enabled by the call, whether it succeeds or not (WSAEventSelect page). A
        // program that stops at 10035 is thus told of the next bytes.
        let received = self.try_receive(now, socket, limit);
        self.enable(socket, NetworkEvents::READ);
        received
    }

    fn try_receive(
        &mut self,
        now: Uptime,
        socket: SocketHandle,
        limit: usize,
    ) -> Result<Payload, SocketError> {
        let connection = established(self.socket_at(socket)?)?;
        let received = self.connections[connection].tcp.receive(now, limit);
        // The freed buffer space may need a window update.
        self.after_input(connection);
        received.map_err(receive_error)
    }

    /// `ioctlsocket(FIONREAD)`: the number of bytes that can be received; zero without a connection.
    ///
    /// # Errors
    /// 10038.
    pub fn bytes_readable(&self, socket: SocketHandle) -> Result<usize, SocketError> {
        let connection = self.socket_at(socket)?.connection();
        Ok(connection.map_or(0, |connection| self.connections[connection].tcp.readable()))
    }

    /// `shutdown(SD_SEND)`: a FIN follows the queued bytes; receiving stays possible. A second call
    /// succeeds without effect.
    ///
    /// # Errors
    /// 10038; 10057 if not connected. Q303102 logs this 10057 when the MTA closes a socket that never
    /// connected.
    pub fn shutdown(&mut self, now: Uptime, socket: SocketHandle) -> Result<(), SocketError> {
        let SocketPhase::Connected {
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
        // No more WRITE: sending is not possible any more.
        self.connections[connection].blocked = false;
        // FIN takes its place in the stream after what is queued; the state goes to FIN-WAIT-1 or
        // LAST-ACK.
        self.connections[connection].tcp.close(now);
        self.after_input(connection);
        Ok(())
    }

    fn sending_connection(&self, socket: SocketHandle) -> Result<ConnectionId, SocketError> {
        let socket = self.socket_at(socket)?;
        let connection = established(socket)?;
        match socket.phase {
            SocketPhase::Connected {
                sending: Sending::Shut,
                ..
            } => Err(SocketError::Shutdown),
            SocketPhase::Connected { .. }
            | SocketPhase::Unconnected
            | SocketPhase::Listening(_)
            | SocketPhase::Connecting(_)
            | SocketPhase::ConnectFailed(_)
            | SocketPhase::Broken(_) => Ok(connection),
        }
    }

    fn block_sending(&mut self, socket: SocketHandle, connection: ConnectionId) {
        // 10035 is the re-enabling condition of FD_WRITE; `unblock` records it once there is space.
        self.connections[connection].blocked = true;
        let blocked = self.socket_at_mut(socket).expect("the socket is open");
        blocked.selection.enable(NetworkEvents::WRITE);
    }
}

fn established(socket: &Socket) -> Result<ConnectionId, SocketError> {
    match socket.phase {
        SocketPhase::Connected { connection, .. } => Ok(connection),
        // Every later call reports the failure, not 10057.
        SocketPhase::Broken(failure) => Err(failure),
        SocketPhase::Unconnected
        | SocketPhase::Listening(_)
        | SocketPhase::Connecting(_)
        | SocketPhase::ConnectFailed(_) => Err(SocketError::NotConnected),
    }
}

fn send_error(error: SendError) -> SocketError {
    match error {
        SendError::Closing => SocketError::Shutdown,
        SendError::Reset | SendError::Refused => SocketError::ConnectionReset,
        SendError::TimedOut | SendError::Unreachable | SendError::Aborted => {
            SocketError::ConnectionAborted
        }
    }
}

fn receive_error(error: ReceiveError) -> SocketError {
    match error {
        ReceiveError::Empty => SocketError::WouldBlock,
        ReceiveError::Reset | ReceiveError::Refused => SocketError::ConnectionReset,
        ReceiveError::TimedOut | ReceiveError::Unreachable | ReceiveError::Aborted => {
            SocketError::ConnectionAborted
        }
    }
}
