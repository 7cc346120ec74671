//! Pings one link of a scenario, without any other traffic.
//!
//! The link makes the same random choices as in a run with the same seed. Pinned outages, cuts of the link
//! and crashes of its hosts apply; a seed pinned from a time on (`pin.reseed`) does not.

mod interruptions;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use kernel::{Choices, Duration, Instant, Ratio, key};
use net::icmp::{Echo, IcmpMessage};
use net::{
    DropReason, HostId, Identity, LinkConfig, LinkId, LinkState, Loss, LossModel, Network, Packet,
    Protocol, Verdict, calibration,
};

use crate::lowering;
use crate::names;
use config::plan::Scenario;
use config::untrusted_text;
use interruptions::Interruptions;

/// A series of pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingSeries {
    /// Echo requests, at most [`COUNT_MAX`].
    pub count: u32,
    /// When the first request is sent.
    pub start: Instant,
    /// Time from one request to the next.
    pub interval: Duration,
    /// A reply that takes longer counts as lost.
    pub timeout: Duration,
    /// Bytes of data.
    pub length: u16,
}

/// The result of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingReport {
    /// The address of the second host of the link.
    pub target: Ipv4Addr,
    /// The series.
    pub settings: PingSeries,
    /// What came back, in the order of the requests.
    pub replies: Vec<EchoReply>,
    /// The expected fraction of replies, computed from the link's parameters. It assumes that no
    /// reply is late, no packet waits in a queue and no fault occurs.
    pub expected: Ratio,
}

/// What became of one echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoReply {
    /// The reply came after this time.
    Received(Duration),
    /// The first host had no route: a fault had withdrawn the link.
    Unreachable,
    /// No reply came in time.
    TimedOut,
}

/// Why a link cannot be pinged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PingError {
    /// The scenario has no link of this name.
    #[error(
        "the scenario has no link `{}`; its links are: {}",
        untrusted_text::line(asked),
        list(known)
    )]
    UnknownLink {
        /// The name that was asked for.
        asked: String,
        /// The names of the scenario's links.
        known: Vec<String>,
    },
    /// More than [`COUNT_MAX`] requests.
    #[error("{0} pings exceed {COUNT_MAX}")]
    TooMany(u32),
    /// The link cannot be built as the scenario says.
    #[error(transparent)]
    Link(#[from] lowering::LoweringError),
}

/// The most requests of one series.
pub const COUNT_MAX: u32 = 1_000_000;
/// Bytes of the IP header.
const IP_HEADER: u32 = 20;
const ICMP_HEADER: u32 = net::icmp::HEADER_LENGTH as u32;
/// The identifier of the echo requests; there is only one series.
const IDENTIFIER: u16 = 1;
const LINK: LinkId = LinkId(0);
const SOURCE: HostId = HostId(0);
const TARGET: HostId = HostId(1);

impl PingSeries {
    /// As `ping` of Windows NT: one request per second, 32 bytes, a timeout of one second.
    #[must_use]
    pub const fn windows_nt(count: u32) -> Self {
        Self {
            count,
            start: Instant::ZERO,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            length: 32,
        }
    }
}

impl PingReport {
    /// Number of replies in time.
    #[must_use]
    pub fn received(&self) -> u32 {
        self.received_times().count() as u32
    }

    /// The shortest, longest and mean round-trip time; `None` without a reply.
    #[must_use]
    pub fn times(&self) -> Option<[Duration; 3]> {
        let times = || self.received_times();
        let total: u128 = times().map(|it| u128::from(it.nanos())).sum();
        let mean = total / u128::from(self.received().max(1));
        let mean = Duration::from_nanos(mean as u64);
        Some([times().min()?, times().max()?, mean])
    }

    fn received_times(&self) -> impl Iterator<Item = Duration> {
        self.replies.iter().filter_map(|reply| reply.time())
    }
}

