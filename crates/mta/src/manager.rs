//! The association manager: opens, uses and closes associations for the connectors.
//!
//! It is a state machine without I/O. Inputs are method calls; outputs are [`Action`]s, which MAIN
//! BASE carries out. It touches no control block and no socket, so its tests need no machine.
//!
//! - `queue`: the messages and the retry state of one connector.
//! - `association`: one association, on either side.
//! - `inbox`: incoming messages.
//! - `units`: what arrives over a session.

mod association;
mod inbox;
mod queue;
#[cfg(test)]
mod tests;
mod units;

use std::collections::BTreeMap;
use std::rc::Rc;

use machine::Instant;

use crate::build::Build;
use crate::config::{Config, ResponderTimeouts, Submission, Timer, TimerKind};
use crate::content::ContentRange;
use crate::iso::spdu::Spdu;
use crate::layout::BlockId;
use crate::record::{AssociationEnd, AssociationIndex, ConnectorIndex, EventEntry, Fact, Record};

use association::{Association, AssociationState, OutgoingTransfer, Role};
use inbox::Inbox;
use queue::{ConnectorQueue, Queued};

/// An output: what MAIN BASE must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Allocate a block, call [`Manager::on_block`], and open a connection.
    Open(AssociationIndex, OutgoingCall),
    /// Accept a call: message types 1 and 243.
    Answer(BlockId),
    /// Send one session unit.
    Send(BlockId, Vec<u8>),
    /// Send bytes of a message.
    SendContent(BlockId, ContentRange),
    /// Ask the transport to close the connection.
    Disconnect(BlockId),
    /// The session's timer has expired before the association was open.
    TimeOut(BlockId),
    /// Set a timer.
    SetTimer(Timer),
    /// Keep this record.
    Record(Record),
}

/// The address to call, and the key of the network's random choices for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutgoingCall {
    pub(crate) to: u32,
    pub(crate) flow_label: u64,
}

/// The association manager of one MTA.
#[derive(Debug)]
pub(crate) struct Manager {
    queues: Vec<ConnectorQueue>,
    associations: BTreeMap<AssociationIndex, Association>,
    by_block: BTreeMap<BlockId, AssociationIndex>,
    next_index: u32,
    inbox: Inbox,
    responder_timeouts: ResponderTimeouts,
    build: Rc<dyn Build>,
    actions: Vec<Action>,
}

