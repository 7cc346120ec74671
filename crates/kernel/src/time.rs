//! Virtual time in whole nanoseconds: [`Instant`] and [`Duration`].
//!
//! Sums end at the latest instant and the longest duration, 584 years, which stand for "never". There is no
//! `now()`: functions that need the time take it as an argument.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A point in virtual time: whole nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

/// A span of virtual time in whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

const NANOS_PER_MICRO: u64 = 1_000;
const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl Instant {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// The latest instant, after 584 years. Stands for "never".
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The time since the start.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration(self.0)
    }

    /// The time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// The instant `later` from here, or [`Instant::MAX`] on overflow.
    #[must_use]
    pub const fn saturating_add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later.0))
    }
}

impl Duration {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// The longest duration, 584 years.
    pub const MAX: Self = Self(u64::MAX);

    /// A duration of this many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A duration of this many microseconds.
    ///
    /// # Panics
    /// If it exceeds 584 years.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(scaled(micros, NANOS_PER_MICRO))
    }

    /// A duration of this many milliseconds.
    ///
    /// # Panics
    /// If it exceeds 584 years.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(scaled(millis, NANOS_PER_MILLI))
    }

    /// A duration of this many seconds.
    ///
    /// # Panics
    /// If it exceeds 584 years.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(scaled(seconds, NANOS_PER_SECOND))
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The duration in seconds, rounded down.
    #[must_use]
    pub const fn whole_secs(self) -> u64 {
        self.0 / NANOS_PER_SECOND
    }

    /// Whether this is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// The difference, or zero if `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The product, or [`Duration::MAX`] on overflow.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

const fn scaled(count: u64, unit: u64) -> u64 {
    match count.checked_mul(unit) {
        Some(nanos) => nanos,
        None => panic!("a duration exceeds 584 years"),
    }
}

/// The instant `later` from here, or [`Instant::MAX`] on overflow.
impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, later: Duration) -> Self {
        self.saturating_add(later)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, later: Duration) {
        *self = *self + later;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        Duration(
            self.0
                .checked_sub(earlier.0)
                .expect("time never steps back"),
        )
    }
}

/// The sum, or [`Duration::MAX`] on overflow.
impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// `0:00:12.500000000`, or `0:00:12` for a whole second; the alternate form (`{:#}`) always has the nine
/// decimals, for columns.
impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0 / NANOS_PER_SECOND, self.0 % NANOS_PER_SECOND);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        write!(formatter, "{hours}:{minutes:02}:{:02}", seconds % 60)?;
        if nanos > 0 || formatter.alternate() {
            write!(formatter, ".{nanos:09}")?;
        }
        Ok(())
    }
}

/// In the largest unit that is exact: `180ms`, `8h`, `90s`.
impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (3_600 * NANOS_PER_SECOND, "h"),
            (60 * NANOS_PER_SECOND, "m"),
            (NANOS_PER_SECOND, "s"),
            (NANOS_PER_MILLI, "ms"),
            (NANOS_PER_MICRO, "us"),
            (1, "ns"),
        ];
        if self.0 == 0 {
            return formatter.write_str("0s");
        }
        let exact = UNITS
            .iter()
            .find(|(nanos, _)| self.0.is_multiple_of(*nanos));
        let (nanos, unit) = exact.expect("every duration is a whole number of nanoseconds");
        write!(formatter, "{}{unit}", self.0 / nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_displayed_in_the_largest_exact_unit() {
        let shown = |duration: Duration| duration.to_string();
        assert_eq!(shown(Duration::from_millis(180)), "180ms");
        assert_eq!(shown(Duration::from_secs(8 * 3_600)), "8h");
        assert_eq!(shown(Duration::from_secs(90)), "90s");
        assert_eq!(shown(Duration::from_nanos(1_001)), "1001ns");
        assert_eq!(shown(Duration::ZERO), "0s");
    }

    #[test]
    fn a_sum_beyond_the_end_of_time_is_never() {
        let (late, long) = (
            Instant::from_nanos(u64::MAX - 1),
            Duration::from_secs(86_400),
        );
        assert_eq!(late + long, Instant::MAX);
        assert_eq!(Duration::MAX + long, Duration::MAX);
        let mut sum = late;
        sum += long;
        assert_eq!(sum, Instant::MAX);
    }

    #[test]
    #[should_panic(expected = "time never steps back")]
    fn an_earlier_instant_minus_a_later_one_panics() {
        let _ = Instant::ZERO - Instant::from_nanos(1);
    }

    #[test]
    fn an_instant_is_displayed_in_hours_minutes_and_seconds() {
        let shown = |nanos| Instant::from_nanos(nanos).to_string();
        assert_eq!(shown(12_500_000_000), "0:00:12.500000000");
        assert_eq!(shown(21_297_540_060_622), "5:54:57.540060622");
        assert_eq!(shown(360_000_000_000_000), "100:00:00");
        let column = format!("{:#}", Instant::from_nanos(60_000_000_000));
        assert_eq!(column, "0:01:00.000000000");
    }
}
