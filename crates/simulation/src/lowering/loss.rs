//! The loss models of a link, calibrated so that `ping` measures what `ping_success` says.

use config::plan::{GilbertElliott, IndependentLoss, Link, Loss, Outages};
use kernel::{Duration, Ratio};
use net::LossModel;
use net::calibration::{self, CalibrationError};

/// How a link loses packets, so that `ping` measures a given `ping_success`. `separation` is the time
/// between a ping's passages in both directions, which matters for outages that both directions share.
pub(super) fn loss(link: &Link, separation: Duration) -> Result<net::Loss, CalibrationError> {
    let corrupt = [link.forward.corrupt, link.backward.corrupt];
    let undamaged = |loss| match ping_success(loss) {
        Some(success) => {
            // The file states what a user measures with ping. A damaged reply is lost for ping,
            // too, so loss alone has to leave more.
            let before = calibration::before_damage(success, corrupt)?;
            Ok(with_ping_success(loss, before))
        }
        None => Ok(loss),
    };
    let [forward, backward] = [link.forward.loss, link.backward.loss];
    if link.shares_loss() {
        let shared = model(undamaged(forward)?, Some(separation))?;
        return Ok(net::Loss::Shared(shared));
    }
    let own = |loss, other| model(of_direction(undamaged(loss)?, undamaged(other)?)?, None);
    Ok(net::Loss::PerDirection {
        forward: own(forward, backward)?,
        backward: own(backward, forward)?,
    })
}

/// The loss of one direction with the `ping_success` that calibration needs, which takes it for that of
/// both directions: a ping crosses both.
fn of_direction(loss: Loss, other: Loss) -> Result<Loss, CalibrationError> {
    match ping_success(loss) {
        None => Ok(loss),
        Some(success) if other == Loss::None => {
            let alone = calibration::of_one_direction(success);
            Ok(with_ping_success(loss, alone))
        }
        Some(success) if ping_success(other) == Some(success) => Ok(loss),
        // Two different rates cannot both be the success of one round trip over both directions.
        Some(_) => Err(CalibrationError::OtherDirection),
    }
}

fn ping_success(loss: Loss) -> Option<Ratio> {
    match loss {
        Loss::Independent(IndependentLoss::PingSuccess(ping_success))
        | Loss::GilbertElliott {
            chain: GilbertElliott::Calibrated { ping_success, .. },
            ..
        }
        | Loss::Outages {
            outages: Outages::Calibrated { ping_success, .. },
            ..
        } => Some(ping_success),
        Loss::None
        | Loss::Independent(IndependentLoss::Loss(_))
        | Loss::GilbertElliott {
            chain: GilbertElliott::Chain { .. },
            ..
        }
        | Loss::Outages {
            outages: Outages::Times { .. },
            ..
        } => None,
    }
}

/// The loss with another `ping_success`, if it has one.
fn with_ping_success(mut loss: Loss, success: Ratio) -> Loss {
    if let Loss::Independent(IndependentLoss::PingSuccess(ping_success))
    | Loss::GilbertElliott {
        chain: GilbertElliott::Calibrated { ping_success, .. },
        ..
    }
    | Loss::Outages {
        outages: Outages::Calibrated { ping_success, .. },
        ..
    } = &mut loss
    {
        *ping_success = success;
    }
    loss
}

/// The loss model of both directions, if they share it, or of one.
fn model(loss: Loss, shared: Option<Duration>) -> Result<LossModel, CalibrationError> {
    Ok(match loss {
        Loss::None => LossModel::None,
        Loss::Independent(IndependentLoss::Loss(loss)) => LossModel::Independent { loss },
        Loss::Independent(IndependentLoss::PingSuccess(success)) => {
            calibration::independent(success)
        }
        Loss::GilbertElliott { chain, .. } => match chain {
            GilbertElliott::Chain {
                good_to_bad,
                bad_to_good,
                loss_good,
                loss_bad,
            } => LossModel::GilbertElliott(net::GilbertElliott {
                good_to_bad,
                bad_to_good,
                loss_good,
                loss_bad,
            }),
            GilbertElliott::Calibrated {
                ping_success,
                mean_burst,
            } => match shared {
                // A ping crosses the link twice. With one chain for both directions its reply often meets the burst that
                // its request met, so the same success needs other probabilities than with a chain for each.
                Some(_) => calibration::bursts_shared(ping_success, mean_burst)?,
                None => calibration::bursts_each_way(ping_success, mean_burst)?,
            },
        },
        Loss::Outages { outages, .. } => match outages {
            Outages::Times {
                mean_good,
                mean_outage,
            } => LossModel::Outages(net::Outages {
                mean_good,
                mean_outage,
            }),
            Outages::Calibrated {
                ping_success,
                mean_outage,
            } => match shared {
                Some(separation) => {
                    calibration::outages_shared(ping_success, mean_outage, separation)?
                }
                None => calibration::outages_each_way(ping_success, mean_outage)?,
            },
        },
    })
}
