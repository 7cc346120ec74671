//! The schedulers that a scenario can name. Each is implemented in the machine.

use crate::format::declare::keywords;

keywords! {
    /// Who decides which modeled thread makes the next call.
    pub enum Scheduler {
        /// Calls cost modeled time, and threads are preempted by quantum: the only one whose rates are
        /// meaningful.
        Timed = "timed",
        /// A uniformly random enabled thread for each call.
        Random = "random",
        /// The enabled threads in turn.
        RoundRobin = "round-robin",
        /// A thread runs until it blocks: preemptions are only those that are pinned.
        Cooperative = "cooperative",
        /// Probabilistic concurrency testing: random priorities that change at two random calls.
        Pct = "pct",
        /// Delay bounding: a round without preemptions in which a thread is passed over at two random calls.
        DelayBounding = "delay-bounding",
        /// Partial-order sampling: random priorities of calls, drawn again on a conflict.
        Pos = "pos",
        /// Selectively uniform random walk: uniform over the orders of calls.
        Surw = "surw",
        /// Time-weighted random walk: random steps of modeled time.
        TimeWeighted = "time-weighted",
        /// A processor for every thread.
        Parallel = "parallel",
        /// One of several adversaries, drawn for each start of a service.
        Portfolio = "portfolio",
    }
}

impl Scheduler {
    /// Whether the scheduler searches for failures instead of modeling time: its rates say nothing
    /// about how often a failure occurs in reality.
    #[must_use]
    pub const fn is_adversary(self) -> bool {
        !matches!(self, Self::Timed)
    }

    /// Whether the scheduler needs the number of calls in advance.
    #[must_use]
    pub const fn needs_counts(self) -> bool {
        matches!(
            self,
            Self::Pct | Self::DelayBounding | Self::Surw | Self::Portfolio
        )
    }
}
