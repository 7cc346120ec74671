//! Values at equal distances in time, of which only the changes take memory: most of a run of days is
//! quiet, and a large network has thousands of series.

use std::fmt;

/// A series of numbers, compressed by run lengths.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Series {
    /// Neighbours have different values.
    runs: Vec<EqualValues>,
    length: u32,
}

/// Equal values up to the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EqualValues {
    first: u32,
    value: u32,
}

impl Series {
    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The values, from the start of the run on.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        let ends = self.runs.iter().skip(1).map(|next| next.first);
        let ends = ends.chain([self.length]);
        self.runs.iter().zip(ends).flat_map(|(run, end)| {
            let count = end - run.first;
            std::iter::repeat_n(u64::from(run.value), count as usize)
        })
    }

    /// The values as a list.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u64> {
        self.iter().collect()
    }

    /// Grows to `length` values; the new ones are `value`.
    pub(super) fn grow(&mut self, length: usize, value: u64) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        if length <= self.length {
            return;
        }
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        if self.runs.last().is_none_or(|last| last.value != value) {
            let first = self.length;
            self.runs.push(EqualValues { first, value });
        }
        self.length = length;
    }

    /// Changes one value.
    pub(super) fn update(&mut self, index: usize, change: impl FnOnce(u64) -> u64) {
        assert!(index < self.len(), "only a value that is there changes");
        let index = u32::try_from(index).expect("less than the length");
        let at = self.runs.partition_point(|run| run.first <= index) - 1;
        let old = self.runs[at];
        let value = u32::try_from(change(old.value.into())).unwrap_or(u32::MAX);
        if value == old.value {
            return;
        }
        let end = self.runs.get(at + 1).map_or(self.length, |run| run.first);
        let (next, changed) = (
            index + 1,
            EqualValues {
                first: index,
                value,
            },
        );
        let before = (old.first < index).then_some(old);
        let after = (next < end).then_some(EqualValues { first: next, ..old });
        let parts = before.into_iter().chain([changed]).chain(after);
        self.runs.splice(at..=at, parts);
        // The new value may be that of a neighbour.
        self.runs.dedup_by_key(|run| run.value);
    }

    /// Replaces each two neighbours by what `join` makes of them.
    pub(super) fn halve(&mut self, join: impl Fn(&[u64]) -> u64) {
        let values = self.to_vec();
        *self = Self::default();
        for pair in values.chunks(2) {
            self.grow(self.len() + 1, join(pair));
        }
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Grow(usize, u64),
        Add(usize, u64),
        Halve,
    }

    fn steps() -> impl Strategy<Value = Change> {
        prop_oneof![
            2 => (0..9_usize, 0..3_u64).prop_map(|(by, value)| Change::Grow(by, value)),
            6 => (0..40_usize, 0..3_u64).prop_map(|(index, by)| Change::Add(index, by)),
            1 => Just(Change::Halve),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_acts_as_a_list(steps in proptest::collection::vec(steps(), 0..60)) {
            let sum = |pair: &[u64]| pair.iter().sum();
            let mut series = Series::default();
            let mut list: Vec<u64> = Vec::new();
            for step in steps {
                match step {
                    Change::Grow(by, value) => {
                        series.grow(series.len() + by, value);
                        list.resize(list.len() + by, value);
                    }
                    Change::Add(index, by) if index < list.len() => {
                        series.update(index, |value| value + by);
                        list[index] += by;
                    }
                    Change::Add(..) => {}
                    Change::Halve => {
                        series.halve(sum);
                        list = list.chunks(2).map(sum).collect();
                    }
                }
                prop_assert_eq!(series.to_vec(), &list[..]);
                prop_assert_eq!((series.len(), series.is_empty()), (list.len(), list.is_empty()));
                let mut same = Series::default();
                list.iter().for_each(|value| same.grow(same.len() + 1, *value));
                prop_assert_eq!(&series, &same, "equal series have equal runs");
            }
        }
    }
}
