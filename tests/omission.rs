//! Removing a part of a scenario changes no other part's random choices.
//!
//! One scenario is run whole, and again without one of its parts. Both runs must agree on arrivals of
//! messages, outages of links, times of faults, and the verdict on every packet of the same identity.

use std::collections::{BTreeMap, BTreeSet};

use config::file::load;
use config::plan::Scenario;
use kernel::{Choices, Duration, Instant, JournalEntry, key};
use net::{
    Direction, DirectionConfig, DropReason, HostId, Identity, LinkConfig, LinkId, Loss, LossModel,
    Network, Outages,
};
use simulation::record::{PacketSummary, Record, Stage};
use simulation::{Options, Outcome};

/// BONN joins two links of different kinds; each end of each link has messages for the other.
const WHOLE: &str = r#"
title = "Three hosts, two links"
why = "Law 10"
duration = "2h"
[host.AACHEN]
build = "5.5.2655.16"
[host.BONN]
build = "5.5.2655.16"
[host.CELLE]
build = "5.5.2655.16"
[link.bursty]
between = ["AACHEN", "BONN"]
delay = "20ms"
loss.outages = { mean_good = "5m", mean_outage = "20s" }
[link.noisy]
between = ["BONN", "CELLE"]
delay = "30ms"
loss.independent = { loss = "1/5" }
[connector.a-b]
from = "AACHEN"
to = "BONN"
lifetime = "30s"
[connector.b-a]
from = "BONN"
to = "AACHEN"
lifetime = "30s"
[connector.b-c]
from = "BONN"
to = "CELLE"
lifetime = "30s"
[connector.c-b]
from = "CELLE"
to = "BONN"
lifetime = "30s"
[workload.a-b]
connector = "a-b"
poisson = { mean = "40s" }
size = { from = "1 KiB", to = "8 KiB" }
[workload.b-a]
connector = "b-a"
poisson = { mean = "50s" }
size = { from = "1 KiB", to = "8 KiB" }
[workload.b-c]
connector = "b-c"
poisson = { mean = "60s" }
size = { from = "1 KiB", to = "8 KiB" }
[workload.c-b]
connector = "c-b"
poisson = { mean = "70s" }
size = { from = "1 KiB", to = "8 KiB" }
[fault.reset]
reset = { link = "bursty" }
random = { mean_interval = "10m" }
[fault.stall]
stall = { host = "CELLE", thread = "MAIN BASE", for = "5s" }
random = { mean_interval = "15m" }
"#;

/// The means of the link `bursty`.
const OUTAGES: Outages = Outages {
    mean_good: Duration::from_secs(300),
    mean_outage: Duration::from_secs(20),
};
/// Half the delay of the link `bursty`: an outage takes what is half-way.
const HALF_WAY: Duration = Duration::from_millis(10);

const SEEDS: [u64; 2] = [3, 14];

/// The class of the events at which messages arrive.
const SUBMISSION: u8 = 6;
/// A message's number is its workload's index in the order of names, then its ordinal.
const NUMBERS: u32 = 1 << 20;

/// The random choices of one run, by names that do not change when other parts are removed.
#[derive(Default)]
struct Observed {
    arrivals: BTreeSet<Instant>,
    /// Message by workload and ordinal: its length and the hash of its bytes.
    messages: BTreeMap<(String, u32), (u32, u64)>,
    /// Whether the noisy link lost a packet: by sender and identity.
    lost: BTreeMap<(String, Identity), bool>,
    /// When packets were put on the bursty link by AACHEN, and whether an outage took them.
    met_outage: Vec<(Instant, bool)>,
    starts: BTreeMap<String, Vec<Instant>>,
}

fn whole() -> Scenario {
    load("whole", WHOLE.as_bytes(), &[]).unwrap_or_else(|found| panic!("{}", found.to_human(false)))
}

fn observed(scenario: &Scenario, seed: u64) -> Observed {
    let options = Options { keep_records: true };
    let outcome = explore::run(scenario, seed, options).expect("the links are what they are");
    assert!(
        outcome.messages.arrived > 20,
        "mail flows: {:?}",
        outcome.messages
    );
    let mut observed = Observed::default();
    for JournalEntry { at, record } in &outcome.records {
        observed.take_in(scenario, &outcome, *at, record);
    }
    observed
}

