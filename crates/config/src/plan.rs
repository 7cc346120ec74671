//! The plan of one run: a scenario as plain data, every setting known.
//!
//! Hosts, links and connectors are named here; a running world has numbers for them. The fields are
//! declared together with their keys: `section!` and `choice!` show how.
//! `docs/scenario.md` lists every key.

mod connector;
mod expectation;
mod fault;
mod host;
mod limits;
mod link;
mod loss;
mod pin;
mod quantity;
mod scheduler;
mod swarm;
mod violation_kind;
mod workload;

use std::collections::BTreeMap;

pub use kernel::{Duration, Instant, Ratio};

pub use connector::Connector;
pub use expectation::{AssociationCounts, ExceptionCode, Expectations};
pub use fault::{Fault, FaultKind, ResetScope, ThreadKind, When};
pub use host::{Build, Host, HostProgram, TcpProfile};
pub use limits::Limits;
pub use link::{DirectionSettings, Link};
pub use loss::{GilbertElliott, IndependentLoss, Loss, Outages, Scope};
pub use pin::{
    DroppedPacket, OperationKind, OutageWindow, Pins, Preemption, PreemptionPoint, Reseed,
};
pub use quantity::{BitRate, ByteSize, CountRange, Epoch, Offset, Rate};
pub use scheduler::Scheduler;
pub use swarm::{Domain, Swarm, Variation};
pub use violation_kind::ViolationKind;
pub use workload::{Arrivals, Priorities, Priority, SizeRange, Workload};

use crate::format::declare::section;
use crate::format::key::Section;
use crate::format::key::scalar::YEAR;

pub use crate::format::keyword::Keyword;

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
        /// Length of a phase after `duration` in which faults are off and progress is due. A sender whose
        /// peer has given up the connection during an outage may notice only at its transfer timeout
        /// (2000 s for each KiB of a normal message): a phase that is shorter can end with a message
        /// still queued.
        healing: Option<Duration> = None, default "no such phase", in 1..=YEAR;
        /// The run ends at the first failure of this kind, `exception`, or signature as reports show
        /// it.
        until_first: Option<String> = None, default "the run goes on", in 1..=1_000;
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

impl Scenario {
    /// The word for exceptions in [`Self::until_first`].
    pub const ANY_EXCEPTION: &'static str = "exception";

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
