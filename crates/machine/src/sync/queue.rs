//! Bounded queues of messages.

use std::collections::VecDeque;
use std::fmt;

use crate::call::ThreadId;
use crate::debug_hash::DebugHash;

/// A bounded queue. A sender blocks while the queue is full.
pub(crate) struct Queue<M> {
    name: &'static str,
    limit: usize,
    messages: VecDeque<M>,
    senders: VecDeque<(ThreadId, M)>,
    receivers: VecDeque<ThreadId>,
}

/// The result of putting a message into a queue.
pub(crate) enum PutOutcome<M> {
    /// The message is in the queue.
    Queued,
    /// The message belongs to this thread, which was waiting for one.
    Delivered(ThreadId, M),
    /// The queue is full.
    Full(M),
}

impl<M: fmt::Debug> Queue<M> {
    /// A hash of the messages and the waiting threads.
    pub(crate) fn fingerprint(&self) -> u64 {
        DebugHash::of(&(&self.messages, &self.senders, &self.receivers))
    }
}

impl<M> Queue<M> {
    pub(crate) fn new(name: &'static str, limit: usize) -> Self {
        assert!(limit > 0, "{name} could hold no message");
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

    /// Whether a sender would block.
    pub(crate) fn is_full(&self) -> bool {
        self.messages.len() == self.limit
    }

    /// Makes it as new.
    pub(crate) fn reset(&mut self) {
        self.messages.clear();
        self.senders.clear();
        self.receivers.clear();
    }

    pub(crate) fn put(&mut self, message: M) -> PutOutcome<M> {
        if let Some(receiver) = self.receivers.pop_front() {
            assert!(
                self.messages.is_empty(),
                "no thread waits on {} while it holds a message",
                self.name
            );
            // The message never enters the queue, so no thread that comes later can take it from
            // under the waiter.
            return PutOutcome::Delivered(receiver, message);
        }
        if self.is_full() {
            return PutOutcome::Full(message);
        }
        self.messages.push_back(message);
        PutOutcome::Queued
    }

    /// `sender` waits until there is room.
    pub(crate) fn enqueue_sender(&mut self, sender: ThreadId, message: M) {
        assert_eq!(self.messages.len(), self.limit, "{} has room", self.name);
        self.senders.push_back((sender, message));
    }

    /// Takes the oldest message. Also returns the waiting sender whose message takes the free
    /// place, if there is one.
    pub(crate) fn take(&mut self) -> Option<(M, Option<ThreadId>)> {
        let message = self.messages.pop_front()?;
        // Senders wait in the order of their calls: a later send cannot overtake an earlier one of
        // another thread.
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

    /// `receiver` stops waiting.
    pub(crate) fn remove_receiver(&mut self, receiver: ThreadId) {
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
