//! The result of a run: counts, violations, exceptions and digest.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{Checkpoint, Duration, Fingerprint, Instant, JournalEntry};
use net::HostId;

use crate::access_log::LoggedAccess;
use crate::record::{Record, ThreadNumber};
use config::plan::{ExceptionCode, Expectations, Keyword, ViolationKind};

pub use crate::traffic::{
    ArrivalTimes, Calls, ConnectorTraffic, CountSeries, Latency, MessageTraffic, QueueLength,
    Series, Traffic,
};
pub use crate::violation::Violation;

/// An exception that ended a modeled process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its code, such as `c0000005`.
    pub code: u32,
    /// The host, by name.
    pub host: String,
    /// When it was raised.
    pub at: Instant,
    /// The thread's name.
    pub thread: String,
    /// The thread's number.
    pub number: u16,
    /// What it was about, the same in every run.
    pub cause: String,
}

/// Counts of associations. Each is counted once, at its caller: those begun are opened, not opened,
/// refused or pending, and those opened are closed, broken or left open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Associations {
    /// Begun by a caller.
    pub begun: u64,
    /// Opened.
    pub opened: u64,
    /// Never opened, although the caller had a free control block.
    pub not_opened: u64,
    /// Never opened because the caller had no free control block.
    pub refused: u64,
    /// Opened and released in order.
    pub closed: u64,
    /// Opened and broken off.
    pub broken: u64,
    /// Calls that a called host refused because it had no free control block. At the caller these are
    /// not opened.
    pub refused_when_called: u64,
}

impl Associations {
    /// The sums over all connectors. `refused` are those of callers and called hosts together.
    pub(crate) fn of(traffic: &Traffic, refused: u64) -> Self {
        let mut sums = Self::default();
        for Calls {
            begun,
            opened,
            closed,
            broken,
            not_opened,
            refused,
            ..
        } in traffic.connectors.values().map(|it| it.associations)
        {
            sums.begun += begun;
            sums.opened += opened;
            sums.closed += closed;
            sums.broken += broken;
            sums.not_opened += not_opened;
            sums.refused += refused;
        }
        sums.refused_when_called = refused.saturating_sub(sums.refused);
        sums
    }

    /// Neither opened nor given up when the process or the run ended.
    #[must_use]
    pub const fn pending(self) -> u64 {
        self.calls().pending()
    }

    /// Open when the process or the run ended.
    #[must_use]
    pub const fn left_open(self) -> u64 {
        self.calls().left_open()
    }

    const fn calls(self) -> Calls {
        Calls {
            begun: self.begun,
            opened: self.opened,
            closed: self.closed,
            broken: self.broken,
            not_opened: self.not_opened,
            refused: self.refused,
            retries: 0,
        }
    }

    /// Given up: not opened, refused, or broken off.
    #[must_use]
    pub const fn failed(self) -> u64 {
        self.not_opened + self.refused + self.broken
    }
}

/// `9 begun: 7 opened, 1 not opened, 1 refused, 0 pending; of those opened 4 closed, 2 broken, 1 left open`
impl fmt::Display for Associations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} begun: {}", self.begun, self.calls())?;
        match self.refused_when_called {
            0 => Ok(()),
            calls => write!(
                formatter,
                "; {calls} of those not opened refused by the called host"
            ),
        }
    }
}

/// Counts of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Submitted by workloads.
    pub submitted: u64,
    /// Arrived whole at their destination.
    pub arrived: u64,
    /// Acknowledged to the sender.
    pub acknowledged: u64,
    /// Returned to the sender as undeliverable.
    pub returned: u64,
}

/// What cut a run off that the user stopped, where else the key of a limit stands.
const INTERRUPTION: &str = "an interruption";

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The scenario's duration has passed.
    Duration,
    /// No event was left.
    Quiet,
    /// The limit on events was reached.
    Events,
    /// The limit on messages was reached.
    Messages,
    /// The threads of a service made as many calls as the limit allows.
    Calls,
    /// The limit on estimated memory was reached.
    Memory,
    /// The limit on violations was reached.
    Violations,
    /// The failure that the scenario waits for (`until_first`) has occurred.
    FirstFailure,
    /// An exhaustive search has covered what follows.
    Pruned,
    /// The user stopped it, as by Ctrl-C.
    Interrupted,
}

