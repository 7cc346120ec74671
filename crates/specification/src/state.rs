//! The pool of control blocks, what each thread knows of them, and the messages on their way.

use std::collections::{BTreeMap, VecDeque};

use crate::names::{BlockState, Forbidden, Id, Message, RecordLine, Thread};
use Thread::{Session, Transport};

/// The whole state between two steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    /// State, instance and "has a socket" of each block.
    pub(crate) pool: Vec<(BlockState, u32, bool)>,
    /// The session's associations, and which of them it has asked to end.
    pub(crate) session: BTreeMap<Id, bool>,
    /// The transport's connections, and for which of them it has sent a close request down.
    pub(crate) transport: BTreeMap<Id, bool>,
    pub(crate) sent: BTreeMap<(Thread, Thread), VecDeque<(Message, Id)>>,
    pub(crate) connections: u32,
    pub(crate) wrong: Option<Forbidden>,
}

impl State {
    /// All blocks are free, and nothing is on its way.
    #[must_use]
    pub fn new(blocks: u8) -> Self {
        Self {
            pool: vec![(BlockState::Free, 0, false); usize::from(blocks)],
            session: BTreeMap::new(),
            transport: BTreeMap::new(),
            sent: BTreeMap::new(),
            connections: 0,
            wrong: None,
        }
    }

    pub(crate) fn send(&mut self, from: Thread, to: Thread, message: Message, id: Id) {
        self.sent
            .entry((from, to))
            .or_default()
            .push_back((message, id));
    }
    pub(crate) fn allocate(&mut self, id: Id, block: BlockState, has_socket: bool) {
        self.pool[usize::from(id.0)] = (block, id.1, has_socket);
        self.connections += 1;
    }
    pub(crate) fn set(&mut self, id: Id, block: BlockState, has_socket: bool) {
        let it = &mut self.pool[usize::from(id.0)];
        (it.0, it.2) = (block, has_socket);
    }
    pub(crate) fn release(&mut self, id: Id, closes_socket: bool) -> RecordLine {
        let (block, instance, has_socket) = self.pool[usize::from(id.0)];
        self.wrong = if block == BlockState::Free {
            Some(Forbidden::ReleasesFreeBlock)
        } else if instance != id.1 {
            Some(Forbidden::ReleasesOtherInstance)
        } else {
            (has_socket && !closes_socket).then_some(Forbidden::LeavesSocket)
        };
        self.set(id, BlockState::Free, false);
        RecordLine::Released(Id(id.0, instance))
    }
    /// The transport forgets a connection and tells the session.
    pub(crate) fn end(&mut self, id: Id) -> Vec<RecordLine> {
        if self.transport.remove(&id).is_none() {
            return vec![];
        }
        self.send(Transport, Session, Message::Ended, id);
        vec![RecordLine::TransportEnded(id)]
    }
    /// Removes the messages that their receivers will ignore, whenever they take them: the transport and the session
    /// know each connection from one message on, and forget it once.
    pub(crate) fn remove_ignored_messages(&mut self) {
        let all: Vec<_> = self.sent.values().flatten().copied().collect();
        let is_coming = |kinds: &[Message], id| {
            all.iter()
                .any(|(message, other)| *other == id && kinds.contains(message))
        };
        for queue in self.sent.values_mut() {
            queue.retain(|&(message, id)| match message {
                Message::Disconnect | Message::CloseIndication | Message::CloseConfirm => {
                    let begin = [Message::Opening, Message::Accepted];
                    self.transport.contains_key(&id) || is_coming(&begin, id)
                }
                Message::Ended => {
                    self.session.contains_key(&id) || is_coming(&[Message::Called], id)
                }
                Message::Opening | Message::Open | Message::Accepted | Message::Called => true,
                Message::Receive => self.pool[usize::from(id.0)].1 <= id.1,
                Message::Close => true,
            });
        }
        self.sent.retain(|_, queue| !queue.is_empty());
    }
    /// The lowest instance number that a block, a thread or a message has.
    #[must_use]
    pub fn oldest(&self) -> u32 {
        let known = self.session.keys().chain(self.transport.keys());
        let named = self.sent.values().flatten().map(|(_, id)| id);
        let current = self.pool.iter().map(|it| it.1);
        known
            .chain(named)
            .map(|id| id.1)
            .chain(current)
            .min()
            .unwrap_or(0)
    }
    /// The same state with instance numbers that are less by this much.
    #[must_use]
    pub fn renumbered(&self, by: u32) -> Self {
        let less = |id: Id| Id(id.0, id.1 - by);
        let known = |of: &BTreeMap<Id, bool>| of.iter().map(|(id, it)| (less(*id), *it)).collect();
        let queue = |of: &VecDeque<(Message, Id)>| of.iter().map(|it| (it.0, less(it.1))).collect();
        Self {
            pool: self.pool.iter().map(|it| (it.0, it.1 - by, it.2)).collect(),
            session: known(&self.session),
            transport: known(&self.transport),
            sent: self
                .sent
                .iter()
                .map(|(pair, it)| (*pair, queue(it)))
                .collect(),
            connections: 0,
            wrong: self.wrong,
        }
    }
    /// A block that is in use, and that no thread and no message knows.
    pub(crate) fn has_leaked(&self, id: Id, block: BlockState) -> bool {
        let is_known = self.session.contains_key(&id) || self.transport.contains_key(&id);
        let is_named = self.sent.values().flatten().any(|(_, named)| *named == id);
        block != BlockState::Free && !is_known && !is_named
    }
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (Id, BlockState)> {
        (0..)
            .zip(&self.pool)
            .map(|(index, it)| (Id(index, it.1), it.0))
    }
}
