//! What a host's clock shows.
//!
//! Owns the way from virtual time to a date: the scenario's epoch, the time since then and the
//! clock's error. It refuses zones and daylight saving.

use std::fmt;

use kernel::Instant;

use config::plan::{Epoch, Offset};

/// A date and time of day as a host shows it. Dates are Gregorian throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime {
    /// The year, such as 2001.
    pub year: i64,
    /// 1..=12.
    pub month: u8,
    /// 1..=31.
    pub day: u8,
    /// 0..=23.
    pub hour: u8,
    /// 0..=59.
    pub minute: u8,
    /// 0..=59.
    pub second: u8,
    /// 0..=999.
    pub millisecond: u16,
}

const NANOS_PER_MILLI: i128 = 1_000_000;
const MILLIS_PER_DAY: i128 = 86_400_000;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_PER_ERA: i64 = 146_097;

impl WallTime {
    /// What a clock shows at `at` that is `offset` ahead, in a run that began at `epoch`.
    #[must_use]
    pub fn at(epoch: Epoch, at: Instant, offset: Offset) -> Self {
        let start = days_before(epoch.year.into(), epoch.month, epoch.day);
        let seconds = i128::from(epoch.hour) * 3_600
            + i128::from(epoch.minute) * 60
            + i128::from(epoch.second);
        let shift = i128::from(at.nanos()) + i128::from(offset.nanos);
        let millis = i128::from(start) * MILLIS_PER_DAY
            + seconds * 1_000
            + shift.div_euclid(NANOS_PER_MILLI);
        let days = millis.div_euclid(MILLIS_PER_DAY) as i64;
        let (year, month, day) = date_after(days);
        let of_day = millis.rem_euclid(MILLIS_PER_DAY) as u32;
        Self {
            year,
            month,
            day,
            hour: (of_day / 3_600_000) as u8,
            minute: (of_day / 60_000 % 60) as u8,
            second: (of_day / 1_000 % 60) as u8,
            millisecond: (of_day % 1_000) as u16,
        }
    }

    /// Nanoseconds from 1970-01-01 to the start of a run, as formats of files count that know no
    /// host's clock; zero for a run that begins before.
    #[must_use]
    pub fn since_1970(epoch: Epoch) -> u64 {
        let days = days_before(epoch.year.into(), epoch.month, epoch.day);
        let (hour, minute) = (i64::from(epoch.hour), i64::from(epoch.minute));
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + i64::from(epoch.second);
        u64::try_from(seconds).map_or(0, |it| it.saturating_mul(1_000_000_000))
    }

    /// The hour on a face of twelve, and `am` or `pm`.
    #[must_use]
    pub const fn twelve_hours(self) -> (u8, &'static str) {
        let hour = match self.hour % 12 {
            0 => 12,
            hour => hour,
        };
        (hour, if self.hour < 12 { "am" } else { "pm" })
    }
}

/// Days from 1970-01-01 to a date. The year is counted from March, so that the leap day is its
/// last (Hinnant, "chrono-compatible low-level date algorithms").
fn days_before(year: i64, month: u8, day: u8) -> i64 {
    let from_march = (i64::from(month) + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970
}

/// The date so many days after 1970-01-01: year, month and day.
fn date_after(days: i64) -> (i64, u8, u8) {
    let days = days + DAYS_TO_1970;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * from_march + 2) / 5 + 1) as u8;
    let month = ((from_march + 2) % 12 + 1) as u8;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// `06-06-01 03:36:27pm`, as EV0.LOG writes it (Q303102).
impl fmt::Display for WallTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, half) = self.twelve_hours();
        write!(
            out,
            "{:02}-{:02}-{:02} {hour:02}:{:02}:{:02}{half}",
            self.month,
            self.day,
            self.year.rem_euclid(100),
            self.minute,
            self.second
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: i64) -> String {
        let at = Instant::from_nanos(seconds.max(0) as u64 * 1_000_000_000);
        let nanos = seconds.min(0) * 1_000_000_000;
        WallTime::at(Epoch::DEFAULT, at, Offset { nanos }).to_string()
    }

    #[test]
    fn time_goes_on_from_the_epoch() {
        assert_eq!(shown(0), "06-06-01 08:00:00am");
        assert_eq!(shown(7 * 3_600 + 36 * 60 + 27), "06-06-01 03:36:27pm");
        assert_eq!(shown(4 * 3_600), "06-06-01 12:00:00pm");
        assert_eq!(shown(16 * 3_600), "06-07-01 12:00:00am");
        assert_eq!(shown(-1), "06-06-01 07:59:59am");
    }

    /// Day by day through four hundred years, against a calendar that only counts.
    #[test]
    fn dates_follow_each_other_as_in_a_calendar() {
        let (mut year, mut month, mut day) = (1_800_i64, 1_u8, 1_u8);
        let first = days_before(year, month, day);
        for passed in 0..DAYS_PER_ERA {
            assert_eq!(date_after(first + passed), (year, month, day));
            assert_eq!(days_before(year, month, day), first + passed);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == length => (year, month + 1, 1),
                (_, day) => (year, month, day + 1),
            };
        }
        assert_eq!(days_before(1970, 1, 1), 0);
    }
}
