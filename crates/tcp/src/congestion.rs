//! Congestion control: slow start, congestion avoidance and fast recovery (RFC 5681) with NewReno's
//! partial acknowledgments (RFC 6582).

use crate::profile::Profile;
use crate::segment::SeqNum;

/// A cap on cwnd. Without window scaling the peer's window never exceeds 65,535 octets, so a
/// larger cwnd would only risk overflow.
const MAXIMUM_CWND: u32 = 1 << 20;

/// Congestion state of one connection. Sizes are octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Congestion {
    cwnd: u32,
    ssthresh: u32,
    smss: u32,
    /// Duplicate acknowledgments since the last new one, before fast recovery.
    duplicate_acks: u8,
    /// RFC 6582's variable. `Some` during fast recovery, which ends when this number is
    /// acknowledged.
    recover: Option<SeqNum>,
}

impl Congestion {
    pub(crate) fn new(profile: &Profile, smss: u16) -> Self {
        let smss = u32::from(smss);
        Self {
            cwnd: smss * u32::from(profile.initial_window),
            // RFC 5681 section 3.1: initially arbitrarily high, so that slow start ends at a loss.
            ssthresh: MAXIMUM_CWND,
            smss,
            duplicate_acks: 0,
            recover: None,
        }
    }

    pub(crate) const fn cwnd(&self) -> u32 {
        self.cwnd
    }

    /// Handles a new acknowledgment of `octets` octets up to `acknowledged`, with `in_flight`
    /// octets still unacknowledged. Returns whether the first unacknowledged segment must be
    /// retransmitted now.
    #[must_use]
    pub(crate) fn on_new_ack(&mut self, octets: u32, acknowledged: SeqNum, in_flight: u32) -> bool {
        self.duplicate_acks = 0;
        let Some(recover) = self.recover else {
            let increase = if self.cwnd < self.ssthresh {
                octets.min(self.smss)
            } else {
                // RFC 5681 equation 3; at least 1, or a large cwnd would stop growing.
                (self.smss * self.smss / self.cwnd).max(1)
            };
            self.cwnd = (self.cwnd + increase).min(MAXIMUM_CWND);
            return false;
        };
        if acknowledged.before(recover) {
            // RFC 6582 section 3.2 step 3: a partial acknowledgment means that the next segment
            // was lost too. Deflate by what was acknowledged, add one segment back.
            let deflated = self.cwnd.saturating_sub(octets) + self.smss;
            self.cwnd = deflated.max(self.smss);
            return true;
        }
        // Full acknowledgment: option 1 of step 3, which avoids a burst.
        self.recover = None;
        self.cwnd = self.ssthresh.min(in_flight.max(self.smss) + self.smss);
        false
    }

    /// Handles a duplicate acknowledgment while `in_flight` octets before `snd_nxt` are
    /// unacknowledged. `threshold` duplicates indicate a loss. Returns whether the first
    /// unacknowledged segment must be retransmitted now.
    #[must_use]
    pub(crate) fn on_duplicate_ack(
        &mut self,
        snd_nxt: SeqNum,
        in_flight: u32,
        threshold: u8,
    ) -> bool {
        if self.recover.is_some() {
            // RFC 5681 section 3.2 step 4: each duplicate means that a segment left the network.
            self.cwnd = (self.cwnd + self.smss).min(MAXIMUM_CWND);
            return false;
        }
        self.duplicate_acks = self.duplicate_acks.saturating_add(1);
        if self.duplicate_acks != threshold {
            return false;
        }
        self.ssthresh = self.half_of(in_flight);
        self.cwnd = self.ssthresh + u32::from(threshold) * self.smss;
        self.recover = Some(snd_nxt);
        true
    }

    /// Handles an expiry of the retransmission timer with `in_flight` octets unacknowledged.
    /// `again` means that the timer expired for the same octets before: then ssthresh is held
    /// constant (RFC 5681 section 3.1).
    pub(crate) fn on_timeout(&mut self, in_flight: u32, again: bool) {
        if !again {
            self.ssthresh = self.half_of(in_flight);
        }
        // The loss window, RFC 5681 section 3.1.
        self.cwnd = self.smss;
        self.duplicate_acks = 0;
        self.recover = None;
        debug_assert!(
            self.ssthresh >= 2 * self.smss,
            "ssthresh is below two segments"
        );
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
        Congestion::new(Profile::nt4(), 1000)
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
        it.on_timeout(8_000, false);
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
        let snd_nxt = SeqNum::new(8_000);
        assert!(!it.on_duplicate_ack(snd_nxt, 8_000, 2));
        assert!(it.on_duplicate_ack(snd_nxt, 8_000, 2));
        assert_eq!(it.cwnd(), 4_000 + 2_000);
        assert!(!it.on_duplicate_ack(snd_nxt, 8_000, 2));
        assert!(it.on_new_ack(1_000, SeqNum::new(1_000), 7_000));
        assert!(!it.on_new_ack(7_000, snd_nxt, 0));
        assert!(it.cwnd() <= 4_000, "recovery ends with cwnd <= ssthresh");
    }
}
