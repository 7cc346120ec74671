//! The plan of one run: a scenario after its file was read, every setting known.
//!
//! Owns [`Scenario`] and its parts: plain data with the kernel's quantities, to be compared,
//! cloned, edited and printed. It refuses text, positions in files and identifiers of a
//! running world: hosts, links and connectors are known by name here. What the settings mean,
//! and where their defaults come from, stands in `docs/scenario.md`.

mod connector;
mod expectation;
mod fault;
mod host;
mod keyword;
mod link;
mod pin;
mod quantity;
mod swarm;
mod workload;

use std::collections::BTreeMap;

pub use kernel::{Duration, Instant, Ratio};

pub use connector::Connector;
pub use expectation::{AssociationCounts, ExceptionCode, Expectations, ViolationKind};
pub use fault::{Fault, FaultKind, ResetScope, ThreadName, When};
pub use host::{Build, Host, TcpProfile};
pub use keyword::Keyword;
pub use link::{Direction, GilbertElliott, IndependentLoss, Link, Loss, Outages, Scope};
pub use pin::{
    DroppedPacket, OperationKind, OutageWindow, Pins, Preemption, PreemptionPoint, Reseed,
};
pub use quantity::{Bandwidth, ByteSize, CountRange, Epoch, Offset};
pub use swarm::{Domain, Swarm, Variation};
pub use workload::{Arrivals, Priorities, Priority, SizeRange, Workload};

use keyword::keywords;

keywords! {
    /// Who decides which modeled thread makes the next call.
    pub enum Scheduler {
        /// Calls cost modeled time, threads are preempted by quantum: rates mean something.
        Timed = "timed",
        /// Any runnable thread, by keyed chance: finds bugs, its rates mean nothing.
        Random = "random",
        /// Every runnable thread in turn: finds bugs, its rates mean nothing.
        RoundRobin = "round-robin",
        /// Whoever has the processor keeps it until it waits: finds only what is pinned.
        Cooperative = "cooperative",
        /// Random priorities that change at two random calls: an adversary, its rates mean nothing.
        Pct = "pct",
        /// Random priorities of calls, drawn anew on conflict: an adversary, its rates mean nothing.
        Pos = "pos",
        /// Uniform over the orders of calls: an adversary, its rates mean nothing.
        Surw = "surw",
        /// Random steps of modeled time: an adversary, its rates mean nothing.
        Paced = "paced",
        /// A processor for every thread: an adversary, its rates mean nothing.
        Parallel = "parallel",
        /// One of several, drawn for each start: an adversary, its rates mean nothing.
        Portfolio = "portfolio",
    }
}

impl Scheduler {
    /// Whether it looks for trouble instead of modeling time: how often that comes up says nothing
    /// about how often it would happen.
    #[must_use]
    pub const fn is_adversary(self) -> bool {
        !matches!(self, Self::Timed)
    }

    /// Whether it must know beforehand how many calls there will be.
    #[must_use]
    pub const fn needs_counts(self) -> bool {
        matches!(self, Self::Pct | Self::Surw | Self::Portfolio)
    }
}

/// Everything a run is a function of, but the seed it is given and the build of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// One line that names the scenario.
    pub title: String,
    /// Why it exists: the article, the law or the failure it stands for.
    pub why: String,
    /// How long the run lasts in virtual time.
    pub duration: Duration,
    /// The seed taken when the command line names none.
    pub seed: u64,
    /// Who decides which thread goes on.
    pub scheduler: Scheduler,
    /// After `duration` faults are off and progress is owed for this long; `None`: no such phase.
    pub healing: Option<Duration>,
    /// From when on an exhaustive search tries other orders; before, nobody is interrupted.
    pub explore_from: Duration,
    /// The date that logs show for the start of the run. It never changes the run.
    pub epoch: Epoch,
    /// The machines, by name.
    pub hosts: BTreeMap<String, Host>,
    /// What joins the machines, by name.
    pub links: BTreeMap<String, Link>,
    /// Who sends messages to whom, by name.
    pub connectors: BTreeMap<String, Connector>,
    /// The messages that arrive at connectors, by name.
    pub workloads: BTreeMap<String, Workload>,
    /// What goes wrong besides the links' own loss, by name.
    pub faults: BTreeMap<String, Fault>,
    /// Single happenings laid down in advance.
    pub pins: Pins,
    /// What may differ from seed to seed, if that is asked for.
    pub swarm: Swarm,
    /// What the outcome is held against.
    pub expect: Expectations,
    /// Where a run stops for its own size.
    pub limits: Limits,
}

/// Bounds of one run's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simulation events handled before the run is stopped.
    pub events: u64,
    /// Messages of all workloads taken in before the run is stopped.
    pub messages: u64,
    /// Calls that the threads of one service make before the run is stopped.
    pub calls: u64,
    /// Violations kept before the run is stopped.
    pub violations: u64,
    /// Journal records kept in memory.
    pub records: u64,
    /// Accesses to shared memory kept for each service, the newest.
    pub access_log: u64,
}

impl Scenario {
    /// A scenario without hosts, with every other setting at its default.
    #[must_use]
    pub fn new(title: &str, why: &str, duration: Duration) -> Self {
        Self {
            title: title.to_owned(),
            why: why.to_owned(),
            duration,
            seed: 1,
            scheduler: Scheduler::Timed,
            healing: None,
            explore_from: Duration::ZERO,
            epoch: Epoch::DEFAULT,
            hosts: BTreeMap::new(),
            links: BTreeMap::new(),
            connectors: BTreeMap::new(),
            workloads: BTreeMap::new(),
            faults: BTreeMap::new(),
            pins: Pins::default(),
            swarm: Swarm::default(),
            expect: Expectations::default(),
            limits: Limits::DEFAULT,
        }
    }
}

impl Limits {
    /// More messages than this no run takes: they have numbers of their own, and are remembered.
    pub const MESSAGES_MAX: u64 = 1 << 20;

    /// How many messages of each of so many workloads have numbers of their own, of 32 bits.
    #[must_use]
    pub fn messages_each(workloads: usize) -> u64 {
        let all = (1_u64 << 32) / (workloads as u64).max(1);
        all.min(Self::MESSAGES_MAX)
    }

    /// The limits of a scenario that names none.
    pub const DEFAULT: Self = Self {
        events: 2_000_000_000,
        messages: Self::MESSAGES_MAX,
        calls: 1_000_000_000_000,
        violations: 1_000,
        records: 10_000_000,
        access_log: 0,
    };
}
