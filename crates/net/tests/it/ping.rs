//! The success rate of pings agrees with the closed forms of `net::calibration`, from both ends.

use kernel::{Duration, Instant, Ratio};
use net::{Direction, DirectionConfig, Loss, LossModel, Network, Outages, calibration};

use crate::two_hosts::{HERE, THERE, assert_binomial, link, network, packet, ping, ratio, slow};

const PINGS: u64 = 4_000;

fn successes() -> [Ratio; 5] {
    [
        ratio(0, 1),
        ratio(1, 8),
        ratio(1, 2),
        ratio(7, 8),
        ratio(1, 1),
    ]
}

fn both(model: LossModel) -> Loss {
    Loss::PerDirection {
        forward: model,
        backward: model,
    }
}

/// Sends pings from both ends, far enough apart to be independent.
fn assert_success(loss: Loss, direction: DirectionConfig, apart: Duration, wanted: Ratio) {
    let what = format!("{loss:?}");
    let mut network = network(7, link(direction, loss));
    let mut now = Instant::ZERO;
    for from in [HERE, THERE] {
        let mut answered = 0;
        for unit in 0..PINGS {
            now += apart;
            answered += u64::from(ping(&mut network, now, from, unit));
        }
        assert_binomial(answered, PINGS, wanted, &what);
        assert!(!wanted.is_zero() || answered == 0, "{what}");
        assert!(!wanted.is_one() || answered == PINGS, "{what}");
    }
}

#[test]
fn independent_loss() {
    for wanted in successes() {
        let second = Duration::from_secs(1);
        let one_way = Loss::PerDirection {
            forward: LossModel::Independent {
                loss: wanted.complement(),
            },
            backward: LossModel::None,
        };
        for loss in [both(calibration::independent(wanted)), one_way] {
            assert_success(loss, slow(100), second, wanted);
        }
        assert_success(
            Loss::Shared(calibration::independent(wanted)),
            slow(100),
            second,
            wanted,
        );
    }
}

#[test]
fn outages() {
    for wanted in successes() {
        for (outage_millis, one_way_millis) in [(30_000, 100), (10_000, 300), (3_000, 600)] {
            let mean_outage = Duration::from_millis(outage_millis);
            let direction = slow(one_way_millis);
            // Twelve mean outages later, the chain's state is independent of the former one, whatever the
            // mean good time.
            let apart = mean_outage.saturating_mul(12);
            let separation = link(direction.clone(), both(LossModel::None)).separation(60);
            let shared = calibration::outages_shared(wanted, mean_outage, separation);
            assert_success(
                Loss::Shared(shared.expect("reachable")),
                direction.clone(),
                apart,
                wanted,
            );
            let each = calibration::outages_each_way(wanted, mean_outage).expect("reachable");
            assert_success(both(each), direction, apart, wanted);
        }
    }
}

/// A packet-wise chain forgets by packets, not by time: other packets are sent between pings, in a number
/// that does not depend on what is lost.
#[test]
fn gilbert_elliott() {
    const BETWEEN: u64 = 60;
    for wanted in successes() {
        let each = calibration::bursts_each_way(wanted, 5).expect("reachable");
        let shared = calibration::bursts_shared(wanted, 5).expect("reachable");
        for loss in [both(each), Loss::Shared(shared)] {
            // Other traffic finds the bad state of a shared chain less often than pings alone do.
            let wanted = calibration::ping_success(loss, Duration::ZERO);
            let mut network = network(3, link(slow(1), loss));
            let (mut now, mut answered) = (Instant::ZERO, 0);
            for unit in 0..PINGS {
                for other in 0..BETWEEN {
                    let role = (unit + 1) * 1_000_000 + other;
                    network.transmit(now, HERE, &mut packet(HERE, THERE, role, 60));
                    network.transmit(now, THERE, &mut packet(THERE, HERE, role, 60));
                }
                answered += u64::from(ping(&mut network, now, HERE, unit));
                now += Duration::from_millis(2);
            }
            assert_binomial(answered, PINGS, wanted, &format!("{loss:?}"));
        }
    }
}

/// If nothing else moves the chain, a lost request has no reply to move it, and pings find the bad state
/// more often than packets do.
#[test]
fn gilbert_elliott_without_other_traffic() {
    const ROUNDS: u64 = 100_000;
    let LossModel::GilbertElliott(chain) =
        calibration::bursts_shared(ratio(1, 2), 5).expect("reachable")
    else {
        panic!("a half needs a chain");
    };
    let loss = Loss::Shared(LossModel::GilbertElliott(chain));
    let mut network = network(3, link(slow(1), loss));
    let mut answered = 0;
    for unit in 0..ROUNDS {
        let now = Instant::ZERO + Duration::from_millis(2 * unit);
        answered += u64::from(ping(&mut network, now, HERE, unit));
    }
    // Successive pings are correlated: assume a tenth as many independent ones.
    assert_binomial(answered / 10, ROUNDS / 10, ratio(1, 2), "alone");
}

/// Mean outage and mean good time over ten thousand outages of one timeline.
#[test]
fn mean_sojourns() {
    const OUTAGES: u64 = 10_000;
    let model = Outages {
        mean_good: Duration::from_millis(4_510),
        mean_outage: Duration::from_secs(30),
    };
    let network = network(11, link(slow(1), Loss::Shared(LossModel::Outages(model))));
    let link = net::LinkId(0);
    let (mut out, mut good, mut last) = (0, 0, None);
    for interval in network
        .outages(link, Direction::Forward, Instant::ZERO)
        .take(OUTAGES as usize)
    {
        out += (interval.until - interval.from).nanos();
        good += last.map_or(0, |end| (interval.from - end).nanos());
        last = Some(interval.until);
    }
    assert_mean(out, OUTAGES, model.mean_outage);
    assert_mean(good, OUTAGES - 1, model.mean_good);
}

/// Within five standard errors; for the mean of n exponential values that is mean / sqrt(n).
fn assert_mean(total: u64, count: u64, mean: Duration) {
    let allowed = 5 * mean.nanos() / count.isqrt();
    let found = total / count;
    assert!(found.abs_diff(mean.nanos()) <= allowed, "{found} {mean}");
}

/// Over many seeds, the state at the start has the stationary distribution.
#[test]
fn the_start_is_stationary() {
    const SEEDS: u64 = 4_000;
    let model = Outages {
        mean_good: Duration::from_secs(10),
        mean_outage: Duration::from_secs(30),
    };
    let up = |seed| {
        let network: Network =
            network(seed, link(slow(1), Loss::Shared(LossModel::Outages(model))));
        network.is_up(net::LinkId(0), Direction::Forward, Instant::ZERO)
    };
    let found = (0..SEEDS).filter(|seed| up(*seed)).count() as u64;
    assert_binomial(found, SEEDS, ratio(1, 4), "up at the start");
}
