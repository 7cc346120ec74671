//! Resolves stamps in the order of a log: which of day and month comes first, and which day a time
//! without a date belongs to.

use std::time::Duration;

use crate::timestamp::{DAY, Day, Stamp};

/// How far a clock may be set back, as at the end of summer time. A time of day that is further behind
/// the one before it is of the next day.
const SET_BACK_MAX: i64 = 2 * 3_600_000;
/// How far times may go back because threads and collectors write at almost the same time.
pub(crate) const JITTER: Duration = Duration::from_secs(1);
/// How far two times can be wrong that are exact to the minute.
const MINUTE: Duration = Duration::from_secs(60);
/// Days of a year, for stamps without one.
const YEAR: u64 = 365;

/// A point in time, for comparison with others of the same log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    scale: TimeScale,
    /// Milliseconds since the start of the scale.
    millis: i64,
}

/// What a timestamp counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TimeScale {
    /// 1970-01-01.
    Dated,
    /// The start of the year in which the log begins.
    OfYear,
    /// The midnight before the log begins.
    OfDay,
}

/// How exact the times of a log are, the most exact first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exactness {
    #[default]
    Second,
    Minute,
    /// `10:05` is hours and minutes, or minutes and seconds.
    MinuteOrSecond,
}

/// The longest times between one line and the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pauses {
    latest: Option<Timestamp>,
    /// The line after each pause, and its length: only those that no later one exceeds.
    longest: Vec<(u64, Duration)>,
}

/// The largest number of pauses that are kept.
const PAUSES_MAX: usize = 1_000;

/// How a stamp follows the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockStep {
    /// It is later, or earlier by no more than threads that write at almost the same time.
    #[default]
    Forward,
    /// It is earlier: the clock was set back, or the lines are not in the order in which they were written.
    Back(Duration),
    /// Nothing tells how much time has passed: a time of day is so far behind the one before it that either
    /// the clock was set back or midnight has passed, or one stamp has a date and the other has none.
    Doubtful,
}

/// The order of day and month in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    /// As on American systems.
    #[default]
    MonthFirst,
    /// As on most others.
    DayFirst,
}

/// What decides the order of day and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderProof {
    /// No stamp depends on it.
    NotNeeded,
    /// A number above 12, which is a day.
    Calendar,
    /// Both are possible, and give the same times between stamps: all are of one day.
    Undecided,
    /// Both are possible. With this order the log has shorter gaps. The longest gap with the other
    /// order.
    ShorterGaps(Duration),
    /// There are days above 12 in both places: the log has stamps of two forms.
    Contradictory,
}

/// Finds the order of day and month from all stamps of a log.
#[derive(Clone, Copy, Debug, Default)]
pub struct DateSurvey {
    /// Whether a stamp is of another day in the other order.
    is_ambiguous: bool,
    month_first: Reading,
    day_first: Reading,
}

/// The stamps read in one order.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// Stamps that are no date in this order.
    impossible: u64,
    latest: Option<i64>,
    /// All steps of the log, forward or back, in milliseconds.
    steps: i64,
    longest_step: i64,
}

impl Timestamp {
    /// Whether both have a date, or both lack the same parts of one.
    #[must_use]
    pub fn is_comparable(self, other: Self) -> bool {
        self.scale == other.scale
    }

    /// The time since `earlier`; zero if the clock went back, or if one has a date and the other has
    /// none.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let passed = match self.scale == earlier.scale {
            true => self.millis.saturating_sub(earlier.millis),
            false => 0,
        };
        Duration::from_millis(u64::try_from(passed).unwrap_or(0))
    }
}

impl Exactness {
    pub(crate) const fn of(stamp: Stamp) -> Self {
        match (stamp.has_seconds, stamp.has_hour) {
            (true, _) => Self::Second,
            (false, true) => Self::Minute,
            (false, false) => Self::MinuteOrSecond,
        }
    }

    /// The shortest time that may have passed if the stamps say `passed`. A stamp that is exact to the minute
    /// may be wrong by almost one.
    pub(crate) fn least(self, passed: Duration) -> Duration {
        match self {
            Self::Second => passed,
            Self::Minute => passed.saturating_sub(MINUTE),
            Self::MinuteOrSecond => (passed / 60).saturating_sub(Duration::from_secs(1)),
        }
    }

