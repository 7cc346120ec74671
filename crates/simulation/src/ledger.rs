//! What the records of a run add up to.
//!
//! Owns the books that the oracles keep: which control blocks are taken and who could still
//! release them, which messages were sent and have arrived, what was logged. Oracles watch from
//! outside; the subject knows nothing of them.
//!
//! - `blocks`: conservation of control blocks, leaks, double release.
//! - `mail`: every message arrives intact, once, and before it is acknowledged.

mod blocks;
mod mail;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::Instant;
use machine::ViolationKind as Finding;
use mta::{AssociationEnd, Audit, BlockId, Build, Database, EventEntry, Fact, Submission};
use net::HostId;

use crate::host::Host;
use crate::outcome::{Associations, Exception, HostView};
use crate::record::ThreadNumber;
use crate::roster::Roster;
use crate::violation::Violation;
use config::plan::{Scenario, ViolationKind};

use blocks::Blocks;
use mail::Mail;

/// Event ids of what ends a process: the MTA's own and Dr. Watson's.
const UNEXPECTED_ERROR: u32 = 9405;
const APPLICATION_ERROR: u32 = 4097;
const CLOSEDOWN_COMPLETE: u32 = 9299;

/// The books of one run.
#[derive(Debug)]
pub(crate) struct Ledger {
    views: Vec<HostView>,
    blocks: Vec<Blocks>,
    mail: Mail,
    violations: Vec<Violation>,
    /// How many of them have been taken to the journal.
    taken: usize,
    limit: usize,
    dropped: u64,
    exceptions: Vec<Exception>,
    /// The hosts whose process is known to hang.
    deadlocked: BTreeSet<HostId>,
    /// Which of its own checks each MTA last complained of.
    last_check: Vec<&'static str>,
    events_logged: BTreeMap<u32, u64>,
    associations: Associations,
}

/// A broken promise before it is known where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) kind: ViolationKind,
    pub(crate) place: String,
    pub(crate) block: Option<BlockId>,
    pub(crate) detail: String,
}

impl Broken {
    fn new(kind: ViolationKind, place: &str, detail: String) -> Self {
        Self {
            kind,
            place: place.to_owned(),
            block: None,
            detail,
        }
    }

    fn about(self, block: BlockId) -> Self {
        Self {
            block: Some(block),
            ..self
        }
    }
}

impl Ledger {
    pub(crate) fn new(
        scenario: &Scenario,
        roster: &Roster<'_>,
        hosts: &[Host],
        builds: &[Rc<dyn Build>],
    ) -> Self {
        let views = hosts.iter().zip(builds).map(|(host, build)| HostView {
            name: host.name.clone(),
            address: host.address,
            build: build.version(),
            generation: build.generation(),
            connectors: roster
                .outgoing(host.id)
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            threads: BTreeMap::new(),
        });
        Self {
            views: views.collect(),
            blocks: hosts.iter().map(|_| Blocks::default()).collect(),
            mail: Mail::new(hosts.iter().map(|host| host.address).collect()),
            violations: Vec::new(),
            taken: 0,
            limit: usize::try_from(scenario.limits.violations).unwrap_or(usize::MAX),
            dropped: 0,
            exceptions: Vec::new(),
            deadlocked: BTreeSet::new(),
            last_check: vec!["a consistency check"; hosts.len()],
            events_logged: BTreeMap::new(),
            associations: Associations::default(),
        }
    }

