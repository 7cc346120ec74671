//! The retransmission time-out (RFC 6298), in integers.
//!
//! Owns the smoothed round trip and the count of doublings. It refuses to decide what is a
//! valid sample (Karn's rule is the sender's) and when to give up.

use crate::profile::Profile;
use crate::uptime::Span;

/// RFC 6298 section 5.7: the time-out of data after a SYN had to be repeated.
const AFTER_SYN_LOSS: Span = Span::from_secs(3);

#[derive(Clone, Copy, Debug)]
pub(crate) struct RetransmissionTimeout {
    /// SRTT and RTTVAR in nanoseconds, once a round trip is measured.
    measured: Option<(u64, u64)>,
    /// RTO before doublings: a whole number of ticks.
    base: Span,
    doublings: u8,
}

impl RetransmissionTimeout {
    pub(crate) fn new(profile: &Profile) -> Self {
        Self {
            measured: None,
            base: profile.initial_rto,
            doublings: 0,
        }
    }

    /// The time-out of what is sent now.
    pub(crate) fn current(&self, profile: &Profile) -> Span {
        let ceiling = profile.maximum_rto.max(self.base);
        self.base.doubled(self.doublings, ceiling)
    }

    /// How often the time-out has been doubled since the last reply.
    pub(crate) const fn doublings(&self) -> u8 {
        self.doublings
    }

    pub(crate) fn double(&mut self) {
        self.doublings = self.doublings.saturating_add(1);
    }

    /// Something new was acknowledged: "reset on reply" (Q140552; RFC 6298 allows it).
    pub(crate) fn replied(&mut self) {
        self.doublings = 0;
    }

    /// The handshake is over; a repeated SYN measured nothing and was a warning.
    pub(crate) fn handshake_done(&mut self) {
        if self.measured.is_none() && self.doublings > 0 {
            self.base = self.base.max(AFTER_SYN_LOSS);
        }
        self.doublings = 0;
    }

    /// A round trip took `sample` (RFC 6298 sections 2.2 to 2.4).
    pub(crate) fn measure(&mut self, sample: Span, profile: &Profile) {
        let sample = sample.nanos();
        let (smoothed, variation) = match self.measured {
            None => (sample, sample / 2),
            Some((smoothed, variation)) => (
                smoothed - smoothed / 8 + sample / 8,
                variation - variation / 4 + smoothed.abs_diff(sample) / 4,
            ),
        };
        self.measured = Some((smoothed, variation));
        let tick = profile.timer_granularity.nanos();
        let raw = smoothed.saturating_add(tick.max(variation.saturating_mul(4)));
        let clamped = raw.clamp(profile.minimum_rto.nanos(), profile.maximum_rto.nanos());
        // Counted in ticks, so that doublings of it are whole ticks too: five retransmissions
        // then take 63 time-outs and not one tick more for each [I].
        self.base = Span::from_nanos(clamped.div_ceil(tick).saturating_mul(tick));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_steady_round_trip_brings_the_minimum_and_silence_doubles_it() {
        let profile = Profile::nt4();
        let mut rto = RetransmissionTimeout::new(profile);
        assert_eq!(rto.current(profile), Span::from_secs(3));
        for _ in 0..50 {
            rto.measure(Span::from_millis(40), profile);
        }
        assert_eq!(rto.current(profile), Span::from_millis(300));
        rto.double();
        rto.double();
        assert_eq!(rto.current(profile), Span::from_millis(1_200));
        rto.replied();
        assert_eq!(rto.current(profile), Span::from_millis(300));
    }

    #[test]
    fn the_first_sample_gives_three_round_trips() {
        let profile = Profile::linux();
        let mut rto = RetransmissionTimeout::new(profile);
        rto.measure(Span::from_secs(1), profile);
        assert_eq!(rto.current(profile), Span::from_secs(3));
    }

    #[test]
    fn a_repeated_syn_leaves_three_seconds() {
        let profile = Profile::linux();
        let mut rto = RetransmissionTimeout::new(profile);
        rto.double();
        rto.handshake_done();
        assert_eq!(rto.current(profile), AFTER_SYN_LOSS);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_time_out_is_whole_ticks_within_the_profile(
            samples in prop::collection::vec(0u64..20_000_000_000, 1..40),
        ) {
            for profile in [Profile::nt4(), Profile::linux()] {
                let mut rto = RetransmissionTimeout::new(profile);
                for sample in &samples {
                    rto.measure(Span::from_nanos(*sample), profile);
                    let current = rto.current(profile);
                    prop_assert!(profile.minimum_rto <= current && current <= profile.maximum_rto);
                    prop_assert!(current.nanos().is_multiple_of(profile.timer_granularity.nanos()));
                }
            }
        }
    }
}