    /// The longest time.
    pub(crate) fn most(self, passed: Duration) -> Duration {
        match self {
            Self::Second => passed,
            Self::Minute | Self::MinuteOrSecond => passed + MINUTE,
        }
    }
}

impl Pauses {
    /// Takes in the time of the next line.
    pub(crate) fn add(&mut self, line: u64, at: Timestamp) {
        let pause = self.latest.map_or(Duration::ZERO, |it| at.since(it));
        self.latest = Some(at);
        if pause.is_zero() {
            return;
        }
        while self.longest.pop_if(|it| it.1 <= pause).is_some() {}
        let is_full = self.longest.len() == PAUSES_MAX;
        match self.longest.last_mut() {
            // A longer pause than there was: no age becomes more certain by it.
            Some(last) if is_full => last.0 = line,
            _ => self.longest.push((line, pause)),
        }
    }

    /// The longest pause after this line.
    pub(crate) fn after(&self, line: u64) -> Duration {
        let at = self.longest.partition_point(|it| it.0 <= line);
        self.longest.get(at).map_or(Duration::ZERO, |it| it.1)
    }
}

/// Turns stamps into times, in the order of a log.
#[derive(Clone, Copy, Debug)]
pub struct LogClock {
    order: DateOrder,
    latest: Option<Timestamp>,
    step: ClockStep,
}

impl LogClock {
    /// A clock before the first stamp.
    #[must_use]
    pub const fn new(order: DateOrder) -> Self {
        Self {
            order,
            latest: None,
            step: ClockStep::Forward,
        }
    }

    /// How the last stamp follows the one before it.
    #[must_use]
    pub const fn step(&self) -> ClockStep {
        self.step
    }

    /// How many midnights lie between the first stamp and the last if none has a date: so often the time of
    /// day went back.
    #[must_use]
    pub fn midnights(&self) -> u64 {
        let latest = self.latest.filter(|it| it.scale == TimeScale::OfDay);
        latest.map_or(0, |it| u64::try_from(it.millis / DAY).unwrap_or(0))
    }

    /// The time of the next stamp.
    pub fn read(&mut self, stamp: Stamp) -> Timestamp {
        self.step = ClockStep::Forward;
        let at = match stamp.day {
            Day::Known(day) => dated(day, stamp),
            Day::Either { .. } => dated(chosen(stamp.day, self.order).unwrap_or(0), stamp),
            Day::OfYear(day) => self.unwrapped(TimeScale::OfYear, day, stamp, YEAR),
            Day::Unknown => match self.latest {
                // A stamp without a date among others is of the same day, or of the next one.
                Some(latest) if latest.scale != TimeScale::OfDay => {
                    let day = u64::try_from(latest.millis / DAY).unwrap_or(0);
                    self.unwrapped(latest.scale, day, stamp, 1)
                }
                _ => self.unwrapped(TimeScale::OfDay, 0, stamp, 1),
            },
        };
        if let Some(latest) = self.latest {
            let back = latest.since(at);
            if !latest.is_comparable(at) {
                self.step = ClockStep::Doubtful;
            } else if back > JITTER {
                self.step = ClockStep::Back(back);
            }
        }
        self.latest = Some(at);
        at
    }

    /// A time of a scale that starts again every `period` days.
    fn unwrapped(&mut self, scale: TimeScale, day: u64, stamp: Stamp, period: u64) -> Timestamp {
        let mut millis = millis(day, stamp);
        if let Some(latest) = self.latest.filter(|it| it.scale == scale) {
            let period = millis_of(period);
            let ahead = (latest.millis - millis).max(0);
            // The same time in the period of the latest one, or in the next if it would be far behind.
            millis += ahead / period * period;
            let behind = ahead % period;
            let is_year = scale == TimeScale::OfYear;
            let stays = behind <= if is_year { period / 2 } else { SET_BACK_MAX };
            if !stays {
                millis += period;
                // The clock was set back by hours, or nothing was written for longer than half a day.
                if behind < period / 2 {
                    self.step = ClockStep::Doubtful;
                }
            }
        }
        Timestamp { scale, millis }
    }
}

fn dated(day: u64, stamp: Stamp) -> Timestamp {
    Timestamp {
        scale: TimeScale::Dated,
        millis: millis(day, stamp),
    }
}