impl Stop {
    /// The word for it in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Quiet => "quiet",
            Self::Events => "events",
            Self::Messages => "messages",
            Self::Calls => "calls",
            Self::Memory => "memory",
            Self::Violations => "violations",
            Self::FirstFailure => "first-failure",
            Self::Pruned => "pruned",
            Self::Interrupted => "interrupted",
        }
    }

    /// What to do so that a run that was cut off is decided; `None` if it was not.
    #[must_use]
    pub fn cure(self) -> Option<String> {
        let limit = self.limit()?;
        Some(if self == Self::Interrupted {
            "let it run to its end".to_owned()
        } else {
            format!("raise {limit}")
        })
    }

    /// Whether more could have followed: not all that the scenario has in store has happened.
    #[must_use]
    pub const fn is_early(self) -> bool {
        self.limit().is_some() || matches!(self, Self::FirstFailure)
    }

    /// What cut the run off: the key of the limit, or the interruption. `None` if it ended by itself, or
    /// if a search broke it off because the rest is covered elsewhere.
    #[must_use]
    pub const fn limit(self) -> Option<&'static str> {
        match self {
            Self::Duration | Self::Quiet | Self::FirstFailure | Self::Pruned => None,
            Self::Events => Some("limits.events"),
            Self::Messages => Some("limits.messages"),
            Self::Calls => Some("limits.calls"),
            Self::Memory => Some("limits.memory"),
            Self::Violations => Some("limits.violations"),
            Self::Interrupted => Some(INTERRUPTION),
        }
    }
}

/// A run compared with what its scenario expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunVerdict {
    /// It ended by itself, as expected.
    AsExpected,
    /// At least one expectation is not met, whatever would have followed.
    Unexpected,
    /// A limit or the user cut it off, and what it showed until then contradicts no expectation. What
    /// [`Stop::limit`] says.
    Undecided(&'static str),
}

impl RunVerdict {
    /// The word for it in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AsExpected => "as-expected",
            Self::Unexpected => "unexpected",
            Self::Undecided(_) => "undecided",
        }
    }
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The digest of everything that happened.
    pub digest: Fingerprint,
    /// The digest at intervals during the run.
    pub checkpoints: Vec<Checkpoint>,
    /// The virtual time at the end.
    pub simulated: Instant,
    /// Simulation events handled.
    pub events: u64,
    /// Calls of modeled threads.
    pub calls: u64,
    /// Why it stopped.
    pub stop: Stop,
    /// The length of the healing phase; `None` if the scenario has none.
    pub healing: Option<Duration>,
    /// Violations, in the order in which they were found.
    pub violations: Vec<Violation>,
    /// Number of violations beyond the limit.
    pub violations_dropped: u64,
    /// Exceptions, in the order in which they were raised.
    pub exceptions: Vec<Exception>,
    /// Number of event-log entries by id.
    pub events_logged: BTreeMap<u32, u64>,
    /// Associations.
    pub associations: Associations,
    /// Messages.
    pub messages: Messages,
    /// Messages and associations by connector and by workload.
    pub traffic: Traffic,
    /// How often each fault began, by name.
    pub faults: BTreeMap<String, u64>,
    /// Which events met control blocks in which states, over all hosts.
    pub coverage: mta::Coverage,
    /// Packets offered and lost, by link name.
    pub links: BTreeMap<String, LinkCounts>,
    /// How often each named point of a guest was reached; 0 for points that are only declared.
    pub reached: BTreeMap<String, u64>,
    /// Named quantities of guests over time.
    pub gauges: BTreeMap<String, Vec<(Instant, i64)>>,
    /// Each expectation of the scenario that failed, in words.
    pub unexpected: Vec<String>,
    /// The records, if they were kept: the first ones, as many as the scenario's limits allow.
    pub records: Vec<JournalEntry<Record>>,
    /// The number of records of the run, kept or not.
    pub record_count: u64,
    /// Accesses to shared memory, in the order of time, as many as the scenario's limits allow.
    pub access_log: Vec<LoggedAccess>,
    /// The hosts, by the numbers that the records use.
    pub hosts: Vec<HostView>,
}

/// Packets on a link, over both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Packets that a host put on the link, or that had no route because a fault withdrew the link.
    pub offered: u64,
    /// Of these, packets that did not arrive.
    pub lost: u64,
    /// The lost packets by cause; causes that lost none are absent.
    pub lost_by: BTreeMap<net::DropReason, u64>,
    /// Copies that arrived with a wrong bit. The receiver discards them.
    pub damaged: u64,
}

/// A host: what logs and reports need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostView {
    /// Its name.
    pub name: String,
    /// Its IPv4 address, in host byte order.
    pub address: u32,
    /// The version of its build; `None` for a guest.
    pub build: Option<mta::Version>,
    /// Whether its logs have the form of 4.0 or of later builds.
    pub generation: mta::Generation,
    /// Its connectors' names, by number.
    pub connectors: Vec<String>,
    /// The names of its threads, by number.
    pub threads: BTreeMap<ThreadNumber, String>,
}

impl HostView {
    /// A host that runs a program of the user.
    pub(crate) fn guest(name: &str, address: u32) -> Self {
        Self {
            name: name.to_owned(),
            address,
            build: None,
            generation: mta::Generation::Single,
            connectors: Vec::new(),
            threads: BTreeMap::new(),
        }
    }

    /// What runs on it: the version of a build, or `guest`.
    #[must_use]
    pub fn program(&self) -> String {
        let version = self.build.map(|it| it.to_string());
        version.unwrap_or_else(|| "guest".to_owned())
    }
}

