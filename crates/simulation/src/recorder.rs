//! The records of a run, and its outcome.
//!
//! The records, the digest and the observations of guests are those of a run of MTAs, so that everything
//! made from an outcome works for both.

use std::collections::BTreeMap;

use internet::{PacketContent, PacketEvent, PacketObserver};
use kernel::{Instant, Journal, Keep};
use net::HostId;

use crate::access_log::LoggedAccess;
use crate::lowering;
use crate::names;
use crate::observers::{Observations, Observe, Observer};
use crate::options::Options;
use crate::outcome::{
    Associations, Exception, HostView, LinkCounts, Messages, Outcome, Stop, Traffic, Violation,
};
use crate::record::{PacketSummary, Record};
use config::plan::Scenario;

/// Collects the records of one run.
#[derive(Debug)]
pub struct Recorder {
    pub(crate) journal: Journal<Record>,
    pub(crate) observer: Observer,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The seed.
    pub seed: u64,
    /// The virtual time at the end.
    pub at: Instant,
    /// Simulation events handled.
    pub events: u64,
    /// Why it stopped.
    pub stop: Stop,
    /// Violations that guests reported, in the order in which they were found.
    pub violations: Vec<Violation>,
    /// Number of violations beyond the limit.
    pub violations_dropped: u64,
    /// How often each fault began, by name.
    pub faults: BTreeMap<String, u64>,
    /// Packets offered and lost, by link name.
    pub links: BTreeMap<String, LinkCounts>,
    /// How often each named point of the programs was reached.
    pub reached: BTreeMap<String, u64>,
    /// Each named quantity over time.
    pub gauges: BTreeMap<String, Vec<(Instant, i64)>>,
}

/// What the MTAs of a run counted and violated.
#[derive(Debug)]
pub struct MtaCounts {
    pub(crate) calls: u64,
    pub(crate) violations: Vec<Violation>,
    pub(crate) violations_dropped: u64,
    pub(crate) exceptions: Vec<Exception>,
    pub(crate) events_logged: BTreeMap<u32, u64>,
    pub(crate) associations: Associations,
    pub(crate) messages: Messages,
    pub(crate) traffic: Traffic,
    pub(crate) coverage: mta::Coverage,
    pub(crate) access_log: Vec<LoggedAccess>,
    pub(crate) hosts: Vec<HostView>,
}

impl MtaCounts {
    /// Those of a run whose hosts are all guests.
    fn none(scenario: &Scenario) -> Self {
        let hosts = scenario.hosts.keys().zip(names::addresses(scenario));
        let hosts = hosts.map(|(name, address)| HostView::guest(name, address));
        Self {
            calls: 0,
            violations: Vec::new(),
            violations_dropped: 0,
            exceptions: Vec::new(),
            events_logged: BTreeMap::new(),
            associations: Associations::default(),
            messages: Messages::default(),
            traffic: Traffic::default(),
            coverage: mta::Coverage::default(),
            access_log: Vec::new(),
            hosts: hosts.collect(),
        }
    }
}

impl Recorder {
    /// No records yet.
    #[must_use]
    pub fn new(scenario: &Scenario, options: Options, observe: Observe) -> Self {
        let limit = usize::try_from(scenario.limits.records).unwrap_or(usize::MAX);
        let keep = if options.keep_records {
            Keep::First(limit)
        } else {
            Keep::Nothing
        };
        Self {
            journal: Journal::new(keep),
            observer: Observer::new(observe, limit),
        }
    }

    /// Adds a record to the digest, and keeps it if records are kept.
    pub fn write(&mut self, at: Instant, record: Record) {
        // The others are too many for a trace of a run in progress; `run --out` writes them all.
        let is_rare = matches!(
            record,
            Record::Fault(..)
                | Record::Exception(..)
                | Record::ClosedDown(_)
                | Record::Violation(_)
                | Record::Healed
                | Record::ClockSet(..)
        );
        if is_rare {
            tracing::debug!(%at, ?record, "record");
        }
        self.journal.write(at, record);
    }

