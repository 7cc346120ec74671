//! One association, on either side: its phase, and the progress of its transfer.

use machine::Instant;

use crate::content::ContentRange;
use crate::iso::spdu::{SERIALS, Spdu};
use crate::layout::BlockId;

use super::Action;
use super::queue::Queued;

/// The side of this MTA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It called, for this connector.
    Initiator { connector: u32 },
    /// It was called from this address.
    Responder { from: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AssociationState {
    /// From the open request, or the accepted call, to the ACCEPT of the session.
    Opening,
    /// Messages can be transferred.
    Open,
    /// The initiator has sent FINISH.
    Finishing,
    /// The responder has answered with DISCONNECT and waits for the transport to close.
    Answered,
    /// The transport was asked to close.
    Closing { orderly: bool },
}

#[derive(Debug)]
pub(super) struct Association {
    pub(super) role: Role,
    pub(super) phase: AssociationState,
    pub(super) block: Option<BlockId>,
    /// Reserved for urgent messages (Q194589).
    pub(super) urgent_only: bool,
    /// The number of times that its timer was set.
    pub(super) timer_sequence: u32,
    pub(super) transfer: Option<OutgoingTransfer>,
    pub(super) last_heard: Instant,
}

impl Association {
    pub(super) fn initiator(connector: u32, urgent_only: bool, now: Instant) -> Self {
        Self {
            role: Role::Initiator { connector },
            phase: AssociationState::Opening,
            block: None,
            urgent_only,
            timer_sequence: 0,
            transfer: None,
            last_heard: now,
        }
    }

    pub(super) fn responder(from: u32, block: BlockId, now: Instant) -> Self {
        let role = Role::Responder { from };
        Self {
            role,
            block: Some(block),
            ..Self::initiator(0, false, now)
        }
    }

    pub(super) fn is_initiator_for(&self, connector: u32) -> bool {
        self.role == Role::Initiator { connector }
    }

    pub(super) fn is_idle_initiator_for(&self, connector: u32) -> bool {
        self.is_initiator_for(connector)
            && self.phase == AssociationState::Open
            && self.transfer.is_none()
    }

    pub(super) fn is_opening_initiator(&self) -> bool {
        matches!(self.role, Role::Initiator { .. }) && self.phase == AssociationState::Opening
    }

    /// Confirms a checkpoint of the transfer. False if it is not the next one.
    pub(super) fn confirm(&mut self, serial: u32) -> bool {
        self.transfer
            .as_mut()
            .is_some_and(|transfer| transfer.confirm(serial))
    }
}

/// The transfer of one message, on the sender's side.
#[derive(Debug)]
pub(super) struct OutgoingTransfer {
    queued: Queued,
    /// Bytes that were passed to the transport, including those of earlier activities.
    sent: u32,
    /// The offset at which this activity began: what earlier activities had confirmed.
    start: u32,
    /// Bytes between two checkpoints.
    checkpoint: u32,
    window: u32,
    /// Checkpoints of this activity.
    checkpoints_sent: u32,
    checkpoints_confirmed: u32,
    end_sent: bool,
}

impl OutgoingTransfer {
    pub(super) fn new(queued: Queued, start: u32, checkpoint: u32, window: u32) -> Self {
        // Without checkpoints the message is sent at once.
        let checkpoint = if checkpoint == 0 {
            queued.submission.length.max(1)
        } else {
            checkpoint
        };
        Self {
            queued,
            sent: start,
            start,
            checkpoint,
            // A window of zero would never send.
            window: window.max(1),
            checkpoints_sent: 0,
            checkpoints_confirmed: 0,
            end_sent: false,
        }
    }

    pub(super) fn message(&self) -> u32 {
        self.queued.submission.message
    }

    /// Sends content and checkpoints while the window is open, then the end of the activity.
    pub(super) fn fill_window(&mut self, block: BlockId, actions: &mut Vec<Action>) {
        let (message, total) = (self.message(), self.queued.submission.length);
        while self.sent < total && self.checkpoints_sent - self.checkpoints_confirmed < self.window
        {
            let content = ContentRange {
                message,
                offset: self.sent,
                length: self.checkpoint.min(total - self.sent),
            };
            actions.push(Action::SendContent(block, content));
            self.sent += content.length;
            // The end of the activity confirms the last part, so it needs no checkpoint.
            if self.sent < total {
                self.checkpoints_sent += 1;
                let unit = Spdu::MinorSync {
                    serial: self.checkpoints_sent,
                };
                actions.push(Action::Send(block, unit.encode()));
            }
        }
        if self.sent == total && !self.end_sent {
            self.end_sent = true;
            actions.push(Action::Send(
                block,
                Spdu::ActivityEnd { serial: message }.encode(),
            ));
        }
    }

    fn confirm(&mut self, serial: u32) -> bool {
        let expected = self.checkpoints_confirmed + 1;
        let fits = serial == expected % SERIALS && expected <= self.checkpoints_sent;
        self.checkpoints_confirmed += u32::from(fits);
        fits
    }

    /// Returns the message to its queue after a break, with the offset to resume at.
    pub(super) fn into_queued(self, now: Instant) -> Queued {
        let confirmed = self.start + self.checkpoints_confirmed * self.checkpoint;
        debug_assert!(
            confirmed <= self.queued.submission.length,
            "no more is confirmed than was sent"
        );
        // A resumed transfer without progress starts from the beginning next time: the peer may
        // have lost the checkpoint, and would never resume.
        let confirmed = if self.start > 0 && confirmed == self.start {
            0
        } else {
            confirmed
        };
        Queued {
            confirmed,
            broken_at: Some(now),
            ..self.queued
        }
    }
}
