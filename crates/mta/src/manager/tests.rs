//! The association manager without a machine: what it wants after which news.
//!
//! Owns a stage that stands for MAIN BASE, transport and TIMER: it gives blocks, keeps alarms and
//! counts what was promised. It refuses to know how the manager comes to its decisions.

mod associations;
mod random_inputs;
mod transfers;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use machine::{Duration, Instant};

use super::*;
use crate::build::Shipped;
use crate::config::{Connector, Database, Priority};
use crate::layout::{BlockIndex, Instance};

pub(super) const PEER: u32 = 0x0A00_0002;

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The documented defaults (Q199412, Q194589).
pub(super) fn connector() -> Connector {
    Connector {
        key: 1,
        to: PEER,
        max_associations: 9,
        threshold: 50,
        lifetime: seconds(300),
        session_disconnect: seconds(120),
        open_interval: seconds(600),
        open_retries: 144,
        transfer_interval: seconds(120),
        transfer_retries: 2,
        checkpoint: 1_000,
        window: 2,
        recovery_timeout: seconds(60),
        transfer_timeouts: [seconds(1_000), seconds(2_000), seconds(3_000)],
    }
}

/// Everything around the manager.
pub(super) struct Harness {
    pub(super) manager: Manager,
    pub(super) now: Instant,
    /// Blocks that can still be had.
    pub(super) blocks: u32,
    next_block: u32,
    alarms: BTreeMap<(Instant, u64), Timer>,
    /// Calls made, in order, with their blocks.
    pub(super) calls: Vec<(Call, BlockId)>,
    /// What the manager wanted since this was last emptied, other than alarms and records.
    pub(super) wanted: Vec<Action>,
    pub(super) facts: Vec<Fact>,
    pub(super) events: Vec<EventEntry>,
    pub(super) submitted: u32,
}

impl Harness {
    pub(super) fn new(connectors: Vec<Connector>) -> Self {
        let config = Config {
            build: Rc::new(Shipped::EXCHANGE_5_5_2655_16),
            control_blocks: 20,
            driver_threads: 1,
            connect_attempts: 7,
            connect_pause: Duration::ZERO,
            connectors,
            peers: BTreeSet::from([PEER]),
            responder_timeouts: ResponderTimeouts {
                connect: seconds(120),
                inactivity: seconds(420),
            },
            keep_alive: false,
            waits_recorded: false,
            database: Database::default(),
        };
        Self {
            manager: Manager::new(&config),
            now: Instant::ZERO,
            blocks: 1_000,
            next_block: 0,
            alarms: BTreeMap::new(),
            calls: Vec::new(),
            wanted: Vec::new(),
            facts: Vec::new(),
            events: Vec::new(),
            submitted: 0,
        }
    }

    pub(super) fn submit(&mut self, priority: Priority, length: u32) -> u32 {
        self.submit_to(0, priority, length)
    }

    pub(super) fn submit_to(&mut self, connector: u32, priority: Priority, length: u32) -> u32 {
        let message = self.submitted;
        self.submitted += 1;
        let submission = Submission {
            connector,
            message,
            key: u64::from(message),
            length,
            priority,
        };
        self.manager.on_submission(self.now, submission);
        self.carry_out();
        message
    }

    /// A connection has the lowest number that was never used.
    pub(super) fn new_block(&mut self) -> BlockId {
        let block = BlockIndex(self.next_block);
        self.next_block += 1;
        BlockId::new(block, Instance(block.0))
    }

