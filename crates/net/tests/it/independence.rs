//! Removing a packet, a fault, a link or a host leaves the random choices about all others unchanged.

use kernel::{Choices, Duration, Instant, key};
use net::{
    DirectionConfig, DropReason, GilbertElliott, HostId, Impairment, LinkConfig, Loss, LossModel,
    Network, Outages, Transit, Verdict,
};
use proptest::prelude::*;

use crate::two_hosts::{HERE, LOSSLESS, THERE, link, network, packet, ratio, send, slow};

fn impaired(jitter: u64) -> DirectionConfig {
    DirectionConfig {
        impairment: Impairment {
            jitter: Duration::from_millis(jitter),
            reorder: ratio(1, 5),
            reorder_delay: Duration::from_millis(70),
            duplicate: ratio(1, 4),
            corrupt: ratio(1, 3),
        },
        ..slow(20)
    }
}

fn models() -> impl Strategy<Value = LossModel> {
    prop_oneof![
        Just(LossModel::None),
        Just(LossModel::Independent { loss: ratio(1, 3) }),
        Just(LossModel::Outages(Outages {
            mean_good: Duration::from_secs(2),
            mean_outage: Duration::from_secs(1),
        })),
    ]
}

fn losses() -> impl Strategy<Value = Loss> {
    prop_oneof![
        models().prop_map(Loss::Shared),
        (models(), models())
            .prop_map(|(forward, backward)| Loss::PerDirection { forward, backward }),
    ]
}

/// What depends on the packet's own random choices only: no arrival times, no queue.
fn fate(transit: Transit) -> Vec<(Option<DropReason>, Option<u64>, bool)> {
    transit
        .verdicts()
        .map(|verdict| match verdict {
            Verdict::Deliver {
                corruption,
                duplicate,
                ..
            } => (None, corruption, duplicate),
            Verdict::Drop(reason) => (Some(reason), None, false),
        })
        .collect()
}

