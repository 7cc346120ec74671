//! Loss model parameters for a wanted ping success rate, such as "one of eight pings is answered",
//! and the success rate of given parameters.
//!
//! A ping succeeds if the request passes the midpoint of the link and its reply does too. Let S be
//! the probability of success.
//!
//! - Independent loss, or a chain for each direction: S = (1 - L forward)(1 - L backward), where L is
//!   the loss rate.
//! - One Gilbert-Elliott chain for both directions, the reply being the next packet after its request:
//!   S = sum over states i and j of pi(i) s(i) T(i, j) s(j), where pi is the stationary distribution,
//!   T the transition probability and s the probability that a packet passes. This assumes that other
//!   traffic moves the chain between pings; for pings alone see [`ping_success_alone`].
//! - One outage chain for both directions, request and reply passing the midpoint `separation` apart:
//!   S = pi(G) (pi(G) + pi(B) e^-(a + b) separation), where a = 1 / mean good and b = 1 / mean outage.
//!
//! For S = 1 every function returns a model without loss, and for S = 0 one that loses everything.

mod fraction;

use kernel::fixed_point::exp_neg;
use kernel::{Duration, Ratio};
use thiserror::Error;

use crate::link::Loss;
use crate::loss::outage::{MEAN_MAX, Outages};
use crate::loss::{GilbertElliott, LossModel};
use fraction::{Fraction, ONE};

/// Why no parameters give the wanted success rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CalibrationError {
    /// The mean burst or the mean outage is zero.
    #[error("a mean burst or outage of zero loses nothing")]
    NoBurst,
    /// Bursts this short (in packets) cannot cause so much loss: the chain would have to leave the
    /// good state with a probability above one.
    #[error("bursts of {0} packets are too short for so much loss")]
    BurstTooShort(u32),
    /// The mean good time would exceed [`MEAN_MAX`].
    #[error("the mean good time would exceed {MEAN_MAX}")]
    GoodTooLong,
}

/// Independent loss, the same in both directions: L = 1 - sqrt(S).
#[must_use]
pub fn independent(ping_success: Ratio) -> LossModel {
    independent_loss(Fraction::from_ratio(ping_success).sqrt().complement())
}

/// Independent loss in one direction, and none in the other: L = 1 - S.
#[must_use]
pub fn independent_one_way(ping_success: Ratio) -> LossModel {
    independent_loss(Fraction::from_ratio(ping_success).complement())
}

/// A Gilbert-Elliott chain for each direction, with bursts of `mean_burst` packets: r = 1 / burst,
/// p = r L / (1 - L) with L = 1 - sqrt(S).
///
/// # Errors
/// If the mean burst is zero, or too short for so much loss (p > 1).
pub fn bursts_each_way(
    ping_success: Ratio,
    mean_burst: u32,
) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_by_packet(ping_success) {
        return Ok(certain);
    }
    let passes = Fraction::from_ratio(ping_success).sqrt();
    // p = L / ((1 - L) burst), as a fraction of two integers.
    let above = u128::from(passes.complement().units());
    let below = u128::from(passes.units()) * u128::from(mean_burst);
    if above > below && mean_burst > 0 {
        return Err(CalibrationError::BurstTooShort(mean_burst));
    }
    gilbert(above, below, mean_burst)
}

/// One Gilbert-Elliott chain for both directions, each reply being the next packet after its request:
/// r = 1 / burst, p = r (1 - S) / (S + r).
///
/// # Errors
/// If the mean burst is zero.
pub fn bursts_shared(ping_success: Ratio, mean_burst: u32) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_by_packet(ping_success) {
        return Ok(certain);
    }
    let success = Fraction::from_ratio(ping_success);
    let above = u128::from(success.complement().units());
    // p = (1 - S) / (S burst + 1): numerator and denominator multiplied by the burst. Never above one.
    let below = u128::from(success.units()) * u128::from(mean_burst) + u128::from(ONE);
    gilbert(above, below, mean_burst)
}

