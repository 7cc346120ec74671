//! SEGMENT ARRIVES (RFC 9293 section 3.10.7): one function for each check, in the RFC's order.
//!
//! Owns what an arriving segment does to the connection. It refuses to answer directly: what
//! is owed becomes a demand that `output` meets.

use crate::congestion::Advice;
use crate::connection::{Connection, Demand, Origin};
use crate::event::{Event, Failure};
use crate::payload::Payload;
use crate::segment::{Flags, Segment};
use crate::seq::SeqNum;
use crate::state::{State, Step};
use crate::timer::Timer;
use crate::uptime::Uptime;

/// RFC 1122 section 4.2.3.2: at least every second segment is acknowledged at once.
const SEGMENTS_PER_ACKNOWLEDGMENT: u8 = 2;

impl Connection {
    /// Takes a segment of this connection in. In CLOSED it is ignored: the answer there is
    /// [`reset_for`](crate::reset_for)'s.
    ///
    /// # Panics
    /// If the segment's ports are another connection's.
    pub fn on_segment(&mut self, now: Uptime, segment: Segment) {
        assert!(
            segment.destination_port == self.local_port && segment.source_port == self.remote_port,
            "a segment of another connection"
        );
        match self.state {
            State::Closed => {}
            State::SynSent => self.arrives_in_syn_sent(now, segment),
            State::SynReceived => self.arrives_in_syn_received(now, segment),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => self.arrives_synchronized(now, segment),
        }
    }

    /// Section 3.10.7.3.
    fn arrives_in_syn_sent(&mut self, now: Uptime, segment: Segment) {
        let acknowledges = segment.flags.contains(Flags::ACK);
        let reset = segment.flags.contains(Flags::RST);
        if acknowledges && !self.acknowledges_syn(&segment) {
            if !reset {
                self.reset = Some(segment.acknowledgment);
            }
            return;
        }
        if reset {
            if acknowledges {
                self.syn_was_reset(now);
            }
            return;
        }
        if !segment.flags.contains(Flags::SYN) {
            return;
        }
        self.synchronize(&segment);
        if acknowledges {
            self.establish(now, segment.acknowledgment);
            self.demand.add(Demand::ACKNOWLEDGE);
            self.open_window();
            self.take_text(now, without_syn(segment));
        } else {
            // Simultaneous open: the SYN goes again, now with an acknowledgment.
            self.step(Step::SynArrives);
            self.send.nxt = self.send.iss;
            self.timed = None;
            self.timers.stop(Timer::Retransmit);
        }
    }

    /// Before the RFC's checks: the peer's SYN again. Without ACK it says that our SYN-ACK
    /// was lost, which goes again at once, as on BSD and Linux, and counts as no retry \[I\].
    /// With ACK it is the other half of a simultaneous open (figure 8).
    fn arrives_in_syn_received(&mut self, now: Uptime, segment: Segment) {
        let syn_again = segment.flags.contains(Flags::SYN) && segment.sequence == self.receive.irs;
        if !syn_again || segment.flags.contains(Flags::RST) {
            self.arrives_synchronized(now, segment);
        } else if segment.flags.contains(Flags::ACK) {
            self.arrives_synchronized(now, without_syn(segment));
        } else {
            self.send.nxt = self.send.iss;
        }
    }

    /// Section 3.10.7.4.
    fn arrives_synchronized(&mut self, now: Uptime, segment: Segment) {
        let passes = self.check_sequence(now, &segment)
            && self.check_reset(&segment)
            && self.check_syn(&segment)
            && self.check_acknowledgment(now, &segment);
        if passes {
            self.hear(now);
            self.take_text(now, segment);
        }
    }

    /// First: the sequence number. What is old is answered, so that its sender can stop.
    fn check_sequence(&mut self, now: Uptime, segment: &Segment) -> bool {
        let length = segment.sequence_length();
        if self.receive.window().accepts(segment.sequence, length) {
            return true;
        }
        if segment.flags.contains(Flags::RST) {
            return false;
        }
        self.demand.add(Demand::ACKNOWLEDGE);
        // Our last acknowledgment was lost: wait again (the eighth check's TIME-WAIT case).
        if self.state == State::TimeWait && segment.flags.contains(Flags::FIN) {
            self.enter_time_wait(now);
        }
        self.hear(now);
        false
    }

