//! The grammar of numbers with units: `1h30m`, `30 KiB`, `64kbit/s`; and of times as they are printed: `1:30:00`.
//!
//! Scenario files and the command line share it. Numbers are whole and fit 64 bits.

use kernel::Duration;

use super::suggestion::{self, Synonyms, synonyms};

/// A unit's name, and how many base units it is.
type Unit = (&'static str, u64);

/// A kind of quantity: its units, and what messages and the schema say about it.
#[derive(Debug)]
pub(crate) struct Quantity {
    /// The units, largest first, the base unit last. Empty for a count.
    pub(crate) units: &'static [Unit],
    /// Whether it is a time: several numbers can follow each other, `1h30m`, and `1:30:00` is one too.
    is_time: bool,
    /// Whether a number without a unit is one of the base unit.
    pub(crate) is_unit_optional: bool,
    /// What a file should have, with an example.
    pub(crate) expected: &'static str,
    /// All texts that are such a quantity, as a regular expression.
    pub(crate) pattern: &'static str,
    /// The canonical text.
    pub(crate) show: fn(u64) -> String,
}

/// Lengths of time, in nanoseconds.
pub(crate) static TIME: Quantity = Quantity {
    units: &[
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ],
    is_time: true,
    // A number alone could be seconds as well as milliseconds.
    is_unit_optional: false,
    expected: "a length of time such as \"90s\" or \"1h30m\"",
    pattern: r"^\s*[0-9]+\s*(d|h|m|s|ms|us|ns)(\s*[0-9]+\s*(d|h|m|s|ms|us|ns))*\s*$|^\s*[0-9]+:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?\s*$",
    show: |nanos| Duration::from_nanos(nanos).to_string(),
};

/// Sizes, in bytes.
pub(crate) static SIZE: Quantity = Quantity {
    units: &[
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
    ],
    is_time: false,
    is_unit_optional: true,
    expected: "a size such as \"30 KiB\" or 4096",
    pattern: r"^\s*[0-9]+\s*(GiB|MiB|KiB|B)?\s*$",
    show: |bytes| SIZE.in_largest_unit(bytes, " "),
};

/// Transmission rates, in bits per second.
pub(crate) static RATE: Quantity = Quantity {
    units: &[
        ("Gbit/s", 1_000_000_000),
        ("Mbit/s", 1_000_000),
        ("kbit/s", 1_000),
        ("bit/s", 1),
    ],
    is_time: false,
    // A number alone could be bytes as well as bits.
    is_unit_optional: false,
    expected: "a rate such as \"64kbit/s\"",
    pattern: r"^\s*[0-9]+\s*(G|M|k)?bit/s\s*$",
    show: |bits| RATE.in_largest_unit(bits, ""),
};

/// Whole numbers.
static COUNT: Quantity = Quantity {
    units: &[],
    is_time: false,
    is_unit_optional: true,
    expected: "a whole number",
    pattern: r"^\s*[0-9]+\s*$",
    show: |count| count.to_string(),
};

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
    /// A time with colons that is not `h:mm:ss`.
    #[error("a time with colons has hours, minutes and seconds, such as 1:30:00.5")]
    Clock,
    /// The quantity does not fit 64 bits.
    #[error("the number is too large")]
    Overflow,
}

/// A length of time as scenario files write it, such as `90s` or `2h5m`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_duration(text: &str) -> Result<Duration, QuantityError> {
    TIME.parse(text).map(Duration::from_nanos)
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
    // No sign, which `parse` would accept, and no decimals: the next smaller unit is exact.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(QuantityError::NoNumber);
    }
    digits.parse().map_err(|_| QuantityError::Overflow)
}

/// Units as others write them, in lower case, and as they are written here.
const UNITS: &Synonyms = &[
    ("day days", "d"),
    ("hr hrs hour hours", "h"),
    ("min mins minute minutes", "m"),
    ("sec secs second seconds", "s"),
    ("msec msecs millis millisecond milliseconds", "ms"),
    ("usec usecs \u{b5}s \u{3bc}s microsecond microseconds", "us"),
    ("nsec nsecs nanosecond nanoseconds", "ns"),
    ("k kb kib kbyte kbytes", "KiB"),
    ("m mb mbyte mbytes", "MiB"),
    ("bps b/s", "bit/s"),
    ("k kbps kb/s kbit", "kbit/s"),
    ("m mbps mb/s mbit", "Mbit/s"),
];

