//! Calls and replies as plain data.
//!
//! Owns [`Call`] and [`Reply`]: what a program asks and what it is told, for callers that hold
//! a call back, order or record it. The typed methods of `SocketTable` answer the same.

use tcp::Payload;

use crate::address::{FlowLabel, SocketAddress};
use crate::error::SocketError;
use crate::handle::{EventHandle, SocketHandle};
use crate::network_events::{EnumeratedEvents, NetworkEvents};
use crate::wait::SocketSets;

/// One socket call. Each is answered at once, as on a non-blocking socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `socket`.
    Socket,
    /// `bind` to a local port; 0 lets the host choose.
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
        /// How many connections may wait; cut to 1..=`backlog_limit`.
        backlog: u32,
    },
    /// `connect`. Begun, it answers 10035.
    Connect {
        /// The socket.
        socket: SocketHandle,
        /// Where to.
        to: SocketAddress,
        /// The connection's name; a new one for every attempt.
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
        /// What to send; some of it may be left.
        bytes: Payload,
    },
    /// `recv`.
    Receive {
        /// The connected socket.
        socket: SocketHandle,
        /// The most bytes to take.
        limit: usize,
    },
    /// `ioctlsocket(FIONREAD)`.
    BytesReadable {
        /// The socket.
        socket: SocketHandle,
    },
    /// `shutdown(SD_SEND)`: FIN after what was sent.
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
        /// On or off; off at first.
        on: bool,
    },
    /// `setsockopt(SO_LINGER)` with a time of zero: close by RST.
    SetHardClose {
        /// The socket.
        socket: SocketHandle,
        /// On or off; off at first.
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
    /// `WSAEventSelect`. An empty mask cancels.
    EventSelect {
        /// The socket.
        socket: SocketHandle,
        /// The event object to signal.
        event: EventHandle,
        /// What to signal it for.
        mask: NetworkEvents,
    },
    /// `WSAEnumNetworkEvents`.
    EnumEvents {
        /// The socket.
        socket: SocketHandle,
        /// The event object to reset with it.
        event: Option<EventHandle>,
    },
    /// `select`.
    Select(SocketSets),
    /// `WSAWaitForMultipleEvents` for any one.
    Wait {
        /// 1 to 64 event objects.
        events: Vec<EventHandle>,
    },
}

/// What a call is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Success with nothing to say.
    Done,
    /// A new socket.
    Socket(SocketHandle),
    /// A new event object.
    Event(EventHandle),
    /// An accepted connection.
    Accepted {
        /// Its socket.
        socket: SocketHandle,
        /// Its other end.
        from: SocketAddress,
    },
    /// How many bytes were taken over for sending, at least one unless none were given.
    Sent(usize),
    /// What was received; empty is the end of the stream.
    Received(Payload),
    /// How many bytes can be received now.
    BytesReadable(usize),
    /// The record of network events.
    Events(EnumeratedEvents),
    /// The sockets that are ready, in the order asked.
    Selected(SocketSets),
    /// The lowest index of a signalled event object.
    Signalled(usize),
    /// A wait or select found nothing: ask again when a signal names one of its handles.
    Pending,
    /// The call failed; nothing was changed but what its rules say.
    Failed(SocketError),
}
