//! The threads that become ready later, by time, then in the order in which they were announced.

use kernel::Instant;

use crate::call::ThreadId;

/// See the module documentation. There are few at any time, at most one for each thread.
#[derive(Debug, Default)]
pub(super) struct WakeUps {
    /// The next one is the last.
    list: Vec<WakeUp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WakeUp {
    pub(super) at: Instant,
    pub(super) thread: ThreadId,
}

impl WakeUps {
    pub(super) fn insert(&mut self, at: Instant, thread: ThreadId) {
        // After all that were announced before for the same time.
        let index = self.list.partition_point(|one| one.at > at);
        self.list.insert(index, WakeUp { at, thread });
    }

    /// The time of the next one.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.list.last().map(|one| one.at)
    }

    pub(super) fn pop(&mut self) -> Option<WakeUp> {
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
            let mut wake_ups = WakeUps::default();
            let mut expected = BTreeMap::new();
            for (number, (at, pops)) in (0_u32..).zip(times) {
                let at = Instant::from_nanos(at);
                wake_ups.insert(at, ThreadId(number));
                expected.insert((at, number), WakeUp { at, thread: ThreadId(number) });
                if pops {
                    prop_assert_eq!(wake_ups.next_at(), expected.keys().next().map(|(at, _)| *at));
                    prop_assert_eq!(wake_ups.pop(), expected.pop_first().map(|(_, one)| one));
                }
            }
            while let Some((_, one)) = expected.pop_first() {
                prop_assert_eq!(wake_ups.pop(), Some(one));
            }
            prop_assert_eq!(wake_ups.pop(), None);
        }
    }
}