impl EchoReply {
    /// The round-trip time; `None` if no reply came in time.
    #[must_use]
    pub const fn time(self) -> Option<Duration> {
        match self {
            Self::Received(time) => Some(time),
            Self::Unreachable | Self::TimedOut => None,
        }
    }
}

/// The address that a ping over a link names: one of the link, else the host's.
fn target(scenario: &Scenario, link: &str) -> Ipv4Addr {
    let link = &scenario.links[link];
    let name = &link.between[1];
    let of_link = link.addresses.iter().flatten();
    let mut own = scenario.hosts[name].all_addresses();
    let found = own.find(|it| of_link.clone().any(|of_link| of_link == it));
    let hosts = scenario.hosts.keys().zip(names::addresses(scenario));
    let mut usual = hosts
        .filter(|(host, _)| *host == name)
        .map(|it| it.1.into());
    found
        .or_else(|| usual.next())
        .unwrap_or(Ipv4Addr::UNSPECIFIED)
}

/// Pings the second host of a link from the first.
///
/// # Errors
/// If there is no such link, if it cannot be built, or if the series is too long.
pub fn ping(
    scenario: &Scenario,
    seed: u64,
    link: &str,
    settings: PingSeries,
) -> Result<PingReport, PingError> {
    if settings.count > COUNT_MAX {
        return Err(PingError::TooMany(settings.count));
    }
    let known: Vec<String> = scenario.links.keys().cloned().collect();
    let Some(index) = known.iter().position(|name| name == link) else {
        let asked = link.to_owned();
        return Err(PingError::UnknownLink { asked, known });
    };
    let mut config = lowering::links(scenario)?.swap_remove(index);
    let target = target(scenario, link);
    // The link alone, without the rest of the network. Its key and the seed are the scenario's, so
    // it loses what it loses in a run.
    config.ends = [SOURCE, TARGET];
    config.addresses.clear();
    let choices = Choices::new(seed);
    let network = Network::new(choices, 2, std::slice::from_ref(&config))
        .map_err(lowering::LoweringError::Network)?;
    let series = PingSimulation {
        network,
        interruptions: Interruptions::new(scenario, choices, link),
        settings,
        is_too_slow: shortest_round_trip(&config, settings.length) > settings.timeout,
        flow: key(link),
        pending: BTreeMap::new(),
        scheduled: 0,
        replies: vec![EchoReply::TimedOut; settings.count as usize],
    };
    Ok(PingReport {
        target,
        settings,
        replies: series.run(),
        expected: expected_fraction(&config, settings.length),
    })
}

/// How long a ping takes that waits in no queue.
fn shortest_round_trip(config: &LinkConfig, length: u16) -> Duration {
    let length = IP_HEADER + ICMP_HEADER + u32::from(length);
    let ways = [&config.forward, &config.backward];
    let nanos = ways.map(|way| {
        let bandwidth = way.bandwidth;
        let sending = bandwidth.map_or(Duration::ZERO, |it| it.serialization(u64::from(length)));
        sending.nanos().saturating_add(way.delay.nanos())
    });
    Duration::from_nanos(nanos[0].saturating_add(nanos[1]))
}

/// The expected fraction of replies. A Gilbert-Elliott chain advances once per packet; here these
/// pings are the only packets.
fn expected_fraction(config: &LinkConfig, length: u16) -> Ratio {
    let length = IP_HEADER + ICMP_HEADER + u32::from(length);
    let success = match config.loss {
        Loss::Shared(LossModel::GilbertElliott(chain)) => calibration::ping_success_alone(&chain),
        loss @ (Loss::Shared(
            LossModel::None | LossModel::Independent { .. } | LossModel::Outages(_),
        )
        | Loss::PerDirection { .. }) => calibration::ping_success(loss, config.separation(length)),
    };
    let corrupt = [&config.forward, &config.backward].map(|it| it.impairment.corrupt);
    calibration::damaged(success, corrupt)
}