/// The unit that was probably meant.
pub(crate) fn meant(typed: &str, units: Vec<&'static str>) -> Option<&'static str> {
    let lower = typed.to_lowercase();
    // Before the words: `1M` of a time is `1m`, not mebibytes.
    let other_case = units.iter().find(|it| it.eq_ignore_ascii_case(typed));
    let same = synonyms(UNITS, &lower, &units);
    let found = other_case.or(same.first()).copied();
    found.or_else(|| suggestion::meant(typed, &units).first().copied())
}

struct NumberWithUnit<'a> {
    /// In the base unit.
    amount: u64,
    /// The size of the unit.
    unit: u64,
    /// The text after it.
    rest: &'a str,
}

impl Quantity {
    /// The amount in the base unit.
    pub(crate) fn parse(&self, text: &str) -> Result<u64, QuantityError> {
        let mut rest = text.trim();
        if self.is_unit_optional
            && let Ok(amount) = whole(rest)
        {
            return Ok(amount);
        }
        if self.is_time && rest.contains(':') {
            return clock(rest);
        }
        let mut total = 0_u64;
        let mut smallest = u64::MAX;
        loop {
            let first = self.number_with_unit(rest)?;
            // `30m1h` is a typing error more often than a sum, and `1s1s` certainly is.
            if first.unit >= smallest {
                return Err(QuantityError::Order);
            }
            (smallest, rest) = (first.unit, first.rest);
            let sum = total.checked_add(first.amount);
            total = sum.ok_or(QuantityError::Overflow)?;
            if rest.is_empty() {
                return Ok(total);
            }
            if !self.is_time {
                return Err(unknown_unit(rest));
            }
        }
    }

    /// The first number with its unit.
    fn number_with_unit<'a>(&self, text: &'a str) -> Result<NumberWithUnit<'a>, QuantityError> {
        let after = text.trim_start_matches(|it: char| it.is_ascii_digit());
        let number = whole(&text[..text.len() - after.len()])?;
        let after = after.trim_start();
        let ends = |it: char| it.is_ascii_digit() || it.is_whitespace();
        let (name, rest) = after.split_at(after.find(ends).unwrap_or(after.len()));
        if name.is_empty() {
            return Err(QuantityError::NoUnit);
        }
        let known = self.units.iter().find(|(unit, _)| *unit == name);
        let (_, unit) = *known.ok_or_else(|| unknown_unit(name))?;
        Ok(NumberWithUnit {
            amount: number.checked_mul(unit).ok_or(QuantityError::Overflow)?,
            unit,
            rest: rest.trim_start(),
        })
    }

    /// The amount in the largest unit of which it is a whole number.
    fn in_largest_unit(&self, amount: u64, gap: &str) -> String {
        let is_exact = |(_, unit): &&Unit| amount > 0 && amount.is_multiple_of(*unit);
        let exact = self.units.iter().find(is_exact);
        let (name, unit) = exact.or(self.units.last()).expect("the quantity has units");
        format!("{}{gap}{name}", amount / unit)
    }
}

/// The nanoseconds of `h:mm:ss`, with up to nine decimals.
fn clock(text: &str) -> Result<u64, QuantityError> {
    const SECOND: u64 = 1_000_000_000;
    let sixty = |digits: &str| match (digits.len(), whole(digits)?) {
        (2, number @ 0..60) => Ok(number),
        _ => Err(QuantityError::Clock),
    };
    let parts: Vec<&str> = text.split(':').collect();
    let [hours, minutes, seconds] = parts.as_slice() else {
        return Err(QuantityError::Clock);
    };
    let (seconds, decimals) = seconds.split_once('.').unwrap_or((seconds, "0"));
    match decimals.len() {
        0 => return Err(QuantityError::NoNumber),
        1..=9 => {}
        _ => return Err(QuantityError::Clock),
    }
    // Padded to nanoseconds: `.5` is 500,000,000 of them. A float would round.
    let nanos = whole(&format!("{decimals:0<9}"))?;
    let seconds = sixty(minutes)? * 60 + sixty(seconds)?;
    let hours = whole(hours)?.checked_mul(3_600 * SECOND);
    let total = hours.and_then(|hours| hours.checked_add(seconds * SECOND + nanos));
    total.ok_or(QuantityError::Overflow)
}

