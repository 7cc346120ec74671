//! The earliest of the timeouts of many connections.

use tcp::Uptime;

const ABSENT: u32 = u32::MAX;

/// At most one timeout for each connection number. Ties are ordered by number.
///
/// A connection's timeout moves with every segment, mostly to a later time. Such a change does not
/// touch the heap: an entry may be too early, and is corrected when it comes to the top.
#[derive(Debug, Default)]
pub(crate) struct Timeouts {
    /// A binary heap. An entry's time is never later than its connection's timeout.
    heap: Vec<HeapEntry>,
    /// By connection number.
    connections: Vec<Timeout>,
}

/// Entries are ordered by time, then by connection number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HeapEntry {
    at: Uptime,
    connection: u32,
}

#[derive(Clone, Copy, Debug)]
struct Timeout {
    /// [`Uptime::MAX`] if there is none.
    at: Uptime,
    /// The index of the connection's entry in the heap, or [`ABSENT`].
    index: u32,
}

impl Timeout {
    const NONE: Self = Self {
        at: Uptime::MAX,
        index: ABSENT,
    };
}

impl Timeouts {
    /// The earliest timeout, if it is before `limit`.
    pub(crate) fn earliest_before(&mut self, limit: Uptime) -> Option<Uptime> {
        self.first_before(limit).map(|first| first.at)
    }

    /// The first connection whose timeout is not after `now`. It stays first until its timeout is
    /// set.
    pub(crate) fn expired(&mut self, now: Uptime) -> Option<u32> {
        // "Not after now" is "before the next nanosecond".
        let after = Uptime::from_nanos(now.nanos().saturating_add(1));
        self.first_before(after).map(|first| first.connection)
    }

    /// Sets or removes the timeout of `connection`. O(log n) if it moves to an earlier time, O(1)
    /// otherwise.
    pub(crate) fn set(&mut self, connection: u32, timeout: Option<Uptime>) {
        if self.connections.len() <= connection as usize {
            self.connections
                .resize(connection as usize + 1, Timeout::NONE);
        }
        let it = &mut self.connections[connection as usize];
        it.at = timeout.unwrap_or(Uptime::MAX);
        let (at, index) = (it.at, it.index);
        // A retransmission timer is restarted by almost every ACK (RFC 6298 rule 5.3): with an
        // exact heap each segment would cost two sifts.
        if index == ABSENT {
            if at < Uptime::MAX {
                let end = self.heap.len() as u32;
                self.connections[connection as usize].index = end;
                self.heap.push(HeapEntry { at, connection });
                self.sift_up(end);
            }
        } else if at < self.heap[index as usize].at {
            // Only a move to an earlier time must change the heap now.
            self.heap[index as usize].at = at;
            self.sift_up(index);
        }
    }

    /// The first entry after correction, if it is before `limit`.
    fn first_before(&mut self, limit: Uptime) -> Option<HeapEntry> {
        loop {
            let HeapEntry {
                at: stated,
                connection,
            } = *self.heap.first()?;
            if stated >= limit {
                return None;
            }
            let at = self.connections[connection as usize].at;
            if at == stated {
                return Some(HeapEntry { at, connection });
            }
            // The timeout moved to a later time, or was removed, since the entry was pushed.
            debug_assert!(at > stated, "an entry is too late");
            if at == Uptime::MAX {
                self.remove_first();
            } else {
                self.heap[0].at = at;
                self.sift_down(0);
            }
        }
    }

    fn remove_first(&mut self) {
        let removed = self.heap.swap_remove(0);
        self.connections[removed.connection as usize].index = ABSENT;
        if let Some(moved) = self.heap.first() {
            self.connections[moved.connection as usize].index = 0;
            self.sift_down(0);
        }
    }

    fn sift_up(&mut self, mut index: u32) {
        let entry = self.heap[index as usize];
        while index > 0 {
            let parent = (index - 1) / 2;
            if self.heap[parent as usize] <= entry {
                break;
            }
            self.put(index, self.heap[parent as usize]);
            index = parent;
        }
        self.put(index, entry);
    }

    fn sift_down(&mut self, mut index: u32) {
        let entry = self.heap[index as usize];
        loop {
            let left = 2 * index + 1;
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
            self.put(index, *least);
            index = child;
        }
        self.put(index, entry);
    }

    fn put(&mut self, index: u32, entry: HeapEntry) {
        self.heap[index as usize] = entry;
        self.connections[entry.connection as usize].index = index;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The model is a map that is searched completely.
        #[test]
        fn the_earliest_timeout_is_that_of_a_complete_search(
            changes in proptest::collection::vec(
                (0_u32..20, proptest::option::of(0_u64..50), 0_u64..50), 0..300),
        ) {
            let mut timeouts = Timeouts::default();
            let mut all = BTreeMap::new();
            for (connection, nanos, limit) in changes {
                let at = nanos.map(Uptime::from_nanos);
                timeouts.set(connection, at);
                match at {
                    Some(at) => { all.insert(connection, at); }
                    None => { all.remove(&connection); }
                }
                let first = all.iter().map(|(connection, at)| (*at, *connection)).min();
                let limit = Uptime::from_nanos(limit);
                let before = first.filter(|(at, _)| *at < limit);
                prop_assert_eq!(timeouts.earliest_before(limit), before.map(|(at, _)| at));
                prop_assert_eq!(timeouts.earliest_before(Uptime::MAX), first.map(|(at, _)| at));
                let last = Uptime::from_nanos(100);
                prop_assert_eq!(timeouts.expired(last), first.map(|(_, connection)| connection));
            }
        }
    }
}
