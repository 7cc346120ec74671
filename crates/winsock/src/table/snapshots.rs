//! Counters and snapshots, for observers. Nothing here changes the socket layer.

use super::{Object, SocketTable};
use crate::connections::Owner;
use crate::handles::{EventHandle, SocketHandle};
use crate::socket::{Socket, SocketPhase};
use crate::statistics::{ConnectionSnapshot, Counters, SocketSnapshot, SocketState};

impl SocketTable {
    /// The counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            connections_held: self.connections.held(),
            resets_dropped: self.resets.dropped(),
            ..self.counters
        }
    }

    /// About how many bytes of memory the connections take, with what their buffers hold. The same on
    /// every platform.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.connections.memory()
    }

    /// How many connections are in memory.
    #[must_use]
    pub fn connections_held(&self) -> u64 {
        self.connections.held()
    }

    /// All open sockets in ascending order of handles.
    pub fn open_sockets(&self) -> impl Iterator<Item = SocketSnapshot> {
        self.handles
            .iter()
            .filter_map(|(number, object)| match object {
                Object::Socket(socket) => Some(self.socket_snapshot(SocketHandle(number), socket)),
                Object::Event(_) => None,
            })
    }

    /// All event objects in ascending order of handles, and whether each is signalled.
    pub fn open_events(&self) -> impl Iterator<Item = (EventHandle, bool)> {
        self.handles
            .iter()
            .filter_map(|(number, object)| match object {
                Object::Event(event) => Some((EventHandle(number), event.is_signalled())),
                Object::Socket(_) => None,
            })
    }

    /// All connections that are not CLOSED, including those in TIME-WAIT.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionSnapshot> {
        self.connections.iter().map(|it| ConnectionSnapshot {
            label: it.label,
            local: it.pair.local,
            remote: it.pair.remote,
            state: it.state,
            socket: match it.owner {
                Owner::Socket(socket) => Some(socket),
                Owner::HalfOpen(_) | Owner::Unaccepted(_) | Owner::Orphaned => None,
            },
        })
    }

    fn socket_snapshot(&self, handle: SocketHandle, socket: &Socket) -> SocketSnapshot {
        let pair = socket
            .connection()
            .map(|connection| self.connections[connection].pair);
        SocketSnapshot {
            handle,
            state: match &socket.phase {
                SocketPhase::Unconnected => SocketState::Unconnected,
                SocketPhase::Listening(backlog) => SocketState::Listening {
                    waiting: backlog.len(),
                },
                SocketPhase::Connecting(_) => SocketState::Connecting,
                SocketPhase::Connected { .. } => SocketState::Connected,
                SocketPhase::ConnectFailed(error) => SocketState::ConnectFailed(*error),
                SocketPhase::Broken(error) => SocketState::Broken(*error),
            },
            // An accepted socket is not bound: its port is that of the connection.
            local_port: socket
                .bound
                .or(pair.map(|pair| pair.local))
                .map(|it| it.port),
            remote: pair.map(|pair| pair.remote),
            event: socket.selection.event().map(|event| event.handle),
            mask: socket.selection.mask(),
            recorded: socket.selection.recorded(),
        }
    }
}