    /// Second: a reset, believed only at exactly RCV.NXT (RFC 5961 section 3.2).
    fn check_reset(&mut self, segment: &Segment) -> bool {
        if !segment.flags.contains(Flags::RST) {
            return true;
        }
        if segment.sequence != self.receive.nxt {
            self.demand.add(Demand::ACKNOWLEDGE);
            return false;
        }
        match self.state {
            State::SynReceived => self.fail(match self.origin {
                Origin::Active { .. } => Failure::Refused,
                Origin::Passive => Failure::Reset,
            }),
            State::Closing | State::LastAck | State::TimeWait => self.delete(),
            State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
                self.fail(Failure::Reset);
            }
            State::SynSent | State::Closed => unreachable!("handled before any check"),
        }
        false
    }

    /// Fourth (the third, security, is not ours): a SYN in the window is challenged
    /// (RFC 5961 section 4.2).
    fn check_syn(&mut self, segment: &Segment) -> bool {
        let syn = segment.flags.contains(Flags::SYN);
        if syn {
            self.demand.add(Demand::ACKNOWLEDGE);
        }
        !syn
    }

    /// Fifth: the acknowledgment.
    fn check_acknowledgment(&mut self, now: Uptime, segment: &Segment) -> bool {
        if !segment.flags.contains(Flags::ACK) {
            return false;
        }
        let acknowledgment = segment.acknowledgment;
        if self.state == State::SynReceived {
            if !self.acknowledges_syn(segment) {
                self.reset = Some(acknowledgment);
                return false;
            }
            self.establish(now, acknowledgment);
        }
        if !self.send.believes(acknowledgment) {
            self.demand.add(Demand::ACKNOWLEDGE);
            return false;
        }
        self.stall.unanswered = 0;
        if acknowledgment.after(self.send.una) {
            self.advance(now, acknowledgment);
        } else if self.is_duplicate(segment) {
            let in_flight = self.send.max.since(self.send.una);
            let limit = self.profile.duplicate_ack_threshold;
            let advice = self
                .congestion
                .on_duplicate(self.send.max, in_flight, limit);
            self.follow(advice);
        }
        self.send.update_window(segment);
        self.state != State::Closed
    }

    /// RFC 5681 section 2's definition.
    fn is_duplicate(&self, segment: &Segment) -> bool {
        segment.acknowledgment == self.send.una
            && self.send.nxt != self.send.una
            && segment.sequence_length() == 0
            && u32::from(segment.window) == self.send.wnd
    }

    fn follow(&mut self, advice: Advice) {
        match advice {
            Advice::Continue => {}
            Advice::Retransmit => self.demand.add(Demand::RETRANSMIT),
        }
    }

    fn acknowledges_syn(&self, segment: &Segment) -> bool {
        let acknowledgment = segment.acknowledgment;
        acknowledgment.after(self.send.iss) && !acknowledgment.after(self.send.max)
    }

    /// Our SYN is acknowledged and the peer's is here.
    fn establish(&mut self, now: Uptime, acknowledgment: SeqNum) {
        assert_eq!(acknowledgment, self.send.iss.plus(1), "only a SYN was sent");
        self.measure(now, acknowledgment);
        if self.rto.doublings() > 0 {
            // RFC 5681 section 3.1: after a lost SYN one segment, no more.
            self.congestion.on_timeout(0, true);
        }
        self.rto.handshake_done();
        self.timers.stop(Timer::Retransmit);
        self.send.una = acknowledgment;
        self.send.nxt = acknowledgment;
        self.attempts.forget_before(acknowledgment);
        self.step(Step::SynAcknowledged);
        self.events.record(Event::Connected);
        self.hear(now);
        self.set_keep_alive(now, self.wishes.keep_alive);
        if std::mem::take(&mut self.wishes.close) {
            self.close(now);
        }
    }

    /// Text or a FIN of ours is newly acknowledged.
    fn advance(&mut self, now: Uptime, acknowledgment: SeqNum) {
        let octets = acknowledgment.since(self.send.una);
        let text = octets.min(self.outgoing.len());
        let fin = octets > text;
        assert!(
            !fin || (octets == text + 1 && self.state.has_closed()),
            "a FIN never sent"
        );
        self.measure(now, acknowledgment);
        self.rto.replied();
        self.outgoing.acknowledge(text);
        self.send.una = acknowledgment;
        self.send.nxt = self.send.nxt.latest(acknowledgment);
        self.attempts.forget_before(acknowledgment);
        let in_flight = self.send.max.since(acknowledgment);
        let advice = self
            .congestion
            .on_acknowledged(octets, acknowledgment, in_flight);
        self.follow(advice);
        self.timers.stop(Timer::Retransmit);
        if self.send.nxt != self.send.una {
            let span = self.rto.current(&self.profile);
            self.start(Timer::Retransmit, now, span);
        }
        if self.wishes.writable && self.writable() > 0 {
            self.wishes.writable = false;
            self.events.record(Event::Writable);
        }
        if fin {
            self.fin_acknowledged(now);
        }
    }

    fn fin_acknowledged(&mut self, now: Uptime) {
        self.step(Step::FinAcknowledged);
        if self.state == State::TimeWait {
            self.enter_time_wait(now);
        } else if self.state == State::Closed {
            self.delete();
        } else if self.detached {
            self.start(Timer::Linger, now, self.profile.fin_wait_2);
        }
    }

    fn measure(&mut self, now: Uptime, acknowledgment: SeqNum) {
        if let Some((sequence, at)) = self.timed
            && acknowledgment.after(sequence)
        {
            self.rto.measure(now.since(at), &self.profile);
            self.timed = None;
        }
    }

    /// Q175523: on NT a reset does not end the attempt at once.
    fn syn_was_reset(&mut self, now: Uptime) {
        let Origin::Active { refusals, waiting } = &mut self.origin else {
            unreachable!("a passive connection is never in SYN-SENT");
        };
        if *waiting {
            return;
        }
        if *refusals >= self.profile.refused_retries {
            self.fail(Failure::Refused);
            return;
        }
        *refusals += 1;
        *waiting = true;
        self.start(Timer::Retransmit, now, self.profile.refused_interval);
    }

    /// Seventh and eighth (the sixth, URG, is not ours): text and FIN.
    fn take_text(&mut self, now: Uptime, segment: Segment) {
        if !self.state.receives() || segment.sequence_length() == 0 {
            return;
        }
        let fin = segment.flags.contains(Flags::FIN);
        let (sequence, text, whole) = self.cut_to_window(segment);
        if self.detached && !text.is_empty() {
            // RFC 1122 section 4.2.2.13: nobody will ever read it, and the peer must know.
            self.reset = Some(self.send.max);
            self.fail(Failure::Aborted);
            return;
        }
        if whole && fin {
            self.receive.fin = Some(sequence.plus(text.octets()));
        }
        let had_gap = self.incoming.has_gap();
        let before = self.receive.nxt;
        self.receive.nxt = self.incoming.insert(sequence, text, before);
        let brought = self.receive.nxt.since(before);
        if brought > 0 {
            self.events.record(Event::Readable);
        }
        if brought == 0 || !whole || had_gap {
            self.demand.add(Demand::ACKNOWLEDGE);
        } else {
            self.owe_acknowledgment(now);
        }
        if self.receive.fin == Some(self.receive.nxt) {
            self.take_fin(now);
        }
    }

    /// The text of the segment that is new and within the window, where it starts, and
    /// whether its end is within.
    fn cut_to_window(&self, segment: Segment) -> (SeqNum, Payload, bool) {
        let window = self.receive.window();
        let octets = segment.payload.octets();
        let old = if segment.sequence.before(window.next) {
            window.next.since(segment.sequence).min(octets)
        } else {
            0
        };
        let sequence = segment.sequence.plus(old).latest(window.next);
        let room = window.width - sequence.since(window.next).min(window.width);
        let end = (old + room).min(octets);
        if old == 0 && end == octets {
            return (sequence, segment.payload, true);
        }
        let text = segment.payload.slice(old as usize..end as usize);
        (sequence, text, end == octets)
    }

    fn owe_acknowledgment(&mut self, now: Uptime) {
        self.receive.unacknowledged += 1;
        if self.receive.unacknowledged >= SEGMENTS_PER_ACKNOWLEDGMENT {
            self.demand.add(Demand::ACKNOWLEDGE);
        } else if !self.timers.is_running(Timer::DelayedAck) {
            self.start(Timer::DelayedAck, now, self.profile.delayed_ack);
        }
    }

    fn take_fin(&mut self, now: Uptime) {
        self.receive.nxt = self.receive.nxt.plus(1);
        self.receive.edge = self.receive.edge.latest(self.receive.nxt);
        self.demand.add(Demand::ACKNOWLEDGE);
        self.events.record(Event::PeerClosed);
        self.step(Step::FinArrives);
        if self.state == State::TimeWait {
            self.enter_time_wait(now);
        }
    }
}

/// The segment as if its SYN had been taken before.
fn without_syn(mut segment: Segment) -> Segment {
    debug_assert!(segment.flags.contains(Flags::SYN));
    segment.flags = segment.flags.without(Flags::SYN);
    segment.sequence = segment.sequence.plus(1);
    segment
}
