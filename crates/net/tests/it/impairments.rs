//! Duplication, damage, reordering and jitter occur as often and as much as configured.

use kernel::{Duration, Instant, Ratio};
use net::{Direction, DirectionConfig, Impairment, LinkId, Network, Verdict};
use proptest::prelude::*;

use crate::two_hosts::{LOSSLESS, arrival, assert_binomial, link, network, ratio, send, slow};

const PACKETS: u64 = 20_000;

fn with(impairment: Impairment) -> DirectionConfig {
    DirectionConfig {
        impairment,
        ..slow(50)
    }
}

/// Sends one packet every millisecond, and returns when the packets (not their duplicates) arrive.
fn arrivals(network: &mut Network, packets: u64) -> Vec<Instant> {
    (0..packets)
        .filter_map(|unit| {
            let now = Instant::ZERO + Duration::from_millis(unit);
            arrival(send(network, now, unit))
        })
        .collect()
}

#[test]
fn duplicates_and_damage_have_their_probability() {
    for probability in [ratio(0, 1), ratio(1, 100), ratio(1, 3), ratio(1, 1)] {
        let impairment = Impairment {
            duplicate: probability,
            corrupt: probability,
            ..Impairment::default()
        };
        let mut network = network(5, link(with(impairment), LOSSLESS));
        arrivals(&mut network, PACKETS);
        let statistics = network.statistics(LinkId(0), Direction::Forward);
        assert_eq!(statistics.delivered, PACKETS);
        assert_binomial(statistics.duplicates, PACKETS, probability, "duplicates");
        let copies = statistics.delivered + statistics.duplicates;
        assert_binomial(statistics.corrupted, copies, probability, "damaged copies");
    }
}

#[test]
fn a_reordered_packet_is_late_by_the_reorder_delay() {
    let hold = Duration::from_millis(3);
    for probability in [ratio(0, 1), ratio(1, 10), Ratio::ONE] {
        let impairment = Impairment {
            reorder: probability,
            reorder_delay: hold,
            ..Impairment::default()
        };
        let mut network = network(5, link(with(impairment), LOSSLESS));
        let mut late = 0;
        for (unit, at) in (0..).zip(arrivals(&mut network, PACKETS)) {
            let due = Instant::ZERO + Duration::from_millis(unit + 50);
            assert!(at == due || at == due + hold, "packet {unit} at {at}");
            late += u64::from(at > due);
        }
        assert_binomial(late, PACKETS, probability, "held back");
    }
}

/// Uniform jitter: for packets far apart, its mean is half of its bound.
#[test]
fn jitter_is_uniform() {
    let jitter = Duration::from_micros(900);
    let impairment = Impairment {
        jitter,
        ..Impairment::default()
    };
    let mut network = network(5, link(with(impairment), LOSSLESS));
    let mut total = 0;
    let mut below_a_third = 0;
    for (unit, at) in (0..).zip(arrivals(&mut network, PACKETS)) {
        let late = at - (Instant::ZERO + Duration::from_millis(unit + 50));
        assert!(late <= jitter);
        total += late.nanos();
        below_a_third += u64::from(late.nanos() < jitter.nanos() / 3);
    }
    // Five standard errors: 900 us / sqrt(12 x 20,000) x 5 = 9.2 us.
    let mean = total / PACKETS;
    assert!(mean.abs_diff(450_000) < 9_200, "{mean}");
    assert_binomial(below_a_third, PACKETS, ratio(1, 3), "jitter below a third");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn jitter_does_not_reorder(seed: u64, jitter in 0_u64..200, duplicate in 0_u64..=4) {
        let impairment = Impairment {
            jitter: Duration::from_millis(jitter),
            duplicate: ratio(duplicate, 4),
            ..Impairment::default()
        };
        let mut network = network(seed, link(with(impairment), LOSSLESS));
        let mut last = Instant::ZERO;
        for unit in 0..100 {
            let now = Instant::ZERO + Duration::from_millis(unit);
            for verdict in send(&mut network, now, unit).verdicts() {
                let Verdict::Deliver { at, .. } = verdict else {
                    panic!("nothing is lost here");
                };
                prop_assert!(at >= last);
                prop_assert!(at >= now + Duration::from_millis(50));
                last = at;
            }
        }
        // A packet waits at most for the jitter of one before it.
        prop_assert!(last <= Instant::ZERO + Duration::from_millis(99 + 50 + jitter));
    }
}

/// Each copy has its own random word for its damage.
#[test]
fn each_copy_has_its_own_damage() {
    let impairment = Impairment {
        duplicate: Ratio::ONE,
        corrupt: Ratio::ONE,
        ..Impairment::default()
    };
    let mut network = network(5, link(with(impairment), LOSSLESS));
    let words: Vec<Option<u64>> = send(&mut network, Instant::ZERO, 0)
        .verdicts()
        .map(|verdict| match verdict {
            Verdict::Deliver { corruption, .. } => corruption,
            Verdict::Drop(_) => None,
        })
        .collect();
    let [Some(first), Some(second)] = words[..] else {
        panic!("two damaged copies: {words:?}");
    };
    assert_ne!(first, second);
}