/// Sends packet n at n x `apart` milliseconds, alternately from here and there.
fn transits(
    network: &mut Network,
    count: u64,
    apart: u64,
    without: Option<u64>,
) -> Vec<(u64, Transit)> {
    let units = (0..count).filter(|unit| Some(*unit) != without);
    units
        .map(|unit| {
            let (from, to) = if unit % 2 == 0 {
                (HERE, THERE)
            } else {
                (THERE, HERE)
            };
            let now = Instant::ZERO + Duration::from_millis(unit * apart);
            (
                unit,
                network.transmit(now, from, &mut packet(from, to, unit, 100)),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Packets so far apart that none waits for another: all verdicts and arrival times are equal.
    #[test]
    fn without_one_packet(seed: u64, loss in losses(), gone in 0_u64..80) {
        let config = link(impaired(30), loss);
        let mut whole = transits(&mut network(seed, config.clone()), 80, 200, None);
        let rest = transits(&mut network(seed, config), 80, 200, Some(gone));
        whole.retain(|(unit, _)| *unit != gone);
        prop_assert_eq!(whole, rest);
    }

    /// Packets that wait for each other: arrival times may change, random choices do not.
    #[test]
    fn without_one_packet_in_a_queue(seed: u64, loss in losses(), gone in 0_u64..80) {
        let config = link(impaired(500), loss);
        let whole = transits(&mut network(seed, config.clone()), 80, 1, None);
        let rest = transits(&mut network(seed, config), 80, 1, Some(gone));
        let whole = whole.into_iter().filter(|(unit, _)| *unit != gone);
        for ((unit, before), (_, after)) in whole.zip(rest) {
            prop_assert_eq!(fate(before), fate(after), "packet {}", unit);
        }
    }

    #[test]
    fn in_another_order(seed: u64, loss in models()) {
        let loss = Loss::Shared(loss);
        let config = link(impaired(0), loss);
        let now = Instant::ZERO + Duration::from_secs(5);
        let mut network_up = network(seed, config.clone());
        let mut network_down = network(seed, config);
        let up: Vec<Transit> = (0..40).map(|unit| send(&mut network_up, now, unit)).collect();
        let mut down: Vec<Transit> = (0..40).rev().map(|unit| send(&mut network_down, now, unit)).collect();
        down.reverse();
        prop_assert_eq!(up, down);
    }

    #[test]
    fn without_a_scheduled_drop(seed: u64, dropped in 0_u64..80) {
        let clean = link(impaired(30), Loss::Shared(LossModel::Independent { loss: ratio(1, 3) }));
        let mut config = clean.clone();
        config.forward.scheduled.drops = vec![packet(HERE, THERE, dropped, 100).identity];
        let with = transits(&mut network(seed, config), 80, 200, None);
        let without = transits(&mut network(seed, clean), 80, 200, None);
        for ((unit, with), (_, without)) in with.into_iter().zip(without) {
            if unit == dropped && unit % 2 == 0 {
                prop_assert_eq!(with.verdicts().next(), Some(Verdict::Drop(DropReason::Scheduled)));
            } else {
                prop_assert_eq!(with, without);
            }
        }
    }

    /// Switching one impairment off does not affect another.
    #[test]
    fn without_one_impairment(seed: u64) {
        let whole = link(impaired(30), LOSSLESS);
        let mut part = whole.clone();
        part.forward.impairment = Impairment {
            corrupt: part.forward.impairment.corrupt,
            ..Impairment::default()
        };
        part.backward.impairment = part.forward.impairment;
        let whole = transits(&mut network(seed, whole), 80, 200, None);
        let part = transits(&mut network(seed, part), 80, 200, None);
        for ((_, whole), (_, part)) in whole.into_iter().zip(part) {
            prop_assert_eq!(fate(whole).first().copied(), fate(part).first().copied());
        }
    }

    #[test]
    fn without_another_link_or_host(seed: u64, loss in losses(), gone in 0_usize..3) {
        let spoke = |name: &str, host| LinkConfig {
            key: key(name),
            ends: [HostId(0), HostId(host)],
            ..link(impaired(30), loss)
        };
        let all = vec![spoke("one", 1), spoke("two", 2), spoke("three", 3), spoke("four", 4)];
        let mut some = all.clone();
        some.remove(gone);
        let last = |links: &[LinkConfig]| -> Vec<Vec<Verdict>> {
            let mut network = Network::new(Choices::new(seed), 5, links).expect("a valid configuration");
            (0..60).map(|unit| {
                let now = Instant::ZERO + Duration::from_millis(unit * 200);
                for host in 1..4 {
                    network.transmit(now, HostId(0), &mut packet(HostId(0), HostId(host), unit, 100));
                }
                let transit = network.transmit(now, HostId(0), &mut packet(HostId(0), HostId(4), unit, 100));
                transit.verdicts().collect()
            }).collect()
        };
        prop_assert_eq!(last(&all), last(&some));
    }

    /// A Gilbert-Elliott chain depends on the packets before, but two chains soon agree again.
    #[test]
    fn a_packet_wise_chain_forgets(seed: u64, gone in 0_u64..20) {
        let loss = Loss::Shared(LossModel::GilbertElliott(GilbertElliott {
            good_to_bad: ratio(1, 4),
            bad_to_good: ratio(1, 4),
            loss_good: ratio(0, 1),
            loss_bad: ratio(1, 1),
        }));
        let whole = transits(&mut network(seed, link(slow(1), loss)), 150, 200, None);
        let rest = transits(&mut network(seed, link(slow(1), loss)), 150, 200, Some(gone));
        // Half of all words lead both states to the same successor: that none of a hundred does has
        // probability 2^-100.
        prop_assert_eq!(&whole[120..], &rest[119..]);
    }
}

/// A retransmission and another seed have other random choices.
#[test]
fn attempts_and_seeds_differ() {
    let loss = Loss::Shared(LossModel::Independent { loss: ratio(1, 2) });
    let fates = |seed, attempt| -> Vec<_> {
        let mut network = network(seed, link(slow(0), loss));
        let send = |unit| {
            let mut packet = packet(HERE, THERE, unit, 100);
            packet.identity.attempt = attempt;
            fate(network.transmit(Instant::ZERO, HERE, &mut packet))
        };
        (0..64).map(send).collect()
    };
    assert_eq!(fates(1, 0), fates(1, 0));
    assert_ne!(fates(1, 0), fates(1, 1));
    assert_ne!(fates(1, 0), fates(2, 0));
}
