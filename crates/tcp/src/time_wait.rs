//! What is left of a connection in TIME-WAIT that no application will read.
//!
//! Owns [`TimeWait`] and all that RFC 9293 section 3.10.7.4 asks for in that state. A connection
//! spends minutes in it after seconds of anything else: most of a busy caller's connections are of
//! this kind, at a fifth of the room. It refuses to answer otherwise than the connection would
//! have: the checks are those of its sequence numbers, in the same order.

use crate::connection::{Connection, ReceiveSequence, SendSequence, Transmit};
use crate::payload::Payload;
use crate::profile::Profile;
use crate::segment::{Flags, Segment};
use crate::seq::SeqNum;
use crate::state::State;
use crate::timer::Timer;
use crate::uptime::Uptime;

/// A connection that waits out old duplicates. Its constants are not in it: they are those of the
/// host, `profile`.
#[derive(Debug)]
pub struct TimeWait {
    /// The end of the wait; [`Uptime::MAX`] once it is over.
    until: Uptime,
    send: SendSequence,
    receive: ReceiveSequence,
    local_port: u16,
    remote_port: u16,
    /// How often the last acknowledgment was sent: the identity of the next one's luck.
    acknowledged: u32,
    owes_acknowledgment: bool,
}

impl Connection {
    /// The connection without what TIME-WAIT does not need; `None` in any other state, while an
    /// application may still read, or while something waits to be sent or told.
    #[must_use]
    pub fn time_wait(&self) -> Option<TimeWait> {
        let silent = self.demand.is_none() && self.reset.is_none() && self.events.is_empty();
        if self.state != State::TimeWait || !self.detached || !silent {
            return None;
        }
        assert_eq!(self.readable(), 0, "what nobody reads was refused");
        let (next, sent) = (self.receive.nxt, self.send.max);
        Some(TimeWait {
            until: self.timers.deadline(Timer::Linger),
            send: self.send,
            receive: self.receive,
            local_port: self.local_port,
            remote_port: self.remote_port,
            acknowledged: self.attempts.of_acknowledgment(sent, next),
            owes_acknowledgment: false,
        })
    }
}

impl TimeWait {
    /// The port of this end.
    #[must_use]
    pub const fn local_port(&self) -> u16 {
        self.local_port
    }

    /// The port of the other end.
    #[must_use]
    pub const fn remote_port(&self) -> u16 {
        self.remote_port
    }

    /// As [`Connection::expected`].
    #[must_use]
    pub const fn expected(&self) -> SeqNum {
        self.receive.nxt
    }

