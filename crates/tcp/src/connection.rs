//! One end of a TCP connection: its variables, the OPEN call, and what several parts share.

mod acceptability;
mod event;
mod extensions;
mod input;
mod output;
mod retransmission_timeout;
mod scoreboard;
mod selective_recovery;
mod sequence_space;
mod state;
mod time_wait;
mod timeouts;
mod timers;
mod transmission_history;
mod user_calls;

use std::sync::Arc;

pub use event::{Event, ReceiveError, SendError, Unreachable};
pub use state::State;
pub use time_wait::TimeWait;

use crate::buffers::{Reassembly, SendBuffer};
use crate::congestion::Congestion;
use crate::profile::Profile;
use crate::segment::{Flags, Segment, SeqNum};
use crate::time::{TimeSpan, Uptime};
use event::{ConnectionFailure, PendingEvents};
use extensions::Extensions;
use retransmission_timeout::RetransmissionTimeout;
use sequence_space::{MAXIMUM_WINDOW, ReceiveSequence, SendSequence};
use state::Transition;
use timers::{Timer, Timers};
use transmission_history::TransmissionHistory;

/// The segment size assumed for a peer that sends no MSS option (RFC 9293 section 3.7.1).
const DEFAULT_SEGMENT_SIZE: u16 = 536;

/// A segment to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The segment.
    pub segment: Segment,
    /// How often this connection has sent a segment with the same control bits, sequence,
    /// acknowledgment and length before. Together with them it identifies this transmission; a
    /// network model can key its random choices by it.
    pub attempt: u32,
}

bitflags::bitflags! {
    /// What `poll_transmit` has to send besides new text.
    #[derive(Clone, Copy, Debug, Default)]
    struct PendingOutput: u8 {
        /// An acknowledgment, without delay.
        const ACKNOWLEDGMENT = 1;
        /// The first unacknowledged segment (fast retransmit).
        const RETRANSMISSION = 2;
        /// A zero-window probe.
        const WINDOW_PROBE = 4;
        /// A keep-alive.
        const KEEP_ALIVE = 8;
    }
}

impl PendingOutput {
    /// Removes `output` and returns whether it was pending.
    fn take(&mut self, output: Self) -> bool {
        let pending = self.intersects(output);
        self.remove(output);
        pending
    }
}

/// Zero-window probing.
#[derive(Debug)]
struct Persist {
    /// When the window was found closed; [`Uptime::MAX`] while it is open.
    since: Uptime,
    /// Probes sent, which double the interval.
    probes: u8,
    /// Probes sent since the last acknowledgment.
    unanswered: u8,
}

impl Persist {
    const INACTIVE: Self = Self {
        since: Uptime::MAX,
        probes: 0,
        unanswered: 0,
    };
}

/// Which side opened the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenKind {
    Passive,
    /// Q175523: NT sends a SYN again that was answered by a reset.
    Active {
        /// Resets received.
        refusals: u8,
        /// Whether the retransmission timer runs because of the last reset.
        waiting: bool,
    },
}

/// What the application has asked for.
#[derive(Debug, Default)]
struct UserRequests {
    /// [`Event::Writable`] once SEND may take more.
    writable_event: bool,
    /// Keep-alives.
    keep_alive: bool,
    /// A CLOSE that waits for the end of SYN-RECEIVED (RFC 9293 section 3.10.4).
    close: bool,
}

/// A segment whose round trip is being measured.
#[derive(Clone, Copy, Debug)]
struct RttMeasurement {
    sequence: SeqNum,
    sent_at: Uptime,
}

/// One end of a connection.
///
/// Inputs are [`on_segment`](Self::on_segment), [`on_timeout`](Self::on_timeout),
/// [`on_unreachable`](Self::on_unreachable) and the user calls [`send`](Self::send),
/// [`receive`](Self::receive), [`close`](Self::close), [`detach`](Self::detach),
/// [`abort`](Self::abort). After each of them, call
///
/// 1. [`poll_transmit`](Self::poll_transmit) until it returns `None`,
/// 2. [`poll_event`](Self::poll_event) until it returns `None`,
/// 3. [`poll_timeout`](Self::poll_timeout) for when to call `on_timeout`.
#[derive(Debug)]
pub struct Connection {
    /// Shared by the connections of a host.
    profile: Arc<Profile>,
    state: State,
    origin: OpenKind,
    local_port: u16,
    remote_port: u16,
    snd: SendSequence,
    rcv: ReceiveSequence,
    send_buffer: SendBuffer,
    reassembly: Reassembly,
    rto: RetransmissionTimeout,
    rtt_measurement: Option<RttMeasurement>,
    congestion: Congestion,
    timers: Timers,
    persist: Persist,
    /// When the text that is not acknowledged was first retransmitted, if it was.
    retransmitting_since: Uptime,
    /// When the last acceptable segment arrived.
    last_activity: Uptime,
    /// Keep-alives sent since `last_activity`.
    unanswered_keep_alives: u8,
    pending: PendingOutput,
    /// Until then invalid segments are not acknowledged. See [`Profile::challenge_interval`].
    challenges_again_at: Uptime,
    /// The sequence number of a reset to send.
    pending_reset: Option<SeqNum>,
    history: TransmissionHistory,
    requests: UserRequests,
    /// The application has gone and will not call RECEIVE.
    detached: bool,
    failure: Option<ConnectionFailure>,
    events: PendingEvents,
    /// Retransmitted SYNs, text and FINs.
    retransmissions: u32,
    /// What the options of both SYNs agreed on.
    extensions: Option<Box<Extensions>>,
}

