//! What a driver does with a message from above.
//!
//! Owns the opening of sockets, for calls and for the listener, and the sending of bytes. It
//! refuses to wait: the outcome comes as a network event.

use winsock::{
    EventHandle, FlowLabel, NetworkEvents, Payload, SocketAddress, SocketError, SocketHandle,
};

use crate::blocks::wait_array;
use crate::build::decision::{ConnectFailureAction, WakeTiming};
use crate::build::{Operation, Structure};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, NONE, field};
use crate::message::ToDriver;
use crate::record::{LogLine, SocketFunction};
use crate::shared::{PORT, Shared, log, log_socket_error, rfc1006_address};
use crate::sockets;

use super::closing::{close_request, issue_disconnect};
use super::driver_state::DriverState;

/// FD_ACCEPT, FD_CLOSE and FD_CONNECT: `Ac/Cl/Cn`.
pub(crate) const CONNECT_EVENTS: NetworkEvents = NetworkEvents::ACCEPT
    .union(NetworkEvents::CLOSE)
    .union(NetworkEvents::CONNECT);
/// FD_READ, FD_WRITE and FD_CLOSE: `R/W/Cl`.
pub(crate) const DATA_EVENTS: NetworkEvents = NetworkEvents::READ
    .union(NetworkEvents::WRITE)
    .union(NetworkEvents::CLOSE);

pub(crate) async fn on_message(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    message: ToDriver,
) {
    match message {
        ToDriver::Listen(block) => listen(t, shared, thread_block, block).await,
        ToDriver::Open(block, to, label) => {
            open(t, shared, thread_block, driver, block, (to, label)).await;
        }
        ToDriver::Receive(block) => select_data_events(t, shared, block).await,
        ToDriver::Send(block, bytes) => {
            driver.waiting(block).push_back(Payload::from(bytes));
            flush(t, shared, thread_block, driver, block).await;
        }
        ToDriver::Writable(block) => flush(t, shared, thread_block, driver, block).await,
        ToDriver::ConnectFailed(block, error) => {
            on_connect_failed(t, shared, thread_block, driver, block, error).await;
        }
        ToDriver::Close(block) => {
            close_request(t, shared, thread_block, block).await;
            driver.clear(block);
        }
    }
}

async fn listen(t: &Thread, shared: &Shared, thread_block: u32, block: BlockId) {
    let Some((socket, _)) = make_socket(t, shared, block, BlockState::Listening).await else {
        return;
    };
    if let Err(error) = sockets::listen(t, socket, PORT).await {
        log_socket_error(t, SocketFunction::Accept, Some(error), block.index);
    }
    shared
        .notify(t, thread_block, WakeTiming::BeforeChange)
        .await;
    wait_array::join(t, shared, thread_block, shared.address(block.index)).await;
    shared
        .notify(t, thread_block, WakeTiming::AfterChange)
        .await;
}

/// Begins an outgoing call.
async fn open(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    block: BlockId,
    (to, label): (SocketAddress, FlowLabel),
) {
    let address = shared.address(block.index);
    let Some((socket, _)) = make_socket(t, shared, block, BlockState::Connecting).await else {
        return;
    };
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    t.write(address + field::PEER, to.host).await;
    t.write(address + field::LABEL_LOW, label.0 as u32).await;
    t.write(address + field::LABEL_HIGH, (label.0 >> 32) as u32)
        .await;
    shared.unlock(t, guard).await;
    shared
        .notify(t, thread_block, WakeTiming::BeforeChange)
        .await;
    wait_array::join(t, shared, thread_block, address).await;
    if let Err(error) = sockets::connect(t, socket, to, label).await {
        on_connect_failed(t, shared, thread_block, driver, block, error).await;
    }
    shared
        .notify(t, thread_block, WakeTiming::AfterChange)
        .await;
}

/// Makes the socket of a block with its event object, and selects for connection events.
async fn make_socket(
    t: &Thread,
    shared: &Shared,
    block: BlockId,
    state: BlockState,
) -> Option<(SocketHandle, EventHandle)> {
    let address = shared.address(block.index);
    let socket = match sockets::socket(t).await {
        Ok(socket) => socket,
        Err(error) => {
            log_socket_error(t, SocketFunction::Connect, Some(error), block.index);
            return None;
        }
    };
    log(t, LogLine::SocketCreated(socket, block.index));
    if shared.keep_alive {
        // A fresh socket cannot refuse.
        let _set = sockets::keep_alive(t, socket).await;
    }
    let event = sockets::create_event(t).await.unwrap_or(EventHandle(0));
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let stimulus = if state == BlockState::Listening {
        Stimulus::Listen
    } else {
        Stimulus::OpenRequest
    };
    let current = shared.state(t, block, stimulus).await;
    if current.is_some() {
        t.write(address + field::SOCKET, socket.0).await;
        t.write(address + field::EVENT, event.0).await;
        t.write(address + field::STATE, state.word()).await;
    }
    shared.unlock(t, guard).await;
    if current.is_none() {
        // Closed before it was opened: nobody will ask for these handles.
        let _closed = (
            sockets::close(t, socket).await,
            sockets::close_event(t, event).await,
        );
        return None;
    }
    log(t, LogLine::ConnectEvents(block.index, socket, event));
    let selected = sockets::event_select(t, socket, event, CONNECT_EVENTS).await;
    selected.is_ok().then_some((socket, event))
}

