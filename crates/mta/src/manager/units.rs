//! What arrives over an open session: units of X.225, handled by role.

use machine::Instant;

use super::association::{AssociationState, Role};
use super::inbox::Finished;
use super::{Action, Manager};
use crate::iso::spdu::{self, SERIALS, Spdu};
use crate::layout::BlockId;
use crate::record::{AssociationIndex, Fact};

impl Manager {
    /// A session unit has arrived. An invalid or unexpected one ends the association.
    pub(crate) fn on_unit(&mut self, now: Instant, block: BlockId, bytes: &[u8]) {
        let Some(&index) = self.by_block.get(&block) else {
            return;
        };
        self.association(index).last_heard = now;
        // No abort SPDU is sent: closing the transport connection ends the session as well.
        let Ok(unit) = spdu::decode(bytes) else {
            return self.abort(index);
        };
        match self.associations[&index].role {
            Role::Initiator { connector } => {
                self.on_unit_as_initiator(now, index, block, connector, &unit)
            }
            Role::Responder { from } => self.on_unit_as_responder(now, index, block, from, &unit),
        }
    }

    fn on_unit_as_initiator(
        &mut self,
        now: Instant,
        index: AssociationIndex,
        block: BlockId,
        connector: u32,
        unit: &Spdu<'_>,
    ) {
        match *unit {
            Spdu::Accept if self.associations[&index].phase == AssociationState::Opening => {
                self.association(index).phase = AssociationState::Open;
                self.queues[connector as usize].on_opened();
                self.record(Fact::AssociationOpened(index));
                self.set_idle_timer(now, index, connector);
                self.dispatch(now, connector);
            }
            Spdu::MinorSyncAck { serial } => {
                if self.association(index).confirm(serial) {
                    self.fill_window(index);
                }
            }
            Spdu::ActivityEndAck { serial } => {
                // An acknowledgment of another message is ignored: it may be a late one.
                let done = self
                    .association(index)
                    .transfer
                    .take_if(|it| it.message() % SERIALS == serial);
                if let Some(done) = done {
                    self.record(Fact::MessageAcknowledged(done.message()));
                    self.queues[connector as usize].on_transferred();
                    self.set_idle_timer(now, index, connector);
                    self.dispatch(now, connector);
                }
            }
            Spdu::Disconnect if self.associations[&index].phase == AssociationState::Finishing => {
                self.association(index).phase = AssociationState::Closing { orderly: true };
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

    fn on_unit_as_responder(
        &mut self,
        now: Instant,
        index: AssociationIndex,
        block: BlockId,
        from: u32,
        unit: &Spdu<'_>,
    ) {
        match *unit {
            Spdu::Connect if self.associations[&index].phase == AssociationState::Opening => {
                self.association(index).phase = AssociationState::Open;
                self.record(Fact::AssociationOpened(index));
                self.send(block, &Spdu::Accept);
                self.set_timer(index, now + self.responder_timeouts.inactivity);
            }
            Spdu::Finish => {
                self.association(index).phase = AssociationState::Answered;
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
            // A minor synchronisation point is confirmed, so that both sides know from where to resume (X.215).
            Spdu::MinorSync { serial } => {
                self.inbox.checkpoint(block);
                self.send(block, &Spdu::MinorSyncAck { serial });
            }
            Spdu::ActivityEnd { serial } => match self.inbox.finish(block, serial) {
                Finished::New(arrived) => {
                    self.record(arrived);
                    self.send(block, &Spdu::ActivityEndAck { serial });
                }
                // The first acknowledgment was lost with its connection. Without another one the initiator would repeat
                // the message.
                Finished::Duplicate => self.send(block, &Spdu::ActivityEndAck { serial }),
                Finished::Incomplete => self.abort(index),
            },
            Spdu::Connect
            | Spdu::Accept
            | Spdu::Disconnect
            | Spdu::Abort
            | Spdu::MinorSyncAck { .. }
            | Spdu::ActivityEndAck { .. } => self.abort(index),
        }
    }
}
