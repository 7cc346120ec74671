//! The lifetimes of control blocks, from the records of a run.
//!
//! A [`Lifetime`] is one use of a control block, from its allocation to its release or to the end
//! of the process. Leaks are those that the oracle recorded.

use std::collections::BTreeMap;

use config::plan::{FaultKind, Scenario, ViolationKind};
use kernel::{Instant, JournalEntry};
use logs::winsock_log;
use mta::{BlockId, Fact, LogLine};
use net::HostId;
use simulation::Outcome;
use simulation::record::{Record, Stage, ThreadNumber};

/// One use of a control block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The host.
    pub host: HostId,
    /// The control block and its instance number.
    pub block: BlockId,
    /// The thread that allocated it.
    pub allocated_by: ThreadNumber,
    /// The start of each phase, in order. The first is the allocation.
    pub phases: Vec<(Instant, BlockPhase)>,
    /// The end of the lifetime.
    pub to: Instant,
    /// Why it ended.
    pub end: LifetimeEnd,
    /// Whether the oracle reported it as leaked.
    pub is_leaked: bool,
    /// The association that uses it, if any.
    pub association: Option<u32>,
}

/// The state of a control block, as far as records show it. A lifetime only moves forward in this
/// order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockPhase {
    /// Allocated, without a socket.
    Allocated,
    /// A connection is being opened by either side.
    Connecting,
    /// It waits for incoming connections.
    Listening,
    /// The connection is open.
    Open,
    /// The connection is being closed.
    Closing,
    /// A session timeout took it out of service.
    OutOfService,
    /// Nothing can release it any more.
    Leaked,
}

/// Why a lifetime ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifetimeEnd {
    /// This thread released it to the pool.
    Released(ThreadNumber),
    /// It was allocated again while in use.
    AllocatedAgain,
    /// The process ended.
    Process,
    /// The run ended.
    Run,
}

impl Lifetime {
    /// The time of its allocation.
    #[must_use]
    pub fn from(&self) -> Instant {
        self.phases[0].0
    }

    fn enter(&mut self, at: Instant, phase: BlockPhase) {
        let (_, now) = self.phases[self.phases.len() - 1];
        // Late log lines of an earlier phase must not undo closing, out of service or leaked.
        if phase > now {
            self.phases.push((at, phase));
        }
    }
}

