//! Bandwidth and the drop-tail queue, compared with an explicit list of packets.

use std::num::NonZeroU64;

use kernel::{Duration, Instant};
use net::{Bandwidth, Direction, DirectionConfig, DropReason, Verdict};
use proptest::prelude::*;

use crate::two_hosts::{HERE, LOSSLESS, THERE, arrival, link, network, packet};

fn line(bits_per_second: u64, queue: u64) -> DirectionConfig {
    DirectionConfig {
        delay: Duration::from_millis(5),
        bandwidth: Some(bandwidth(bits_per_second, queue)),
        ..DirectionConfig::default()
    }
}

fn bandwidth(bits_per_second: u64, queue: u64) -> Bandwidth {
    Bandwidth {
        bits_per_second: NonZeroU64::new(bits_per_second).expect("some bits"),
        queue,
    }
}

/// The queue as a list: the bytes of each packet, and the instant at which its last bit is sent.
struct QueueModel {
    bandwidth: Bandwidth,
    packets: Vec<(u64, Instant)>,
}

impl QueueModel {
    /// Bytes of waiting packets, and the unsent rest of the one in transmission, rounded up.
    fn waiting(&self, now: Instant) -> u64 {
        let left = |&(bytes, departure): &(u64, Instant)| {
            let nanos = u128::from(departure.saturating_since(now).nanos());
            let rest =
                (nanos * u128::from(self.bandwidth.bits_per_second.get())).div_ceil(8_000_000_000);
            bytes.min(u64::try_from(rest).expect("small"))
        };
        // Only the first of these can be in transmission.
        let mut there = self
            .packets
            .iter()
            .filter(|(_, departure)| *departure > now);
        there.next().map_or(0, left) + there.map(|(bytes, _)| bytes).sum::<u64>()
    }

    fn departure(&self, now: Instant, bytes: u64) -> Instant {
        let free = self
            .packets
            .last()
            .map_or(now, |(_, departure)| now.max(*departure));
        free + self.bandwidth.serialization(bytes)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_agrees_with_a_list(
        bits_per_second in 300_u64..10_000_000,
        queue in 0_u64..20_000,
        packets in prop::collection::vec((0_u64..50_000_000, 20_u32..1_500), 1..120),
    ) {
        let mut network = network(1, link(line(bits_per_second, queue), LOSSLESS));
        let mut model = QueueModel { bandwidth: bandwidth(bits_per_second, queue), packets: Vec::new() };
        let mut now = Instant::ZERO;
        for (unit, (gap, length)) in (0..).zip(packets) {
            now += Duration::from_nanos(gap);
            let transit = network.transmit(now, HERE, &mut packet(HERE, THERE, unit, length));
            let bytes = u64::from(length);
            let waiting = model.waiting(now);
            // Departures are rounded to nanoseconds: for each packet, the two may differ by the bytes that
            // are sent in one.
            let slack = 2 + (model.packets.len() as u64 * bits_per_second) / 8_000_000_000;
            match arrival(transit) {
                Some(at) => {
                    let departure = model.departure(now, bytes);
                    prop_assert_eq!(at, departure + Duration::from_millis(5));
                    prop_assert!(waiting == 0 || waiting + bytes <= queue + slack);
                    model.packets.push((bytes, departure));
                }
                None => {
                    prop_assert_eq!(transit.verdicts().next(), Some(Verdict::Drop(DropReason::QueueFull)));
                    prop_assert!(waiting > 0 && waiting + bytes + slack > queue);
                }
            }
        }
        let statistics = network.statistics(net::LinkId(0), Direction::Forward);
        prop_assert_eq!(statistics.delivered, model.packets.len() as u64);
        prop_assert_eq!(statistics.dropped(DropReason::QueueFull), statistics.offered - statistics.delivered);
    }
}

#[test]
fn serialization_on_a_modem_line() {
    // 28,800 bits per second: 360 bytes take 0.1 s.
    let mut network = network(1, link(line(28_800, 720), LOSSLESS));
    let mut send =
        |unit| network.transmit(Instant::ZERO, HERE, &mut packet(HERE, THERE, unit, 360));
    let arrivals: Vec<Option<u64>> = (0..3)
        .map(|unit| arrival(send(unit)).map(|at| at.nanos() / 1_000_000))
        .collect();
    assert_eq!(arrivals, [Some(105), Some(205), None]);
}

#[test]
fn the_two_directions_are_independent() {
    let mut network = network(1, link(line(8_000, 0), LOSSLESS));
    for (from, to) in [(HERE, THERE), (THERE, HERE)] {
        let transit = network.transmit(Instant::ZERO, from, &mut packet(from, to, 0, 1_000));
        assert_eq!(
            arrival(transit),
            Some(Instant::ZERO + Duration::from_millis(1_005))
        );
    }
}
