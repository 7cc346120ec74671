//! Quantities of a scenario that the kernel does not have: sizes, rates, signed offsets, the date of
//! the epoch and ranges of counts.

use std::fmt;

use kernel::Duration;
use serde_json::{Value as Json, json};

use crate::format::diagnostic::{Code, Diagnostic};
use crate::format::document::{Item, Node};
use crate::format::key::Range;
use crate::format::key::scalar::{Scalar, YEAR, malformed, quantity_mistake, quoted, text_of};
use crate::format::key::scalar_setting::{quantities, settings};
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
pub struct Bandwidth {
    /// At least 1: a link that carries nothing is cut.
    pub bits_per_second: u64,
}

/// How far a host's clock is ahead of true time; negative if it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset {
    /// Nanoseconds ahead of true time.
    pub nanos: i64,
}

/// A date and time of day without time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// 1601..=9999: NT file times count from 1601.
    pub year: u16,
    /// 1..=12.
    pub month: u8,
    /// 1..=31, as the month allows.
    pub day: u8,
    /// 0..=23.
    pub hour: u8,
    /// 0..=59.
    pub minute: u8,
    /// 0..=59.
    pub second: u8,
}

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
    pub const DEFAULT: Self = Self {
        year: 2001,
        month: 6,
        day: 6,
        hour: 8,
        minute: 0,
        second: 0,
    };

    /// Whether the numbers are a date of the Gregorian calendar and a time of day.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (1601..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=self.days_in_month()).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }

    fn days_in_month(self) -> u8 {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
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

/// `2001-06-06T08:00:00`.
impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
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

quantities! {
    ByteSize {
        quantity: SIZE, form: "size", range: 0..=1 << 40,
        blank: ByteSize(0), from: ByteSize, amount: |size: Self| size.0
    }
    Bandwidth {
        quantity: RATE, form: "rate", range: 1..=1_000_000_000_000,
        blank: Bandwidth { bits_per_second: 1 }, from: |bits_per_second| Bandwidth { bits_per_second },
        amount: |rate: Self| rate.bits_per_second, none: "unlimited"
    }
}

settings!(Offset, Epoch, CountRange);

impl Scalar for Offset {
    const BLANK: Self = Self { nanos: 0 };

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a signed length of time such as \"-250ms\"";
        let text = text_of(node, WANTED)?.trim();
        let (sign, length) = match text.strip_prefix('-') {
            Some(length) => (-1, length),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let nanos = TIME
            .parse(length)
            .map_err(|error| quantity_mistake(node, &error, &TIME, WANTED))?;
        match i64::try_from(nanos) {
            Ok(nanos) if nanos.unsigned_abs() <= YEAR => Ok(Self {
                nanos: sign * nanos,
            }),
            Ok(_) | Err(_) => {
                let message = "a clock is at most a year off";
                Err(Diagnostic::new(Code::OutOfRange, node.span, message))
            }
        }
    }

    fn to_toml(&self) -> String {
        let length = Duration::from_nanos(self.nanos.unsigned_abs());
        let sign = if self.nanos < 0 { "-" } else { "" };
        quoted(&format!("{sign}{length}"))
    }

    fn form() -> String {
        "signed time".to_owned()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "string", "pattern": TIME.pattern.replacen('^', "^[-+]?", 1) })
    }
}

impl Scalar for Epoch {
    const BLANK: Self = Self::DEFAULT;

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a date such as \"2001-06-06T08:00:00\"";
        let text = match &node.item {
            Item::Datetime(text) => text,
            Item::String(_)
            | Item::Integer { .. }
            | Item::Float
            | Item::Boolean(_)
            | Item::Array(_)
            | Item::Table(_) => text_of(node, WANTED)?,
        };
        parse_epoch(text)
            .filter(|epoch| epoch.is_valid())
            .ok_or_else(|| {
                malformed(
                    node,
                    WANTED,
                    "this is not a date from 1601 on, to the second",
                )
            })
    }

    fn to_toml(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "date and time".to_owned()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}$" })
    }
}

fn parse_epoch(text: &str) -> Option<Epoch> {
    let (date, time) = text.split_once(['T', ' '])?;
    let numbers = |part: &str, separator: char, widths: [usize; 3]| -> Option<[u16; 3]> {
        let mut fields = part.split(separator);
        let mut found = [0; 3];
        for (slot, width) in found.iter_mut().zip(widths) {
            let field = fields.next().filter(|field| field.len() == width)?;
            *slot = u16::try_from(units::whole(field).ok()?).ok()?;
        }
        fields.next().is_none().then_some(found)
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let small = |number: u16| u8::try_from(number).ok();
    Some(Epoch {
        year,
        month: small(month)?,
        day: small(day)?,
        hour: small(hour)?,
        minute: small(minute)?,
        second: small(second)?,
    })
}

impl Scalar for CountRange {
    const BLANK: Self = Self::exactly(0);

    fn parse(node: &Node) -> Result<Self, Diagnostic> {
        const WANTED: &str = "a range of counts such as \"0\", \"1..\" or \"2..10\"";
        if let Item::Integer { .. } = node.item {
            return u64::parse(node).map(Self::exactly);
        }
        let text = text_of(node, WANTED)?.trim();
        let bound = |digits: &str| {
            units::whole(digits.trim())
                .map_err(|_| malformed(node, WANTED, "a bound is not a whole number"))
        };
        let Some((min, max)) = text.split_once("..") else {
            return Ok(Self::exactly(bound(text)?));
        };
        if min.is_empty() && max.is_empty() {
            return Err(malformed(node, WANTED, "both bounds are missing"));
        }
        let range = Self {
            min: if min.is_empty() { 0 } else { bound(min)? },
            max: if max.is_empty() {
                None
            } else {
                Some(bound(max)?)
            },
        };
        if range.max.is_some_and(|max| max < range.min) {
            return Err(malformed(node, WANTED, "no count is in this range"));
        }
        Ok(range)
    }

    fn to_toml(&self) -> String {
        quoted(&self.to_string())
    }

    fn form() -> String {
        "range of counts".to_owned()
    }

    fn schema(_: &Range) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^\s*([0-9]+|[0-9]+\.\.[0-9]*|\.\.[0-9]+)\s*$" },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: u16, month: u8, day: u8) -> Epoch {
        Epoch {
            year,
            month,
            day,
            ..Epoch::DEFAULT
        }
    }

    #[test]
    fn the_calendar_is_gregorian() {
        assert!(Epoch::DEFAULT.is_valid());
        assert!(date(2000, 2, 29).is_valid());
        assert!(!date(1900, 2, 29).is_valid());
        assert!(!date(2001, 4, 31).is_valid());
        assert!(!date(2001, 13, 1).is_valid());
        assert!(!date(1600, 1, 1).is_valid());
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
