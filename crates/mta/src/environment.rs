//! The machine's environment for an MTA: the types of a thread's socket calls, messages and records.

use machine::{Environment, EnvironmentDependence, Instant};
use winsock::Call;

use crate::layout::{BlockId, BlockIndex, Instance};
use crate::message::{Message, ToDriver};
use crate::record::Record;

/// The environment of a modeled MTA: socket calls go out, and records are kept.
#[derive(Clone, Copy, Debug)]
pub enum Winsock {}

impl Environment for Winsock {
    type Call = SocketRequest;
    type Reply = SocketResponse;
    type Message = Message;
    type Record = Record;

    fn is_object_call(request: &SocketRequest) -> bool {
        // These are calls of the kernel. All others go through the socket driver.
        matches!(
            request.call,
            Call::CreateEvent
                | Call::SetEvent { .. }
                | Call::ResetEvent { .. }
                | Call::CloseEvent { .. }
                | Call::Wait { .. }
        )
    }

    /// The use of a block that a close request names: see [`closed_block`].
    fn watched_message(message: &Message) -> Option<u64> {
        let Message::Driver(ToDriver::Close(block)) = message else {
            return None;
        };
        Some(u64::from(block.instance.0) << 32 | u64::from(block.index.0))
    }

    fn dependence(request: &SocketRequest) -> EnvironmentDependence {
        // Calls on different sockets are independent: a search need not try both orders. Calls on
        // one event object depend on each other, and a wait depends on every socket.
        match &request.call {
            Call::SetEvent { event } => EnvironmentDependence::Signals(u64::from(event.0)),
            Call::ResetEvent { event }
            | Call::CloseEvent { event }
            | Call::EventSelect { event, .. }
            | Call::EnumEvents {
                event: Some(event), ..
            } => EnvironmentDependence::Observes(u64::from(event.0)),
            Call::Wait { .. } | Call::Select(_) => EnvironmentDependence::All,
            Call::Socket
            | Call::Bind { .. }
            | Call::Listen { .. }
            | Call::Connect { .. }
            | Call::Accept { .. }
            | Call::Send { .. }
            | Call::Receive { .. }
            | Call::BytesReadable { .. }
            | Call::Shutdown { .. }
            | Call::Close { .. }
            | Call::SetKeepAlive { .. }
            | Call::SetHardClose { .. }
            | Call::EnumEvents { event: None, .. }
            | Call::CreateEvent => EnvironmentDependence::NoSignal,
        }
    }
}

/// The use of a block that a watched message asks a driver to close.
#[must_use]
pub const fn closed_block(watched: u64) -> BlockId {
    let (instance, index) = ((watched >> 32) as u32, watched as u32);
    BlockId::new(BlockIndex(index), Instance(instance))
}

/// A socket call and its deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRequest {
    /// The call.
    pub call: Call,
    /// When a call that waits returns with a timeout; [`Instant::MAX`] for never.
    pub deadline: Instant,
}

/// The response to a [`SocketRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketResponse {
    /// The reply of the socket layer; never `Pending`.
    Reply(winsock::Reply),
    /// The deadline has passed.
    TimedOut,
}

/// A thread of the MTA.
pub(crate) type Thread = machine::Thread<Winsock>;
