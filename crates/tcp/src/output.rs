//! What to send next.
//!
//! Owns `poll_transmit`: the order of demands, Nagle's algorithm, silly window avoidance and
//! the start of timers. It refuses to know how a segment travels.

use crate::attempts::Unit;
use crate::connection::{Connection, Demand, Transmit};
use crate::event::Event;
use crate::payload::Payload;
use crate::segment::{Flags, Segment};
use crate::seq::SeqNum;
use crate::state::State;
use crate::timer::Timer;
use crate::uptime::Uptime;

/// A segment as far as it is this module's choice.
struct Choice {
    flags: Flags,
    sequence: SeqNum,
    payload: Payload,
    /// Whether sending goes on behind it, and the retransmission timer watches it.
    advances: bool,
}

impl Connection {
    /// The next segment to send, until there is none. Ask after every other call: timers
    /// start here.
    pub fn poll_transmit(&mut self, now: Uptime) -> Option<Transmit> {
        if self.owes_nothing() {
            return None;
        }
        if let Some(sequence) = self.reset.take() {
            return Some(self.emit_reset(sequence));
        }
        let choice = match self.state {
            State::Closed => return None,
            State::SynSent => self.choose_syn(Flags::SYN),
            State::SynReceived => self.choose_syn(Flags::SYN | Flags::ACK),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => self.choose_text().or_else(|| self.choose_empty()),
        };
        match choice {
            Some(choice) => Some(self.emit(now, choice)),
            None => {
                self.watch_closed_window(now);
                None
            }
        }
    }

    /// Whether the connection is up and all that was handed over is on its way: the answer to
    /// most questions, before all others.
    fn owes_nothing(&self) -> bool {
        matches!(self.state, State::Established | State::CloseWait)
            && self.demand.is_none()
            && self.reset.is_none()
            && self.send.nxt == self.send.una.plus(self.outgoing.len())
    }

    fn choose_syn(&mut self, flags: Flags) -> Option<Choice> {
        if self.send.nxt != self.send.iss {
            return self.choose_empty();
        }
        Some(Choice {
            flags,
            sequence: self.send.iss,
            payload: Payload::empty(),
            advances: true,
        })
    }

    /// Text or a FIN, first again, then new, if any may go.
    fn choose_text(&mut self) -> Option<Choice> {
        if !self.state.sends() {
            return None;
        }
        if self.demand.take(Demand::RETRANSMIT) && self.send.una != self.send.max {
            let sent = self.send.max.since(self.send.una);
            let length = self.segment_size().min(self.outgoing.len()).min(sent);
            let fin = self.fin_follows(length) && sent > length;
            return Some(self.text_at(self.send.una, length, fin));
        }
        if self.demand.take(Demand::PROBE) {
            let length = self.segment_size().min(self.outgoing.len());
            let length = length.min(self.send.wnd.max(1));
            let fin = self.fin_follows(length) && (length == 0 || self.send.wnd > length);
            let probe = self.text_at(self.send.una, length, fin);
            return Some(Choice {
                advances: false,
                ..probe
            });
        }
        let offset = self.send.nxt.since(self.send.una);
        let window = self.send.wnd.min(self.congestion.window());
        let usable = window.saturating_sub(offset);
        let left = self.outgoing.len().saturating_sub(offset);
        let length = left.min(usable).min(self.segment_size());
        let fin = self.fin_follows(offset + length) && usable > length;
        let worthwhile = fin || (length > 0 && self.is_worthwhile(length, length == left));
        worthwhile.then(|| self.text_at(self.send.nxt, length, fin))
    }

    /// Whether `length` octets may go now (RFC 9293 sections 3.7.4 and 3.8.6.2.1).
    fn is_worthwhile(&self, length: u32, all: bool) -> bool {
        let idle = self.send.nxt == self.send.una;
        length == self.segment_size()
            || self.send.nxt.before(self.send.max)
            || (all && (idle || !self.profile.nagle))
            || (idle && length >= self.send.max_wnd / 2)
    }

    /// Whether a FIN comes right after the first `offset` octets of the send buffer.
    fn fin_follows(&self, offset: u32) -> bool {
        self.state.has_closed() && offset == self.outgoing.len()
    }