impl Connection {
    /// Active OPEN. The connection is in SYN-SENT; `poll_transmit` returns its SYN.
    ///
    /// # Panics
    /// If no connection can run with `profile`: a zero tick, window, buffer or segment size.
    #[must_use]
    pub fn connect(
        profile: impl Into<Arc<Profile>>,
        local_port: u16,
        remote_port: u16,
        initial_sequence: SeqNum,
        now: Uptime,
    ) -> Self {
        let profile = profile.into();
        profile.assert_usable();
        let mss = profile.maximum_segment_size;
        Self {
            state: State::SynSent,
            origin: OpenKind::Active {
                refusals: 0,
                waiting: false,
            },
            local_port,
            remote_port,
            snd: SendSequence::new(initial_sequence, mss),
            rcv: ReceiveSequence::default(),
            send_buffer: SendBuffer::default(),
            reassembly: Reassembly::default(),
            rto: RetransmissionTimeout::new(&profile),
            rtt_measurement: None,
            congestion: Congestion::new(&profile, mss, false),
            profile,
            timers: Timers::STOPPED,
            persist: Persist::INACTIVE,
            retransmitting_since: now,
            last_activity: now,
            unanswered_keep_alives: 0,
            pending: PendingOutput::empty(),
            challenges_again_at: now,
            pending_reset: None,
            history: TransmissionHistory::default(),
            requests: UserRequests::default(),
            detached: false,
            failure: None,
            events: PendingEvents::default(),
            retransmissions: 0,
            extensions: None,
        }
    }

    /// Passive OPEN: what a listener does with a SYN (RFC 9293 section 3.10.7.2). The connection
    /// is in SYN-RECEIVED; `poll_transmit` returns its SYN-ACK. Text on the SYN is ignored, so the
    /// peer sends it again.
    ///
    /// # Panics
    /// If `syn` is not a SYN, or if no connection can run with `profile`.
    #[must_use]
    pub fn accept(
        profile: impl Into<Arc<Profile>>,
        syn: &Segment,
        initial_sequence: SeqNum,
        now: Uptime,
    ) -> Self {
        assert!(
            syn.flags.contains(Flags::SYN) && !syn.flags.contains(Flags::ACK),
            "accept expects a SYN, not {:?}",
            syn.flags
        );
        // A SYN names the ports from the peer's point of view.
        let (local, remote) = (syn.destination_port, syn.source_port);
        let mut connection = Self::connect(profile, local, remote, initial_sequence, now);
        connection.origin = OpenKind::Passive;
        connection.synchronize(now, syn);
        connection.transition(Transition::ReceiveSyn);
        connection
    }

    /// Initializes the receive variables and the peer's window and segment size from its SYN.
    fn synchronize(&mut self, now: Uptime, syn: &Segment) {
        self.rcv = ReceiveSequence::after_syn(syn.sequence);
        let peer_mss = syn.maximum_segment_size.unwrap_or(DEFAULT_SEGMENT_SIZE);
        // A peer that offers an MSS of 0 must not stop the connection.
        self.snd.mss = self.profile.maximum_segment_size.min(peer_mss).max(1);
        self.agree(now, syn);
        // The initial window is a number of segments of this size (RFC 5681 section 3.1).
        self.congestion = Congestion::new(&self.profile, self.snd.mss, self.scoreboard().is_some());
        self.snd.wnd = u32::from(syn.window);
        self.snd.max_wnd = self.snd.wnd;
        // Section 3.10.7.3 sets these too, so that an older segment cannot update the window.
        self.snd.wl1 = syn.sequence;
        self.snd.wl2 = syn.acknowledgment;
    }

    /// RCV.NXT: the number of the next octet expected from the peer. A reset must carry it to be
    /// accepted (RFC 5961 section 3.2).
    #[must_use]
    pub const fn rcv_nxt(&self) -> SeqNum {
        self.rcv.nxt
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

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

    /// How many segments with a SYN, text or a FIN were sent again.
    #[must_use]
    pub const fn retransmissions(&self) -> u32 {
        self.retransmissions
    }

    /// When to call `on_timeout`, unless another input comes first.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Uptime> {
        self.timers.next()
    }

