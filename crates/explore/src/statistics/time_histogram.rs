//! A histogram of times with logarithmic buckets: bounded memory, relative error below 1/64.

use std::collections::BTreeMap;

use kernel::{Duration, Instant};

/// Buckets per doubling of time.
const BUCKETS_PER_OCTAVE: u32 = 64;
const OCTAVE_BITS: u32 = BUCKETS_PER_OCTAVE.ilog2();

/// Counts of times by bucket: at most 64 octaves of 64 buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeHistogram {
    buckets: BTreeMap<u32, u64>,
    count: u64,
}

impl TimeHistogram {
    /// Adds one time.
    pub fn add(&mut self, at: Instant) {
        *self.buckets.entry(bucket(at.nanos())).or_default() += 1;
        self.count += 1;
    }

    /// The number of times added.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The buckets in order, each as a time within it and its count.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let buckets = self.buckets.iter();
        buckets.map(|(&bucket, &count)| (Duration::from_nanos(middle(bucket)), count))
    }

    /// The time by which `percent` % of `runs` runs had their event; `None` if fewer ever had. Runs
    /// without an event count as later than all others: nothing is assumed about what would have
    /// happened after their end.
    ///
    /// # Panics
    /// If there are more times than runs.
    #[must_use]
    pub fn quantile(&self, percent: u64, runs: u64) -> Option<Duration> {
        assert!(self.count <= runs, "a run has at most one first time");
        let rank = (u128::from(runs) * u128::from(percent))
            .div_ceil(100)
            .max(1);
        let mut seen = 0;
        for (&bucket, &count) in &self.buckets {
            seen += u128::from(count);
            if seen >= rank {
                return Some(Duration::from_nanos(middle(bucket)));
            }
        }
        None
    }
}

fn bucket(nanos: u64) -> u32 {
    // Below 128 ns a bucket is one nanosecond wide: octave 0.
    let octave = (u64::BITS - nanos.leading_zeros()).saturating_sub(OCTAVE_BITS + 1);
    // The leading bit and the six bits below it: 64..=127, so octaves join without a gap.
    let index = u32::try_from(nanos >> octave).expect("seven bits are left");
    octave * BUCKETS_PER_OCTAVE + index
}

/// The middle of a bucket: at most 1/128 away from every time in it.
fn middle(bucket: u32) -> u64 {
    let octave = (bucket / BUCKETS_PER_OCTAVE).saturating_sub(1);
    let index = u64::from(bucket - octave * BUCKETS_PER_OCTAVE);
    (index << octave) + ((1_u64 << octave) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_is_narrow_and_buckets_are_in_order(a: u64, b: u64, shift in 0_u32..64) {
            let (a, b) = (a >> shift, b >> shift);
            let back = middle(bucket(a));
            prop_assert!(back.abs_diff(a) <= a / 64, "{} {}", a, back);
            if a <= b {
                prop_assert!(bucket(a) <= bucket(b));
            }
        }

        #[test]
        fn quantiles_are_those_of_the_sorted_list(
            mut times in prop::collection::vec(0_u64..1_000_000_000_000, 1..80),
            never in 0_u64..40,
            percent in 1_u64..=100,
        ) {
            let mut histogram = TimeHistogram::default();
            times.iter().for_each(|&nanos| histogram.add(Instant::from_nanos(nanos)));
            times.sort_unstable();
            let runs = times.len() as u64 + never;
            let rank = (runs * percent).div_ceil(100) as usize;
            match (times.get(rank - 1), histogram.quantile(percent, runs)) {
                (None, None) => {}
                (Some(&exact), Some(found)) => {
                    prop_assert!(found.nanos().abs_diff(exact) <= exact / 64);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
