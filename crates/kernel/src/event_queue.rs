//! The future-event list, totally ordered.
//!
//! Owns the order in which things happen: by time, then class, then host, then sequence. Two
//! equal keys are our bug and panic, and so does an event in the past. It refuses to know what
//! an event means, and it cancels nothing: an owner whose plans change marks its own generation
//! and ignores what comes late.
//!
//! Far-off events lie unsorted in the slots of a hierarchical wheel (Varghese and Lauck, 1987);
//! only the slot whose time has come is sorted, and what is added to it from then on goes into a
//! small heap beside it. A wheel alone has no order inside a slot, and a heap alone pays for every
//! event that is far away. A coarse slot with few events is not split into finer ones: sorting
//! them costs less.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::Instant;

/// When, and in which place among all events of that time, an event happens. The order of the
/// fields is the order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// The point of virtual time.
    pub at: Instant,
    /// The kind of event: at one time, lower classes come first.
    pub class: u8,
    /// The host it concerns.
    pub host: u32,
    /// Which of that host's events it is; unique per time, class and host.
    pub sequence: u64,
}

/// All events that have not happened yet.
#[derive(Debug)]
pub struct EventQueue<E> {
    /// The events of the slots up to and including `slot`, latest first.
    run: Vec<Entry<E>>,
    /// Those of them that were added when the run was long.
    late: BinaryHeap<Reverse<Entry<E>>>,
    slot: u64,
    /// For each level, which of its slots hold events: all that is looked at when the wheel turns.
    occupied: [Occupied; LEVELS],
    /// All slots, level by level. An empty one has no memory of its own.
    slots: Vec<Vec<Entry<E>>>,
    /// For each level, memory of slots that were emptied; the last is the warmest. Levels differ in
    /// how much a slot holds.
    spare: [Vec<Vec<Entry<E>>>; LEVELS],
    /// The level whose memory the run has.
    run_level: usize,
    last: Option<EventKey>,
    length: usize,
}

#[derive(Debug)]
struct Entry<E> {
    key: EventKey,
    event: E,
}

