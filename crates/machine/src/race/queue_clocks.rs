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
    messages: ClockList,
    /// One for each slot that a receiver has freed, oldest first.
    freed_slots: ClockList,
    /// Slots that have never been used.
    unused_slots: usize,
}

/// A list of clocks in one allocation: a queue keeps as many as it has slots.
#[derive(Debug, Default)]
struct ClockList {
    /// The components of all clocks, `width` for each.
    components: VecDeque<u32>,
    width: usize,
    count: usize,
}

impl QueueClocks {
    /// The clocks of an empty queue with `limit` slots.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            messages: ClockList::default(),
            freed_slots: ClockList::default(),
            unused_slots: limit,
        }
    }

    /// Makes every slot unused.
    pub(crate) fn reset(&mut self) {
        self.unused_slots += self.messages.count + self.freed_slots.count;
        self.messages.clear();
        self.freed_slots.clear();
    }

    /// A message with the clock of `sender` takes a slot. The receive that freed the slot happens
    /// before the send.
    pub(crate) fn send(&mut self, sender: &mut VectorClock) {
        if self.unused_slots > 0 {
            self.unused_slots -= 1;
        } else {
            self.freed_slots.pop_into(sender);
        }
        self.messages.push(sender);
    }

    /// `receiver` takes the oldest message and frees its slot.
    pub(crate) fn receive(&mut self, receiver: &mut VectorClock) {
        self.messages.pop_into(receiver);
        self.freed_slots.push(receiver);
    }
}

impl ClockList {
    fn push(&mut self, clock: &VectorClock) {
        let components = clock.components();
        if self.width < components.len() {
            self.widen(components.len());
        }
        let missing = self.width - components.len();
        self.components.extend(components);
        self.components.extend(std::iter::repeat_n(0, missing));
        self.count += 1;
    }

    /// Removes the oldest clock and joins it into `clock`.
    fn pop_into(&mut self, clock: &mut VectorClock) {
        let left = self.count.checked_sub(1);
        self.count = left.expect("a message takes a free slot, and is sent before it is received");
        clock.join_components(self.components.drain(..self.width));
    }

    fn clear(&mut self) {
        self.components.clear();
        self.count = 0;
    }

    /// Threads have started since: clocks have more components now.
    #[cold]
    fn widen(&mut self, width: usize) {
        let mut wider = VecDeque::with_capacity(self.count * width);
        for _ in 0..self.count {
            wider.extend(self.components.drain(..self.width));
            wider.extend(std::iter::repeat_n(0, width - self.width));
        }
        self.components = wider;
        self.width = width;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// A list of clocks acts like a list of vectors, whatever their lengths.
        #[test]
        fn what_is_pushed_is_popped(
            clocks in proptest::collection::vec(proptest::collection::vec(0..9_u32, 0..6), 0..12),
            earlier in 0..12_usize,
        ) {
            let clock = |components: &[u32]| {
                let mut clock = VectorClock::default();
                clock.join_components(components.iter().copied());
                clock
            };
            let mut list = ClockList::default();
            let mut expected = VecDeque::new();
            for (number, components) in clocks.iter().enumerate() {
                list.push(&clock(components));
                expected.push_back(components);
                if number < earlier {
                    continue;
                }
                let mut found = VectorClock::default();
                list.pop_into(&mut found);
                let mut pushed = expected.pop_front().expect("one was pushed").clone();
                pushed.resize(found.components().len().max(pushed.len()), 0);
                let mut found = found.components().to_vec();
                found.resize(pushed.len(), 0);
                prop_assert_eq!(found, pushed);
            }
        }
    }
}
