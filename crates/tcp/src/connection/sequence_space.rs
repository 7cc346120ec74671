//! The send and receive sequence variables of a connection (RFC 9293 section 3.3.1).
//!
//! Field names are the RFC's: `snd.una` is SND.UNA, `rcv.nxt` is RCV.NXT.

use super::acceptability::ReceiveWindow;
use crate::profile::Profile;
use crate::segment::{Segment, SeqNum};

/// The largest window that the field of a segment can express, octets.
pub(crate) const MAXIMUM_WINDOW: u32 = u16::MAX as u32;

/// Send sequence variables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendSequence {
    /// ISS, the initial send sequence number.
    pub(crate) iss: SeqNum,
    /// SND.UNA, the oldest unacknowledged number.
    pub(crate) una: SeqNum,
    /// SND.NXT, one past the highest number ever sent. BSD calls this variable `snd_max`.
    pub(crate) nxt: SeqNum,
    /// Where transmission continues. Equal to SND.NXT, except that a retransmission timeout sets
    /// it back to SND.UNA, from where output goes on (go-back-N). Not a variable of the RFC: this
    /// is what BSD calls `snd_nxt`.
    pub(crate) cursor: SeqNum,
    /// SND.WND, octets.
    pub(crate) wnd: u32,
    /// Max(SND.WND), the largest window the peer has offered (section 3.8.6.2.1), octets.
    pub(crate) max_wnd: u32,
    /// SND.WL1, SEG.SEQ of the last window update.
    pub(crate) wl1: SeqNum,
    /// SND.WL2, SEG.ACK of the last window update.
    pub(crate) wl2: SeqNum,
    /// Eff.snd.MSS (section 3.7.1), octets.
    pub(crate) mss: u16,
    /// Snd.Wind.Shift (RFC 7323 section 2): the peer's windows come in units of 2 to this power.
    pub(crate) shift: u8,
}

/// Receive sequence variables.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReceiveSequence {
    /// IRS, the initial receive sequence number.
    pub(crate) irs: SeqNum,
    /// RCV.NXT, the next number expected.
    pub(crate) nxt: SeqNum,
    /// RCV.NXT + RCV.WND as last advertised. Stored instead of RCV.WND because the right edge must
    /// not move left ("shrinking the window", section 3.8.6) while RCV.NXT advances.
    pub(crate) right_edge: SeqNum,
    /// The number of the peer's FIN, once it is known.
    pub(crate) fin: Option<SeqNum>,
    /// In-order segments since the last acknowledgment was sent.
    pub(crate) unacknowledged_segments: u8,
}

impl SendSequence {
    /// Before the SYN: nothing is sent, and the peer's window is unknown.
    pub(crate) fn new(iss: SeqNum, mss: u16) -> Self {
        Self {
            iss,
            una: iss,
            nxt: iss,
            cursor: iss,
            wnd: 0,
            max_wnd: 0,
            wl1: SeqNum::default(),
            wl2: SeqNum::default(),
            mss,
            shift: 0,
        }
    }

    /// Octets (and SYN, FIN) that are sent and not acknowledged.
    pub(crate) const fn in_flight(&self) -> u32 {
        self.nxt.since(self.una)
    }

    /// RFC 9293 section 3.10.7.4: SEG.ACK <= SND.NXT. RFC 5961 section 5.2 (`strict`) adds
    /// SND.UNA - MAX.SND.WND <= SEG.ACK: an older acknowledgment may be forged.
    pub(crate) fn is_plausible_ack(&self, acknowledgment: SeqNum, strict: bool) -> bool {
        // `cursor` would be wrong here: after a timeout it is behind what the peer may acknowledge.
        let is_ancient = strict && acknowledgment.before(self.una.minus(self.max_wnd));
        !acknowledgment.after(self.nxt) && !is_ancient
    }

    /// The number of a segment without text that the peer accepts: SND.NXT, but not beyond the window
    /// that the peer has offered. After a probe of a closed window SND.NXT is beyond it, and a peer
    /// that applies the table of section 3.4 to the letter would drop the segment. A scaled window is
    /// rounded down, so that the peer may have accepted what seems to be just beyond it. Linux does the
    /// same (`tcp_acceptable_seq`).
    pub(crate) fn acceptable_sequence(&self) -> SeqNum {
        let edge = self.una.plus(self.wnd);
        let is_rounding = self.shift > 0 && self.nxt.since(edge) < 1 << self.shift;
        if edge.before(self.nxt) && !is_rounding {
            edge
        } else {
            self.nxt
        }
    }

    /// Updates SND.WND (section 3.10.7.4, fifth check). SND.WL1 and SND.WL2 prevent an old,
    /// reordered segment from updating the window. `window` is SEG.WND in octets.
    pub(crate) fn update_window(&mut self, segment: &Segment, window: u32) {
        // SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK).
        let newer = self.wl1.before(segment.sequence)
            || (self.wl1 == segment.sequence && !self.wl2.after(segment.acknowledgment));
        if newer && !segment.acknowledgment.before(self.una) {
            self.wnd = window;
            self.max_wnd = self.max_wnd.max(self.wnd);
            self.wl1 = segment.sequence;
            self.wl2 = segment.acknowledgment;
        }
    }
}

impl ReceiveSequence {
    /// After the peer's SYN with the number `irs`. The window is still closed.
    pub(crate) fn after_syn(irs: SeqNum) -> Self {
        let nxt = irs.plus(1);
        Self {
            irs,
            nxt,
            right_edge: nxt,
            fin: None,
            unacknowledged_segments: 0,
        }
    }

    /// The receive window as last advertised.
    pub(crate) fn window(&self) -> ReceiveWindow {
        debug_assert!(
            !self.right_edge.before(self.nxt),
            "the right edge is behind RCV.NXT"
        );
        ReceiveWindow {
            nxt: self.nxt,
            wnd: self.right_edge.since(self.nxt),
        }
    }

    /// Opens the window to `free` octets of buffer, as far as `limit`, and returns RCV.WND. Small
    /// increases are held back: receiver-side silly window avoidance (RFC 9293 section 3.8.6.2.2).
    pub(crate) fn open_window(&mut self, free: u32, limit: u32, profile: &Profile) -> u32 {
        let candidate = self.nxt.plus(free.min(limit));
        // min(Fr * RCV.BUFF, Eff.snd.MSS) with Fr = 1/2.
        let half = profile.receive_window.div_ceil(2);
        let worthwhile = half.min(u32::from(profile.maximum_segment_size));
        // The whole free buffer counts, also the part that the window cannot express.
        let increase = free.saturating_sub(self.window().wnd);
        if candidate.after(self.right_edge) && increase >= worthwhile {
            self.right_edge = candidate;
        }
        self.window().wnd
    }
}