/// A connect() has failed: it is tried again on the same socket while attempts are left (Q193894:
/// a leaking connection had more than one), then given up.
pub(crate) async fn on_connect_failed(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    block: BlockId,
    error: SocketError,
) {
    report_connect_failure(t, shared, block, error);
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let found = shared.state(t, block, Stimulus::ConnectFailed).await;
    let connecting = found == Some(BlockState::Connecting);
    let attempts = t.read(address + field::ATTEMPTS).await.wrapping_add(1);
    if connecting {
        t.write(address + field::ATTEMPTS, attempts).await;
    }
    shared.unlock(t, guard).await;
    if !connecting {
        return;
    }
    let allowed = shared.connect_attempts;
    match shared.build.on_connect_failure(attempts, allowed) {
        ConnectFailureAction::GiveUp => {
            issue_disconnect(t, shared, thread_block, block).await;
            driver.clear(block);
        }
        ConnectFailureAction::Retry => driver.retry(t.now() + shared.connect_pause, block),
    }
}

/// The event-driven builds report the error of the last failed call on the thread, and none has
/// failed: "Socket error 0" (Q303102). 4.0 reports the code of the connect (Q152941).
fn report_connect_failure(t: &Thread, shared: &Shared, block: BlockId, error: SocketError) {
    use crate::build::Generation;
    let shown = match shared.build.generation() {
        Generation::Pairs => Some(error),
        Generation::Single => None,
    };
    log_socket_error(t, SocketFunction::Connect, shown, block.index);
}

/// Tries a connect() again.
pub(crate) async fn connect_again(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    block: BlockId,
) {
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let found = shared.state(t, block, Stimulus::ConnectAgain).await;
    let connecting = found == Some(BlockState::Connecting);
    let socket = t.read(address + field::SOCKET).await;
    let peer = t.read(address + field::PEER).await;
    let attempts = t.read(address + field::ATTEMPTS).await;
    let low = t.read(address + field::LABEL_LOW).await;
    let high = t.read(address + field::LABEL_HIGH).await;
    shared.unlock(t, guard).await;
    if !connecting || socket == NONE {
        return;
    }
    // Every attempt is a connection of its own to the network's luck.
    let label = u64::from(high) << 32 | u64::from(low);
    let label = FlowLabel(machine::mix(label, u64::from(attempts)));
    let begun = sockets::connect(t, SocketHandle(socket), rfc1006_address(peer), label).await;
    if let Err(error) = begun {
        Box::pin(on_connect_failed(
            t,
            shared,
            thread_block,
            driver,
            block,
            error,
        ))
        .await;
    }
}

/// Switches a connection to data events: type 243 for an accepted call, FD_CONNECT for another.
pub(crate) async fn select_data_events(t: &Thread, shared: &Shared, block: BlockId) {
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let state = shared.state(t, block, Stimulus::ReceiveRequest).await;
    let socket = t.read(address + field::SOCKET).await;
    let event = t.read(address + field::EVENT).await;
    let live = matches!(state, Some(BlockState::Connecting | BlockState::Open)) && socket != NONE;
    if live {
        t.write(address + field::STATE, BlockState::Open.word())
            .await;
    }
    shared.unlock(t, guard).await;
    if live {
        log(t, LogLine::DataEvents(block.index, EventHandle(event)));
        let (socket, event) = (SocketHandle(socket), EventHandle(event));
        // Fails only on a socket that another thread has just closed.
        let _selected = sockets::event_select(t, socket, event, DATA_EVENTS).await;
    }
}

/// Sends what waits on a connection while there is room.
pub(crate) async fn flush(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    block: BlockId,
) {
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let open = shared.state(t, block, Stimulus::Send).await == Some(BlockState::Open);
    let socket = t.read(address + field::SOCKET).await;
    shared.unlock(t, guard).await;
    if !open || socket == NONE {
        return driver.clear(block);
    }
    while let Some(bytes) = driver.waiting(block).pop_front() {
        match sockets::send(t, SocketHandle(socket), bytes.clone()).await {
            Ok(count) if count < bytes.len() => {
                let rest = bytes.slice(count..bytes.len());
                driver.waiting(block).push_front(rest);
            }
            Ok(_) => {}
            Err(SocketError::WouldBlock) => {
                driver.waiting(block).push_front(bytes);
                return;
            }
            Err(error) => {
                log_socket_error(t, SocketFunction::Send, Some(error), block.index);
                issue_disconnect(t, shared, thread_block, block).await;
                return driver.clear(block);
            }
        }
    }
}
