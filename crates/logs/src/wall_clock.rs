//! What a host's clock shows: the scenario's epoch, the time since then, and the clock's offset.
//! There are no time zones.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

use kernel::Instant;

use config::plan::{Epoch, Offset};

/// A date and time of day, in the Gregorian calendar, as a host shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(DateTime);

impl WallTime {
    /// What a clock shows at `at` if it is `offset` ahead, in a run that began at `epoch`. Clocks
    /// stop at the end of the year 9999.
    #[must_use]
    pub fn at(epoch: Epoch, at: Instant, offset: Offset) -> Self {
        let shown = epoch.0.saturating_add(Duration::from_nanos(at.nanos()));
        Self(shown.saturating_add(SignedDuration::from_nanos(offset.nanos)))
    }

    /// Nanoseconds from 1970-01-01 to the start of a run, for file formats without a host's clock;
    /// zero for a run that begins earlier.
    #[must_use]
    pub fn since_1970(epoch: Epoch) -> u64 {
        let since = epoch.0.duration_since(date(1970, 1, 1).at(0, 0, 0, 0));
        since.as_nanos().clamp(0, i128::from(u64::MAX)) as u64
    }

    /// The date and time.
    #[must_use]
    pub const fn date_time(self) -> DateTime {
        self.0
    }

    /// The hour on a twelve-hour clock, and `am` or `pm`.
    #[must_use]
    pub fn twelve_hours(self) -> (i8, &'static str) {
        let hour = match self.0.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        (hour, if self.0.hour() < 12 { "am" } else { "pm" })
    }
}

/// `06-06-01 03:36:27pm`, as EV0.LOG writes it (Q303102).
impl fmt::Display for WallTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, half) = self.twelve_hours();
        let it = self.0;
        write!(
            out,
            "{:02}-{:02}-{:02} {hour:02}:{:02}:{:02}{half}",
            it.month(),
            it.day(),
            it.year() % 100,
            it.minute(),
            it.second()
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

    #[test]
    fn runs_before_1970_begin_at_zero() {
        assert_eq!(
            WallTime::since_1970(Epoch::DEFAULT),
            991_814_400_000_000_000
        );
        assert_eq!(
            WallTime::since_1970(Epoch(date(1969, 6, 6).at(8, 0, 0, 0))),
            0
        );
    }
}
