//! Loss model parameters for a wanted ping success rate, such as "one of eight pings is answered",
//! and the success rate of given parameters.
//!
//! A ping succeeds if the request passes the midpoint of the link and its reply does too. Let S be
//! the probability of success.
//!
//! - Independent loss, or a chain for each direction: S = (1 - L forward)(1 - L backward), where L is
//!   the loss rate.
//! - One Gilbert-Elliott chain for both directions, the reply being the next packet after its request:
//!   S = sum over states i and j of pi(i) s(i) T(i, j) s(j), where pi is the distribution of the state
//!   that a ping finds, T the transition probability and s the probability that a packet passes. With
//!   other traffic between the pings pi is stationary ([`ping_success`]). If pings are the only packets,
//!   which is what `ping` measures and what the calibration is for, see [`ping_success_alone`].
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

/// Bytes of a ping of Windows NT and of its answer: IP and ICMP headers, and 32 bytes of data.
pub const PING_LENGTH: u32 = 60;

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
    /// Damaged packets alone leave fewer answers than are wanted.
    #[error("damaged packets alone leave a ping success of less than is wanted")]
    TooMuchDamage,
    /// A ping crosses both directions, which say different things.
    #[error(
        "a ping crosses both directions: beside a `ping_success` in one, the other must have the same \
         one or lose nothing"
    )]
    OtherDirection,
}

/// Independent loss, the same in both directions: L = 1 - sqrt(S).
#[must_use]
pub fn independent(ping_success: Ratio) -> LossModel {
    independent_loss(Fraction::from_ratio(ping_success).sqrt().complement())
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

/// One Gilbert-Elliott chain for both directions, moved by pings only: r = 1 / burst, and p is the root
/// between 0 and 1 of S p^2 - (2 S - S r + r) p + r (1 - S).
///
/// With other traffic on the link fewer packets find the bad state: see [`ping_success`].
///
/// # Errors
/// If the mean burst is zero.
pub fn bursts_shared(ping_success: Ratio, mean_burst: u32) -> Result<LossModel, CalibrationError> {
    if let Some(certain) = certain_by_packet(ping_success) {
        return Ok(certain);
    }
    let wanted = Fraction::from_ratio(ping_success);
    let alone = |to_bad: u64| {
        let model = gilbert(u128::from(to_bad), u128::from(ONE), mean_burst)?;
        let LossModel::GilbertElliott(chain) = model else {
            unreachable!("a chain is asked for");
        };
        Ok((model, Fraction::from_ratio(ping_success_alone(&chain))))
    };
    // The more often the chain leaves the good state, the fewer pings are answered: from all to none.
    // Invariant: at `low` enough are answered, at `high` too few.
    let (mut low, mut high) = (0, ONE);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if alone(middle)?.1 >= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    alone(high).map(|(model, _)| model)
}

/// The value to give to the functions for both directions if only one direction loses packets. They take the
/// square root for each direction, so it is the square of `ping_success`.
#[must_use]
pub fn of_one_direction(ping_success: Ratio) -> Ratio {
    let success = Fraction::from_ratio(ping_success);
    success.times(success).ratio()
}

/// The ping success that the loss must leave, so that `ping_success` is left when these fractions of the
/// packets of each direction arrive damaged as well.
///
/// # Errors
/// If damage alone leaves less.
pub fn before_damage(ping_success: Ratio, corrupt: [Ratio; 2]) -> Result<Ratio, CalibrationError> {
    let intact = damaged(Ratio::ONE, corrupt);
    let (wanted, left) = (
        Fraction::from_ratio(ping_success),
        Fraction::from_ratio(intact),
    );
    if wanted > left {
        return Err(CalibrationError::TooMuchDamage);
    }
    if left.units() == 0 {
        return Ok(Ratio::ZERO);
    }
    Ok(Fraction::quotient(u128::from(wanted.units()), u128::from(left.units())).ratio())
}

/// What is left of a ping success when these fractions of the packets of each direction arrive damaged.
#[must_use]
pub fn damaged(ping_success: Ratio, corrupt: [Ratio; 2]) -> Ratio {
    let intact = corrupt.map(|it| Fraction::from_ratio(it).complement());
    let success = Fraction::from_ratio(ping_success);
    success.times(intact[0]).times(intact[1]).ratio()
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

/// The fraction of pings that are answered while other traffic moves Gilbert-Elliott chains too.
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
mod tests;
