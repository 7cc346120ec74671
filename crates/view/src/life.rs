//! The lives of control blocks, read from the records of a run.
//!
//! Owns [`Life`]: one use of a control block from the pool to the pool, or to the end of its
//! process, with what state the block was in when. It refuses to judge: that a block leaked is
//! what an oracle wrote down.

use std::collections::BTreeMap;

use config::plan::{FaultKind, Scenario, ViolationKind};
use kernel::Instant;
use logs::winsock_log;
use mta::{BlockId, Fact, LogLine};
use net::HostId;
use simulation::Outcome;
use simulation::record::{Record, Stage, ThreadNumber};

/// One use of a control block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The host.
    pub host: HostId,
    /// The block and its use.
    pub block: BlockId,
    /// The thread that took it out of the pool.
    pub taken_by: ThreadNumber,
    /// Since when each state lasts, in order; the first begins the life.
    pub phases: Vec<(Instant, Phase)>,
    /// When the use is over.
    pub to: Instant,
    /// Why it is over.
    pub end: End,
    /// Whether an oracle found that nobody can ever release it.
    pub is_leaked: bool,
    /// The association it was taken for, if any.
    pub association: Option<u32>,
}

/// What state a control block is in, as far as the records tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Taken out of the pool; no socket yet.
    Allocated,
    /// A connection is being opened, from here or from outside.
    Connecting,
    /// Calls are awaited.
    Listening,
    /// The connection is open.
    Open,
    /// It is being closed.
    Closing,
    /// A timeout took it out of service.
    OutOfService,
    /// Nobody can ever release it.
    Leaked,
}

/// Why the use of a block is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// This thread gave it back to the pool.
    Returned(ThreadNumber),
    /// It was taken out of the pool once more although it was in use.
    TakenAgain,
    /// The process ended.
    Process,
    /// The run ended.
    Run,
}

impl Life {
    /// When it begins.
    #[must_use]
    pub fn from(&self) -> Instant {
        self.phases[0].0
    }

    fn enter(&mut self, at: Instant, phase: Phase) {
        let (_, now) = self.phases[self.phases.len() - 1];
        // What is being closed, out of service or leaked does not become anything less.
        if phase > now {
            self.phases.push((at, phase));
        }
    }
}

/// The lives of all control blocks of a run, in the order of their beginning.
#[must_use]
pub fn lives(scenario: &Scenario, outcome: &Outcome) -> Vec<Life> {
    let mut reader = Reader::default();
    for (at, record) in &outcome.records {
        match record {
            Record::Mta(host, thread, record) => reader.read(*host, (*at, *thread), record),
            Record::Exception(host, ..) | Record::ClosedDown(host) => reader.end(*host, *at),
            Record::Fault(fault, Stage::Strikes) => {
                let kind = scenario.faults.values().nth(*fault as usize);
                if let Some(FaultKind::Crash { host, .. }) = kind.map(|it| &it.kind)
                    && let Some(host) = outcome.host_named(host)
                {
                    reader.end(host, *at);
                }
            }
            Record::Violation(violation) if violation.kind == ViolationKind::ControlBlockLeak => {
                let host = outcome.host_named(&violation.host);
                let life = host.zip(violation.block);
                let life = life.and_then(|(host, block)| reader.of(host, block));
                if let Some(life) = life {
                    life.is_leaked = true;
                    life.enter(violation.at.max(life.from()), Phase::Leaked);
                }
            }
            Record::Violation(_)
            | Record::Event(_)
            | Record::PacketSent(..)
            | Record::PacketDropped(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::Fault(_, Stage::Ceases)
            | Record::ClockSet(..)
            | Record::Healed => {}
        }
    }
    for life in reader.current.into_values() {
        let life = &mut reader.lives[life];
        life.to = life.to.max(outcome.simulated);
    }
    reader.lives
}

#[derive(Default)]
struct Reader {
    lives: Vec<Life>,
    /// The life that each block is in.
    current: BTreeMap<(HostId, mta::BlockIndex), usize>,
}

impl Reader {
    fn read(&mut self, host: HostId, (at, thread): (Instant, ThreadNumber), record: &mta::Record) {
        match record {
            mta::Record::Fact(fact) => self.fact(host, (at, thread), *fact),
            mta::Record::Log(line) => {
                let block = winsock_log::block(*line);
                let life = block.and_then(|block| self.current.get(&(host, block)));
                if let (Some(life), Some(phase)) = (life, phase_of(*line)) {
                    let life = &mut self.lives[*life];
                    let listens = phase == Phase::Connecting && life.association.is_none();
                    let is_called = matches!(line, LogLine::Accepted(..));
                    life.enter(
                        at,
                        if listens && !is_called {
                            Phase::Listening
                        } else {
                            phase
                        },
                    );
                }
            }
            mta::Record::Event(_) => {}
        }
    }

    fn fact(&mut self, host: HostId, (at, thread): (Instant, ThreadNumber), fact: Fact) {
        match fact {
            Fact::BlockAllocated(block, instance) => {
                let life = Life {
                    host,
                    block: BlockId::new(block, instance),
                    taken_by: thread,
                    phases: vec![(at, Phase::Allocated)],
                    to: at,
                    end: End::Run,
                    is_leaked: false,
                    association: None,
                };
                let before = self.current.insert((host, block), self.lives.len());
                if let Some(before) = before {
                    let before = &mut self.lives[before];
                    (before.to, before.end) = (at, End::TakenAgain);
                }
                self.lives.push(life);
            }
            Fact::BlockBound(association, block, instance) => {
                if let Some(life) = self.of(host, BlockId::new(block, instance)) {
                    life.association = Some(association.0);
                }
            }
            Fact::BlockOutOfService(block, instance) => {
                if let Some(life) = self.of(host, BlockId::new(block, instance)) {
                    life.enter(at, Phase::OutOfService);
                }
            }
            Fact::BlockReleased(block, instance) => {
                let id = BlockId::new(block, instance);
                if let Some(life) = self.of(host, id) {
                    (life.to, life.end) = (at, End::Returned(thread));
                    self.current.remove(&(host, block));
                }
            }
            Fact::AssociationBegun(_)
            | Fact::AssociationOpened(_)
            | Fact::AssociationEnded(..)
            | Fact::AssociationRefused
            | Fact::TransportBegun(..)
            | Fact::TransportEnded(..)
            | Fact::CloseApplied { .. }
            | Fact::MessageSubmitted(_)
            | Fact::MessageArrived { .. }
            | Fact::MessageAcknowledged(_)
            | Fact::MessageReturned(_) => {}
        }
    }

    fn of(&mut self, host: HostId, block: BlockId) -> Option<&mut Life> {
        let life = *self.current.get(&(host, block.index))?;
        let life = &mut self.lives[life];
        (life.block == block).then_some(life)
    }

    /// The process of a host has ended, and with it all its blocks.
    fn end(&mut self, host: HostId, at: Instant) {
        for (_, life) in self.current.extract_if(.., |(whose, _), _| *whose == host) {
            let life = &mut self.lives[life];
            (life.to, life.end) = (at, End::Process);
        }
    }
}

/// The state that a line of Winsock.log tells of.
const fn phase_of(line: LogLine) -> Option<Phase> {
    match line {
        LogLine::SocketCreated(..) | LogLine::Accepted(..) => Some(Phase::Connecting),
        LogLine::DataEvents(..) => Some(Phase::Open),
        LogLine::IssueDisconnect(_) | LogLine::CloseSocket(..) => Some(Phase::Closing),
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
