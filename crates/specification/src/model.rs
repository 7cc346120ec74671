//! What each thread does: the part to be read beside the article.
//!
//! "The MTA may not release Winsock Control Blocks when a connection timeout occurs before the close request is
//! received from the transport layer to WinSock."

use std::collections::{BTreeMap, VecDeque};

use crate::names::{BlockState, Id, Message, RecordLine, Step, Thread};
use crate::state::State;
use Thread::{Driver, Session, Transport};

/// What the timer of the session does to a block.
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout { OnlyAsk, TakeOutOfService, Release }
/// What a close request does.
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCloseRequest { Close, Drop, Refuse, LeaveSocket }

/// The size of the system, and the decisions of a build.
#[derive(Clone, Debug)]
pub struct Model {
    pub blocks: u8,
    pub connections: u32,
    pub on_timeout: BTreeMap<BlockState, OnTimeout>,
    pub on_close_request: BTreeMap<BlockState, OnCloseRequest>,
    pub after_connect_failure: BlockState,
    pub checks_instance: bool,
}

impl Model {
    /// The state in which a message about `id` finds its block; `None` if it sees that the block was reused.
    fn found(&self, state: &State, id: Id) -> Option<BlockState> {
        let (block, instance, _) = state.pool[usize::from(id.0)];
        (instance == id.1 || !self.checks_instance).then_some(block)
    }

    /// What a step leads to, and the records that its thread writes before its next step.
    #[must_use]
    pub fn after(&self, before: &State, step: Step) -> (State, Vec<RecordLine>) {
        let mut s = before.clone();
        let lines = match step {
            Step::Opens(id) => {
                s.allocate(id, BlockState::Allocated, false);
                s.session.insert(id, false);
                s.send(Session, Transport, Message::Opening, id);
                s.send(Session, Driver, Message::Open, id);
                vec![RecordLine::Allocated(id)]
            }
            Step::Accepts(id) => {
                s.allocate(id, BlockState::Open, true);
                s.send(Driver, Transport, Message::Accepted, id);
                vec![RecordLine::Allocated(id), RecordLine::ConnectEvents(id.0)]
            }
            Step::RefusesCall(id) => {
                s.allocate(id, BlockState::Free, false);
                vec![RecordLine::Allocated(id), RecordLine::Released(id)]
            }
            Step::Connects(id) => {
                s.set(id, BlockState::Open, true);
                vec![RecordLine::DataEvents(id.0)]
            }
            // A connection timeout: WinSock tells the transport, which answers with a close request.
            Step::ConnectFails(id) => {
                s.set(id, self.after_connect_failure, false);
                s.send(Driver, Transport, Message::CloseIndication, id);
                let is_out = self.after_connect_failure == BlockState::OutOfService;
                is_out
                    .then_some(RecordLine::OutOfService(id))
                    .into_iter()
                    .collect()
            }
            Step::Breaks(id) => {
                s.set(id, BlockState::Closing, false);
                s.send(Driver, Transport, Message::CloseIndication, id);
                vec![
                    RecordLine::IssueDisconnect(id.0),
                    RecordLine::CloseSocket(id.0),
                ]
            }
            // The session's timer: what it does to the block comes before the close request.
            Step::TimesOut(id) => {
                s.session.remove(&id);
                let found = self.found(&s, id);
                let action = found.map_or(OnTimeout::OnlyAsk, |block| self.on_timeout[&block]);
                let mut lines = match action {
                    OnTimeout::OnlyAsk => vec![],
                    OnTimeout::TakeOutOfService => {
                        s.pool[usize::from(id.0)].0 = BlockState::OutOfService;
                        vec![RecordLine::OutOfService(id)]
                    }
                    OnTimeout::Release => vec![RecordLine::CloseSocket(id.0), s.release(id, true)],
                };
                s.send(Session, Transport, Message::Disconnect, id);
                lines.push(RecordLine::AssociationEnded(id));
                lines
            }
            Step::Disconnects(id) => {
                s.session.insert(id, true);
                s.send(Session, Transport, Message::Disconnect, id);
                vec![]
            }
            Step::Takes { from, by } => {
                let message = s.sent.get_mut(&(from, by)).and_then(VecDeque::pop_front);
                message.map_or(vec![], |(message, id)| self.take(&mut s, message, id))
            }
        };
        s.remove_ignored_messages();
        (s, lines)
    }

    fn take(&self, s: &mut State, message: Message, id: Id) -> Vec<RecordLine> {
        match (message, self.found(s, id)) {
            (Message::Opening, _) => {
                s.transport.insert(id, false);
                vec![RecordLine::TransportBegun(id)]
            }
            (Message::Accepted, _) => {
                s.transport.insert(id, false);
                s.send(Transport, Session, Message::Called, id);
                vec![RecordLine::TransportBegun(id)]
            }
            (Message::Called, _) => {
                s.session.insert(id, false);
                s.send(Session, Driver, Message::Receive, id);
                vec![RecordLine::Bound(id)]
            }
            (Message::Open, Some(BlockState::Allocated)) => {
                s.set(id, BlockState::Connecting, true);
                vec![RecordLine::ConnectEvents(id.0)]
            }
            (Message::Open, Some(_)) => vec![RecordLine::BadMessage(id.0)],
            (Message::Receive, Some(BlockState::Open)) => vec![RecordLine::DataEvents(id.0)],
            (Message::Open | Message::Receive, _) => vec![],
            (Message::Disconnect | Message::CloseIndication, found) => {
                match s.transport.get_mut(&id) {
                    Some(is_closing) if !*is_closing => *is_closing = true,
                    Some(_) | None => return vec![],
                }
                let action = found.map(|block| self.on_close_request[&block]);
                if action.is_none() {
                    return s.end(id);
                }
                // The defect: the request is dropped, on the belief that the timeout released the block.
                if message == Message::Disconnect && action == Some(OnCloseRequest::Drop) {
                    return [vec![RecordLine::CloseDropped(id)], s.end(id)].concat();
                }
                s.send(Transport, Driver, Message::Close, id);
                vec![RecordLine::MessageType2(id.0)]
            }
            (Message::Close, found) => {
                s.send(Driver, Transport, Message::CloseConfirm, id);
                let applied = RecordLine::CloseApplied(id);
                match found.map(|block| self.on_close_request[&block]) {
                    None => vec![],
                    Some(OnCloseRequest::Refuse) => vec![RecordLine::BadMessage(id.0)],
                    Some(OnCloseRequest::LeaveSocket) => vec![applied, s.release(id, false)],
                    Some(OnCloseRequest::Close | OnCloseRequest::Drop) => {
                        vec![applied, RecordLine::CloseSocket(id.0), s.release(id, true)]
                    }
                }
            }
            (Message::CloseConfirm, _) => s.end(id),
            (Message::Ended, _) => {
                let ended = s
                    .session
                    .remove(&id)
                    .map(|_| RecordLine::AssociationEnded(id));
                ended.into_iter().collect()
            }
        }
    }
}
