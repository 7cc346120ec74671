//! The grammar of numbers with units: `1h30m`, `30 KiB`, `64kbit/s`.
//!
//! Scenario files and the command line share it. Numbers are whole and fit 64 bits.

use kernel::Duration;

/// A unit's name and how many of the base unit it is.
pub(crate) type Unit = (&'static str, u64);

/// Units of time, in nanoseconds, largest first.
pub(crate) const TIME: &[Unit] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];
/// Units of size, in bytes, largest first.
pub(crate) const SIZE: &[Unit] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];
/// Units of transmission rate, in bits per second, largest first.
pub(crate) const RATE: &[Unit] = &[
    ("Gbit/s", 1_000_000_000),
    ("Mbit/s", 1_000_000),
    ("kbit/s", 1_000),
    ("bit/s", 1),
];

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// There is no digit where the number should be.
    #[error("a whole number is missing")]
    NoNumber,
    /// A number without a unit.
    #[error("the unit is missing")]
    NoUnit,
    /// A unit that this kind of quantity does not have, as written.
    #[error("`{0}` is not a unit here")]
    UnknownUnit(String),
    /// A unit follows a smaller one: `30m1h`.
    #[error("units must go from large to small")]
    Order,
    /// The quantity does not fit 64 bits.
    #[error("the number is too large")]
    Overflow,
}

/// A length of time as scenario files write it, such as `90s` or `2h5m`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_duration(text: &str) -> Result<Duration, QuantityError> {
    sum(text, TIME).map(Duration::from_nanos)
}

/// A seed: decimal, or hexadecimal after `0x`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_seed(text: &str) -> Result<u64, QuantityError> {
    let text = text.trim();
    text.strip_prefix("0x")
        .map_or_else(|| whole(text), hexadecimal)
}

/// Hexadecimal digits alone.
pub(crate) fn hexadecimal(digits: &str) -> Result<u64, QuantityError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(QuantityError::NoNumber);
    }
    match digits.len() {
        ..=16 => u64::from_str_radix(digits, 16).map_err(|_| QuantityError::Overflow),
        _ => Err(QuantityError::Overflow),
    }
}

/// Digits alone.
pub(crate) fn whole(digits: &str) -> Result<u64, QuantityError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(QuantityError::NoNumber);
    }
    digits.parse().map_err(|_| QuantityError::Overflow)
}

/// One number and its unit, blanks allowed between them.
pub(crate) fn single(text: &str, units: &[Unit]) -> Result<u64, QuantityError> {
    let (amount, rest, _) = part(text.trim(), units)?;
    if rest.is_empty() {
        Ok(amount)
    } else {
        Err(QuantityError::UnknownUnit(
            rest.trim().chars().take(20).collect(),
        ))
    }
}

/// A sum of numbers with falling units, as in `1h30m`.
pub(crate) fn sum(text: &str, units: &[Unit]) -> Result<u64, QuantityError> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    let mut smallest = u64::MAX;
    loop {
        let (amount, after, scale) = part(rest, units)?;
        if scale >= smallest {
            return Err(QuantityError::Order);
        }
        smallest = scale;
        total = total.checked_add(amount).ok_or(QuantityError::Overflow)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(total);
        }
    }
}

/// The exact text in the largest unit that leaves a whole number; never zero's concern.
pub(crate) fn show(amount: u64, units: &[Unit], blank: &str) -> String {
    let exact = units
        .iter()
        .find(|(_, scale)| amount > 0 && amount.is_multiple_of(*scale));
    let (name, scale) = exact
        .or(units.last())
        .expect("each kind of quantity has a unit");
    format!("{}{blank}{name}", amount / scale)
}

/// The first number with unit: its amount, what follows it, and the unit's scale.
fn part<'a>(text: &'a str, units: &[Unit]) -> Result<(u64, &'a str, u64), QuantityError> {
    let digits = text
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(text.len());
    let number = whole(&text[..digits])?;
    let after = text[digits..].trim_start();
    let letters = after
        .find(|sign: char| sign.is_ascii_digit() || sign.is_whitespace())
        .unwrap_or(after.len());
    let (name, rest) = after.split_at(letters);
    if name.is_empty() {
        return Err(QuantityError::NoUnit);
    }
    let Some((_, scale)) = units.iter().find(|(unit, _)| *unit == name) else {
        return Err(QuantityError::UnknownUnit(name.chars().take(20).collect()));
    };
    let amount = number.checked_mul(*scale).ok_or(QuantityError::Overflow)?;
    Ok((amount, rest, *scale))
}

