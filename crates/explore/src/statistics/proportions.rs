//! Proportions with confidence intervals (Wilson), and the comparison of two arms on the same seeds
//! (McNemar; Agresti and Min).

use serde::Serialize;

/// The 97.5 % quantile of the standard normal distribution, for two-sided intervals of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// A confidence interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ConfidenceInterval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// A number of runs as a proportion of all, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Proportion {
    /// The number of runs.
    pub runs: u64,
    /// Runs that a limit cut off before it was known whether they count.
    pub unknown: u64,
    /// The number as a fraction of all runs; 0 if there are none. With unknown runs it is the least that
    /// the fraction can be.
    pub rate: f64,
    /// The Wilson interval of the rate: from the lower bound if no unknown run counts to the upper bound if
    /// all of them do.
    #[serde(flatten)]
    pub interval: ConfidenceInterval,
}

/// Seeds that were run in two arms, by the arms in which they fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Paired {
    /// Fail in the first arm only.
    pub fixed: u64,
    /// Fail in the second arm only.
    pub broke: u64,
    /// Fail in both arms.
    pub both: u64,
    /// Fail in neither arm.
    pub neither: u64,
}

impl Proportion {
    /// `runs` of `all` runs, of which `unknown` may count, too.
    ///
    /// # Panics
    /// If `runs` and `unknown` together are greater than `all`.
    #[must_use]
    pub fn of(runs: u64, unknown: u64, all: u64) -> Self {
        Self {
            runs,
            unknown,
            rate: if all == 0 {
                0.0
            } else {
                runs as f64 / all as f64
            },
            interval: bounds(runs, unknown, all),
        }
    }
}

/// The interval of `hits` of `all` trials, of which `unknown` may be hits, too (C. F. Manski, 1989: without an
/// assumption about the unknown ones the proportion is known only between two bounds).
///
/// # Panics
/// If `hits` and `unknown` together are greater than `all`.
#[must_use]
pub fn bounds(hits: u64, unknown: u64, all: u64) -> ConfidenceInterval {
    ConfidenceInterval {
        low: wilson(hits, all).low,
        high: wilson(hits + unknown, all).high,
    }
}

