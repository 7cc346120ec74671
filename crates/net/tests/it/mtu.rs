//! The longest packet that a link carries.

use kernel::Instant;
use net::{Direction, DropReason, LinkConfig, LinkId, Verdict};

use crate::two_hosts::{HERE, LOSSLESS, THERE, arrival, link, network, packet, slow};

#[test]
fn a_packet_longer_than_the_mtu_is_dropped_in_both_directions() {
    let config = LinkConfig {
        mtu: Some(576),
        ..link(slow(1), LOSSLESS)
    };
    let mut network = network(1, config);
    for (from, to) in [(HERE, THERE), (THERE, HERE)] {
        assert_eq!(
            network.mtu(from, packet(from, to, 0, 576).endpoints()),
            Some(576)
        );
        let mut send = |length| {
            let mut packet = packet(from, to, u64::from(length), length);
            network.transmit(Instant::ZERO, from, &mut packet)
        };
        assert!(arrival(send(576)).is_some());
        assert_eq!(send(577).verdict, Verdict::Drop(DropReason::TooLong));
    }
    for direction in Direction::BOTH {
        let statistics = network.statistics(LinkId(0), direction);
        assert_eq!(statistics.dropped(DropReason::TooLong), 1);
        assert_eq!(statistics.delivered, 1);
    }
}
