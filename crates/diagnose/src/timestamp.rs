//! Parses the time in front of a line. Winsock.log has none (Q303102); log collectors add one
//! in several forms.
//!
//! A stamp alone may be ambiguous: `07/06/2001` is in July or in June, and a time of day belongs to any
//! day. [`crate::clock`] resolves stamps in the order of the log.

mod names;

use jiff::civil::{Date, date};

/// A date and time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The day.
    pub day: Day,
    /// Milliseconds since midnight, in UTC if the stamp has an offset. Negative or beyond a day if
    /// the offset moves it to another day.
    pub millis: i64,
    /// Whether it is exact to the second; otherwise to the minute.
    pub has_seconds: bool,
    /// Whether its first number is certainly the hour: `10:05` alone may be minutes and seconds.
    pub has_hour: bool,
}

/// The day of a stamp, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// There is no date.
    Unknown,
    /// There is no year: the day of a year that is no leap year, from 0.
    OfYear(u64),
    /// One meaning only.
    Known(u64),
    /// Month and day may be the other way round; `None` if there is no such date.
    Either {
        /// If the month comes first, as on American systems.
        month_first: Option<u64>,
        /// If the day comes first, as on most others.
        day_first: Option<u64>,
    },
}

/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

/// The time at the start of `bytes`, and the rest: `2001-06-06 15:36:27.250` (also with a `T` or a
/// comma, and with an offset, as in RFC 3339), `06-06-01 03:36:27pm` as in EV0.LOG,
/// `6/6/2001 3:36:27 PM` as in Event Viewer, `06.06.2001 15.36`, `Jun  6 15:36:27` as in syslog
/// (RFC 3164), `Wed Jun  6 15:36:27 2001` as in C's asctime(), `20010606153627.000000+120` as in WMI, and a
/// time of day alone; dates with named months as [`take_date`] reads them. Each may be in brackets or
/// behind a syslog priority.
#[must_use]
pub fn take(bytes: &[u8]) -> Option<(Stamp, &[u8])> {
    let bytes = after_priority(bytes);
    let (open, inner) = match bytes.strip_prefix(b"[") {
        Some(inner) => (true, inner),
        None => (false, bytes),
    };
    // `14.05.33` begins like a date, and is a time if no time follows.
    let (time, rest) = dated(inner)
        .or_else(|| of_day(inner))
        .or_else(|| of_wmi(inner))?;
    match open {
        true => Some((time, rest.strip_prefix(b"]")?)),
        false => Some((time, rest)),
    }
}

/// Without `<34>` of RFC 3164 or `<34>1 ` of RFC 5424.
fn after_priority(bytes: &[u8]) -> &[u8] {
    let Some(rest) = bytes.strip_prefix(b"<") else {
        return bytes;
    };
    let length = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    match &rest[length..] {
        [b'>', b'1', b' ', after @ ..] | [b'>', after @ ..] if (1..=3).contains(&length) => after,
        _ => bytes,
    }
}

fn of_day(bytes: &[u8]) -> Option<(Stamp, &[u8])> {
    let (time, rest) = take_time(bytes)?;
    // `12.34` alone may be seconds since some start.
    let is_number = !time.has_seconds && matches!(field(bytes), Some((_, b'.', _)));
    (!is_number).then(|| (time.on(Day::Unknown), rest))
}

fn dated(bytes: &[u8]) -> Option<(Stamp, &[u8])> {
    let (day, rest) = take_date(bytes)?;
    let gap = rest.strip_prefix(b",").unwrap_or(rest);
    let time = match gap {
        [b'T' | b':', after @ ..] => after,
        _ if without_space(gap).len() < gap.len() => names::after_at(without_space(gap)),
        _ => return None,
    };
    let (time, rest) = take_time(time)?;
    // asctime() puts the year last.
    if let (Day::OfYear(day), Some((year, after))) = (day, year_after_space(rest)) {
        return Some((time.on(Day::Known(day_of_year(year, day)?)), after));
    }
    Some((time.on(day), rest))
}

