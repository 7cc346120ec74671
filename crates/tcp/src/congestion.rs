//! How much may be in flight for the network's sake (RFC 5681, RFC 6582).
//!
//! Owns the congestion window, the threshold and NewReno's recovery. It refuses to send or
//! to count time: it is told of acknowledgments and losses.

use crate::profile::Profile;
use crate::seq::SeqNum;

/// No window here outgrows the receiver's unscaled one by more than a recovery's inflation.
const MAXIMUM_WINDOW: u32 = 1 << 20;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Congestion {
    window: u32,
    threshold: u32,
    segment: u32,
    duplicates: u8,
    /// In fast recovery until this number is acknowledged.
    recover: Option<SeqNum>,
}

/// What an acknowledgment asks of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Send on as the windows allow.
    Continue,
    /// Send the first unacknowledged segment again, now.
    Retransmit,
}

impl Congestion {
    pub(crate) fn new(profile: &Profile, segment: u16) -> Self {
        let segment = u32::from(segment);
        Self {
            window: segment * u32::from(profile.initial_window),
            threshold: MAXIMUM_WINDOW,
            segment,
            duplicates: 0,
            recover: None,
        }
    }

    pub(crate) const fn window(&self) -> u32 {
        self.window
    }

    /// `octets` more are acknowledged, up to `acknowledged`; `in_flight` remain.
    pub(crate) fn on_acknowledged(
        &mut self,
        octets: u32,
        acknowledged: SeqNum,
        in_flight: u32,
    ) -> Advice {
        self.duplicates = 0;
        let Some(recover) = self.recover else {
            let step = if self.window < self.threshold {
                octets.min(self.segment)
            } else {
                (self.segment * self.segment / self.window).max(1)
            };
            self.window = (self.window + step).min(MAXIMUM_WINDOW);
            return Advice::Continue;
        };
        if acknowledged.before(recover) {
            // RFC 6582 section 3.2 step 3: a partial acknowledgment is the next loss.
            let deflated = self.window.saturating_sub(octets) + self.segment;
            self.window = deflated.max(self.segment);
            return Advice::Retransmit;
        }
        self.recover = None;
        self.window = self
            .threshold
            .min(in_flight.max(self.segment) + self.segment);
        Advice::Continue
    }

    /// The same acknowledgment came again while `in_flight` octets up to `sent` are out.
    pub(crate) fn on_duplicate(&mut self, sent: SeqNum, in_flight: u32, limit: u8) -> Advice {
        if self.recover.is_some() {
            self.window = (self.window + self.segment).min(MAXIMUM_WINDOW);
            return Advice::Continue;
        }
        self.duplicates = self.duplicates.saturating_add(1);
        if self.duplicates != limit {
            return Advice::Continue;
        }
        self.threshold = self.halved(in_flight);
        self.window = self.threshold + u32::from(limit) * self.segment;
        self.recover = Some(sent);
        Advice::Retransmit
    }

    /// The retransmission timer went off with `in_flight` octets out; `again` says that it
    /// is not the first time for them, so the threshold stays (RFC 5681 section 3.1).
    pub(crate) fn on_timeout(&mut self, in_flight: u32, again: bool) {
        if !again {
            self.threshold = self.halved(in_flight);
        }
        self.window = self.segment;
        self.duplicates = 0;
        self.recover = None;
        debug_assert!(
            self.threshold >= 2 * self.segment,
            "a threshold below two segments"
        );
    }

    fn halved(&self, in_flight: u32) -> u32 {
        (in_flight / 2).max(2 * self.segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn congestion() -> Congestion {
        Congestion::new(Profile::nt4(), 1000)
    }

    #[test]
    fn slow_start_doubles_each_round_and_avoidance_adds_a_segment() {
        let mut it = congestion();
        assert_eq!(it.window(), 2_000);
        for _ in 0..2 {
            it.on_acknowledged(1_000, SeqNum::new(1), 0);
        }
        assert_eq!(it.window(), 4_000);
        it.on_timeout(8_000, false);
        assert_eq!(it.window(), 1_000);
        for _ in 0..3 {
            it.on_acknowledged(1_000, SeqNum::new(1), 0);
        }
        assert_eq!(it.window(), 4_000, "the threshold is half of what was out");
        for _ in 0..4 {
            it.on_acknowledged(1_000, SeqNum::new(1), 0);
        }
        assert!(
            (4_900..=5_000).contains(&it.window()),
            "one segment a round"
        );
    }

    #[test]
    fn the_profiles_duplicate_proves_a_loss_once_and_a_partial_answer_the_next() {
        let mut it = congestion();
        let sent = SeqNum::new(8_000);
        assert_eq!(it.on_duplicate(sent, 8_000, 2), Advice::Continue);
        assert_eq!(it.on_duplicate(sent, 8_000, 2), Advice::Retransmit);
        assert_eq!(it.window(), 4_000 + 2_000);
        assert_eq!(it.on_duplicate(sent, 8_000, 2), Advice::Continue);
        assert_eq!(
            it.on_acknowledged(1_000, SeqNum::new(1_000), 7_000),
            Advice::Retransmit
        );
        assert_eq!(it.on_acknowledged(7_000, sent, 0), Advice::Continue);
        assert!(
            it.window() <= 4_000,
            "recovery ends at the threshold at most"
        );
    }
}
