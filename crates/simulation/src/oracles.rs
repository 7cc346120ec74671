//! Checks the properties of a run.
//!
//! An oracle reads records and audits, and reports violations. It never acts: what the modeled
//! system does depends on no oracle. They end a run early only where its options or limits ask for
//! it: at its first failure, or at a number of violations. What a new oracle needs elsewhere: docs/CONTRIBUTING.md.
//!
//! | Oracle | Property | Reads |
//! |---|---|---|
//! | `pool_words` | a control block is in use once at a time, is closed by its owner and for whom it is meant, and one is free when it is needed | writes to memory; the close requests in queues |
//! | `blocks` | a control block is on the free list or can be released | memory and the transport's table, when the process is quiescent |
//! | `delivery` | a message is acknowledged only after it has arrived, intact and once | facts of the MTA, and the bytes that sockets gave out (`delivery::transfers`) |
//! | `liveness` | a message that is queued when the network heals arrives and is acknowledged, or is returned | facts that `delivery` did not contradict |
//! | `deadlock` | no threads wait for each other's critical sections in a cycle | who owns which critical section |
//! | `memory` | no data race, no invalid heap call, no access to unallocated memory | the race detector; the heap's headers at the end |
//! | `sockets` | an open socket belongs to a control block | the socket table and control blocks at the end |
//! | `assertions` | no check of the MTA fails (`SBPDSCLS`) | event-log entries of the MTA |

mod assertions;
mod blocks;
mod deadlock;
mod delivery;
mod liveness;
pub(crate) mod memory;
mod pool_words;
pub(crate) mod sockets;

use std::collections::BTreeMap;

use kernel::Instant;
use machine::Recorded;
use mta::{Audit, BlockId, EventEntry, Fact, Submission};
use net::HostId;

use crate::outcome::{Exception, HostView, Messages};
use crate::record::ThreadNumber;
use crate::traffic::TrafficMeter;
use crate::violation::Violation;
use config::plan::{Keyword, Scenario, ViolationKind};

use assertions::Assertions;
use blocks::Blocks;
use deadlock::Deadlocks;
use delivery::Delivery;
pub(crate) use delivery::SocketDid;
use liveness::Liveness;
pub(crate) use pool_words::PoolAccess;

/// Event ids of what ends a process: the MTA's own and Dr. Watson's.
const UNEXPECTED_ERROR: u32 = 9405;
const APPLICATION_ERROR: u32 = 4097;
const CLOSEDOWN_COMPLETE: u32 = 9299;

/// The oracles of one run, and the counts of what they read.
#[derive(Debug)]
pub(crate) struct Oracles {
    hosts: Vec<HostView>,
    blocks: Vec<Blocks>,
    assertions: Vec<Assertions>,
    delivery: Delivery,
    liveness: Liveness,
    deadlocks: Deadlocks,
    violations: Violations,
    totals: RunTotals,
    awaited: StoppingFailure,
}

/// The failure at which the run ends.
#[derive(Debug)]
struct StoppingFailure {
    /// Its kind or signature; `None` if the run goes on whatever fails.
    name: Option<String>,
    has_occurred: bool,
}

/// What an oracle reports, before host and time are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ViolationDetails {
    kind: ViolationKind,
    location: String,
    block: Option<BlockId>,
    detail: String,
}

/// The violations of a run, up to a limit.
#[derive(Debug)]
struct Violations {
    found: Vec<Violation>,
    /// How many of them have been handed out by [`Oracles::take_new`].
    taken: usize,
    limit: usize,
    dropped: u64,
}

/// Counts over a whole run.
#[derive(Debug, Default)]
pub(crate) struct RunTotals {
    pub(crate) exceptions: Vec<Exception>,
    /// Event-log entries by id.
    pub(crate) events_logged: BTreeMap<u32, u64>,
    pub(crate) messages: Messages,
    /// Refusals for want of a control block, at callers and at called hosts.
    pub(crate) refused: u64,
    pub(crate) traffic: TrafficMeter,
}

/// What the oracles found and counted in a run.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) violations: Vec<Violation>,
    pub(crate) violations_dropped: u64,
    pub(crate) totals: RunTotals,
    pub(crate) hosts: Vec<HostView>,
}

impl ViolationDetails {
    fn new(kind: ViolationKind, location: &str, detail: String) -> Self {
        Self {
            kind,
            location: location.to_owned(),
            block: None,
            detail,
        }
    }

    /// Names the use of a control block that is concerned.
    fn with_block(self, block: BlockId) -> Self {
        Self {
            block: Some(block),
            ..self
        }
    }
}

