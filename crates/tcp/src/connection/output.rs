//! What to send next: pending output, retransmissions, new text, acknowledgments.

use std::ops::Range;

use super::event::Event;
use super::state::State;
use super::timers::Timer;
use super::transmission_history::SegmentIdentity;
use super::{Connection, PendingOutput, Persist, RttMeasurement, Transmit};
use crate::segment::{Flags, Payload, Segment, SeqNum};
use crate::time::Uptime;

/// A segment to send, before ports, acknowledgment and window are filled in.
struct Draft {
    flags: Flags,
    sequence: SeqNum,
    payload: Payload,
    /// Whether transmission continues behind the segment and the retransmission timer covers it.
    /// Not so for probes, keep-alives and acknowledgments.
    advances: bool,
}

impl Connection {
    /// The next segment to send, or `None` if there is nothing to send now.
    ///
    /// Call this after every other call until it returns `None`: the retransmission timer and the
    /// persist timer start here.
    pub fn poll_transmit(&mut self, now: Uptime) -> Option<Transmit> {
        if self.has_nothing_to_send() {
            return None;
        }
        // First, and in CLOSED too: the connection has failed, and the peer learns of it only by this
        // reset.
        if let Some(sequence) = self.pending_reset.take() {
            return Some(self.send_reset(now, sequence));
        }
        let draft = match self.state {
            State::Closed => return None,
            State::SynSent => self.draft_syn(Flags::SYN),
            State::SynReceived => self.draft_syn(Flags::SYN | Flags::ACK),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => self.draft_text().or_else(|| self.draft_empty()),
        };
        match draft {
            Some(draft) => Some(self.send_draft(now, draft)),
            None => {
                self.start_persist(now);
                None
            }
        }
    }

    /// A fast path: most calls find an open connection that has sent all its text.
    fn has_nothing_to_send(&self) -> bool {
        matches!(self.state, State::Established | State::CloseWait)
            && self.pending.is_empty()
            && self.pending_reset.is_none()
            && !self.congestion.recovers_selectively()
            && self.snd.cursor == self.snd.una.plus(self.send_buffer.len())
    }

    fn draft_syn(&mut self, flags: Flags) -> Option<Draft> {
        if self.snd.cursor != self.snd.iss {
            return self.draft_empty();
        }
        Some(Draft {
            flags,
            sequence: self.snd.iss,
            payload: Payload::empty(),
            advances: true,
        })
    }

    /// A segment with text or a FIN: a retransmission before a probe before new text.
    fn draft_text(&mut self) -> Option<Draft> {
        if !self.state.can_send() {
            return None;
        }
        if self.pending.take(PendingOutput::RETRANSMISSION) && self.snd.una != self.snd.nxt {
            // Fast retransmit ignores the windows: the octets are in flight already.
            // Never beyond SND.NXT: new text would escape the windows and the retransmission timer.
            let sent = self.first_hole().since(self.snd.una);
            let length = self.mss().min(self.send_buffer.len()).min(sent);
            let fin = self.fin_follows(length) && sent > length;
            return Some(self.text_at(self.snd.una, length, fin));
        }
        if self.pending.take(PendingOutput::WINDOW_PROBE) {
            // RFC 9293 section 3.8.6.1: at least one octet beyond a zero window. A probe does not
            // advance, so the retransmission timer and its limit do not apply to it.
            let length = self.mss().min(self.send_buffer.len());
            let length = length.min(self.snd.wnd.max(1));
            let fin = self.fin_follows(length) && (length == 0 || self.snd.wnd > length);
            let probe = self.text_at(self.snd.una, length, fin);
            return Some(Draft {
                advances: false,
                ..probe
            });
        }
        // Step C of RFC 6675 section 5: NextSeg(), if the pipe has room for a segment.
        let is_recovering = self.congestion.recovers_selectively();
        if is_recovering {
            if self.room_in_pipe() < self.mss() {
                return None;
            }
            if let Some(lost) = self.next_lost() {
                return Some(self.draft_range(lost));
            }
        }
        let new = self.draft_at_cursor();
        match new.is_none() && is_recovering {
            true => self.draft_doubtful(),
            false => new,
        }
    }

    /// NextSeg() (3) and (4).
    fn draft_doubtful(&mut self) -> Option<Draft> {
        let again = self.next_doubtful().or_else(|| self.rescue())?;
        Some(self.draft_range(again))
    }

