//! The control block of one connection and its birth and death.
//!
//! Owns [`Connection`], its fields and the steps that several of its parts share. It refuses
//! the story: segments are answered in `arrives`, calls in `calls`, timers in `deadlines`,
//! and what is sent is decided in `output`.

use std::sync::Arc;

use crate::acceptance::Window;
use crate::attempts::Attempts;
use crate::congestion::Congestion;
use crate::event::{Event, Events, Failure};
use crate::profile::Profile;
use crate::reassembly::Reassembly;
use crate::rto::RetransmissionTimeout;
use crate::segment::{Flags, Segment};
use crate::send_buffer::SendBuffer;
use crate::seq::SeqNum;
use crate::state::{State, Step};
use crate::timer::{Timer, Timers};
use crate::uptime::{Span, Uptime};

/// The segment size a peer that names none can take (RFC 9293 section 3.7.1).
const DEFAULT_SEGMENT_SIZE: u16 = 536;

/// A segment to send, and which repetition of itself it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// The segment.
    pub segment: Segment,
    /// How often this connection has sent the same (kind, sequence, acknowledgment, length)
    /// before: with these the identity of a packet's luck.
    pub attempt: u32,
}

/// RFC 9293 section 3.3.1, with its names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendSequence {
    /// ISS.
    pub(crate) iss: SeqNum,
    /// SND.UNA.
    pub(crate) una: SeqNum,
    /// Where sending goes on: pulled back to SND.UNA when the retransmission timer goes off.
    pub(crate) nxt: SeqNum,
    /// The RFC's SND.NXT: beyond everything ever sent.
    pub(crate) max: SeqNum,
    /// SND.WND.
    pub(crate) wnd: u32,
    /// The widest window the peer ever offered (section 3.8.6.2.1).
    pub(crate) max_wnd: u32,
    /// SND.WL1.
    pub(crate) wl1: SeqNum,
    /// SND.WL2.
    pub(crate) wl2: SeqNum,
    /// Eff.snd.MSS, octets.
    pub(crate) mss: u16,
}

/// RFC 9293 section 3.3.1, with its names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReceiveSequence {
    /// IRS.
    pub(crate) irs: SeqNum,
    /// RCV.NXT.
    pub(crate) nxt: SeqNum,
    /// RCV.NXT + RCV.WND as the peer was last told.
    pub(crate) edge: SeqNum,
    /// The number of the peer's FIN, once known.
    pub(crate) fin: Option<SeqNum>,
    /// Segments in order since the last acknowledgment.
    pub(crate) unacknowledged: u8,
}

impl SendSequence {
    /// RFC 5961 section 5.2: an acknowledgment neither of what was never sent nor absurdly old.
    pub(crate) fn believes(&self, acknowledgment: SeqNum) -> bool {
        let oldest = self.una.minus(self.max_wnd);
        !acknowledgment.after(self.max) && !acknowledgment.before(oldest)
    }

    pub(crate) fn update_window(&mut self, segment: &Segment) {
        let newer = self.wl1.before(segment.sequence)
            || (self.wl1 == segment.sequence && !self.wl2.after(segment.acknowledgment));
        if newer && !segment.acknowledgment.before(self.una) {
            self.wnd = u32::from(segment.window);
            self.max_wnd = self.max_wnd.max(self.wnd);
            self.wl1 = segment.sequence;
            self.wl2 = segment.acknowledgment;
        }
    }
}

impl ReceiveSequence {
    /// What the peer may send.
    pub(crate) fn window(&self) -> Window {
        debug_assert!(!self.edge.before(self.nxt), "a window behind RCV.NXT");
        Window {
            next: self.nxt,
            width: self.edge.since(self.nxt),
        }
    }

    /// Moves the window's edge as far as `free` octets allow, unless by so little that it
    /// would invite small segments (RFC 9293 section 3.8.6.2.2), and returns RCV.WND.
    pub(crate) fn open_window(&mut self, free: u32, profile: &Profile) -> u16 {
        let candidate = self.nxt.plus(free);
        let half = u32::from(profile.receive_window).div_ceil(2);
        let worthwhile = half.min(u32::from(profile.maximum_segment_size));
        if candidate.after(self.edge) && candidate.since(self.edge) >= worthwhile {
            self.edge = candidate;
        }
        u16::try_from(self.window().width).expect("no wider than the profile's window")
    }
}

/// A window that stays closed, and the probes of it.
#[derive(Debug)]
pub(crate) struct Stall {
    /// [`Uptime::MAX`] while there is none.
    pub(crate) since: Uptime,
    pub(crate) probes: u8,
    pub(crate) unanswered: u8,
}

impl Default for Stall {
    fn default() -> Self {
        Self {
            since: Uptime::MAX,
            probes: 0,
            unanswered: 0,
        }
    }
}

/// What `poll_transmit` owes beside new text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Demand(u8);

