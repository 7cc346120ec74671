//! The association manager: which associations there shall be, and what they transfer.
//!
//! Owns the queues of the connectors and the sessions on both sides, as a state machine: news
//! comes in, [`Action`]s come out, and MAIN BASE carries them out. It refuses to touch a control
//! block or a socket, so it can be tested without a machine.
//!
//! - `queue`: one connector's messages and its rests.
//! - `association`: one association, at either end.
//! - `inbox`: what has arrived, or is arriving.

mod association;
mod inbox;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use machine::Instant;

use crate::config::{Config, ResponderTimeouts, Submission, Timer, TimerKind};
use crate::iso::spdu::{self, SERIALS, Spdu};
use crate::layout::BlockId;
use crate::record::{AssociationEnd, AssociationIndex, EventEntry, Fact, Record};

use association::{Association, Phase, Role, Sending};
use inbox::Inbox;
use queue::{Queue, Queued};

/// What MAIN BASE is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Take a block and call `to`; then say [`Manager::on_block`].
    Open(AssociationIndex, Call),
    /// Accept a call: message types 1 and 243.
    Answer(BlockId),
    /// Send one session unit.
    Send(BlockId, Vec<u8>),
    /// Send bytes of a message.
    SendContent {
        block: BlockId,
        message: u32,
        offset: u32,
        length: u32,
    },
    /// Ask the transport to close.
    Disconnect(BlockId),
    /// The session's timer ran out before the association was open.
    TimeOut(BlockId),
    /// Start a timer.
    Timer(Timer),
    /// Write this down.
    Record(Record),
}

/// Whom to call, and by which name the connection is known to the network's luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) to: u32,
    pub(crate) label: u64,
}

/// The association manager of one MTA.
#[derive(Debug)]
pub(crate) struct Manager {
    queues: Vec<Queue>,
    associations: BTreeMap<AssociationIndex, Association>,
    by_block: BTreeMap<BlockId, AssociationIndex>,
    next: u32,
    inbox: Inbox,
    responder_timeouts: ResponderTimeouts,
    actions: Vec<Action>,
}

