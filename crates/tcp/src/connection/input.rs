//! SEGMENT ARRIVES (RFC 9293 section 3.10.7), one function for each check, in the RFC's order.
//!
//! Input sends nothing: it records pending output, and `poll_transmit` sends it.

use super::acceptability::Acceptance;
use super::event::{ConnectionFailure, Event};
use super::state::{State, Transition};
use super::timers::Timer;
use super::{Connection, OpenKind, PendingOutput};
use crate::segment::{Flags, Payload, Segment, SeqNum};
use crate::time::Uptime;

/// RFC 1122 section 4.2.3.2: at least every second segment is acknowledged without delay.
const SEGMENTS_PER_ACKNOWLEDGMENT: u8 = 2;

/// The part of a segment's text that lies in the receive window.
struct TrimmedText {
    sequence: SeqNum,
    text: Payload,
    /// Whether the end of the segment, and therefore its FIN, is in the window.
    is_end_included: bool,
}

impl Connection {
    /// Handles a segment of this connection. In CLOSED the segment is ignored; the caller answers
    /// with [`reset_for`](crate::reset_for).
    ///
    /// # Panics
    /// If the segment's ports are not those of the connection.
    pub fn on_segment(&mut self, now: Uptime, segment: Segment) {
        assert!(
            segment.destination_port == self.local_port && segment.source_port == self.remote_port,
            "the segment belongs to another connection"
        );
        match self.state {
            State::Closed => {}
            State::SynSent => self.input_in_syn_sent(now, segment),
            State::SynReceived => self.input_in_syn_received(now, segment),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => self.run_checks(now, segment),
        }
    }

    /// Section 3.10.7.3.
    fn input_in_syn_sent(&mut self, now: Uptime, segment: Segment) {
        let has_ack = segment.flags.contains(Flags::ACK);
        let has_rst = segment.flags.contains(Flags::RST);
        // An acknowledgment of what we never sent comes from an old connection, or from a peer that
        // still has one (half-open, RFC 9293 section 3.5.1). Only a reset lets that peer find out.
        if has_ack && !self.acknowledges_syn(&segment) {
            if !has_rst {
                self.pending_reset = Some(segment.acknowledgment);
            }
            return;
        }
        if has_rst {
            // A reset without an acknowledgment of our SYN is not from our peer.
            if has_ack {
                self.on_refused_syn(now);
            }
            return;
        }
        if !segment.flags.contains(Flags::SYN) {
            return;
        }
        // Step 5 of the section drops what is neither SYN nor RST, such as text that overtook the
        // SYN-ACK: the peer sends it again.
        self.synchronize(now, &segment);
        if has_ack {
            self.establish(now, &segment);
            self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
            // Our SYN offered a window, but without RCV.NXT it had no place. Text on the SYN-ACK is
            // cut to the window, so it is opened before.
            self.open_window(self.receive_shift());
            self.process_text(now, without_syn(segment));
        } else {
            // Simultaneous open (figure 7): the SYN is sent again, now with an acknowledgment.
            self.transition(Transition::ReceiveSyn);
            self.snd.cursor = self.snd.iss;
            self.rtt_measurement = None;
            self.timers.stop(Timer::Retransmit);
        }
    }

    /// In SYN-RECEIVED the peer's SYN may arrive again, which the checks below would challenge
    /// (RFC 5961) instead of answering it with the SYN-ACK.
    fn input_in_syn_received(&mut self, now: Uptime, segment: Segment) {
        let repeats_syn = segment.flags.contains(Flags::SYN) && segment.sequence == self.rcv.irs;
        if !repeats_syn || segment.flags.contains(Flags::RST) {
            self.run_checks(now, segment);
        } else if segment.flags.contains(Flags::ACK) {
            // The other half of a simultaneous open (figure 7).
            self.run_checks(now, without_syn(segment));
        } else {
            // Our SYN-ACK was lost. It is sent again at once, as BSD and Linux do, and does not
            // count as a retry [I].
            self.snd.cursor = self.snd.iss;
        }
    }