impl Demand {
    /// Acknowledge without delay.
    pub(crate) const ACKNOWLEDGE: Self = Self(1);
    /// The first unacknowledged segment again.
    pub(crate) const RETRANSMIT: Self = Self(2);
    /// A probe of the peer's window.
    pub(crate) const PROBE: Self = Self(4);
    /// A keep-alive.
    pub(crate) const KEEP_ALIVE: Self = Self(8);

    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn add(&mut self, demand: Self) {
        self.0 |= demand.0;
    }

    pub(crate) fn take(&mut self, demand: Self) -> bool {
        let there = self.0 & demand.0 != 0;
        self.0 &= !demand.0;
        there
    }
}

/// Which side opened, and what resets to its SYNs have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Passive,
    /// `refusals` resets came; `waiting` to send the SYN again after the last of them.
    Active {
        refusals: u8,
        waiting: bool,
    },
}

/// What the application asked for beside text.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    /// To be told when a SEND may take more.
    pub(crate) writable: bool,
    /// Keep-alives.
    pub(crate) keep_alive: bool,
    /// A CLOSE waits in SYN-RECEIVED.
    pub(crate) close: bool,
}

/// One end of one connection.
#[derive(Debug)]
pub struct Connection {
    /// Shared by all connections of a host.
    pub(crate) profile: Arc<Profile>,
    pub(crate) state: State,
    pub(crate) origin: Origin,
    pub(crate) local_port: u16,
    pub(crate) remote_port: u16,
    pub(crate) send: SendSequence,
    pub(crate) receive: ReceiveSequence,
    pub(crate) outgoing: SendBuffer,
    pub(crate) incoming: Reassembly,
    pub(crate) rto: RetransmissionTimeout,
    /// The number whose round trip is being timed, and since when.
    pub(crate) timed: Option<(SeqNum, Uptime)>,
    pub(crate) congestion: Congestion,
    pub(crate) timers: Timers,
    pub(crate) stall: Stall,
    /// When the peer was last heard.
    pub(crate) heard: Uptime,
    /// How many keep-alives have gone unanswered since.
    pub(crate) unheard: u8,
    pub(crate) demand: Demand,
    /// A reset to send, with this sequence number.
    pub(crate) reset: Option<SeqNum>,
    pub(crate) attempts: Attempts,
    pub(crate) wishes: Wishes,
    /// No application is left to receive.
    pub(crate) detached: bool,
    pub(crate) failure: Option<Failure>,
    pub(crate) events: Events,
    /// How often a SYN, text or a FIN was sent again.
    pub(crate) retransmissions: u32,
}