    /// Whether no more violations are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.violations.len() >= self.limit
    }

    /// The threads of a host's new process.
    pub(crate) fn on_start(&mut self, host: HostId, threads: Vec<(ThreadNumber, String)>) {
        self.views[host.0 as usize].threads.extend(threads);
    }

    /// The process of a host has ended: everything it held is the system's again.
    pub(crate) fn on_end(&mut self, host: HostId) {
        self.blocks[host.0 as usize] = Blocks::default();
        self.deadlocked.remove(&host);
    }

    /// The service of a host is stopped in order: event 9299.
    pub(crate) fn on_closedown(&mut self) {
        self.count_event(CLOSEDOWN_COMPLETE);
    }

    pub(crate) fn on_submission(&mut self, host: HostId, submission: Submission) {
        self.mail.on_submission(host, submission);
    }

    pub(crate) fn on_healing(&mut self) {
        self.mail.on_healing();
    }

    /// What the database of a host holds, for a start of its service.
    pub(crate) fn database(&self, host: HostId) -> Database {
        self.mail.database(host)
    }

    /// A thread wrote something down.
    pub(crate) fn on_record(&mut self, host: HostId, at: Instant, record: &mta::Record) {
        match record {
            mta::Record::Log(_) => {}
            mta::Record::Event(entry) => self.on_event(host, at, entry),
            mta::Record::Fact(fact) => self.on_fact(host, at, *fact),
        }
    }

    fn on_event(&mut self, host: HostId, at: Instant, entry: &EventEntry) {
        self.count_event(entry.id());
        if let Some(check) = check_of(entry) {
            self.last_check[host.0 as usize] = check;
        }
        if let EventEntry::WrongThread { owner, caller } = entry {
            let detail = format!("CB TID={owner}, calling TID={caller}");
            let broken = Broken::new(ViolationKind::WrongThread, "SBPDSCLS", detail);
            self.add(host, at, broken);
        }
        if let EventEntry::NoFreeBlocks(count) = entry
            && self.blocks[host.0 as usize].is_first_exhaustion()
        {
            let detail = format!("none of {count} control blocks is free");
            let kind = ViolationKind::ControlBlockExhaustion;
            self.add(host, at, Broken::new(kind, "control block pool", detail));
        }
    }

    fn on_fact(&mut self, host: HostId, at: Instant, fact: Fact) {
        match fact {
            Fact::AssociationBegun(_) => self.associations.begun += 1,
            Fact::AssociationOpened(_) => self.associations.opened += 1,
            Fact::AssociationEnded(_, AssociationEnd::Orderly) => self.associations.closed += 1,
            Fact::AssociationEnded(_, AssociationEnd::NotOpened | AssociationEnd::Broken) => {
                self.associations.failed += 1
            }
            Fact::AssociationRefused => self.associations.refused += 1,
            Fact::BlockBound(..)
            | Fact::TransportBegun(..)
            | Fact::TransportEnded(..)
            | Fact::BlockAllocated(..)
            | Fact::BlockOutOfService(..)
            | Fact::BlockReleased(..)
            | Fact::CloseApplied { .. }
            | Fact::MessageSubmitted(_)
            | Fact::MessageArrived { .. }
            | Fact::MessageAcknowledged(_)
            | Fact::MessageReturned(_) => {}
        }
        let broken = self.blocks[host.0 as usize].on_fact(fact);
        let lost = self.mail.on_fact(host, fact);
        for broken in broken.into_iter().chain(lost) {
            self.add(host, at, broken);
        }
    }

    /// The judge found something.
    pub(crate) fn on_finding(&mut self, host: HostId, finding: &machine::Violation) {
        let kind = match finding.kind {
            Finding::DataRace => ViolationKind::DataRace,
            Finding::UseAfterFree => ViolationKind::UseAfterFree,
            Finding::DoubleFree => ViolationKind::DoubleRelease,
            Finding::OutOfBounds
            | Finding::WildAccess
            | Finding::InvalidFree
            | Finding::DoubleHandOut => ViolationKind::HeapCorruption,
        };
        // The judge puts the kind before the place; here it has a name of its own.
        let signature = finding.signature().to_string();
        let place = signature
            .split_once(": ")
            .map_or(signature.as_str(), |(_, place)| place);
        self.add(
            host,
            finding.access.at,
            Broken::new(kind, place, finding.to_string()),
        );
    }

    /// An exception ended the process of a host: 9405 and 4097 are logged.
    pub(crate) fn on_exception(
        &mut self,
        host: HostId,
        exception: &machine::Exception,
        (thread, number): (String, ThreadNumber),
    ) {
        self.count_event(UNEXPECTED_ERROR);
        self.count_event(APPLICATION_ERROR);
        self.exceptions.push(Exception {
            code: exception.code,
            host: self.views[host.0 as usize].name.clone(),
            at: exception.at,
            thread,
            number: number.0,
            cause: cause(exception, self.last_check[host.0 as usize]),
        });
    }

    /// Whether a block of this host may have lost everybody who could release it.
    pub(crate) fn has_suspects(&self, host: HostId) -> bool {
        self.blocks[host.0 as usize].has_suspects()
    }

    /// Threads of a host wait in a circle, each for a critical section that the next is in.
    pub(crate) fn on_deadlock(
        &mut self,
        host: HostId,
        now: Instant,
        circle: Vec<(ThreadNumber, &'static str)>,
    ) {
        if !self.deadlocked.insert(host) {
            return;
        }
        let waits = circle
            .iter()
            .map(|(thread, lock)| format!("thread {} waits for {lock}", thread.0));
        let detail = waits.collect::<Vec<_>>().join(", ");
        let mut locks: Vec<&str> = circle.iter().map(|(_, lock)| *lock).collect();
        locks.sort_unstable();
        let place = format!("critical sections: {}", locks.join(", "));
        self.add(
            host,
            now,
            Broken::new(ViolationKind::Deadlock, &place, detail),
        );
    }

    /// The threads of a host all wait: what nobody knows of now, nobody will ever release.
    pub(crate) fn on_quiet(&mut self, host: HostId, now: Instant, audit: &Audit) {
        for broken in self.blocks[host.0 as usize].on_quiet(audit) {
            self.add(host, now, broken);
        }
    }

    /// The run is over: the books are closed.
    pub(crate) fn on_finish(&mut self, now: Instant, healed: bool) {
        if healed {
            for (host, broken) in self.mail.overdue() {
                self.add(host, now, broken);
            }
        }
    }

    /// Takes in a broken promise.
    pub(crate) fn add(&mut self, host: HostId, at: Instant, broken: Broken) {
        if self.is_full() {
            self.dropped += 1;
            return;
        }
        let Broken {
            kind,
            place,
            block,
            detail,
        } = broken;
        let host = self.views[host.0 as usize].name.clone();
        self.violations.push(Violation {
            kind,
            host,
            at,
            place,
            block,
            detail,
        });
    }

    /// The violations that have come since the last time.
    pub(crate) fn take_new(&mut self) -> Vec<Violation> {
        let new = self.violations[self.taken..].to_vec();
        self.taken = self.violations.len();
        new
    }

    fn count_event(&mut self, id: u32) {
        *self.events_logged.entry(id).or_default() += 1;
    }

    /// Gives up the books.
    pub(crate) fn into_results(self) -> Results {
        Results {
            violations: self.violations,
            violations_dropped: self.dropped,
            exceptions: self.exceptions,
            events_logged: self.events_logged,
            associations: self.associations,
            messages: self.mail.totals(),
            views: self.views,
        }
    }
}