    /// Does what MAIN BASE does, until nothing more is wanted.
    pub(super) fn carry_out(&mut self) {
        loop {
            let actions = self.manager.take_actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.carry_out_one(action);
            }
        }
        self.check();
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::Open(index, call) => {
                let block = (self.blocks > 0).then(|| self.new_block());
                self.blocks = self.blocks.saturating_sub(1);
                self.manager.on_block(self.now, index, block);
                self.calls.extend(block.map(|block| (call, block)));
            }
            Action::Timer(timer) => {
                let number = self.alarms.len() as u64;
                let free = (number..).find(|it| !self.alarms.contains_key(&(timer.at, *it)));
                self.alarms
                    .insert((timer.at, free.expect("there is one")), timer);
            }
            Action::Record(Record::Fact(fact)) => self.facts.push(fact),
            Action::Record(Record::Event(entry)) => self.events.push(entry),
            Action::Record(Record::Log(line)) => panic!("no manager logs {line:?}"),
            wanted @ (Action::Answer(_)
            | Action::Send(..)
            | Action::SendContent { .. }
            | Action::Disconnect(_)
            | Action::TimeOut(_)) => self.wanted.push(wanted),
        }
    }

    /// No two associations share a connection, and no message is lost or doubled.
    fn check(&self) {
        let associations = &self.manager.associations;
        let blocks: Vec<BlockId> = associations.values().filter_map(|it| it.block).collect();
        let unique: BTreeSet<BlockId> = blocks.iter().copied().collect();
        assert_eq!(blocks.len(), unique.len(), "two associations on one block");
        assert!(unique.iter().eq(self.manager.by_block.keys()));
        let done = self
            .facts
            .iter()
            .filter(|it| matches!(it, Fact::MessageAcknowledged(_) | Fact::MessageReturned(_)))
            .count() as u32;
        let queued: u32 = self.manager.queues.iter().map(Queue::len).sum();
        let sending = associations
            .values()
            .filter(|it| it.sending.is_some())
            .count() as u32;
        assert_eq!(
            self.submitted,
            done + queued + sending,
            "a message was lost or doubled"
        );
    }

    /// The next alarm rings, if there is one.
    pub(super) fn ring(&mut self) -> bool {
        let Some(((at, _), timer)) = self.alarms.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        self.manager.on_timer(self.now, timer);
        self.carry_out();
        true
    }

    /// Lets alarms ring up to this time, and goes there.
    pub(super) fn pass_to(&mut self, until: Instant) {
        while self
            .alarms
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= until)
        {
            self.ring();
        }
        self.now = self.now.max(until);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.pass_to(self.now + time);
    }

    pub(super) fn unit(&mut self, block: BlockId, unit: &Spdu<'_>) {
        self.manager.on_unit(self.now, block, &unit.encode());
        self.carry_out();
    }

    pub(super) fn ended(&mut self, block: BlockId) {
        self.manager.on_ended(self.now, block);
        self.carry_out();
    }

    /// The transport connection of a call comes about, and the peer accepts the session.
    pub(super) fn connect(&mut self, block: BlockId) {
        self.manager.on_connected(block);
        self.carry_out();
        self.unit(block, &Spdu::Accept);
    }

    pub(super) fn called(&mut self) -> BlockId {
        let block = self.new_block();
        self.manager.on_call(self.now, block, PEER);
        self.carry_out();
        block
    }

    /// The connections of the calls made since this was last asked.
    pub(super) fn take_calls(&mut self) -> Vec<BlockId> {
        std::mem::take(&mut self.calls)
            .into_iter()
            .map(|(_, block)| block)
            .collect()
    }

    /// The session units sent on this connection since this was last asked.
    pub(super) fn take_units(&mut self, on: BlockId) -> Vec<Vec<u8>> {
        let wanted = std::mem::take(&mut self.wanted);
        let units = wanted.into_iter().filter_map(|action| match action {
            Action::Send(block, unit) if block == on => Some(unit),
            Action::Send(..)
            | Action::Open(..)
            | Action::Answer(_)
            | Action::SendContent { .. }
            | Action::Disconnect(_)
            | Action::TimeOut(_)
            | Action::Timer(_)
            | Action::Record(_) => None,
        });
        units.collect()
    }

    pub(super) fn wants_disconnect(&self, of: BlockId) -> bool {
        self.wanted.contains(&Action::Disconnect(of))
    }
}