/// The lifetimes of all control blocks of a run, in the order of allocation.
#[must_use]
pub fn lifetimes(scenario: &Scenario, outcome: &Outcome) -> Vec<Lifetime> {
    let mut reader = LifetimeReader::default();
    for JournalEntry { at, record } in &outcome.records {
        match record {
            Record::Mta(host, thread, record) => reader.read(*host, *at, *thread, record),
            Record::Exception(host, ..) | Record::ClosedDown(host) => reader.end(*host, *at),
            Record::Fault(fault, Stage::Starts) => {
                let kind = scenario.faults.values().nth(*fault as usize);
                // A machine that loses power writes no record of its process.
                if let Some(FaultKind::Crash { host, .. }) = kind.map(|it| &it.kind)
                    && let Some(host) = outcome.host_named(host)
                {
                    reader.end(host, *at);
                }
            }
            Record::Violation(violation) if violation.kind == ViolationKind::ControlBlockLeak => {
                let host = outcome.host_named(&violation.host);
                let lifetime = host.zip(violation.block);
                let lifetime = lifetime.and_then(|(host, block)| reader.of(host, block));
                if let Some(lifetime) = lifetime {
                    lifetime.is_leaked = true;
                    // The oracle finds a leak at the end of a time slice, which may be stamped
                    // before the lines of that slice.
                    lifetime.enter(violation.at.max(lifetime.from()), BlockPhase::Leaked);
                }
            }
            Record::Violation(_)
            | Record::Event(_)
            | Record::PacketSent(..)
            | Record::PacketDropped(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::Fault(_, Stage::Ends)
            | Record::ClockSet(..)
            | Record::Guest(..)
            | Record::Gauge(..)
            | Record::Healed => {}
        }
    }
    for index in reader.current.into_values() {
        let lifetime = &mut reader.lifetimes[index];
        // Clocks of threads run a little ahead of the event queue, so an allocation may lie after the end.
        lifetime.to = lifetime.to.max(outcome.simulated);
    }
    reader.lifetimes
}

#[derive(Default)]
struct LifetimeReader {
    lifetimes: Vec<Lifetime>,
    /// The current lifetime of each allocated block.
    current: BTreeMap<(HostId, mta::BlockIndex), usize>,
}

impl LifetimeReader {
    fn read(&mut self, host: HostId, at: Instant, thread: ThreadNumber, record: &mta::Record) {
        match record {
            mta::Record::Fact(fact) => self.fact(host, at, thread, *fact),
            mta::Record::Log(line) => {
                let block = winsock_log::block(*line);
                let index = block.and_then(|block| self.current.get(&(host, block)));
                if let (Some(index), Some(phase)) = (index, phase_of(*line)) {
                    let lifetime = &mut self.lifetimes[*index];
                    // A socket without an association is the listener's, unless it was accepted.
                    let is_listener = phase == BlockPhase::Connecting
                        && lifetime.association.is_none()
                        && !matches!(line, LogLine::Accepted(..));
                    lifetime.enter(
                        at,
                        if is_listener {
                            BlockPhase::Listening
                        } else {
                            phase
                        },
                    );
                }
            }
            mta::Record::Event(_) => {}
        }
    }

    fn fact(&mut self, host: HostId, at: Instant, thread: ThreadNumber, fact: Fact) {
        match fact {
            Fact::BlockAllocated(block) => {
                let lifetime = Lifetime {
                    host,
                    block,
                    allocated_by: thread,
                    phases: vec![(at, BlockPhase::Allocated)],
                    to: at,
                    end: LifetimeEnd::Run,
                    is_leaked: false,
                    association: None,
                };
                let previous = self
                    .current
                    .insert((host, block.index), self.lifetimes.len());
                if let Some(index) = previous {
                    let previous = &mut self.lifetimes[index];
                    // A block that was handed out while in use, which Q152941 does: both uses are
                    // shown.
                    (previous.to, previous.end) = (at, LifetimeEnd::AllocatedAgain);
                }
                self.lifetimes.push(lifetime);
            }
            Fact::BlockBound(association, block) => {
                if let Some(lifetime) = self.of(host, block) {
                    lifetime.association = Some(association.0);
                }
            }
            Fact::BlockOutOfService(block) => {
                if let Some(lifetime) = self.of(host, block) {
                    lifetime.enter(at, BlockPhase::OutOfService);
                }
            }
            Fact::BlockReleased(block) => {
                if let Some(lifetime) = self.of(host, block) {
                    (lifetime.to, lifetime.end) = (at, LifetimeEnd::Released(thread));
                    self.current.remove(&(host, block.index));
                }
            }
            Fact::AssociationBegun(..)
            | Fact::AssociationOpened(_)
            | Fact::AssociationEnded(..)
            | Fact::AssociationRefused
            | Fact::TransportBegun(..)
            | Fact::TransportEnded(..)
            | Fact::CloseRequestDropped(..)
            | Fact::CloseApplied { .. }
            | Fact::MessageSubmitted(_)
            | Fact::MessageArrived { .. }
            | Fact::MessageAcknowledged(_)
            | Fact::MessageReturned(_) => {}
        }
    }

    fn of(&mut self, host: HostId, block: BlockId) -> Option<&mut Lifetime> {
        let index = *self.current.get(&(host, block.index))?;
        let lifetime = &mut self.lifetimes[index];
        // A record about an earlier use must not move the present one.
        (lifetime.block == block).then_some(lifetime)
    }

    /// The process of a host ended, and with it all lifetimes.
    fn end(&mut self, host: HostId, at: Instant) {
        for (_, index) in self.current.extract_if(.., |(owner, _), _| *owner == host) {
            let lifetime = &mut self.lifetimes[index];
            (lifetime.to, lifetime.end) = (at, LifetimeEnd::Process);
        }
    }
}

/// The phase that a line of Winsock.log shows.
const fn phase_of(line: LogLine) -> Option<BlockPhase> {
    match line {
        LogLine::SocketCreated(..) | LogLine::Accepted(..) => Some(BlockPhase::Connecting),
        LogLine::DataEvents(..) => Some(BlockPhase::Open),
        LogLine::IssueDisconnect(_) | LogLine::CloseSocket(..) => Some(BlockPhase::Closing),
        LogLine::Allocated(..)
        | LogLine::UseThreadBlock(..)
        | LogLine::Message(..)
        | LogLine::ConnectEvents(..)
        | LogLine::WaitFor(..)
        | LogLine::Notified(..)
        | LogLine::ReceiveHeader(..)
        | LogLine::HeaderDone(_)
        | LogLine::ReceiveBody(..)
        | LogLine::Received(_)
        | LogLine::EntireTpkt
        | LogLine::Readable(..)
        | LogLine::NoMoreData => None,
    }
}
