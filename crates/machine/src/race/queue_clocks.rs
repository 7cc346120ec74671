//! The vector clocks that travel through one queue.
//!
//! A message carries the clock of its sender to its receiver. In a bounded queue the free slots
//! carry clocks too: message k can only be sent after message k - `limit` was received. A queue with many
//! slots keeps one clock for several of them, the join of theirs. That may hide a race in one schedule, but
//! never reports a false one.

use std::collections::VecDeque;

use crate::race::vector_clock::VectorClock;

/// The clocks of one queue's messages and free slots.
#[derive(Debug)]
pub(crate) struct QueueClocks {
    /// One for each message in the queue, oldest first.
    messages: ClockList,
    /// The slots that receivers have freed, oldest first.
    freed_slots: FreedSlots,
    /// Slots that have never been used.
    unused_slots: usize,
}

/// The clocks of freed slots, in groups.
#[derive(Debug)]
struct FreedSlots {
    groups: ClockList,
    /// The number of slots of each group.
    counts: VecDeque<u32>,
    /// The number of slots of a new group: doubled when there would be more than [`GROUPS_MAX`].
    size: u32,
}

/// The largest number of groups of freed slots. A queue with no more slots has a group for each.
const GROUPS_MAX: usize = 64;

/// A list of clocks in one allocation.
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
            freed_slots: FreedSlots::default(),
            unused_slots: limit,
        }
    }

    /// Makes every slot unused.
    pub(crate) fn reset(&mut self) {
        self.unused_slots += self.messages.count + self.freed_slots.len();
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

impl Default for FreedSlots {
    fn default() -> Self {
        Self {
            groups: ClockList::default(),
            counts: VecDeque::new(),
            size: 1,
        }
    }
}

impl FreedSlots {
    fn len(&self) -> usize {
        self.counts.iter().map(|count| *count as usize).sum()
    }

    /// A receive with this clock frees a slot.
    fn push(&mut self, clock: &VectorClock) {
        if let Some(count) = self.counts.back_mut()
            && *count < self.size
        {
            *count += 1;
            self.groups.join_into_newest(clock);
            return;
        }
        if self.counts.len() == GROUPS_MAX {
            self.join_pairs();
        }
        self.counts.push_back(1);
        self.groups.push(clock);
    }

    /// Takes the oldest slot and joins the clock of its group into `clock`.
    fn pop_into(&mut self, clock: &mut VectorClock) {
        let count = self.counts.front_mut().expect("a receive frees a slot");
        *count -= 1;
        if *count > 0 {
            self.groups.join_oldest(clock);
        } else {
            self.counts.pop_front();
            self.groups.pop_into(clock);
        }
    }

    fn clear(&mut self) {
        self.groups.clear();
        self.counts.clear();
        self.size = 1;
    }

    #[cold]
    fn join_pairs(&mut self) {
        let earlier = std::mem::take(self);
        self.size = 2 * earlier.size;
        let Self {
            mut groups, counts, ..
        } = earlier;
        for pair in Vec::from(counts).chunks(2) {
            let mut clock = VectorClock::default();
            pair.iter().for_each(|_| groups.pop_into(&mut clock));
            self.counts.push_back(pair.iter().sum());
            self.groups.push(&clock);
        }
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

    /// Joins the oldest clock into `clock`.
    fn join_oldest(&self, clock: &mut VectorClock) {
        clock.join_components(self.components.range(..self.width).copied());
    }

    /// Joins `clock` into the newest clock.
    fn join_into_newest(&mut self, clock: &VectorClock) {
        let components = clock.components();
        if self.width < components.len() {
            self.widen(components.len());
        }
        for (mine, theirs) in self.newest().iter_mut().zip(components) {
            *mine = (*mine).max(*theirs);
        }
    }

    fn newest(&mut self) -> &mut [u32] {
        let (_, later) = self.components.as_slices();
        let is_split = !later.is_empty() && later.len() < self.width;
        let later = if is_split || later.is_empty() {
            self.components.make_contiguous()
        } else {
            self.components.as_mut_slices().1
        };
        let start = later.len() - self.width;
        &mut later[start..]
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

        /// A freed slot gives at least its own clock, and nothing that was not released when it is
        /// taken. As long as there are few slots, it gives its own clock.
        #[test]
        fn a_slot_gives_at_least_its_own_clock(
            frees in proptest::collection::vec((0..3_usize, any::<bool>()), 0..400),
        ) {
            let mut slots = FreedSlots::default();
            let mut exact = VecDeque::new();
            let mut most = 0;
            let mut latest = [0_u32; 3];
            for (thread, takes) in frees {
                latest[thread] += 1;
                let mut clock = VectorClock::default();
                clock.join_components(latest.into_iter());
                slots.push(&clock);
                exact.push_back(latest);
                most = most.max(exact.len());
                prop_assert_eq!(slots.len(), exact.len());
                if takes {
                    let mut taken = VectorClock::default();
                    slots.pop_into(&mut taken);
                    let own = exact.pop_front().expect("one was pushed");
                    for ((taken, own), latest) in taken.components().iter().zip(own).zip(latest) {
                        prop_assert!((own..=latest).contains(taken));
                        prop_assert!(most > GROUPS_MAX || *taken == own);
                    }
                }
                prop_assert!(slots.counts.len() <= GROUPS_MAX);
            }
        }
    }
}
