//! Tests of the association manager without a machine.
//!
//! A harness replaces MAIN BASE, the transport and TIMER: it allocates blocks, keeps timers, and
//! checks after each input that no message is lost or duplicated.

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
        rng_key: 1,
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

/// The surroundings of the manager.
pub(super) struct Harness {
    pub(super) manager: Manager,
    pub(super) now: Instant,
    /// The number of free blocks.
    pub(super) blocks: u32,
    next_block: u32,
    timers: BTreeMap<(Instant, u64), Timer>,
    /// The calls since they were last taken, in order, with their blocks.
    pub(super) calls: Vec<(OutgoingCall, BlockId)>,
    /// The actions since they were last taken, except calls, timers and records.
    pub(super) actions: Vec<Action>,
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
            timers: BTreeMap::new(),
            calls: Vec::new(),
            actions: Vec::new(),
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
            rng_key: u64::from(message),
            length,
            priority,
        };
        self.manager.on_submission(self.now, submission);
        self.carry_out();
        message
    }

    /// A block that was never used.
    pub(super) fn new_block(&mut self) -> BlockId {
        let block = BlockIndex(self.next_block);
        self.next_block += 1;
        BlockId::new(block, Instance(block.0))
    }

    /// Carries out all actions, as MAIN BASE does.
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
            Action::SetTimer(timer) => {
                let number = self.timers.len() as u64;
                let free =
                    (number..).find(|it| !self.timers.contains_key(&(timer.expires_at, *it)));
                self.timers.insert(
                    (timer.expires_at, free.expect("the range is unlimited")),
                    timer,
                );
            }
            Action::Record(Record::Fact(fact)) => self.facts.push(fact),
            Action::Record(Record::Event(entry)) => self.events.push(entry),
            Action::Record(Record::Log(line)) => panic!("the manager logged {line:?}"),
            action @ (Action::Answer(_)
            | Action::Send(..)
            | Action::SendContent(..)
            | Action::Disconnect(_)
            | Action::TimeOut(_)) => self.actions.push(action),
        }
    }

    /// Checks that no two associations share a block, and that no message is lost or duplicated.
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
        let queued: u32 = self.manager.queues.iter().map(ConnectorQueue::len).sum();
        let in_transfer = associations
            .values()
            .filter(|it| it.transfer.is_some())
            .count() as u32;
        assert_eq!(
            self.submitted,
            done + queued + in_transfer,
            "a message was lost or duplicated"
        );
    }

    /// Expires the next timer, if there is one.
    pub(super) fn expire_next(&mut self) -> bool {
        let Some(((at, _), timer)) = self.timers.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        self.manager.on_timer(self.now, timer);
        self.carry_out();
        true
    }

    /// Advances to this time, and expires the timers due until then.
    pub(super) fn advance_to(&mut self, until: Instant) {
        while self
            .timers
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= until)
        {
            self.expire_next();
        }
        self.now = self.now.max(until);
    }

    pub(super) fn advance(&mut self, time: Duration) {
        self.advance_to(self.now + time);
    }

    pub(super) fn unit(&mut self, block: BlockId, unit: &Spdu<'_>) {
        self.manager.on_unit(self.now, block, &unit.encode());
        self.carry_out();
    }

    pub(super) fn ended(&mut self, block: BlockId) {
        self.manager.on_ended(self.now, block);
        self.carry_out();
    }

    /// Opens the transport connection of a call, and has the peer accept the session.
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

    /// The blocks of the calls since the last time.
    pub(super) fn take_calls(&mut self) -> Vec<BlockId> {
        std::mem::take(&mut self.calls)
            .into_iter()
            .map(|(_, block)| block)
            .collect()
    }

    /// The session units sent on this connection since the last time.
    pub(super) fn take_units(&mut self, on: BlockId) -> Vec<Vec<u8>> {
        let actions = std::mem::take(&mut self.actions);
        let units = actions.into_iter().filter_map(|action| match action {
            Action::Send(block, unit) if block == on => Some(unit),
            Action::Send(..)
            | Action::Open(..)
            | Action::Answer(_)
            | Action::SendContent(..)
            | Action::Disconnect(_)
            | Action::TimeOut(_)
            | Action::SetTimer(_)
            | Action::Record(_) => None,
        });
        units.collect()
    }

    pub(super) fn wants_disconnect(&self, of: BlockId) -> bool {
        self.actions.contains(&Action::Disconnect(of))
    }
}
