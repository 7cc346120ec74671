//! How a driver closes.
//!
//! Owns both ways to close a connection: the driver's own disconnect, which the transport
//! answers with a Close, and the Close that comes down from the transport. It refuses to decide
//! what a late Close does: that is the build's.

use machine::Address;
use winsock::{EventHandle, SocketHandle};

use crate::block::{BlockState, Instance, Lease, NONE, field};
use crate::build::{Generation, Operation, Structure};
use crate::coverage::Stimulus;
use crate::decision::{Notice, OnClose};
use crate::environment::Thread;
use crate::layer::{INCONSISTENT, Layer, event, fact, log, sockets_event};
use crate::message::ToUp;
use crate::pool;
use crate::record::{EventEntry, Fact, Function, LogLine, MessageType};
use crate::sockets;
use crate::wait_array;

/// The handles taken out of a block, so that nobody else closes them.
pub(crate) struct Handles {
    socket: Option<SocketHandle>,
    event: EventHandle,
}

/// The driver closes the connection and sends a Close indication up. The block stays allocated
/// until the transport has answered.
pub(crate) async fn issue_disconnect(t: &Thread, layer: &Layer, thread_block: u32, lease: Lease) {
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    let handles = match layer.state(t, lease, Stimulus::Disconnect).await {
        Some(BlockState::Connecting | BlockState::Open) => {
            check_owner(t, layer, thread_block, block).await;
            t.write(block + field::STATE, BlockState::Closing.word())
                .await;
            // It leaves the array before anybody else can see it closing: whoever finds it so
            // gives it back at once, and it must not be its next user who is taken out.
            wait_array::leave(t, layer, thread_block, block).await;
            Some(take_handles(t, block).await)
        }
        Some(
            BlockState::Free
            | BlockState::Allocated
            | BlockState::Listening
            | BlockState::Closing
            | BlockState::OutOfService,
        )
        | None => None,
    };
    layer.unguard(t, guard).await;
    let Some(handles) = handles else { return };
    log(t, LogLine::IssueDisconnect(lease.block));
    close_handles(t, lease, handles).await;
    layer.post_up(t, ToUp::CloseIndication(lease)).await;
}

/// A Close has come down: message type 2.
pub(crate) async fn close_request(t: &Thread, layer: &Layer, thread_block: u32, lease: Lease) {
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Release).await;
    let state = layer.state(t, lease, Stimulus::CloseRequest).await;
    let owner = t.read(block + field::OWNER).await;
    let found = Instance(t.read(block + field::INSTANCE).await);
    let Some(state) = state else {
        layer.unguard(t, guard).await;
        return layer.post_up(t, ToUp::CloseConfirm(lease)).await;
    };
    if state != BlockState::Free {
        check_owner(t, layer, thread_block, block).await;
    }
    let decision = layer.build.on_close_request(state);
    let handles = match decision {
        OnClose::Acknowledge | OnClose::Refuse => None,
        OnClose::Close | OnClose::ReleaseOnly => Some(begin_closing(t, block).await),
    };
    layer.unguard(t, guard).await;
    match handles {
        None if decision == OnClose::Acknowledge => {}
        None => event(
            t,
            EventEntry::BadMessage(MessageType::Close, lease.block, state),
        ),
        Some(handles) => {
            let applied = Fact::CloseApplied {
                block: lease.block,
                meant: lease.instance,
                found,
            };
            fact(t, applied);
            if layer.build.generation() == Generation::Pairs {
                layer.notify(t, thread_block, Notice::Before).await;
            }
            if state != BlockState::Closing {
                wait_array::leave(t, layer, owner, block).await;
            }
            if decision == OnClose::Close {
                close_handles(t, lease, handles).await;
            }
            pool::release(t, layer, block).await;
            if layer.build.generation() == Generation::Pairs {
                layer.notify(t, thread_block, Notice::After).await;
            }
        }
    }
    layer.post_up(t, ToUp::CloseConfirm(lease)).await;
}

/// `SBPDSCLS` looks before it closes whether the caller's thread control block owns the block, and
/// raises an exception if not (Q157701, Q154301).
async fn check_owner(t: &Thread, layer: &Layer, thread_block: u32, block: Address) {
    if !layer.build.asserts_owner() {
        return;
    }
    let owner = t.read(block + field::OWNER).await;
    if owner != thread_block {
        event(
            t,
            EventEntry::WrongThread {
                owner,
                caller: thread_block,
            },
        );
        match t.raise(INCONSISTENT).await {}
    }
}

/// The block is closing from now on, and its handles are the caller's. Call it under the guard of
/// the blocks.
pub(crate) async fn begin_closing(t: &Thread, block: Address) -> Handles {
    t.write(block + field::STATE, BlockState::Closing.word())
        .await;
    take_handles(t, block).await
}

/// Takes socket and event object out of the block. Call it under the guard of the blocks.
async fn take_handles(t: &Thread, block: Address) -> Handles {
    let socket = t.read(block + field::SOCKET).await;
    let event = t.read(block + field::EVENT).await;
    t.write(block + field::SOCKET, NONE).await;
    t.write(block + field::EVENT, 0).await;
    let socket = (socket != NONE).then_some(SocketHandle(socket));
    Handles {
        socket,
        event: EventHandle(event),
    }
}

/// Shuts the socket down and closes it with its event object. A shutdown on a socket that was
/// never connected fails with 10057, which event 9214 reports as if closesocket() had (Q303102).
pub(crate) async fn close_handles(t: &Thread, lease: Lease, handles: Handles) {
    let Handles { socket, event } = handles;
    let event = (event.0 != 0).then_some(event);
    log(t, LogLine::CloseSocket(socket, lease.block, event));
    if let Some(socket) = socket {
        let shut = sockets::shutdown(t, socket).await;
        let closed = sockets::close(t, socket).await;
        if let Err(error) = shut.and(closed) {
            sockets_event(t, Function::CloseSocket, Some(error), lease.block);
        }
    }
    if let Some(event) = event {
        // Fails only where another thread has closed it before: then it is gone all the same.
        let _closed = sockets::close_event(t, event).await;
    }
}