fn millis(day: u64, stamp: Stamp) -> i64 {
    millis_of(day) + stamp.millis
}

fn millis_of(days: u64) -> i64 {
    i64::try_from(days).unwrap_or(0) * DAY
}

/// The day in this order, or in the other one if it is no date in this one.
fn chosen(day: Day, order: DateOrder) -> Option<u64> {
    let Day::Either {
        month_first,
        day_first,
    } = day
    else {
        return None;
    };
    match order {
        DateOrder::MonthFirst => month_first.or(day_first),
        DateOrder::DayFirst => day_first.or(month_first),
    }
}

impl DateSurvey {
    /// Takes in the next stamp of the log.
    pub fn add(&mut self, stamp: Stamp) {
        if let Day::Either {
            month_first,
            day_first,
        } = stamp.day
        {
            self.is_ambiguous |= month_first != day_first;
            self.month_first.add(month_first, stamp);
            self.day_first.add(day_first, stamp);
        }
    }

    /// Whether any stamp depends on the order.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        self.month_first.latest.is_some() || self.day_first.latest.is_some()
    }

    /// The order, and what decides it.
    #[must_use]
    pub fn order(&self) -> (DateOrder, OrderProof) {
        let (month_first, day_first) = (&self.month_first, &self.day_first);
        let longest = |reading: &Reading| {
            let millis = u64::try_from(reading.longest_step).unwrap_or(0);
            OrderProof::ShorterGaps(Duration::from_millis(millis))
        };
        match (month_first.impossible, day_first.impossible) {
            (0, 0) if day_first.steps < month_first.steps => {
                (DateOrder::DayFirst, longest(month_first))
            }
            (0, 0) if month_first.steps < day_first.steps => {
                (DateOrder::MonthFirst, longest(day_first))
            }
            (0, 0) if self.is_ambiguous => (DateOrder::MonthFirst, OrderProof::Undecided),
            (0, 0) => (DateOrder::MonthFirst, OrderProof::NotNeeded),
            (0, _) => (DateOrder::MonthFirst, OrderProof::Calendar),
            (_, 0) => (DateOrder::DayFirst, OrderProof::Calendar),
            (_, _) => (DateOrder::MonthFirst, OrderProof::Contradictory),
        }
    }
}

impl Reading {
    fn add(&mut self, day: Option<u64>, stamp: Stamp) {
        let Some(day) = day else {
            self.impossible += 1;
            return;
        };
        let at = millis(day, stamp);
        // Some logs have the newest entry first: the direction of a step does not matter.
        let step = self.latest.map_or(0, |latest| (at - latest).abs());
        self.steps = self.steps.saturating_add(step);
        self.longest_step = self.longest_step.max(step);
        self.latest = Some(at);
    }
}

