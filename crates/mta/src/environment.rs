//! What surrounds the MTA's threads, as the machine sees it.
//!
//! Owns the types of what goes out of a modeled thread and comes back. It refuses to say who
//! answers: a socket layer in virtual time or a real one.

use machine::{Dependence, Environment, Instant};
use winsock::Call;

use crate::message::Message;
use crate::record::Record;

/// The surroundings of a modeled MTA: socket calls go out, records are written down.
#[derive(Clone, Copy, Debug)]
pub enum Winsock {}

impl Environment for Winsock {
    type Call = SocketRequest;
    type Reply = SocketResponse;
    type Message = Message;
    type Record = Record;

    fn dependence(request: &SocketRequest) -> Dependence {
        match &request.call {
            Call::SetEvent { event } => Dependence::Signals(u64::from(event.0)),
            Call::ResetEvent { event }
            | Call::CloseEvent { event }
            | Call::EventSelect { event, .. }
            | Call::EnumEvents {
                event: Some(event), ..
            } => Dependence::Observes(u64::from(event.0)),
            Call::Wait { .. } | Call::Select(_) => Dependence::All,
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
            | Call::CreateEvent => Dependence::NoSignal,
        }
    }
}

/// A socket call, and until when it may wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRequest {
    /// The call.
    pub call: Call,
    /// When a call that waits gives up; [`Instant::MAX`] for never.
    pub deadline: Instant,
}

/// The answer to a [`SocketRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketResponse {
    /// The socket layer's reply, never `Pending`.
    Reply(winsock::Reply),
    /// The deadline has passed.
    TimedOut,
}

/// A thread of the MTA.
pub(crate) type Thread = machine::Thread<Winsock>;
