//! Bounded queues of messages.
//!
//! Owns [`Queue`]: the messages, and who waits to put one in or take one out. It refuses to
//! grow beyond its limit: a sender waits.

use std::collections::VecDeque;
use std::fmt;

use crate::call::ThreadId;
use crate::debug_hash::DebugHash;

/// A bounded queue.
pub(crate) struct Queue<M> {
    name: &'static str,
    limit: usize,
    messages: VecDeque<M>,
    senders: VecDeque<(ThreadId, M)>,
    receivers: VecDeque<ThreadId>,
}

/// What became of a message that was put in.
pub(crate) enum Put<M> {
    /// It lies in the queue.
    Kept,
    /// This thread had been waiting for it.
    Handed(ThreadId, M),
    /// The queue is full.
    Full(M),
}

impl<M: fmt::Debug> Queue<M> {
    /// A hash of what lies in it and who waits.
    pub(crate) fn fingerprint(&self) -> u64 {
        DebugHash::of(&(&self.messages, &self.senders, &self.receivers))
    }
}

impl<M> Queue<M> {
    pub(crate) fn new(name: &'static str, limit: usize) -> Self {
        assert!(limit > 0, "{name} could hold nothing");
        Self {
            name,
            limit,
            messages: VecDeque::new(),
            senders: VecDeque::new(),
            receivers: VecDeque::new(),
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether a sender must wait.
    pub(crate) fn is_full(&self) -> bool {
        self.messages.len() == self.limit
    }

    /// As created: empty, and nobody waits.
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.senders.clear();
        self.receivers.clear();
    }

    pub(crate) fn put(&mut self, message: M) -> Put<M> {
        if let Some(receiver) = self.receivers.pop_front() {
            assert!(
                self.messages.is_empty(),
                "nobody waits on {} in vain",
                self.name
            );
            return Put::Handed(receiver, message);
        }
        if self.messages.len() == self.limit {
            return Put::Full(message);
        }
        self.messages.push_back(message);
        Put::Kept
    }

    /// `sender` waits until there is room.
    pub(crate) fn enqueue_sender(&mut self, sender: ThreadId, message: M) {
        assert_eq!(self.messages.len(), self.limit, "{} has room", self.name);
        self.senders.push_back((sender, message));
    }

    /// The oldest message, and the sender whose message takes its room.
    pub(crate) fn take(&mut self) -> Option<(M, Option<ThreadId>)> {
        let message = self.messages.pop_front()?;
        let sender = self.senders.pop_front().map(|(sender, waiting)| {
            self.messages.push_back(waiting);
            sender
        });
        Some((message, sender))
    }

    /// `receiver` waits until there is a message.
    pub(crate) fn enqueue_receiver(&mut self, receiver: ThreadId) {
        assert!(self.messages.is_empty(), "{} has a message", self.name);
        self.receivers.push_back(receiver);
    }

    pub(crate) fn give_up(&mut self, receiver: ThreadId) {
        self.receivers.retain(|waiter| *waiter != receiver);
    }
}

impl<M> fmt::Debug for Queue<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Queue")
            .field("name", &self.name)
            .field("messages", &self.messages.len())
            .field("receivers", &self.receivers)
            .finish_non_exhaustive()
    }
}
