//! The earliest of many deadlines: a binary heap that knows where each owner's entry is.
//!
//! Owns the order of deadlines, ties by owner number. It does not know what is due.

use tcp::Uptime;

const ABSENT: u32 = u32::MAX;

/// At most one deadline for each owner, an index below 2^32 - 1. Changing one costs
/// O(log n), asking for the earliest O(1).
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: Vec<(Uptime, u32)>,
    /// Where each owner's entry is in the heap.
    places: Vec<u32>,
}

impl Deadlines {
    /// The earliest deadline.
    pub(crate) fn earliest(&self) -> Option<Uptime> {
        self.heap.first().map(|(at, _)| *at)
    }

    /// An owner whose deadline is not after `now`; it stays until it is set anew.
    pub(crate) fn due(&self, now: Uptime) -> Option<u32> {
        self.heap
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, owner)| *owner)
    }

    /// Gives `owner` this deadline, or none.
    pub(crate) fn set(&mut self, owner: u32, deadline: Option<Uptime>) {
        if self.places.len() <= owner as usize {
            self.places.resize(owner as usize + 1, ABSENT);
        }
        let place = self.places[owner as usize];
        match (place, deadline) {
            (ABSENT, None) => {}
            (ABSENT, Some(at)) => {
                let end = self.heap.len() as u32;
                self.heap.push((at, owner));
                self.places[owner as usize] = end;
                self.rise(end);
            }
            (place, Some(at)) if self.heap[place as usize].0 == at => {}
            (place, Some(at)) => {
                self.heap[place as usize].0 = at;
                self.settle(place);
            }
            (place, None) => self.remove(place),
        }
    }

    fn remove(&mut self, place: u32) {
        let (_, owner) = self.heap.swap_remove(place as usize);
        self.places[owner as usize] = ABSENT;
        if let Some((_, moved)) = self.heap.get(place as usize) {
            self.places[*moved as usize] = place;
            self.settle(place);
        }
    }

    fn settle(&mut self, place: u32) {
        if !self.rise(place) {
            self.sink(place);
        }
    }

    fn rise(&mut self, mut place: u32) -> bool {
        let start = place;
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent as usize] <= self.heap[place as usize] {
                break;
            }
            self.swap(place, parent);
            place = parent;
        }
        place != start
    }

    fn sink(&mut self, mut place: u32) {
        loop {
            let children =
                (2 * place + 1..2 * place + 3).filter(|c| (*c as usize) < self.heap.len());
            let Some(least) = children.min_by_key(|child| self.heap[*child as usize]) else {
                return;
            };
            if self.heap[place as usize] <= self.heap[least as usize] {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }

    fn swap(&mut self, one: u32, other: u32) {
        self.heap.swap(one as usize, other as usize);
        for place in [one, other] {
            let (_, owner) = self.heap[place as usize];
            self.places[owner as usize] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The witness is a map searched whole.
        #[test]
        fn the_earliest_is_that_of_a_full_search(
            changes in proptest::collection::vec(
                (0_u32..20, proptest::option::of(0_u64..50)), 0..300),
        ) {
            let mut deadlines = Deadlines::default();
            let mut all = BTreeMap::new();
            for (owner, nanos) in changes {
                let at = nanos.map(Uptime::from_nanos);
                deadlines.set(owner, at);
                match at {
                    Some(at) => { all.insert(owner, at); }
                    None => { all.remove(&owner); }
                }
                let first = all.iter().map(|(owner, at)| (*at, *owner)).min();
                prop_assert_eq!(deadlines.earliest(), first.map(|(at, _)| at));
                let last = Uptime::from_nanos(100);
                prop_assert_eq!(deadlines.due(last), first.map(|(_, owner)| owner));
            }
        }
    }
}