impl Oracles {
    /// Oracles for these hosts and so many workloads, that keep at most `limit` violations. `awaited`
    /// is the kind or the signature of the failure at which the run ends.
    pub(crate) fn new(
        hosts: Vec<HostView>,
        workloads: usize,
        limit: usize,
        awaited: Option<String>,
    ) -> Self {
        Self {
            blocks: hosts.iter().map(|_| Blocks::default()).collect(),
            assertions: hosts.iter().map(|_| Assertions::default()).collect(),
            delivery: Delivery::new(hosts.iter().map(|host| host.address).collect()),
            liveness: Liveness::default(),
            deadlocks: Deadlocks::default(),
            hosts,
            violations: Violations {
                found: Vec::new(),
                taken: 0,
                limit,
                dropped: 0,
            },
            totals: RunTotals {
                traffic: TrafficMeter::new(workloads),
                ..RunTotals::default()
            },
            awaited: StoppingFailure {
                name: awaited,
                has_occurred: false,
            },
        }
    }

    /// Whether the failure at which the run ends has occurred.
    pub(crate) fn has_first_failure(&self) -> bool {
        self.awaited.has_occurred
    }

    /// Whether the limit on violations is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.violations.found.len() >= self.violations.limit
    }

    /// How many exceptions have ended processes.
    pub(crate) fn exceptions(&self) -> usize {
        self.totals.exceptions.len()
    }

    /// The process of a host starts with these threads.
    pub(crate) fn on_start(&mut self, host: HostId, threads: Vec<(ThreadNumber, String)>) {
        self.hosts[host.0 as usize].threads.extend(threads);
    }

    /// The process of a host has ended, and the system has released everything that it held.
    pub(crate) fn on_end(&mut self, host: HostId) {
        self.totals.traffic.on_end(host);
        // The next process starts with fresh memory, where the same numbers are other blocks.
        self.blocks[host.0 as usize] = Blocks::default();
        self.delivery.on_end(host);
        self.deadlocks.on_end(host);
    }

    /// The service of a host is stopped in order, which logs event 9299.
    pub(crate) fn on_closedown(&mut self) {
        self.totals.count_event(CLOSEDOWN_COMPLETE);
    }

    /// A workload submits a message at a host.
    pub(crate) fn on_submission(&mut self, host: HostId, at: Instant, submission: Submission) {
        self.totals.messages.submitted += 1;
        self.totals.traffic.on_submission(host, at, submission);
        self.delivery.on_submission(host, submission);
        self.liveness.on_submission(host, submission.message);
    }

    /// The network heals: liveness is checked from here on.
    pub(crate) fn on_healing(&mut self) {
        self.liveness.on_healing();
    }

    /// A socket of a host gives out bytes, or is closed.
    pub(crate) fn on_socket(&mut self, host: HostId, did: &SocketDid) {
        self.delivery.on_socket(host, did);
    }

    /// A thread of the MTA writes a record.
    pub(crate) fn on_record(&mut self, host: HostId, record: &Recorded<mta::Record>) {
        let at = record.at;
        match &record.record {
            mta::Record::Log(_) => {}
            mta::Record::Event(entry) => self.on_event(host, at, record.thread.index(), entry),
            mta::Record::Fact(fact) => self.on_fact(host, at, *fact),
        }
    }

    /// A thread of the MTA accesses a word of the control-block pool.
    pub(crate) fn on_access(&mut self, host: HostId, access: PoolAccess) {
        let found = self.blocks[host.0 as usize].on_access(access);
        self.add(host, access.at, found);
    }

    /// A thread of the MTA takes a close request for this use of a block, or another message.
    pub(crate) fn on_take(
        &mut self,
        host: HostId,
        now: Instant,
        thread: usize,
        closes: Option<BlockId>,
    ) {
        let found = self.blocks[host.0 as usize].on_take(thread, closes);
        self.add(host, now, found);
    }

    fn on_event(&mut self, host: HostId, at: Instant, thread: usize, entry: &EventEntry) {
        self.totals.count_event(entry.id());
        let failed = self.assertions[host.0 as usize].on_event(entry);
        let exhausted = self.blocks[host.0 as usize].on_event(thread, entry);
        self.add(host, at, failed.into_iter().chain(exhausted));
    }

    fn on_fact(&mut self, host: HostId, at: Instant, fact: Fact) {
        self.totals.count_fact(fact);
        self.totals.traffic.on_fact(host, at, fact);
        let contradicted = self.delivery.on_fact(host, fact);
        // What the bytes contradict settles nothing.
        if contradicted.is_none() {
            self.liveness.on_fact(fact);
        }
        self.add(host, at, contradicted);
    }

    /// The race detector, or a check of the heap, found something.
    pub(crate) fn on_finding(&mut self, host: HostId, finding: &machine::Finding) {
        self.add(host, finding.access.at, [memory::defect(finding)]);
    }

    /// An exception ended the process of a host: 9405 and 4097 are logged.
    pub(crate) fn on_exception(
        &mut self,
        host: HostId,
        exception: &machine::Exception,
        thread: String,
        number: ThreadNumber,
    ) {
        self.totals.count_event(UNEXPECTED_ERROR);
        self.totals.count_event(APPLICATION_ERROR);
        let exception = Exception {
            code: exception.code,
            host: self.hosts[host.0 as usize].name.clone(),
            at: exception.at,
            thread,
            number: number.0,
            cause: self.assertions[host.0 as usize].cause_of(exception),
        };
        self.awaited
            .see(Scenario::ANY_EXCEPTION, || exception.signature());
        self.totals.exceptions.push(exception);
    }

    /// Whether a control block of this host may have become unreachable, now that its transport has lost
    /// so many connections.
    pub(crate) fn has_suspects(&mut self, host: HostId, connections_lost: u64) -> bool {
        self.blocks[host.0 as usize].has_suspects(connections_lost)
    }

    /// Threads of a host wait in a cycle, each for a critical section that the next one owns.
    pub(crate) fn on_deadlock(
        &mut self,
        host: HostId,
        now: Instant,
        cycle: &[(ThreadNumber, &'static str)],
    ) {
        let defect = self.deadlocks.on_cycle(host, cycle);
        self.add(host, now, defect);
    }

    /// Every thread of a host waits, and no message is under way between them.
    pub(crate) fn on_quiescence(&mut self, host: HostId, now: Instant, audit: &Audit) {
        let defects = self.blocks[host.0 as usize].on_quiescence(audit);
        self.add(host, now, defects);
    }

    /// The run is over, after a healing phase.
    pub(crate) fn on_healed_end(&mut self, now: Instant) {
        for (host, defect) in self.liveness.overdue() {
            self.add(host, now, [defect]);
        }
    }

    /// Adds violations on this host.
    pub(crate) fn add(
        &mut self,
        host: HostId,
        at: Instant,
        defects: impl IntoIterator<Item = ViolationDetails>,
    ) {
        for defect in defects {
            if self.is_full() {
                // Counted, so that the outcome does not seem complete.
                self.violations.dropped += 1;
                continue;
            }
            let ViolationDetails {
                kind,
                location,
                block,
                detail,
            } = defect;
            let host = self.hosts[host.0 as usize].name.clone();
            let violation = Violation {
                kind,
                host,
                at,
                location,
                block,
                detail,
            };
            self.awaited.see(kind.as_str(), || violation.signature());
            self.violations.found.push(violation);
        }
    }

    /// The violations since the last call.
    pub(crate) fn take_new(&mut self) -> Vec<Violation> {
        let new = self.violations.found[self.violations.taken..].to_vec();
        self.violations.taken = self.violations.found.len();
        new
    }

    pub(crate) fn into_results(self) -> Results {
        Results {
            violations: self.violations.found,
            violations_dropped: self.violations.dropped,
            totals: self.totals,
            hosts: self.hosts,
        }
    }
}

impl StoppingFailure {
    fn see(&mut self, kind: &str, signature: impl FnOnce() -> String) {
        if let Some(name) = &self.name {
            self.has_occurred |= name == kind || *name == signature();
        }
    }
}

impl RunTotals {
    fn count_event(&mut self, id: u32) {
        *self.events_logged.entry(id).or_default() += 1;
    }

    fn count_fact(&mut self, fact: Fact) {
        match fact {
            Fact::AssociationRefused => self.refused += 1,
            Fact::MessageArrived { .. } => self.messages.arrived += 1,
            Fact::MessageAcknowledged(_) => self.messages.acknowledged += 1,
            Fact::MessageReturned(_) => self.messages.returned += 1,
            Fact::AssociationBegun(..)
            | Fact::AssociationOpened(_)
            | Fact::AssociationEnded(..)
            | Fact::BlockBound(..)
            | Fact::TransportBegun(..)
            | Fact::TransportEnded(..)
            | Fact::BlockAllocated(..)
            | Fact::BlockOutOfService(..)
            | Fact::BlockReleased(..)
            | Fact::CloseRequestDropped(..)
            | Fact::CloseApplied { .. }
            | Fact::MessageSubmitted(_) => {}
        }
    }
}