    /// Numbers that were sent before: text, and a FIN if it is one of them.
    fn draft_range(&mut self, numbers: Range<SeqNum>) -> Draft {
        let text_end = self.snd.una.plus(self.send_buffer.len());
        let fin = numbers.end.after(text_end);
        let end = if fin { text_end } else { numbers.end };
        self.text_at(numbers.start, end.since(numbers.start), fin)
    }

    /// Text from the cursor on: new text, or after a timeout what was sent before it and has not been
    /// reported as arrived since.
    fn draft_at_cursor(&mut self) -> Option<Draft> {
        let usable = match self.has_blocks() {
            false => self.usable_window(),
            true => self.usable_around_blocks(),
        };
        let offset = self.snd.cursor.since(self.snd.una);
        let left = self.send_buffer.len().saturating_sub(offset);
        let length = left.min(usable).min(self.mss());
        // A FIN occupies a number of the window.
        let fin = self.fin_follows(offset + length) && usable > length;
        let is_worthwhile = fin || (length > 0 && self.is_worthwhile(length, length == left));
        is_worthwhile.then(|| self.text_at(self.snd.cursor, length, fin))
    }

    /// How much the windows let out from the cursor on.
    fn usable_window(&self) -> u32 {
        // RFC 5681 section 3.1: min(cwnd, rwnd) limits what is in flight.
        let is_new = self.snd.cursor == self.snd.nxt;
        let offset = self.snd.cursor.since(self.snd.una);
        // Limited transmit is for new text only (RFC 3042): after a timeout the cursor is back, and
        // what it sends again must wait for cwnd.
        let extra = match is_new {
            true => self.congestion.limited_transmit(),
            false => 0,
        };
        let window = self.snd.wnd.min(self.congestion.cwnd() + extra);
        // The usable window U of RFC 9293 section 3.8.6.2.1; zero if the peer shrank its window.
        window.saturating_sub(offset)
    }

    /// Whether `length` octets may be sent now: Nagle's algorithm (RFC 9293 section 3.7.4) and the
    /// sender's silly window avoidance (section 3.8.6.2.1). `is_all` means that they are all the
    /// text there is.
    fn is_worthwhile(&self, length: u32, is_all: bool) -> bool {
        let is_idle = self.snd.cursor == self.snd.una;
        // (1) A full segment.
        length == self.mss()
            // A retransmission after a timeout is never held back.
            || self.snd.cursor.before(self.snd.nxt)
            // (2) All text, unless Nagle waits for an acknowledgment.
            || (is_all && (is_idle || !self.profile.nagle))
            // (3) Half of the peer's largest window; Fs = 1/2. Only when idle: with text in flight an
            // acknowledgment comes, and by then there may be a full segment.
            // (4), the override timeout, is the persist timer, as in BSD: it runs while text waits and
            // nothing is in flight, and then sends as much as the window takes (`draft_text`).
            || (is_idle && length >= self.snd.max_wnd / 2)
    }

    /// Whether a FIN follows the first `offset` octets of the send buffer.
    fn fin_follows(&self, offset: u32) -> bool {
        self.state.has_closed() && offset == self.send_buffer.len()
    }

    fn text_at(&mut self, sequence: SeqNum, length: u32, fin: bool) -> Draft {
        let offset = sequence.since(self.snd.una);
        let end = offset + length;
        let mut flags = Flags::ACK;
        if length > 0 && end == self.send_buffer.len() {
            flags |= Flags::PSH;
        }
        if fin {
            flags |= Flags::FIN;
        }
        // A retransmitted FIN without text starts behind the buffer: slicing there would panic.
        let payload = match length {
            0 => Payload::empty(),
            _ => self.send_buffer.slice(offset..end),
        };
        Draft {
            flags,
            sequence,
            payload,
            advances: true,
        }
    }

    /// A keep-alive or an acknowledgment.
    fn draft_empty(&mut self) -> Option<Draft> {
        let sequence = if self.pending.take(PendingOutput::KEEP_ALIVE) {
            // RFC 1122 section 4.2.3.6: an old number, which the peer must answer.
            self.snd.una.minus(1)
        } else if self.pending.take(PendingOutput::ACKNOWLEDGMENT) {
            self.snd.acceptable_sequence()
        } else {
            return None;
        };
        Some(Draft {
            flags: Flags::ACK,
            sequence,
            payload: Payload::empty(),
            advances: false,
        })
    }

