//! Delay and bandwidth of the bad state: which packets have them, and that nothing else changes.

use std::num::NonZeroU64;

use kernel::{Duration, Instant};
use net::{
    BadState, Bandwidth, DirectionConfig, DropReason, GilbertElliott, Loss, LossModel, Verdict,
};

use crate::two_hosts::{HERE, THERE, arrival, link, network, packet, ratio, send, slow};

const GOOD: Duration = Duration::from_millis(20);
const BAD: Duration = Duration::from_secs(2);

/// A chain that is in its bad state for a fifth of the packets.
fn chain(loss_bad: (u64, u64)) -> Loss {
    Loss::Shared(LossModel::GilbertElliott(GilbertElliott {
        good_to_bad: ratio(1, 40),
        bad_to_good: ratio(1, 10),
        loss_good: ratio(0, 1),
        loss_bad: ratio(loss_bad.0, loss_bad.1),
    }))
}

fn worse() -> DirectionConfig {
    DirectionConfig {
        bad: BadState {
            delay: Some(BAD),
            bandwidth: None,
        },
        ..slow(20)
    }
}

/// How long each of 5,000 packets takes, ten seconds apart; `None` for a lost one.
fn times(seed: u64, direction: DirectionConfig, loss: Loss) -> Vec<Option<Duration>> {
    let mut network = network(seed, link(direction, loss));
    let mut one = |unit: u64| {
        let now = Instant::ZERO + Duration::from_secs(10 * unit);
        arrival(send(&mut network, now, unit)).map(|at| at - now)
    };
    (0..5_000).map(&mut one).collect()
}

#[test]
fn packets_are_slow_that_total_loss_would_lose() {
    for seed in 1..5 {
        let slow_ones = times(seed, worse(), chain((0, 1)));
        let lost = times(seed, slow(20), chain((1, 1)));
        let mut count = 0;
        for (time, lost) in slow_ones.iter().zip(&lost) {
            let expected = match lost {
                Some(_) => GOOD,
                None => BAD,
            };
            assert_eq!(*time, Some(expected));
            count += u32::from(lost.is_none());
        }
        assert!((700..1_300).contains(&count), "{count}");
    }
}

#[test]
fn the_same_packets_are_lost_with_and_without() {
    let with = times(1, worse(), chain((1, 2)));
    let without = times(1, slow(20), chain((1, 2)));
    for (with, without) in with.iter().zip(&without) {
        assert_eq!(with.is_some(), without.is_some());
        assert!(with >= without);
    }
}

/// Other models have no bad state in which packets arrive.
#[test]
fn without_a_chain_nothing_is_slow() {
    let independent = Loss::Shared(LossModel::Independent { loss: ratio(1, 2) });
    let times = times(1, worse(), independent);
    assert!(times.iter().flatten().all(|time| *time == GOOD));
}

fn rate(bits_per_second: u64) -> Bandwidth {
    Bandwidth {
        bits_per_second: NonZeroU64::new(bits_per_second).expect("some bits"),
        queue: 6_000,
    }
}

/// The queue as a list of packets: each departs at the rate of one of the states, behind those before it,
/// and is dropped exactly if it does not fit behind the ones that are not sent.
fn agrees_with_a_list(usual: Option<Bandwidth>) {
    let bad = rate(64_000);
    let direction = DirectionConfig {
        bandwidth: usual,
        bad: BadState {
            delay: None,
            bandwidth: Some(bad),
        },
        ..slow(20)
    };
    let mut network = network(3, link(direction, chain((0, 1))));
    let mut sent: Vec<(Instant, u64)> = Vec::new();
    let mut counts = [0; 3];
    for unit in 0..20_000 {
        let now = Instant::ZERO + Duration::from_millis(10 * unit);
        let length = 200 + 61 * (unit % 20);
        let waiting: u64 = sent.iter().filter(|it| it.0 > now).map(|it| it.1).sum();
        let mut packet = packet(HERE, THERE, unit, length as u32);
        let transit = network.transmit(now, HERE, &mut packet);
        let Some(at) = arrival(transit) else {
            assert_eq!(transit.verdict, Verdict::Drop(DropReason::QueueFull));
            assert!(waiting > 0 && waiting + length > 6_000, "{waiting}");
            counts[2] += 1;
            continue;
        };
        let free = sent.last().map_or(now, |it| it.0.max(now));
        let departure = [usual, Some(bad)].map(|rate| {
            let takes = rate.map_or(Duration::ZERO, |it| it.serialization(length));
            free + takes
        });
        let state = departure.iter().position(|it| *it + GOOD == at);
        let state = state.expect("the rate of one of the states");
        // Without a usual bandwidth nothing is refused in the good state.
        if state == 1 || usual.is_some() {
            assert!(waiting == 0 || waiting + length <= 6_000, "{waiting}");
        }
        counts[state] += 1;
        // What has no rate takes no room.
        let room = [usual, Some(bad)][state].map_or(0, |_| length);
        sent.push((departure[state], room));
        sent.retain(|it| it.0 + BAD > now);
    }
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}

#[test]
fn the_queue_of_two_rates_agrees_with_a_list() {
    agrees_with_a_list(Some(rate(1_000_000)));
    agrees_with_a_list(None);
}
