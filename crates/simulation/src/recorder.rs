//! Records of a run whose hosts are not MTAs but programs of a user, and its outcome.
//!
//! The records, the digest and the observations are those of a run of MTAs, so that everything made
//! from an outcome works for both.

use std::collections::BTreeMap;

use internet::{PacketEvent, PacketObserver};
use kernel::{Instant, Journal, Keep};
use net::HostId;

use crate::lowering;
use crate::names;
use crate::observers::journal::JournalObserver;
use crate::observers::{Observations, Observe, Observer};
use crate::outcome::{HostView, LinkCounts, Outcome, Stop, Violation};
use crate::record::Record;
use crate::world::Options;
use config::plan::Scenario;

/// Collects the records of one run.
#[derive(Debug)]
pub struct Recorder {
    journal: Journal<Record>,
    observer: Observer,
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
    /// Violations, in the order in which they were found.
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
        self.journal.write(at, record);
    }

    /// The outcome of the run, and what was observed besides.
    #[must_use]
    pub fn finish(self, scenario: &Scenario, ended: Ended) -> (Outcome, Observations) {
        let observations = self.observer.into_observations();
        let (records, digest) = self.journal.into_parts();
        let addresses = names::addresses(scenario);
        let hosts = scenario.hosts.keys().zip(addresses);
        let mut outcome = Outcome {
            seed: ended.seed,
            digest: digest.fingerprint(),
            checkpoints: digest.checkpoints().to_vec(),
            simulated: ended.at,
            events: ended.events,
            // Guests have no modeled threads: these counts stay at zero.
            calls: 0,
            stop: ended.stop,
            healing: scenario.healing,
            violations: ended.violations,
            violations_dropped: ended.violations_dropped,
            exceptions: Vec::new(),
            events_logged: BTreeMap::new(),
            associations: crate::outcome::Associations::default(),
            messages: crate::outcome::Messages::default(),
            traffic: crate::traffic::Traffic::default(),
            faults: ended.faults,
            coverage: mta::Coverage::default(),
            links: ended.links,
            reached: ended.reached,
            gauges: ended.gauges,
            unexpected: Vec::new(),
            records,
            access_log: Vec::new(),
            hosts: hosts.map(|(name, address)| guest(name, address)).collect(),
        };
        outcome.compare(&scenario.expect);
        (outcome, observations)
    }
}

impl PacketObserver for Recorder {
    fn on_packet(&mut self, at: Instant, host: HostId, event: PacketEvent<'_>) {
        let mut observer = JournalObserver {
            journal: &mut self.journal,
            observer: &mut self.observer,
        };
        observer.on_packet(at, host, event);
    }
}

fn guest(name: &str, address: u32) -> HostView {
    HostView {
        name: name.to_owned(),
        address,
        build: None,
        generation: mta::Generation::Single,
        connectors: Vec::new(),
        threads: BTreeMap::new(),
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