    /// Whether the connection is CLOSED and may be forgotten.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.until == Uptime::MAX
    }

    /// When `on_timeout` must be called next; never once it is over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Uptime> {
        (!self.is_over()).then_some(self.until)
    }

    /// Ends the wait if it is due.
    pub fn on_timeout(&mut self, now: Uptime) {
        if self.until <= now {
            self.end();
        }
    }

    /// As [`Connection::on_segment`].
    ///
    /// # Panics
    /// If the segment's ports are another connection's.
    pub fn on_segment(&mut self, now: Uptime, segment: &Segment, profile: &Profile) {
        assert!(
            segment.destination_port == self.local_port && segment.source_port == self.remote_port,
            "a segment of another connection"
        );
        let (flags, length) = (segment.flags, segment.sequence_length());
        let is_reset = flags.contains(Flags::RST);
        if self.is_over() {
            return;
        }
        if !self.receive.window().accepts(segment.sequence, length) {
            if is_reset {
                return;
            }
            self.owes_acknowledgment = true;
            // Our last acknowledgment was lost: wait again.
            if flags.contains(Flags::FIN) {
                self.until = profile.deadline(now, profile.time_wait);
            }
        } else if is_reset {
            // RFC 5961 section 3.2.
            if segment.sequence == self.receive.nxt {
                self.end();
            } else {
                self.owes_acknowledgment = true;
            }
        } else if flags.contains(Flags::SYN) {
            // RFC 5961 section 4.2.
            self.owes_acknowledgment = true;
        } else if flags.contains(Flags::ACK) {
            if self.send.believes(segment.acknowledgment) {
                self.send.update_window(segment);
            } else {
                self.owes_acknowledgment = true;
            }
        }
    }

    /// As [`Connection::poll_transmit`].
    pub fn poll_transmit(&mut self, profile: &Profile) -> Option<Transmit> {
        if !std::mem::take(&mut self.owes_acknowledgment) {
            return None;
        }
        let free = u32::from(profile.receive_window);
        let segment = Segment {
            source_port: self.local_port,
            destination_port: self.remote_port,
            sequence: self.send.max,
            acknowledgment: self.receive.nxt,
            flags: Flags::ACK,
            window: self.receive.open_window(free, profile),
            maximum_segment_size: None,
            payload: Payload::empty(),
        };
        let attempt = self.acknowledged;
        self.acknowledged += 1;
        Some(Transmit { segment, attempt })
    }

    fn end(&mut self) {
        self.until = Uptime::MAX;
        self.owes_acknowledgment = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uptime::Span;
    use proptest::prelude::*;

    const TICK: Span = Span::from_millis(100);

    /// Two ends hand each other whatever they have to send.
    fn exchange(now: Uptime, ends: &mut [Connection; 2]) {
        loop {
            let [one, other] = ends;
            match (one.poll_transmit(now), other.poll_transmit(now)) {
                (None, None) => return,
                (there, back) => {
                    if let Some(there) = there {
                        other.on_segment(now, there.segment);
                    }
                    if let Some(back) = back {
                        one.on_segment(now, back.segment);
                    }
                }
            }
        }
    }

    /// A connection that was closed by both sides, by its own first.
    fn waiting(profile: &'static Profile, text: &[u8]) -> Connection {
        let now = Uptime::ZERO;
        let mut caller = Connection::connect(profile, 1025, 102, SeqNum::new(u32::MAX - 3), now);
        let syn = caller.poll_transmit(now).expect("a SYN").segment;
        let called = Connection::accept(profile, &syn, SeqNum::new(500), now);
        let mut ends = [caller, called];
        exchange(now, &mut ends);
        ends[0].send(now, text).expect("it takes text");
        exchange(now, &mut ends);
        ends[0].detach(now);
        exchange(now, &mut ends);
        ends[1].receive(now, text.len()).expect("the text");
        ends[1].close(now);
        exchange(now, &mut ends);
        let [mut caller, _] = ends;
        while caller.poll_event().is_some() {}
        caller
    }

    #[derive(Clone, Debug)]
    struct Arrival {
        pause: Span,
        segment: Segment,
    }

    fn arrivals(next: SeqNum, sent: SeqNum) -> impl Strategy<Value = Arrival> {
        let near = prop_oneof![Just(0), -3i32..4, -70_000i32..70_000];
        let numbers = (near.clone(), near, 0u8..64, 0usize..3, any::<u16>());
        (0u64..200_000, numbers).prop_map(
            move |(pause, (before, behind, flags, octets, window))| Arrival {
                pause: Span::from_millis(pause),
                segment: Segment {
                    source_port: 102,
                    destination_port: 1025,
                    sequence: next.plus(before.cast_unsigned()),
                    acknowledgment: sent.plus(behind.cast_unsigned()),
                    flags: Flags::from_bits(flags),
                    window,
                    maximum_segment_size: None,
                    payload: Payload::from(vec![0; octets]),
                },
            },
        )
    }

    fn cases() -> impl Strategy<Value = (Connection, &'static Profile, Vec<Arrival>)> {
        let profiles = prop_oneof![Just(Profile::nt4()), Just(Profile::linux())];
        (profiles, 1usize..3_000).prop_flat_map(|(profile, octets)| {
            let connection = waiting(profile, &vec![7; octets]);
            let arriving = arrivals(connection.receive.nxt, connection.send.max);
            let arriving = prop::collection::vec(arriving, 0..12);
            arriving.prop_map(move |it| (waiting(profile, &vec![7; octets]), profile, it))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The connection itself is the witness: whatever arrives, and whenever, both say the same.
        #[test]
        fn it_answers_as_the_connection_would((mut whole, profile, arriving) in cases()) {
            let mut rest = whole.time_wait().expect("nobody reads it");
            let mut now = Uptime::ZERO;
            for Arrival { pause, segment } in arriving {
                now = now.after(pause).after(TICK);
                whole.on_timeout(now);
                rest.on_timeout(now);
                rest.on_segment(now, &segment, profile);
                whole.on_segment(now, segment);
                prop_assert_eq!(rest.is_over(), whole.state() == State::Closed);
                prop_assert_eq!(rest.poll_timeout(), whole.poll_timeout());
                prop_assert_eq!(rest.poll_transmit(profile), whole.poll_transmit(now));
                prop_assert_eq!(whole.poll_transmit(now), None);
                prop_assert_eq!(rest.expected(), whole.expected());
            }
        }
    }

    #[test]
    fn it_is_small() {
        assert!(
            size_of::<TimeWait>() <= 88,
            "{} octets",
            size_of::<TimeWait>()
        );
    }

    #[test]
    fn what_an_application_may_still_read_stays_a_connection() {
        let now = Uptime::ZERO;
        let mut connection = waiting(Profile::nt4(), b"text");
        assert!(connection.time_wait().is_some());
        connection.detached = false;
        assert!(connection.time_wait().is_none());
        connection.detached = true;
        connection.on_timeout(connection.poll_timeout().expect("it lingers"));
        assert_eq!(connection.state(), State::Closed);
        assert!(connection.time_wait().is_none());
        assert_eq!(connection.poll_transmit(now), None);
    }
}
