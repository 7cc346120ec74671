//! Chooses which items of a long run the page draws: all around each finding, and of the rest an even
//! sample.

use kernel::Instant;

/// The share of the space that is for the surroundings of findings, in percent.
const AROUND: usize = 60;
/// Of the space around a finding, the share before it: causes come first.
const BEFORE: usize = 75;

/// What of a kind of item is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DrawnCount {
    /// Items drawn.
    pub(super) drawn: u64,
    /// All items of the run.
    pub(super) all: u64,
}

impl DrawnCount {
    /// The sum over several hosts.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            drawn: self.drawn + other.drawn,
            all: self.all + other.all,
        }
    }

    pub(super) const fn is_whole(self) -> bool {
        self.drawn == self.all
    }
}

/// Which of the items at these times (in order) are drawn, at most `max` of them, when findings are at
/// `findings`.
pub(super) fn selected(times: &[Instant], findings: &[u64], max: usize) -> Vec<bool> {
    if times.len() <= max {
        return vec![true; times.len()];
    }
    let mut is_drawn = vec![false; times.len()];
    let each = max * AROUND / 100 / findings.len().max(1);
    for at in findings {
        let center = times.partition_point(|it| it.nanos() <= *at);
        let from = center.saturating_sub(each * BEFORE / 100);
        let to = (from + each).min(times.len());
        is_drawn[from..to].fill(true);
    }
    let around = is_drawn.iter().filter(|it| **it).count();
    let (rest, space) = (times.len() - around, max - around);
    // The n-th of the rest is drawn if it begins the next of `space` equal parts.
    let others = is_drawn.iter_mut().filter(|it| !**it);
    for (number, drawn) in others.enumerate() {
        // In 128 bits: the product of two counts can exceed 64.
        let part = |number: usize| number as u128 * space as u128 / rest as u128;
        *drawn = part(number) < part(number + 1);
    }
    is_drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instants(seconds: &[u64]) -> Vec<Instant> {
        seconds.iter().map(|it| Instant::from_nanos(*it)).collect()
    }

    proptest! {
        #[test]
        fn the_space_is_used_and_every_finding_is_shown(
            mut times in prop::collection::vec(0..10_000_u64, 0..2_000),
            findings in prop::collection::vec(0..10_000_u64, 0..5),
            max in 50..500_usize,
        ) {
            times.sort_unstable();
            let is_drawn = selected(&instants(&times), &findings, max);
            let drawn = is_drawn.iter().filter(|it| **it).count();
            prop_assert_eq!(drawn, times.len().min(max));
            // The last item before a finding is its most likely cause.
            for at in &findings {
                if let Some(last) = times.partition_point(|it| it <= at).checked_sub(1) {
                    prop_assert!(is_drawn[last], "{}", at);
                }
            }
        }

        /// Between two drawn items away from findings, there are never many more than elsewhere.
        #[test]
        fn the_rest_is_thinned_out_evenly(count in 1_000..20_000_usize, max in 100..900_usize) {
            let times: Vec<u64> = (0..count as u64).collect();
            let is_drawn = selected(&instants(&times), &[], max);
            let drawn: Vec<usize> = (0..count).filter(|it| is_drawn[*it]).collect();
            let widest = drawn.windows(2).map(|pair| pair[1] - pair[0]).max();
            prop_assert!(widest.unwrap_or(0) <= count / max + 1);
        }
    }
}
