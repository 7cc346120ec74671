//! Parses the time in front of a line. Winsock.log has none (Q303102); log collectors add one
//! in several forms.
//!
//! Time zones are ignored. A time without a date is only compared with others of the same day, or of
//! the next one.

use std::time::Duration;

use jiff::civil::{Date, date};

/// A point in time, for comparison with others of the same log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01, or since midnight if the date is unknown.
    millis: u64,
    /// Whether the date is known.
    is_dated: bool,
}

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

impl Timestamp {
    /// The time since `earlier`; zero if the clock went back. Without dates, a time of day that is more
    /// than twelve hours before `earlier` is one of the next day.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let is_next_day =
            !self.is_dated && !earlier.is_dated && self.millis + DAY / 2 < earlier.millis;
        let now = self.millis + if is_next_day { DAY } else { 0 };
        Duration::from_millis(now.saturating_sub(earlier.millis))
    }
}

/// The time at the start of `bytes`, and the rest. The forms are `2001-06-06 15:36:27.250` (also with a
/// `T` or a comma), `06-06-01 03:36:27pm` as in EV0.LOG, `6/6/2001 3:36:27 PM` as in Event Viewer, and a
/// time of day alone; each may be in brackets.
#[must_use]
pub fn take(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (open, inner) = match bytes.strip_prefix(b"[") {
        Some(inner) => (true, inner),
        None => (false, bytes),
    };
    let (time, rest) = bare(inner)?;
    match open {
        true => Some((time, rest.strip_prefix(b"]")?)),
        false => Some((time, rest)),
    }
}

fn bare(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (first, mark, after) = field(bytes)?;
    if mark == b':' {
        let (millis, rest) = time_of_day(bytes)?;
        let is_dated = false;
        return Some((Timestamp { millis, is_dated }, rest));
    }
    if mark != b'-' && mark != b'/' {
        return None;
    }
    let (second, again, after) = field(after)?;
    let (third, gap, after) = field(after)?;
    if again != mark || (gap != b' ' && gap != b'T') {
        return None;
    }
    let (year, month, day) = match (first, third) {
        // Four digits identify the year. Otherwise the month comes first, as on American systems: EV0.LOG
        // and Event Viewer of the time print it so.
        (1_000.., _) => (first, second, third),
        (_, 1_000..) => (third, first, second),
        // Two digits: the MTA ran from 1996 on.
        (_, 70..100) => (1_900 + third, first, second),
        (_, 0..70) => (2_000 + third, first, second),
        (_, 100..1_000) => return None,
    };
    if !(1_970..10_000).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    let (time, rest) = time_of_day(after)?;
    let millis = days_since_1970(year, month, day)? * DAY + time;
    let is_dated = true;
    Some((Timestamp { millis, is_dated }, rest))
}

/// A number of at most four digits, the byte after it, and the rest.
fn field(bytes: &[u8]) -> Option<(u64, u8, &[u8])> {
    let length = bytes.iter().take_while(|it| it.is_ascii_digit()).count();
    if !(1..=4).contains(&length) {
        return None;
    }
    let value = digits(&bytes[..length]);
    Some((value, *bytes.get(length)?, &bytes[length + 1..]))
}

fn digits(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

/// `15:36:27`, `15:36:27.250`, `3:36:27 PM`, `03:36:27pm`, in milliseconds.
fn time_of_day(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut hour, colon, rest) = field(bytes)?;
    let (minute, again, rest) = field(rest)?;
    let length = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    if colon != b':' || again != b':' || length != 2 {
        return None;
    }
    let (second, mut rest) = (digits(&rest[..2]), &rest[2..]);
    let mut milli = 0;
    if let [b'.' | b',', fraction @ ..] = rest {
        let length = fraction.iter().take_while(|it| it.is_ascii_digit()).count();
        // One to three digits of the fraction make milliseconds; more are cut off.
        let known = &fraction[..length.min(3)];
        milli = digits(known) * [0, 100, 10, 1][known.len()];
        rest = &fraction[length..];
    }
    let half = rest.strip_prefix(b" ").unwrap_or(rest);
    if let [first @ (b'a' | b'A' | b'p' | b'P'), b'm' | b'M', after @ ..] = half {
        let afternoon = matches!(first, b'p' | b'P');
        // 12 am is midnight and 12 pm is noon.
        hour = hour % 12 + if afternoon { 12 } else { 0 };
        rest = after;
    }
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((((hour * 60 + minute) * 60 + second) * 1_000 + milli, rest))
}

/// `None` if there is no such month. A day that the month does not have is one of the next month: only
/// differences of times matter, and logs are not worth rejecting for it.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let first_of_month = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
    let hours = date(1970, 1, 1).duration_until(first_of_month).as_hours();
    Some(u64::try_from(hours).ok()? / 24 + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<(u64, bool, String)> {
        let (time, rest) = take(text.as_bytes())?;
        let rest = String::from_utf8_lossy(rest).into_owned();
        Some((time.millis, time.is_dated, rest))
    }

    #[test]
    fn the_same_time_in_all_forms() {
        // 2001-06-06 15:36:27 is 991841787 s after 1970.
        for text in [
            "2001-06-06 15:36:27 (008)",
            "2001-06-06T15:36:27,000 (008)",
            "[2001-06-06 15:36:27.0] (008)",
            "06-06-01 03:36:27pm (008)",
            "6/6/2001 3:36:27 PM (008)",
        ] {
            let wanted = (991_841_787_000, true, " (008)".to_owned());
            assert_eq!(millis(text), Some(wanted), "{text}");
        }
        let of_day = Some((56_187_250, false, " (008)".to_owned()));
        assert_eq!(millis("15:36:27.2504 (008)"), of_day);
        assert_eq!(millis("[3:36:27.25 pm] (008)"), of_day);
        assert_eq!(
            millis("1970-01-01 00:00:00"),
            Some((0, true, String::new()))
        );
        assert_eq!(
            millis("2000-02-29 12:00:00am").map(|it| it.0),
            Some(951_782_400_000)
        );
    }

    #[test]
    fn other_text_is_not_a_time() {
        for text in [
            "",
            "(008) x",
            "12",
            "12:5",
            "25:00:00",
            "1-2",
            "2001-13-01 00:00:00",
            "2001-06-06",
            "[12:00:00 (008)",
            "99999-01-01 00:00:00",
            "1:2:345",
            "06-06-123 00:00:00",
            "1-2/3 00:00:00",
            "0000-01-01 00:00:00",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn time_passes_midnight_and_never_goes_back() {
        let time = |text: &str| take(text.as_bytes()).expect("it is a time").0;
        let passed = |from: &str, to: &str| time(to).since(time(from)).as_secs();
        assert_eq!(passed("23:59:30", "00:00:30"), 60);
        assert_eq!(passed("10:00:00", "09:59:59"), 0);
        assert_eq!(passed("2001-12-31 23:59:30", "2002-01-01 00:00:30"), 60);
        assert_eq!(passed("2001-06-06 10:00:00", "2001-06-06 09:00:00"), 0);
    }
}
