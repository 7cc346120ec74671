//! What a driver does with a message from above.
//!
//! Owns the opening of sockets, for calls and for the listener, and the sending of bytes. It
//! refuses to wait: the outcome comes as a network event.

use winsock::{
    EventHandle, FlowLabel, NetworkEvents, Payload, SocketAddress, SocketError, SocketHandle,
};

use crate::block::{BlockState, Lease, NONE, field};
use crate::build::{Operation, Structure};
use crate::coverage::Stimulus;
use crate::decision::{Notice, OnFailure};
use crate::environment::Thread;
use crate::layer::{Layer, PORT, log, port_102, sockets_event};
use crate::message::ToDriver;
use crate::record::{Function, LogLine};
use crate::sockets;
use crate::wait_array;

use super::closing::{close_request, issue_disconnect};
use super::desk::Desk;

/// FD_ACCEPT, FD_CLOSE and FD_CONNECT: `Ac/Cl/Cn`.
pub(crate) const CONNECT_EVENTS: NetworkEvents = NetworkEvents::ACCEPT
    .with(NetworkEvents::CLOSE)
    .with(NetworkEvents::CONNECT);
/// FD_READ, FD_WRITE and FD_CLOSE: `R/W/Cl`.
pub(crate) const DATA_EVENTS: NetworkEvents = NetworkEvents::READ
    .with(NetworkEvents::WRITE)
    .with(NetworkEvents::CLOSE);

pub(crate) async fn on_message(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    message: ToDriver,
) {
    match message {
        ToDriver::Listen(lease) => listen(t, layer, thread_block, lease).await,
        ToDriver::Open(lease, to, label) => {
            open(t, layer, thread_block, desk, lease, (to, label)).await;
        }
        ToDriver::Receive(lease) => select_data_events(t, layer, lease).await,
        ToDriver::Send(lease, bytes) => {
            desk.waiting(lease).push_back(Payload::from(bytes));
            flush(t, layer, thread_block, desk, lease).await;
        }
        ToDriver::Writable(lease) => flush(t, layer, thread_block, desk, lease).await,
        ToDriver::ConnectFailed(lease, error) => {
            on_connect_failed(t, layer, thread_block, desk, lease, error).await;
        }
        ToDriver::Close(lease) => {
            close_request(t, layer, thread_block, lease).await;
            desk.clear(lease);
        }
    }
}

async fn listen(t: &Thread, layer: &Layer, thread_block: u32, lease: Lease) {
    let Some((socket, _)) = make_socket(t, layer, lease, BlockState::Listening).await else {
        return;
    };
    if let Err(error) = sockets::listen(t, socket, PORT).await {
        sockets_event(t, Function::Accept, Some(error), lease.block);
    }
    layer.notify(t, thread_block, Notice::Before).await;
    wait_array::join(t, layer, thread_block, layer.address(lease.block)).await;
    layer.notify(t, thread_block, Notice::After).await;
}

/// Begins an outgoing call.
async fn open(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    lease: Lease,
    (to, label): (SocketAddress, FlowLabel),
) {
    let block = layer.address(lease.block);
    let Some((socket, _)) = make_socket(t, layer, lease, BlockState::Connecting).await else {
        return;
    };
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    t.write(block + field::PEER, to.host).await;
    t.write(block + field::LABEL_LOW, label.0 as u32).await;
    t.write(block + field::LABEL_HIGH, (label.0 >> 32) as u32)
        .await;
    layer.unguard(t, guard).await;
    layer.notify(t, thread_block, Notice::Before).await;
    wait_array::join(t, layer, thread_block, block).await;
    if let Err(error) = sockets::connect(t, socket, to, label).await {
        on_connect_failed(t, layer, thread_block, desk, lease, error).await;
    }
    layer.notify(t, thread_block, Notice::After).await;
}

/// Makes the socket of a block with its event object, and selects for connection events.
async fn make_socket(
    t: &Thread,
    layer: &Layer,
    lease: Lease,
    state: BlockState,
) -> Option<(SocketHandle, EventHandle)> {
    let block = layer.address(lease.block);
    let socket = match sockets::socket(t).await {
        Ok(socket) => socket,
        Err(error) => {
            sockets_event(t, Function::Connect, Some(error), lease.block);
            return None;
        }
    };
    log(t, LogLine::SocketCreated(socket, lease.block));
    if layer.keep_alive {
        // A fresh socket cannot refuse.
        let _set = sockets::keep_alive(t, socket).await;
    }
    let event = sockets::create_event(t).await.unwrap_or(EventHandle(0));
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let stimulus = if state == BlockState::Listening {
        Stimulus::Listen
    } else {
        Stimulus::OpenRequest
    };
    let current = layer.state(t, lease, stimulus).await;
    if current.is_some() {
        t.write(block + field::SOCKET, socket.0).await;
        t.write(block + field::EVENT, event.0).await;
        t.write(block + field::STATE, state.word()).await;
    }
    layer.unguard(t, guard).await;
    if current.is_none() {
        // Closed before it was opened: nobody will ask for these handles.
        let _closed = (
            sockets::close(t, socket).await,
            sockets::close_event(t, event).await,
        );
        return None;
    }
    log(t, LogLine::ConnectEvents(lease.block, socket, event));
    let selected = sockets::event_select(t, socket, event, CONNECT_EVENTS).await;
    selected.is_ok().then_some((socket, event))
}