/// ` 2001` in front of something other than a time.
fn year_after_space(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (year, rest) = number(bytes.strip_prefix(b" ")?)?;
    let is_year = year >= 1_970 && !matches!(rest.first(), Some(b':' | b'.'));
    is_year.then_some((year, rest))
}

/// The date at the start of `bytes`, and the rest. Months and days of the week may be named in English,
/// German, French, Spanish, Italian or Dutch: `Wednesday, June 06, 2001`, `6. Juni 2001`, `mercredi 6 juin 2001`.
#[must_use]
pub fn take_date(bytes: &[u8]) -> Option<(Day, &[u8])> {
    // `mar. 6 juin 2001` begins with a Tuesday, `Mar  6 15:36:27` with a month.
    let (word, rest) = names::word(bytes);
    if names::is_weekday(word) {
        let rest = rest.strip_prefix(b".").unwrap_or(rest);
        let rest = without_space(rest.strip_prefix(b",").unwrap_or(rest));
        if let Some(found) = date_without_weekday(rest) {
            return Some(found);
        }
    }
    date_without_weekday(bytes)
}

fn date_without_weekday(bytes: &[u8]) -> Option<(Day, &[u8])> {
    if !bytes.first()?.is_ascii_digit() {
        return take_month_day(bytes);
    }
    if let Some(found) = take_day_month_year(bytes) {
        return Some(found);
    }
    let (first, mark, after) = field(bytes)?;
    let (second, again, after) = field(after)?;
    if again != mark || !matches!(mark, b'-' | b'/' | b'.') {
        return None;
    }
    let (third, rest) = number(after)?;
    if first >= 1_000 {
        return Some((Day::Known(days(first, second, third)?), rest));
    }
    let year = full_year(third)?;
    let day_first = days(year, second, first);
    if mark == b'.' {
        // German, and everywhere else where dots are used.
        return Some((Day::Known(day_first?), rest));
    }
    let month_first = days(year, first, second);
    month_first.or(day_first)?;
    let day = Day::Either {
        month_first,
        day_first,
    };
    Some((day, rest))
}

/// `Jun  6`, as in syslog, without a year, or with one, as Cisco's devices write it: `Jun  6 2001`.
fn take_month_day(bytes: &[u8]) -> Option<(Day, &[u8])> {
    let (word, rest) = names::word(bytes);
    let month = names::month(word)?;
    let (day, rest) = number(rest.strip_prefix(b" ")?.trim_ascii_start())?;
    let comma = rest.strip_prefix(b",").unwrap_or(rest);
    if let Some((year, after)) = year_after_space(comma) {
        return Some((Day::Known(days(year, month, day)?), after));
    }
    // 2001 is no leap year. In one, a log that passes the end of February loses a day: ages become too
    // short rather than too long.
    let day = days(2_001, month, day)? - days(2_001, 1, 1)?;
    Some((Day::OfYear(day), rest))
}

/// `06-Jun-2001`, `6 juin 2001`, `6. Juni 2001`, `1er juin 2001`, `6 de junio de 2001`.
fn take_day_month_year(bytes: &[u8]) -> Option<(Day, &[u8])> {
    let (day, rest) = number(bytes)?;
    let rest = rest.strip_prefix(b"er").unwrap_or(rest);
    let (word, rest) = names::word(after_mark(rest)?);
    let month = names::month(word)?;
    let (year, rest) = number(after_mark(rest)?)?;
    Some((Day::Known(days(full_year(year)?, month, day)?), rest))
}

/// What follows the mark between the parts of a date with a named month: `-`, `/`, a dot, a space, both, or
/// ` de `.
fn after_mark(bytes: &[u8]) -> Option<&[u8]> {
    let after = match bytes {
        [b'-' | b'/', after @ ..] => return Some(after),
        [b'.', b'-', after @ ..] => return Some(after),
        [b'.', after @ ..] => after,
        _ => bytes,
    };
    let after = without_space(after);
    let is_marked = after.len() < bytes.len();
    is_marked.then(|| after.strip_prefix(b"de ").unwrap_or(after))
}

/// Without leading spaces, of which one may be the kind that does not break.
fn without_space(bytes: &[u8]) -> &[u8] {
    let after = names::SPACES.iter().find_map(|it| bytes.strip_prefix(*it));
    after.unwrap_or(bytes).trim_ascii_start()
}

