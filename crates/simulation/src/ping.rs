//! What a ping sees of a link.
//!
//! Owns a series of echo requests over one link of a scenario, and what came back. It refuses
//! all other traffic and the scenario's faults: it measures how the link fails by itself,
//! pinned happenings included, with the same luck that a run of that seed has.

use std::collections::BTreeMap;

use kernel::{Choices, Duration, Instant, Ratio, key};
use net::icmp::{Echo, Message};
use net::{
    HostId, Identity, LinkConfig, Loss, LossModel, Network, Packet, Protocol, Verdict, calibration,
};

use crate::lowering;
use crate::names;
use config::plan::Scenario;

/// How to ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Echo requests, at most [`COUNT_MAX`].
    pub count: u32,
    /// Time from one to the next.
    pub interval: Duration,
    /// A reply that takes longer counts as lost.
    pub patience: Duration,
    /// Bytes of data.
    pub length: u16,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who is asked: the second host of the link.
    pub target: std::net::Ipv4Addr,
    /// How it was done.
    pub plan: Plan,
    /// The time each reply took, in the order of the requests; `None` for none in time.
    pub replies: Vec<Option<Duration>>,
    /// The share that is answered in the long run by the link's arithmetic, if no reply is late
    /// and nothing waits in a queue.
    pub closed_form: Ratio,
}

/// Why there is no ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PingError {
    /// The scenario has no such link; these it has.
    UnknownLink {
        /// The name asked for.
        asked: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// More than [`COUNT_MAX`] requests.
    TooMany(u32),
    /// The link cannot be built as the scenario says.
    Link(lowering::LoweringError),
}

/// The most requests of one series.
pub const COUNT_MAX: u32 = 1_000_000;
/// Bytes of the IP header.
const IP_HEADER: u32 = 20;
/// Which series of pings this is; there is only the one.
const IDENTIFIER: u16 = 1;
const SOURCE: HostId = HostId(0);
const TARGET: HostId = HostId(1);

impl Plan {
    /// As the ping of Windows NT does it: one a second, 32 bytes, a second's patience.
    #[must_use]
    pub const fn windows_nt(count: u32) -> Self {
        Self {
            count,
            interval: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            length: 32,
        }
    }
}

impl Report {
    /// How many requests were answered in time.
    #[must_use]
    pub fn received(&self) -> u32 {
        self.replies.iter().flatten().count() as u32
    }

    /// The shortest and the longest time of a reply, and the mean; `None` without a reply.
    #[must_use]
    pub fn times(&self) -> Option<[Duration; 3]> {
        let times = || self.replies.iter().flatten().copied();
        let total: u128 = times().map(|it| u128::from(it.nanos())).sum();
        let mean = total / u128::from(self.received().max(1));
        let mean = Duration::from_nanos(mean as u64);
        Some([times().min()?, times().max()?, mean])
    }
}

/// Pings the second host of a link from the first.
///
/// # Errors
/// If there is no such link, it cannot be built, or the series is too long.
pub fn ping(scenario: &Scenario, seed: u64, link: &str, plan: Plan) -> Result<Report, PingError> {
    if plan.count > COUNT_MAX {
        return Err(PingError::TooMany(plan.count));
    }
    let known: Vec<String> = scenario.links.keys().cloned().collect();
    let Some(place) = known.iter().position(|name| name == link) else {
        let asked = link.to_owned();
        return Err(PingError::UnknownLink { asked, known });
    };
    let mut config = lowering::links(scenario)
        .map_err(PingError::Link)?
        .swap_remove(place);
    let target = names::addresses(scenario)[config.ends[1].0 as usize];
    config.ends = [SOURCE, TARGET];
    let network = Network::new(Choices::new(seed), 2, std::slice::from_ref(&config));
    let refused = |error: net::NetworkError| lowering::LoweringError(error.to_string());
    let network = network.map_err(|error| PingError::Link(refused(error)))?;
    let series = Series {
        network,
        plan,
        flow: key(link),
        upcoming: BTreeMap::new(),
        scheduled: 0,
        replies: vec![None; plan.count as usize],
    };
    Ok(Report {
        target: target.into(),
        plan,
        replies: series.run(),
        closed_form: closed_form(&config),
    })
}

/// A chain that steps by packet is moved by nothing but these pings.
fn closed_form(config: &LinkConfig) -> Ratio {
    match config.loss {
        Loss::Shared(LossModel::GilbertElliott(chain)) => calibration::ping_success_alone(&chain),
        loss @ (Loss::Shared(_) | Loss::PerDirection { .. }) => {
            calibration::ping_success(loss, config.separation())
        }
    }
}

/// A series under way.
struct Series {
    network: Network,
    plan: Plan,
    flow: u64,
    /// What happens next, in the order of time, then of scheduling.
    upcoming: BTreeMap<(Instant, u64), Step>,
    scheduled: u64,
    replies: Vec<Option<Duration>>,
}

/// Something that happens to the request of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Request(u32),
    AtTarget(u32),
    Reply(u32),
}

impl Series {
    fn run(mut self) -> Vec<Option<Duration>> {
        if self.plan.count > 0 {
            self.schedule(Instant::ZERO, Step::Request(0));
        }
        while let Some(((now, _), step)) = self.upcoming.pop_first() {
            match step {
                Step::Request(number) => {
                    self.send(now, SOURCE, number, Step::AtTarget(number));
                    if number + 1 < self.plan.count {
                        let next = now.saturating_add(self.plan.interval);
                        self.schedule(next, Step::Request(number + 1));
                    }
                }
                Step::AtTarget(number) => self.send(now, TARGET, number, Step::Reply(number)),
                Step::Reply(number) => self.take(now, number),
            }
        }
        self.replies
    }

    fn schedule(&mut self, at: Instant, step: Step) {
        self.scheduled += 1;
        self.upcoming.insert((at, self.scheduled), step);
    }

    fn send(&mut self, now: Instant, from: HostId, number: u32, then: Step) {
        let echo = Echo {
            identifier: IDENTIFIER,
            // The field has sixteen bits; a long series goes round.
            sequence: (number & 0xffff) as u16,
            length: self.plan.length,
        };
        let (payload, destination, attempt) = if from == SOURCE {
            (Message::Echo(echo), TARGET, 0)
        } else {
            (Message::EchoReply(echo), SOURCE, 1)
        };
        let mut packet = Packet {
            source: from,
            destination,
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
        let transit = self.network.transmit(now, from, &mut packet);
        for verdict in transit.verdicts() {
            match verdict {
                // The checksum finds a single wrong bit always.
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

    /// A reply is there: the first in time counts.
    fn take(&mut self, now: Instant, number: u32) {
        let sent =
            Duration::from_nanos(self.plan.interval.nanos().saturating_mul(u64::from(number)));
        let took = now - (Instant::ZERO.saturating_add(sent));
        let reply = &mut self.replies[number as usize];
        if reply.is_none() && took <= self.plan.patience {
            *reply = Some(took);
        }
    }
}

impl std::fmt::Display for PingError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownLink { asked, known } => {
                write!(out, "the scenario has no link `{asked}`; its links are: ")?;
                match known.as_slice() {
                    [] => out.write_str("none"),
                    known => out.write_str(&known.join(", ")),
                }
            }
            Self::TooMany(count) => write!(out, "{count} pings exceed {COUNT_MAX}"),
            Self::Link(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for PingError {}

#[cfg(test)]
mod tests;
