//! What happens when nothing happens: the timers, and word from the network.
//!
//! Owns `on_timeout` and `on_unreachable`. It refuses to send: a retransmission is a
//! sequence number pulled back, and `output` goes on from there.

use crate::connection::{Connection, Demand, Origin};
use crate::event::{Failure, Unreachable};
use crate::state::State;
use crate::timer::Timer;
use crate::uptime::Uptime;

impl Connection {
    /// Acts on every timer that is due. Being called early changes nothing.
    pub fn on_timeout(&mut self, now: Uptime) {
        for timer in Timer::ALL {
            if !self.timers.expire(timer, now) {
                continue;
            }
            match timer {
                Timer::Retransmit => self.on_retransmit_due(),
                Timer::Persist => self.on_persist_due(now),
                Timer::DelayedAck => self.demand.add(Demand::ACKNOWLEDGE),
                Timer::KeepAlive => self.on_keep_alive_due(now),
                Timer::Linger => self.delete(),
            }
        }
    }

    /// The network returned ICMP destination unreachable for a segment of ours. Once a
    /// connection is up it is not believed (RFC 1122 section 4.2.3.9; for the hard codes
    /// RFC 5927 section 5.2); an attempt is ended by a hard code, and by a soft one where the
    /// profile says so.
    pub fn on_unreachable(&mut self, _now: Uptime, reason: Unreachable) {
        let fatal = match reason {
            Unreachable::Hard => matches!(self.state, State::SynSent | State::SynReceived),
            Unreachable::Soft => {
                self.state == State::SynSent && self.profile.unreachable_ends_connect
            }
        };
        if fatal {
            self.fail(Failure::Unreachable);
        }
    }

    fn on_retransmit_due(&mut self) {
        debug_assert!(self.send.una != self.send.max, "nothing is unacknowledged");
        self.timed = None;
        self.demand.take(Demand::RETRANSMIT);
        self.send.nxt = self.send.una;
        if let Origin::Active { waiting, .. } = &mut self.origin
            && self.state == State::SynSent
            && std::mem::take(waiting)
        {
            // Q175523: a SYN that was reset is sent again, and the time-out is not doubled.
            return;
        }
        let tries = self.rto.doublings();
        if tries >= self.retries() {
            self.fail(Failure::TimedOut);
            return;
        }
        if self.state.is_synchronized() {
            let in_flight = self.send.max.since(self.send.una);
            self.congestion.on_timeout(in_flight, tries > 0);
        }
        self.rto.double();
    }

    /// How often what is unacknowledged now may be sent again.
    fn retries(&self) -> u8 {
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

    /// A peer that answers probes may keep its window closed (RFC 9293 section 3.8.6.1), up
    /// to the profile's limit; one that does not answer is gone.
    fn on_persist_due(&mut self, now: Uptime) {
        let since = self.stall.since;
        assert!(since < Uptime::MAX, "the timer runs only in a stall");
        let limit = self.profile.zero_window_limit;
        let too_long = limit.is_some_and(|limit| now.since(since) >= limit);
        if too_long || self.stall.unanswered >= self.profile.data_retries {
            self.fail(Failure::TimedOut);
            return;
        }
        self.stall.unanswered += 1;
        self.stall.probes = self.stall.probes.saturating_add(1);
        self.demand.add(Demand::PROBE);
    }

    fn on_keep_alive_due(&mut self, now: Uptime) {
        let idle_until = self.heard.after(self.profile.keep_alive_time);
        if idle_until > now {
            self.start(Timer::KeepAlive, self.heard, self.profile.keep_alive_time);
            return;
        }
        if self.unheard >= self.profile.keep_alive_probes {
            self.fail(Failure::TimedOut);
            return;
        }
        self.unheard += 1;
        self.demand.add(Demand::KEEP_ALIVE);
        self.start(Timer::KeepAlive, now, self.profile.keep_alive_interval);
    }
}