impl Observed {
    fn take_in(&mut self, scenario: &Scenario, outcome: &Outcome, at: Instant, record: &Record) {
        let name = |host: &HostId| outcome.hosts[host.0 as usize].name.clone();
        let link = |link: &LinkId| {
            scenario
                .links
                .keys()
                .nth(link.0 as usize)
                .map(String::as_str)
        };
        match record {
            Record::Event(event) if event.class == SUBMISSION => {
                self.arrivals.insert(at);
            }
            Record::Mta(_, _, mta::Record::Fact(fact)) => self.take_in_fact(scenario, *fact),
            Record::PacketSent(host, identity, PacketSummary::Tcp { .. }) => {
                match name(host).as_str() {
                    "CELLE" => {
                        self.lost.entry((name(host), *identity)).or_insert(false);
                    }
                    "AACHEN" => self.met_outage.push((at, false)),
                    _ => {}
                }
            }
            Record::PacketDropped(host, identity, Some(on), DropReason::Loss)
                if link(on) == Some("noisy") && name(host) == "CELLE" =>
            {
                self.lost.insert((name(host), *identity), true);
            }
            Record::PacketDropped(host, _, Some(on), DropReason::Outage)
                if link(on) == Some("bursty") && name(host) == "AACHEN" =>
            {
                // The drop is recorded right after the transmission.
                let last = self.met_outage.last_mut().expect("it was sent");
                *last = (at, true);
            }
            Record::Fault(fault, Stage::Starts) => {
                let fault = scenario.faults.keys().nth(*fault as usize);
                let fault = fault.expect("it is the scenario's").clone();
                self.starts.entry(fault).or_default().push(at);
            }
            Record::Event(_)
            | Record::Mta(..)
            | Record::Exception(..)
            | Record::PacketSent(..)
            | Record::PacketDropped(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::Fault(..)
            | Record::ClosedDown(..)
            | Record::ClockSet(..)
            | Record::Healed
            | Record::Guest(..)
            | Record::Gauge(..)
            | Record::Violation(..) => {}
        }
    }

    fn take_in_fact(&mut self, scenario: &Scenario, fact: mta::Fact) {
        if let mta::Fact::MessageArrived {
            message,
            length,
            hash,
            ..
        } = fact
        {
            let workload = scenario.workloads.keys().nth((message / NUMBERS) as usize);
            let workload = workload.expect("it is the scenario's").clone();
            let before = self
                .messages
                .insert((workload, message % NUMBERS), (length, hash));
            assert!(
                before.is_none_or(|it| it == (length, hash)),
                "one message, one content"
            );
        }
    }

    /// Asserts that what both runs have got the same result, and that both have something.
    #[track_caller]
    fn agrees_with(&self, other: &Self) {
        let lengths = shared(&self.messages, &other.messages, |it| it.0);
        assert!(lengths > 20, "only {lengths} messages arrived in both runs");
        for (fault, starts) in &other.starts {
            assert_eq!(self.starts.get(fault), Some(starts), "{fault}");
        }
    }
}

/// Asserts that the entries with keys in both tables are equal; returns their number.
#[track_caller]
fn shared<K: Ord + std::fmt::Debug, V, T: PartialEq + std::fmt::Debug>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    what: impl Fn(&V) -> T,
) -> usize {
    let mut count = 0;
    for (key, value) in one {
        if let Some(other_value) = other.get(key) {
            assert_eq!(what(value), what(other_value), "{key:?}");
            count += 1;
        }
    }
    count
}

/// The outages of `bursty` by seed, name and means alone, without hosts, mail or faults.
fn outages_alone(seed: u64) -> Network {
    let link = LinkConfig {
        key: key("bursty"),
        ends: [HostId(0), HostId(1)],
        addresses: Vec::new(),
        forward: DirectionConfig::default(),
        backward: DirectionConfig::default(),
        loss: Loss::Shared(LossModel::Outages(OUTAGES)),
        keep_alive: net::KeepAliveConfig::default(),
        mtu: None,
    };
    Network::new(Choices::new(seed), 2, &[link]).expect("it is a network")
}