/// Everything from one quantity to another of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantities {
    from: u64,
    to: u64,
    units: &'static [Unit],
}

/// How a quantity of some units is read.
type Read = fn(&str, &[Unit]) -> Result<u64, QuantityError>;

/// Two times, sizes, rates or whole numbers, the smaller first; `None` if they are not.
pub(crate) fn quantities(from: &str, to: &str) -> Option<Quantities> {
    let bare = |text: &str, _: &[Unit]| whole(text.trim());
    let kinds: [(&'static [Unit], Read); 4] =
        [(TIME, sum), (SIZE, single), (RATE, single), (&[], bare)];
    kinds.into_iter().find_map(|(units, read)| {
        let (from, to) = (read(from, units).ok()?, read(to, units).ok()?);
        (from <= to && to < u64::MAX).then_some(Quantities { from, to, units })
    })
}

impl Quantities {
    /// How many there are.
    pub(crate) fn count(self) -> u64 {
        self.to - self.from + 1
    }

    /// The quantity of this index, counted from zero, as a file would have it.
    pub(crate) fn at(self, index: u64) -> String {
        assert!(index < self.count(), "it is one of them");
        let amount = self.from + index;
        match self.units.last() {
            Some((name, _)) => format!("{amount}{name}"),
            None => amount.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_sums_and_single_quantities() {
        assert_eq!(sum("1h30m", TIME), Ok(5_400_000_000_000));
        assert_eq!(sum(" 90 s ", TIME), Ok(90_000_000_000));
        assert_eq!(sum("1m 30s", TIME), Ok(90_000_000_000));
        assert_eq!(single("30 KiB", SIZE), Ok(30_720));
        assert_eq!(single("64kbit/s", RATE), Ok(64_000));
        assert_eq!(sum("0s", TIME), Ok(0));
    }

    #[test]
    fn reads_seeds() {
        assert_eq!(parse_seed(" 18446744073709551615 "), Ok(u64::MAX));
        assert_eq!(parse_seed("0xFfffffffffffffff"), Ok(u64::MAX));
        assert_eq!(
            parse_seed("0x1ffffffffffffffff"),
            Err(QuantityError::Overflow)
        );
        for wrong in ["", "-1", "+1", "0x", "0x+1", "1_000", "seven"] {
            assert_eq!(parse_seed(wrong), Err(QuantityError::NoNumber), "{wrong}");
        }
    }

    #[test]
    fn says_why_a_text_is_not_a_quantity() {
        use QuantityError::{NoNumber, NoUnit, Order, Overflow, UnknownUnit};
        for (text, why) in [
            ("", NoNumber),
            ("s", NoNumber),
            ("-1s", NoNumber),
            ("1.5s", UnknownUnit(".".to_owned())),
            ("12", NoUnit),
            ("1h 3", NoUnit),
            ("3 sec", UnknownUnit("sec".to_owned())),
            ("3µs", UnknownUnit("µs".to_owned())),
            ("30m1h", Order),
            ("1s1s", Order),
            ("99999999999999999999s", Overflow),
            ("18446744073709551615h", Overflow),
        ] {
            assert_eq!(sum(text, TIME), Err(why), "{text:?}");
        }
        assert_eq!(single("1KiB 2B", SIZE), Err(UnknownUnit("2B".to_owned())));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_shown_is_read_back(amount in any::<u64>()) {
            for units in [TIME, SIZE, RATE] {
                prop_assert_eq!(single(&show(amount, units, " "), units), Ok(amount));
                prop_assert_eq!(sum(&show(amount, units, ""), units), Ok(amount));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
            let _ = sum(&text, TIME);
            let _ = single(&text, RATE);
        }
    }
}
