//! `WSAWaitForMultipleEvents` and `select`: what is ready now.
//!
//! Owns the limits and the readiness of a socket. It keeps no list of who waits.

use super::{Object, SocketTable};
use crate::error::SocketError;
use crate::handle::{EventHandle, SocketHandle};
use crate::socket::{Phase, Sending, Socket};
use crate::wait::{MAXIMUM_WAIT_EVENTS, SELECT_SET_SIZE, SocketSets};

impl SocketTable {
    /// `WSAWaitForMultipleEvents` for any one: the lowest index of a signalled object, or
    /// nothing: ask again when a signal names one of them. A handle may stand in it twice.
    ///
    /// # Errors
    /// 87 on no handle or more than 64; 6 if one names no event object.
    pub fn wait(&self, events: &[EventHandle]) -> Result<Option<usize>, SocketError> {
        if events.is_empty() || events.len() > MAXIMUM_WAIT_EVENTS {
            return Err(SocketError::InvalidWaitCount);
        }
        let mut lowest = None;
        for (index, event) in events.iter().enumerate() {
            let Some(Object::Event(object)) = self.handles.get(event.0) else {
                return Err(SocketError::InvalidEventHandle);
            };
            if object.is_signalled() && lowest.is_none() {
                lowest = Some(index);
            }
        }
        Ok(lowest)
    }

    /// `select`: the sockets of each set that are ready, or nothing: ask again when a signal
    /// names one of them.
    ///
    /// # Errors
    /// 10022 if all sets are empty or one has more than 64 sockets; 10038 if any is no socket,
    /// which is what the asynchronous thread of the 4.0 builds dies of (Q170006, event 9234).
    pub fn select(&mut self, asked: &SocketSets) -> Result<Option<SocketSets>, SocketError> {
        let sets = [&asked.readable, &asked.writable, &asked.failed];
        if asked.is_empty() || sets.iter().any(|set| set.len() > SELECT_SET_SIZE) {
            return Err(SocketError::Invalid);
        }
        let ready = SocketSets {
            readable: self.those(&asked.readable, Self::is_readable)?,
            writable: self.those(&asked.writable, Self::is_writable)?,
            failed: self.those(&asked.failed, Self::has_failed)?,
        };
        if !ready.is_empty() {
            return Ok(Some(ready));
        }
        for handle in sets.into_iter().flatten() {
            self.socket_at_mut(*handle)?.awaited = true;
        }
        for handle in &asked.writable {
            if let Phase::Connected {
                connection,
                sending: Sending::Open,
            } = self.socket_at(*handle)?.phase
            {
                self.connections[connection].blocked = true;
            }
        }
        Ok(None)
    }

    fn those(
        &self,
        asked: &[SocketHandle],
        ready: fn(&Self, &Socket) -> bool,
    ) -> Result<Vec<SocketHandle>, SocketError> {
        let mut those = Vec::new();
        for handle in asked {
            if ready(self, self.socket_at(*handle)?) {
                those.push(*handle);
            }
        }
        Ok(those)
    }

    fn is_readable(&self, socket: &Socket) -> bool {
        match &socket.phase {
            Phase::Connected { connection, .. } => {
                let entry = &self.connections[*connection];
                entry.peer_closed || entry.tcp.readable() > 0
            }
            Phase::Listening(backlog) => backlog.is_ready(),
            Phase::Broken(_) => true,
            Phase::Unconnected | Phase::Connecting(_) | Phase::ConnectFailed(_) => false,
        }
    }

    fn is_writable(&self, socket: &Socket) -> bool {
        match socket.phase {
            Phase::Connected { connection, .. } => self.connections[connection].tcp.writable() > 0,
            Phase::Broken(_) => true,
            Phase::Unconnected
            | Phase::Listening(_)
            | Phase::Connecting(_)
            | Phase::ConnectFailed(_) => false,
        }
    }

    fn has_failed(&self, socket: &Socket) -> bool {
        matches!(socket.phase, Phase::ConnectFailed(_))
    }
}
