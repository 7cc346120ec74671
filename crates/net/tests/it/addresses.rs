//! Addresses that belong to a link: packets to and from them pass it.

use kernel::{Choices, Instant, mix};
use net::{
    Direction, DropReason, Endpoints, HostId, LinkConfig, LinkId, LinkState, Network, NetworkError,
    Verdict,
};
use proptest::prelude::*;

use crate::two_hosts::{LOSSLESS, link, packet, slow};

/// An address of a host on a link.
const fn on(host: u32, link: u32) -> u32 {
    0x0A00_0000 + host * 256 + link
}

/// Both ends of each link have an address on it.
fn joined(hosts: u32, ends: &[(u32, u32)]) -> Network {
    let links: Vec<LinkConfig> = (0..)
        .zip(ends)
        .map(|(number, &(one, other))| LinkConfig {
            key: mix(77, u64::from(number)),
            ends: [HostId(one), HostId(other)],
            addresses: vec![on(one, number), on(other, number)],
            ..link(slow(10), LOSSLESS)
        })
        .collect();
    Network::new(Choices::new(1), hosts, &links).expect("a valid configuration")
}

/// The links that a packet passes.
fn travel(network: &mut Network, ends: Endpoints) -> Result<Vec<LinkId>, DropReason> {
    let mut packet = packet(ends.source, ends.destination, 0, 100);
    packet.addresses = ends.addresses;
    let (mut at, mut passed) = (ends.source, Vec::new());
    while at != ends.destination {
        let transit = network.transmit(Instant::ZERO, at, &mut packet);
        let verdict = transit.verdicts().next().expect("one verdict");
        if let Verdict::Drop(reason) = verdict {
            return Err(reason);
        }
        passed.extend(transit.link);
        at = transit.next.expect("delivered somewhere");
    }
    Ok(passed)
}

#[test]
fn each_of_two_links_between_two_hosts_carries_its_addresses() {
    let mut network = joined(2, &[(0, 1), (1, 0)]);
    let between = |from: u32, to: u32| Endpoints {
        source: HostId(0),
        destination: HostId(1),
        addresses: [from, to],
    };
    let unbound = between(1, 2);
    let (first, second) = (between(1, on(1, 0)), between(1, on(1, 1)));
    let from_second = between(on(0, 1), 2);
    assert_eq!(travel(&mut network, unbound), Ok(vec![LinkId(0)]));
    assert_eq!(travel(&mut network, first), Ok(vec![LinkId(0)]));
    assert_eq!(travel(&mut network, second), Ok(vec![LinkId(1)]));
    assert_eq!(travel(&mut network, from_second), Ok(vec![LinkId(1)]));
    network.set_link_state(LinkId(0), LinkState::Withdrawn);
    // Other packets take the other link; those of the addresses are lost with theirs.
    assert_eq!(travel(&mut network, unbound), Ok(vec![LinkId(1)]));
    assert_eq!(travel(&mut network, second), Ok(vec![LinkId(1)]));
    assert_eq!(travel(&mut network, first), Err(DropReason::NoRoute));
    let from_first = between(on(0, 0), 2);
    assert_eq!(travel(&mut network, from_first), Err(DropReason::NoRoute));
    let counted = network.statistics(LinkId(0), Direction::Forward);
    assert_eq!(counted.dropped(DropReason::NoRoute), 2);
    network.set_link_state(LinkId(1), LinkState::Withdrawn);
    network.set_link_state(LinkId(0), LinkState::Up);
    assert_eq!(travel(&mut network, second), Err(DropReason::NoRoute));
    assert_eq!(travel(&mut network, first), Ok(vec![LinkId(0)]));
}

#[test]
fn a_packet_does_not_leave_by_a_link_that_leads_back() {
    // 0 - 1 - 2, from the address of 1 on its link to 2, to 0.
    let mut network = joined(3, &[(0, 1), (1, 2)]);
    let ends = Endpoints {
        source: HostId(1),
        destination: HostId(0),
        addresses: [on(1, 1), 7],
    };
    assert_eq!(travel(&mut network, ends), Ok(vec![LinkId(0)]));
}

#[test]
fn an_address_belongs_to_one_link() {
    let two = |addresses: [Vec<u32>; 2]| {
        let links = (0..).zip(addresses).map(|(number, addresses)| LinkConfig {
            key: number,
            addresses,
            ..link(slow(10), LOSSLESS)
        });
        Network::new(Choices::new(1), 2, &links.collect::<Vec<_>>()).err()
    };
    assert_eq!(two([vec![7], vec![8]]), None);
    let same = NetworkError::SameAddress(0x0A00_0001, LinkId(0), LinkId(1));
    let message = same.to_string();
    assert_eq!(two([vec![0x0A00_0001], vec![0x0A00_0001]]), Some(same));
    assert_eq!(
        message,
        "the address 10.0.0.1 belongs to link 0 and to link 1"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the addresses: a packet arrives without a loop, by the last link or earlier, or has no route.
    #[test]
    fn packets_arrive_by_the_links_of_their_addresses(
        hosts in 2_u32..6,
        pairs in proptest::collection::vec((0_u32..6, 0_u32..6), 1..9),
        withdrawn in proptest::collection::vec(0_usize..9, 0..3),
        chosen: [proptest::sample::Index; 2],
    ) {
        let ends: Vec<(u32, u32)> = pairs
            .into_iter()
            .map(|(one, other)| (one % hosts, other % hosts))
            .filter(|(one, other)| one != other)
            .collect();
        prop_assume!(!ends.is_empty());
        let mut network = joined(hosts, &ends);
        for link in withdrawn {
            network.set_link_state(LinkId((link % ends.len()) as u32), LinkState::Withdrawn);
        }
        let [own, last] = chosen.map(|it| it.index(ends.len()));
        let (source, destination) = (ends[own].0, ends[last].1);
        prop_assume!(source != destination);
        let [own, last] = [own, last].map(|it| LinkId(it as u32));
        let path = Endpoints {
            source: HostId(source),
            destination: HostId(destination),
            addresses: [on(source, own.0), on(destination, last.0)],
        };
        let before = ends[last.0 as usize].0;
        let [is_up, last_is_up] =
            [own, last].map(|it| network.link_state(it) != LinkState::Withdrawn);
        match travel(&mut network, path) {
            Ok(passed) => {
                prop_assert!(last_is_up);
                let mut at = source;
                for link in &passed {
                    let (one, other) = ends[link.0 as usize];
                    // Whoever has the other end of the address's link sends over it.
                    prop_assert!(at != before || *link == last || (at == source && *link == own));
                    at = if one == at { other } else { one };
                }
                prop_assert!(passed.len() < 2 * hosts as usize);
            }
            Err(reason) => {
                prop_assert_eq!(reason, DropReason::NoRoute);
                let is_joined = network.component(HostId(source)) == network.component(HostId(destination));
                prop_assert!(!is_up || !last_is_up || !is_joined);
            }
        }
    }
}