fn unknown_unit(text: &str) -> QuantityError {
    // Cut: a message does not repeat a line of megabytes.
    QuantityError::UnknownUnit(text.trim().chars().take(20).collect())
}

/// All quantities of one kind from one to another, both included.
#[derive(Debug)]
pub(crate) struct QuantityRange {
    from: u64,
    to: u64,
    quantity: &'static Quantity,
}

impl QuantityRange {
    /// The range between two times, sizes, rates or whole numbers, the smaller first; `None` if
    /// the texts are not such a pair.
    pub(crate) fn parse(from: &str, to: &str) -> Option<Self> {
        // A plain number is a count, though a size may leave its unit out: both mean the same in
        // the file.
        let kinds: [&'static Quantity; 4] = [&COUNT, &TIME, &SIZE, &RATE];
        kinds.into_iter().find_map(|quantity| {
            let (from, to) = (quantity.parse(from).ok()?, quantity.parse(to).ok()?);
            // The number of values has to fit 64 bits, too.
            (from <= to && to < u64::MAX).then_some(Self { from, to, quantity })
        })
    }

    /// How many quantities there are.
    pub(crate) fn count(&self) -> u64 {
        self.to - self.from + 1
    }

    /// The quantity at `index`, counted from zero, in its base unit.
    pub(crate) fn at(&self, index: u64) -> String {
        assert!(index < self.count(), "the index lies in the range");
        let unit = self.quantity.units.last().map_or("", |(name, _)| name);
        // In the base unit: `1500ms` is exact where the largest unit is not.
        format!("{}{unit}", self.from + index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_sums_and_single_quantities() {
        assert_eq!(TIME.parse("1h30m"), Ok(5_400_000_000_000));
        assert_eq!(TIME.parse(" 90 s "), Ok(90_000_000_000));
        assert_eq!(TIME.parse("1m 30s"), Ok(90_000_000_000));
        assert_eq!(SIZE.parse("30 KiB"), Ok(30_720));
        assert_eq!(RATE.parse("64kbit/s"), Ok(64_000));
        assert_eq!(TIME.parse("0s"), Ok(0));
        assert_eq!(TIME.parse("5:54:57.540060622"), Ok(21_297_540_060_622));
        assert_eq!(TIME.parse(" 100:00:00.5 "), Ok(360_000_500_000_000));
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
        use QuantityError::{Clock, NoNumber, NoUnit, Order, Overflow, UnknownUnit};
        for (text, why) in [
            ("", NoNumber),
            ("s", NoNumber),
            ("-1s", NoNumber),
            ("1.5s", UnknownUnit(".".to_owned())),
            ("12", NoUnit),
            ("1h 3", NoUnit),
            ("3 sec", UnknownUnit("sec".to_owned())),
            ("3µs", UnknownUnit("µs".to_owned())),
            ("1:30", Clock),
            ("1:60:00", Clock),
            ("1:3:00", Clock),
            ("1:30:00.1234567891", Clock),
            ("1:30:00.", NoNumber),
            ("1:-1:00", NoNumber),
            (":30:00", NoNumber),
            ("99999999999:00:00", Overflow),
            ("30m1h", Order),
            ("1s1s", Order),
            ("99999999999999999999s", Overflow),
            ("18446744073709551615h", Overflow),
        ] {
            assert_eq!(TIME.parse(text), Err(why), "{text:?}");
        }
        assert_eq!(SIZE.parse("1KiB 2B"), Err(UnknownUnit("2B".to_owned())));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_shown_is_read_back(amount in any::<u64>()) {
            for quantity in [&TIME, &SIZE, &RATE] {
                prop_assert_eq!(quantity.parse(&(quantity.show)(amount)), Ok(amount));
            }
            let printed = kernel::Instant::from_nanos(amount).to_string();
            prop_assert_eq!(TIME.parse(&printed), Ok(amount));
        }

        #[test]
        fn any_text_is_parsed_or_rejected(text in "\\PC{0,24}") {
            let _ = TIME.parse(&text);
            let _ = RATE.parse(&text);
        }
    }
}
