//! How long messages take to arrive, counting also those that have not arrived: the estimate of Kaplan and
//! Meier (1958). A message that waits at the end of the run takes longer than it has waited; one that was
//! returned never arrives.

/// Quantiles of the time from submission to arrival of all messages, in nanoseconds; `None` where so many
/// have not arrived that the quantile is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalTimes {
    /// The median.
    pub p50: Option<u64>,
    /// 90 % take at most this.
    pub p90: Option<u64>,
    /// 99 % take at most this.
    pub p99: Option<u64>,
}

const PERCENT: [u128; 3] = [50, 90, 99];

/// The quantiles; `None` without messages. Both lists are in ascending order: how long messages took that
/// arrived, and how long others have waited at the end.
pub(super) fn quantiles(arrived: &[u64], waiting: &[u64], returned: usize) -> Option<ArrivalTimes> {
    let mut at_risk = (arrived.len() + waiting.len() + returned) as u128;
    if at_risk == 0 {
        return None;
    }
    // The proportion that has not arrived is `base * at_risk / at_base`. Without messages that wait it is
    // exact; a message that drops out after waiting leaves the proportion as it is.
    let (mut base, mut at_base) = (ONE, at_risk);
    let mut waiting = waiting.iter().copied().peekable();
    let mut found = [None; 3];
    for &time in arrived {
        while waiting.next_if(|it| *it < time).is_some() {
            base = base * at_risk / at_base;
            at_risk -= 1;
            at_base = at_risk;
        }
        at_risk -= 1;
        for (quantile, percent) in found.iter_mut().zip(PERCENT) {
            let is_reached = base * at_risk * 100 <= ONE * at_base * (100 - percent);
            if is_reached && quantile.is_none() {
                *quantile = Some(time);
            }
        }
    }
    let [p50, p90, p99] = found;
    Some(ArrivalTimes { p50, p90, p99 })
}

/// One, with 64 bits behind the point.
const ONE: u128 = 1 << 64;

#[cfg(test)]
mod tests {
    #![expect(
        clippy::float_arithmetic,
        reason = "the tests compare with floating point"
    )]

    use proptest::prelude::*;

    use super::*;

    /// The estimate in the textbook's form: a product of fractions.
    fn by_the_book(arrived: &[u64], waiting: &[u64], returned: usize, percent: f64) -> Option<u64> {
        let mut survival = 1.0;
        let mut times = arrived.to_vec();
        times.dedup();
        for time in times {
            let at_risk = arrived
                .iter()
                .chain(waiting)
                .filter(|it| **it >= time)
                .count()
                + returned;
            let now = arrived.iter().filter(|it| **it == time).count();
            survival *= 1.0 - now as f64 / at_risk as f64;
            if survival <= 1.0 - percent / 100.0 + 1e-9 {
                return Some(time);
            }
        }
        None
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_quantiles_are_those_of_the_product(
            mut arrived in prop::collection::vec(0..40_u64, 0..40),
            mut waiting in prop::collection::vec(0..40_u64, 0..40),
            returned in 0..6_usize,
        ) {
            arrived.sort_unstable();
            waiting.sort_unstable();
            match quantiles(&arrived, &waiting, returned) {
                None => prop_assert!(arrived.is_empty() && waiting.is_empty() && returned == 0),
                Some(ArrivalTimes { p50, p90, p99 }) => {
                    for (percent, found) in [(50.0, p50), (90.0, p90), (99.0, p99)] {
                        let expected = by_the_book(&arrived, &waiting, returned, percent);
                        prop_assert_eq!(found, expected, "{} %", percent);
                    }
                }
            }
        }

        /// Where everything arrives, they are the quantiles of the list.
        #[test]
        fn without_losses_they_are_the_plain_quantiles(
            mut arrived in prop::collection::vec(0..1_000_u64, 1..300),
        ) {
            arrived.sort_unstable();
            let at = |percent: usize| Some(arrived[(arrived.len() * percent).div_ceil(100) - 1]);
            let found = quantiles(&arrived, &[], 0).expect("messages");
            prop_assert_eq!((found.p50, found.p90, found.p99), (at(50), at(90), at(99)));
        }
    }

    /// Two of five arrive at once and the others are returned: the median is never reached, although those
    /// that arrived were fast.
    #[test]
    fn losing_messages_is_not_fast() {
        let found = quantiles(&[1, 1], &[], 3).expect("messages");
        assert_eq!(found.p50, None);
        // One that has waited for longer than the others took may still arrive.
        let found = quantiles(&[1, 2, 3], &[5], 0).expect("messages");
        assert_eq!((found.p50, found.p90), (Some(2), None));
    }
}
