//! A connection in TIME-WAIT without an application, in a fifth of the memory.
//!
//! A connection lives for seconds and then stays in TIME-WAIT for minutes, so a busy client has
//! most of its connections in that state. [`TimeWait`] implements what RFC 9293 section 3.10.7.4
//! requires there and answers exactly as the [`Connection`] would.

use super::acceptability::Acceptance;
use super::sequence_space::{MAXIMUM_WINDOW, ReceiveSequence, SendSequence};
use super::state::State;
use super::timers::Timer;
use super::{Connection, Transmit};
use crate::profile::Profile;
use crate::segment::{Flags, Payload, Segment, SeqNum};
use crate::time::Uptime;

/// A connection in TIME-WAIT. The caller passes the host's profile to each call.
#[derive(Debug)]
pub struct TimeWait {
    /// The end of TIME-WAIT; [`Uptime::MAX`] once it has ended.
    until: Uptime,
    snd: SendSequence,
    rcv: ReceiveSequence,
    local_port: u16,
    remote_port: u16,
    /// How often the last acknowledgment was sent: the `attempt` of the next one.
    acknowledgments_sent: u32,
    acknowledgment_pending: bool,
}

impl Connection {
    /// This connection as a [`TimeWait`]. `None` in any other state, while an application may
    /// still receive, while there is output or an event, and where the smaller record has no room for
    /// options that the two ends agreed on.
    #[must_use]
    pub fn time_wait(&self) -> Option<TimeWait> {
        // What is still to be sent or reported is the full connection's business; it becomes this
        // record afterwards.
        let is_quiet =
            self.pending.is_empty() && self.pending_reset.is_none() && self.events.is_empty();
        let has_options = self
            .extensions
            .as_ref()
            .is_some_and(|it| it.change_headers());
        if self.state != State::TimeWait || !self.detached || !is_quiet || has_options {
            return None;
        }
        assert_eq!(self.readable(), 0, "a detached connection holds text");
        Some(TimeWait {
            until: self.timers.expiry(Timer::TwoMsl),
            snd: self.snd,
            rcv: self.rcv,
            local_port: self.local_port,
            remote_port: self.remote_port,
            // The record continues the count of the connection, or the network would draw for the
            // next acknowledgment what it drew for the first.
            acknowledgments_sent: self
                .history
                .pure_acks(self.snd.acceptable_sequence(), self.rcv.nxt),
            acknowledgment_pending: false,
        })
    }
}

impl TimeWait {
    /// The local port.
    #[must_use]
    pub const fn local_port(&self) -> u16 {
        self.local_port
    }

    /// The peer's port.
    #[must_use]
    pub const fn remote_port(&self) -> u16 {
        self.remote_port
    }

    /// RCV.NXT. See [`Connection::rcv_nxt`].
    #[must_use]
    pub const fn rcv_nxt(&self) -> SeqNum {
        self.rcv.nxt
    }