impl DateOrder {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::MonthFirst => Self::DayFirst,
            Self::DayFirst => Self::MonthFirst,
        }
    }

    /// `month first` or `day first`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MonthFirst => "month first",
            Self::DayFirst => "day first",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::take;

    fn stamp(text: &str) -> Stamp {
        take(text.as_bytes()).expect(text).0
    }

    /// Seconds from the first stamp to the last.
    fn passed(order: DateOrder, texts: &[&str]) -> u64 {
        let mut clock = LogClock::new(order);
        let times: Vec<Timestamp> = texts.iter().map(|it| clock.read(stamp(it))).collect();
        times[times.len() - 1].since(times[0]).as_secs()
    }

    fn surveyed(texts: &[&str]) -> (DateOrder, OrderProof) {
        let mut survey = DateSurvey::default();
        texts.iter().for_each(|it| survey.add(stamp(it)));
        survey.order()
    }

    #[test]
    fn time_passes_midnight_and_the_new_year_and_never_goes_back() {
        let passed = |texts: &[&str]| passed(DateOrder::MonthFirst, texts);
        assert_eq!(passed(&["23:59:30", "00:00:30"]), 60);
        assert_eq!(passed(&["10:00:00", "09:59:59"]), 0);
        assert_eq!(passed(&["10:00:00", "22:00:00", "09:59:59"]), 86_399);
        // Three midnights.
        let days = [
            "20:00:00", "08:00:00", "20:00:00", "08:00:00", "20:00:00", "08:00:00",
        ];
        assert_eq!(passed(&days), 2 * 86_400 + 12 * 3_600);
        assert_eq!(passed(&["Dec 31 23:59:30", "Jan  1 00:00:30"]), 60);
        assert_eq!(passed(&["2001-12-31 23:59:30", "2002-01-01 00:00:30"]), 60);
        assert_eq!(passed(&["2001-06-06 10:00:00", "2001-06-06 09:00:00"]), 0);
        let offset = ["2001-06-06T23:30:00+02:00", "2001-06-06T21:31:00Z"];
        assert_eq!(passed(&offset), 60);
        // A time of day among dates.
        assert_eq!(passed(&["2001-06-06 23:59:30", "00:00:30"]), 60);
        assert_eq!(passed(&["12:00:00", "2001-06-06 10:00:00"]), 0);
    }

    #[test]
    fn a_clock_that_goes_back_is_noticed() {
        let steps = |texts: &[&str]| -> Vec<ClockStep> {
            let mut clock = LogClock::new(DateOrder::MonthFirst);
            let steps = texts.iter().map(|it| {
                clock.read(stamp(it));
                clock.step()
            });
            steps.collect()
        };
        let back = |seconds| ClockStep::Back(Duration::from_secs(seconds));
        let last = |texts: &[&str]| steps(texts).pop().expect("a step");
        assert_eq!(last(&["10:00:00", "09:59:59"]), ClockStep::Forward);
        assert_eq!(last(&["10:00:00", "09:59:58"]), back(2));
        assert_eq!(last(&["10:00:00", "08:00:00"]), back(7_200));
        assert_eq!(
            last(&["2001-06-06 10:00:00", "2001-06-06 09:00:00"]),
            back(3_600)
        );
        assert_eq!(
            last(&["2001-06-06 10:00:00", "2001-06-05 10:00:00"]),
            back(86_400)
        );
        assert_eq!(last(&["Jun  6 10:00:00", "Jun  5 10:00:00"]), back(86_400));
        assert_eq!(
            last(&["Dec 31 23:59:30", "Jan  1 00:00:30"]),
            ClockStep::Forward
        );
        // Three hours back, or 21 hours without a line.
        assert_eq!(last(&["15:00:00", "12:00:00"]), ClockStep::Doubtful);
        assert_eq!(last(&["20:00:00", "07:00:00"]), ClockStep::Forward);
        assert_eq!(
            last(&["2001-06-06 15:00:00", "12:00:00"]),
            ClockStep::Doubtful
        );
        assert_eq!(
            last(&["12:00:00", "2001-06-06 15:00:00"]),
            ClockStep::Doubtful
        );
        // The offset tells that no time went back.
        assert_eq!(
            last(&["2001-10-28T02:59:59+02:00", "2001-10-28T02:00:00+01:00"]),
            ClockStep::Forward
        );
    }

    #[test]
    fn the_whole_log_decides_the_order_of_day_and_month() {
        let midnight = ["06/06/2001 23:59:50", "07/06/2001 00:00:50"];
        let (order, proof) = surveyed(&midnight);
        assert_eq!(order, DateOrder::DayFirst);
        assert!(matches!(proof, OrderProof::ShorterGaps(gap) if gap.as_secs() > 29 * 86_400));
        assert_eq!(passed(order, &midnight), 60);
        // The other way round in America, and newest first.
        let american = ["06/07/2001 00:00:50", "06/06/2001 23:59:50"];
        assert_eq!(surveyed(&american).0, DateOrder::MonthFirst);
        // A later line decides.
        let late = [
            "01/02/2001 10:00:00",
            "02/02/2001 10:00:00",
            "13/02/2001 10:00:00",
        ];
        assert_eq!(surveyed(&late), (DateOrder::DayFirst, OrderProof::Calendar));
        let one_day = ["05/06/2001 10:00:00", "05/06/2001 11:00:00"];
        assert_eq!(surveyed(&one_day).1, OrderProof::Undecided);
        let same = ["06/06/2001 10:00:00", "06/06/2001 11:00:00"];
        assert_eq!(surveyed(&same).1, OrderProof::NotNeeded);
        let both = ["13/06/2001 10:00:00", "06/14/2001 11:00:00"];
        assert_eq!(surveyed(&both).1, OrderProof::Contradictory);
    }
}
