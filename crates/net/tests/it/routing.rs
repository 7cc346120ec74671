//! Routes are shortest paths, and packets without a route are dropped with that reason.

use kernel::{Choices, Duration, Instant, mix};
use net::{
    Direction, DirectionConfig, DropReason, HostId, LinkConfig, LinkId, LinkState, Network,
    Transit, Verdict,
};
use proptest::prelude::*;

use crate::two_hosts::{LOSSLESS, link, packet, slow};

fn joined(hosts: u32, ends: &[(u32, u32)]) -> Network {
    let links: Vec<LinkConfig> = (0_u64..)
        .zip(ends)
        .map(|(name, &(one, other))| LinkConfig {
            key: mix(77, name),
            ends: [HostId(one), HostId(other)],
            ..link(slow(10), LOSSLESS)
        })
        .collect();
    Network::new(Choices::new(1), hosts, &links).expect("a valid configuration")
}

/// The link on which `from` sends to `to`.
fn route(network: &Network, from: HostId, to: HostId) -> Option<LinkId> {
    network.route(from, packet(from, to, 0, 100).endpoints())
}

/// Sends a packet hop by hop. Returns the number of hops, or why it was dropped.
fn travel(
    network: &mut Network,
    now: &mut Instant,
    from: HostId,
    to: HostId,
    time_to_live: u8,
) -> Result<u32, DropReason> {
    let mut packet = packet(from, to, 0, 100);
    packet.time_to_live = time_to_live;
    let (mut at, mut hops) = (from, 0);
    while at != to {
        let transit = network.transmit(*now, at, &mut packet);
        match transit.verdicts().next().expect("one verdict") {
            Verdict::Drop(reason) => return Err(reason),
            Verdict::Deliver { at: arrival, .. } => {
                assert_eq!(arrival, *now + Duration::from_millis(10));
                *now = arrival;
            }
        }
        at = transit.next.expect("delivered somewhere");
        hops += 1;
    }
    Ok(hops)
}

/// All distances, by the Floyd-Warshall algorithm.
fn distances(hosts: u32, ends: &[(u32, u32)], usable: &[bool]) -> Vec<Vec<Option<u32>>> {
    let count = hosts as usize;
    let mut table = vec![vec![None; count]; count];
    for (host, row) in table.iter_mut().enumerate() {
        row[host] = Some(0);
    }
    for (&(one, other), _) in ends.iter().zip(usable).filter(|(_, usable)| **usable) {
        table[one as usize][other as usize] = Some(1);
        table[other as usize][one as usize] = Some(1);
    }
    for over in 0..count {
        for from in 0..count {
            for to in 0..count {
                let Some(through) = table[from][over].zip(table[over][to]) else {
                    continue;
                };
                let through = through.0 + through.1;
                if table[from][to].is_none_or(|direct| through < direct) {
                    table[from][to] = Some(through);
                }
            }
        }
    }
    table
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_route_is_a_shortest_path(
        hosts in 2_u32..9,
        pairs in prop::collection::vec((0_u32..8, 0_u32..8), 0..14),
        toggles in prop::collection::vec(0_usize..14, 0..6),
    ) {
        let ends: Vec<(u32, u32)> = pairs.into_iter()
            .map(|(one, other)| (one % hosts, other % hosts))
            .filter(|(one, other)| one != other)
            .collect();
        let mut network = joined(hosts, &ends);
        let mut usable = vec![true; ends.len()];
        let all = distances(hosts, &ends, &usable);
        let mut lost = 0;
        let mut now = Instant::ZERO;
        for toggle in std::iter::once(None).chain(toggles.into_iter().map(Some)) {
            if let Some(link) = toggle.filter(|_| !ends.is_empty()).map(|link| link % ends.len()) {
                usable[link] = !usable[link];
                let cut = if usable[link] { LinkState::Up } else { LinkState::Withdrawn };
                network.set_link_state(LinkId(link as u32), cut);
            }
            let distances = distances(hosts, &ends, &usable);
            for from in 0..hosts {
                for to in (0..hosts).filter(|to| *to != from) {
                    let found = travel(&mut network, &mut now, HostId(from), HostId(to), 128);
                    let wanted = distances[from as usize][to as usize].ok_or(DropReason::NoRoute);
                    prop_assert_eq!(found, wanted);
                    // Without any withdrawal there would be a route: a withdrawn link counts the packet.
                    let had_route = all[from as usize][to as usize].is_some();
                    lost += u64::from(wanted.is_err() && had_route);
                    let counted = (0..ends.len() as u32).map(LinkId).map(|link| {
                        Direction::BOTH.map(|it| network.statistics(link, it).dropped(DropReason::NoRoute))
                    });
                    prop_assert_eq!(counted.flatten().sum::<u64>(), lost);
                    prop_assert_eq!(route(&network, HostId(from), HostId(to)).is_some(), wanted.is_ok());
                }
            }
        }
    }
}

