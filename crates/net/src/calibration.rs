//! From "one of eight pings answers" to the parameters of a model, and back.
//!
//! Owns the closed forms of round-trip success and their inverses. It refuses estimates from
//! data: who has counted pings knows their share.
//!
//! The round trip succeeds if the request passes the faulty spot and so does the reply.
//!
//! - Two chains, or no memory: S = (1 - L forward)(1 - L backward), L being the loss share.
//! - One chain per packet, the reply being the packet after the request:
//!   S = sum of pi(i) s(i) T(i, j) s(j) over the states i and j, s being what passes. It holds
//!   where other traffic moves the chain between pings; for pings alone see
//!   [`ping_success_alone`].
//! - One chain in time, the crossings `separation` apart, a = 1 / mean good, b = 1 / mean outage:
//!   S = pi(G) (pi(G) + pi(B) e^-(a + b) separation).
//!
//! If S is one no model loses anything, and if S is zero every model loses everything.

use std::fmt;

use kernel::fixed_point::exp_neg;
use kernel::{Duration, Ratio};

use crate::link::Loss;
use crate::loss::{GilbertElliott, LossModel};
use crate::outage::{MEAN_MAX, Outages};
use crate::share::{ONE, Share};

/// Why no parameters give the wanted success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalibrationError {
    /// A mean burst, or a mean outage, of zero.
    NoBurst,
    /// Bursts this short (in packets) cannot lose so much: the good state would have to be left
    /// more often than with every packet.
    BurstTooShort(u32),
    /// The good time would exceed [`MEAN_MAX`].
    GoodTooLong,
}

/// Independent loss, the same each way: L = 1 - sqrt(S).
#[must_use]
pub fn independent(ping_success: Ratio) -> LossModel {
    independent_loss(Share::of(ping_success).root().complement())
}

/// Independent loss on one way only, the other being perfect: L = 1 - S.
#[must_use]
pub fn independent_one_way(ping_success: Ratio) -> LossModel {
    independent_loss(Share::of(ping_success).complement())
}

/// A chain per packet for each way, with `mean_burst` packets lost in a row: r = 1 / burst,
/// p = r L / (1 - L) with L = 1 - sqrt(S).
///
/// # Errors
/// If the burst is zero, or too short for so much loss (p > 1).
pub fn bursts_each_way(
    ping_success: Ratio,
    mean_burst: u32,
) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_by_packet(ping_success) {
        return Ok(certain);
    }
    let passes = Share::of(ping_success).root();
    let above = u128::from(passes.complement().units());
    let below = u128::from(passes.units()) * u128::from(mean_burst);
    if above > below && mean_burst > 0 {
        return Err(CalibrationError::BurstTooShort(mean_burst));
    }
    gilbert(above, below, mean_burst)
}

/// One chain per packet for both ways, each reply being the packet after its request:
/// r = 1 / burst, p = r (1 - S) / (S + r).
///
/// # Errors
/// If the burst is zero.
pub fn bursts_shared(ping_success: Ratio, mean_burst: u32) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_by_packet(ping_success) {
        return Ok(certain);
    }
    let success = Share::of(ping_success);
    let above = u128::from(success.complement().units());
    let below = u128::from(success.units()) * u128::from(mean_burst) + u128::from(ONE);
    gilbert(above, below, mean_burst)
}

/// Outages of each way by itself: mean good = mean outage * sqrt(S) / (1 - sqrt(S)).
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
    let passes = Share::of(ping_success).root();
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

/// Outages of both ways at once. `separation` is the time between the crossings of request and
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
    let wanted = Share::of(ping_success);
    let with = |nanos: u64| Outages {
        mean_good: Duration::from_nanos(nanos),
        mean_outage,
    };
    // Success rises with the good time: halve the interval in which it first suffices.
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

/// The share of packets that a model loses in the long run.
#[must_use]
pub fn loss_share(model: LossModel) -> Ratio {
    match model {
        LossModel::None => Ratio::ZERO,
        LossModel::Independent { loss } => loss,
        LossModel::GilbertElliott(chain) => lost_by_chain(&chain).ratio(),
        LossModel::Outages(outages) => outages.share(),
    }
}

/// The share of pings that are answered.
#[must_use]
pub fn ping_success(loss: Loss, separation: Duration) -> Ratio {
    let passes = |model| Share::of(loss_share(model)).complement();
    let success = match loss {
        Loss::PerDirection { forward, backward } => passes(forward).times(passes(backward)),
        Loss::Shared(LossModel::GilbertElliott(chain)) => {
            answered(&chain, Share::of(chain.share_bad()))
        }
        Loss::Shared(LossModel::Outages(outages)) => shared_success(outages, separation),
        Loss::Shared(model @ (LossModel::None | LossModel::Independent { .. })) => {
            passes(model).times(passes(model))
        }
    };
    success.ratio()
}