impl Connection {
    /// An active OPEN: in SYN-SENT, its SYN to be had from `poll_transmit`.
    ///
    /// # Panics
    /// If the profile is unusable: a zero tick, window, buffer or segment size.
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
            origin: Origin::Active {
                refusals: 0,
                waiting: false,
            },
            local_port,
            remote_port,
            send: SendSequence {
                iss: initial_sequence,
                una: initial_sequence,
                nxt: initial_sequence,
                max: initial_sequence,
                wnd: 0,
                max_wnd: 0,
                wl1: SeqNum::default(),
                wl2: SeqNum::default(),
                mss,
            },
            receive: ReceiveSequence::default(),
            outgoing: SendBuffer::default(),
            incoming: Reassembly::default(),
            rto: RetransmissionTimeout::new(&profile),
            timed: None,
            congestion: Congestion::new(&profile, mss),
            profile,
            timers: Timers::STOPPED,
            stall: Stall::default(),
            heard: now,
            unheard: 0,
            demand: Demand::default(),
            reset: None,
            attempts: Attempts::default(),
            wishes: Wishes::default(),
            detached: false,
            failure: None,
            events: Events::default(),
            retransmissions: 0,
        }
    }

    /// What a listener makes of a SYN: in SYN-RECEIVED, the SYN-ACK to be had from
    /// `poll_transmit`. Text on the SYN is left to be sent again.
    ///
    /// # Panics
    /// If `syn` is not a SYN, or the profile is unusable.
    #[must_use]
    pub fn accept(
        profile: impl Into<Arc<Profile>>,
        syn: &Segment,
        initial_sequence: SeqNum,
        now: Uptime,
    ) -> Self {
        assert!(
            syn.flags.contains(Flags::SYN) && !syn.flags.contains(Flags::ACK),
            "a listener was handed {:?}",
            syn.flags
        );
        let (local, remote) = (syn.destination_port, syn.source_port);
        let mut connection = Self::connect(profile, local, remote, initial_sequence, now);
        connection.origin = Origin::Passive;
        connection.synchronize(syn);
        connection.step(Step::SynArrives);
        connection
    }

    /// Takes over what the peer's SYN says.
    pub(crate) fn synchronize(&mut self, syn: &Segment) {
        let next = syn.sequence.plus(1);
        self.receive = ReceiveSequence {
            irs: syn.sequence,
            nxt: next,
            edge: next,
            fin: None,
            unacknowledged: 0,
        };
        let theirs = syn.maximum_segment_size.unwrap_or(DEFAULT_SEGMENT_SIZE);
        self.send.mss = self.profile.maximum_segment_size.min(theirs).max(1);
        self.congestion = Congestion::new(&self.profile, self.send.mss);
        self.send.wnd = u32::from(syn.window);
        self.send.max_wnd = self.send.wnd;
        self.send.wl1 = syn.sequence;
        self.send.wl2 = syn.acknowledgment;
    }

    /// The sequence number expected next (RCV.NXT): that which a reset must carry to be believed
    /// (RFC 5961 section 3.2).
    #[must_use]
    pub const fn expected(&self) -> SeqNum {
        self.receive.nxt
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

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

    /// How often it sent a SYN, text or a FIN again.
    #[must_use]
    pub const fn retransmissions(&self) -> u32 {
        self.retransmissions
    }

    /// When `on_timeout` must be called next, if no segment or call comes before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Uptime> {
        self.timers.next()
    }

    /// Whether [`Connection::poll_event`] has an answer.
    #[must_use]
    pub const fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next thing the application may want to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.take()
    }

    /// Octets that RECEIVE would give.
    #[must_use]
    pub const fn readable(&self) -> usize {
        self.incoming.ready_octets() as usize
    }

    /// Octets that SEND would take.
    #[must_use]
    pub fn writable(&self) -> usize {
        let gone = matches!(self.state, State::Closed) || self.state.has_closed();
        if gone || self.wishes.close {
            return 0;
        }
        (self.profile.send_buffer - self.outgoing.len()) as usize
    }

    /// The peer is there.
    pub(crate) fn hear(&mut self, now: Uptime) {
        (self.heard, self.unheard) = (now, 0);
    }

    /// Takes an arrow of RFC 9293 figure 5.
    pub(crate) fn step(&mut self, step: Step) {
        let Some(next) = self.state.after(step) else {
            panic!("no {step:?} in {:?}", self.state);
        };
        self.state = next;
    }

    /// Ends the connection, in whatever way; a reset may remain to be sent.
    pub(crate) fn delete(&mut self) {
        if self.state != State::Closed {
            self.step(Step::Delete);
        }
        self.timers = Timers::STOPPED;
        self.demand = Demand::default();
        self.outgoing.clear();
        if self.reset.is_none() {
            self.events.record(Event::Closed);
        }
    }

    /// Ends the connection by `failure`; what waited to be received is gone too
    /// (RFC 9293 section 3.10.7.4: "all segment queues should be flushed").
    pub(crate) fn fail(&mut self, failure: Failure) {
        assert!(
            self.failure.is_none(),
            "{failure:?} after {:?}",
            self.failure
        );
        self.failure = Some(failure);
        self.incoming.clear();
        match failure {
            Failure::Reset => self.events.record(Event::Reset),
            Failure::Refused => self.events.record(Event::Refused),
            Failure::TimedOut => self.events.record(Event::TimedOut),
            Failure::Unreachable => self.events.record(Event::Unreachable),
            Failure::Aborted => {}
        }
        self.delete();
    }

    /// Sets `timer` to the first tick that is not before `span` from now.
    pub(crate) fn start(&mut self, timer: Timer, now: Uptime, span: Span) {
        self.timers.set(timer, self.profile.deadline(now, span));
    }

    pub(crate) fn enter_time_wait(&mut self, now: Uptime) {
        assert_eq!(self.state, State::TimeWait);
        self.timers = Timers::STOPPED;
        self.start(Timer::Linger, now, self.profile.time_wait);
    }

    /// Moves the window's edge as far as the buffer allows, and returns RCV.WND.
    pub(crate) fn open_window(&mut self) -> u16 {
        let free = self.free();
        self.receive.open_window(free, &self.profile)
    }

    /// Whether the application has made so much room that the peer should hear of it.
    pub(crate) fn owes_window_update(&self) -> bool {
        let candidate = self.receive.nxt.plus(self.free());
        let segments = 2 * u32::from(self.profile.maximum_segment_size);
        let half = u32::from(self.profile.receive_window).div_ceil(2);
        candidate.after(self.receive.edge)
            && candidate.since(self.receive.edge) >= segments.min(half)
    }

    fn free(&self) -> u32 {
        let buffer = u32::from(self.profile.receive_window);
        buffer.saturating_sub(self.incoming.ready_octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        assert!(
            size_of::<Connection>() <= 488,
            "{} octets",
            size_of::<Connection>()
        );
    }

    #[test]
    #[should_panic(expected = "a listener was handed SYN|ACK")]
    fn only_a_syn_makes_a_connection() {
        let now = Uptime::ZERO;
        let mut opener = Connection::connect(Profile::nt4(), 1, 2, SeqNum::new(0), now);
        let mut syn = opener.poll_transmit(now).expect("a SYN").segment;
        syn.flags = Flags::SYN | Flags::ACK;
        let _ = Connection::accept(Profile::nt4(), &syn, SeqNum::new(0), now);
    }
}