    /// Whether [`poll_event`](Self::poll_event) has an event to return.
    #[must_use]
    pub const fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next event for the application.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.take()
    }

    /// Octets in both buffers: sent and not acknowledged, or received and not taken.
    #[must_use]
    pub fn buffered(&self) -> usize {
        (self.send_buffer.len() + self.reassembly.octets()) as usize
    }

    /// Octets that RECEIVE would return.
    #[must_use]
    pub const fn readable(&self) -> usize {
        self.reassembly.ready_octets() as usize
    }

    /// Octets that SEND would take.
    #[must_use]
    pub fn writable(&self) -> usize {
        let closed = matches!(self.state, State::Closed) || self.state.has_closed();
        // A queued CLOSE comes after all text, as one that was executed.
        if closed || self.requests.close {
            return 0;
        }
        (self.profile.send_buffer - self.send_buffer.len()) as usize
    }

    /// The peer has shown that it is alive.
    fn record_activity(&mut self, now: Uptime) {
        self.last_activity = now;
        self.unanswered_keep_alives = 0;
    }

    fn transition(&mut self, transition: Transition) {
        let Some(next) = self.state.after(transition) else {
            panic!("no transition {transition:?} from {:?}", self.state);
        };
        self.state = next;
    }

    /// Enters CLOSED. A reset may still have to be sent.
    fn delete(&mut self) {
        // The acknowledgment of our FIN in LAST-ACK has entered CLOSED already.
        if self.state != State::Closed {
            self.transition(Transition::Delete);
        }
        self.timers = Timers::STOPPED;
        self.pending = PendingOutput::empty();
        self.send_buffer.clear();
        // With a reset to send, output records this event after it.
        if self.pending_reset.is_none() {
            self.events.record(Event::Closed);
        }
    }

    /// Enters CLOSED because of `failure`. Received text is dropped too (RFC 9293 section
    /// 3.10.7.4: "all segment queues should be flushed").
    fn fail(&mut self, failure: ConnectionFailure) {
        assert!(
            self.failure.is_none(),
            "{failure:?} after {:?}",
            self.failure
        );
        self.failure = Some(failure);
        self.reassembly.clear();
        match failure {
            ConnectionFailure::Reset => self.events.record(Event::Reset),
            ConnectionFailure::Refused => self.events.record(Event::Refused),
            ConnectionFailure::TimedOut => self.events.record(Event::TimedOut),
            ConnectionFailure::Unreachable => self.events.record(Event::Unreachable),
            // The application asked for it.
            ConnectionFailure::Aborted => {}
        }
        self.delete();
    }

    fn start(&mut self, timer: Timer, now: Uptime, span: TimeSpan) {
        self.timers.set(timer, self.profile.expiry(now, span));
    }

    fn start_time_wait(&mut self, now: Uptime) {
        assert_eq!(self.state, State::TimeWait);
        // Section 3.10.7.4: "turn off the other timers".
        self.timers = Timers::STOPPED;
        self.start(Timer::TwoMsl, now, self.profile.time_wait);
    }

    /// Opens the receive window as far as the buffer allows and returns the field of a segment, whose
    /// unit is 2 to the power of `shift`.
    fn open_window(&mut self, shift: u8) -> u16 {
        let free = self.free_receive_buffer();
        let window = self
            .rcv
            .open_window(free, MAXIMUM_WINDOW << shift, &self.profile);
        u16::try_from(window >> shift).unwrap_or(u16::MAX)
    }

    /// Whether RECEIVE has freed so much of the buffer that the peer must learn of it at once:
    /// two segments or half the buffer.
    fn needs_window_update(&self) -> bool {
        let free = self
            .free_receive_buffer()
            .min(MAXIMUM_WINDOW << self.receive_shift());
        let candidate = self.rcv.nxt.plus(free);
        let two_segments = 2 * u32::from(self.profile.maximum_segment_size);
        let half = self.profile.receive_window.div_ceil(2);
        candidate.after(self.rcv.right_edge)
            && candidate.since(self.rcv.right_edge) >= two_segments.min(half)
    }

    fn free_receive_buffer(&self) -> u32 {
        // Text beyond a gap does not count: it lies within the window that was advertised.
        let buffer = self.profile.receive_window;
        buffer.saturating_sub(self.reassembly.ready_octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_at_most_496_octets() {
        assert!(
            size_of::<Connection>() <= 496,
            "{} octets",
            size_of::<Connection>()
        );
    }

    #[test]
    #[should_panic(expected = "accept expects a SYN, not SYN | ACK")]
    fn accept_rejects_a_syn_ack() {
        let now = Uptime::ZERO;
        let mut opener = Connection::connect(Profile::nt4(), 1, 2, SeqNum::new(0), now);
        let mut syn = opener.poll_transmit(now).expect("a SYN").segment;
        syn.flags = Flags::SYN | Flags::ACK;
        let _ = Connection::accept(Profile::nt4(), &syn, SeqNum::new(0), now);
    }
}
