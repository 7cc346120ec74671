//! What the routers of a line know agrees with its outages, at every time and in any order of packets.

use kernel::{Choices, Duration, Instant};
use net::{
    Direction, DropReason, KeepAliveConfig, LinkConfig, LinkId, Loss, LossModel, Network,
    OutageInterval, Outages, Verdict,
};
use proptest::prelude::*;

use crate::two_hosts::{HERE, link, network, send, slow};

const LINK: LinkId = LinkId(0);
const NOTICE: Duration = Duration::from_secs(2);
const HANG_UP: Duration = Duration::from_secs(4);

fn watched(shared: bool) -> LinkConfig {
    let model = LossModel::Outages(Outages {
        mean_good: Duration::from_secs(2),
        mean_outage: Duration::from_secs(3),
    });
    let loss = if shared {
        Loss::Shared(model)
    } else {
        Loss::PerDirection {
            forward: model,
            backward: model,
        }
    };
    LinkConfig {
        keep_alive: KeepAliveConfig {
            unreachable_after: Some(NOTICE),
            reset_after: Some(HANG_UP),
        },
        ..link(slow(0), loss)
    }
}

/// The outages of the line: those of both directions.
fn outages(network: &Network) -> Vec<OutageInterval> {
    let both = Direction::BOTH.map(|it| network.outages(LINK, it, Instant::ZERO).take(200));
    net::loss::outage::union(both.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn routers_know_what_the_outages_say(
        seed: u64, shared: bool, mut millis in prop::collection::vec(0_u64..300_000, 1..80),
    ) {
        let mut network = network(seed, watched(shared));
        let all = outages(&network);
        millis.sort_unstable();
        for (unit, millis) in (0..).zip(millis) {
            let now = Instant::ZERO + Duration::from_millis(millis);
            let known = all.iter().any(|it| it.contains(now) && now - it.from >= NOTICE);
            let verdict = send(&mut network, now, unit).verdicts().next();
            prop_assert_eq!(verdict == Some(Verdict::Drop(DropReason::LineDown)), known);
            let ended = all.iter().filter(|it| it.until <= now && it.until - it.from >= HANG_UP);
            let since = ended.map(|it| it.until).max().unwrap_or(Instant::ZERO);
            prop_assert_eq!(network.session_since(LINK, now), Some(since));
        }
    }

    /// A reseed changes nothing before its time, and the line follows the new outages after it.
    #[test]
    fn a_reseed_keeps_what_is_known(seed: u64, other: u64, at in 0_u64..60_000, after in 0_u64..60_000) {
        let mut network = network(seed, watched(true));
        let at = Instant::ZERO + Duration::from_millis(at);
        let before = outages(&network).into_iter().find(|it| it.contains(at));
        network.reseed(at, Choices::new(other));
        let now = at + Duration::from_millis(after);
        let mut all: Vec<OutageInterval> = network.outages(LINK, Direction::Forward, at).take(100).collect();
        if let (Some(before), Some(first)) = (before, all.first_mut()) && first.from == at {
            first.from = before.from;
        }
        let known = all.iter().any(|it| it.contains(now) && now - it.from >= NOTICE);
        let verdict = send(&mut network, now, 0).verdicts().next();
        prop_assert_eq!(verdict == Some(Verdict::Drop(DropReason::LineDown)), known);
    }
}

#[test]
fn without_the_keys_the_routers_know_nothing() {
    let mut network = network(
        7,
        LinkConfig {
            keep_alive: KeepAliveConfig::default(),
            ..watched(true)
        },
    );
    for unit in 0..300 {
        let now = Instant::ZERO + Duration::from_secs(unit);
        let verdict = send(&mut network, now, unit).verdicts().next();
        assert_ne!(verdict, Some(Verdict::Drop(DropReason::LineDown)));
        assert_eq!(network.session_since(LINK, now), None);
    }
    let offered = network.statistics(LINK, Direction::Forward).offered;
    let refused = network.refuse(
        LINK,
        HERE,
        &crate::two_hosts::packet(HERE, crate::two_hosts::THERE, 0, 40),
    );
    assert_eq!(
        refused.verdicts().next(),
        Some(Verdict::Drop(DropReason::UnknownConnection))
    );
    let forward = network.statistics(LINK, Direction::Forward);
    assert_eq!(forward.offered, offered + 1);
    assert_eq!(forward.dropped(DropReason::UnknownConnection), 1);
}