/// A date and time of WMI, `20010606150405.000000+120`: the offset is in minutes.
fn of_wmi(bytes: &[u8]) -> Option<(Stamp, &[u8])> {
    let (date_and_time, rest) = bytes.split_at_checked(14)?;
    let (fraction, rest) = rest.strip_prefix(b".")?.split_at_checked(6)?;
    let (offset, rest) = rest.split_at_checked(4)?;
    let are_digits = |it: &[u8]| it.iter().all(u8::is_ascii_digit);
    if !are_digits(date_and_time) || !are_digits(fraction) || !are_digits(&offset[1..]) {
        return None;
    }
    let part = |from: usize, to: usize| digits(&date_and_time[from..to]);
    let (hour, minute, second) = (part(8, 10), part(10, 12), part(12, 14));
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let minutes = digits(&offset[1..]) as i64;
    let east = match offset[0] {
        b'+' => minutes,
        b'-' => -minutes,
        _ => return None,
    };
    let local = (((hour * 60 + minute) * 60 + second) * 1_000 + digits(&fraction[..3])) as i64;
    let stamp = Stamp {
        day: Day::Known(days(part(0, 4), part(4, 6), part(6, 8))?),
        millis: local - east * 60_000,
        has_seconds: true,
        has_hour: true,
    };
    Some((stamp, rest))
}

/// A year with four digits. The MTA ran from 1996 on.
const fn full_year(year: u64) -> Option<u64> {
    match year {
        70..100 => Some(1_900 + year),
        0..70 => Some(2_000 + year),
        1_000.. => Some(year),
        _ => None,
    }
}

/// A number of at most four digits, the byte after it, and the rest.
fn field(bytes: &[u8]) -> Option<(u64, u8, &[u8])> {
    let (value, rest) = number(bytes)?;
    let (mark, rest) = rest.split_first()?;
    Some((value, *mark, rest))
}

/// A number of at most four digits, and the rest.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take_while(|it| it.is_ascii_digit()).count();
    let is_short = (1..=4).contains(&length);
    is_short.then(|| (digits(&bytes[..length]), &bytes[length..]))
}

fn digits(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// See [`Stamp::millis`].
    pub millis: i64,
    /// See [`Stamp::has_seconds`].
    pub has_seconds: bool,
    /// See [`Stamp::has_hour`].
    pub has_hour: bool,
}

impl TimeOfDay {
    /// This time of a day.
    #[must_use]
    pub const fn on(self, day: Day) -> Stamp {
        Stamp {
            day,
            millis: self.millis,
            has_seconds: self.has_seconds,
            has_hour: self.has_hour || !matches!(day, Day::Unknown),
        }
    }
}

/// The time of day at the start of `bytes`, and the rest: `15:36:27`, `15:36:27.250`, `3:36:27 PM`,
/// `03:36:27pm`, `15:36:27+02:00`, `15:36:27Z`; also without seconds and with dots, as the settings of
/// a country have it: `15:36`, `3:36 p.m.`, `15.36.27`.
#[must_use]
pub fn take_time(bytes: &[u8]) -> Option<(TimeOfDay, &[u8])> {
    let (hour, mark, rest) = field(bytes)?;
    let (minute, mut rest) = two_digits(rest)?;
    if !matches!(mark, b':' | b'.') {
        return None;
    }
    let (mut second, mut milli) = (0, 0);
    let seconds = rest.strip_prefix(&[mark]).and_then(two_digits);
    if let Some((value, after)) = seconds {
        second = value;
        (milli, rest) = take_fraction(after);
    } else if matches!(rest.first(), Some(b'.' | b':')) {
        return None;
    }
    let (hour, after) = in_day(hour, rest);
    let has_half = after.len() < rest.len();
    let rest = after;
    // 60 is a leap second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let local = (((hour * 60 + minute) * 60 + second) * 1_000 + milli) as i64;
    let (east, rest) = take_offset(rest);
    let time = TimeOfDay {
        millis: local - east,
        has_seconds: seconds.is_some(),
        has_hour: seconds.is_some() || has_half,
    };
    Some((time, rest))
}

