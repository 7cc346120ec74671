//! Quantities of a scenario that the kernel does not have: sizes, rates, signed offsets, the date of
//! the epoch and ranges of counts.

use std::fmt;

use jiff::civil::{DateTime, date};
use kernel::Duration;
use serde_json::json;

use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::SpannedItem;
use crate::format::key::scalar::{
    YEAR, malformed, parse_quantity, parse_u64, quantity_form, quantity_mistake, quoted, text_of,
};
use crate::format::units::{self, RATE, SIZE, TIME};

/// In nanoseconds, like all ranges of times.
pub(super) const MILLISECOND: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000 * MILLISECOND;
pub(super) const HOUR: u64 = 3_600 * SECOND;
pub(super) const DAY: u64 = 24 * HOUR;
/// In bytes.
pub(super) const MIB: u64 = 1 << 20;

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// A link's rate in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate {
    /// At least 1: a link that carries nothing is cut.
    pub bits_per_second: u64,
}

/// A rate in bits per second that is not `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    /// At least 1.
    pub bits_per_second: u64,
}

/// How far a host's clock is ahead of true time; negative if it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset {
    /// Nanoseconds ahead of true time.
    pub nanos: i64,
}

/// A date and time of day without time zone, from 1601 on, as NT file times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub DateTime);

/// How often something is expected: `min..=max`, without upper bound if `max` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountRange {
    /// The smallest expected count.
    pub min: u64,
    /// The largest expected count.
    pub max: Option<u64>,
}

impl Epoch {
    /// The default date of a run: the year of Q303102.
    pub const DEFAULT: Self = Self(date(2001, 6, 6).at(8, 0, 0, 0));

    /// The date in the one spelling that scenario files have, maybe with a space for the `T`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.replacen(' ', "T", 1);
        let date: DateTime = text.parse().ok()?;
        // Jiff also reads weeks, fractions of a second and dates without a time.
        let is_ours = date.to_string() == text && date.subsec_nanosecond() == 0;
        (is_ours && date.year() >= 1601).then_some(Self(date))
    }
}

impl CountRange {
    /// Exactly `count` times.
    #[must_use]
    pub const fn exactly(count: u64) -> Self {
        Self {
            min: count,
            max: Some(count),
        }
    }

    /// Whether `count` is expected.
    #[must_use]
    pub const fn contains(self, count: u64) -> bool {
        count >= self.min
            && match self.max {
                Some(max) => count <= max,
                None => true,
            }
    }
}

/// `3`, `1..` or `2..10`, the last bound included.
impl fmt::Display for CountRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) if max == self.min => write!(formatter, "{max}"),
            Some(max) => write!(formatter, "{}..{max}", self.min),
            None => write!(formatter, "{}..", self.min),
        }
    }
}

const _: () = {
    use crate::format::field::field;
    use crate::format::prelude::*;

    scalars! {
        ByteSize {
            blank: Self(0),
            form: |range| ("size", quantity_form(&SIZE, range)),
            parse: |node| parse_quantity(node, &SIZE).map(Self),
            toml: |it| quoted(&(SIZE.show)(it.0)),
            amount: |it| it.0, in 0..=1 << 40, show: SIZE.show,
        }
        BitRate {
            blank: Self { bits_per_second: 1 },
            form: |range| ("rate", quantity_form(&RATE, range)),
            parse: |node| {
                parse_quantity(node, &RATE).map(|bits_per_second| Self { bits_per_second })
            },
            toml: |it| quoted(&(RATE.show)(it.bits_per_second)),
            amount: |it| it.bits_per_second, in 1..=1_000_000_000_000, show: RATE.show,
            none: "unlimited",
        }
        Rate {
            blank: Self { bits_per_second: 1 },
            form: |range| ("rate", quantity_form(&RATE, range)),
            parse: |node| {
                parse_quantity(node, &RATE).map(|bits_per_second| Self { bits_per_second })
            },
            toml: |it| quoted(&(RATE.show)(it.bits_per_second)),
            amount: |it| it.bits_per_second, in 1..=1_000_000_000_000, show: RATE.show,
        }
        Offset {
            blank: Self { nanos: 0 },
            form: |_range| ("signed time", json!({
                "type": "string", "pattern": TIME.pattern.replace('^', "^[-+]?"),
            })),
            parse: |node| parse_offset(node),
            toml: |it| {
                let length = Duration::from_nanos(it.nanos.unsigned_abs());
                let sign = if it.nanos < 0 { "-" } else { "" };
                quoted(&format!("{sign}{length}"))
            },
        }
        Epoch {
            blank: Self::DEFAULT,
            form: |_range| ("date and time", json!({
                "type": "string",
                "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}$",
            })),
            parse: |node| {
                let wanted = "a date such as \"2001-06-06T08:00:00\"";
                let date = node.get_ref().as_datetime().map(ToString::to_string);
                let text = date.map_or_else(|| text_of(node, wanted).map(str::to_owned), Ok)?;
                Self::parse(&text).ok_or_else(|| {
                    malformed(wanted, "this is not a date from 1601 on, to the second")
                })
            },
            toml: |it| quoted(&it.0.to_string()),
        }
        CountRange {
            blank: Self::exactly(0),
            form: |_range| ("range of counts", json!({ "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": r"^\s*([0-9]+|[0-9]+\.\.[0-9]*|\.\.[0-9]+)\s*$" },
            ] })),
            parse: |node| parse_count_range(node),
            toml: |it| quoted(&it.to_string()),
        }
    }
};

