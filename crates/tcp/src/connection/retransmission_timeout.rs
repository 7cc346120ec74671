//! The retransmission timeout (RFC 6298) in integer nanoseconds.
//!
//! Karn's algorithm: `output` times only segments that are sent once, and `timeouts` and `input`
//! discard the measurement under way when something is sent again. `timeouts` decides when to give up.

use crate::profile::Profile;
use crate::time::TimeSpan;

/// RFC 6298 section 5.7: the minimum timeout of data after the SYN was retransmitted.
const AFTER_SYN_LOSS: TimeSpan = TimeSpan::from_secs(3);

#[derive(Clone, Copy, Debug)]
pub(crate) struct RetransmissionTimeout {
    /// `None` before the first measurement.
    estimate: Option<RttEstimate>,
    /// RTO before doubling.
    base: TimeSpan,
    /// How often RTO was doubled since it was last computed or reset.
    doublings: u8,
    /// Consecutive expiries without a new acknowledgment.
    expiries: u8,
}

/// SRTT and RTTVAR, nanoseconds.
#[derive(Clone, Copy, Debug)]
struct RttEstimate {
    srtt: u64,
    rttvar: u64,
}

impl RetransmissionTimeout {
    pub(crate) fn new(profile: &Profile) -> Self {
        Self {
            estimate: None,
            base: profile.initial_rto,
            doublings: 0,
            expiries: 0,
        }
    }

    /// The timeout of a segment that is sent now.
    pub(crate) fn current(&self, profile: &Profile) -> TimeSpan {
        let ceiling = profile.maximum_rto.max(self.base);
        self.base.doubled(self.doublings, ceiling)
    }

    /// How often the timer expired since the last new acknowledgment.
    pub(crate) const fn expiries(&self) -> u8 {
        self.expiries
    }

    /// RFC 6298 section 5.5.
    pub(crate) fn on_expiry(&mut self) {
        self.doublings = self.doublings.saturating_add(1);
        self.expiries = self.expiries.saturating_add(1);
    }

    /// Handles a new acknowledgment, after the measurement that it may give. See
    /// [`Profile::keeps_backoff`].
    pub(crate) fn on_new_ack(&mut self, profile: &Profile) {
        self.expiries = 0;
        if !profile.keeps_backoff {
            self.doublings = 0;
        }
    }

    /// Handles the end of the handshake.
    pub(crate) fn on_established(&mut self) {
        // Karn: a retransmitted SYN gives no measurement. The path may be slow, so RFC 6298
        // section 5.7 raises the timeout instead.
        if self.estimate.is_none() && self.doublings > 0 {
            self.base = self.base.max(AFTER_SYN_LOSS);
        }
        self.doublings = 0;
        self.expiries = 0;
    }

    /// Handles a round-trip measurement R (RFC 6298 sections 2.2 to 2.4).
    pub(crate) fn on_measurement(&mut self, r: TimeSpan, profile: &Profile) {
        let r = r.nanos();
        let RttEstimate { srtt, rttvar } = match self.estimate {
            None => RttEstimate {
                srtt: r,
                rttvar: r / 2,
            },
            // alpha = 1/8, beta = 1/4. RTTVAR uses SRTT before its update.
            Some(RttEstimate { srtt, rttvar }) => RttEstimate {
                srtt: srtt - srtt / 8 + r / 8,
                rttvar: rttvar - rttvar / 4 + srtt.abs_diff(r) / 4,
            },
        };
        self.estimate = Some(RttEstimate { srtt, rttvar });
        let tick = profile.timer_granularity.nanos();
        // RTO = SRTT + max(G, K * RTTVAR), K = 4.
        let variance = rttvar.saturating_mul(4);
        let variance = variance.max(profile.minimum_variance.nanos()).max(tick);
        let rto = srtt.saturating_add(variance);
        let clamped = rto.min(profile.maximum_rto.nanos());
        // Rounded to whole ticks here, so that its doublings are whole ticks too. Otherwise each of
        // five retransmissions could come up to a tick late, and all would take more than 63 timeouts [I].
        self.base = TimeSpan::from_nanos(clamped.div_ceil(tick).saturating_mul(tick));
        self.doublings = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_steady_round_trip_leaves_the_least_variance_and_expiries_double_it() {
        let profile = Profile::nt4();
        let mut rto = RetransmissionTimeout::new(profile);
        assert_eq!(rto.current(profile), TimeSpan::from_secs(3));
        for _ in 0..50 {
            rto.on_measurement(TimeSpan::from_millis(40), profile);
        }
        assert_eq!(rto.current(profile), TimeSpan::from_millis(400));
        rto.on_expiry();
        rto.on_expiry();
        assert_eq!(rto.current(profile), TimeSpan::from_millis(1_600));
        rto.on_new_ack(profile);
        assert_eq!(rto.current(profile), TimeSpan::from_millis(400));
    }

    /// RFC 6298 section 5: "once a new RTT measurement is obtained".
    #[test]
    fn linux_keeps_a_doubled_timeout_until_a_round_trip_is_measured() {
        let profile = Profile::linux();
        let mut rto = RetransmissionTimeout::new(profile);
        rto.on_measurement(TimeSpan::from_millis(100), profile);
        rto.on_expiry();
        rto.on_new_ack(profile);
        assert_eq!(
            (rto.current(profile), rto.expiries()),
            (TimeSpan::from_millis(600), 0)
        );
        rto.on_measurement(TimeSpan::from_millis(100), profile);
        assert_eq!(rto.current(profile), TimeSpan::from_millis(300));
    }

    #[test]
    fn the_first_measurement_yields_three_round_trips() {
        let profile = Profile::linux();
        let mut rto = RetransmissionTimeout::new(profile);
        rto.on_measurement(TimeSpan::from_secs(1), profile);
        assert_eq!(rto.current(profile), TimeSpan::from_secs(3));
    }

    #[test]
    fn a_retransmitted_syn_leaves_three_seconds() {
        let profile = Profile::linux();
        let mut rto = RetransmissionTimeout::new(profile);
        rto.on_expiry();
        rto.on_established();
        assert_eq!(rto.current(profile), AFTER_SYN_LOSS);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_timeout_is_a_multiple_of_the_tick_within_the_profile(
            samples in prop::collection::vec(0u64..20_000_000_000, 1..40),
        ) {
            for profile in [Profile::nt4(), Profile::linux()] {
                let mut rto = RetransmissionTimeout::new(profile);
                for sample in &samples {
                    rto.on_measurement(TimeSpan::from_nanos(*sample), profile);
                    let current = rto.current(profile);
                    prop_assert!(profile.minimum_variance <= current && current <= profile.maximum_rto);
                    prop_assert!(current.nanos().is_multiple_of(profile.timer_granularity.nanos()));
                }
            }
        }
    }
}
