//! What both ends agreed on by options of their SYNs: selective acknowledgments (RFC 2018), window
//! scale and timestamps (RFC 7323). A connection without them has none of this state.

use super::Connection;
use super::scoreboard::Scoreboard;
use crate::buffers::Reassembly;
use crate::profile::Profile;
use crate::segment::{
    Flags, MAXIMUM_BLOCKS, MAXIMUM_SHIFT, SackBlock, Segment, SeqNum, TcpOptions, Timestamps,
};
use crate::time::{TimeSpan, Uptime};

/// The octets that timestamps take from the text of each segment, padding included.
const TIMESTAMPS: u16 = 12;

/// How long TS.Recent is believed: half the range of a clock of milliseconds (RFC 7323 section 5.5).
const RECENT_IS_VALID: TimeSpan = TimeSpan::from_secs(24 * 24 * 3600);

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The agreed extensions of a connection.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    /// Rcv.Wind.Shift.
    pub(crate) receive_shift: u8,
    /// Both ends use a window scale.
    scales: bool,
    /// What the peer has reported, if both ends permit selective acknowledgments.
    pub(super) scoreboard: Option<Scoreboard>,
    timestamps: Option<PeerClock>,
    /// Numbers of segments beyond a gap, the latest first: their blocks are reported in this order
    /// (RFC 2018 section 4).
    latest: Vec<SeqNum>,
}

/// What is known of the peer's clock.
#[derive(Clone, Copy, Debug)]
struct PeerClock {
    /// TS.Recent.
    recent: u32,
    /// When it was taken.
    at: Uptime,
    /// Last.ACK.sent.
    last_ack_sent: SeqNum,
}

/// The host's clock for timestamps: milliseconds since it started.
const fn clock(now: Uptime) -> u32 {
    (now.nanos() / NANOS_PER_MILLI) as u32
}

/// What the options of a SYN offer and this profile has, or `None` if that is nothing.
fn agreed(profile: &Profile, syn: &Segment, iss: SeqNum, now: Uptime) -> Option<Box<Extensions>> {
    let offered = syn.options.as_deref()?;
    let scales = profile.window_scale().zip(offered.window_scale);
    let clock = offered.timestamps.filter(|_| profile.options.timestamps);
    let permits_sack = profile.options.sack && offered.sack_permitted;
    let extensions = Extensions {
        receive_shift: scales.map_or(0, |(ours, _)| ours.min(MAXIMUM_SHIFT)),
        scales: scales.is_some(),
        scoreboard: permits_sack.then(|| Scoreboard::new(iss)),
        timestamps: clock.map(|it| PeerClock {
            recent: it.value,
            at: now,
            last_ack_sent: syn.sequence,
        }),
        latest: Vec::new(),
    };
    let has_any = extensions.scales || permits_sack || extensions.timestamps.is_some();
    has_any.then(|| Box::new(extensions))
}

impl Connection {
    /// Takes the options of the peer's SYN, before the segment size is used.
    pub(super) fn agree(&mut self, now: Uptime, syn: &Segment) {
        self.extensions = agreed(&self.profile, syn, self.snd.iss, now);
        let theirs = syn.options.as_ref().and_then(|it| it.window_scale);
        let scales = self.extensions.as_ref().is_some_and(|it| it.scales);
        // A larger shift counts as 14 (RFC 7323 section 2.3).
        self.snd.shift = theirs
            .filter(|_| scales)
            .map_or(0, |it| it.min(MAXIMUM_SHIFT));
        if self
            .extensions
            .as_ref()
            .is_some_and(|it| it.timestamps.is_some())
        {
            // RFC 6691 section 2: the option's octets are not part of the MSS that was offered.
            self.snd.mss = self.snd.mss.saturating_sub(TIMESTAMPS).max(1);
        }
    }

    /// The options of a segment that is sent now.
    pub(super) fn options(
        &mut self,
        now: Uptime,
        flags: Flags,
        text: bool,
    ) -> Option<Box<TcpOptions>> {
        let options = if flags == Flags::SYN {
            self.offered(now)
        } else {
            let rcv_nxt = self.rcv.nxt;
            let extensions = self.extensions.as_deref_mut()?;
            extensions.options(now, flags, rcv_nxt, &self.reassembly, text)
        };
        (!options.is_empty()).then(|| Box::new(options))
    }

    /// What the first SYN offers.
    fn offered(&self, now: Uptime) -> TcpOptions {
        let timestamps = Timestamps {
            value: clock(now),
            echo: 0,
        };
        TcpOptions {
            sack_permitted: self.profile.options.sack,
            window_scale: self.profile.window_scale(),
            timestamps: self.profile.options.timestamps.then_some(timestamps),
            sack: Vec::new(),
        }
    }

