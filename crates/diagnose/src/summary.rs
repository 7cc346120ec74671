//! What the lives of a log add up to, and how fast the pool empties.
//!
//! Owns counts and the forecast. It refuses floating point but for what is shown: a pace.

use std::time::Duration;

use crate::entry::{Entry, Verdict};

/// What became of the allocations of one run of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Which start, from 1.
    pub service: u32,
    /// Whether the log has its beginning.
    pub is_whole: bool,
    /// Lives that began.
    pub allocated: u64,
    /// Lives that leaked.
    pub leaked: u64,
    /// Lives that last.
    pub in_use: u64,
    /// Lives that ended.
    pub closed: u64,
    /// Lives that cannot be told.
    pub unknown: u64,
    /// From its first time stamp to its last.
    pub lasted: Option<Duration>,
    /// From its first time stamp to that of the last leaked allocation.
    pub leaked_within: Option<Duration>,
}

/// What a whole log says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines read.
    pub lines: u64,
    /// Lines of Winsock.log among them.
    pub log_lines: u64,
    /// Those of them whose form no article shows.
    pub unknown_forms: u64,
    /// Runs of the service that the log shows, whole or in part.
    pub services: u32,
    /// All of them together.
    pub total: Totals,
    /// The last one.
    pub last: Totals,
}

/// How a pool empties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Blocks of the pool.
    pub pool: u64,
    /// Blocks that neither leaked nor are in use.
    pub free: u64,
    /// Allocations for each leak.
    pub allocations_per_leak: f64,
    /// Allocations until none is free, at this pace.
    pub allocations_left: f64,
    /// Leaks an hour, if the log has time stamps.
    pub leaks_per_hour: Option<f64>,
    /// Time until none is free, at this pace.
    pub time_left: Option<Duration>,
}

impl Totals {
    pub(crate) fn count(&mut self, entry: &Entry) {
        let count = match entry.verdict {
            Verdict::Leaked => &mut self.leaked,
            Verdict::InUse => &mut self.in_use,
            Verdict::Closed => &mut self.closed,
            Verdict::Unknown => &mut self.unknown,
        };
        *count += 1;
    }

    /// Adds a later run of the service.
    pub(crate) fn add(&mut self, later: &Self) {
        self.allocated += later.allocated;
        self.leaked += later.leaked;
        self.in_use += later.in_use;
        self.closed += later.closed;
        self.unknown += later.unknown;
    }

    /// How a pool of this size empties if it goes on like this; `None` if nothing leaks.
    /// `lasted` is how long this run of the service has lasted, if something else than the log's
    /// own stamps says so.
    #[must_use]
    pub fn forecast(&self, pool: u64, lasted: Option<Duration>) -> Option<Forecast> {
        if self.leaked == 0 {
            return None;
        }
        let free = pool.saturating_sub(self.leaked + self.in_use + self.unknown);
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