/// The exact upper bound of 95 % of a proportion (C. J. Clopper and E. S. Pearson, 1934): the proportion at
/// which so few hits, or fewer, have a probability of 5 %. Without hits it is about 3/n, the rule of
/// three; without trials 1.
#[must_use]
pub fn upper_bound(hits: u64, trials: u64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    // Each step halves the interval; 60 are more than a double has digits.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        match probability_of_at_most(hits, trials, middle) > 0.05 {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

/// The probability of at most `hits` in `trials` trials with this proportion, strictly between 0 and 1.
fn probability_of_at_most(hits: u64, trials: u64, proportion: f64) -> f64 {
    // As logarithms: the first terms are too small for a double.
    let odds = (proportion / (1.0 - proportion)).ln();
    let mut term = trials as f64 * (1.0 - proportion).ln();
    let mut sum = term.exp();
    for hit in 1..=hits {
        term += ((trials - hit + 1) as f64 / hit as f64).ln() + odds;
        sum += term.exp();
    }
    sum
}

/// The Wilson score interval of a proportion (E. B. Wilson, 1927). Unlike the normal approximation
/// it stays within 0..=1 and has a sensible width at 0 and n of n. Without trials it is 0..=1.
///
/// # Panics
/// If there are more hits than trials.
#[must_use]
pub fn wilson(hits: u64, trials: u64) -> ConfidenceInterval {
    assert!(hits <= trials, "{hits} hits of {trials} trials");
    if trials == 0 {
        return ConfidenceInterval {
            low: 0.0,
            high: 1.0,
        };
    }
    let proportion = hits as f64 / trials as f64;
    let ConfidenceInterval { low, high } = wilson_of_proportion(proportion, trials as f64);
    ConfidenceInterval {
        // Exact where rounding would leave something like 1e-17.
        low: if hits == 0 { 0.0 } else { low },
        high: if hits == trials { 1.0 } else { high },
    }
}

/// The Wilson score interval of a proportion of `n` trials; `n` may be an effective sample size.
#[must_use]
pub fn wilson_of_proportion(proportion: f64, n: f64) -> ConfidenceInterval {
    let square = Z * Z;
    // The score test is solved for the proportion: the variance is that at the bound, not that at
    // the estimate, so that the interval does not shrink to a point at 0 and 1.
    let centre = (proportion + square / (2.0 * n)) / (1.0 + square / n);
    let spread = (proportion * (1.0 - proportion) / n + square / (4.0 * n * n)).sqrt();
    let half = Z / (1.0 + square / n) * spread;
    ConfidenceInterval {
        low: centre - half,
        high: centre + half,
    }
}

impl Paired {
    /// The number of seeds.
    #[must_use]
    pub const fn seeds(self) -> u64 {
        self.fixed + self.broke + self.both + self.neither
    }

    /// The p-value of McNemar's exact test: the probability of a split of the discordant seeds at
    /// least as uneven as this one if the arms do not differ (two-sided binomial test with p =
    /// 1/2).
    #[must_use]
    pub fn mcnemar(self) -> f64 {
        // Seeds with the same result in both arms say nothing about a difference between them.
        let discordant = self.fixed + self.broke;
        let fewer = self.fixed.min(self.broke);
        // An even split: twice the tail would count the middle term twice and exceed 1.
        if 2 * fewer >= discordant {
            return 1.0;
        }
        let tail = if discordant <= INTEGER_TOSSES_MAX {
            tail_in_integers(discordant, fewer)
        } else {
            tail_in_logarithms(discordant, fewer)
        };
        (2.0 * tail).min(1.0)
    }

    /// By how much the proportion of failing seeds is smaller in the second arm: the adjusted Wald
    /// interval of A. Agresti and Y. Min (2005), with half a seed added to each cell.
    #[must_use]
    pub fn difference(self) -> ConfidenceInterval {
        // Four cells, half a seed each.
        let n = self.seeds() as f64 + 2.0;
        let (fixed, broke) = (self.fixed as f64 + 0.5, self.broke as f64 + 0.5);
        let centre = (fixed - broke) / n;
        let variance = (fixed + broke - (fixed - broke) * (fixed - broke) / n) / (n * n);
        let half = Z * variance.sqrt();
        ConfidenceInterval {
            // With few seeds the normal approximation leaves the range of a difference.
            low: (centre - half).max(-1.0),
            high: (centre + half).min(1.0),
        }
    }
}

/// The largest number of trials for which a binomial coefficient times that number fits in 128
/// bits.
const INTEGER_TOSSES_MAX: u64 = 120;

/// The probability of at most `most` heads in `tosses` tosses, exact up to the last division.
fn tail_in_integers(tosses: u64, most: u64) -> f64 {
    assert!(
        tosses <= INTEGER_TOSSES_MAX,
        "{tosses} tosses need more than 128 bits"
    );
    let (mut combinations, mut sum) = (1_u128, 0_u128);
    for heads in 0..=most {
        sum += combinations;
        // C(n, k + 1) = C(n, k) (n - k) / (k + 1), without a remainder.
        combinations = combinations * u128::from(tosses - heads) / u128::from(heads + 1);
    }
    sum as f64 / (1_u128 << tosses) as f64
}

/// The same for any number of tosses. Works in logarithms, from the largest term down: 2^-n
/// underflows from about a thousand tosses on.
fn tail_in_logarithms(tosses: u64, most: u64) -> f64 {
    let n = tosses as f64;
    let mut log_term = log_choose(tosses, most) - n * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for heads in (0..=most).rev() {
        let term = log_term.exp();
        sum += term;
        // Terms decrease; the rest is below the precision of the sum.
        if term < sum * 1e-17 {
            break;
        }
        let k = heads as f64;
        // C(n, k - 1) = C(n, k) k / (n - k + 1).
        log_term += k.ln() - (n - k + 1.0).ln();
    }
    sum
}

fn log_choose(n: u64, k: u64) -> f64 {
    // C(n, k) = C(n, n - k): the shorter product.
    let k = k.min(n - k);
    (1..=k)
        .map(|step| ((n - k + step) as f64).ln() - (step as f64).ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, known: f64) {
        assert!((found - known).abs() < 5e-5, "{found} instead of {known}");
    }

    /// Without hits the bound is 1 - 0.05^(1/n); the others are solved from sums of binomial coefficients in
    /// Python.
    #[test]
    fn the_upper_bound_has_the_known_values() {
        for (hits, trials, known) in [
            (0, 55, 1.0 - 0.05_f64.powf(1.0 / 55.0)),
            (0, 1, 0.95),
            (1, 10, 0.394_163),
            (5, 10, 0.777_559),
            (10, 10, 1.0),
            (0, 0, 1.0),
        ] {
            close(upper_bound(hits, trials), known);
        }
        // The rule of three.
        assert!((upper_bound(0, 100_000) * 100_000.0 - 3.0).abs() < 0.01);
        assert!(upper_bound(100_000, 1_000_000) > 0.1);
    }

    /// The last four are from R. G. Newcombe (1998), table I, method 3; those of ten trials are
    /// computed from the formula by hand.
    #[test]
    fn wilson_has_the_known_values() {
        for (hits, trials, low, high) in [
            (0, 10, 0.0, 0.27753),
            (1, 10, 0.01788, 0.40415),
            (5, 10, 0.23659, 0.76341),
            (10, 10, 0.72247, 1.0),
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = wilson(hits, trials);
            close(interval.low, low);
            close(interval.high, high);
        }
        assert_eq!(
            wilson(0, 0),
            ConfidenceInterval {
                low: 0.0,
                high: 1.0
            }
        );
    }

    fn paired(fixed: u64, broke: u64) -> Paired {
        Paired {
            fixed,
            broke,
            both: 0,
            neither: 0,
        }
    }

    /// Two-sided binomial tails with one half: 2 * 2^-n * sum of C(n, i).
    #[test]
    fn mcnemar_has_the_known_values() {
        for (fixed, broke, p) in [
            (0, 0, 1.0),
            (1, 0, 1.0),
            (2, 0, 0.5),
            (5, 0, 0.0625),
            (6, 0, 0.031_25),
            (10, 0, 0.001_953_125),
            (9, 1, 0.021_484_375),
            (8, 2, 0.109_375),
            (5, 5, 1.0),
            (12, 2, 0.012_939_453_125),
        ] {
            close(paired(fixed, broke).mcnemar(), p);
            close(paired(broke, fixed).mcnemar(), p);
        }
        let many = paired(100_000, 0).mcnemar();
        assert!((0.0..1e-300).contains(&many), "{many}");
    }

    /// An independent computation: the sum over all splits in integers.
    fn brute_force(fixed: u64, broke: u64) -> f64 {
        let n = fixed + broke;
        let mut row = vec![1_u128];
        for _ in 0..n {
            let mut next = vec![1_u128];
            next.extend(row.windows(2).map(|pair| pair[0] + pair[1]));
            next.push(1);
            row = next;
        }
        let observed = fixed.abs_diff(broke);
        let uneven = (0..=n).filter(|k| k.abs_diff(n - k) >= observed);
        let combinations: u128 = uneven.map(|k| row[k as usize]).sum();
        combinations as f64 / 2_f64.powi(n as i32)
    }

    proptest! {
        #[test]
        fn mcnemar_agrees_with_counting(fixed in 0_u64..50, broke in 0_u64..50) {
            let found = paired(fixed, broke).mcnemar();
            prop_assert!((found - brute_force(fixed, broke)).abs() < 1e-9);
        }

        #[test]
        fn integers_and_logarithms_agree(tosses in 1_u64..=INTEGER_TOSSES_MAX, fraction in 0.0..1.0_f64) {
            let most = (tosses as f64 * fraction) as u64 / 2;
            let (integers, logarithms) =
                (tail_in_integers(tosses, most), tail_in_logarithms(tosses, most));
            prop_assert!((integers / logarithms - 1.0).abs() < 1e-11);
        }

        #[test]
        fn an_interval_contains_the_observed_proportion(hits in 0_u64..500, more in 0_u64..500) {
            prop_assume!(hits + more > 0);
            let interval = wilson(hits, hits + more);
            let proportion = hits as f64 / (hits + more) as f64;
            prop_assert!(0.0 <= interval.low && interval.low <= proportion);
            prop_assert!(proportion <= interval.high && interval.high <= 1.0);
        }

        #[test]
        fn swapping_the_arms_negates_the_difference(fixed in 0_u64..500, broke in 0_u64..500, rest in 0_u64..500) {
            let one = Paired { fixed, broke, both: rest, neither: 0 }.difference();
            let other = Paired { fixed: broke, broke: fixed, both: rest, neither: 0 }.difference();
            prop_assert!((one.low + other.high).abs() < 1e-12);
            prop_assert!((-1.0..=1.0).contains(&one.low) && one.low <= one.high);
        }
    }

    /// By hand: n = 102, (20.5 - 5.5) / 102 = 0.14706; variance (26 - 225 / 102) / 102^2 =
    /// 0.0022870; half width 0.09373.
    #[test]
    fn the_difference_is_that_of_agresti_and_min() {
        let cells = Paired {
            fixed: 20,
            broke: 5,
            both: 30,
            neither: 45,
        };
        close(cells.difference().low, 0.05333);
        close(cells.difference().high, 0.24079);
    }
}
