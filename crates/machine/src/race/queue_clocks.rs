//! The vector clocks that travel through one queue.
//!
//! A message carries the clock of its sender to its receiver. In a bounded queue the free slots
//! carry clocks too: message k can only be sent after message k - `limit` was received.

use std::collections::VecDeque;

use crate::race::vector_clock::VectorClock;

/// The clocks of one queue's messages and free slots.
#[derive(Debug)]
pub(crate) struct QueueClocks {
    /// One for each message in the queue, oldest first.
    messages: VecDeque<VectorClock>,
    /// One for each slot that a receiver has freed, oldest first.
    freed_slots: VecDeque<VectorClock>,
    /// Slots that have never been used.
    unused_slots: usize,
    /// Cleared clocks, kept for their allocations.
    spare: Vec<VectorClock>,
}

impl QueueClocks {
    /// The clocks of an empty queue with `limit` slots.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            messages: VecDeque::new(),
            freed_slots: VecDeque::new(),
            unused_slots: limit,
            spare: Vec::new(),
        }
    }

    /// Makes every slot unused.
    pub(crate) fn reset(&mut self) {
        self.unused_slots += self.messages.len() + self.freed_slots.len();
        self.messages.clear();
        self.freed_slots.clear();
    }

    /// A message with the clock of `sender` takes a slot. The receive that freed the slot happens
    /// before the send.
    pub(crate) fn send(&mut self, sender: &mut VectorClock) {
        if self.unused_slots > 0 {
            self.unused_slots -= 1;
        } else {
            let freed = self.freed_slots.pop_front();
            let mut freed = freed.expect("a message takes a slot only where one is free");
            sender.join(&freed);
            freed.clear();
            self.spare.push(freed);
        }
        let mut message = self.spare.pop().unwrap_or_default();
        message.join(sender);
        self.messages.push_back(message);
    }

    /// `receiver` takes the oldest message and frees its slot.
    pub(crate) fn receive(&mut self, receiver: &mut VectorClock) {
        let message = self.messages.pop_front();
        let mut slot = message.expect("a message was sent before it is received");
        receiver.join(&slot);
        // The slot's clock contains the message's: reuse its allocation.
        slot.join(receiver);
        self.freed_slots.push_back(slot);
    }
}
