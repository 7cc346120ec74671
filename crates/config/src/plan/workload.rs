//! The messages that arrive at a connector.
//!
//! Owns [`Workload`]: when, how large, how urgent. It refuses to draw: the process is data, and
//! its luck is keyed by the workload's name and the message's ordinal.

use kernel::{Duration, Instant, Ratio};

use super::keyword::keywords;
use super::quantity::ByteSize;

keywords! {
    /// X.400 priority.
    pub enum Priority {
        /// Sent first, on its own association if need be.
        Urgent = "urgent",
        /// The usual.
        Normal = "normal",
        /// Sent last.
        NonUrgent = "non-urgent",
    }
}

/// Messages for one connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The connector, by name.
    pub connector: String,
    /// When they arrive.
    pub arrivals: Arrivals,
    /// How large they are.
    pub size: SizeRange,
    /// How urgent they are.
    pub priorities: Priorities,
    /// Nothing arrives before; times of `arrivals` count from here.
    pub start: Instant,
    /// Nothing arrives from here on; `None` is the end of the scenario's duration.
    pub end: Option<Instant>,
    /// The greatest number of messages; `None` for no limit.
    pub limit: Option<u64>,
    /// Ordinals (from 0) of messages left out; the luck of the others stays as it was.
    pub omit: Vec<u64>,
}

/// When messages arrive, counted from the workload's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// One each interval, the first after one interval.
    Every(Duration),
    /// A Poisson process.
    Poisson {
        /// Mean time between two messages.
        mean: Duration,
    },
    /// At these times exactly.
    At(Vec<Instant>),
    /// Many in a row.
    Burst {
        /// When the first arrives.
        at: Instant,
        /// How many.
        count: u64,
        /// Time between two of them.
        spacing: Duration,
    },
}

/// Sizes from `from` to `to`, each byte count as likely as any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRange {
    /// The smallest size.
    pub from: ByteSize,
    /// The greatest size.
    pub to: ByteSize,
}

/// How priorities are dealt out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priorities {
    /// The same for all.
    All(Priority),
    /// By chance; what remains is normal.
    Mix {
        /// Share of urgent messages.
        urgent: Ratio,
        /// Share of non-urgent messages.
        non_urgent: Ratio,
    },
}

impl Workload {
    /// A workload with every other setting at its default.
    #[must_use]
    pub fn new(connector: &str, arrivals: Arrivals) -> Self {
        Self {
            connector: connector.to_owned(),
            arrivals,
            size: SizeRange::exactly(ByteSize(4 * 1024)),
            priorities: Priorities::All(Priority::Normal),
            start: Instant::ZERO,
            end: None,
            limit: None,
            omit: Vec::new(),
        }
    }
}

impl SizeRange {
    /// Every message of the same size.
    #[must_use]
    pub const fn exactly(size: ByteSize) -> Self {
        Self {
            from: size,
            to: size,
        }
    }
}