    /// The outcome of the run, and what was observed besides. `mtas` is what the MTAs counted, if the run has
    /// any.
    #[must_use]
    pub fn finish(
        self,
        scenario: &Scenario,
        ended: Ended,
        mtas: Option<MtaCounts>,
    ) -> (Outcome, Observations) {
        let observations = self.observer.into_observations();
        let record_count = self.journal.count();
        let (records, digest) = self.journal.into_parts();
        let counted = mtas.unwrap_or_else(|| MtaCounts::none(scenario));
        let mut outcome = Outcome {
            seed: ended.seed,
            digest: digest.fingerprint(),
            checkpoints: digest.checkpoints().to_vec(),
            simulated: ended.at,
            events: ended.events,
            calls: counted.calls,
            stop: ended.stop,
            healing: scenario.healing,
            violations: merged(counted.violations, ended.violations),
            violations_dropped: counted.violations_dropped + ended.violations_dropped,
            exceptions: counted.exceptions,
            events_logged: counted.events_logged,
            associations: counted.associations,
            messages: counted.messages,
            traffic: counted.traffic,
            faults: ended.faults,
            coverage: counted.coverage,
            links: ended.links,
            reached: ended.reached,
            gauges: ended.gauges,
            unexpected: Vec::new(),
            records,
            record_count,
            access_log: counted.access_log,
            hosts: counted.hosts,
        };
        outcome.compare(&scenario.expect);
        (outcome, observations)
    }
}

/// What MTAs and guests violated, in the order of time. Those of one list stay in their order.
fn merged(mtas: Vec<Violation>, guests: Vec<Violation>) -> Vec<Violation> {
    let mut all = Vec::with_capacity(mtas.len() + guests.len());
    let (mut mtas, mut guests) = (mtas.into_iter().peekable(), guests.into_iter().peekable());
    loop {
        let next = match (mtas.peek(), guests.peek()) {
            (Some(mta), Some(guest)) if guest.at < mta.at => guests.next(),
            (None, _) => guests.next(),
            (Some(_), _) => mtas.next(),
        };
        match next {
            Some(next) => all.push(next),
            None => return all,
        }
    }
}

impl PacketObserver for Recorder {
    fn on_packet(&mut self, at: Instant, host: HostId, event: PacketEvent<'_>) {
        let record = match event {
            PacketEvent::Offered(offer) => return self.observer.on_offer(at, host, offer),
            PacketEvent::Answered { packet, link, at } => {
                return self.observer.on_answer(at, host, link, packet);
            }
            PacketEvent::Sent(packet) => {
                Record::PacketSent(host, packet.identity, summary(&packet.payload))
            }
            PacketEvent::Dropped {
                packet,
                link,
                reason,
            } => Record::PacketDropped(host, packet.identity, link, reason),
            PacketEvent::Damaged(packet) => Record::PacketDamaged(host, packet.identity),
            PacketEvent::Arrived(packet) => Record::PacketArrived(host, packet.identity),
        };
        self.journal.write(at, record);
    }
}

fn summary(payload: &PacketContent) -> PacketSummary {
    match payload {
        PacketContent::Tcp(segment) => PacketSummary::Tcp {
            source_port: segment.source_port,
            destination_port: segment.destination_port,
            flags: segment.flags.bits(),
            length: segment.payload.len() as u32,
        },
        PacketContent::Icmp(_) => PacketSummary::Icmp,
        PacketContent::Udp(datagram) => PacketSummary::Udp {
            source_port: datagram.source_port,
            destination_port: datagram.destination_port,
            length: datagram.data.len() as u32,
        },
    }
}

/// Packets offered and lost in these networks, one after the other in time, by link name.
#[must_use]
pub fn link_counts(
    scenario: &Scenario,
    networks: &[&net::Network],
) -> BTreeMap<String, LinkCounts> {
    let names = scenario.links.keys().cloned();
    names
        .zip(lowering::link_counts(scenario.links.len(), networks))
        .collect()
}
