//! Messages that arrive from above.
//!
//! Owns when the n-th message of a workload comes, and what it is: every one by its own luck. It
//! refuses to know what becomes of it.

use kernel::{Choices, Duration, Instant, Site, key, mix};
use mta::Submission;

use config::plan::{Arrivals, Priorities, Priority, Workload};

const GAP: Site = Site::new("workload.gap");
const SIZE: Site = Site::new("workload.size");
const PRIORITY: Site = Site::new("workload.priority");

/// One workload, as the world keeps it.
#[derive(Debug)]
pub(crate) struct Source {
    plan: Workload,
    key: u64,
    /// The first of its messages' numbers.
    numbers: u32,
    connector: u32,
    end: Instant,
    choices: Choices,
}

impl Source {
    /// The messages of a workload at a connector, counted among its host's; `numbers` is the first of
    /// theirs.
    pub(crate) fn new(
        name: &str,
        plan: Workload,
        (numbers, connector): (u32, u32),
        duration: Duration,
        choices: Choices,
    ) -> Self {
        let end = plan.end.unwrap_or(Instant::ZERO + duration);
        Self {
            plan,
            key: key(name),
            numbers,
            connector,
            end,
            choices,
        }
    }

    /// From the next draw on luck is that of `choices`.
    pub(crate) fn renew(&mut self, choices: Choices) {
        self.choices = choices;
    }

    /// Before this nothing comes.
    pub(crate) fn start(&self) -> Instant {
        self.plan.start
    }

    /// Whether what is left of the wait for a message does not depend on how long it lasts
    /// already.
    pub(crate) fn is_memoryless(&self) -> bool {
        matches!(self.plan.arrivals, Arrivals::Poisson { .. })
    }

    /// When message `ordinal` comes, given when the one before it came.
    pub(crate) fn arrival(&self, ordinal: u64, before: Option<Instant>) -> Option<Instant> {
        if ordinal >= self.plan.limit.unwrap_or(u64::MAX) {
            return None;
        }
        let start = self.plan.start;
        let at = match &self.plan.arrivals {
            Arrivals::Every(interval) => before.unwrap_or(start).saturating_add(*interval),
            Arrivals::Poisson { mean } => {
                let gap = self
                    .choices
                    .rng(GAP, self.key, [ordinal, 0])
                    .exponential(*mean);
                before.unwrap_or(start).saturating_add(gap)
            }
            Arrivals::At(times) => {
                let time = times.get(usize::try_from(ordinal).ok()?)?;
                start.saturating_add(time.since_start())
            }
            Arrivals::Burst { count, .. } if ordinal >= *count => return None,
            Arrivals::Burst { at, spacing, .. } => match before {
                None => start.saturating_add(at.since_start()),
                Some(before) => before.saturating_add(*spacing),
            },
        };
        (at < self.end).then_some(at)
    }

    /// Message `ordinal`, unless the scenario leaves it out.
    pub(crate) fn message(&self, ordinal: u64) -> Option<Submission> {
        if self.plan.omit.contains(&ordinal) {
            return None;
        }
        let small = u32::try_from(ordinal).expect("a run takes few messages");
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
            connector: self.connector,
            message: self.numbers + small,
            key: mix(self.key, ordinal),
            length: u32::try_from(length).expect("a size is limited by the scenario's format"),
            priority: self.priority(ordinal),
        })
    }

    fn priority(&self, ordinal: u64) -> mta::Priority {
        let priority = match self.plan.priorities {
            Priorities::All(priority) => priority,
            Priorities::Mix { urgent, non_urgent } => {
                // One word decides, so that both shares are shares of all messages.
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
