//! Probabilities as two integers, so that they are exact on every machine.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A probability or proportion `numerator / denominator`, at most one. Its text form is `a/b`; parsing
/// accepts decimals such as `0.125` as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

/// Why a text is not a [`Ratio`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseRatioError {
    /// Neither `a/b` with whole numbers nor a decimal such as `0.125`.
    #[error("expected a fraction such as \"1/8\" or \"0.125\"")]
    Form,
    /// The denominator is zero.
    #[error("the denominator is zero")]
    ZeroDenominator,
    /// More than one.
    #[error("a fraction is at most 1/1")]
    AboveOne,
}

impl Ratio {
    /// Zero, the probability of what never happens.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };
    /// One, the probability of what always happens.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// The ratio `numerator / denominator`; `None` if the denominator is zero or the ratio exceeds one.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            return None;
        }
        Some(Self {
            numerator,
            denominator,
        })
    }

    /// The numerator.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The denominator, never zero.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// One minus this ratio.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self {
            numerator: self.denominator - self.numerator,
            denominator: self.denominator,
        }
    }

    /// Whether this is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether this is one.
    #[must_use]
    pub const fn is_one(self) -> bool {
        self.numerator == self.denominator
    }

    /// Whether a 64-bit `word` lies in the lowest words that make up this part of all: for a uniform
    /// random word, `true` with this probability. The bias is below 2^-64.
    #[must_use]
    pub const fn contains(self, word: u64) -> bool {
        // word / 2^64 < numerator / denominator, multiplied out: exact, and without a division.
        (word as u128 * self.denominator as u128) < ((self.numerator as u128) << 64)
    }

    /// This part of 2^64, rounded down; for one, 2^64 itself.
    #[must_use]
    pub const fn of_two_to_64(self) -> u128 {
        ((self.numerator as u128) << 64) / self.denominator as u128
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Ratio {
    type Err = ParseRatioError;

    fn from_str(text: &str) -> Result<Self, ParseRatioError> {
        let (numerator, denominator) = match text.split_once('/') {
            Some((numerator, denominator)) => {
                (whole(numerator.trim())?, whole(denominator.trim())?)
            }
            None => decimal(text.trim())?,
        };
        if denominator == 0 {
            return Err(ParseRatioError::ZeroDenominator);
        }
        Self::new(numerator, denominator).ok_or(ParseRatioError::AboveOne)
    }
}

fn whole(digits: &str) -> Result<u64, ParseRatioError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseRatioError::Form);
    }
    digits.parse().map_err(|_| ParseRatioError::Form)
}

fn decimal(text: &str) -> Result<(u64, u64), ParseRatioError> {
    // The denominator 10^18 fits 64 bits.
    const DIGITS_MAX: usize = 18;
    let (units, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > DIGITS_MAX {
        return Err(ParseRatioError::Form);
    }
    let denominator = 10_u64.pow(u32::try_from(decimals.len()).map_err(|_| ParseRatioError::Form)?);
    let fraction = if decimals.is_empty() {
        0
    } else {
        whole(decimals)?
    };
    let numerator = whole(units)?
        .checked_mul(denominator)
        .and_then(|scaled| scaled.checked_add(fraction))
        .ok_or(ParseRatioError::AboveOne)?;
    Ok((numerator, denominator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fractions_and_decimals() {
        assert_eq!(
            "1/8".parse(),
            Ok(Ratio {
                numerator: 1,
                denominator: 8
            })
        );
        assert_eq!(
            "0.125".parse(),
            Ok(Ratio {
                numerator: 125,
                denominator: 1_000
            })
        );
        assert_eq!("1".parse(), Ok(Ratio::ONE));
        assert_eq!("0/7".parse::<Ratio>().map(Ratio::is_zero), Ok(true));
    }

    #[test]
    fn rejects_what_is_not_a_ratio() {
        assert_eq!("9/8".parse::<Ratio>(), Err(ParseRatioError::AboveOne));
        assert_eq!(
            "1/0".parse::<Ratio>(),
            Err(ParseRatioError::ZeroDenominator)
        );
        for text in [
            "",
            "-1/2",
            "1//2",
            "a/b",
            "+1/2",
            "1e3",
            "0.1234567890123456789",
        ] {
            assert_eq!(
                text.parse::<Ratio>(),
                Err(ParseRatioError::Form),
                "{text:?}"
            );
        }
    }

    #[test]
    fn zero_contains_no_word_and_one_every_word() {
        for word in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(!Ratio::ZERO.contains(word));
            assert!(Ratio::ONE.contains(word));
        }
        let half = Ratio {
            numerator: 1,
            denominator: 2,
        };
        assert!(half.contains((1 << 63) - 1));
        assert!(!half.contains(1 << 63));
    }
}
