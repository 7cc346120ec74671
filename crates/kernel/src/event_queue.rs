//! The event queue (future-event list) of a discrete-event simulation, with a total order on events.
//!
//! Events are ordered by time, then class, then host, then sequence. Two equal keys panic, because their
//! order would be undefined, and so does an event in the past. Events cannot be cancelled: an owner that
//! changes its plans keeps a number and ignores events with an older one.
//!
//! The queue is a hierarchical timing wheel (Varghese and Lauck, SOSP 1987) in front of a sorted run.
//! Events of the distant future lie unsorted in the slots of the wheel. When the time of a slot comes, its
//! events are sorted into the run; events added to that slot later go into a small heap next to it. A wheel
//! alone has no order within a slot, and a heap alone pays O(log n) for every event that is far away.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::Instant;

/// When an event happens, and its position among the events of the same time. The order of the fields is
/// the order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// The time.
    pub at: Instant,
    /// The class of event: at the same time, lower classes come first.
    pub class: u8,
    /// The host that the event concerns.
    pub host: u32,
    /// The number of the event; unique per time, class and host.
    pub sequence: u64,
}

/// All events that have not happened yet, in their order.
#[derive(Debug)]
pub struct EventQueue<E> {
    /// The events of the slots up to and including `slot`, latest first, so that the next one is popped
    /// from the end.
    run: Vec<QueuedEvent<E>>,
    /// Events of these slots that were added when the run was already long.
    late: BinaryHeap<Reverse<QueuedEvent<E>>>,
    /// The last slot of the lowest level that is in `run`.
    slot: u64,
    /// For each level, which of its slots hold events. Advancing the wheel reads only these bits.
    occupied: [Occupied; LEVELS],
    /// All slots, level by level. An empty slot has no allocation.
    slots: Vec<Vec<QueuedEvent<E>>>,
    /// For each level, the allocations of emptied slots, for reuse; the last is most likely in the cache.
    /// Kept apart by level, because slots of different levels hold different numbers of events.
    spare: [Vec<Vec<QueuedEvent<E>>>; LEVELS],
    /// The level that the run's allocation came from.
    run_level: usize,
    /// The event popped last.
    last: Option<EventKey>,
    length: usize,
}

#[derive(Debug)]
struct QueuedEvent<E> {
    key: EventKey,
    event: E,
}

