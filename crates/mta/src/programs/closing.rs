//! How a driver closes.
//!
//! Owns both ways to close a connection: the driver's own disconnect, which the transport
//! answers with a Close, and the Close that comes down from the transport. It refuses to decide
//! what a late Close does: that is the build's.

use machine::Address;
use winsock::{EventHandle, SocketHandle};

use crate::blocks::pool;
use crate::blocks::wait_array;
use crate::build::decision::{CloseAction, WakeTiming};
use crate::build::{Generation, Operation, Structure};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, Instance, NONE, field};
use crate::message::ToUp;
use crate::record::{EventEntry, Fact, LogLine, MessageType, SocketFunction};
use crate::shared::{INCONSISTENT, Shared, event, fact, log, log_socket_error};
use crate::sockets;

/// The handles taken out of a block, so that nobody else closes them.
pub(crate) struct Handles {
    socket: Option<SocketHandle>,
    event: EventHandle,
}

/// The driver closes the connection and sends a Close indication up. The block stays allocated
/// until the transport has answered.
pub(crate) async fn issue_disconnect(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    block: BlockId,
) {
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    let handles = match shared.state(t, block, Stimulus::Disconnect).await {
        Some(BlockState::Connecting | BlockState::Open) => {
            check_owner(t, shared, thread_block, address).await;
            t.write(address + field::STATE, BlockState::Closing.word())
                .await;
            // It leaves the array before anybody else can see it closing: whoever finds it so
            // gives it back at once, and it must not be its next user who is taken out.
            wait_array::leave(t, shared, thread_block, address).await;
            Some(take_handles(t, address).await)
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
    shared.unlock(t, guard).await;
    let Some(handles) = handles else { return };
    log(t, LogLine::IssueDisconnect(block.index));
    close_handles(t, block, handles).await;
    shared.post_up(t, ToUp::CloseIndication(block)).await;
}

/// A Close has come down: message type 2.
pub(crate) async fn close_request(t: &Thread, shared: &Shared, thread_block: u32, block: BlockId) {
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Release).await;
    let state = shared.state(t, block, Stimulus::CloseRequest).await;
    let owner = t.read(address + field::OWNER).await;
    let found = Instance(t.read(address + field::INSTANCE).await);
    let Some(state) = state else {
        shared.unlock(t, guard).await;
        return shared.post_up(t, ToUp::CloseConfirm(block)).await;
    };
    if state != BlockState::Free {
        check_owner(t, shared, thread_block, address).await;
    }
    let decision = shared.build.on_close_request(state);
    let handles = match decision {
        CloseAction::Acknowledge | CloseAction::Refuse => None,
        CloseAction::Close | CloseAction::ReleaseOnly => Some(begin_closing(t, address).await),
    };
    shared.unlock(t, guard).await;
    match handles {
        None if decision == CloseAction::Acknowledge => {}
        None => event(
            t,
            EventEntry::BadMessage(MessageType::Close, block.index, state),
        ),
        Some(handles) => {
            let applied = Fact::CloseApplied {
                block: block.index,
                meant: block.instance,
                found,
            };
            fact(t, applied);
            if shared.build.generation() == Generation::Pairs {
                shared
                    .notify(t, thread_block, WakeTiming::BeforeChange)
                    .await;
            }
            if state != BlockState::Closing {
                wait_array::leave(t, shared, owner, address).await;
            }
            if decision == CloseAction::Close {
                close_handles(t, block, handles).await;
            }
            pool::release(t, shared, address).await;
            if shared.build.generation() == Generation::Pairs {
                shared
                    .notify(t, thread_block, WakeTiming::AfterChange)
                    .await;
            }
        }
    }
    shared.post_up(t, ToUp::CloseConfirm(block)).await;
}

/// `SBPDSCLS` looks before it closes whether the caller's thread control block owns the block, and
/// raises an exception if not (Q157701, Q154301).
async fn check_owner(t: &Thread, shared: &Shared, thread_block: u32, address: Address) {
    if !shared.build.asserts_owner() {
        return;
    }
    let owner = t.read(address + field::OWNER).await;
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
pub(crate) async fn begin_closing(t: &Thread, address: Address) -> Handles {
    t.write(address + field::STATE, BlockState::Closing.word())
        .await;
    take_handles(t, address).await
}

/// Takes socket and event object out of the block. Call it under the guard of the blocks.
async fn take_handles(t: &Thread, address: Address) -> Handles {
    let socket = t.read(address + field::SOCKET).await;
    let event = t.read(address + field::EVENT).await;
    t.write(address + field::SOCKET, NONE).await;
    t.write(address + field::EVENT, 0).await;
    let socket = (socket != NONE).then_some(SocketHandle(socket));
    Handles {
        socket,
        event: EventHandle(event),
    }
}

/// Shuts the socket down and closes it with its event object. A shutdown on a socket that was
/// never connected fails with 10057, which event 9214 reports as if closesocket() had (Q303102).
pub(crate) async fn close_handles(t: &Thread, block: BlockId, handles: Handles) {
    let Handles { socket, event } = handles;
    let event = (event.0 != 0).then_some(event);
    log(t, LogLine::CloseSocket(socket, block.index, event));
    if let Some(socket) = socket {
        let shut = sockets::shutdown(t, socket).await;
        let closed = sockets::close(t, socket).await;
        if let Err(error) = shut.and(closed) {
            log_socket_error(t, SocketFunction::CloseSocket, Some(error), block.index);
        }
    }
    if let Some(event) = event {
        // Fails only where another thread has closed it before: then it is gone all the same.
        let _closed = sockets::close_event(t, event).await;
    }
}
