//! Calibration and its inverse agree.

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

/// Independent loss in one direction, and none in the other: L = 1 - S.
fn one_way(success: Ratio) -> LossModel {
    independent_loss(Fraction::from_ratio(success).complement())
}

#[test]
fn packet_models_for_one_of_eight() {
    let LossModel::Independent { loss } = independent(EIGHTH) else {
        panic!("an eighth needs loss");
    };
    assert_eq!(units(loss) / 1_000_000_000_000, 646_446);
    for (burst, good_to_bad) in [(5, 365_685), (10, 182_842), (20, 91_421)] {
        let found = chain(bursts_each_way(EIGHTH, burst));
        let millionths = units(found.good_to_bad) / 1_000_000_000_000;
        assert_eq!(millionths, good_to_bad, "burst {burst}");
        // All packets of the bad state are lost, so a burst is as long as the stay there.
        assert_eq!(Some(found.bad_to_good), Ratio::new(1, u64::from(burst)));
        assert_eq!(found.loss_bad, Ratio::ONE);
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
    let damage = before_damage(nearly, [EIGHTH, Ratio::ZERO]).expect_err("an error");
    assert_eq!(
        damage.to_string(),
        "damaged packets alone leave a ping success of less than is wanted"
    );
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
            Loss::PerDirection { forward: one_way(wanted), backward: LossModel::None },
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
        if let LossModel::GilbertElliott(chain) = bursts_shared(wanted, burst).expect("reachable") {
            let found = units(ping_success_alone(&chain));
            prop_assert!(found.abs_diff(units(wanted)) < TOLERANCE, "{chain:?} {found}");
        }
    }

    #[test]
    fn damage_is_made_up_for_or_refused(parts in 0_u64..=1_000, one in 0_u64..1_000, other in 0_u64..1_000) {
        let ratio = |parts| Ratio::new(parts, 1_000).expect("at most one");
        let (wanted, corrupt) = (ratio(parts), [one, other].map(ratio));
        let most = units(damaged(Ratio::ONE, corrupt));
        match before_damage(wanted, corrupt) {
            Ok(before) => {
                prop_assert!(units(damaged(before, corrupt)).abs_diff(units(wanted)) < 1_000);
            }
            Err(error) => {
                prop_assert_eq!(error, CalibrationError::TooMuchDamage);
                prop_assert!(most < units(wanted));
            }
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
}