/// Independent outages of each direction: mean good = mean outage * sqrt(S) / (1 - sqrt(S)).
///
/// # Errors
/// If the mean outage is zero, or the mean good time exceeds [`MEAN_MAX`].
pub fn outages_each_way(
    ping_success: Ratio,
    mean_outage: Duration,
) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_in_time(ping_success, mean_outage) {
        return Ok(certain);
    }
    if mean_outage.is_zero() {
        return Err(CalibrationError::NoBurst);
    }
    let passes = Fraction::from_ratio(ping_success).sqrt();
    // A success rate close to one rounds to no loss at all; the division must not be by zero.
    let lost = passes.complement().units().max(1);
    let good = u128::from(mean_outage.nanos()) * u128::from(passes.units()) / u128::from(lost);
    let mean_good = u64::try_from(good).map_or(Duration::MAX, Duration::from_nanos);
    if mean_good > MEAN_MAX {
        return Err(CalibrationError::GoodTooLong);
    }
    Ok(LossModel::Outages(Outages {
        mean_good,
        mean_outage,
    }))
}

/// Outages of both directions at once. `separation` is the time between the crossings of request and
/// reply; see [`crate::LinkConfig::separation`].
///
/// # Errors
/// If the mean outage is zero, or the mean good time exceeds [`MEAN_MAX`].
pub fn outages_shared(
    ping_success: Ratio,
    mean_outage: Duration,
    separation: Duration,
) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_in_time(ping_success, mean_outage) {
        return Ok(certain);
    }
    if mean_outage.is_zero() {
        return Err(CalibrationError::NoBurst);
    }
    let wanted = Fraction::from_ratio(ping_success);
    let with = |nanos: u64| Outages {
        mean_good: Duration::from_nanos(nanos),
        mean_outage,
    };
    // The closed form has no inverse in elementary functions, but it increases with the mean good
    // time: bisect for the shortest that suffices.
    // Invariant: `low` does not suffice and `high` does.
    let (mut low, mut high) = (0, MEAN_MAX.nanos());
    if shared_success(with(high), separation) < wanted {
        return Err(CalibrationError::GoodTooLong);
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if shared_success(with(middle), separation) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(LossModel::Outages(with(high)))
}

/// The fraction of packets that a model loses in the long run.
#[must_use]
pub fn loss_rate(model: LossModel) -> Ratio {
    match model {
        LossModel::None => Ratio::ZERO,
        LossModel::Independent { loss } => loss,
        LossModel::GilbertElliott(chain) => lost_by_chain(&chain).ratio(),
        LossModel::Outages(outages) => outages.outage_fraction(),
    }
}

/// The fraction of pings that are answered.
#[must_use]
pub fn ping_success(loss: Loss, separation: Duration) -> Ratio {
    let passes = |model| Fraction::from_ratio(loss_rate(model)).complement();
    let success = match loss {
        Loss::PerDirection { forward, backward } => passes(forward).times(passes(backward)),
        Loss::Shared(LossModel::GilbertElliott(chain)) => {
            answered(&chain, Fraction::from_ratio(chain.stationary_bad()))
        }
        Loss::Shared(LossModel::Outages(outages)) => shared_success(outages, separation),
        Loss::Shared(model @ (LossModel::None | LossModel::Independent { .. })) => {
            passes(model).times(passes(model))
        }
    };
    success.ratio()
}

/// The fraction of pings that are answered where one chain serves both directions and nothing but
/// pings moves it. A lost request has no reply, so the chain moves once instead of twice, and pings
/// find the bad state more often than its stationary probability says.
#[must_use]
pub fn ping_success_alone(chain: &GilbertElliott) -> Ratio {
    let leave = Fraction::from_ratio(chain.good_to_bad);
    let recover = Fraction::from_ratio(chain.bad_to_good);
    // The chain as the next ping finds it is again a two-state chain: it has moved twice, or once if
    // the request was lost. Its stationary distribution replaces that of the packet-wise chain.
    let moved = |lost: Ratio, there: Fraction, back: Fraction| {
        let twice = there
            .times(back.complement())
            .plus(there.complement().times(there));
        let lost = Fraction::from_ratio(lost);
        lost.times(there).plus(lost.complement().times(twice))
    };
    let to_bad = u128::from(moved(chain.loss_good, leave, recover).units());
    let to_good = u128::from(moved(chain.loss_bad, recover, leave).units());
    // A chain that never moves stays in the state in which it starts.
    let bad = if to_bad + to_good == 0 {
        Fraction::from_ratio(chain.stationary_bad())
    } else {
        Fraction::quotient(to_bad, to_bad + to_good)
    };
    answered(chain, bad).ratio()
}

