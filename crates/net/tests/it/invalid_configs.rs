//! Every error of an invalid configuration, with its message.

use std::num::NonZeroU64;

use kernel::{Choices, Duration, Instant};
use net::{Bandwidth, HostId, LinkConfig, Loss, LossModel, Network, OutageInterval, Outages};

use crate::two_hosts::{HERE, LOSSLESS, THERE, link, packet, slow};

fn error(change: impl FnOnce(&mut LinkConfig)) -> String {
    let mut config = link(slow(10), LOSSLESS);
    change(&mut config);
    Network::new(Choices::new(1), 2, &[config])
        .expect_err("an error")
        .to_string()
}

fn interval(from: u64, until: u64) -> OutageInterval {
    OutageInterval {
        from: Instant::from_nanos(from),
        until: Instant::from_nanos(until),
    }
}

fn outages(mean_good: Duration, mean_outage: Duration) -> Loss {
    Loss::Shared(LossModel::Outages(Outages {
        mean_good,
        mean_outage,
    }))
}

#[test]
fn ends() {
    assert_eq!(
        error(|link| link.ends[1] = HostId(2)),
        "link 0: there is no host 2"
    );
    assert_eq!(
        error(|link| link.ends[1] = HERE),
        "link 0: both ends are host 0"
    );
}

#[test]
fn values_above_their_limits() {
    let day = Duration::from_secs(86_400);
    assert_eq!(
        error(|link| link.forward.delay = day),
        "link 0: a delay of 24h exceeds 1h"
    );
    assert_eq!(
        error(|link| link.backward.impairment.jitter = day),
        "link 0: a delay of 24h exceeds 1h"
    );
    assert_eq!(
        error(|link| link.forward.bad.delay = Some(day)),
        "link 0: a delay of 24h exceeds 1h"
    );
    assert_eq!(
        error(|link| link.mtu = Some(67)),
        "link 0: an MTU of 67 bytes is below 68"
    );
    let bandwidth = Bandwidth {
        bits_per_second: NonZeroU64::MIN,
        queue: 16_777_217,
    };
    assert_eq!(
        error(|link| link.backward.bad.bandwidth = Some(bandwidth)),
        "link 0: a queue of 16777217 bytes exceeds 16777216"
    );
    assert_eq!(
        error(|link| link.forward.bandwidth = Some(bandwidth)),
        "link 0: a queue of 16777217 bytes exceeds 16777216"
    );
    let for_ever = Duration::from_secs(100_000_001);
    assert_eq!(
        error(|link| link.loss = outages(Duration::ZERO, for_ever)),
        "link 0: a mean of 100000001s exceeds 100000000s"
    );
    assert_eq!(
        error(|link| link.loss = outages(Duration::ZERO, Duration::ZERO)),
        "link 0: mean good and mean outage cannot both be zero"
    );
}

#[test]
fn unsorted_scheduled_losses() {
    let disorder =
        "link 0: scheduled outages must be sorted, not empty, and with a gap between each two";
    for intervals in [
        vec![interval(5, 5)],
        vec![interval(5, 9), interval(9, 12)],
        vec![interval(20, 30), interval(1, 2)],
    ] {
        assert_eq!(
            error(|link| link.forward.scheduled.outages = intervals),
            disorder
        );
    }
    let twice = vec![packet(HERE, THERE, 1, 100).identity; 2];
    assert_eq!(
        error(|link| link.forward.scheduled.drops = twice),
        "link 0: scheduled drops must be sorted and name each packet once"
    );
    let many = (0..100_001).map(|n| interval(3 * n, 3 * n + 1)).collect();
    assert_eq!(
        error(|link| link.forward.scheduled.outages = many),
        "link 0: 100001 scheduled losses exceed 100000"
    );
}

#[test]
fn too_many_parts_and_equal_keys() {
    let choices = Choices::new(1);
    let text = |hosts, links: &[LinkConfig]| {
        Network::new(choices, hosts, links)
            .expect_err("an error")
            .to_string()
    };
    let one = link(slow(10), LOSSLESS);
    assert_eq!(text(16_385, &[]), "16385 hosts exceed 16384");
    // In a ring, each host has two links and is a router.
    let ring = (0..2_049).map(|host| LinkConfig {
        key: u64::from(host),
        ends: [HostId(host), HostId((host + 1) % 2_049)],
        ..one.clone()
    });
    let ring: Vec<LinkConfig> = ring.collect();
    assert_eq!(
        text(2_049, &ring),
        "2049 hosts with several links exceed 2048"
    );
    assert_eq!(
        text(2, &vec![one.clone(); 65_537]),
        "65537 links exceed 65536"
    );
    assert_eq!(
        text(2, &[one.clone(), one]),
        "links 0 and 1 have the same key"
    );
}