    /// Whether the connection is CLOSED and can be dropped.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.until == Uptime::MAX
    }

    /// When to call `on_timeout`; `None` once the connection is CLOSED.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Uptime> {
        (!self.is_over()).then_some(self.until)
    }

    /// Ends TIME-WAIT if its time has come. An early call has no effect.
    pub fn on_timeout(&mut self, now: Uptime) {
        if self.until <= now {
            self.end();
        }
    }

    /// Handles a segment. See [`Connection::on_segment`].
    ///
    /// # Panics
    /// If the segment's ports are not those of the connection.
    pub fn on_segment(&mut self, now: Uptime, segment: &Segment, profile: &Profile) {
        assert!(
            segment.destination_port == self.local_port && segment.source_port == self.remote_port,
            "the segment belongs to another connection"
        );
        if self.is_over() {
            return;
        }
        let (flags, length) = (segment.flags, segment.sequence_length());
        let has_rst = flags.contains(Flags::RST);
        // The checks of section 3.10.7.4 in their order. For the reasons see `input`.
        let window = self.rcv.window();
        if window.acceptance(segment.sequence, length) != Acceptance::Whole {
            if has_rst {
                return;
            }
            self.acknowledgment_pending = true;
            if flags.contains(Flags::FIN) {
                self.until = profile.expiry(now, profile.time_wait);
            }
        } else if has_rst {
            // RFC 5961 section 3.2. RFC 1337 proposes to ignore every reset here; no source says
            // that NT does [I].
            if !profile.challenges() || segment.sequence == self.rcv.nxt {
                self.end();
            } else {
                self.acknowledgment_pending = true;
            }
        } else if flags.contains(Flags::SYN) {
            self.acknowledgment_pending = true;
        } else if flags.contains(Flags::ACK) {
            let acknowledgment = segment.acknowledgment;
            if self
                .snd
                .is_plausible_ack(acknowledgment, profile.challenges())
            {
                self.snd.update_window(segment, u32::from(segment.window));
                if segment.sequence != self.rcv.nxt || length > 0 {
                    self.acknowledgment_pending = true;
                }
                if flags.contains(Flags::FIN) {
                    self.until = profile.expiry(now, profile.time_wait);
                }
            } else {
                self.acknowledgment_pending = true;
            }
        }
    }

    /// The next segment to send. See [`Connection::poll_transmit`].
    pub fn poll_transmit(&mut self, profile: &Profile) -> Option<Transmit> {
        if !std::mem::take(&mut self.acknowledgment_pending) {
            return None;
        }
        let free = profile.receive_window;
        let segment = Segment {
            source_port: self.local_port,
            destination_port: self.remote_port,
            sequence: self.snd.acceptable_sequence(),
            acknowledgment: self.rcv.nxt,
            flags: Flags::ACK,
            window: u16::try_from(self.rcv.open_window(free, MAXIMUM_WINDOW, profile))
                .unwrap_or(u16::MAX),
            maximum_segment_size: None,
            options: None,
            payload: Payload::empty(),
        };
        let attempt = self.acknowledgments_sent;
        self.acknowledgments_sent += 1;
        Some(Transmit { segment, attempt })
    }

    fn end(&mut self) {
        self.until = Uptime::MAX;
        self.acknowledgment_pending = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeSpan;
    use proptest::prelude::*;

    const TICK: TimeSpan = TimeSpan::from_millis(100);

    /// Delivers segments until neither end has anything to send.
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

    /// A connection that both sides closed, this one first.
    fn in_time_wait(profile: &'static Profile, text: &[u8]) -> Connection {
        let now = Uptime::ZERO;
        let mut caller = Connection::connect(profile, 1025, 102, SeqNum::new(u32::MAX - 3), now);
        let syn = caller.poll_transmit(now).expect("a SYN").segment;
        let called = Connection::accept(profile, &syn, SeqNum::new(500), now);
        let mut ends = [caller, called];
        exchange(now, &mut ends);
        ends[0].send(now, text).expect("ESTABLISHED");
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
        pause: TimeSpan,
        segment: Segment,
    }

    fn any_arrival(rcv_nxt: SeqNum, snd_nxt: SeqNum) -> impl Strategy<Value = Arrival> {
        let near = prop_oneof![Just(0), -3i32..4, -70_000i32..70_000];
        let numbers = (near.clone(), near, 0u8..64, 0usize..3, any::<u16>());
        (0u64..200_000, numbers).prop_map(
            move |(pause, (before, behind, flags, octets, window))| Arrival {
                pause: TimeSpan::from_millis(pause),
                segment: Segment {
                    source_port: 102,
                    destination_port: 1025,
                    sequence: rcv_nxt.plus(before.cast_unsigned()),
                    acknowledgment: snd_nxt.plus(behind.cast_unsigned()),
                    flags: Flags::from_bits_truncate(flags),
                    window,
                    maximum_segment_size: None,
                    options: None,
                    payload: Payload::from(vec![0; octets]),
                },
            },
        )
    }

    fn cases() -> impl Strategy<Value = (Connection, &'static Profile, Vec<Arrival>)> {
        // Without options, which the smaller record does not have.
        let linux: &'static Profile = Box::leak(Box::new(Profile {
            options: crate::profile::OfferedOptions::NONE,
            ..*Profile::linux()
        }));
        let profiles = prop_oneof![Just(Profile::nt4()), Just(Profile::w2k()), Just(linux)];
        (profiles, 1usize..3_000).prop_flat_map(|(profile, octets)| {
            let connection = in_time_wait(profile, &vec![7; octets]);
            let arrival = any_arrival(connection.rcv.nxt, connection.snd.nxt);
            let arrivals = prop::collection::vec(arrival, 0..12);
            arrivals.prop_map(move |it| (in_time_wait(profile, &vec![7; octets]), profile, it))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The connection itself is the model: both give the same output for the same input.
        #[test]
        fn time_wait_answers_as_the_connection_would((mut whole, profile, arrivals) in cases()) {
            let mut time_wait = whole.time_wait().expect("the connection is detached");
            let mut now = Uptime::ZERO;
            for Arrival { pause, segment } in arrivals {
                now = now.after(pause).after(TICK);
                whole.on_timeout(now);
                time_wait.on_timeout(now);
                time_wait.on_segment(now, &segment, profile);
                whole.on_segment(now, segment);
                prop_assert_eq!(time_wait.is_over(), whole.state() == State::Closed);
                prop_assert_eq!(time_wait.poll_timeout(), whole.poll_timeout());
                prop_assert_eq!(time_wait.poll_transmit(profile), whole.poll_transmit(now));
                prop_assert_eq!(whole.poll_transmit(now), None);
                prop_assert_eq!(time_wait.rcv_nxt(), whole.rcv_nxt());
            }
        }
    }

    #[test]
    fn a_time_wait_takes_at_most_88_octets() {
        assert!(
            size_of::<TimeWait>() <= 88,
            "{} octets",
            size_of::<TimeWait>()
        );
    }

    #[test]
    fn a_connection_with_an_application_has_no_time_wait() {
        let now = Uptime::ZERO;
        let mut connection = in_time_wait(Profile::nt4(), b"text");
        assert!(connection.time_wait().is_some());
        connection.detached = false;
        assert!(connection.time_wait().is_none());
        connection.detached = true;
        connection.on_timeout(connection.poll_timeout().expect("TIME-WAIT ends"));
        assert_eq!(connection.state(), State::Closed);
        assert!(connection.time_wait().is_none());
        assert_eq!(connection.poll_transmit(now), None);
    }
}