/// 2^16 ns: a slot of the lowest level spans 66 microseconds.
const SLOT_NANOS_BITS: u32 = 16;
const SLOTS_BITS: u32 = 8;
const SLOTS: usize = 1 << SLOTS_BITS;
/// So many events are sorted as they are.
const FEW: usize = 64;
/// So short a run takes in others.
const SHORT: usize = 8;
/// Together the levels span all of time: 6 * 8 + 16 bits are the 64 of an [`Instant`].
const LEVELS: usize = 6;

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> {
    /// No events, at the start of time.
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

    /// How many events are still to happen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing will ever happen again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds an event.
    ///
    /// # Panics
    /// If its time is before that of the event taken last.
    pub fn push(&mut self, key: EventKey, event: E) {
        let now = self.last.map_or(Instant::ZERO, |last| last.at);
        assert!(
            key.at >= now,
            "an event at {} is scheduled when it is already {now}",
            key.at
        );
        self.length += 1;
        self.place(Entry { key, event });
    }

    /// The time of the next event.
    pub fn next_time(&mut self) -> Option<Instant> {
        self.turn_to_next_slot();
        let first = self.run.last().map(|entry| entry.key.at);
        let late = self.late.peek().map(|Reverse(entry)| entry.key.at);
        match (first, late) {
            (Some(first), Some(late)) => Some(first.min(late)),
            (first, late) => first.or(late),
        }
    }

    /// Takes the next event.
    ///
    /// # Panics
    /// If two events have the same key: their order would be luck.
    pub fn pop(&mut self) -> Option<(EventKey, E)> {
        self.turn_to_next_slot();
        let is_late = match (self.run.last(), self.late.peek()) {
            (Some(first), Some(Reverse(late))) => late.key <= first.key,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let Entry { key, event } = if is_late {
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

    fn place(&mut self, entry: Entry<E>) {
        let slot = entry.slot();
        if slot <= self.slot {
            return self.place_late(entry);
        }
        // The highest digit in which the slot differs from the current one names the level.
        let level = ((slot ^ self.slot).ilog2() / SLOTS_BITS) as usize;
        let digit = (slot >> (level as u32 * SLOTS_BITS)) as usize % SLOTS;
        let slot = &mut self.slots[level * SLOTS + digit];
        if self.occupied[level].add(digit) {
            *slot = self.spare[level].pop().unwrap_or_default();
        }
        slot.push(entry);
    }

    /// An event of a slot that has been taken already: into its place in a short run, else beside
    /// the run.
    #[inline(never)]
    fn place_late(&mut self, entry: Entry<E>) {
        if self.run.len() < SHORT {
            let place = self.run.partition_point(|other| other.key > entry.key);
            self.run.insert(place, entry);
        } else {
            self.late.push(Reverse(entry));
        }
    }

    /// Turns the wheel until there is a current slot that holds the next event, if there is any.
    fn turn_to_next_slot(&mut self) {
        while self.run.is_empty() && self.late.is_empty() {
            let levels = self.occupied.iter_mut().enumerate();
            let mut first = levels.filter_map(|(level, it)| Some((level, it.take_first()?)));
            let Some((level, digit)) = first.next() else {
                return;
            };
            let shift = level as u32 * SLOTS_BITS;
            let above = self.slot >> shift >> SLOTS_BITS << SLOTS_BITS;
            let first = (above | digit as u64) << shift;
            debug_assert!(first > self.slot, "the wheel turns forward only");
            let taken = std::mem::take(&mut self.slots[level * SLOTS + digit]);
            let emptied = std::mem::replace(&mut self.run, taken);
            self.spare[std::mem::replace(&mut self.run_level, level)].push(emptied);
            if level == 0 || self.run.len() <= FEW {
                self.slot = first | ((1 << shift) - 1);
            } else {
                self.slot = first;
                self.split_run();
            }
            self.run.sort_unstable_by(|one, other| other.cmp(one));
        }
    }

    /// Puts back what is not of the current slot.
    fn split_run(&mut self) {
        let mut run = std::mem::take(&mut self.run);
        let mut place = 0;
        while let Some(entry) = run.get(place) {
            if entry.slot() == self.slot {
                place += 1;
            } else {
                self.place(run.swap_remove(place));
            }
        }
        self.run = run;
    }
}

/// The slots of a level that hold events, a bit for each.
#[derive(Clone, Copy, Debug, Default)]
struct Occupied([u64; SLOTS / u64::BITS as usize]);

impl Occupied {
    /// Adds a slot; whether it is new.
    fn add(&mut self, slot: usize) -> bool {
        let (word, bit) = (slot / u64::BITS as usize, 1 << (slot % u64::BITS as usize));
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }

    /// Takes the first slot away.
    fn take_first(&mut self) -> Option<usize> {
        let (place, word) = self
            .0
            .iter_mut()
            .enumerate()
            .find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros();
        *word &= *word - 1;
        Some(place * u64::BITS as usize + bit as usize)
    }
}

impl<E> Entry<E> {
    fn slot(&self) -> u64 {
        self.key.at.nanos() >> SLOT_NANOS_BITS
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
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

    /// What a history of pushes (delay from now) and pops does, against a sorted map.
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
        fn order_is_total(
            steps in prop::collection::vec(prop::option::of((delays(), 0_u8..3, 0_u32..3)), 0..400)
        ) {
            agrees_with_a_sorted_map(steps);
        }
    }

    #[test]
    #[should_panic(expected = "two events have the key")]
    fn equal_keys_are_our_bug() {
        let mut queue = EventQueue::new();
        queue.push(key(5, 1), ());
        queue.push(key(5, 1), ());
        queue.pop();
        queue.pop();
    }

    #[test]
    #[should_panic(expected = "is scheduled when it is already")]
    fn the_past_is_closed() {
        let mut queue = EventQueue::new();
        queue.push(key(5, 1), ());
        queue.pop();
        queue.push(key(4, 2), ());
    }
}