/// The closed books.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) violations: Vec<Violation>,
    pub(crate) violations_dropped: u64,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) events_logged: BTreeMap<u32, u64>,
    pub(crate) associations: Associations,
    pub(crate) messages: crate::outcome::Messages,
    pub(crate) views: Vec<HostView>,
}

/// The MTA's own check that this entry complains of.
fn check_of(entry: &EventEntry) -> Option<&'static str> {
    match entry {
        EventEntry::WrongThread { .. } => Some("SBPDSCLS"),
        EventEntry::HeapFreeFailure => Some("ExchHeapFree"),
        EventEntry::Sockets(..)
        | EventEntry::NoFreeBlocks(_)
        | EventEntry::BadMessage(..)
        | EventEntry::UnknownCaller(_)
        | EventEntry::StartupComplete(_)
        | EventEntry::ClosedownComplete(_)
        | EventEntry::AssociationLimit { .. }
        | EventEntry::NotOpened { .. }
        | EventEntry::EndedAbnormally { .. }
        | EventEntry::NonDelivery { .. } => None,
    }
}

/// What an exception was about, the same in every run.
fn cause(exception: &machine::Exception, last_check: &str) -> String {
    match exception.cause {
        machine::Cause::Unmapped(place) => format!("{} is not mapped", place.name),
        machine::Cause::Unaligned(place) => format!("{} is not aligned", place.name),
        machine::Cause::NotOwned(_) => "a critical section left from outside".to_owned(),
        machine::Cause::Raised if exception.code == mta::INCONSISTENT => {
            format!("raised by {last_check}")
        }
        machine::Cause::Raised => "raised by the heap".to_owned(),
    }
}
