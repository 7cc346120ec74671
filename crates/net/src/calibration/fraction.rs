//! Fixed-point fractions with eighteen decimals, for the closed forms of calibration.

use kernel::Ratio;

/// A number from zero to one, in units of 10^-18. Each operation is exact to one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fraction(u64);

/// The number one, in units of a fraction.
pub(crate) const ONE: u64 = 1_000_000_000_000_000_000;

impl Fraction {
    pub(crate) fn from_ratio(ratio: Ratio) -> Self {
        Self::quotient(
            u128::from(ratio.numerator()),
            u128::from(ratio.denominator()),
        )
    }

    /// `part / whole`, capped at one.
    ///
    /// # Panics
    /// If `whole` is zero or `part` too large to be scaled (2^68).
    pub(crate) fn quotient(part: u128, whole: u128) -> Self {
        let scaled = part * u128::from(ONE) / whole;
        Self(u64::try_from(scaled).map_or(ONE, |units| units.min(ONE)))
    }

    /// `word` / 2^64.
    pub(crate) fn from_word(word: u64) -> Self {
        let scaled = (u128::from(word) * u128::from(ONE)).div_ceil(1 << 64);
        Self(u64::try_from(scaled).map_or(ONE, |units| units.min(ONE)))
    }

    pub(crate) const fn units(self) -> u64 {
        self.0
    }

    pub(crate) fn ratio(self) -> Ratio {
        Ratio::new(self.0, ONE).expect("a fraction is at most one")
    }

    pub(crate) const fn complement(self) -> Self {
        Self(ONE - self.0)
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self((u128::from(self.0) * u128::from(other.0) / u128::from(ONE)) as u64)
    }

    /// The sum, capped at one.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self((self.0 + other.0).min(ONE))
    }

    pub(crate) fn sqrt(self) -> Self {
        Self((u128::from(self.0) * u128::from(ONE)).isqrt() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_root_squared_is_the_fraction(units in 0..=ONE) {
            let fraction = Fraction(units);
            let root = fraction.sqrt();
            prop_assert!(fraction.units().abs_diff(root.times(root).units()) <= 3);
        }

        #[test]
        fn a_part_and_the_rest_are_the_whole(one in 0..=ONE, other in 0..=ONE) {
            let (one, other) = (Fraction(one), Fraction(other));
            let sum = one.times(other).plus(one.times(other.complement()));
            prop_assert!(sum.units().abs_diff(one.units()) <= 2);
        }
    }
}