fn parse_offset(node: &SpannedItem<'_>) -> Result<Offset, Diagnostic> {
    const WANTED: &str = "a signed length of time such as \"-250ms\"";
    let text = text_of(node, WANTED)?.trim();
    let (sign, length) = match text.strip_prefix('-') {
        Some(length) => (-1, length),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let parsed = TIME.parse(length);
    let nanos = parsed.map_err(|error| quantity_mistake(&error, &TIME, WANTED))?;
    let nanos = i64::try_from(nanos)
        .ok()
        .filter(|nanos| nanos.unsigned_abs() <= YEAR);
    let nanos = nanos
        .ok_or_else(|| Diagnostic::of_file(Code::OutOfRange, "a clock is at most a year off"))?;
    Ok(Offset {
        nanos: sign * nanos,
    })
}

fn parse_count_range(node: &SpannedItem<'_>) -> Result<CountRange, Diagnostic> {
    const WANTED: &str = "a range of counts such as \"0\", \"1..\" or \"2..10\"";
    // `leaks = 0` needs no quotes.
    if node.get_ref().is_integer() {
        return parse_u64(node).map(CountRange::exactly);
    }
    let text = text_of(node, WANTED)?.trim();
    let wrong = |why| malformed(WANTED, why);
    let bound = |digits: &str| {
        units::whole(digits.trim()).map_err(|_| wrong("a bound is not a whole number"))
    };
    let Some((min, max)) = text.split_once("..") else {
        return Ok(CountRange::exactly(bound(text)?));
    };
    if min.is_empty() && max.is_empty() {
        return Err(wrong("both bounds are missing"));
    }
    let min = if min.is_empty() { 0 } else { bound(min)? };
    let max = if max.is_empty() {
        None
    } else {
        Some(bound(max)?)
    };
    if max.is_some_and(|max| max < min) {
        return Err(wrong("no count is in this range"));
    }
    Ok(CountRange { min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_gregorian_and_has_one_spelling() {
        for good in [
            "2001-06-06T08:00:00",
            "2000-02-29 00:00:00",
            "1601-01-01T23:59:59",
        ] {
            let epoch = Epoch::parse(good).expect(good);
            assert_eq!(epoch.0.to_string(), good.replace(' ', "T"));
        }
        for wrong in [
            "1900-02-29T00:00:00",
            "2001-04-31T00:00:00",
            "2001-13-01T00:00:00",
            "1600-12-31T23:59:59",
            "2001-06-06T08:00:60",
            "2001-06-06T24:00:00",
            "2001-06-06T08:00:00.5",
            "2001-06-06T08:00:00Z",
            "2001-06-06T08:00",
            "2001-06-06",
            "2001-W23-3T08:00:00",
            "+002001-06-06T08:00:00",
            "",
        ] {
            assert_eq!(Epoch::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_range_includes_both_ends() {
        let some = CountRange {
            min: 2,
            max: Some(10),
        };
        assert!(some.contains(2) && some.contains(10));
        assert!(!some.contains(1) && !some.contains(11));
        assert!(CountRange::exactly(0).contains(0));
        assert_eq!(some.to_string(), "2..10");
        assert_eq!(CountRange::exactly(3).to_string(), "3");
    }
}
