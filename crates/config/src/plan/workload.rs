//! The messages that arrive at a connector.

use kernel::{Duration, Instant, Ratio};

use super::quantity::{ByteSize, MIB};
use crate::format::declare::keywords;
use crate::format::declare::{choice, section};
use crate::format::key::scalar::{YEAR, quoted};
use crate::format::key::{Range, Section};
use crate::format::units::SIZE;

/// Messages of one burst, and of one workload.
const MESSAGES_MAX: u64 = 1_000_000_000;
/// Smallest and largest message, in bytes.
const SIZES: Range = 1..=1_024 * MIB;

keywords! {
    /// X.400 priority.
    pub enum Priority {
        /// Sent first, on its own association if necessary.
        Urgent = "urgent",
        /// The default.
        Normal = "normal",
        /// Sent last.
        NonUrgent = "non-urgent",
    }
}

section! {
    /// Messages for one connector. Their random choices are keyed by the workload's name and the
    /// message's ordinal.
    pub struct Workload {
        /// The connector at which the messages arrive.
        connector: String, names "connector";
        /// When messages arrive.
        #[key(flatten)]
        arrivals: Arrivals;
        /// Size of a message: one size, or a range in which every size is equally likely.
        size: SizeRange = SizeRange::exactly(ByteSize(4 * 1024)), in SIZES;
        /// The priority of messages.
        #[key(flatten)]
        priorities: Priorities = Priorities::All(Priority::Normal);
        /// When the workload starts; its other times count from here.
        start: Instant = Instant::ZERO;
        /// When the workload ends; no message arrives from here on.
        end: Option<Instant> = None, default "the end of `duration`";
        /// The largest number of messages.
        limit: Option<u64> = None, default "no limit", in 0..=MESSAGES_MAX;
        /// Ordinals of messages to leave out, from 0; the random choices of the others stay the same.
        omit: Vec<u64> = Vec::new();
    }
}

choice! {
    /// When messages arrive, counted from the workload's start.
    pub enum Arrivals {
        /// One message per interval, the first after one interval.
        "every" => Every(interval: Duration), in 1..=YEAR;
        /// A Poisson process.
        "poisson" => Poisson {
            /// Mean time between two messages.
            mean: Duration, in 1..=YEAR;
        };
        /// Messages at these times.
        "at" => At(times: Vec<Instant>), in 1..=100_000;
        /// Many messages in a row.
        "burst" => Burst {
            /// When the first message arrives.
            at: Instant;
            /// Number of messages.
            count: u64, in 1..=MESSAGES_MAX;
            /// Time between two messages.
            spacing: Duration = Duration::ZERO;
        };
    }
}

section! {
    /// Sizes from `from` to `to`, every number of bytes equally likely.
    #[derive(Copy)]
    pub struct SizeRange {
        /// The smallest size.
        from: ByteSize, in SIZES;
        /// The largest size.
        to: ByteSize, in SIZES;
    }
    impl {
        fn read_scalar(node: &SpannedItem<'_>) -> Self {
            Self::exactly(ByteSize::read(node, &ByteSize(0)))
        }

        fn to_scalar(&self) -> Option<String> {
            (self.from == self.to).then(|| quoted(&(SIZE.show)(self.from.0)))
        }

        fn scalar(key: &Key) -> Option<Scalar> {
            let Shape::Scalar(size) = ByteSize::shape(key) else {
                return None;
            };
            Some(size)
        }
    }
}

choice! {
    /// The priorities of a workload's messages.
    #[derive(Copy)]
    pub enum Priorities {
        /// The priority of all messages.
        "priority" => All(priority: Priority);
        /// Random priorities; the remaining messages are normal.
        "mix" => Mix {
            /// Fraction of urgent messages.
            urgent: Ratio = Ratio::ZERO;
            /// Fraction of non-urgent messages.
            non_urgent: Ratio = Ratio::ZERO;
        };
    }
}

impl Workload {
    /// A workload with every other setting at its default.
    #[must_use]
    pub fn new(connector: &str, arrivals: Arrivals) -> Self {
        Self {
            connector: connector.to_owned(),
            arrivals,
            ..Section::blank()
        }
    }
}

impl SizeRange {
    /// Every message has the same size.
    #[must_use]
    pub const fn exactly(size: ByteSize) -> Self {
        Self {
            from: size,
            to: size,
        }
    }
}