/// The mean number of packets lost in a row, in thousandths; `None` if nothing is ever lost or a run of
/// losses never ends. It is L / (L - P(two in a row are lost)); with no loss in the good state, that is
/// 1 / (1 - (1 - r) (1 - h)) in the letters of tc-netem(8).
#[must_use]
pub fn mean_loss_run(chain: &GilbertElliott) -> Option<u64> {
    const THOUSANDTHS: u128 = 1_000;
    let lost = lost_by_chain(chain).units();
    let bad = Fraction::from_ratio(chain.stationary_bad());
    // A run ends at each lost packet that is not followed by another one, so L minus the probability of
    // two losses in a row is the rate of runs.
    let again = twice(chain, bad, chain.loss_good, chain.loss_bad);
    let ends = lost.saturating_sub(again.units());
    if lost == 0 || ends == 0 {
        return None;
    }
    let run = (u128::from(lost) * THOUSANDTHS + u128::from(ends) / 2) / u128::from(ends);
    u64::try_from(run).ok()
}

fn independent_loss(loss: Fraction) -> LossModel {
    if loss.units() == 0 {
        return LossModel::None;
    }
    LossModel::Independent { loss: loss.ratio() }
}

/// The model for a success rate of zero or one.
fn certain_by_packet(ping_success: Ratio) -> Option<LossModel> {
    match (ping_success.is_zero(), ping_success.is_one()) {
        (true, _) => Some(LossModel::Independent { loss: Ratio::ONE }),
        (_, true) => Some(LossModel::None),
        (false, false) => None,
    }
}

fn certain_in_time(ping_success: Ratio, mean_outage: Duration) -> Option<LossModel> {
    match (ping_success.is_zero(), ping_success.is_one()) {
        // No good time: the link is always out, whatever the mean outage, which must not be zero too.
        (true, _) => Some(LossModel::Outages(Outages {
            mean_good: Duration::ZERO,
            mean_outage: mean_outage.max(Duration::from_nanos(1)),
        })),
        (_, true) => Some(LossModel::None),
        (false, false) => None,
    }
}

/// Gilbert's model of 1960 (no loss in the good state, certain loss in the bad one) with
/// p = `above / below`.
fn gilbert(above: u128, below: u128, mean_burst: u32) -> Result<LossModel, CalibrationError> {
    let bad_to_good = Ratio::new(1, u64::from(mean_burst)).ok_or(CalibrationError::NoBurst)?;
    Ok(LossModel::GilbertElliott(GilbertElliott {
        good_to_bad: Fraction::quotient(above, below).ratio(),
        bad_to_good,
        loss_good: Ratio::ZERO,
        loss_bad: Ratio::ONE,
    }))
}

fn lost_by_chain(chain: &GilbertElliott) -> Fraction {
    let bad = Fraction::from_ratio(chain.stationary_bad());
    let in_bad = bad.times(Fraction::from_ratio(chain.loss_bad));
    let in_good = bad
        .complement()
        .times(Fraction::from_ratio(chain.loss_good));
    in_bad.plus(in_good)
}

/// The probability that an event happens to two packets in a row, if it happens to one with
/// probability `in_good` or `in_bad`, and the first finds the bad state with probability `bad`.
fn twice(chain: &GilbertElliott, bad: Fraction, in_good: Ratio, in_bad: Ratio) -> Fraction {
    let (in_good, in_bad) = (Fraction::from_ratio(in_good), Fraction::from_ratio(in_bad));
    let leave = Fraction::from_ratio(chain.good_to_bad);
    let recover = Fraction::from_ratio(chain.bad_to_good);
    let after_good = leave.complement().times(in_good).plus(leave.times(in_bad));
    let after_bad = recover
        .times(in_good)
        .plus(recover.complement().times(in_bad));
    let from_good = bad.complement().times(in_good).times(after_good);
    from_good.plus(bad.times(in_bad).times(after_bad))
}