impl Manager {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            queues: config.connectors.iter().cloned().map(Queue::new).collect(),
            associations: BTreeMap::new(),
            by_block: BTreeMap::new(),
            next: 0,
            inbox: Inbox::new(config.database.arrived.clone()),
            responder_timeouts: config.responder_timeouts,
            actions: Vec::new(),
        }
    }

    /// What is to be done now, in this order.
    pub(crate) fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// A message was taken in from above.
    pub(crate) fn on_submission(&mut self, now: Instant, submission: Submission) {
        self.note(Fact::MessageSubmitted(submission.message));
        self.queues[submission.connector as usize].add(submission);
        self.dispatch(now, submission.connector);
    }

    /// The block for an association, or none: the pool is exhausted.
    pub(crate) fn on_block(
        &mut self,
        now: Instant,
        index: AssociationIndex,
        block: Option<BlockId>,
    ) {
        match block {
            Some(block) => {
                let association = self
                    .associations
                    .get_mut(&index)
                    .expect("it was just begun");
                assert!(association.block.is_none(), "an association has one block");
                association.block = Some(block);
                self.by_block.insert(block, index);
                self.note(Fact::BlockBound(index, block.index, block.instance));
            }
            None => {
                self.note(Fact::AssociationRefused);
                self.end(now, index, AssociationEnd::NotOpened);
            }
        }
    }

    /// A call was taken from this address.
    pub(crate) fn on_call(&mut self, now: Instant, block: BlockId, from: u32) {
        let index = self.add(Association::called(from, block, now));
        self.by_block.insert(block, index);
        self.note(Fact::BlockBound(index, block.index, block.instance));
        self.actions.push(Action::Answer(block));
        self.plan(index, now + self.responder_timeouts.connect);
    }

    /// The transport connection of a calling association is open: the session's turn.
    pub(crate) fn on_connected(&mut self, block: BlockId) {
        let Some(index) = self.by_block.get(&block) else {
            return;
        };
        if self.associations[index].is_opening_caller() {
            self.send(block, &Spdu::Connect);
        }
    }

    /// The transport connection has ended.
    pub(crate) fn on_ended(&mut self, now: Instant, block: BlockId) {
        let Some(&index) = self.by_block.get(&block) else {
            return;
        };
        let ending = match self.associations[&index].phase {
            Phase::Opening => AssociationEnd::NotOpened,
            Phase::Open | Phase::Finishing | Phase::Closing { orderly: false } => {
                AssociationEnd::Broken
            }
            Phase::Answered | Phase::Closing { orderly: true } => AssociationEnd::Orderly,
        };
        self.end(now, index, ending);
    }

    /// A timer has run out, maybe one of an older plan.
    pub(crate) fn on_timer(&mut self, now: Instant, timer: Timer) {
        match timer.purpose {
            TimerKind::Connector(connector) => {
                if self.queues[connector as usize].generation == timer.generation {
                    self.dispatch(now, connector);
                }
            }
            TimerKind::Association(number) => {
                let index = AssociationIndex(number);
                let current = self.associations.get(&index).map(|it| it.generation);
                if current == Some(timer.generation) {
                    self.on_patience_over(now, index);
                }
            }
        }
    }

    /// A session unit has arrived. One that does not fit, or is none, ends the association.
    pub(crate) fn on_unit(&mut self, now: Instant, block: BlockId, bytes: &[u8]) {
        let Some(&index) = self.by_block.get(&block) else {
            return;
        };
        self.association(index).last_heard = now;
        let Ok(unit) = spdu::decode(bytes) else {
            return self.abort(index);
        };
        match self.associations[&index].role {
            Role::Caller { connector } => self.on_answer(now, index, block, connector, &unit),
            Role::Called { from } => self.on_request(now, index, block, from, &unit),
        }
    }

    fn on_answer(
        &mut self,
        now: Instant,
        index: AssociationIndex,
        block: BlockId,
        connector: u32,
        unit: &Spdu<'_>,
    ) {
        match *unit {
            Spdu::Accept if self.associations[&index].phase == Phase::Opening => {
                self.association(index).phase = Phase::Open;
                self.queues[connector as usize].on_opened();
                self.note(Fact::AssociationOpened(index));
                self.rest_idle(now, index, connector);
                self.dispatch(now, connector);
            }
            Spdu::MinorSyncAck { serial } => {
                if self.association(index).confirm(serial) {
                    self.pump(index);
                }
            }
            Spdu::ActivityEndAck { serial } => {
                let done = self
                    .association(index)
                    .sending
                    .take_if(|it| it.message() % SERIALS == serial);
                if let Some(done) = done {
                    self.note(Fact::MessageAcknowledged(done.message()));
                    self.queues[connector as usize].on_transferred();
                    self.rest_idle(now, index, connector);
                    self.dispatch(now, connector);
                }
            }
            Spdu::Disconnect if self.associations[&index].phase == Phase::Finishing => {
                self.association(index).phase = Phase::Closing { orderly: true };
                self.actions.push(Action::Disconnect(block));
            }
            Spdu::Abort
            | Spdu::Connect
            | Spdu::Accept
            | Spdu::Finish
            | Spdu::Disconnect
            | Spdu::ActivityStart { .. }
            | Spdu::ActivityResume { .. }
            | Spdu::Data { .. }
            | Spdu::MinorSync { .. }
            | Spdu::ActivityEnd { .. } => self.abort(index),
        }
    }

    fn on_request(
        &mut self,
        now: Instant,
        index: AssociationIndex,
        block: BlockId,
        from: u32,
        unit: &Spdu<'_>,
    ) {
        match *unit {
            Spdu::Connect if self.associations[&index].phase == Phase::Opening => {
                self.association(index).phase = Phase::Open;
                self.note(Fact::AssociationOpened(index));
                self.send(block, &Spdu::Accept);
                self.plan(index, now + self.responder_timeouts.inactivity);
            }
            Spdu::Finish => {
                self.association(index).phase = Phase::Answered;
                self.send(block, &Spdu::Disconnect);
            }
            Spdu::ActivityStart { message, length } => {
                self.inbox.start(block, from, message, length)
            }
            Spdu::ActivityResume {
                message,
                length: _,
                offset,
            } => {
                if !self.inbox.resume(block, from, message, offset) {
                    self.abort(index);
                }
            }
            Spdu::Data { user } => self.inbox.add(block, user),
            Spdu::MinorSync { serial } => {
                self.inbox.checkpoint(block);
                self.send(block, &Spdu::MinorSyncAck { serial });
            }
            Spdu::ActivityEnd { serial } => match self.inbox.finish(block, serial) {
                Some(arrived) => {
                    if let Some(fact) = arrived {
                        self.note(fact);
                    }
                    self.send(block, &Spdu::ActivityEndAck { serial });
                }
                None => self.abort(index),
            },
            Spdu::Connect
            | Spdu::Accept
            | Spdu::Disconnect
            | Spdu::Abort
            | Spdu::MinorSyncAck { .. }
            | Spdu::ActivityEndAck { .. } => self.abort(index),
        }
    }

    /// The association's current plan has run out.
    fn on_patience_over(&mut self, now: Instant, index: AssociationIndex) {
        let association = &self.associations[&index];
        let block = association
            .block
            .expect("only an association with a block has a plan");
        match (association.role, association.phase) {
            (Role::Caller { .. }, Phase::Opening) => {
                // The session drops the association here and now (Q200259).
                self.actions.push(Action::TimeOut(block));
                self.end(now, index, AssociationEnd::NotOpened);
            }
            (Role::Caller { connector }, Phase::Open) if association.sending.is_none() => {
                let responder_timeouts =
                    self.queues[connector as usize].connector.session_disconnect;
                self.association(index).phase = Phase::Finishing;
                self.send(block, &Spdu::Finish);
                self.plan(index, now + responder_timeouts);
            }
            (Role::Called { .. }, Phase::Open | Phase::Answered)
                if association.last_heard + self.responder_timeouts.inactivity > now =>
            {
                let until = association.last_heard + self.responder_timeouts.inactivity;
                self.plan(index, until);
            }
            (Role::Caller { .. }, Phase::Open | Phase::Finishing)
            | (Role::Called { .. }, Phase::Opening | Phase::Open | Phase::Answered) => {
                self.abort(index);
            }
            (_, Phase::Closing { .. })
            | (Role::Caller { .. }, Phase::Answered)
            | (Role::Called { .. }, Phase::Finishing) => {}
        }
    }

    /// Gives waiting messages to idle associations, and opens as many as the queue deserves.
    fn dispatch(&mut self, now: Instant, connector: u32) {
        let idle: Vec<AssociationIndex> = self
            .associations
            .iter()
            .filter(|(_, association)| association.is_idle_caller_of(connector))
            .map(|(&index, _)| index)
            .collect();
        for index in idle {
            let urgent_only = self.associations[&index].urgent_only;
            match self.queues[connector as usize].take(urgent_only) {
                Some(queued) => self.transfer(now, index, connector, queued),
                // An idle association that is kept for urgent messages must not stop the others.
                None if urgent_only => {}
                None => break,
            }
        }
        self.open_as_needed(now, connector);
    }

    /// Every association but the first is a temporary one (Temp-Assoc-Threshold): it is opened
    /// beside one that is open, not into a line on which nobody has got through.
    fn open_as_needed(&mut self, now: Instant, connector: u32) {
        let associations = self.associations.values();
        let ours = associations.filter(|it| it.is_caller_of(connector));
        let (mut ordinary, mut has_urgent, mut is_open) = (0, false, false);
        for association in ours {
            ordinary += u32::from(!association.urgent_only);
            has_urgent |= association.urgent_only;
            is_open |= association.phase == Phase::Open;
        }
        let queue = &mut self.queues[connector as usize];
        if now < queue.rests_until {
            return;
        }
        let wanted = queue.wanted();
        if let Some(limit) = queue.limit_newly_reached(wanted) {
            self.event(EventEntry::AssociationLimit { connector, limit });
        }
        let queue = &self.queues[connector as usize];
        let limit = queue.connector.max_associations;
        let allowed = if is_open { limit } else { limit.min(1) };
        let needs_urgent = queue.has_urgent() && ordinary >= limit && !has_urgent;
        for _ in ordinary..wanted.min(allowed) {
            self.open(now, connector, false);
        }
        if needs_urgent {
            self.open(now, connector, true);
        }
    }

    fn open(&mut self, now: Instant, connector: u32, urgent_only: bool) {
        let queue = &mut self.queues[connector as usize];
        let call = Call {
            to: queue.connector.to,
            label: queue.next_label(),
        };
        let responder_timeouts = queue.connector.session_disconnect;
        let index = self.add(Association::caller(connector, urgent_only, now));
        // The session's timer starts with the open request (Q200259).
        self.plan(index, now + responder_timeouts);
        self.note(Fact::AssociationBegun(index));
        self.actions.push(Action::Open(index, call));
    }

    fn transfer(&mut self, now: Instant, index: AssociationIndex, connector: u32, queued: Queued) {
        let settings = &self.queues[connector as usize].connector;
        let (checkpoint, window) = (settings.checkpoint, settings.window);
        let Submission {
            message,
            length,
            priority,
            ..
        } = queued.submission;
        let deadline = now + settings.transfer_timeout(priority, length);
        let offset = queued.resumes_at(now, settings.recovery_timeout);
        let unit = match offset {
            0 => Spdu::ActivityStart { message, length },
            offset => Spdu::ActivityResume {
                message,
                length,
                offset,
            },
        };
        let association = self.association(index);
        let block = association.block.expect("an open association has a block");
        association.sending = Some(Sending::new(queued, offset, checkpoint, window));
        self.send(block, &unit);
        self.plan(index, deadline);
        self.pump(index);
    }

    /// Sends as much as the window allows.
    fn pump(&mut self, index: AssociationIndex) {
        let association = self.associations.get_mut(&index).expect("it transfers");
        let block = association.block.expect("an open association has a block");
        let Some(sending) = &mut association.sending else {
            return;
        };
        sending.pump(block, &mut self.actions);
    }

    fn rest_idle(&mut self, now: Instant, index: AssociationIndex, connector: u32) {
        let lifetime = self.queues[connector as usize].connector.lifetime;
        self.plan(index, now + lifetime);
    }

    /// Something is wrong: the association is given up, and the transport asked to close.
    fn abort(&mut self, index: AssociationIndex) {
        let association = self.association(index);
        if let (Phase::Closing { .. }, _) | (_, None) = (association.phase, association.block) {
            return;
        }
        let opening = association.phase == Phase::Opening;
        association.generation += 1;
        let block = association.block.expect("seen above");
        if !opening {
            association.phase = Phase::Closing { orderly: false };
        }
        self.actions.push(Action::Disconnect(block));
    }

    /// Forgets an association and draws the conclusions for its connector.
    fn end(&mut self, now: Instant, index: AssociationIndex, ending: AssociationEnd) {
        let association = self.associations.remove(&index).expect("it ends once");
        if let Some(block) = association.block {
            self.by_block.remove(&block);
            self.inbox.forget(block);
        }
        self.note(Fact::AssociationEnded(index, ending));
        let Role::Caller { connector } = association.role else {
            return;
        };
        let queue = &mut self.queues[connector as usize];
        match ending {
            AssociationEnd::Orderly => {}
            AssociationEnd::NotOpened => {
                queue.on_not_opened(now);
                self.event(EventEntry::NotOpened { connector });
            }
            AssociationEnd::Broken => {
                queue.on_broken(
                    now,
                    association.sending.map(|sending| sending.give_back(now)),
                );
                self.event(EventEntry::EndedAbnormally { connector });
            }
        }
        self.return_hopeless(connector);
        self.wake_connector(now, connector);
    }

    /// Returns all messages of a connector that has failed to open too often (Q157630).
    fn return_hopeless(&mut self, connector: u32) {
        for message in self.queues[connector as usize].take_hopeless() {
            self.note(Fact::MessageReturned(message));
            self.event(EventEntry::NonDelivery { connector, message });
        }
    }

    /// Goes on with a connector now, or after its rest. An empty queue is woken, too: what is
    /// submitted during the rest waits for nobody else.
    fn wake_connector(&mut self, now: Instant, connector: u32) {
        let queue = &mut self.queues[connector as usize];
        if queue.rests_until <= now {
            return self.dispatch(now, connector);
        }
        queue.generation += 1;
        let (at, generation) = (queue.rests_until, queue.generation);
        let purpose = TimerKind::Connector(connector);
        self.actions.push(Action::Timer(Timer {
            at,
            purpose,
            generation,
        }));
    }

    fn plan(&mut self, index: AssociationIndex, at: Instant) {
        let association = self.association(index);
        association.generation += 1;
        let generation = association.generation;
        let purpose = TimerKind::Association(index.0);
        self.actions.push(Action::Timer(Timer {
            at,
            purpose,
            generation,
        }));
    }

    fn add(&mut self, association: Association) -> AssociationIndex {
        let index = AssociationIndex(self.next);
        self.next += 1;
        self.associations.insert(index, association);
        index
    }

    fn association(&mut self, index: AssociationIndex) -> &mut Association {
        self.associations
            .get_mut(&index)
            .expect("the association exists")
    }

    fn send(&mut self, block: BlockId, unit: &Spdu<'_>) {
        self.actions.push(Action::Send(block, unit.encode()));
    }

    fn note(&mut self, fact: Fact) {
        self.actions.push(Action::Record(Record::Fact(fact)));
    }

    fn event(&mut self, entry: EventEntry) {
        self.actions.push(Action::Record(Record::Event(entry)));
    }
}
