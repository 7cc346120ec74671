//! The facts of the audit, read off the tables.
//!
//! Owns how they are gathered. It changes nothing.

use super::{Object, SocketTable};
use crate::audit::{ConnectionFacts, Counters, SocketFacts, SocketState};
use crate::connections::Owner;
use crate::handle::{EventHandle, SocketHandle};
use crate::socket::{Phase, Socket};

impl SocketTable {
    /// How many sockets, event objects and connections were ever opened and closed.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            connections_held: self.connections.held(),
            resets_dropped: self.refusals.dropped(),
            ..self.counters
        }
    }

    /// Every open socket, by rising handle.
    pub fn open_sockets(&self) -> impl Iterator<Item = SocketFacts> {
        self.handles
            .iter()
            .filter_map(|(number, object)| match object {
                Object::Socket(socket) => Some(self.socket_facts(SocketHandle(number), socket)),
                Object::Event(_) => None,
            })
    }

    /// Every event object and whether it is signalled, by rising handle.
    pub fn open_events(&self) -> impl Iterator<Item = (EventHandle, bool)> {
        self.handles
            .iter()
            .filter_map(|(number, object)| match object {
                Object::Event(event) => Some((EventHandle(number), event.is_signalled())),
                Object::Socket(_) => None,
            })
    }

    /// Every connection TCP is not done with, TIME_WAIT included.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionFacts> {
        self.connections.iter().map(|known| ConnectionFacts {
            label: known.label,
            local_port: known.pair.local_port,
            remote: known.pair.remote,
            state: known.state,
            socket: match known.owner {
                Owner::Socket(socket) => Some(socket),
                Owner::Arriving(_) | Owner::Waiting(_) | Owner::Nobody => None,
            },
        })
    }

    fn socket_facts(&self, handle: SocketHandle, socket: &Socket) -> SocketFacts {
        let pair = socket
            .connection()
            .map(|connection| self.connections[connection].pair);
        SocketFacts {
            handle,
            state: match &socket.phase {
                Phase::Unconnected => SocketState::Unconnected,
                Phase::Listening(backlog) => SocketState::Listening {
                    waiting: backlog.len(),
                },
                Phase::Connecting(_) => SocketState::Connecting,
                Phase::Connected { .. } => SocketState::Connected,
                Phase::ConnectFailed(error) => SocketState::ConnectFailed(*error),
                Phase::Broken(error) => SocketState::Broken(*error),
            },
            local_port: socket.bound.or(pair.map(|pair| pair.local_port)),
            remote: pair.map(|pair| pair.remote),
            event: socket.selection.event().map(|event| event.handle),
            mask: socket.selection.mask(),
            recorded: socket.selection.recorded(),
        }
    }
}
