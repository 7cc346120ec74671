//! WinSock's entry: the procedures of the WinSock layer that the layers above call on their own
//! threads. `Message type` lines in Winsock.log carry the caller's thread for this reason.
//!
//! A layer learns of another's state only by what these procedures answer and by messages.

use crate::blocks::{pool, wait_array};
use crate::build::decision::{CloseAction, TimeoutAction, WakeTiming};
use crate::build::{Structure, StructureOperation};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, field};
use crate::message::ToDriver;
use crate::record::{Fact, LogLine, MessageType};
use crate::shared::{SharedState, log, record_fact};

use super::closing::{begin_closing, close_handles};

/// Why the transport sends message type 2: the qualifier of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// The transport closes the connection.
    Request,
    /// The transport answers a close indication of the driver.
    Response,
}

/// The answer to a [`Close`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseAnswer {
    /// The driver has the message and will confirm it.
    Taken,
    /// There is no such connection any more.
    Gone,
}

/// Message type 2. The build decides whether a request for a connection that has timed out reaches
/// the driver: this is the defect of Q303102.
pub(crate) async fn close(
    t: &Thread,
    shared: &SharedState,
    block: BlockId,
    thread_block: u32,
    close: Close,
) -> CloseAnswer {
    let stimulus = match close {
        Close::Request => Stimulus::CloseRequest,
        Close::Response => Stimulus::CloseResponse,
    };
    let lock = shared
        .lock(t, Structure::Blocks, StructureOperation::Use)
        .await;
    let state = shared.state(t, block, stimulus).await;
    shared.unlock(t, lock).await;
    // The block was reused: the request is for an earlier connection.
    let Some(state) = state else {
        return CloseAnswer::Gone;
    };
    let is_dropped = shared.build.on_close_request(state) == CloseAction::Drop;
    if close == Close::Request && is_dropped {
        record_fact(t, Fact::CloseRequestDropped(block));
        return CloseAnswer::Gone;
    }
    // Before this line: the failing sample of Q303102 has no `Message type 2` for its block.
    log(t, LogLine::Message(MessageType::Close, block.index));
    shared
        .post_to(t, thread_block, ToDriver::Close(block))
        .await;
    CloseAnswer::Taken
}

/// The session's timer has expired before the connection was open. The build decides what happens
/// to the block.
pub(crate) async fn time_out(t: &Thread, shared: &SharedState, block: BlockId) {
    let address = shared.address(block.index);
    let lock = shared
        .lock(t, Structure::Blocks, StructureOperation::Release)
        .await;
    let state = shared.state(t, block, Stimulus::SessionTimeout).await;
    let action = state.map_or(TimeoutAction::RequestClose, |state| {
        shared.build.on_session_timeout(state)
    });
    let owner = t.read(address + field::OWNER).await;
    match action {
        TimeoutAction::RequestClose => shared.unlock(t, lock).await,
        // From here on a close request of the transport finds the block out of service (Q303102,
        // reading A; Q200259).
        TimeoutAction::TakeOutOfService => {
            t.write(address + field::STATE, BlockState::OutOfService.word())
                .await;
            shared.unlock(t, lock).await;
            record_fact(t, Fact::BlockOutOfService(block));
            shared.notify(t, owner, WakeTiming::BeforeChange).await;
            wait_array::remove(t, shared, owner, address).await;
            shared.notify(t, owner, WakeTiming::AfterChange).await;
        }
        TimeoutAction::Release => {
            let handles = begin_closing(t, address).await;
            shared.unlock(t, lock).await;
            shared.notify(t, owner, WakeTiming::BeforeChange).await;
            wait_array::remove(t, shared, owner, address).await;
            close_handles(t, block, handles).await;
            pool::release(t, shared, address).await;
            shared.notify(t, owner, WakeTiming::AfterChange).await;
        }
    }
}
