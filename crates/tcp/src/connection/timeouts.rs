//! Timer expiry (RFC 9293 section 3.10.8) and ICMP errors (section 3.9.2.2).
//!
//! Like input, expiry sends nothing itself: a retransmission moves the send cursor back, and
//! `poll_transmit` continues from there.

use super::event::{ConnectionFailure, Unreachable};
use super::state::State;
use super::timers::Timer;
use super::{Connection, OpenKind, PendingOutput};
use crate::segment::SeqNum;
use crate::time::Uptime;

impl Connection {
    /// Handles all timers that have expired by `now`. An early call has no effect.
    pub fn on_timeout(&mut self, now: Uptime) {
        // The order is fixed, so that timers which expire together act alike in every run. A
        // connection that fails at one of them has stopped the others.
        for timer in Timer::ALL {
            if !self.timers.take_expired(timer, now) {
                continue;
            }
            match timer {
                Timer::Retransmit => self.on_retransmission_timeout(now),
                Timer::Persist => self.on_persist_timeout(now),
                Timer::DelayedAck => self.pending.insert(PendingOutput::ACKNOWLEDGMENT),
                Timer::KeepAlive => self.on_keep_alive_timeout(now),
                Timer::TwoMsl => self.delete(),
            }
        }
    }

    /// Handles an ICMP destination unreachable message for a segment of this connection.
    ///
    /// An established connection ignores it (RFC 1122 section 4.2.3.9; for hard errors RFC 5927
    /// section 5.2, since they can be forged). A hard error ends a connection attempt; a soft error
    /// does where the profile says so.
    ///
    /// `sequence` is SEG.SEQ of the segment that the message quotes. A profile that validates as RFC
    /// 5961 does ignores the message unless the segment is in flight (RFC 5927 section 4.1).
    pub fn on_unreachable(&mut self, _now: Uptime, reason: Unreachable, sequence: SeqNum) {
        let is_in_flight = sequence.since(self.snd.una) < self.snd.in_flight();
        if self.profile.challenges() && !is_in_flight {
            return;
        }
        let is_fatal = match reason {
            Unreachable::Hard => matches!(self.state, State::SynSent | State::SynReceived),
            Unreachable::Soft => {
                self.state == State::SynSent && self.profile.unreachable_ends_connect
            }
        };
        if is_fatal {
            self.fail(match reason {
                // Port or protocol unreachable: nobody listens there, which a reset would say as well.
                Unreachable::Hard => ConnectionFailure::Refused,
                Unreachable::Soft => ConnectionFailure::Unreachable,
            });
        }
    }

    fn on_retransmission_timeout(&mut self, now: Uptime) {
        debug_assert!(self.snd.in_flight() > 0, "nothing is unacknowledged");
        // Karn: the octets whose round trip was being measured are sent again.
        self.rtt_measurement = None;
        self.pending.remove(PendingOutput::RETRANSMISSION);
        // Go-back-N: everything in flight is sent again, as cwnd allows.
        self.snd.cursor = self.snd.una;
        let una = self.snd.una;
        if let Some(scoreboard) = self.scoreboard_mut() {
            scoreboard.forget(una);
        }
        if let OpenKind::Active { waiting, .. } = &mut self.origin
            && self.state == State::SynSent
            && std::mem::take(waiting)
        {
            // Q175523: a SYN that was reset is sent again, and the timeout is not doubled.
            return;
        }
        let retries = self.rto.expiries();
        if retries == 0 {
            self.retransmitting_since = now;
        }
        if self.gives_up(now, retries) {
            self.fail(ConnectionFailure::TimedOut);
            return;
        }
        if self.state.is_synchronized() {
            self.congestion
                .on_timeout(self.snd.una, self.snd.nxt, retries > 0);
        }
        self.rto.on_expiry();
    }

    /// Whether the connection fails instead of sending again what was sent again so often.
    fn gives_up(&self, now: Uptime, retries: u8) -> bool {
        let limit = self.profile.retransmission_limit();
        match limit.filter(|_| self.state.is_synchronized()) {
            Some(limit) => now.since(self.retransmitting_since) >= limit,
            None => retries >= self.maximum_retries(),
        }
    }

    /// How often an unacknowledged segment is retransmitted in the current state.
    fn maximum_retries(&self) -> u8 {
        match self.state {
            State::SynSent => self.profile.syn_retries,
            State::SynReceived => self.profile.syn_ack_retries,
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait
            | State::Closed => self.profile.data_retries,
        }
    }

    /// A peer that answers probes may keep its window closed (RFC 9293 section 3.8.6.1) up to the
    /// profile's limit. A peer that does not answer is gone.
    fn on_persist_timeout(&mut self, now: Uptime) {
        let since = self.persist.since;
        assert!(
            since < Uptime::MAX,
            "the persist timer ran without a closed window"
        );
        let limit = self.profile.zero_window_limit;
        let exceeds_limit = limit.is_some_and(|limit| now.since(since) >= limit);
        if exceeds_limit || self.persist.unanswered >= self.profile.data_retries {
            self.fail(ConnectionFailure::TimedOut);
            return;
        }
        self.persist.unanswered += 1;
        self.persist.probes = self.persist.probes.saturating_add(1);
        self.pending.insert(PendingOutput::WINDOW_PROBE);
    }

    fn on_keep_alive_timeout(&mut self, now: Uptime) {
        // The timer is not restarted on each segment, which would cost on every input. It is
        // moved forward here instead.
        let idle_until = self.last_activity.after(self.profile.keep_alive_time);
        if idle_until > now {
            let time = self.profile.keep_alive_time;
            self.start(Timer::KeepAlive, self.last_activity, time);
            return;
        }
        if self.unanswered_keep_alives >= self.profile.keep_alive_probes {
            self.fail(ConnectionFailure::TimedOut);
            return;
        }
        self.unanswered_keep_alives += 1;
        self.pending.insert(PendingOutput::KEEP_ALIVE);
        self.start(Timer::KeepAlive, now, self.profile.keep_alive_interval);
    }
}
