//! Two hosts and one link, which most tests use, and the packets sent over it.

use kernel::{Choices, Duration, Instant, Ratio, key};
use net::{
    DirectionConfig, HostId, Identity, KeepAliveConfig, LinkConfig, Loss, LossModel, Network,
    Packet, Protocol, Transit, Verdict,
};

pub(crate) const HERE: HostId = HostId(0);
pub(crate) const THERE: HostId = HostId(1);

/// A ratio that is known to be valid.
pub(crate) fn ratio(numerator: u64, denominator: u64) -> Ratio {
    Ratio::new(numerator, denominator).expect("at most one")
}

/// A link between the two hosts, equal in both directions.
pub(crate) fn link(direction: DirectionConfig, loss: Loss) -> LinkConfig {
    LinkConfig {
        key: key("bench"),
        ends: [HERE, THERE],
        addresses: Vec::new(),
        forward: direction.clone(),
        backward: direction,
        loss,
        keep_alive: KeepAliveConfig::default(),
        mtu: None,
    }
}

/// A direction that only delays packets.
pub(crate) fn slow(millis: u64) -> DirectionConfig {
    DirectionConfig {
        delay: Duration::from_millis(millis),
        ..DirectionConfig::default()
    }
}

/// No loss at all.
pub(crate) const LOSSLESS: Loss = Loss::Shared(LossModel::None);

pub(crate) fn network(seed: u64, link: LinkConfig) -> Network {
    Network::new(Choices::new(seed), 2, &[link]).expect("a valid configuration")
}

pub(crate) fn packet(source: HostId, destination: HostId, unit: u64, length: u32) -> Packet<()> {
    Packet {
        source,
        destination,
        addresses: [source.0 + 1, destination.0 + 1],
        protocol: Protocol::Icmp,
        time_to_live: net::packet::TIME_TO_LIVE,
        length,
        identity: Identity {
            flow: u64::from(source.0),
            unit,
            attempt: 0,
        },
        payload: (),
    }
}

/// Sends packet `unit` of 100 bytes from here to there.
pub(crate) fn send(network: &mut Network, now: Instant, unit: u64) -> Transit {
    network.transmit(now, HERE, &mut packet(HERE, THERE, unit, 100))
}

/// When the packet (not its duplicate) arrives, if it does.
pub(crate) fn arrival(transit: Transit) -> Option<Instant> {
    match transit.verdicts().next() {
        Some(Verdict::Deliver { at, .. }) => Some(at),
        Some(Verdict::Drop(_)) | None => None,
    }
}

/// Whether an echo request and its reply both arrive.
pub(crate) fn ping(network: &mut Network, now: Instant, from: HostId, unit: u64) -> bool {
    let to = HostId(1 - from.0);
    let Some(there) = arrival(network.transmit(now, from, &mut packet(from, to, unit, 60))) else {
        return false;
    };
    arrival(network.transmit(there, to, &mut packet(to, from, unit, 60))).is_some()
}

/// Asserts that `hits` of `trials` independent trials fit the probability `probability`: within five
/// standard errors and one.
pub(crate) fn assert_binomial(hits: u64, trials: u64, probability: Ratio, what: &str) {
    let (above, below) = (
        u128::from(probability.numerator()),
        u128::from(probability.denominator()),
    );
    let expected = u128::from(trials) * above / below;
    let variance = expected * (below - above) / below;
    let allowed = 5 * (variance.isqrt() + 1);
    let off = u128::from(hits).abs_diff(expected);
    assert!(
        off <= allowed,
        "{what}: {hits} of {trials}, expected {expected} +- {allowed}"
    );
}