/// The share of pings that are answered where one chain per packet serves both ways and nothing
/// but pings moves it. A lost request has no reply, so the chain makes one step instead of two,
/// and pings meet the bad state more often than the share of bad packets says.
#[must_use]
pub fn ping_success_alone(chain: &GilbertElliott) -> Ratio {
    let leave = Share::of(chain.good_to_bad);
    let recover = Share::of(chain.bad_to_good);
    // Where the next ping finds the chain: two steps on, or one if the request was lost.
    let moved = |lost: Ratio, there: Share, back: Share| {
        let twice = there
            .times(back.complement())
            .plus(there.complement().times(there));
        let lost = Share::of(lost);
        lost.times(there).plus(lost.complement().times(twice))
    };
    let to_bad = u128::from(moved(chain.loss_good, leave, recover).units());
    let to_good = u128::from(moved(chain.loss_bad, recover, leave).units());
    let bad = if to_bad + to_good == 0 {
        Share::of(chain.share_bad())
    } else {
        Share::quotient(to_bad, to_bad + to_good)
    };
    answered(chain, bad).ratio()
}

/// The mean number of packets lost in a row, in thousandths; `None` if nothing is ever lost or
/// a run never ends. It is L / (L - P(two in a row)), which for a perfect good state is
/// 1 / (1 - (1 - r) loss in bad).
#[must_use]
pub fn mean_loss_run(chain: &GilbertElliott) -> Option<u64> {
    const THOUSANDTHS: u128 = 1_000;
    let lost = lost_by_chain(chain).units();
    let bad = Share::of(chain.share_bad());
    let again = twice(chain, bad, chain.loss_good, chain.loss_bad);
    let ends = lost.saturating_sub(again.units());
    if lost == 0 || ends == 0 {
        return None;
    }
    let run = (u128::from(lost) * THOUSANDTHS + u128::from(ends) / 2) / u128::from(ends);
    u64::try_from(run).ok()
}

fn independent_loss(loss: Share) -> LossModel {
    if loss.units() == 0 {
        return LossModel::None;
    }
    LossModel::Independent { loss: loss.ratio() }
}

/// The model where nothing is left to chance.
fn certain_by_packet(ping_success: Ratio) -> Option<LossModel> {
    match (ping_success.is_zero(), ping_success.is_one()) {
        (true, _) => Some(LossModel::Independent { loss: Ratio::ONE }),
        (_, true) => Some(LossModel::None),
        (false, false) => None,
    }
}

fn certain_in_time(ping_success: Ratio, mean_outage: Duration) -> Option<LossModel> {
    match (ping_success.is_zero(), ping_success.is_one()) {
        (true, _) => Some(LossModel::Outages(Outages {
            mean_good: Duration::ZERO,
            mean_outage: mean_outage.max(Duration::from_nanos(1)),
        })),
        (_, true) => Some(LossModel::None),
        (false, false) => None,
    }
}

/// The simple Gilbert model (nothing lost in good, everything in bad) with p = `above / below`.
fn gilbert(above: u128, below: u128, mean_burst: u32) -> Result<LossModel, CalibrationError> {
    let bad_to_good = Ratio::new(1, u64::from(mean_burst)).ok_or(CalibrationError::NoBurst)?;
    Ok(LossModel::GilbertElliott(GilbertElliott {
        good_to_bad: Share::quotient(above, below).ratio(),
        bad_to_good,
        loss_good: Ratio::ZERO,
        loss_bad: Ratio::ONE,
    }))
}

fn lost_by_chain(chain: &GilbertElliott) -> Share {
    let bad = Share::of(chain.share_bad());
    let in_bad = bad.times(Share::of(chain.loss_bad));
    let in_good = bad.complement().times(Share::of(chain.loss_good));
    in_bad.plus(in_good)
}

/// The probability that something happens to two packets in a row which happens to one with
/// `in_good` and `in_bad`, if the first finds the bad state with probability `bad`.
fn twice(chain: &GilbertElliott, bad: Share, in_good: Ratio, in_bad: Ratio) -> Share {
    let (in_good, in_bad) = (Share::of(in_good), Share::of(in_bad));
    let leave = Share::of(chain.good_to_bad);
    let recover = Share::of(chain.bad_to_good);
    let after_good = leave.complement().times(in_good).plus(leave.times(in_bad));
    let after_bad = recover
        .times(in_good)
        .plus(recover.complement().times(in_bad));
    let from_good = bad.complement().times(in_good).times(after_good);
    from_good.plus(bad.times(in_bad).times(after_bad))
}

