//! What came of a run.
//!
//! Owns [`Outcome`] and the counts that a scenario's expectations are held
//! against. It refuses the wall clock: how long a run took is the command line's to say.

use std::collections::BTreeMap;

use kernel::{Checkpoint, Duration, Fingerprint, Instant};
use net::HostId;

use crate::footprint::Footprint;
use crate::record::{Record, ThreadNumber};
use config::plan::{ExceptionCode, Expectations, Keyword, ViolationKind};

pub use crate::violation::Violation;

/// An exception that ended a modeled process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its code, such as `c0000005`.
    pub code: u32,
    /// The host, by name.
    pub host: String,
    /// When.
    pub at: Instant,
    /// The thread's name.
    pub thread: String,
    /// The thread's number.
    pub number: u16,
    /// What it was about.
    pub cause: String,
}

/// How many associations there were, at both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Associations {
    /// Begun by a caller, those refused for want of a block included: each is one, whoever counts
    /// its ends.
    pub begun: u64,
    /// Opened.
    pub opened: u64,
    /// Ended in order.
    pub closed: u64,
    /// Never opened, or broken.
    pub failed: u64,
    /// Refused, since no control block was free.
    pub refused: u64,
}

/// How many messages there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Taken in from above.
    pub submitted: u64,
    /// Arrived whole at the other end.
    pub arrived: u64,
    /// Acknowledged to the sender.
    pub acknowledged: u64,
    /// Given up and returned.
    pub returned: u64,
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its duration was over.
    Duration,
    /// Nothing was left to happen.
    Quiet,
    /// The limit on events was reached.
    Events,
    /// The limit on messages was reached.
    Messages,
    /// The threads of a service made as many calls as the limit allows.
    Calls,
    /// The limit on violations was reached.
    Violations,
    /// A search has seen what follows.
    Repeats,
}

impl Stop {
    /// One word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Quiet => "quiet",
            Self::Events => "events",
            Self::Messages => "messages",
            Self::Calls => "calls",
            Self::Violations => "violations",
            Self::Repeats => "repeats",
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The digest of everything that happened.
    pub digest: Fingerprint,
    /// What the digest was along the way.
    pub checkpoints: Vec<Checkpoint>,
    /// How far virtual time went.
    pub simulated: Instant,
    /// Simulation events handled.
    pub events: u64,
    /// Calls that modeled threads made.
    pub steps: u64,
    /// Why it stopped.
    pub stop: Stop,
    /// How long progress was owed after everything had healed; `None`: the scenario has no such
    /// phase.
    pub healing: Option<Duration>,
    /// Broken promises in the order they were found.
    pub violations: Vec<Violation>,
    /// Violations beyond the limit, counted only.
    pub violations_dropped: u64,
    /// Exceptions in the order they were raised.
    pub exceptions: Vec<Exception>,
    /// Event-log entries by id.
    pub events_logged: BTreeMap<u32, u64>,
    /// Associations.
    pub associations: Associations,
    /// Messages.
    pub messages: Messages,
    /// How often each fault struck, by name; a fault that never struck tested nothing.
    pub faults: BTreeMap<String, u64>,
    /// What happened to control blocks, and in which states it found them, on all hosts together.
    pub coverage: mta::Coverage,
    /// Packets sent, lost and delivered by link name.
    pub links: BTreeMap<String, LinkCounts>,
    /// What is not as the scenario expects, in words; empty if all is.
    pub unexpected: Vec<String>,
    /// What was written down, if it was asked for.
    pub records: Vec<(Instant, Record)>,
    /// The accesses to shared memory that the scenario's limits let be kept, in order of time.
    pub footprints: Vec<Footprint>,
    /// The hosts' names and threads, to read the records by.
    pub hosts: Vec<HostView>,
}

/// Packets on a link, both ways together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Offered to it.
    pub offered: u64,
    /// Not delivered.
    pub lost: u64,
}

/// A host as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostView {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: u32,
    /// Its build.
    pub build: mta::Version,
    /// Whether it names threads and reports errors as 4.0 does.
    pub generation: mta::Generation,
    /// Its connectors' names, by number.
    pub connectors: Vec<String>,
    /// Names of its threads by number.
    pub threads: BTreeMap<ThreadNumber, String>,
}

impl Outcome {
    /// The host of this name, as the records number it.
    #[must_use]
    pub fn host_named(&self, name: &str) -> Option<HostId> {
        let place = self.hosts.iter().position(|host| host.name == name)?;
        u32::try_from(place).ok().map(HostId)
    }

    /// The first checkpoint at which two runs of one scenario and seed differ, or their digests
    /// where no checkpoint does; `None` if they are the same.
    #[must_use]
    pub fn divergence_from(&self, other: &Self) -> Option<String> {
        if self.digest == other.digest {
            return None;
        }
        let both = self.checkpoints.iter().zip(&other.checkpoints);
        let mut apart = both.filter(|(one, two)| one != two);
        Some(match apart.next() {
            Some((one, two)) => format!(
                "first at the checkpoint of record {}, {} s: {:016x} and {:016x}",
                one.records, one.at, one.hash, two.hash
            ),
            None => format!(
                "after the last common checkpoint: digests {} and {}",
                self.digest, other.digest
            ),
        })
    }

    /// Whether everything is as the scenario expects.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.unexpected.is_empty()
    }

    /// The signatures of everything that went wrong, exceptions included, each once.
    #[must_use]
    pub fn signatures(&self) -> Vec<String> {
        let mut signatures: Vec<String> =
            self.violations.iter().map(Violation::signature).collect();
        signatures.extend(self.exceptions.iter().map(Exception::signature));
        signatures.sort();
        signatures.dedup();
        signatures
    }

    /// Holds the counts against what the scenario expects.
    pub(crate) fn compare(&mut self, expect: &Expectations) {
        let mut unexpected = Vec::new();
        let mut check = |what: &str, found: u64, range: config::plan::CountRange| {
            if !range.contains(found) {
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
            check("associations failed", self.associations.failed, range);
        }
        if expect.only {
            self.check_unnamed(expect, &mut unexpected);
        }
        self.unexpected = unexpected;
    }

    /// With `only`, what is not named must not be: neither a violation nor an exception.
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
    /// What names the defect: the code and what it was about.
    #[must_use]
    pub fn signature(&self) -> String {
        format!("exception {:08x}: {}", self.code, self.cause)
    }
}
