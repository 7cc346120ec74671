//! Vector clocks (Mattern 1989; Fidge 1988).

use crate::call::ThreadId;

/// For every thread, how many of its release operations happened before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VectorClock(Vec<u32>);

impl VectorClock {
    /// The component of `thread`.
    pub(crate) fn of(&self, thread: ThreadId) -> u32 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// Increments the component of `thread`.
    pub(crate) fn tick(&mut self, thread: ThreadId) {
        if self.0.len() <= thread.index() {
            self.0.resize(thread.index() + 1, 0);
        }
        let clock = &mut self.0[thread.index()];
        *clock = clock
            .checked_add(1)
            .expect("a thread makes fewer than 2^32 releases");
    }

    /// Becomes equal to `other`, which must be no earlier in any component.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    /// Takes the component-wise maximum.
    pub(crate) fn join(&mut self, other: &Self) {
        self.join_components(other.0.iter().copied());
    }

    /// The same with the components of another clock, by thread.
    pub(crate) fn join_components(&mut self, other: impl ExactSizeIterator<Item = u32>) {
        if self.0.len() < other.len() {
            self.0.resize(other.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(other) {
            *mine = (*mine).max(theirs);
        }
    }

    /// The components, by thread. Those of further threads are zero.
    pub(crate) fn components(&self) -> &[u32] {
        &self.0
    }

    /// Sets all components to zero; keeps the allocation.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clocks() -> impl Strategy<Value = VectorClock> {
        proptest::collection::vec(0..9_u32, 0..5).prop_map(VectorClock)
    }

    fn joined(one: &VectorClock, other: &VectorClock) -> VectorClock {
        let mut joined = one.clone();
        joined.join(other);
        joined
    }

    fn same(one: &VectorClock, other: &VectorClock) -> bool {
        (0..6).all(|thread| one.of(ThreadId(thread)) == other.of(ThreadId(thread)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn joining_is_a_least_upper_bound(one in clocks(), two in clocks(), three in clocks()) {
            prop_assert!(same(&joined(&one, &two), &joined(&two, &one)));
            prop_assert!(same(&joined(&one, &one), &one));
            let left = joined(&joined(&one, &two), &three);
            prop_assert!(same(&left, &joined(&one, &joined(&two, &three))));
        }
    }
}
