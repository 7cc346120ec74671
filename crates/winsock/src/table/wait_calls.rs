//! `WSAWaitForMultipleEvents` and `select`: what is ready now. A caller that must wait calls again
//! after a signal; the table keeps no list of waiting callers.

use super::{Object, SocketTable};
use crate::error::SocketError;
use crate::handles::{EventHandle, SocketHandle};
use crate::socket::{Sending, Socket, SocketPhase};
use crate::wait::{MAXIMUM_WAIT_EVENTS, SELECT_SET_SIZE, SocketSets};

impl SocketTable {
    /// `WSAWaitForMultipleEvents` for any of `events`: the lowest index of a signalled object. `None`
    /// if no object is signalled: call again when a signal names one of them. A handle may occur
    /// more than once.
    ///
    /// # Errors
    /// 87 if there is no handle or more than 64; 6 if one does not name an event object.
    pub fn wait(&self, events: &[EventHandle]) -> Result<Option<usize>, SocketError> {
        // WSA_MAXIMUM_WAIT_EVENTS is 64: the reason why a driver thread serves at most 63 control
        // blocks and its wake-up event.
        if events.is_empty() || events.len() > MAXIMUM_WAIT_EVENTS {
            return Err(SocketError::InvalidWaitCount);
        }
        let mut lowest = None;
        for (index, event) in events.iter().enumerate() {
            let Some(Object::Event(object)) = self.handles.get(event.0) else {
                return Err(SocketError::InvalidEventHandle);
            };
            // No early return: an invalid handle fails the call, wherever it is in the array.
            if object.is_signalled() && lowest.is_none() {
                lowest = Some(index);
            }
        }
        Ok(lowest)
    }

    /// `select`: the sockets of each set that are ready. `None` if none is: call again when a signal
    /// names one of them.
    ///
    /// # Errors
    /// 10022 if all sets are empty or one has more than 64 sockets; 10038 if a handle does not name a
    /// socket, which ends the asynchronous thread of the 4.0 builds (Q170006, event 9234).
    pub fn select(&mut self, sets: &SocketSets) -> Result<Option<SocketSets>, SocketError> {
        let all = [&sets.readable, &sets.writable, &sets.failed];
        if sets.is_empty() || all.iter().any(|set| set.len() > SELECT_SET_SIZE) {
            return Err(SocketError::Invalid);
        }
        let ready = SocketSets {
            readable: self.filter(&sets.readable, Self::is_readable)?,
            writable: self.filter(&sets.writable, Self::is_writable)?,
            failed: self.filter(&sets.failed, Self::has_failed)?,
        };
        if !ready.is_empty() {
            return Ok(Some(ready));
        }
        for handle in all.into_iter().flatten() {
            self.socket_at_mut(*handle)?.in_select = true;
        }
        // The next time that there is space, `unblock` queues a signal.
        for handle in &sets.writable {
            if let SocketPhase::Connected {
                connection,
                sending: Sending::Open,
            } = self.socket_at(*handle)?.phase
            {
                self.connections[connection].blocked = true;
            }
        }
        Ok(None)
    }

    fn filter(
        &self,
        sockets: &[SocketHandle],
        is_ready: fn(&Self, &Socket) -> bool,
    ) -> Result<Vec<SocketHandle>, SocketError> {
        let mut ready = Vec::new();
        for handle in sockets {
            if is_ready(self, self.socket_at(*handle)?) {
                ready.push(*handle);
            }
        }
        Ok(ready)
    }

    fn is_readable(&self, socket: &Socket) -> bool {
        match &socket.phase {
            SocketPhase::Connected { connection, .. } => {
                let entry = &self.connections[*connection];
                entry.peer_closed || entry.tcp.readable() > 0
            }
            SocketPhase::Listening(backlog) => backlog.is_ready(),
            // A call on a failed connection does not block: it returns the error.
            SocketPhase::Broken(_) => true,
            SocketPhase::Unconnected
            | SocketPhase::Connecting(_)
            | SocketPhase::ConnectFailed(_) => false,
        }
    }

    fn is_writable(&self, socket: &Socket) -> bool {
        match socket.phase {
            SocketPhase::Connected { connection, .. } => {
                self.connections[connection].tcp.writable() > 0
            }
            SocketPhase::Broken(_) => true,
            SocketPhase::Unconnected
            | SocketPhase::Listening(_)
            | SocketPhase::Connecting(_)
            | SocketPhase::ConnectFailed(_) => false,
        }
    }

    fn has_failed(&self, socket: &Socket) -> bool {
        matches!(socket.phase, SocketPhase::ConnectFailed(_))
    }
}
