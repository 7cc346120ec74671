//! Probabilities and shares as two integers.
//!
//! Owns [`Ratio`] and its text form `a/b`. It refuses floating point: the same scenario must
//! give the same luck on every machine and in every build.

use std::fmt;
use std::str::FromStr;

/// A share between nothing and all: `numerator / denominator`, at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

/// Why a text is not a [`Ratio`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseRatioError {
    /// Neither `a/b` with whole numbers nor a decimal such as `0.125`.
    Form,
    /// The denominator is zero.
    ZeroDenominator,
    /// More than one.
    AboveOne,
}

impl Ratio {
    /// Never.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };
    /// Always.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// The share `numerator / denominator`; `None` if the denominator is zero or the share
    /// exceeds one.
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

    /// The number above the line.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The number below the line, never zero.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// One minus this share.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self {
            numerator: self.denominator - self.numerator,
            denominator: self.denominator,
        }
    }

    /// Whether this share is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether this share is all.
    #[must_use]
    pub const fn is_one(self) -> bool {
        self.numerator == self.denominator
    }

    /// Whether a uniform 64-bit `word` falls into this share. The bias is below 2^-64.
    #[must_use]
    pub const fn holds(self, word: u64) -> bool {
        (word as u128 * self.denominator as u128) < ((self.numerator as u128) << 64)
    }

    /// This share of 2^64, rounded down; all is 2^64 itself.
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

impl fmt::Display for ParseRatioError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => "expected a share such as \"1/8\" or \"0.125\"",
            Self::ZeroDenominator => "the number below the line is zero",
            Self::AboveOne => "a share is at most 1/1",
        })
    }
}

impl std::error::Error for ParseRatioError {}

impl FromStr for Ratio {
    type Err = ParseRatioError;

    fn from_str(text: &str) -> Result<Self, ParseRatioError> {
        let (numerator, denominator) = match text.split_once('/') {
            Some((above, below)) => (whole(above.trim())?, whole(below.trim())?),
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
    fn refuses_what_is_no_share() {
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
    fn the_ends_hold_for_no_word_and_for_every_word() {
        for word in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(!Ratio::ZERO.holds(word));
            assert!(Ratio::ONE.holds(word));
        }
        let half = Ratio {
            numerator: 1,
            denominator: 2,
        };
        assert!(half.holds((1 << 63) - 1));
        assert!(!half.holds(1 << 63));
    }
}
