//! The socket calls of the MTA's threads, one function for each WinSock call.

use machine::Instant;
use winsock::{
    Call, EnumeratedEvents, EventHandle, FlowLabel, NetworkEvents, Payload, Reply, SocketAddress,
    SocketError, SocketHandle,
};

use crate::environment::{SocketRequest, SocketResponse, Thread};

/// The length of the listen backlog: the maximum of NT 4 Server (Q127144).
const BACKLOG: u32 = 200;

/// The result of [`wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitResult {
    /// The handle at this index is signaled.
    Signaled(usize),
    /// The deadline has passed.
    TimedOut,
    /// A handle in the list is closed or was never valid.
    Failed(SocketError),
}

async fn call(t: &Thread, call: Call) -> Result<Reply, SocketError> {
    match t
        .call(SocketRequest {
            call,
            deadline: Instant::MAX,
        })
        .await
    {
        SocketResponse::Reply(Reply::Failed(error)) => Err(error),
        SocketResponse::Reply(reply) => Ok(reply),
        SocketResponse::TimedOut => panic!("a call without a deadline timed out"),
    }
}

pub(crate) async fn socket(t: &Thread) -> Result<SocketHandle, SocketError> {
    let reply = call(t, Call::Socket).await?;
    let Reply::Socket(socket) = reply else {
        panic!("socket() returned {reply:?}");
    };
    Ok(socket)
}

/// Sets SO_KEEPALIVE: the connections of this socket, or those it accepts, probe an idle peer.
pub(crate) async fn keep_alive(t: &Thread, socket: SocketHandle) -> Result<(), SocketError> {
    call(t, Call::SetKeepAlive { socket, on: true })
        .await
        .map(|_| ())
}

pub(crate) async fn listen(t: &Thread, socket: SocketHandle, port: u16) -> Result<(), SocketError> {
    // Two calls, each a scheduling point: another thread can come between.
    call(t, Call::Bind { socket, port }).await?;
    call(
        t,
        Call::Listen {
            socket,
            backlog: BACKLOG,
        },
    )
    .await?;
    Ok(())
}

/// Begins to connect. A non-blocking connect() returns 10035; its result is a network event.
pub(crate) async fn connect(
    t: &Thread,
    socket: SocketHandle,
    to: SocketAddress,
    label: FlowLabel,
) -> Result<(), SocketError> {
    match call(t, Call::Connect { socket, to, label }).await {
        // WSAEventSelect() has made the socket non-blocking.
        Ok(_) | Err(SocketError::WouldBlock) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) async fn accept(
    t: &Thread,
    socket: SocketHandle,
) -> Result<(SocketHandle, SocketAddress), SocketError> {
    let reply = call(t, Call::Accept { socket }).await?;
    let Reply::Accepted { socket, from } = reply else {
        panic!("accept() returned {reply:?}");
    };
    Ok((socket, from))
}

/// Sends bytes; returns how many the socket accepted.
pub(crate) async fn send(
    t: &Thread,
    socket: SocketHandle,
    bytes: Payload,
) -> Result<usize, SocketError> {
    let reply = call(t, Call::Send { socket, bytes }).await?;
    let Reply::Sent(count) = reply else {
        panic!("send() returned {reply:?}");
    };
    Ok(count)
}

pub(crate) async fn receive(
    t: &Thread,
    socket: SocketHandle,
    limit: usize,
) -> Result<Payload, SocketError> {
    let reply = call(t, Call::Receive { socket, limit }).await?;
    let Reply::Received(bytes) = reply else {
        panic!("recv() returned {reply:?}");
    };
    Ok(bytes)
}

pub(crate) async fn bytes_readable(t: &Thread, socket: SocketHandle) -> Result<usize, SocketError> {
    let reply = call(t, Call::BytesReadable { socket }).await?;
    let Reply::BytesReadable(count) = reply else {
        panic!("ioctlsocket() returned {reply:?}");
    };
    Ok(count)
}

pub(crate) async fn shutdown(t: &Thread, socket: SocketHandle) -> Result<(), SocketError> {
    call(t, Call::Shutdown { socket }).await.map(|_| ())
}

pub(crate) async fn close(t: &Thread, socket: SocketHandle) -> Result<(), SocketError> {
    call(t, Call::Close { socket }).await.map(|_| ())
}

pub(crate) async fn create_event(t: &Thread) -> Result<EventHandle, SocketError> {
    let reply = call(t, Call::CreateEvent).await?;
    let Reply::Event(event) = reply else {
        panic!("WSACreateEvent() returned {reply:?}");
    };
    Ok(event)
}

pub(crate) async fn close_event(t: &Thread, event: EventHandle) -> Result<(), SocketError> {
    call(t, Call::CloseEvent { event }).await.map(|_| ())
}

pub(crate) async fn set_event(t: &Thread, event: EventHandle) {
    let set = call(t, Call::SetEvent { event }).await;
    assert!(set.is_ok(), "no thread closes a wake-up event: {set:?}");
}

pub(crate) async fn reset_event(t: &Thread, event: EventHandle) {
    let reset = call(t, Call::ResetEvent { event }).await;
    assert!(reset.is_ok(), "no thread closes a wake-up event: {reset:?}");
}

pub(crate) async fn event_select(
    t: &Thread,
    socket: SocketHandle,
    event: EventHandle,
    mask: NetworkEvents,
) -> Result<(), SocketError> {
    call(
        t,
        Call::EventSelect {
            socket,
            event,
            mask,
        },
    )
    .await
    .map(|_| ())
}

pub(crate) async fn enumerate_events(
    t: &Thread,
    socket: SocketHandle,
    event: EventHandle,
) -> Result<EnumeratedEvents, SocketError> {
    let reply = call(
        t,
        Call::EnumEvents {
            socket,
            event: Some(event),
        },
    )
    .await?;
    let Reply::Events(events) = reply else {
        panic!("WSAEnumNetworkEvents() returned {reply:?}");
    };
    Ok(events)
}

/// Waits for any of up to 64 event objects.
pub(crate) async fn wait(t: &Thread, events: Vec<EventHandle>, deadline: Instant) -> WaitResult {
    match t
        .call(SocketRequest {
            call: Call::Wait { events },
            deadline,
        })
        .await
    {
        SocketResponse::Reply(Reply::Signalled(index)) => WaitResult::Signaled(index),
        SocketResponse::Reply(Reply::Failed(error)) => WaitResult::Failed(error),
        SocketResponse::Reply(other) => panic!("WSAWaitForMultipleEvents() returned {other:?}"),
        SocketResponse::TimedOut => WaitResult::TimedOut,
    }
}