    fn send_draft(&mut self, now: Uptime, draft: Draft) -> Transmit {
        let segment = self.complete(now, draft.flags, draft.sequence, draft.payload);
        let length = segment.sequence_length();
        let end = draft.sequence.plus(length);
        let is_new = length > 0 && end.after(self.snd.nxt);
        if length > 0 {
            self.time_round_trip(now, &segment, draft.advances);
        }
        if draft.advances {
            self.persist = Persist::INACTIVE;
            self.timers.stop(Timer::Persist);
            self.snd.cursor = self.snd.cursor.latest(end);
            // RFC 6298 section 5.1.
            if !self.timers.is_running(Timer::Retransmit) {
                let span = self.rto.current(&self.profile);
                self.start(Timer::Retransmit, now, span);
            }
        }
        // Also for a probe: the octet of a probe is in the network, and an acknowledgment of it is
        // acceptable.
        self.snd.nxt = self.snd.nxt.latest(end);
        if segment.flags.contains(Flags::ACK) {
            // Every segment acknowledges: a delayed acknowledgment travels with text.
            self.rcv.unacknowledged_segments = 0;
            self.pending.remove(PendingOutput::ACKNOWLEDGMENT);
            self.timers.stop(Timer::DelayedAck);
        }
        self.record_transmission(segment, is_new)
    }

    /// Starts a round-trip measurement with `segment`, or abandons the current one. Karn's
    /// algorithm (RFC 6298 section 3): a retransmitted segment must not be measured.
    fn time_round_trip(&mut self, now: Uptime, segment: &Segment, advances: bool) {
        if segment.sequence.before(self.snd.nxt) {
            self.retransmissions += 1;
            self.rtt_measurement = None;
        } else if advances && self.rtt_measurement.is_none() {
            self.rtt_measurement = Some(RttMeasurement {
                sequence: segment.sequence,
                sent_at: now,
            });
        }
    }

    fn send_reset(&mut self, now: Uptime, sequence: SeqNum) -> Transmit {
        let mut segment = self.complete(now, Flags::RST, sequence, Payload::empty());
        segment.acknowledgment = SeqNum::default();
        segment.window = 0;
        // Only now: a host may drop the connection at this event, and the reset with it.
        if self.state == State::Closed {
            self.events.record(Event::Closed);
        }
        self.record_transmission(segment, false)
    }

    /// Fills in ports, acknowledgment, window and options.
    fn complete(
        &mut self,
        now: Uptime,
        flags: Flags,
        sequence: SeqNum,
        payload: Payload,
    ) -> Segment {
        let has_syn = flags.contains(Flags::SYN);
        let has_ack = flags.contains(Flags::ACK);
        // RFC 7323 section 2.2: the window of a SYN is never scaled.
        let shift = if has_syn { 0 } else { self.receive_shift() };
        let options = self.options(now, flags, !payload.is_empty());
        Segment {
            source_port: self.local_port,
            destination_port: self.remote_port,
            sequence,
            acknowledgment: match has_ack {
                true => self.rcv.nxt,
                false => SeqNum::default(),
            },
            flags,
            window: match has_ack {
                true => self.open_window(shift),
                // The first SYN: RCV.NXT is not known yet.
                false => u16::try_from(self.profile.receive_window).unwrap_or(u16::MAX),
            },
            maximum_segment_size: has_syn.then_some(self.profile.maximum_segment_size),
            options,
            payload,
        }
    }

    fn record_transmission(&mut self, segment: Segment, is_new: bool) -> Transmit {
        let identity = SegmentIdentity {
            // The same text may be sent with PSH first and without it later, or the other way.
            flags: segment.flags.difference(Flags::PSH),
            sequence: segment.sequence,
            octets: segment.payload.octets(),
        };
        let attempt = self.history.record(identity, self.rcv.nxt, is_new);
        Transmit { segment, attempt }
    }

    /// Starts the persist timer if only the peer's window prevents sending. With something in
    /// flight, the retransmission timer runs instead, and the acknowledgment will carry a window.
    fn start_persist(&mut self, now: Uptime) {
        let has_unsent = self.send_buffer.len() > 0 || self.state.has_closed();
        let is_idle = self.snd.cursor == self.snd.una && !self.timers.is_running(Timer::Retransmit);
        if !(self.state.can_send() && has_unsent && is_idle)
            || self.timers.is_running(Timer::Persist)
        {
            return;
        }
        // The earliest: the profile's limit is on how long the window has been closed, over all
        // probes.
        self.persist.since = self.persist.since.min(now);
        // RFC 9293 section 3.8.6.1: the first probe after RTO, then at doubled intervals.
        let ceiling = self.profile.maximum_persist;
        let span = self
            .rto
            .current(&self.profile)
            .doubled(self.persist.probes, ceiling);
        self.start(Timer::Persist, now, span);
    }

    pub(super) fn mss(&self) -> u32 {
        u32::from(self.snd.mss)
    }
}
