//! Counts over a log, and a forecast of when the pool is exhausted.

use std::time::Duration;

use crate::allocation::{Allocation, Diagnosis};
use crate::consistency::Contradictions;
use crate::line::{AboutBlocks, LineForm, ParsedLine};

/// The smallest number of steps forward for each step back in a log whose lines are in order.
const ORDERED_MIN: u64 = 20;

/// What became of the allocations of one service run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocationTotals {
    /// The number of the service run, from 1.
    pub service: u32,
    /// Whether the log contains its start.
    pub is_whole: bool,
    /// Allocations.
    pub allocated: u64,
    /// Allocations that leaked.
    pub leaked: u64,
    /// Allocations that are suspected to have leaked.
    pub suspected: u64,
    /// Allocations in use at the end.
    pub in_use: u64,
    /// Allocations that ended.
    pub closed: u64,
    /// Allocations of which the log does not tell.
    pub unknown: u64,
    /// Allocations that leaked, or are suspected to have leaked, by order alone.
    pub by_order: u64,
    /// From its first timestamp to its last.
    pub lasted: Option<Duration>,
    /// From its first timestamp to that of the last leaked allocation.
    pub leaked_within: Option<Duration>,
}

/// Times that go back from one line to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WentBack {
    /// How often.
    pub count: u64,
    /// The first line that is earlier than the one before it, of those with a time.
    pub line: u64,
    /// The line before it.
    pub earlier: u64,
    /// The largest step back.
    pub longest: Duration,
}

/// Counts over a whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSummary {
    /// Lines read.
    pub lines: u64,
    /// Lines of Winsock.log among them.
    pub log_lines: u64,
    /// Lines of Winsock.log of a form that no article shows.
    pub unknown_forms: u64,
    /// Lines of Winsock.log among those of unknown forms that may be about any block.
    pub damaged: u64,
    /// The first of them.
    pub first_damaged: u64,
    /// Lines that are neither of a Winsock.log nor of anything else that is known.
    pub left_out: u64,
    /// The first of them.
    pub first_left_out: u64,
    /// Lines whose time is exact to the minute only.
    pub coarse_stamps: u64,
    /// Those of them that may be minutes and seconds.
    pub unclear_stamps: u64,
    /// The longest time from a call to its answer.
    pub longest_call: Duration,
    /// Midnights that are inferred from times of day without a date.
    pub midnights: u64,
    /// Lines that begin with something that is not a time of a known form.
    pub unread_prefixes: u64,
    /// The first of them.
    pub first_unread_prefix: u64,
    /// The first line of a form that no article shows.
    pub first_unknown_form: u64,
    /// Lines that are later than the one before them, of those with a time.
    pub steps_forward: u64,
    /// Lines that are earlier than the one before them.
    pub steps_back: u64,
    /// Lines that are earlier by more than threads that write at almost the same time.
    pub went_back: WentBack,
    /// Lines of which nothing tells how long after the one before they were written: see
    /// [`crate::clock::ClockStep::Doubtful`].
    pub doubtful_steps: u64,
    /// The computers that the lines name, each with its first line; empty if they name fewer than two.
    pub hosts: Vec<(String, u64)>,
    /// What contradicts itself.
    pub contradictions: Contradictions,
    /// Service runs, complete or in part.
    pub services: u32,
    /// Whether the event log has fewer service runs, so that nothing tells which belong to each other.
    pub lacks_events: bool,
    /// How many calls may have been in progress at once, if order had to decide: as many as a parameter or
    /// the log itself says.
    pub calls_at_once: usize,
    /// All service runs together.
    pub total: AllocationTotals,
    /// The last service run.
    pub last: AllocationTotals,
}

