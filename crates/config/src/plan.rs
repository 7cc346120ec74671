//! The plan of one run: a scenario as plain data, every setting known.
//!
//! Hosts, links and connectors are named here; a running world has numbers for them. The fields are
//! declared together with their keys: `section!` and `choice!` show how.
//! `docs/scenario.md` lists every key.

mod connector;
mod expectation;
mod fault;
mod host;
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
pub use host::{Build, Host, Program, TcpProfile};
pub use link::{Direction, GilbertElliott, IndependentLoss, Link, Loss, Outages, Scope};
pub use pin::{
    DroppedPacket, OperationKind, OutageWindow, Pins, Preemption, PreemptionPoint, Reseed,
};
pub use quantity::{Bandwidth, ByteSize, CountRange, Epoch, Offset};
pub use swarm::{Domain, Swarm, Variation};
pub use workload::{Arrivals, Priorities, Priority, SizeRange, Workload};

use crate::format::declare::keywords;
use crate::format::declare::section;
use crate::format::key::Section;
use crate::format::key::scalar::YEAR;

pub use crate::format::keyword::Keyword;

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
        matches!(self, Self::Pct | Self::Surw | Self::Portfolio)
    }
}

section! {
    /// Everything a run depends on, except the seed it is given and the build of this program.
    pub struct Scenario {
        /// One line that names the scenario.
        title: String, in 1..=200;
        /// Why the scenario exists: the article, property or failure it covers.
        why: String;
        /// Length of the run in virtual time.
        duration: Duration, in 1..=YEAR;
        /// The seed if the command line names none.
        seed: u64 = 1;
        /// Who decides which modeled thread makes the next call. Only `timed` gives meaningful rates.
        scheduler: Scheduler = Scheduler::Timed;
        /// Length of a phase after `duration` in which faults are off and progress is due.
        healing: Option<Duration> = None, default "no such phase", in 1..=YEAR;
        /// `mtasim verify` explores other orders of calls from here on; before, it interrupts no
        /// thread.
        explore_from: Duration = Duration::ZERO, in 0..=YEAR;
        /// The date that logs show for the start of the run; it does not change the run.
        epoch: Epoch = Epoch::DEFAULT;
        /// A machine and its MTA process.
        #[key("host")]
        hosts: BTreeMap<String, Host> = BTreeMap::new();
        /// A link between two hosts, and how it delays and loses packets.
        #[key("link")]
        links: BTreeMap<String, Link> = BTreeMap::new();
        /// An X.400 connector: mail from one host to another.
        #[key("connector")]
        connectors: BTreeMap<String, Connector> = BTreeMap::new();
        /// Messages that arrive at a connector.
        #[key("workload")]
        workloads: BTreeMap<String, Workload> = BTreeMap::new();
        /// A fault: exactly one kind, and exactly one time.
        #[key("fault")]
        faults: BTreeMap<String, Fault> = BTreeMap::new();
        /// Single events fixed in advance, as in a scenario written by `mtasim shrink`.
        #[key("pin")]
        pins: Pins = Pins::default();
        /// With `--swarm`, each fault and impairment is present in half of the seeds, and these
        /// settings are drawn for each seed.
        swarm: Swarm = Swarm::default();
        /// The expected outcome.
        expect: Expectations = Expectations::default();
        /// Limits at which a run stops.
        limits: Limits = Limits::default();
    }
}

section! {
    /// Limits at which a run stops.
    #[derive(Copy)]
    pub struct Limits: Default {
        /// Simulation events handled before the run stops.
        events: u64 = 2_000_000_000, in 1..=1_000_000_000_000;
        /// Messages of all workloads accepted before the run stops.
        messages: u64 = Self::MESSAGES_MAX, in 1..=Self::MESSAGES_MAX;
        /// Calls of all threads of one service before the run stops.
        calls: u64 = 1_000_000_000_000, in 1..=1_000_000_000_000_000;
        /// Violations kept before the run stops.
        violations: u64 = 1_000, in 1..=1_000_000;
        /// Journal records kept in memory.
        records: u64 = 10_000_000, in 0..=100_000_000;
        /// The newest accesses to shared memory kept per service, which show the order of accesses.
        access_log: u64 = 0, in 0..=10_000_000;
    }
}

impl Scenario {
    /// A scenario without hosts, with every other setting at its default.
    #[must_use]
    pub fn new(title: &str, why: &str, duration: Duration) -> Self {
        Self {
            title: title.to_owned(),
            why: why.to_owned(),
            duration,
            ..Section::blank()
        }
    }
}

impl Limits {
    /// The largest number of messages of a run: each has a number of its own and stays in memory.
    pub const MESSAGES_MAX: u64 = 1 << 20;

    /// How many messages each of `workloads` workloads can have: they share numbers of 32 bits.
    #[must_use]
    pub fn messages_each(workloads: usize) -> u64 {
        let all = (1_u64 << 32) / (workloads as u64).max(1);
        all.min(Self::MESSAGES_MAX)
    }
}
