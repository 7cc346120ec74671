//! Congestion control: slow start, congestion avoidance and fast recovery (RFC 5681), with NewReno's
//! partial acknowledgments (RFC 6582) or with selective acknowledgments (RFC 6675).

use crate::profile::Profile;
use crate::segment::SeqNum;

/// A cap on cwnd, octets: beyond any window that a host of the simulator offers, and far from overflow.
const MAXIMUM_CWND: u32 = 1 << 20;

/// Congestion state of one connection. Sizes are octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Congestion {
    cwnd: u32,
    ssthresh: u32,
    smss: u32,
    /// Duplicate acknowledgments since the last new one, before fast recovery.
    duplicate_acks: u8,
    /// RFC 6582's variable: SND.NXT when the last loss was noticed; `None` before the first.
    recover: Option<SeqNum>,
    /// In fast recovery, which ends when `recover` is acknowledged.
    is_recovering: bool,
    /// See [`Profile::limited_transmit`].
    limited_transmit: u8,
    /// Both ends permit selective acknowledgments: the scoreboard says what is in the network, and
    /// cwnd is not changed during a recovery.
    is_selective: bool,
}

impl Congestion {
    pub(crate) fn new(profile: &Profile, smss: u16, is_selective: bool) -> Self {
        let smss = u32::from(smss);
        Self {
            cwnd: smss * u32::from(profile.initial_window),
            // RFC 5681 section 3.1: initially arbitrarily high, so that slow start ends at a loss.
            ssthresh: MAXIMUM_CWND,
            smss,
            duplicate_acks: 0,
            recover: None,
            is_recovering: false,
            limited_transmit: profile.limited_transmit,
            is_selective,
        }
    }

    pub(crate) const fn cwnd(&self) -> u32 {
        self.cwnd
    }

    /// Whether both ends permit selective acknowledgments.
    pub(crate) const fn is_selective(&self) -> bool {
        self.is_selective
    }

    /// Whether the loss recovery of RFC 6675 decides what is sent.
    pub(crate) const fn recovers_selectively(&self) -> bool {
        self.is_selective && self.is_recovering
    }

    /// Octets beyond cwnd that may be sent of new text because of the first two duplicate
    /// acknowledgments (RFC 3042). With selective acknowledgments the scoreboard says that they have left
    /// the network, and cwnd leaves room (RFC 6675 section 5, step 3).
    pub(crate) fn limited_transmit(&self) -> u32 {
        match self.is_recovering || self.is_selective {
            true => 0,
            false => u32::from(self.duplicate_acks.min(self.limited_transmit)) * self.smss,
        }
    }

    /// Handles a new acknowledgment of `octets` octets up to `acknowledged`, with `in_flight`
    /// octets still unacknowledged. Returns whether the first unacknowledged segment must be
    /// retransmitted now.
    #[must_use]
    pub(crate) fn on_new_ack(&mut self, octets: u32, acknowledged: SeqNum, in_flight: u32) -> bool {
        self.duplicate_acks = 0;
        let Some(recover) = self.recover.filter(|_| self.is_recovering) else {
            // Kept just behind, so that it never seems to be ahead after 2^31 octets.
            self.recover = self.recover.map(|it| it.latest(acknowledged.minus(1)));
            let increase = if self.cwnd < self.ssthresh {
                octets.min(self.smss)
            } else {
                // RFC 5681 equation 3; at least 1, or a large cwnd would stop growing.
                (self.smss * self.smss / self.cwnd).max(1)
            };
            self.cwnd = (self.cwnd + increase).min(MAXIMUM_CWND);
            return false;
        };
        if acknowledged.before(recover) && self.is_selective {
            return false;
        }
        if acknowledged.before(recover) {
            // RFC 6582 section 3.2 step 3: a partial acknowledgment means that the next segment
            // was lost too. Deflate by what was acknowledged, add one segment back.
            let deflated = self.cwnd.saturating_sub(octets) + self.smss;
            self.cwnd = deflated.max(self.smss);
            return true;
        }
        // Full acknowledgment: option 1 of step 3, which avoids a burst.
        self.is_recovering = false;
        if !self.is_selective {
            self.cwnd = self.ssthresh.min(in_flight.max(self.smss) + self.smss);
        }
        false
    }

    /// Handles an acknowledgment that reports octets as new which arrived beyond a gap. `is_lost` is IsLost()
    /// of the first octet without an acknowledgment. Returns whether a loss recovery begins (RFC 6675
    /// section 5).
    #[must_use]
    pub(crate) fn on_selective_ack(
        &mut self,
        snd_una: SeqNum,
        snd_nxt: SeqNum,
        threshold: u8,
        is_lost: bool,
    ) -> bool {
        if self.is_recovering {
            return false;
        }
        self.duplicate_acks = self.duplicate_acks.saturating_add(1);
        // Section 5.1: after a timeout no recovery begins before what was sent until then is
        // acknowledged.
        let is_barred = self.recover.is_some_and(|it| snd_una.before(it));
        if is_barred || (self.duplicate_acks < threshold && !is_lost) {
            return false;
        }
        // Step 4.2, without what steps 3.1 to 3.4 have sent beyond cwnd.
        self.ssthresh = self.half_of(snd_nxt.since(snd_una).min(self.cwnd));
        self.cwnd = self.ssthresh;
        self.recover = Some(snd_nxt);
        self.is_recovering = true;
        true
    }

