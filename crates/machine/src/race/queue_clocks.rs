//! What messages carry besides themselves: the knowledge of who sent them.
//!
//! Owns [`QueueClocks`], the clocks of one queue's messages and of its free places: the k-th message
//! is sent after the message `limit` before it was received, because only that made room. It
//! refuses to know the threads: it passes clocks on.

use std::collections::VecDeque;

use crate::race::vector_clock::VectorClock;

/// The clocks that pass through one queue.
#[derive(Debug)]
pub(crate) struct QueueClocks {
    /// With each message in the queue, oldest first.
    carried: VecDeque<VectorClock>,
    /// With each place that was made free, oldest first.
    freed: VecDeque<VectorClock>,
    /// Places that nobody has used yet.
    unused: usize,
    /// Clocks at rest, kept for their room.
    spare: Vec<VectorClock>,
}

impl QueueClocks {
    /// The clocks of an empty queue with `limit` places.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            carried: VecDeque::new(),
            freed: VecDeque::new(),
            unused: limit,
            spare: Vec::new(),
        }
    }

    /// Every place is one that nobody has used yet.
    pub(crate) fn clear(&mut self) {
        self.unused += self.carried.len() + self.freed.len();
        self.carried.clear();
        self.freed.clear();
    }

    /// A message takes a place, carrying what `sender` knows; the sender hears of whoever made
    /// that place free.
    pub(crate) fn send(&mut self, sender: &mut VectorClock) {
        if self.unused > 0 {
            self.unused -= 1;
        } else {
            let freed = self.freed.pop_front();
            let freed = freed.expect("a message takes a place only where one is free");
            sender.join(&freed);
            self.rest(freed);
        }
        let mut carried = self.spare.pop().unwrap_or_default();
        carried.join(sender);
        self.carried.push_back(carried);
    }

    /// The oldest message reaches `receiver`, who makes its place free.
    pub(crate) fn receive(&mut self, receiver: &mut VectorClock) {
        let carried = self.carried.pop_front();
        let mut place = carried.expect("a message was sent before it is received");
        receiver.join(&place);
        place.join(receiver);
        self.freed.push_back(place);
    }

    fn rest(&mut self, mut clock: VectorClock) {
        clock.clear();
        self.spare.push(clock);
    }
}