/// The time of day that all of `bytes` is.
#[must_use]
pub fn whole_time(bytes: &[u8]) -> Option<TimeOfDay> {
    let (time, rest) = take_time(bytes)?;
    rest.is_empty().then_some(time)
}

/// Exactly two digits, and the rest.
fn two_digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (value, rest) = number(bytes)?;
    (bytes.len() - rest.len() == 2).then_some((value, rest))
}

/// The milliseconds of `.250`, and the rest; 0 if there is no fraction.
fn take_fraction(bytes: &[u8]) -> (u64, &[u8]) {
    let [b'.' | b',', fraction @ ..] = bytes else {
        return (0, bytes);
    };
    let length = fraction.iter().take_while(|it| it.is_ascii_digit()).count();
    if length == 0 {
        return (0, bytes);
    }
    // One to three digits of the fraction make milliseconds; more are cut off.
    let known = &fraction[..length.min(3)];
    let milli = digits(known) * [0, 100, 10, 1][known.len()];
    (milli, &fraction[length..])
}

/// The hour of the day of an hour that `AM`, `pm` or `p.m.` may follow, and the rest.
fn in_day(hour: u64, rest: &[u8]) -> (u64, &[u8]) {
    let spaces = names::SPACES.iter().find_map(|it| rest.strip_prefix(*it));
    let (half, after) = match spaces.unwrap_or(rest) {
        [half @ (b'a' | b'A' | b'p' | b'P'), b'm' | b'M', after @ ..]
        | [
            half @ (b'a' | b'p' | b'A' | b'P'),
            b'.',
            b'm' | b'M',
            b'.',
            after @ ..,
        ] => (half, after),
        _ => return (hour, rest),
    };
    // 12 am is midnight and 12 pm is noon.
    let is_pm = half.eq_ignore_ascii_case(&b'p');
    (hour % 12 + if is_pm { 12 } else { 0 }, after)
}

/// The offset from UTC in milliseconds, and the rest (RFC 3339, section 5.6), also behind a space; 0 if
/// there is none.
fn take_offset(bytes: &[u8]) -> (i64, &[u8]) {
    match bytes {
        [b' ', rest @ ..] if matches!(rest.first(), Some(b'+' | b'-')) => {
            let (east, after) = offset(rest);
            if after.len() < rest.len() {
                return (east, after);
            }
            (0, bytes)
        }
        _ => offset(bytes),
    }
}

fn offset(bytes: &[u8]) -> (i64, &[u8]) {
    let two = |at: usize| match bytes.get(at..at + 2) {
        Some(pair) if pair.iter().all(u8::is_ascii_digit) => Some(digits(pair) as i64),
        Some(_) | None => None,
    };
    let sign = match bytes.first() {
        Some(b'Z' | b'z') => return (0, &bytes[1..]),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) | None => return (0, bytes),
    };
    let minutes_at = if bytes.get(3) == Some(&b':') { 4 } else { 3 };
    match (two(1), two(minutes_at)) {
        (Some(hours), Some(minutes)) => {
            let east = sign * (hours * 60 + minutes) * 60_000;
            (east, &bytes[minutes_at + 2..])
        }
        _ => (0, bytes),
    }
}

/// Days since 1970-01-01 of a day of the year that [`Day::OfYear`] counts.
fn day_of_year(year: u64, day: u64) -> Option<u64> {
    // From March on, a leap year has one day more.
    let is_leap = days(year, 3, 1)? - days(year, 2, 1)? == 29;
    Some(days(year, 1, 1)? + day + u64::from(is_leap && day >= 59))
}

/// Days since 1970-01-01; `None` if there is no such month or no month has such a day. A day that the
/// month does not have is one of the next month: only differences of times matter, and logs are not worth
/// rejecting for it.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1_970..10_000).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    let first_of_month = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
    let hours = date(1970, 1, 1).duration_until(first_of_month).as_hours();
    Some(u64::try_from(hours).ok()? / 24 + day - 1)
}

#[cfg(test)]
mod tests;
