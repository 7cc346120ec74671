//! Socket calls as the MTA's threads make them.
//!
//! Owns the way from a typed call to the environment and back. It refuses to interpret an
//! error: the caller knows what it was about.

use machine::Instant;
use winsock::{
    Call, EnumeratedEvents, EventHandle, FlowLabel, NetworkEvents, Payload, Reply, SocketAddress,
    SocketError, SocketHandle,
};

use crate::environment::{SocketRequest, SocketResponse, Thread};

/// Calls that may wait for a connection before it is accepted: the most NT 4 Server allows
/// (Q127144).
const BACKLOG: u32 = 200;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitResult {
    /// The handle at this place in the list.
    By(usize),
    /// The deadline.
    TimedOut,
    /// A handle in the list was none.
    Failed(SocketError),
}

async fn ask(t: &Thread, call: Call) -> Result<Reply, SocketError> {
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
    let reply = ask(t, Call::Socket).await?;
    let Reply::Socket(socket) = reply else {
        panic!("socket() answered {reply:?}");
    };
    Ok(socket)
}

/// Makes the connections of this socket, or those it accepts, probe an idle peer.
pub(crate) async fn keep_alive(t: &Thread, socket: SocketHandle) -> Result<(), SocketError> {
    let call = Call::SetKeepAlive { socket, on: true };
    ask(t, call).await.map(|_| ())
}

pub(crate) async fn listen(t: &Thread, socket: SocketHandle, port: u16) -> Result<(), SocketError> {
    ask(t, Call::Bind { socket, port }).await?;
    ask(
        t,
        Call::Listen {
            socket,
            backlog: BACKLOG,
        },
    )
    .await?;
    Ok(())
}

/// Begins to connect: success is 10035, and the outcome a network event.
pub(crate) async fn connect(
    t: &Thread,
    socket: SocketHandle,
    to: SocketAddress,
    label: FlowLabel,
) -> Result<(), SocketError> {
    match ask(t, Call::Connect { socket, to, label }).await {
        Ok(_) | Err(SocketError::WouldBlock) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(crate) async fn accept(
    t: &Thread,
    socket: SocketHandle,
) -> Result<(SocketHandle, SocketAddress), SocketError> {
    let reply = ask(t, Call::Accept { socket }).await?;
    let Reply::Accepted { socket, from } = reply else {
        panic!("accept() answered {reply:?}");
    };
    Ok((socket, from))
}

/// How many of the bytes were taken over.
pub(crate) async fn send(
    t: &Thread,
    socket: SocketHandle,
    bytes: Payload,
) -> Result<usize, SocketError> {
    let reply = ask(t, Call::Send { socket, bytes }).await?;
    let Reply::Sent(count) = reply else {
        panic!("send() answered {reply:?}");
    };
    Ok(count)
}

pub(crate) async fn receive(
    t: &Thread,
    socket: SocketHandle,
    limit: usize,
) -> Result<Payload, SocketError> {
    let reply = ask(t, Call::Receive { socket, limit }).await?;
    let Reply::Received(bytes) = reply else {
        panic!("recv() answered {reply:?}");
    };
    Ok(bytes)
}

pub(crate) async fn bytes_readable(t: &Thread, socket: SocketHandle) -> Result<usize, SocketError> {
    let reply = ask(t, Call::BytesReadable { socket }).await?;
    let Reply::BytesReadable(count) = reply else {
        panic!("ioctlsocket() answered {reply:?}");
    };
    Ok(count)
}

pub(crate) async fn shutdown(t: &Thread, socket: SocketHandle) -> Result<(), SocketError> {
    ask(t, Call::Shutdown { socket }).await.map(|_| ())
}

pub(crate) async fn close(t: &Thread, socket: SocketHandle) -> Result<(), SocketError> {
    ask(t, Call::Close { socket }).await.map(|_| ())
}

pub(crate) async fn create_event(t: &Thread) -> Result<EventHandle, SocketError> {
    let reply = ask(t, Call::CreateEvent).await?;
    let Reply::Event(event) = reply else {
        panic!("WSACreateEvent() answered {reply:?}");
    };
    Ok(event)
}

pub(crate) async fn close_event(t: &Thread, event: EventHandle) -> Result<(), SocketError> {
    ask(t, Call::CloseEvent { event }).await.map(|_| ())
}

pub(crate) async fn set_event(t: &Thread, event: EventHandle) {
    let set = ask(t, Call::SetEvent { event }).await;
    assert!(
        set.is_ok(),
        "a wake-up event lives as long as its process: {set:?}"
    );
}

pub(crate) async fn reset_event(t: &Thread, event: EventHandle) {
    let reset = ask(t, Call::ResetEvent { event }).await;
    assert!(
        reset.is_ok(),
        "a wake-up event lives as long as its process: {reset:?}"
    );
}

pub(crate) async fn event_select(
    t: &Thread,
    socket: SocketHandle,
    event: EventHandle,
    mask: NetworkEvents,
) -> Result<(), SocketError> {
    ask(
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
    let reply = ask(
        t,
        Call::EnumEvents {
            socket,
            event: Some(event),
        },
    )
    .await?;
    let Reply::Events(events) = reply else {
        panic!("WSAEnumNetworkEvents() answered {reply:?}");
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
        SocketResponse::Reply(Reply::Signalled(index)) => WaitResult::By(index),
        SocketResponse::Reply(Reply::Failed(error)) => WaitResult::Failed(error),
        SocketResponse::Reply(other) => panic!("WSAWaitForMultipleEvents() answered {other:?}"),
        SocketResponse::TimedOut => WaitResult::TimedOut,
    }
}
