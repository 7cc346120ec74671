//! Loss recovery with selective acknowledgments (RFC 6675): what an acknowledgment changes, and which
//! octets are sent next.

use std::ops::Range;

use super::scoreboard::{LossRule, Scoreboard};
use super::{Connection, PendingOutput};
use crate::segment::{Segment, SeqNum};

impl Connection {
    /// The scoreboard, if both ends permit selective acknowledgments.
    pub(super) fn scoreboard(&self) -> Option<&Scoreboard> {
        self.extensions.as_deref()?.scoreboard.as_ref()
    }

    pub(super) fn scoreboard_mut(&mut self) -> Option<&mut Scoreboard> {
        self.extensions.as_deref_mut()?.scoreboard.as_mut()
    }

    fn loss_rule(&self) -> LossRule {
        LossRule {
            threshold: self.profile.duplicate_ack_threshold,
            smss: u32::from(self.snd.mss),
        }
    }

    const fn in_flight(&self) -> Range<SeqNum> {
        self.snd.una..self.snd.nxt
    }

    /// Takes the blocks that an acceptable acknowledgment reports. Octets that are reported as new are
    /// what a duplicate acknowledgment is without them (RFC 6675 section 2).
    pub(super) fn take_blocks(&mut self, segment: &Segment) {
        let Some(options) = segment.options.as_ref().filter(|it| !it.sack.is_empty()) else {
            return;
        };
        let Range {
            start: una,
            end: nxt,
        } = self.in_flight();
        let (rule, blocks) = (self.loss_rule(), &options.sack);
        let Some(scoreboard) = self.scoreboard_mut() else {
            return;
        };
        if !scoreboard.update(blocks, una, nxt) {
            return;
        }
        let is_lost = scoreboard.first_is_lost(rule);
        if self
            .congestion
            .on_selective_ack(una, nxt, rule.threshold, is_lost)
        {
            self.pending.insert(PendingOutput::RETRANSMISSION);
        }
    }

    /// Step 4.3: the first octets without an acknowledgment are sent again, whatever the windows say.
    pub(super) fn first_hole(&mut self) -> SeqNum {
        let (una, nxt, mss) = (self.snd.una, self.snd.nxt, self.mss());
        let Some(scoreboard) = self.scoreboard_mut() else {
            return nxt;
        };
        let end = scoreboard.end_of_first_hole(nxt);
        scoreboard.begin_recovery(una.plus(mss.min(end.since(una))));
        end
    }

    /// Whether the peer has reported blocks, or a recovery is under way.
    pub(super) fn has_blocks(&self) -> bool {
        // Most connections are asked for this with each segment that they send: no pointer is followed.
        self.congestion.is_selective()
            && (self.congestion.recovers_selectively()
                || self.scoreboard().is_some_and(|it| !it.is_empty()))
    }

    /// How much the windows let out from the cursor on, where the peer has reported blocks. The cursor
    /// passes over a block that it stands in.
    pub(super) fn usable_around_blocks(&mut self) -> u32 {
        let is_new = self.snd.cursor == self.snd.nxt;
        let Some(scoreboard) = self.scoreboard() else {
            unreachable!("blocks are reported and recovered only if both ends permit it");
        };
        // All text and a FIN.
        let end = self.snd.una.plus(self.send_buffer.len() + 1);
        let hole = scoreboard.hole_from(self.snd.cursor, end);
        let offset = hole.start.since(self.snd.una);
        let room = match is_new {
            true => self.room_for_new(),
            // After a timeout everything behind the cursor counts as lost.
            false => {
                let pipe = offset - scoreboard.octets_before(hole.start);
                self.congestion.cwnd().saturating_sub(pipe)
            }
        };
        let room = room.min(self.snd.wnd.saturating_sub(offset));
        let usable = room.min(hole.end.since(hole.start));
        self.snd.cursor = hole.start;
        usable
    }

    /// Octets of new text that cwnd allows. Without limited transmit, octets that the peer has reported
    /// make room only in a recovery.
    fn room_for_new(&self) -> u32 {
        if self.congestion.recovers_selectively() || self.profile.limited_transmit > 0 {
            return self.room_in_pipe();
        }
        let in_flight = self.snd.in_flight();
        self.congestion.cwnd().saturating_sub(in_flight)
    }

    /// Octets that cwnd allows in addition to those in the network.
    pub(super) fn room_in_pipe(&self) -> u32 {
        let pipe = match self.scoreboard() {
            Some(scoreboard) => scoreboard.pipe(&self.in_flight(), self.loss_rule()),
            None => self.snd.in_flight(),
        };
        self.congestion.cwnd().saturating_sub(pipe)
    }

    /// NextSeg() (1): a hole that is lost.
    pub(super) fn next_lost(&mut self) -> Option<Range<SeqNum>> {
        self.next_hole(true)
    }

    /// NextSeg() (3): a hole that may still arrive.
    pub(super) fn next_doubtful(&mut self) -> Option<Range<SeqNum>> {
        self.next_hole(false)
    }

    fn next_hole(&mut self, must_be_lost: bool) -> Option<Range<SeqNum>> {
        let (rule, mss) = (self.loss_rule(), self.mss());
        let scoreboard = self.scoreboard_mut()?;
        let hole = scoreboard.next_hole(rule)?;
        if must_be_lost && !hole.is_lost {
            return None;
        }
        let end = hole.start.plus(mss.min(hole.end.since(hole.start)));
        scoreboard.record_retransmission(end);
        Some(hole.start..end)
    }

    /// NextSeg() (4): the last octets that may be lost, so that their acknowledgment says what is.
    pub(super) fn rescue(&mut self) -> Option<Range<SeqNum>> {
        let (in_flight, mss) = (self.in_flight(), self.mss());
        let hole = self.scoreboard_mut()?.rescue(&in_flight)?;
        let length = hole.end.since(hole.start).min(mss);
        Some(hole.end.minus(length)..hole.end)
    }
}

#[cfg(test)]
mod tests;