#[track_caller]
fn met_the_outages_of_the_link(observed: &Observed, seed: u64) {
    let alone = outages_alone(seed);
    assert!(observed.met_outage.len() > 100, "packets were sent");
    let taken = observed
        .met_outage
        .iter()
        .filter(|(_, taken)| *taken)
        .count();
    assert!(taken > 0, "an outage of two hours' many takes something");
    for (at, taken) in &observed.met_outage {
        let up = alone.is_up(LinkId(0), Direction::Forward, *at + HALF_WAY);
        assert_eq!(*taken, !up, "seed {seed}, {at}");
    }
}

#[test]
fn the_outages_of_a_link_do_not_depend_on_its_users() {
    for seed in SEEDS {
        let mut scenario = whole();
        met_the_outages_of_the_link(&observed(&scenario, seed), seed);
        scenario.faults.clear();
        take_away_celle(&mut scenario);
        met_the_outages_of_the_link(&observed(&scenario, seed), seed);
    }
}

fn take_away_celle(scenario: &mut Scenario) {
    scenario.hosts.remove("CELLE").expect("it is there");
    scenario.links.remove("noisy").expect("it is there");
    for name in ["b-c", "c-b"] {
        scenario.connectors.remove(name).expect("it is there");
        scenario.workloads.remove(name).expect("it is there");
    }
    scenario.faults.remove("stall");
}

#[test]
fn a_host_that_is_not_there_changes_no_message_for_others() {
    for seed in SEEDS {
        let (all, mut scenario) = (observed(&whole(), seed), whole());
        take_away_celle(&mut scenario);
        let without = observed(&scenario, seed);
        all.agrees_with(&without);
        assert!(without.arrivals.is_subset(&all.arrivals), "seed {seed}");
        assert!(without.arrivals.len() < all.arrivals.len(), "seed {seed}");
        assert_eq!(all.starts["reset"], without.starts["reset"]);
    }
}

#[test]
fn submission_times_do_not_depend_on_anything_else() {
    for seed in SEEDS {
        let all = observed(&whole(), seed).arrivals;
        let mut together = BTreeSet::new();
        for kept in ["a-b", "b-a", "b-c", "c-b"] {
            let mut scenario = whole();
            scenario.workloads.retain(|name, _| name == kept);
            together.extend(observed(&scenario, seed).arrivals);
        }
        assert_eq!(all, together, "seed {seed}");
    }
}

#[test]
fn a_message_left_out_changes_no_other() {
    for seed in SEEDS {
        let (all, mut scenario) = (observed(&whole(), seed), whole());
        let workload = scenario.workloads.get_mut("a-b").expect("it is there");
        workload.omit = vec![5, 6, 40];
        let without = observed(&scenario, seed);
        all.agrees_with(&without);
        assert_eq!(all.arrivals, without.arrivals, "seed {seed}");
        assert!(!without.messages.contains_key(&("a-b".to_owned(), 5)));
        // Nothing about this host's own packets has changed, and little about the others'.
        let packets = shared(&all.lost, &without.lost, |it| *it);
        assert!(
            packets * 2 > all.lost.len(),
            "{packets} of {}",
            all.lost.len()
        );
    }
}

#[test]
fn a_fault_that_does_not_occur_changes_no_other() {
    for seed in SEEDS {
        let (all, mut scenario) = (observed(&whole(), seed), whole());
        scenario.faults.remove("reset").expect("it is there");
        let without = observed(&scenario, seed);
        all.agrees_with(&without);
        assert_eq!(all.arrivals, without.arrivals, "seed {seed}");
        assert!(all.starts["reset"].len() > 2, "the fault does occur");
        let packets = shared(&all.lost, &without.lost, |it| *it);
        assert!(
            packets * 2 > all.lost.len(),
            "{packets} of {}",
            all.lost.len()
        );
    }
}

#[test]
fn a_second_connector_changes_nothing_for_the_first() {
    for seed in SEEDS {
        let (all, mut scenario) = (observed(&whole(), seed), whole());
        scenario.connectors.remove("b-a").expect("it is there");
        scenario.workloads.remove("b-a").expect("it is there");
        let without = observed(&scenario, seed);
        all.agrees_with(&without);
        assert!(without.arrivals.is_subset(&all.arrivals), "seed {seed}");
        let packets = shared(&all.lost, &without.lost, |it| *it);
        assert!(
            packets * 2 > all.lost.len(),
            "{packets} of {}",
            all.lost.len()
        );
    }
}