/// A connect() has failed: it is tried again on the same socket while attempts are left (Q193894:
/// a leaking connection had more than one), then given up.
pub(crate) async fn on_connect_failed(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    lease: Lease,
    error: SocketError,
) {
    report_connect_failure(t, layer, lease, error);
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let found = layer.state(t, lease, Stimulus::ConnectFailed).await;
    let connecting = found == Some(BlockState::Connecting);
    let attempts = t.read(block + field::ATTEMPTS).await.wrapping_add(1);
    if connecting {
        t.write(block + field::ATTEMPTS, attempts).await;
    }
    layer.unguard(t, guard).await;
    if !connecting {
        return;
    }
    let allowed = layer.connect_attempts;
    match layer.build.on_connect_failure(attempts, allowed) {
        OnFailure::GiveUp => {
            issue_disconnect(t, layer, thread_block, lease).await;
            desk.clear(lease);
        }
        OnFailure::TryAgain => desk.retry(t.now() + layer.connect_pause, lease),
    }
}

/// The event-driven builds report the error of the last failed call on the thread, and none has
/// failed: "Socket error 0" (Q303102). 4.0 reports the code of the connect (Q152941).
fn report_connect_failure(t: &Thread, layer: &Layer, lease: Lease, error: SocketError) {
    use crate::build::Generation;
    let shown = match layer.build.generation() {
        Generation::Pairs => Some(error),
        Generation::Single => None,
    };
    sockets_event(t, Function::Connect, shown, lease.block);
}

/// Tries a connect() again.
pub(crate) async fn connect_again(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    lease: Lease,
) {
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let found = layer.state(t, lease, Stimulus::ConnectAgain).await;
    let connecting = found == Some(BlockState::Connecting);
    let socket = t.read(block + field::SOCKET).await;
    let peer = t.read(block + field::PEER).await;
    let attempts = t.read(block + field::ATTEMPTS).await;
    let low = t.read(block + field::LABEL_LOW).await;
    let high = t.read(block + field::LABEL_HIGH).await;
    layer.unguard(t, guard).await;
    if !connecting || socket == NONE {
        return;
    }
    // Every attempt is a connection of its own to the network's luck.
    let label = u64::from(high) << 32 | u64::from(low);
    let label = FlowLabel(machine::mix(label, u64::from(attempts)));
    let begun = sockets::connect(t, SocketHandle(socket), port_102(peer), label).await;
    if let Err(error) = begun {
        Box::pin(on_connect_failed(
            t,
            layer,
            thread_block,
            desk,
            lease,
            error,
        ))
        .await;
    }
}

/// Switches a connection to data events: type 243 for an accepted call, FD_CONNECT for another.
pub(crate) async fn select_data_events(t: &Thread, layer: &Layer, lease: Lease) {
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let state = layer.state(t, lease, Stimulus::ReceiveRequest).await;
    let socket = t.read(block + field::SOCKET).await;
    let event = t.read(block + field::EVENT).await;
    let live = matches!(state, Some(BlockState::Connecting | BlockState::Open)) && socket != NONE;
    if live {
        t.write(block + field::STATE, BlockState::Open.word()).await;
    }
    layer.unguard(t, guard).await;
    if live {
        log(t, LogLine::DataEvents(lease.block, EventHandle(event)));
        let (socket, event) = (SocketHandle(socket), EventHandle(event));
        // Fails only on a socket that another thread has just closed.
        let _selected = sockets::event_select(t, socket, event, DATA_EVENTS).await;
    }
}

/// Sends what waits on a connection while there is room.
pub(crate) async fn flush(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    lease: Lease,
) {
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let open = layer.state(t, lease, Stimulus::Send).await == Some(BlockState::Open);
    let socket = t.read(block + field::SOCKET).await;
    layer.unguard(t, guard).await;
    if !open || socket == NONE {
        return desk.clear(lease);
    }
    while let Some(bytes) = desk.waiting(lease).pop_front() {
        match sockets::send(t, SocketHandle(socket), bytes.clone()).await {
            Ok(count) if count < bytes.len() => {
                let rest = bytes.slice(count..bytes.len());
                desk.waiting(lease).push_front(rest);
            }
            Ok(_) => {}
            Err(SocketError::WouldBlock) => {
                desk.waiting(lease).push_front(bytes);
                return;
            }
            Err(error) => {
                sockets_event(t, Function::Send, Some(error), lease.block);
                issue_disconnect(t, layer, thread_block, lease).await;
                return desk.clear(lease);
            }
        }
    }
}
