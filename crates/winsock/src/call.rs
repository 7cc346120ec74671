//! Calls and replies as plain data, for callers that delay, order or record calls. The methods of
//! [`SocketTable`](crate::SocketTable) are the same calls with their own types.

use tcp::Payload;

use crate::address::SocketAddress;
use crate::error::SocketError;
use crate::events::{EnumeratedEvents, NetworkEvents};
use crate::flow_label::FlowLabel;
use crate::handles::{EventHandle, SocketHandle};
use crate::wait::SocketSets;

/// A socket call. Every call returns at once, as on a non-blocking socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `socket`.
    Socket,
    /// `bind` to a local port; 0 selects an ephemeral port.
    Bind {
        /// The socket.
        socket: SocketHandle,
        /// The local port, 0 to 65535.
        port: u16,
    },
    /// `listen`.
    Listen {
        /// The bound socket.
        socket: SocketHandle,
        /// The backlog; clamped to 1..=[`backlog_limit`](crate::Config::backlog_limit).
        backlog: u32,
    },
    /// `connect`. Answered with 10035 if it is under way.
    Connect {
        /// The socket.
        socket: SocketHandle,
        /// The peer.
        to: SocketAddress,
        /// The label of the connection; a new one for every attempt.
        label: FlowLabel,
    },
    /// `accept`.
    Accept {
        /// The listener.
        socket: SocketHandle,
    },
    /// `send`.
    Send {
        /// The connected socket.
        socket: SocketHandle,
        /// The bytes. Fewer may be taken.
        bytes: Payload,
    },
    /// `recv`.
    Receive {
        /// The connected socket.
        socket: SocketHandle,
        /// The maximum number of bytes.
        limit: usize,
    },
    /// `ioctlsocket(FIONREAD)`.
    BytesReadable {
        /// The socket.
        socket: SocketHandle,
    },
    /// `shutdown(SD_SEND)`: a FIN follows the queued bytes.
    Shutdown {
        /// The connected socket.
        socket: SocketHandle,
    },
    /// `closesocket`.
    Close {
        /// The socket.
        socket: SocketHandle,
    },
    /// `setsockopt(SO_KEEPALIVE)`.
    SetKeepAlive {
        /// The socket.
        socket: SocketHandle,
        /// On or off; initially off.
        on: bool,
    },
    /// `setsockopt(SO_LINGER)` with a time of zero: `closesocket` sends RST.
    SetHardClose {
        /// The socket.
        socket: SocketHandle,
        /// On or off; initially off.
        on: bool,
    },
    /// `WSACreateEvent`.
    CreateEvent,
    /// `WSACloseEvent`.
    CloseEvent {
        /// The event object.
        event: EventHandle,
    },
    /// `WSASetEvent`.
    SetEvent {
        /// The event object.
        event: EventHandle,
    },
    /// `WSAResetEvent`.
    ResetEvent {
        /// The event object.
        event: EventHandle,
    },
    /// `WSAEventSelect`. An empty mask cancels the selection.
    EventSelect {
        /// The socket.
        socket: SocketHandle,
        /// The event object to signal.
        event: EventHandle,
        /// The network events that signal it.
        mask: NetworkEvents,
    },
    /// `WSAEnumNetworkEvents`.
    EnumEvents {
        /// The socket.
        socket: SocketHandle,
        /// The event object to reset.
        event: Option<EventHandle>,
    },
    /// `select`.
    Select(SocketSets),
    /// `WSAWaitForMultipleEvents` for any of the events.
    Wait {
        /// 1 to 64 event objects.
        events: Vec<EventHandle>,
    },
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Success without a value.
    Done,
    /// A new socket.
    Socket(SocketHandle),
    /// A new event object.
    Event(EventHandle),
    /// An accepted connection.
    Accepted {
        /// The new socket.
        socket: SocketHandle,
        /// The peer.
        from: SocketAddress,
    },
    /// The number of bytes queued for sending; zero only if none were given.
    Sent(usize),
    /// The received bytes; empty at the end of the stream.
    Received(Payload),
    /// The number of bytes that can be received now.
    BytesReadable(usize),
    /// The recorded network events.
    Events(EnumeratedEvents),
    /// The sockets that are ready, in the order of the call.
    Selected(SocketSets),
    /// The lowest index of a signalled event object.
    Signalled(usize),
    /// A wait or select found nothing ready. Call again when a [`Signal`](crate::Signal) names one of
    /// its handles.
    Pending,
    /// The call failed.
    Failed(SocketError),
}