/// A slot of the lowest level spans 2^16 ns, 66 microseconds.
const SLOT_NANOS_BITS: u32 = 16;
const SLOTS_BITS: u32 = 8;
const SLOTS: usize = 1 << SLOTS_BITS;
/// A coarse slot with at most this many events is sorted as a whole: splitting it into finer slots costs
/// more than sorting.
const SPLIT_MIN: usize = 64;
/// Late events are inserted into a run shorter than this; moving a few entries is cheaper than a heap.
const INSERT_MAX: usize = 8;
/// The levels together span all of time: 6 * 8 + 16 are the 64 bits of an [`Instant`].
const LEVELS: usize = 6;

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> {
    /// An empty queue at the start of virtual time.
    #[must_use]
    pub fn new() -> Self {
        const { assert!(LEVELS as u32 * SLOTS_BITS + SLOT_NANOS_BITS == u64::BITS) };
        Self {
            run: Vec::new(),
            late: BinaryHeap::new(),
            slot: 0,
            occupied: [Occupied::default(); LEVELS],
            slots: (0..LEVELS * SLOTS).map(|_| Vec::new()).collect(),
            spare: std::array::from_fn(|_| Vec::new()),
            run_level: 0,
            last: None,
            length: 0,
        }
    }

    /// The number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds an event.
    ///
    /// # Panics
    /// If its time is before that of the event popped last.
    pub fn push(&mut self, key: EventKey, event: E) {
        let now = self.last.map_or(Instant::ZERO, |last| last.at);
        assert!(
            key.at >= now,
            "an event at {} is scheduled when it is already {now}",
            key.at
        );
        self.length += 1;
        self.add(QueuedEvent { key, event });
    }

    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<Instant> {
        self.advance();
        let first = self.run.last().map(|entry| entry.key.at);
        let late = self.late.peek().map(|Reverse(entry)| entry.key.at);
        match (first, late) {
            (Some(first), Some(late)) => Some(first.min(late)),
            (first, late) => first.or(late),
        }
    }

    /// The key of the next event.
    pub fn next_key(&mut self) -> Option<EventKey> {
        self.advance();
        let first = self.run.last().map(|entry| entry.key);
        let late = self.late.peek().map(|Reverse(entry)| entry.key);
        match (first, late) {
            (Some(first), Some(late)) => Some(first.min(late)),
            (first, late) => first.or(late),
        }
    }

    /// Removes and returns the next event.
    ///
    /// # Panics
    /// If two events have the same key.
    pub fn pop(&mut self) -> Option<(EventKey, E)> {
        self.advance();
        let is_late = match (self.run.last(), self.late.peek()) {
            (Some(first), Some(Reverse(late))) => late.key <= first.key,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let QueuedEvent { key, event } = if is_late {
            self.late.pop()?.0
        } else {
            self.run.pop()?
        };
        if let Some(last) = self.last {
            assert!(key != last, "two events have the key {key:?}");
            assert!(
                key.at >= last.at,
                "time never steps back: {key:?} after {last:?}"
            );
        }
        self.last = Some(key);
        self.length -= 1;
        Some((key, event))
    }

    fn add(&mut self, entry: QueuedEvent<E>) {
        let slot = entry.slot();
        // The wheel holds only slots after the current one. Earlier ones are in the run already.
        if slot <= self.slot {
            return self.add_late(entry);
        }
        // Slot numbers have one digit of eight bits for each level. The highest digit in which the slot
        // differs from the current one is the level: until the wheel gets there, finer digits do not
        // matter.
        let level = ((slot ^ self.slot).ilog2() / SLOTS_BITS) as usize;
        let digit = (slot >> (level as u32 * SLOTS_BITS)) as usize % SLOTS;
        let slot = &mut self.slots[level * SLOTS + digit];
        if self.occupied[level].insert(digit) {
            *slot = self.spare[level].pop().unwrap_or_default();
        }
        slot.push(entry);
    }

    /// Adds an event of a slot that is already in the run.
    // Rare, and kept out of the hot path of `push`.
    #[inline(never)]
    fn add_late(&mut self, entry: QueuedEvent<E>) {
        if self.run.len() < INSERT_MAX {
            let index = self.run.partition_point(|other| other.key > entry.key);
            self.run.insert(index, entry);
        } else {
            self.late.push(Reverse(entry));
        }
    }

    /// Advances the wheel until the run holds the next event, if there is one.
    fn advance(&mut self) {
        while self.run.is_empty() && self.late.is_empty() {
            let levels = self.occupied.iter_mut().enumerate();
            let mut first = levels.filter_map(|(level, it)| Some((level, it.pop_first()?)));
            // Any event of a lower level is earlier than all of a higher one.
            let Some((level, digit)) = first.next() else {
                return;
            };
            let shift = level as u32 * SLOTS_BITS;
            // The digits above this level do not change while the wheel advances within it. Two shifts,
            // because one by 64 bits or more overflows.
            let above = self.slot >> shift >> SLOTS_BITS << SLOTS_BITS;
            let first = (above | digit as u64) << shift;
            debug_assert!(first > self.slot, "the wheel turns forward only");
            let taken = std::mem::take(&mut self.slots[level * SLOTS + digit]);
            let emptied = std::mem::replace(&mut self.run, taken);
            self.spare[std::mem::replace(&mut self.run_level, level)].push(emptied);
            // A slot that is not split counts as passed up to its last fine slot.
            if level == 0 || self.run.len() <= SPLIT_MIN {
                self.slot = first | ((1 << shift) - 1);
            } else {
                self.slot = first;
                self.split_run();
            }
            // Keys are unique, so an unstable sort is deterministic.
            self.run.sort_unstable_by(|one, other| other.cmp(one));
        }
    }

    /// Moves the events of the run that are not in the current slot back into finer slots.
    fn split_run(&mut self) {
        let mut run = std::mem::take(&mut self.run);
        let mut index = 0;
        while let Some(entry) = run.get(index) {
            if entry.slot() == self.slot {
                index += 1;
            } else {
                self.add(run.swap_remove(index));
            }
        }
        self.run = run;
    }
}

/// A bit for each slot of a level: whether it holds events.
#[derive(Clone, Copy, Debug, Default)]
struct Occupied([u64; SLOTS / u64::BITS as usize]);

impl Occupied {
    /// Marks a slot. Returns whether it was not marked before.
    fn insert(&mut self, slot: usize) -> bool {
        let (word, bit) = (slot / u64::BITS as usize, 1 << (slot % u64::BITS as usize));
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// Unmarks and returns the first marked slot.
    fn pop_first(&mut self) -> Option<usize> {
        let (index, word) = self
            .0
            .iter_mut()
            .enumerate()
            .find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros();
        // Clears the lowest bit that is set.
        *word &= *word - 1;
        Some(index * u64::BITS as usize + bit as usize)
    }
}

impl<E> QueuedEvent<E> {
    fn slot(&self) -> u64 {
        self.key.at.nanos() >> SLOT_NANOS_BITS
    }
}

impl<E> PartialEq for QueuedEvent<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for QueuedEvent<E> {}

impl<E> PartialOrd for QueuedEvent<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for QueuedEvent<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn key(at: u64, sequence: u64) -> EventKey {
        EventKey {
            at: Instant::from_nanos(at),
            class: 0,
            host: 0,
            sequence,
        }
    }

    /// Compares a history of pushes (with a delay from now) and pops with a sorted map.
    fn agrees_with_a_sorted_map(steps: Vec<Option<(u64, u8, u32)>>) {
        let mut queue = EventQueue::new();
        let mut model = BTreeMap::new();
        let mut now = 0_u64;
        for (sequence, step) in (0..).zip(steps) {
            if let Some((delay, class, host)) = step {
                let at = Instant::from_nanos(now.saturating_add(delay));
                let key = EventKey {
                    at,
                    class,
                    host,
                    sequence,
                };
                queue.push(key, sequence);
                model.insert(key, sequence);
            } else {
                assert_eq!(queue.next_time(), model.keys().next().map(|key| key.at));
                let popped = queue.pop();
                assert_eq!(popped, model.pop_first());
                now = popped.map_or(now, |(key, _)| key.at.nanos());
            }
            assert_eq!(queue.len(), model.len());
        }
        while let Some(popped) = queue.pop() {
            assert_eq!(Some(popped), model.pop_first());
        }
        assert!(model.is_empty() && queue.is_empty());
    }

    fn delays() -> impl Strategy<Value = u64> {
        prop_oneof![
            Just(0),
            0_u64..100_000,
            0_u64..10_000_000_000,
            0_u64..100_000_000_000_000_000,
            any::<u64>()
        ]
    }

    proptest! {
        #[test]
        fn events_come_in_order(
            steps in prop::collection::vec(prop::option::of((delays(), 0_u8..3, 0_u32..3)), 0..400)
        ) {
            agrees_with_a_sorted_map(steps);
        }
    }

    #[test]
    #[should_panic(expected = "two events have the key")]
    fn equal_keys_panic() {
        let mut queue = EventQueue::new();
        queue.push(key(5, 1), ());
        queue.push(key(5, 1), ());
        queue.pop();
        queue.pop();
    }

    #[test]
    #[should_panic(expected = "is scheduled when it is already")]
    fn an_event_in_the_past_panics() {
        let mut queue = EventQueue::new();
        queue.push(key(5, 1), ());
        queue.pop();
        queue.push(key(4, 2), ());
    }
}
