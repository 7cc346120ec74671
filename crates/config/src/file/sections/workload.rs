//! The keys of `[workload.NAME]`.

use kernel::{Duration, Instant, Ratio};

use super::super::fields::{Choice, Fields, Key, Section, Shorthand};
use super::super::value::YEAR;
use super::{MIB, NANOSECOND};
use crate::plan::{Arrivals, ByteSize, Priorities, Priority, SizeRange, Workload};

/// Messages of one burst, and of one workload.
const MESSAGES_MAX: u64 = 1_000_000_000;

impl Section for Workload {
    fn blank() -> Self {
        Self::new("", Arrivals::Every(Duration::ZERO))
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.required(
            Key::new("connector", "The connector at which the messages arrive."),
            &mut self.connector,
        );
        fields.one_of(&mut self.arrivals, None);
        fields.either(
            Key::new(
                "size",
                "How large messages are: one size, or any size from one to another.",
            )
            .within(1, 1_024 * MIB),
            &mut self.size,
            default.size,
        );
        fields.one_of(&mut self.priorities, Some(default.priorities));
        fields.value(
            Key::new(
                "start",
                "Nothing arrives before; other times of the workload count from here.",
            ),
            &mut self.start,
            default.start,
        );
        fields.optional(
            Key::new("end", "Nothing arrives from here on.").default("the end of `duration`"),
            &mut self.end,
        );
        fields.optional(
            Key::new("limit", "The greatest number of messages.")
                .within(0, MESSAGES_MAX)
                .default("no limit"),
            &mut self.limit,
        );
        fields.value(
            Key::new(
                "omit",
                "Ordinals, from 0, of messages left out; the luck of the others stays as it was.",
            ),
            &mut self.omit,
            default.omit.clone(),
        );
    }
}

impl Choice for Arrivals {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::Every(Duration::ZERO),
            Self::Poisson {
                mean: Duration::ZERO,
            },
            Self::At(Vec::new()),
            Self::Burst {
                at: Instant::ZERO,
                count: 1,
                spacing: Duration::ZERO,
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::Every(_) => Key::new(
                "every",
                "One message each interval, the first after one interval.",
            )
            .within(NANOSECOND, YEAR),
            Self::Poisson { .. } => Key::new("poisson", "A Poisson process."),
            Self::At(_) => Key::new("at", "Messages at these times.").within(1, 100_000),
            Self::Burst { .. } => Key::new("burst", "Many messages in a row."),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Every(interval) => fields.required(key, interval),
            Self::Poisson { mean } => fields.table(key, |fields| {
                fields.required(
                    Key::new("mean", "Mean time between two messages.").within(NANOSECOND, YEAR),
                    mean,
                );
            }),
            Self::At(times) => fields.required(key, times),
            Self::Burst { at, count, spacing } => fields.table(key, |fields| {
                fields.required(Key::new("at", "When the first arrives."), at);
                fields.required(
                    Key::new("count", "How many arrive.").within(1, MESSAGES_MAX),
                    count,
                );
                fields.value(
                    Key::new("spacing", "Time between two of them."),
                    spacing,
                    Duration::ZERO,
                );
            }),
        }
    }
}

impl Section for SizeRange {
    fn blank() -> Self {
        Self::exactly(ByteSize(1))
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(
            Key::new("from", "The smallest size.").within(1, 1_024 * MIB),
            &mut self.from,
        );
        fields.required(
            Key::new("to", "The greatest size.").within(1, 1_024 * MIB),
            &mut self.to,
        );
        let range = *self;
        fields.demand(Some("to"), || {
            if range.from <= range.to {
                Ok(())
            } else {
                Err("the greatest size is below the smallest".to_owned())
            }
        });
    }
}

impl Shorthand for SizeRange {
    type Scalar = ByteSize;

    fn expand(scalar: ByteSize) -> Self {
        Self::exactly(scalar)
    }

    fn abbreviate(&self) -> Option<ByteSize> {
        (self.from == self.to).then_some(self.from)
    }
}

impl Choice for Priorities {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::All(Priority::Normal),
            Self::Mix {
                urgent: Ratio::ZERO,
                non_urgent: Ratio::ZERO,
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::All(_) => Key::new("priority", "How urgent all messages are."),
            Self::Mix { .. } => Key::new(
                "mix",
                "How urgent messages are, by chance; what remains is normal.",
            ),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::All(priority) => fields.required(key, priority),
            Self::Mix { urgent, non_urgent } => fields.table(key, |fields| {
                fields.value(
                    Key::new("urgent", "Share of urgent messages."),
                    urgent,
                    Ratio::ZERO,
                );
                fields.value(
                    Key::new("non_urgent", "Share of non-urgent messages."),
                    non_urgent,
                    Ratio::ZERO,
                );
                let (urgent, non_urgent) = (*urgent, *non_urgent);
                fields.demand(None, || shares_fit(urgent, non_urgent));
            }),
        }
    }
}

/// Two shares of one whole: rounded up to 2^-64, together at most all of it.
fn shares_fit(urgent: Ratio, non_urgent: Ratio) -> Result<(), String> {
    if urgent.of_two_to_64() + non_urgent.of_two_to_64() <= 1 << 64 {
        Ok(())
    } else {
        Err(format!(
            "{urgent} and {non_urgent} are together more than all"
        ))
    }
}