    /// SEG.WND in octets.
    pub(super) fn offered_window(&self, segment: &Segment) -> u32 {
        let is_scaled = !segment.flags.contains(Flags::SYN);
        u32::from(segment.window) << if is_scaled { self.snd.shift } else { 0 }
    }

    /// By how much the window of our segments is shifted.
    pub(super) fn receive_shift(&self) -> u8 {
        self.extensions.as_ref().map_or(0, |it| it.receive_shift)
    }

    /// PAWS (RFC 7323 section 5): whether a segment is older than one that was received before. A
    /// reset counts in any case.
    pub(super) fn is_old_duplicate(&self, now: Uptime, segment: &Segment) -> bool {
        let Some(clock) = self.extensions.as_ref().and_then(|it| it.timestamps) else {
            return false;
        };
        let Some(stamps) = segment.options.as_ref().and_then(|it| it.timestamps) else {
            return false;
        };
        let is_older = stamps.value.wrapping_sub(clock.recent) >= 1 << 31;
        let is_known = now.since(clock.at) < RECENT_IS_VALID;
        is_older && is_known && !segment.flags.contains(Flags::RST)
    }

    /// RFC 7323 section 4.3 (2): takes the timestamp of an acceptable segment that is not beyond what
    /// was acknowledged last.
    pub(super) fn take_timestamp(&mut self, now: Uptime, segment: &Segment) {
        if let Some(extensions) = &mut self.extensions
            && let Some(clock) = &mut extensions.timestamps
            && let Some(stamps) = segment.options.as_ref().and_then(|it| it.timestamps)
            && !segment.sequence.after(clock.last_ack_sent)
        {
            clock.recent = stamps.value;
            clock.at = now;
        }
    }

    /// The round trip that the echo in an acknowledgment of new text measures (RFC 7323 section 4),
    /// also of text that was sent again.
    pub(super) fn echoed_round_trip(&self, now: Uptime, segment: &Segment) -> Option<TimeSpan> {
        self.extensions.as_ref()?.timestamps?;
        let echo = segment.options.as_ref()?.timestamps?.echo;
        // Zero is what a SYN carries.
        let millis = clock(now).wrapping_sub(echo);
        (echo != 0 && millis < 1 << 31).then(|| TimeSpan::from_millis(u64::from(millis)))
    }

    /// Text arrived beyond a gap at `sequence`.
    pub(super) fn note_gap(&mut self, sequence: SeqNum) {
        if let Some(extensions) = &mut self.extensions
            && extensions.scoreboard.is_some()
        {
            extensions.latest.retain(|it| *it != sequence);
            extensions.latest.insert(0, sequence);
            // Several segments make a block: more are kept than reported.
            extensions.latest.truncate(4 * MAXIMUM_BLOCKS);
        }
    }
}

impl Extensions {
    /// Whether segments without a gap differ from those of a connection without extensions.
    pub(crate) const fn change_headers(&self) -> bool {
        self.scales || self.timestamps.is_some()
    }

    fn options(
        &mut self,
        now: Uptime,
        flags: Flags,
        rcv_nxt: SeqNum,
        received: &Reassembly,
        text: bool,
    ) -> TcpOptions {
        let has_syn = flags.contains(Flags::SYN);
        // RFC 7323 section 3.2: every segment but a reset has timestamps.
        let has_clock = !flags.contains(Flags::RST);
        let timestamps = self.timestamps.as_mut().filter(|_| has_clock).map(|clock| {
            clock.last_ack_sent = rcv_nxt;
            Timestamps {
                value: self::clock(now),
                echo: clock.recent,
            }
        });
        let room = MAXIMUM_BLOCKS - usize::from(timestamps.is_some());
        // Blocks would make a full segment longer than the MSS; acknowledgments without text follow.
        let reports =
            self.scoreboard.is_some() && !has_syn && !text && has_clock && received.has_gap();
        TcpOptions {
            sack_permitted: has_syn && self.scoreboard.is_some(),
            window_scale: Some(self.receive_shift).filter(|_| has_syn && self.scales),
            timestamps,
            sack: match reports {
                true => self.blocks(received, room),
                false => Vec::new(),
            },
        }
    }

    /// The blocks of the latest segments, each once.
    fn blocks(&self, received: &Reassembly, room: usize) -> Vec<SackBlock> {
        let all = received.blocks();
        let mut blocks: Vec<SackBlock> = Vec::new();
        for sequence in &self.latest {
            let holds =
                |it: &&SackBlock| !sequence.before(it.left_edge) && sequence.before(it.right_edge);
            if let Some(block) = all.iter().find(holds)
                && !blocks.contains(block)
                && blocks.len() < room
            {
                blocks.push(*block);
            }
        }
        blocks
    }
}