impl Outcome {
    /// The number of the host of this name in the records.
    #[must_use]
    pub fn host_named(&self, name: &str) -> Option<HostId> {
        let index = self.hosts.iter().position(|host| host.name == name)?;
        u32::try_from(index).ok().map(HostId)
    }

    /// The first checkpoint at which two runs of one scenario and seed differ, or their digests
    /// if no checkpoint differs; `None` if the runs are the same.
    #[must_use]
    pub fn divergence_from(&self, other: &Self) -> Option<String> {
        if self.digest == other.digest {
            return None;
        }
        // A checkpoint hashes all records before it, so the first that differs ends the common
        // part.
        let both = self.checkpoints.iter().zip(&other.checkpoints);
        let mut different = both.filter(|(one, two)| one != two);
        Some(match different.next() {
            Some((one, two)) => format!(
                "first at the checkpoint of record {}, {}: {:016x} and {:016x}",
                one.records, one.at, one.hash, two.hash
            ),
            None => format!(
                "after the last common checkpoint: digests {} and {}",
                self.digest, other.digest
            ),
        })
    }

    /// The run compared with what its scenario expects.
    #[must_use]
    pub fn verdict(&self) -> RunVerdict {
        match self.stop.limit() {
            // Before the limit: what was found before the cut stays found.
            _ if !self.unexpected.is_empty() => RunVerdict::Unexpected,
            Some(limit) => RunVerdict::Undecided(limit),
            None => RunVerdict::AsExpected,
        }
    }

    /// Whether the run ended by itself and everything is as the scenario expects.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.verdict() == RunVerdict::AsExpected
    }

    /// The limit that cut the run off before it showed anything unexpected: such a run decides
    /// nothing.
    #[must_use]
    pub fn undecided(&self) -> Option<&'static str> {
        match self.verdict() {
            RunVerdict::Undecided(limit) => Some(limit),
            RunVerdict::AsExpected | RunVerdict::Unexpected => None,
        }
    }

    /// The signatures of all violations and exceptions, sorted and without duplicates.
    #[must_use]
    pub fn signatures(&self) -> Vec<String> {
        let mut signatures: Vec<String> =
            self.violations.iter().map(Violation::signature).collect();
        signatures.extend(self.exceptions.iter().map(Exception::signature));
        signatures.sort();
        signatures.dedup();
        signatures
    }

    /// Compares the counts with the scenario's expectations.
    pub(crate) fn compare(&mut self, expect: &Expectations) {
        let mut unexpected = Vec::new();
        // Counts only grow: in a run that was cut off, too few may still become enough, too many
        // stay too many.
        let is_cut_off = self.stop.is_early();
        let mut check = |what: &str, found: u64, range: config::plan::CountRange| {
            let may_still_come = is_cut_off && found < range.min;
            if !range.contains(found) && !may_still_come {
                unexpected.push(format!("{what}: {found} instead of {range}"));
            }
        };
        for (kind, range) in &expect.violations {
            let found = self.violations.iter().filter(|it| it.kind == *kind).count();
            check(kind.as_str(), found as u64, *range);
        }
        for (code, range) in &expect.exceptions {
            let is_meant = |raised: &&Exception| match code {
                ExceptionCode::Any => true,
                ExceptionCode::Code(code) => raised.code == *code,
            };
            let found = self.exceptions.iter().filter(is_meant).count();
            check(&format!("exception {code}"), found as u64, *range);
        }
        for (id, range) in &expect.events {
            let found = self.events_logged.get(id).copied().unwrap_or(0);
            check(&format!("event {id}"), found, *range);
        }
        if let Some(range) = expect.associations.opened {
            check("associations opened", self.associations.opened, range);
        }
        if let Some(range) = expect.associations.failed {
            check("associations failed", self.associations.failed(), range);
        }
        if expect.only {
            self.check_unnamed(expect, &mut unexpected);
        }
        self.unexpected = unexpected;
    }

    /// With `only`, a violation or exception that no expectation names is unexpected.
    fn check_unnamed(&self, expect: &Expectations, unexpected: &mut Vec<String>) {
        let mut unnamed: BTreeMap<ViolationKind, u64> = BTreeMap::new();
        for violation in &self.violations {
            if !expect.violations.contains_key(&violation.kind) {
                *unnamed.entry(violation.kind).or_default() += 1;
            }
        }
        for (kind, count) in unnamed {
            unexpected.push(format!("{}: {count}, and none is expected", kind.as_str()));
        }
        if expect.exceptions.is_empty() && !self.exceptions.is_empty() {
            let count = self.exceptions.len();
            unexpected.push(format!("exceptions: {count}, and none is expected"));
        }
    }
}

impl Exception {
    /// The name of the defect: code and cause.
    #[must_use]
    pub fn signature(&self) -> String {
        format!("exception {:08x}: {}", self.code, self.cause)
    }
}