/// The probability that two packets in a row pass.
fn answered(chain: &GilbertElliott, bad: Fraction) -> Fraction {
    let (good_passes, bad_passes) = (chain.loss_good.complement(), chain.loss_bad.complement());
    twice(chain, bad, good_passes, bad_passes)
}

/// pi(G) (pi(G) + pi(B) e^-(a + b) separation).
fn shared_success(outages: Outages, separation: Duration) -> Fraction {
    if outages.mean_good.is_zero() {
        return Fraction::from_ratio(Ratio::ZERO);
    }
    if outages.mean_outage.is_zero() {
        return Fraction::from_ratio(Ratio::ONE);
    }
    let sojourns =
        |mean: Duration| (u128::from(separation.nanos()) << 32) / u128::from(mean.nanos());
    let exponent = sojourns(outages.mean_good) + sojourns(outages.mean_outage);
    // The correlation of the chain's state over `separation` decays exponentially.
    let memory = Fraction::from_word(exp_neg(u64::try_from(exponent).unwrap_or(u64::MAX)));
    let bad = Fraction::from_ratio(outages.outage_fraction());
    let good = bad.complement();
    good.times(good.plus(bad.times(memory)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EIGHTH: Ratio = match Ratio::new(1, 8) {
        Some(eighth) => eighth,
        None => panic!("an eighth is at most one"),
    };

    fn units(ratio: Ratio) -> u64 {
        Fraction::from_ratio(ratio).units()
    }

    fn outages(model: Result<LossModel, CalibrationError>) -> Outages {
        match model {
            Ok(LossModel::Outages(outages)) => outages,
            other => panic!("{other:?}"),
        }
    }

    fn chain(model: Result<LossModel, CalibrationError>) -> GilbertElliott {
        match model {
            Ok(LossModel::GilbertElliott(chain)) => chain,
            other => panic!("{other:?}"),
        }
    }

    /// Mean good times for S = 1/8, computed in floating point elsewhere.
    #[test]
    fn outages_for_one_of_eight() {
        // Mean outage, separation, mean good, fraction of good time in thousandths.
        let table = [
            (30_000, 200, 4_510, 131),
            (10_000, 200, 1_640, 141),
            (10_000, 600, 2_000, 167),
            (3_000, 600, 885, 228),
        ];
        for (outage, separation, good, fraction) in table {
            let mean_outage = Duration::from_millis(outage);
            let separation = Duration::from_millis(separation);
            let found = outages(outages_shared(EIGHTH, mean_outage, separation));
            let millis = found.mean_good.nanos() / 1_000_000;
            assert!(millis.abs_diff(good) <= 6, "{outage} {millis} {good}");
            let thousandths = units(found.outage_fraction().complement()) / (ONE / 1_000);
            assert!(
                thousandths.abs_diff(fraction) <= 1,
                "{outage} {thousandths}"
            );
        }
    }

    #[test]
    fn packet_models_for_one_of_eight() {
        let LossModel::Independent { loss } = independent(EIGHTH) else {
            panic!("an eighth needs loss");
        };
        assert_eq!(units(loss) / 1_000_000_000_000, 646_446);
        assert_eq!(
            independent_one_way(EIGHTH),
            LossModel::Independent {
                loss: Fraction::quotient(7, 8).ratio()
            }
        );
        for (burst, good_to_bad) in [(5, 365_685), (10, 182_842), (20, 91_421)] {
            let found = chain(bursts_each_way(EIGHTH, burst));
            let millionths = units(found.good_to_bad) / 1_000_000_000_000;
            assert_eq!(millionths, good_to_bad, "burst {burst}");
            assert_eq!(mean_loss_run(&found), Some(u64::from(burst) * 1_000));
        }
    }

    #[test]
    fn every_error_says_why() {
        let text =
            |model: Result<LossModel, CalibrationError>| model.expect_err("an error").to_string();
        let no_burst = "a mean burst or outage of zero loses nothing";
        assert_eq!(text(bursts_each_way(EIGHTH, 0)), no_burst);
        assert_eq!(text(bursts_shared(EIGHTH, 0)), no_burst);
        assert_eq!(text(outages_each_way(EIGHTH, Duration::ZERO)), no_burst);
        assert_eq!(
            text(outages_shared(EIGHTH, Duration::ZERO, Duration::ZERO)),
            no_burst
        );
        assert_eq!(
            text(bursts_each_way(EIGHTH, 1)),
            "bursts of 1 packets are too short for so much loss"
        );
        let nearly = Ratio::new(999_999_999, 1_000_000_000).expect("at most one");
        let day = Duration::from_secs(86_400);
        let too_long = format!("the mean good time would exceed {MEAN_MAX}");
        assert_eq!(text(outages_each_way(nearly, day)), too_long);
        assert_eq!(text(outages_shared(nearly, day, Duration::ZERO)), too_long);
    }

    #[test]
    fn a_success_rate_of_zero_or_one_needs_no_randomness() {
        let second = Duration::from_secs(1);
        for end in [Ratio::ZERO, Ratio::ONE] {
            let models = [
                independent(end),
                bursts_each_way(end, 5).expect("an end is reached"),
                bursts_shared(end, 5).expect("an end is reached"),
                outages_each_way(end, second).expect("an end is reached"),
                outages_shared(end, second, second).expect("an end is reached"),
            ];
            for model in models {
                assert_eq!(units(loss_rate(model)), ONE - units(end), "{model:?}");
                assert_eq!(units(ping_success(Loss::Shared(model), second)), units(end));
            }
        }
    }

    fn both(model: LossModel) -> Loss {
        Loss::PerDirection {
            forward: model,
            backward: model,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn each_inverse_gives_the_wanted_success(
            parts in 1_u64..1_000,
            burst in 1_u32..200,
            outage in 1_u64..100_000,
            separation in 0_u64..2_000,
        ) {
            const TOLERANCE: u64 = ONE / 10_000_000;
            let wanted = Ratio::new(parts, 1_000).expect("at most one");
            let mean_outage = Duration::from_millis(outage);
            let separation = Duration::from_millis(separation);
            let mut losses = vec![
                both(independent(wanted)),
                Loss::Shared(independent(wanted)),
                Loss::PerDirection { forward: independent_one_way(wanted), backward: LossModel::None },
                Loss::Shared(bursts_shared(wanted, burst).expect("reachable")),
                both(outages_each_way(wanted, mean_outage).expect("reachable")),
                Loss::Shared(outages_shared(wanted, mean_outage, separation).expect("reachable")),
            ];
            if let Ok(model) = bursts_each_way(wanted, burst) {
                losses.push(both(model));
            }
            for loss in losses {
                let found = units(ping_success(loss, separation));
                prop_assert!(found.abs_diff(units(wanted)) < TOLERANCE, "{loss:?} {found}");
            }
        }

        #[test]
        fn a_longer_separation_needs_more_good_time(
            parts in 1_u64..999, outage in 100_u64..100_000, separation in 0_u64..2_000, more in 1_u64..2_000,
        ) {
            let wanted = Ratio::new(parts, 1_000).expect("at most one");
            let good = |millis| {
                outages(outages_shared(wanted, Duration::from_millis(outage), Duration::from_millis(millis))).mean_good
            };
            prop_assert!(good(separation) <= good(separation + more) + Duration::from_micros(1));
        }

        #[test]
        fn mean_loss_run_without_loss_in_the_good_state(r in 1_u64..1_000, h in 0_u64..1_000) {
            let chain = GilbertElliott {
                good_to_bad: Ratio::new(1, 50).expect("at most one"),
                bad_to_good: Ratio::new(r, 1_000).expect("at most one"),
                loss_good: Ratio::ZERO,
                loss_bad: Ratio::new(h, 1_000).expect("at most one"),
            };
            // 1 / (1 - (1 - r) h), in thousandths.
            let expected = 1_000_000_000 / (1_000_000 - (1_000 - r) * h);
            match mean_loss_run(&chain) {
                Some(run) => prop_assert!(run.abs_diff(expected) <= 1 + expected / 100_000),
                None => prop_assert_eq!(h, 0),
            }
        }
    }
}