    /// Section 3.10.7.4: the checks in the RFC's order. A segment that fails one goes no further.
    fn run_checks(&mut self, now: Uptime, segment: Segment) {
        let acceptance = self.check_sequence(now, &segment);
        let passes = acceptance != Acceptance::Nothing
            && self.check_rst(now, &segment)
            && self.check_syn(now, &segment)
            && self.check_ack(now, &segment);
        if !passes {
            return;
        }
        // RFC 7323 section 5.3 (R3), but after the ACK was checked, as in Linux: the clock of a segment with
        // a forged acknowledgment would make PAWS drop those of the peer.
        self.take_timestamp(now, &segment);
        self.record_activity(now);
        if self.state == State::TimeWait {
            self.answer_in_time_wait(now, &segment);
        } else if acceptance == Acceptance::Whole {
            self.process_text(now, segment);
        } else if segment.sequence_length() > 0 {
            self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
        }
    }

    /// In TIME-WAIT "the only thing that can arrive [...] is a retransmission of the remote FIN.
    /// Acknowledge it, and restart the 2 MSL timeout". Whatever else is beyond RCV.NXT is acknowledged,
    /// too, as by Linux (`tcp_timewait_state_process`); an acknowledgment at RCV.NXT is not, or two
    /// ends in TIME-WAIT would answer each other without end.
    fn answer_in_time_wait(&mut self, now: Uptime, segment: &Segment) {
        if segment.sequence == self.rcv.nxt && segment.sequence_length() == 0 {
            return;
        }
        self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
        if segment.flags.contains(Flags::FIN) {
            self.start_time_wait(now);
        }
    }

    /// First, check sequence number. An unacceptable segment is answered with an acknowledgment,
    /// so that a peer whose segment was a duplicate learns what we have.
    fn check_sequence(&mut self, now: Uptime, segment: &Segment) -> Acceptance {
        // RFC 7323 section 5.3 (R1): before the number is checked.
        if self.is_old_duplicate(now, segment) {
            self.acknowledge_unacceptable(now, segment);
            return Acceptance::Nothing;
        }
        let length = segment.sequence_length();
        let window = self.rcv.window();
        let mut acceptance = window.acceptance(segment.sequence, length);
        // The allowance is for ACKs in general, and at a closed window for RST. A peer whose FIN has
        // arrived has nothing beyond our window.
        let is_strict = segment.flags.contains(Flags::SYN)
            || self.state == State::TimeWait
            || (segment.flags.contains(Flags::RST) && window.wnd > 0);
        if acceptance == Acceptance::WithoutText && is_strict {
            acceptance = Acceptance::Nothing;
        }
        if acceptance != Acceptance::Nothing || segment.flags.contains(Flags::RST) {
            return acceptance;
        }
        self.acknowledge_unacceptable(now, segment);
        // The FIN again means that our last acknowledgment was lost: restart the 2 MSL timeout.
        // The RFC does this in the eighth check, which an old FIN never reaches.
        if self.state == State::TimeWait && segment.flags.contains(Flags::FIN) {
            self.start_time_wait(now);
        }
        self.record_activity(now);
        Acceptance::Nothing
    }

    /// Answers an unacceptable segment. Linux has no limit for one with text: such segments are no
    /// part of a loop of acknowledgments (`tcp_oow_rate_limited`).
    fn acknowledge_unacceptable(&mut self, now: Uptime, segment: &Segment) {
        if segment.sequence_length() > 0 && !segment.flags.contains(Flags::SYN) {
            self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
        } else {
            self.challenge(now);
        }
    }

    /// Sends an acknowledgment that asks the peer what it means, unless the last one is too recent. In
    /// TIME-WAIT there is no limit: [`TimeWait`](super::TimeWait) does not count.
    fn challenge(&mut self, now: Uptime) {
        if self.state != State::TimeWait {
            if now < self.challenges_again_at {
                return;
            }
            self.challenges_again_at = now.after(self.profile.challenge_interval);
        }
        self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
    }