    /// Handles a duplicate of the acknowledgment of `snd_una`. `threshold` duplicates indicate a loss.
    /// Returns whether the first unacknowledged segment must be retransmitted now.
    #[must_use]
    pub(crate) fn on_duplicate_ack(
        &mut self,
        snd_una: SeqNum,
        snd_nxt: SeqNum,
        threshold: u8,
    ) -> bool {
        if self.is_recovering {
            // RFC 5681 section 3.2 step 4: each duplicate means that a segment left the network.
            self.cwnd = (self.cwnd + self.smss).min(MAXIMUM_CWND);
            return false;
        }
        self.duplicate_acks = self.duplicate_acks.saturating_add(1);
        if self.duplicate_acks != threshold {
            return false;
        }
        // RFC 6582 section 3.2 step 1: until the acknowledgment covers more than what was sent before
        // the last loss was noticed, duplicates can come from segments that were sent again although
        // they had arrived.
        if self.recover.is_some_and(|recover| !snd_una.after(recover)) {
            return false;
        }
        let in_flight = snd_nxt.since(snd_una);
        // RFC 5681 section 3.2 step 2: what limited transmit has sent beyond cwnd does not count.
        let counted = match self.limited_transmit {
            0 => in_flight,
            _ => in_flight.min(self.cwnd),
        };
        self.ssthresh = self.half_of(counted);
        self.cwnd = self.ssthresh + u32::from(threshold) * self.smss;
        self.recover = Some(snd_nxt);
        self.is_recovering = true;
        true
    }

    /// Handles an expiry of the retransmission timer with the octets from `snd_una` to `snd_nxt`
    /// unacknowledged. `again` means that the timer expired for the same octets before: then ssthresh
    /// is held constant (RFC 5681 section 3.1).
    pub(crate) fn on_timeout(&mut self, snd_una: SeqNum, snd_nxt: SeqNum, again: bool) {
        if !again {
            self.ssthresh = self.half_of(snd_nxt.since(snd_una));
        }
        self.restart();
        // RFC 6582 section 3.2 step 4.
        self.recover = Some(snd_nxt);
        self.is_recovering = false;
        debug_assert!(
            self.ssthresh >= 2 * self.smss,
            "ssthresh is below two segments"
        );
    }

    /// Sets cwnd to the loss window (RFC 5681 section 3.1).
    pub(crate) fn restart(&mut self) {
        self.cwnd = self.smss;
        self.duplicate_acks = 0;
    }

    /// RFC 5681 equation 4.
    fn half_of(&self, in_flight: u32) -> u32 {
        (in_flight / 2).max(2 * self.smss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn congestion() -> Congestion {
        Congestion::new(Profile::nt4(), 1000, false)
    }

    fn acknowledge_segments(it: &mut Congestion, count: u32) {
        for _ in 0..count {
            assert!(!it.on_new_ack(1_000, SeqNum::new(1), 0));
        }
    }

    #[test]
    fn slow_start_doubles_each_round_trip_and_avoidance_adds_a_segment() {
        let mut it = congestion();
        assert_eq!(it.cwnd(), 2_000);
        acknowledge_segments(&mut it, 2);
        assert_eq!(it.cwnd(), 4_000);
        it.on_timeout(SeqNum::new(1), SeqNum::new(8_001), false);
        assert_eq!(it.cwnd(), 1_000);
        acknowledge_segments(&mut it, 3);
        assert_eq!(it.cwnd(), 4_000, "ssthresh is half of what was in flight");
        acknowledge_segments(&mut it, 4);
        assert!(
            (4_900..=5_000).contains(&it.cwnd()),
            "one segment a round trip"
        );
    }

    #[test]
    fn duplicates_start_fast_recovery_and_a_partial_ack_retransmits_the_next_segment() {
        let mut it = congestion();
        let (snd_una, snd_nxt) = (SeqNum::new(0), SeqNum::new(8_000));
        assert!(!it.on_duplicate_ack(snd_una, snd_nxt, 2));
        assert!(it.on_duplicate_ack(snd_una, snd_nxt, 2));
        assert_eq!(it.cwnd(), 4_000 + 2_000);
        assert!(!it.on_duplicate_ack(snd_una, snd_nxt, 2));
        assert!(it.on_new_ack(1_000, SeqNum::new(1_000), 7_000));
        assert!(!it.on_new_ack(7_000, snd_nxt, 0));
        assert!(it.cwnd() <= 4_000, "recovery ends with cwnd <= ssthresh");
    }

    /// RFC 6582 section 3.2 steps 1 and 4.
    #[test]
    fn duplicates_of_what_was_sent_before_a_timeout_do_not_start_fast_recovery() {
        let mut it = congestion();
        let (snd_una, snd_nxt) = (SeqNum::new(0), SeqNum::new(8_000));
        it.on_timeout(snd_una, snd_nxt, false);
        for _ in 0..5 {
            assert!(!it.on_duplicate_ack(snd_una, snd_nxt, 2));
        }
        assert!(!it.on_new_ack(8_000, snd_nxt, 2_000));
        let later = snd_nxt.plus(2_000);
        for _ in 0..5 {
            assert!(
                !it.on_duplicate_ack(snd_nxt, later, 2),
                "covers no more than `recover`"
            );
        }
        assert!(!it.on_new_ack(1_000, snd_nxt.plus(1_000), 1_000));
        assert!(!it.on_duplicate_ack(snd_nxt.plus(1_000), later, 2));
        assert!(it.on_duplicate_ack(snd_nxt.plus(1_000), later, 2));
    }
}
