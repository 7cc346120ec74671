//! Quantities a scenario needs and the kernel does not.
//!
//! Owns sizes, rates, signed offsets, the date of the epoch and ranges of counts, all as whole
//! numbers. It refuses their text forms, which belong to the file.

use std::fmt;

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// A link's rate in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth {
    /// Never zero: a link that carries nothing is cut.
    pub bits_per_second: u64,
}

/// How far a host's clock is ahead (or, negative, behind), in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset {
    /// Nanoseconds ahead of true time.
    pub nanos: i64,
}

/// A date and time of day, without zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// 1601..=9999, what an NT file time can begin with.
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

/// How often something may happen: `min..=max`, `None` for no upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountRange {
    /// The smallest count that is as expected.
    pub min: u64,
    /// The greatest count that is as expected.
    pub max: Option<u64>,
}

impl Epoch {
    /// The date of a run that names none: the year of Q303102.
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

    /// Whether `count` is as expected.
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