    /// Second, check the RST bit. With RFC 5961 section 3.2 only a reset at exactly RCV.NXT is
    /// accepted, and any other in the window is challenged.
    fn check_rst(&mut self, now: Uptime, segment: &Segment) -> bool {
        if !segment.flags.contains(Flags::RST) {
            return true;
        }
        if self.profile.challenges() && segment.sequence != self.rcv.nxt {
            self.challenge(now);
            return false;
        }
        match self.state {
            State::SynReceived => self.fail(match self.origin {
                OpenKind::Active { .. } => ConnectionFailure::Refused,
                OpenKind::Passive => ConnectionFailure::Reset,
            }),
            // Both sides have closed: no text is lost, and nothing is reported to the user.
            State::Closing | State::LastAck | State::TimeWait => self.delete(),
            State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
                self.fail(ConnectionFailure::Reset);
            }
            State::SynSent | State::Closed => unreachable!("no checks in {:?}", self.state),
        }
        false
    }

    /// Fourth, check the SYN bit (the third check, security, is not implemented). A SYN in the
    /// window is challenged (RFC 5961 section 4.2); before, it was an error that ended the connection
    /// with a reset (RFC 793 section 3.9).
    fn check_syn(&mut self, now: Uptime, segment: &Segment) -> bool {
        if !segment.flags.contains(Flags::SYN) {
            return true;
        }
        if self.profile.challenges() || self.state == State::TimeWait {
            self.challenge(now);
        } else {
            self.pending_reset = Some(self.snd.acceptable_sequence());
            self.fail(ConnectionFailure::Reset);
        }
        false
    }

    /// Fifth, check the ACK field.
    fn check_ack(&mut self, now: Uptime, segment: &Segment) -> bool {
        if !segment.flags.contains(Flags::ACK) {
            return false;
        }
        let acknowledgment = segment.acknowledgment;
        if self.state == State::SynReceived {
            if !self.acknowledges_syn(segment) {
                self.pending_reset = Some(acknowledgment);
                return false;
            }
            self.establish(now, segment);
        }
        if !self
            .snd
            .is_plausible_ack(acknowledgment, self.profile.challenges())
        {
            self.challenge(now);
            return false;
        }
        // An acknowledgment answers a probe even if it leaves the window closed: such a peer is
        // alive.
        self.persist.unanswered = 0;
        if acknowledgment.after(self.snd.una) {
            self.on_new_ack(now, segment);
        } else if !self.congestion.is_selective() && self.is_duplicate_ack(segment) {
            let threshold = self.profile.duplicate_ack_threshold;
            let must_retransmit =
                self.congestion
                    .on_duplicate_ack(self.snd.una, self.snd.nxt, threshold);
            self.retransmit_if(must_retransmit);
        }
        self.take_blocks(segment);
        // After the test for a duplicate, which compares the old window: an acknowledgment that changes
        // the window is an update of it, not a sign of a segment that arrived out of order.
        let window = self.offered_window(segment);
        self.snd.update_window(segment, window);
        // The acknowledgment of our FIN in LAST-ACK deletes the connection.
        self.state != State::Closed
    }

    /// RFC 5681 section 2, "duplicate acknowledgment".
    fn is_duplicate_ack(&self, segment: &Segment) -> bool {
        segment.acknowledgment == self.snd.una
            // Not SND.NXT: after a timeout the cursor is back at SND.UNA, and nothing counts as in flight
            // until it is sent again.
            && self.snd.cursor != self.snd.una
            && segment.sequence_length() == 0
            && self.offered_window(segment) == self.snd.wnd
    }

    fn retransmit_if(&mut self, must_retransmit: bool) {
        if must_retransmit {
            self.pending.insert(PendingOutput::RETRANSMISSION);
        }
    }

    fn acknowledges_syn(&self, segment: &Segment) -> bool {
        let acknowledgment = segment.acknowledgment;
        acknowledgment.after(self.snd.iss) && !acknowledgment.after(self.snd.nxt)
    }

    /// Enters ESTABLISHED: the peer's SYN has arrived, and ours is acknowledged.
    fn establish(&mut self, now: Uptime, segment: &Segment) {
        let acknowledgment = segment.acknowledgment;
        assert_eq!(acknowledgment, self.snd.iss.plus(1), "only a SYN was sent");
        self.measure_round_trip(now, segment);
        if self.rto.expiries() > 0 {
            // RFC 5681 section 3.1: after a lost SYN the initial window is one segment.
            self.congestion.restart();
        }
        self.rto.on_established();
        self.timers.stop(Timer::Retransmit);
        self.snd.una = acknowledgment;
        self.snd.cursor = acknowledgment;
        self.history.forget_before(acknowledgment);
        self.transition(Transition::ReceiveAckOfSyn);
        self.events.record(Event::Connected);
        self.record_activity(now);
        self.set_keep_alive(now, self.requests.keep_alive);
        if std::mem::take(&mut self.requests.close) {
            self.close(now);
        }
    }

    /// Text or a FIN of ours is newly acknowledged.
    fn on_new_ack(&mut self, now: Uptime, segment: &Segment) {
        let acknowledgment = segment.acknowledgment;
        let octets = acknowledgment.since(self.snd.una);
        let text = octets.min(self.send_buffer.len());
        // The FIN occupies the number behind the last octet.
        let acknowledges_fin = octets > text;
        assert!(
            !acknowledges_fin || (octets == text + 1 && self.state.has_closed()),
            "{octets} numbers are acknowledged, but {text} octets and no FIN were sent"
        );
        self.measure_round_trip(now, segment);
        self.rto.on_new_ack(&self.profile);
        self.send_buffer.acknowledge(text);
        self.snd.una = acknowledgment;
        // After a timeout the cursor may be behind: what the peer has need not be sent again.
        self.snd.cursor = self.snd.cursor.latest(acknowledgment);
        self.history.forget_before(acknowledgment);
        if self.congestion.is_selective()
            && let Some(scoreboard) = self.scoreboard_mut()
        {
            scoreboard.acknowledge(acknowledgment);
        }
        let in_flight = self.snd.in_flight();
        let must_retransmit = self
            .congestion
            .on_new_ack(octets, acknowledgment, in_flight);
        self.retransmit_if(must_retransmit);
        // RFC 6298 sections 5.2 and 5.3.
        self.timers.stop(Timer::Retransmit);
        if self.snd.cursor != self.snd.una {
            let span = self.rto.current(&self.profile);
            self.start(Timer::Retransmit, now, span);
        }
        if self.requests.writable_event && self.writable() > 0 {
            self.requests.writable_event = false;
            self.events.record(Event::Writable);
        }
        if acknowledges_fin {
            self.on_fin_acknowledged(now);
        }
    }

    fn on_fin_acknowledged(&mut self, now: Uptime) {
        self.transition(Transition::ReceiveAckOfFin);
        if self.state == State::TimeWait {
            self.start_time_wait(now);
        } else if self.state == State::Closed {
            self.delete();
        } else if self.detached {
            // FIN-WAIT-2 has no limit in the RFC; without an application nothing would end it.
            self.start(Timer::TwoMsl, now, self.profile.fin_wait_2);
        }
    }

    fn measure_round_trip(&mut self, now: Uptime, segment: &Segment) {
        match self.rtt_measurement {
            Some(measurement) if segment.acknowledgment.after(measurement.sequence) => {
                let round_trip = now.since(measurement.sent_at);
                self.rto.on_measurement(round_trip, &self.profile);
                self.rtt_measurement = None;
            }
            Some(_) => {}
            // Karn's algorithm has abandoned the measurement: an echo needs it no more.
            None => {
                if let Some(round_trip) = self.echoed_round_trip(now, segment) {
                    self.rto.on_measurement(round_trip, &self.profile);
                }
            }
        }
    }

    /// Q175523: NT does not report a refused connection at the first reset, but sends the SYN
    /// again after a pause.
    fn on_refused_syn(&mut self, now: Uptime) {
        let OpenKind::Active { refusals, waiting } = &mut self.origin else {
            unreachable!("a passive connection is never in SYN-SENT");
        };
        if *waiting {
            return;
        }
        if *refusals >= self.profile.refused_retries {
            self.fail(ConnectionFailure::Refused);
            return;
        }
        *refusals += 1;
        *waiting = true;
        self.start(Timer::Retransmit, now, self.profile.refused_interval);
    }

    /// Seventh, process the segment text (the sixth check, URG, is not implemented), and eighth,
    /// check the FIN bit.
    fn process_text(&mut self, now: Uptime, segment: Segment) {
        if !self.state.can_receive() || segment.sequence_length() == 0 {
            return;
        }
        let has_fin = segment.flags.contains(Flags::FIN);
        let trimmed = self.trim_to_window(segment);
        if self.detached && !trimmed.text.is_empty() {
            // RFC 1122 section 4.2.2.13: the text will never be received. A reset informs the peer.
            self.pending_reset = Some(self.snd.acceptable_sequence());
            self.fail(ConnectionFailure::Aborted);
            return;
        }
        if trimmed.is_end_included && has_fin {
            self.rcv.fin = Some(trimmed.sequence.plus(trimmed.text.octets()));
        }
        let had_gap = self.reassembly.has_gap();
        if trimmed.sequence != self.rcv.nxt && !trimmed.text.is_empty() {
            self.note_gap(trimmed.sequence);
        }
        let before = self.rcv.nxt;
        self.rcv.nxt = self
            .reassembly
            .insert(trimmed.sequence, trimmed.text, before);
        let advanced = self.rcv.nxt != before;
        if advanced {
            self.events.record(Event::Readable);
        }
        // RFC 5681 section 4.2: out-of-order text, and text that fills a gap, is acknowledged at
        // once; the peer's fast retransmit depends on it.
        if !advanced || !trimmed.is_end_included || had_gap {
            self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
        } else {
            self.delay_acknowledgment(now);
        }
        if self.rcv.fin == Some(self.rcv.nxt) {
            self.process_fin(now);
        }
    }

    /// Cuts off what was received before and what is beyond the window.
    fn trim_to_window(&self, segment: Segment) -> TrimmedText {
        let window = self.rcv.window();
        let octets = segment.payload.octets();
        let old = if segment.sequence.before(window.nxt) {
            window.nxt.since(segment.sequence).min(octets)
        } else {
            0
        };
        let sequence = segment.sequence.plus(old).latest(window.nxt);
        let room = window.wnd - sequence.since(window.nxt).min(window.wnd);
        let end = (old + room).min(octets);
        let is_end_included = end == octets;
        let text = if old == 0 && is_end_included {
            segment.payload
        } else {
            segment.payload.slice(old as usize..end as usize)
        };
        TrimmedText {
            sequence,
            text,
            is_end_included,
        }
    }

    fn delay_acknowledgment(&mut self, now: Uptime) {
        self.rcv.unacknowledged_segments += 1;
        if self.rcv.unacknowledged_segments >= SEGMENTS_PER_ACKNOWLEDGMENT {
            self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
        } else if !self.timers.is_running(Timer::DelayedAck) {
            self.start(Timer::DelayedAck, now, self.profile.delayed_ack);
        }
    }

    /// Eighth, check the FIN bit: all text before the FIN has arrived.
    fn process_fin(&mut self, now: Uptime) {
        self.rcv.nxt = self.rcv.nxt.plus(1);
        // At a closed window RCV.NXT passes the right edge with the FIN.
        self.rcv.right_edge = self.rcv.right_edge.latest(self.rcv.nxt);
        self.pending.insert(PendingOutput::ACKNOWLEDGMENT);
        self.events.record(Event::PeerClosed);
        self.transition(Transition::ReceiveFin);
        if self.state == State::TimeWait {
            self.start_time_wait(now);
        }
    }
}

/// The segment without its SYN, which was handled already.
fn without_syn(mut segment: Segment) -> Segment {
    debug_assert!(segment.flags.contains(Flags::SYN));
    segment.flags.remove(Flags::SYN);
    segment.sequence = segment.sequence.plus(1);
    segment
}