/// When a pool will be exhausted, if blocks keep leaking at the same rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The size of the pool in blocks.
    pub pool: u64,
    /// Blocks that have not leaked and are not in use.
    pub free: u64,
    /// Allocations per leak.
    pub allocations_per_leak: f64,
    /// Allocations until no block is free, at this rate.
    pub allocations_left: f64,
    /// Leaks per hour, if the log has timestamps.
    pub leaks_per_hour: Option<f64>,
    /// Time until no block is free, at this rate.
    pub time_left: Option<Duration>,
}

impl WentBack {
    pub(crate) fn add(&mut self, line: u64, earlier: u64, back: Duration) {
        if self.count == 0 {
            (self.line, self.earlier) = (line, earlier);
        }
        self.count += 1;
        self.longest = self.longest.max(back);
    }
}

impl LogSummary {
    /// Whether times go back so often that no clock was set: the lines are not in the order in which they
    /// were written.
    pub(crate) fn is_out_of_order(&self) -> bool {
        let back = self.went_back.count;
        back > 1 && back * ORDERED_MIN > self.steps_forward
    }

    /// Whether lines could not be read that may be about a block.
    #[must_use]
    pub const fn has_unread(&self) -> bool {
        self.damaged + self.left_out > 0
    }

    /// Counts a line of a Winsock.log.
    pub(crate) fn count(&mut self, number: u64, line: &ParsedLine<'_>) {
        self.log_lines += 1;
        self.coarse_stamps += u64::from(line.at.is_some_and(|it| !it.has_seconds));
        self.unclear_stamps += u64::from(line.at.is_some_and(|it| !it.has_hour));
        if line.form == LineForm::Unknown {
            self.unknown_forms += 1;
            if self.unknown_forms == 1 {
                self.first_unknown_form = number;
            }
        }
        if line.about == AboutBlocks::Any {
            self.damaged += 1;
            if self.damaged == 1 {
                self.first_damaged = number;
            }
        }
        if line.has_unread_prefix {
            self.unread_prefixes += 1;
            if self.unread_prefixes == 1 {
                self.first_unread_prefix = number;
            }
        }
    }
}

impl AllocationTotals {
    pub(crate) fn count(&mut self, allocation: &Allocation) {
        let count = match allocation.diagnosis {
            Diagnosis::Leaked => &mut self.leaked,
            Diagnosis::Suspected => &mut self.suspected,
            Diagnosis::InUse => &mut self.in_use,
            Diagnosis::Closed => &mut self.closed,
            Diagnosis::Unknown => &mut self.unknown,
        };
        *count += 1;
    }

    /// Adds the counts of a later service run.
    pub(crate) fn add(&mut self, later: &Self) {
        self.allocated += later.allocated;
        self.by_order += later.by_order;
        self.leaked += later.leaked;
        self.suspected += later.suspected;
        self.in_use += later.in_use;
        self.closed += later.closed;
        self.unknown += later.unknown;
    }

    /// The forecast for a pool of this size; `None` if nothing leaks. `lasted` is how long this service run
    /// has lasted, used if the log has no timestamps.
    #[must_use]
    pub fn forecast(&self, pool: u64, lasted: Option<Duration>) -> Option<Forecast> {
        if self.leaked == 0 {
            return None;
        }
        let free = pool.saturating_sub(self.leaked + self.suspected + self.in_use + self.unknown);
        let leaked = self.leaked as f64;
        let allocations_per_leak = self.allocated as f64 / leaked;
        let lasted = self.lasted.or(lasted).filter(|it| !it.is_zero());
        let hours_per_leak = lasted.map(|it| it.as_secs_f64() / 3_600.0 / leaked);
        let left = |hours: f64| Duration::try_from_secs_f64(free as f64 * hours * 3_600.0);
        Some(Forecast {
            pool,
            free,
            allocations_per_leak,
            allocations_left: free as f64 * allocations_per_leak,
            leaks_per_hour: hours_per_leak.map(|it| 1.0 / it),
            time_left: hours_per_leak.and_then(|it| left(it).ok()),
        })
    }
}