/// The probability that two packets in a row pass.
fn answered(chain: &GilbertElliott, bad: Share) -> Share {
    let (good_passes, bad_passes) = (chain.loss_good.complement(), chain.loss_bad.complement());
    twice(chain, bad, good_passes, bad_passes)
}

/// pi(G) (pi(G) + pi(B) e^-(a + b) separation).
fn shared_success(outages: Outages, separation: Duration) -> Share {
    if outages.mean_good.is_zero() {
        return Share::of(Ratio::ZERO);
    }
    if outages.mean_outage.is_zero() {
        return Share::of(Ratio::ONE);
    }
    let sojourns =
        |mean: Duration| (u128::from(separation.nanos()) << 32) / u128::from(mean.nanos());
    let exponent = sojourns(outages.mean_good) + sojourns(outages.mean_outage);
    let memory = Share::of_word(exp_neg(u64::try_from(exponent).unwrap_or(u64::MAX)));
    let bad = Share::of(outages.share());
    let good = bad.complement();
    good.times(good.plus(bad.times(memory)))
}

impl fmt::Display for CalibrationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBurst => formatter.write_str("a mean burst or outage of zero loses nothing"),
            Self::BurstTooShort(packets) => write!(
                formatter,
                "bursts of {packets} packets are too short for so much loss"
            ),
            Self::GoodTooLong => write!(formatter, "the mean good time would exceed {MEAN_MAX}"),
        }
    }
}

impl std::error::Error for CalibrationError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EIGHTH: Ratio = match Ratio::new(1, 8) {
        Some(eighth) => eighth,
        None => panic!("an eighth is a share"),
    };

    fn units(ratio: Ratio) -> u64 {
        Share::of(ratio).units()
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

    /// Mean good times that give S = 1/8, worked out in floating point elsewhere.
    #[test]
    fn outages_for_one_of_eight() {
        // Mean outage, separation, mean good, share of good time in thousandths.
        let table = [
            (30_000, 200, 4_510, 131),
            (10_000, 200, 1_640, 141),
            (10_000, 600, 2_000, 167),
            (3_000, 600, 885, 228),
        ];
        for (outage, separation, good, share) in table {
            let mean_outage = Duration::from_millis(outage);
            let separation = Duration::from_millis(separation);
            let found = outages(outages_shared(EIGHTH, mean_outage, separation));
            let millis = found.mean_good.nanos() / 1_000_000;
            assert!(millis.abs_diff(good) <= 6, "{outage} {millis} {good}");
            let thousandths = units(found.share().complement()) / (ONE / 1_000);
            assert!(thousandths.abs_diff(share) <= 1, "{outage} {thousandths}");
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
                loss: Share::quotient(7, 8).ratio()
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
    fn every_refusal_says_why() {
        let text =
            |model: Result<LossModel, CalibrationError>| model.expect_err("refused").to_string();
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
        let nearly = Ratio::new(999_999_999, 1_000_000_000).expect("a share");
        let day = Duration::from_secs(86_400);
        let too_long = format!("the mean good time would exceed {MEAN_MAX}");
        assert_eq!(text(outages_each_way(nearly, day)), too_long);
        assert_eq!(text(outages_shared(nearly, day, Duration::ZERO)), too_long);
    }

    #[test]
    fn the_ends_leave_nothing_to_chance() {
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
                assert_eq!(units(loss_share(model)), ONE - units(end), "{model:?}");
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
        fn each_inverse_gives_what_was_asked_for(
            parts in 1_u64..1_000,
            burst in 1_u32..200,
            outage in 1_u64..100_000,
            separation in 0_u64..2_000,
        ) {
            const TOLERANCE: u64 = ONE / 10_000_000;
            let wanted = Ratio::new(parts, 1_000).expect("a share");
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
            let wanted = Ratio::new(parts, 1_000).expect("a share");
            let good = |millis| {
                outages(outages_shared(wanted, Duration::from_millis(outage), Duration::from_millis(millis))).mean_good
            };
            prop_assert!(good(separation) <= good(separation + more) + Duration::from_micros(1));
        }

        #[test]
        fn a_run_of_the_three_parameter_chain(r in 1_u64..1_000, h in 0_u64..1_000) {
            let chain = GilbertElliott {
                good_to_bad: Ratio::new(1, 50).expect("a share"),
                bad_to_good: Ratio::new(r, 1_000).expect("a share"),
                loss_good: Ratio::ZERO,
                loss_bad: Ratio::new(h, 1_000).expect("a share"),
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
