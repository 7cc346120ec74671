//! The deadlines of waits, sorted by time and thread: which of two waits ends first does not depend on the
//! order in which they began.

use std::collections::BTreeSet;

use kernel::Instant;

use crate::call::ThreadId;

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    all: BTreeSet<(Instant, ThreadId)>,
    /// The first one: before every call the engine asks for it, and it rarely changes.
    first: Option<(Instant, ThreadId)>,
}

impl Deadlines {
    pub(crate) fn first(&self) -> Option<(Instant, ThreadId)> {
        self.first
    }

    pub(crate) fn insert(&mut self, at: Instant, thread: ThreadId) {
        self.all.insert((at, thread));
        let is_first = self.first.is_none_or(|first| (at, thread) < first);
        if is_first {
            self.first = Some((at, thread));
        }
    }

    pub(crate) fn remove(&mut self, at: Instant, thread: ThreadId) {
        self.all.remove(&(at, thread));
        if self.first == Some((at, thread)) {
            self.first = self.all.first().copied();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.first = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_first_is_the_least(changes in proptest::collection::vec((any::<bool>(), 0..6_u64, 0..3_u32), 0..60)) {
            let mut deadlines = Deadlines::default();
            for (inserts, at, thread) in changes {
                let (at, thread) = (Instant::from_nanos(at), ThreadId(thread));
                if inserts {
                    deadlines.insert(at, thread);
                } else {
                    deadlines.remove(at, thread);
                }
                prop_assert_eq!(deadlines.first(), deadlines.all.first().copied());
            }
        }
    }
}