    fn text_at(&mut self, sequence: SeqNum, length: u32, fin: bool) -> Choice {
        let offset = sequence.since(self.send.una);
        let end = offset + length;
        let mut flags = Flags::ACK;
        if length > 0 && end == self.outgoing.len() {
            flags = flags | Flags::PSH;
        }
        if fin {
            flags = flags | Flags::FIN;
        }
        // A FIN sent again starts behind the last octet, where the buffer has nothing.
        let payload = match length {
            0 => Payload::empty(),
            _ => self.outgoing.slice(offset..end),
        };
        Choice {
            flags,
            sequence,
            payload,
            advances: true,
        }
    }

    fn choose_empty(&mut self) -> Option<Choice> {
        let sequence = if self.demand.take(Demand::KEEP_ALIVE) {
            self.send.una.minus(1)
        } else if self.demand.take(Demand::ACKNOWLEDGE) {
            self.send.max
        } else {
            return None;
        };
        Some(Choice {
            flags: Flags::ACK,
            sequence,
            payload: Payload::empty(),
            advances: false,
        })
    }

    fn emit(&mut self, now: Uptime, choice: Choice) -> Transmit {
        let segment = self.address(choice.flags, choice.sequence, choice.payload);
        let length = segment.sequence_length();
        let end = choice.sequence.plus(length);
        let fresh = length > 0 && end.after(self.send.max);
        if length > 0 {
            self.account(now, &segment, choice.advances);
        }
        if choice.advances {
            self.stall = Default::default();
            self.timers.stop(Timer::Persist);
            self.send.nxt = self.send.nxt.latest(end);
            if !self.timers.is_running(Timer::Retransmit) {
                let span = self.rto.current(&self.profile);
                self.start(Timer::Retransmit, now, span);
            }
        }
        self.send.max = self.send.max.latest(end);
        if segment.flags.contains(Flags::ACK) {
            self.receive.unacknowledged = 0;
            self.demand.take(Demand::ACKNOWLEDGE);
            self.timers.stop(Timer::DelayedAck);
        }
        self.count(segment, fresh)
    }

    /// Karn's rule, for a segment that occupies sequence space: a round trip is timed only over
    /// what was sent once.
    fn account(&mut self, now: Uptime, segment: &Segment, advances: bool) {
        if segment.sequence.before(self.send.max) {
            self.retransmissions += 1;
            self.timed = None;
        } else if advances && self.timed.is_none() {
            self.timed = Some((segment.sequence, now));
        }
    }

    fn emit_reset(&mut self, sequence: SeqNum) -> Transmit {
        let mut segment = self.address(Flags::RST, sequence, Payload::empty());
        segment.acknowledgment = SeqNum::default();
        segment.window = 0;
        if self.state == State::Closed {
            self.events.record(Event::Closed);
        }
        self.count(segment, false)
    }

    fn address(&mut self, flags: Flags, sequence: SeqNum, payload: Payload) -> Segment {
        let syn = flags.contains(Flags::SYN);
        let acknowledges = flags.contains(Flags::ACK);
        Segment {
            source_port: self.local_port,
            destination_port: self.remote_port,
            sequence,
            acknowledgment: match acknowledges {
                true => self.receive.nxt,
                false => SeqNum::default(),
            },
            flags,
            window: match acknowledges {
                true => self.open_window(),
                false => self.profile.receive_window,
            },
            maximum_segment_size: syn.then_some(self.profile.maximum_segment_size),
            payload,
        }
    }

    fn count(&mut self, segment: Segment, fresh: bool) -> Transmit {
        let unit = Unit {
            flags: segment.flags.without(Flags::PSH),
            sequence: segment.sequence,
            octets: segment.payload.octets(),
        };
        let attempt = self.attempts.count(unit, self.receive.nxt, fresh);
        Transmit { segment, attempt }
    }

    /// Starts the persist timer if only the peer's window keeps something from being sent.
    fn watch_closed_window(&mut self, now: Uptime) {
        let waits = self.outgoing.len() > 0 || self.state.has_closed();
        let idle = self.send.nxt == self.send.una && !self.timers.is_running(Timer::Retransmit);
        if !(self.state.sends() && waits && idle) || self.timers.is_running(Timer::Persist) {
            return;
        }
        self.stall.since = self.stall.since.min(now);
        let ceiling = self.profile.maximum_persist;
        let span = self
            .rto
            .current(&self.profile)
            .doubled(self.stall.probes, ceiling);
        self.start(Timer::Persist, now, span);
    }

    fn segment_size(&self) -> u32 {
        u32::from(self.send.mss)
    }
}