/// A series in progress: a small separate simulation.
struct PingSimulation {
    network: Network,
    interruptions: Interruptions,
    settings: PingSeries,
    /// Whether no reply can come in time, even if nothing waits in a queue.
    is_too_slow: bool,
    flow: u64,
    /// Pending events by time, then by the order in which they were scheduled.
    pending: BTreeMap<(Instant, u64), PingEvent>,
    scheduled: u64,
    replies: Vec<EchoReply>,
}

/// Something that is due for the request of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PingEvent {
    Send(u32),
    RequestArrives(u32),
    ReplyArrives(u32),
}

impl PingSimulation {
    fn run(mut self) -> Vec<EchoReply> {
        if self.settings.count > 0 {
            self.schedule(self.settings.start, PingEvent::Send(0));
        }
        while let Some(((now, _), event)) = self.pending.pop_first() {
            match event {
                PingEvent::Send(number) => {
                    self.send(now, SOURCE, number, PingEvent::RequestArrives(number));
                    if number + 1 < self.settings.count {
                        let next = now.saturating_add(self.settings.interval);
                        self.schedule(next, PingEvent::Send(number + 1));
                    }
                }
                PingEvent::RequestArrives(number) => {
                    self.send(now, TARGET, number, PingEvent::ReplyArrives(number))
                }
                PingEvent::ReplyArrives(number) => self.on_reply(now, number),
            }
        }
        self.replies
    }

    fn schedule(&mut self, at: Instant, event: PingEvent) {
        self.scheduled += 1;
        self.pending.insert((at, self.scheduled), event);
    }

    fn send(&mut self, now: Instant, from: HostId, number: u32, then: PingEvent) {
        let echo = Echo {
            identifier: IDENTIFIER,
            // The sequence field has 16 bits, so it wraps in a long series.
            sequence: (number & 0xffff) as u16,
            length: self.settings.length,
        };
        let (payload, destination, attempt) = if from == SOURCE {
            (IcmpMessage::Echo(echo), TARGET, 0)
        } else {
            (IcmpMessage::EchoReply(echo), SOURCE, 1)
        };
        let mut packet = Packet {
            source: from,
            destination,
            // One link is between these hosts: its address decides no route.
            addresses: [0; 2],
            protocol: Protocol::Icmp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: IP_HEADER + payload.length() as u32,
            identity: Identity {
                flow: self.flow,
                unit: u64::from(number),
                attempt,
            },
            payload,
        };
        if self.interruptions.is_down(from, now) {
            return;
        }
        let state = self.interruptions.link_state(now);
        // A line of 1 bit/s keeps thousands of requests for days, and each outage until then would be drawn, for
        // replies that are all too late.
        if self.is_too_slow && state == LinkState::Up {
            return;
        }
        self.network.set_link_state(LINK, state);
        let transit = self.network.transmit(now, from, &mut packet);
        if from == SOURCE && transit.verdict == Verdict::Drop(DropReason::NoRoute) {
            self.replies[number as usize] = EchoReply::Unreachable;
        }
        for verdict in transit.verdicts() {
            match verdict {
                // A checksum always detects a single wrong bit.
                Verdict::Drop(_)
                | Verdict::Deliver {
                    corruption: Some(_),
                    ..
                } => {}
                Verdict::Deliver {
                    at,
                    corruption: None,
                    ..
                } => self.schedule(at, then),
            }
        }
    }

    /// A reply arrives. If it was duplicated, the first copy counts.
    fn on_reply(&mut self, now: Instant, number: u32) {
        let sent = Duration::from_nanos(
            self.settings
                .interval
                .nanos()
                .saturating_mul(u64::from(number)),
        );
        let took = now - self.settings.start.saturating_add(sent);
        if self.interruptions.is_down(SOURCE, now) || took > self.settings.timeout {
            return;
        }
        let reply = &mut self.replies[number as usize];
        if *reply == EchoReply::TimedOut {
            *reply = EchoReply::Received(took);
        }
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests;
