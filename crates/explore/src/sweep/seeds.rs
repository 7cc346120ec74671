//! Seed ranges (`0..1000`) and their division into shards (`1/4`).

use std::fmt;
use std::str::FromStr;

use config::file::parse_seed;
use serde::{Deserialize, Serialize};

/// The seeds from `from` up to, but not including, `to`. Written `A..B`, `A..=B` with the last seed, or
/// `A` for one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SeedRange {
    /// The first seed.
    pub from: u64,
    /// The end of the range, exclusive; at least `from`.
    pub to: u64,
}

/// One of several parts of a range. Written `K/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    /// Which part, from 1 to `of`.
    pub number: u64,
    /// The number of parts, at least 1.
    pub of: u64,
}

impl SeedRange {
    /// The number of seeds.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.to - self.from
    }

    /// The range, for a command line: without seeds there is nothing to run.
    ///
    /// # Errors
    /// What to write instead, if the range has no seed.
    pub fn with_seeds(text: &str) -> Result<Self, String> {
        let range: Self = text.parse()?;
        if range.is_empty() {
            let from = range.from;
            let next = from.saturating_add(1);
            return Err(format!(
                "it has no seeds, because the end is not included: for seed {from} alone write {from} or \
                 {from}..{next}"
            ));
        }
        Ok(range)
    }

    /// Whether the range has no seed.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.from == self.to
    }

    /// The seeds of one shard. Shards are contiguous and in order; their sizes differ by at most
    /// one.
    ///
    /// # Panics
    /// If the shard number is not in 1..=`of`.
    #[must_use]
    pub fn part(self, shard: Shard) -> Self {
        assert!(
            (1..=shard.of).contains(&shard.number),
            "shard {shard} does not exist"
        );
        let cut = |parts: u64| {
            // In 128 bits: the product of two 64-bit numbers does not overflow.
            let seeds = u128::from(self.len()) * u128::from(parts) / u128::from(shard.of);
            self.from + u64::try_from(seeds).expect("a part is at most the whole")
        };
        Self {
            from: cut(shard.number - 1),
            to: cut(shard.number),
        }
    }
}

impl Shard {
    /// The only part of one.
    pub const WHOLE: Self = Self { number: 1, of: 1 };
}

/// `A..B`, `A..=B` or `A`, decimal or hexadecimal with `0x`. Of `A..B`, `B` is not included.
impl FromStr for SeedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a seed range: write A..B, such as 0..1000");
        let seed = |text: &str| parse_seed(text).map_err(|_| wrong());
        let after = |last: u64| {
            let next = last.checked_add(1);
            next.ok_or_else(|| {
                format!(
                    "{text}: the last seed of a range is at most {}",
                    u64::MAX - 1
                )
            })
        };
        let (from, to) = match text.split_once("..") {
            None => (seed(text)?, after(seed(text)?)?),
            Some((from, to)) => match to.strip_prefix('=') {
                None => (seed(from)?, seed(to)?),
                Some(last) => (seed(from)?, after(seed(last)?)?),
            },
        };
        // The last seed is included, so a range with it is never empty.
        if from > to || (from == to && text.contains("..=")) {
            return Err(format!("the seed range {text} ends before it begins"));
        }
        Ok(Self { from, to })
    }
}

/// `K/N`, `K` counted from 1.
impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a shard: write K/N with K from 1 to N, such as 1/4");
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = number.trim().parse().map_err(|_| wrong())?;
        let of = of.trim().parse().map_err(|_| wrong())?;
        if !(1..=of).contains(&number) {
            return Err(wrong());
        }
        Ok(Self { number, of })
    }
}

impl fmt::Display for SeedRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.from, self.to)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

impl TryFrom<String> for SeedRange {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SeedRange> for String {
    fn from(range: SeedRange) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shards_cover_the_range_in_order(from: u32, length in 0_u64..5_000, of in 1_u64..60) {
            let whole = SeedRange { from: u64::from(from), to: u64::from(from) + length };
            let mut next = whole.from;
            for number in 1..=of {
                let part = whole.part(Shard { number, of });
                prop_assert_eq!(part.from, next);
                prop_assert!(part.len().abs_diff(length / of) <= 1);
                next = part.to;
            }
            prop_assert_eq!(next, whole.to);
        }

        #[test]
        fn display_and_parse_round_trip(a: u64, b: u64, number in 1_u64..1_000, more in 0_u64..1_000) {
            let range = SeedRange { from: a.min(b), to: a.max(b) };
            prop_assert_eq!(range.to_string().parse::<SeedRange>(), Ok(range));
            let shard = Shard { number, of: number + more };
            prop_assert_eq!(shard.to_string().parse::<Shard>(), Ok(shard));
        }
    }

    #[test]
    fn malformed_text_is_rejected() {
        for text in [
            "",
            "3..",
            "3..=",
            "..3",
            "a..b",
            "-1..3",
            "1..99999999999999999999",
        ] {
            let error = text.parse::<SeedRange>().expect_err(text);
            assert!(error.ends_with("write A..B, such as 0..1000"), "{error}");
        }
        let error = "5..4".parse::<SeedRange>().expect_err("backwards");
        assert_eq!(error, "the seed range 5..4 ends before it begins");
        for text in ["0/4", "5/4", "1", "1/0", "/", "x/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("0x10..0x20".parse(), Ok(SeedRange { from: 16, to: 32 }));
        let error = "5..=4".parse::<SeedRange>().expect_err("backwards");
        assert_eq!(error, "the seed range 5..=4 ends before it begins");
        assert!(u64::MAX.to_string().parse::<SeedRange>().is_err());
    }

    #[test]
    fn one_seed_and_a_range_with_its_end_are_ranges() {
        let seeds = |text: &str| SeedRange::with_seeds(text).map(|it| (it.from, it.to));
        for text in ["5", "0x5", "5..6", "5..=5"] {
            assert_eq!(seeds(text), Ok((5, 6)), "{text}");
        }
        assert_eq!(seeds("0..=199"), Ok((0, 200)));
        let error = seeds("5..5").expect_err("no seed");
        assert!(
            error.ends_with("for seed 5 alone write 5 or 5..6"),
            "{error}"
        );
    }
}