impl Manager {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            queues: config
                .connectors
                .iter()
                .cloned()
                .map(ConnectorQueue::new)
                .collect(),
            associations: BTreeMap::new(),
            by_block: BTreeMap::new(),
            next_index: 0,
            inbox: Inbox::new(config.database.arrived.clone()),
            responder_timeouts: config.responder_timeouts,
            build: Rc::clone(&config.build),
            actions: Vec::new(),
        }
    }

    /// The actions since the last call, in the order in which they must be carried out.
    pub(crate) fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// A message was submitted.
    pub(crate) fn on_submission(&mut self, now: Instant, submission: Submission) {
        self.record(Fact::MessageSubmitted(submission.message));
        self.queues[submission.connector as usize].add(submission);
        self.dispatch(now, submission.connector);
    }

    /// The block for an association of [`Action::Open`]; `None` if the pool is empty.
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
                    .expect("its `Open` action was just carried out");
                assert!(association.block.is_none(), "an association gets one block");
                association.block = Some(block);
                self.by_block.insert(block, index);
                self.record(Fact::BlockBound(index, block));
            }
            None => {
                self.record(Fact::AssociationRefused);
                self.end(now, index, AssociationEnd::NotOpened);
            }
        }
    }

    /// A call from this address was accepted.
    pub(crate) fn on_call(&mut self, now: Instant, block: BlockId, from: u32) {
        let index = self.insert(Association::responder(from, block, now));
        self.by_block.insert(block, index);
        self.record(Fact::BlockBound(index, block));
        self.actions.push(Action::Answer(block));
        self.set_timer(index, now + self.responder_timeouts.connect);
    }

    /// The transport connection of an initiator is open: the session connects next.
    pub(crate) fn on_connected(&mut self, block: BlockId) {
        let Some(index) = self.by_block.get(&block) else {
            return;
        };
        if self.associations[index].is_opening_initiator() {
            self.send(block, &Spdu::Connect);
        }
    }

    /// The transport connection has ended.
    pub(crate) fn on_ended(&mut self, now: Instant, block: BlockId) {
        let Some(&index) = self.by_block.get(&block) else {
            return;
        };
        let ending = match self.associations[&index].phase {
            AssociationState::Opening => AssociationEnd::NotOpened,
            AssociationState::Open
            | AssociationState::Finishing
            | AssociationState::Closing { orderly: false } => AssociationEnd::Broken,
            // A responder that has answered FINISH expects the transport to close.
            AssociationState::Answered | AssociationState::Closing { orderly: true } => {
                AssociationEnd::Orderly
            }
        };
        self.end(now, index, ending);
    }

    /// A timer has expired. It may have been set again since.
    pub(crate) fn on_timer(&mut self, now: Instant, timer: Timer) {
        match timer.kind {
            TimerKind::Connector(connector) => {
                if self.queues[connector as usize].timer_sequence == timer.sequence {
                    self.dispatch(now, connector);
                }
            }
            TimerKind::Association(number) => {
                let index = AssociationIndex(number);
                let current = self.associations.get(&index).map(|it| it.timer_sequence);
                if current == Some(timer.sequence) {
                    self.on_association_timer(now, index);
                }
            }
        }
    }

    /// The timer of an association has expired: what that means depends on its role and phase.
    fn on_association_timer(&mut self, now: Instant, index: AssociationIndex) {
        let association = &self.associations[&index];
        let block = association
            .block
            .expect("only an association with a block has a timer");
        match (association.role, association.phase) {
            (Role::Initiator { .. }, AssociationState::Opening) => {
                // The session drops the association now, whatever the transport does (Q200259).
                self.actions.push(Action::TimeOut(block));
                self.end(now, index, AssociationEnd::NotOpened);
            }
            (Role::Initiator { connector }, AssociationState::Open)
                if association.transfer.is_none() =>
            {
                let timeout = self.queues[connector as usize].connector.session_disconnect;
                self.association(index).phase = AssociationState::Finishing;
                self.send(block, &Spdu::Finish);
                self.set_timer(index, now + timeout);
            }
            (Role::Responder { .. }, AssociationState::Open | AssociationState::Answered)
                if association.last_heard + self.responder_timeouts.inactivity > now =>
            {
                // A session unit has arrived since the timer was set. Setting it again only when it
                // expires saves a timer for each unit.
                let until = association.last_heard + self.responder_timeouts.inactivity;
                self.set_timer(index, until);
            }
            (Role::Initiator { .. }, AssociationState::Open | AssociationState::Finishing)
            | (
                Role::Responder { .. },
                AssociationState::Opening | AssociationState::Open | AssociationState::Answered,
            ) => {
                self.abort(index);
            }
            (_, AssociationState::Closing { .. })
            | (Role::Initiator { .. }, AssociationState::Answered)
            | (Role::Responder { .. }, AssociationState::Finishing) => {}
        }
    }

    /// Assigns waiting messages to idle associations, and opens further ones for the rest.
    fn dispatch(&mut self, now: Instant, connector: u32) {
        let idle: Vec<AssociationIndex> = self
            .associations
            .iter()
            .filter(|(_, association)| association.is_idle_initiator_for(connector))
            .map(|(&index, _)| index)
            .collect();
        for index in idle {
            let urgent_only = self.associations[&index].urgent_only;
            match self.queues[connector as usize].take(urgent_only) {
                Some(queued) => self.transfer(now, index, connector, queued),
                // An idle association for urgent messages only must not stop the loop: an ordinary
                // one may follow.
                None if urgent_only => {}
                None => break,
            }
        }
        self.open_as_needed(now, connector);
    }

    /// Opens as many associations as the queue needs.
    ///
    /// All but the first are temporary ones (Temp-Assoc-Threshold): they are opened only while
    /// another is open. During an outage one association tries to connect, not nine.
    fn open_as_needed(&mut self, now: Instant, connector: u32) {
        let associations = self.associations.values();
        let ours = associations.filter(|it| it.is_initiator_for(connector));
        // Associations that are still opening count too; otherwise each submission would open one.
        let (mut ordinary, mut has_urgent, mut is_open) = (0, false, false);
        for association in ours {
            ordinary += u32::from(!association.urgent_only);
            has_urgent |= association.urgent_only;
            is_open |= association.phase == AssociationState::Open;
        }
        let queue = &mut self.queues[connector as usize];
        if now < queue.retry_at {
            return;
        }
        let wanted = queue.wanted();
        if let Some(limit) = queue.limit_newly_reached(wanted) {
            self.log_event(EventEntry::AssociationLimit { connector, limit });
        }
        let queue = &self.queues[connector as usize];
        let limit = queue.connector.max_associations;
        let allowed = if is_open { limit } else { limit.min(1) };
        // One association above the limit, for urgent messages only: ten in all (Q194589).
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
        let call = OutgoingCall {
            to: queue.connector.to,
            flow_label: queue.next_flow_label(),
        };
        let timeout = queue.connector.session_disconnect;
        let index = self.insert(Association::initiator(connector, urgent_only, now));
        // Each layer has a timer for an open request. The session's starts here, and can expire
        // before the transport has given up its attempts (Q200259).
        self.set_timer(index, now + timeout);
        self.record(Fact::AssociationBegun(index, ConnectorIndex(connector)));
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
        let offset = queued.resume_offset(now, settings.recovery_timeout);
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
        association.transfer = Some(OutgoingTransfer::new(queued, offset, checkpoint, window));
        self.send(block, &unit);
        self.set_timer(index, deadline);
        self.fill_window(index);
    }

    /// Sends as much of the message as the window allows.
    fn fill_window(&mut self, index: AssociationIndex) {
        let association = self
            .associations
            .get_mut(&index)
            .expect("it has a transfer");
        let block = association.block.expect("an open association has a block");
        let Some(transfer) = &mut association.transfer else {
            return;
        };
        transfer.fill_window(block, &mut self.actions);
    }

    /// An idle association is finished after its lifetime.
    fn set_idle_timer(&mut self, now: Instant, index: AssociationIndex, connector: u32) {
        let lifetime = self.queues[connector as usize].connector.lifetime;
        self.set_timer(index, now + lifetime);
    }

    /// Gives an association up and asks the transport to close its connection.
    fn abort(&mut self, index: AssociationIndex) {
        let association = self.association(index);
        if let (AssociationState::Closing { .. }, _) | (_, None) =
            (association.phase, association.block)
        {
            return;
        }
        let opening = association.phase == AssociationState::Opening;
        // Cancels the timer: from here on only the transport ends the association.
        association.timer_sequence += 1;
        let block = association.block.expect("checked above");
        // An association that is still opening keeps its phase, so that it ends as "not opened".
        if !opening {
            association.phase = AssociationState::Closing { orderly: false };
        }
        self.actions.push(Action::Disconnect(block));
    }

    /// Removes an association and updates the retry state of its connector.
    fn end(&mut self, now: Instant, index: AssociationIndex, ending: AssociationEnd) {
        let association = self
            .associations
            .remove(&index)
            .expect("an association ends once");
        if let Some(block) = association.block {
            self.by_block.remove(&block);
            self.inbox.forget(block);
        }
        self.record(Fact::AssociationEnded(index, ending));
        let Role::Initiator { connector } = association.role else {
            return;
        };
        let queue = &mut self.queues[connector as usize];
        match ending {
            AssociationEnd::Orderly => {}
            AssociationEnd::NotOpened => {
                queue.on_not_opened(now);
                self.log_event(EventEntry::NotOpened { connector });
            }
            AssociationEnd::Broken => {
                let transfer = association.transfer;
                let kept = transfer.filter(|it| self.build.requeues(it.message()));
                queue.on_broken(now, kept.map(|transfer| transfer.into_queued(now)));
                self.log_event(EventEntry::EndedAbnormally { connector });
            }
        }
        self.return_undeliverable(connector);
        self.resume_connector(now, connector);
    }

    /// Returns all messages of a connector whose open retries are used up (Q157630).
    fn return_undeliverable(&mut self, connector: u32) {
        for message in self.queues[connector as usize].take_undeliverable() {
            self.record(Fact::MessageReturned(message));
            self.log_event(EventEntry::NonDelivery { connector, message });
        }
    }

    /// Continues with a connector now, or at its retry time.
    fn resume_connector(&mut self, now: Instant, connector: u32) {
        let queue = &mut self.queues[connector as usize];
        if queue.retry_at <= now {
            return self.dispatch(now, connector);
        }
        // The timer is set for an empty queue too: nothing else continues with a message that is
        // submitted before the retry time.
        queue.timer_sequence += 1;
        let timer = Timer {
            expires_at: queue.retry_at,
            kind: TimerKind::Connector(connector),
            sequence: queue.timer_sequence,
        };
        self.actions.push(Action::SetTimer(timer));
    }

    /// Sets the timer of an association, which replaces an earlier setting.
    fn set_timer(&mut self, index: AssociationIndex, at: Instant) {
        let association = self.association(index);
        association.timer_sequence += 1;
        let timer = Timer {
            expires_at: at,
            kind: TimerKind::Association(index.0),
            sequence: association.timer_sequence,
        };
        self.actions.push(Action::SetTimer(timer));
    }

    fn insert(&mut self, association: Association) -> AssociationIndex {
        let index = AssociationIndex(self.next_index);
        self.next_index += 1;
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

    fn record(&mut self, fact: Fact) {
        self.actions.push(Action::Record(Record::Fact(fact)));
    }

    fn log_event(&mut self, entry: EventEntry) {
        self.actions.push(Action::Record(Record::Event(entry)));
    }
}
