//! The threads that become ready later, by time, then in the order in which they were announced.

use kernel::Instant;

use crate::call::ThreadId;

/// See the module documentation. There are few at any time, at most one for each thread.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The next one is the last.
    list: Vec<Arrival>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) thread: ThreadId,
}

impl Arrivals {
    pub(super) fn insert(&mut self, at: Instant, thread: ThreadId) {
        // After all that were announced before for the same time.
        let index = self.list.partition_point(|one| one.at > at);
        self.list.insert(index, Arrival { at, thread });
    }

    /// The time of the next one.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.list.last().map(|one| one.at)
    }

    pub(super) fn pop(&mut self) -> Option<Arrival> {
        self.list.pop()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// They come by time, then by announcement.
        #[test]
        fn they_are_sorted(times in proptest::collection::vec((0..9_u64, any::<bool>()), 0..40)) {
            let mut arrivals = Arrivals::default();
            let mut expected = BTreeMap::new();
            for (number, (at, pops)) in (0_u32..).zip(times) {
                let at = Instant::from_nanos(at);
                arrivals.insert(at, ThreadId(number));
                expected.insert((at, number), Arrival { at, thread: ThreadId(number) });
                if pops {
                    prop_assert_eq!(arrivals.next_at(), expected.keys().next().map(|(at, _)| *at));
                    prop_assert_eq!(arrivals.pop(), expected.pop_first().map(|(_, one)| one));
                }
            }
            while let Some((_, one)) = expected.pop_first() {
                prop_assert_eq!(arrivals.pop(), Some(one));
            }
            prop_assert_eq!(arrivals.pop(), None);
        }
    }
}
