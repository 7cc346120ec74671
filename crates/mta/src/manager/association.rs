//! One association, at either end.
//!
//! Owns its phase and the progress of the message it transfers. It refuses to know the other
//! associations of its connector.

use machine::Instant;

use crate::iso::spdu::{SERIALS, Spdu};
use crate::layout::BlockId;

use super::Action;
use super::queue::Queued;

/// Which end this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It called, for this connector.
    Caller { connector: u32 },
    /// It was called from this address.
    Called { from: u32 },
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// From the open request, or the accepted call, to the session's acceptance.
    Opening,
    /// Messages can be transferred.
    Open,
    /// The caller has asked to finish.
    Finishing,
    /// The called side has agreed to finish and awaits the close.
    Answered,
    /// The transport was asked to close.
    Closing { orderly: bool },
}

#[derive(Debug)]
pub(super) struct Association {
    pub(super) role: Role,
    pub(super) phase: Phase,
    pub(super) block: Option<BlockId>,
    /// Reserved for urgent messages (Q194589).
    pub(super) urgent_only: bool,
    /// Counts the plans: the alarm of an older plan means nothing.
    pub(super) generation: u32,
    pub(super) sending: Option<Sending>,
    pub(super) last_heard: Instant,
}

impl Association {
    pub(super) fn caller(connector: u32, urgent_only: bool, now: Instant) -> Self {
        Self {
            role: Role::Caller { connector },
            phase: Phase::Opening,
            block: None,
            urgent_only,
            generation: 0,
            sending: None,
            last_heard: now,
        }
    }

    pub(super) fn called(from: u32, block: BlockId, now: Instant) -> Self {
        let role = Role::Called { from };
        Self {
            role,
            block: Some(block),
            ..Self::caller(0, false, now)
        }
    }

    pub(super) fn is_caller_of(&self, connector: u32) -> bool {
        self.role == Role::Caller { connector }
    }

    pub(super) fn is_idle_caller_of(&self, connector: u32) -> bool {
        self.is_caller_of(connector) && self.phase == Phase::Open && self.sending.is_none()
    }

    pub(super) fn is_opening_caller(&self) -> bool {
        matches!(self.role, Role::Caller { .. }) && self.phase == Phase::Opening
    }

    /// Takes note of a confirmed checkpoint; whether there is room to send more.
    pub(super) fn confirm(&mut self, serial: u32) -> bool {
        self.sending
            .as_mut()
            .is_some_and(|sending| sending.confirm(serial))
    }
}

/// The transfer of one message, on the sender's side.
#[derive(Debug)]
pub(super) struct Sending {
    queued: Queued,
    /// Bytes handed to the transport.
    sent: u32,
    /// Where this activity began: behind what an earlier one had confirmed.
    start: u32,
    checkpoint: u32,
    window: u32,
    /// Checkpoints sent and confirmed in this activity.
    checkpoints_sent: u32,
    checkpoints_confirmed: u32,
    ended: bool,
}

impl Sending {
    pub(super) fn new(queued: Queued, start: u32, checkpoint: u32, window: u32) -> Self {
        // Without checkpoints the message is one stretch; without a window there is one anyhow.
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
            window: window.max(1),
            checkpoints_sent: 0,
            checkpoints_confirmed: 0,
            ended: false,
        }
    }

    pub(super) fn message(&self) -> u32 {
        self.queued.submission.message
    }

    /// Sends stretches and checkpoints while the window has room, then the end.
    pub(super) fn pump(&mut self, block: BlockId, actions: &mut Vec<Action>) {
        let (message, total) = (self.message(), self.queued.submission.length);
        while self.sent < total && self.checkpoints_sent - self.checkpoints_confirmed < self.window
        {
            let length = self.checkpoint.min(total - self.sent);
            actions.push(Action::SendContent {
                block,
                message,
                offset: self.sent,
                length,
            });
            self.sent += length;
            if self.sent < total {
                self.checkpoints_sent += 1;
                let unit = Spdu::MinorSync {
                    serial: self.checkpoints_sent,
                };
                actions.push(Action::Send(block, unit.encode()));
            }
        }
        if self.sent == total && !self.ended {
            self.ended = true;
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

    /// Back into the queue after a break, behind the last confirmed checkpoint.
    pub(super) fn give_back(self, now: Instant) -> Queued {
        let confirmed = self.start + self.checkpoints_confirmed * self.checkpoint;
        debug_assert!(
            confirmed <= self.queued.submission.length,
            "not more than there is"
        );
        // A resumed transfer that made no progress starts anew: the peer may have forgotten it.
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
