//! The messages of a workload: when each arrives, and what it is.
//!
//! Every message has its own random choices, keyed by its ordinal, so that leaving one out
//! changes none of the others.

use kernel::{Choices, Duration, Instant, Site, key, mix};
use mta::Submission;

use config::plan::{Arrivals, Priorities, Priority, Workload};

const GAP: Site = Site::new("workload.gap");
const SIZE: Site = Site::new("workload.size");
const PRIORITY: Site = Site::new("workload.priority");

/// One workload as a source of messages.
#[derive(Debug)]
pub(crate) struct MessageSource {
    plan: Workload,
    key: u64,
    end: Instant,
    choices: Choices,
}

impl MessageSource {
    /// The workload `name` in a scenario that lasts `duration`.
    pub(crate) fn new(name: &str, plan: Workload, duration: Duration, choices: Choices) -> Self {
        Self {
            key: key(name),
            end: plan.end.unwrap_or(Instant::ZERO + duration),
            plan,
            choices,
        }
    }

    /// From the next draw on, uses `choices`.
    pub(crate) fn reseed(&mut self, choices: Choices) {
        self.choices = choices;
    }

    /// The time before which no message arrives.
    pub(crate) fn start(&self) -> Instant {
        self.plan.start
    }

    /// Whether the rest of a wait for a message is independent of how long it has lasted.
    pub(crate) fn is_memoryless(&self) -> bool {
        matches!(self.plan.arrivals, Arrivals::Poisson { .. })
    }

    /// When message `ordinal` (from 0) arrives, given when the previous one did; `None` if there
    /// are no more.
    pub(crate) fn arrival(&self, ordinal: u64, previous: Option<Instant>) -> Option<Instant> {
        if ordinal >= self.plan.limit.unwrap_or(u64::MAX) {
            return None;
        }
        let start = self.plan.start;
        let at = match &self.plan.arrivals {
            Arrivals::Every(interval) => previous.unwrap_or(start).saturating_add(*interval),
            Arrivals::Poisson { mean } => {
                let gap = self
                    .choices
                    .rng(GAP, self.key, [ordinal, 0])
                    .exponential(*mean);
                previous.unwrap_or(start).saturating_add(gap)
            }
            Arrivals::At(times) => {
                let time = times.get(usize::try_from(ordinal).ok()?)?;
                start.saturating_add(time.since_start())
            }
            Arrivals::Burst { count, .. } if ordinal >= *count => return None,
            Arrivals::Burst { at, spacing, .. } => match previous {
                None => start.saturating_add(at.since_start()),
                Some(previous) => previous.saturating_add(*spacing),
            },
        };
        (at < self.end).then_some(at)
    }

    /// Message `ordinal` (from 0) as it is submitted to a connector of its host; `None` if the
    /// scenario leaves it out. `first_number` is the number of message 0.
    pub(crate) fn message(
        &self,
        ordinal: u64,
        connector: u32,
        first_number: u32,
    ) -> Option<Submission> {
        if self.plan.omit.contains(&ordinal) {
            return None;
        }
        let (from, to) = (self.plan.size.from.0, self.plan.size.to.0);
        let length = if from == to {
            from
        } else {
            from + self
                .choices
                .rng(SIZE, self.key, [ordinal, 0])
                .below(to - from + 1)
        };
        Some(Submission {
            connector,
            message: first_number + u32::try_from(ordinal).expect("the format limits messages"),
            rng_key: mix(self.key, ordinal),
            length: u32::try_from(length).expect("the format limits sizes"),
            priority: self.priority(ordinal),
        })
    }

    fn priority(&self, ordinal: u64) -> mta::Priority {
        let priority = match self.plan.priorities {
            Priorities::All(priority) => priority,
            Priorities::Mix { urgent, non_urgent } => {
                // One draw decides: `urgent` takes the lowest words and `non_urgent` the highest, so
                // both are fractions of all messages.
                let word = self
                    .choices
                    .rng(PRIORITY, self.key, [ordinal, 0])
                    .next_u64();
                if urgent.contains(word) {
                    Priority::Urgent
                } else if non_urgent.contains(!word) {
                    Priority::NonUrgent
                } else {
                    Priority::Normal
                }
            }
        };
        match priority {
            Priority::Urgent => mta::Priority::Urgent,
            Priority::Normal => mta::Priority::Normal,
            Priority::NonUrgent => mta::Priority::NonUrgent,
        }
    }
}
