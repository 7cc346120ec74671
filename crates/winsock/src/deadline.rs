//! The earliest of many deadlines: a binary heap that knows where each owner's entry is.
//!
//! Owns the order of deadlines, ties by owner number. It does not know what is due.
//!
//! A connection's deadline moves with every segment, mostly to later. The heap hears of it only
//! when the entry comes to its top: an entry may be too early, never too late.

use tcp::Uptime;

const ABSENT: u32 = u32::MAX;

/// At most one deadline for each owner, an index below 2^32 - 1. An earlier one costs O(log n), a
/// later one nothing until the earliest is asked for.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    heap: Vec<(Uptime, u32)>,
    owners: Vec<Owner>,
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    /// Its deadline; [`Uptime::MAX`] is none.
    at: Uptime,
    /// Where its entry is in the heap.
    place: u32,
}

impl Owner {
    const NEW: Self = Self {
        at: Uptime::MAX,
        place: ABSENT,
    };
}

impl Deadlines {
    /// The earliest deadline, if it is before `limit`.
    pub(crate) fn earliest_before(&mut self, limit: Uptime) -> Option<Uptime> {
        self.first_before(limit).map(|(at, _)| at)
    }

    /// An owner whose deadline is not after `now`; it stays until it is set anew.
    pub(crate) fn due(&mut self, now: Uptime) -> Option<u32> {
        let after = Uptime::from_nanos(now.nanos().saturating_add(1));
        self.first_before(after).map(|(_, owner)| owner)
    }

    /// Gives `owner` this deadline, or none.
    pub(crate) fn set(&mut self, owner: u32, deadline: Option<Uptime>) {
        if self.owners.len() <= owner as usize {
            self.owners.resize(owner as usize + 1, Owner::NEW);
        }
        let it = &mut self.owners[owner as usize];
        it.at = deadline.unwrap_or(Uptime::MAX);
        let (at, place) = (it.at, it.place);
        if place == ABSENT {
            if at < Uptime::MAX {
                let end = self.heap.len() as u32;
                self.owners[owner as usize].place = end;
                self.heap.push((at, owner));
                self.rise(end);
            }
        } else if at < self.heap[place as usize].0 {
            self.heap[place as usize].0 = at;
            self.rise(place);
        }
    }

    /// The first entry, once it says what is true, if it is before `limit`.
    fn first_before(&mut self, limit: Uptime) -> Option<(Uptime, u32)> {
        loop {
            let (stated, owner) = *self.heap.first()?;
            if stated >= limit {
                return None;
            }
            let at = self.owners[owner as usize].at;
            if at == stated {
                return Some((at, owner));
            }
            debug_assert!(at > stated, "an entry may be too early, never too late");
            if at == Uptime::MAX {
                self.remove_first();
            } else {
                self.heap[0].0 = at;
                self.sink(0);
            }
        }
    }

    fn remove_first(&mut self) {
        let (_, owner) = self.heap.swap_remove(0);
        self.owners[owner as usize].place = ABSENT;
        if let Some((_, moved)) = self.heap.first() {
            self.owners[*moved as usize].place = 0;
            self.sink(0);
        }
    }

    fn rise(&mut self, mut place: u32) {
        let entry = self.heap[place as usize];
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent as usize] <= entry {
                break;
            }
            self.put(place, self.heap[parent as usize]);
            place = parent;
        }
        self.put(place, entry);
    }

    fn sink(&mut self, mut place: u32) {
        let entry = self.heap[place as usize];
        loop {
            let left = 2 * place + 1;
            let Some(mut least) = self.heap.get(left as usize) else {
                break;
            };
            let mut child = left;
            if let Some(right) = self.heap.get(left as usize + 1)
                && right < least
            {
                (least, child) = (right, left + 1);
            }
            if entry <= *least {
                break;
            }
            self.put(place, *least);
            place = child;
        }
        self.put(place, entry);
    }

    fn put(&mut self, place: u32, entry: (Uptime, u32)) {
        self.heap[place as usize] = entry;
        self.owners[entry.1 as usize].place = place;
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
                (0_u32..20, proptest::option::of(0_u64..50), 0_u64..50), 0..300),
        ) {
            let mut deadlines = Deadlines::default();
            let mut all = BTreeMap::new();
            for (owner, nanos, limit) in changes {
                let at = nanos.map(Uptime::from_nanos);
                deadlines.set(owner, at);
                match at {
                    Some(at) => { all.insert(owner, at); }
                    None => { all.remove(&owner); }
                }
                let first = all.iter().map(|(owner, at)| (*at, *owner)).min();
                let limit = Uptime::from_nanos(limit);
                let before = first.filter(|(at, _)| *at < limit);
                prop_assert_eq!(deadlines.earliest_before(limit), before.map(|(at, _)| at));
                prop_assert_eq!(deadlines.earliest_before(Uptime::MAX), first.map(|(at, _)| at));
                let last = Uptime::from_nanos(100);
                prop_assert_eq!(deadlines.due(last), first.map(|(_, owner)| owner));
            }
        }
    }
}