const CHAIN: [(u32, u32); 3] = [(0, 1), (1, 2), (2, 3)];

#[test]
fn routers_decrement_the_time_to_live() {
    let mut network = joined(4, &CHAIN);
    let mut now = Instant::ZERO;
    let (from, to) = (HostId(0), HostId(3));
    assert_eq!(travel(&mut network, &mut now, from, to, 3), Ok(3));
    assert_eq!(
        travel(&mut network, &mut now, from, to, 2),
        Err(DropReason::TtlExceeded)
    );
    assert_eq!(
        travel(&mut network, &mut now, from, to, 0),
        Err(DropReason::TtlExceeded)
    );
}

#[test]
fn the_first_of_equal_links_is_used_and_the_other_is_a_backup() {
    let mut network = joined(2, &[(0, 1), (1, 0)]);
    let (from, to) = (HostId(0), HostId(1));
    assert_eq!(route(&network, from, to), Some(LinkId(0)));
    assert_eq!(route(&network, to, from), Some(LinkId(0)));
    assert_eq!(route(&network, from, from), None);
    network.set_link_state(LinkId(0), LinkState::Withdrawn);
    assert_eq!(route(&network, from, to), Some(LinkId(1)));
    network.set_link_state(LinkId(1), LinkState::Withdrawn);
    assert_eq!(route(&network, from, to), None);
    let mut now = Instant::ZERO;
    let found = travel(&mut network, &mut now, to, from, 128);
    assert_eq!(found, Err(DropReason::NoRoute));
    // The first link is the one that the packet would have taken; `to` is its second end.
    let statistics = network.statistics(LinkId(0), Direction::Backward);
    assert_eq!(
        (statistics.offered, statistics.dropped(DropReason::NoRoute)),
        (1, 1)
    );
    network.set_link_state(LinkId(0), LinkState::Up);
    assert_eq!(route(&network, from, to), Some(LinkId(0)));
}

#[test]
fn a_black_hole_keeps_its_route_and_drops_everything() {
    let mut network = joined(2, &[(0, 1), (0, 1)]);
    let (from, to) = (HostId(0), HostId(1));
    network.set_link_state(LinkId(0), LinkState::BlackHole);
    assert_eq!(network.link_state(LinkId(0)), LinkState::BlackHole);
    assert_eq!(route(&network, from, to), Some(LinkId(0)));
    let transit: Transit = network.transmit(Instant::ZERO, from, &mut packet(from, to, 0, 100));
    assert_eq!((transit.link, transit.next), (Some(LinkId(0)), Some(to)));
    assert_eq!(
        transit.verdicts().collect::<Vec<_>>(),
        [Verdict::Drop(DropReason::BlackHole)]
    );
    assert_eq!(
        network
            .statistics(LinkId(0), Direction::Forward)
            .dropped(DropReason::BlackHole),
        1
    );
    network.set_link_state(LinkId(0), LinkState::Up);
    let mut now = Instant::ZERO;
    assert_eq!(travel(&mut network, &mut now, from, to, 128), Ok(1));
}

#[test]
fn the_two_directions_may_differ() {
    let config = LinkConfig {
        backward: DirectionConfig {
            delay: Duration::from_millis(300),
            ..DirectionConfig::default()
        },
        ..link(slow(10), LOSSLESS)
    };
    let mut network = Network::new(Choices::new(1), 2, &[config]).expect("a valid configuration");
    for (from, to, millis) in [(0, 1, 10), (1, 0, 300)] {
        let (from, to) = (HostId(from), HostId(to));
        let transit = network.transmit(Instant::ZERO, from, &mut packet(from, to, 0, 100));
        let at = Instant::ZERO + Duration::from_millis(millis);
        assert_eq!(crate::two_hosts::arrival(transit), Some(at));
    }
}

#[test]
#[should_panic(expected = "the packet has arrived")]
fn transmit_at_the_destination_panics() {
    let mut network = joined(2, &[(0, 1)]);
    network.transmit(
        Instant::ZERO,
        HostId(1),
        &mut packet(HostId(0), HostId(1), 0, 100),
    );
}
