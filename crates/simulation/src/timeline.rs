//! Lists the random outages, arrivals and losses of a run in the form in which a scenario pins them.
//!
//! A scenario that pins them instead of drawing them gives the same run. Outages and arrivals are
//! known before the run, since random choices depend only on the seed and their keys.

mod drawn_outages;

use std::collections::BTreeMap;

use kernel::{Choices, Duration, Instant, JournalEntry};
use net::{Direction, DropReason, HostId, LinkId, Network};

use crate::lowering::{self, LoweringError};
use crate::mta_hosts::workload::MessageSource;
use crate::outcome::Outcome;
use crate::record::Record;
use config::plan::{DroppedPacket, OutageWindow, Scenario};

pub use drawn_outages::{DrawnOutages, outages_around};

/// The most outages, arrivals or lost packets that are listed for each link or workload.
pub const LISTED_MAX: usize = 10_000;

/// The outages of every link within the scenario's duration under `seed`, including pinned ones, in
/// the order of links and of time. If each direction of a link has its own outages, the link
/// counts as out whenever one of them is.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn outages(scenario: &Scenario, seed: u64) -> Result<Vec<OutageWindow>, LoweringError> {
    let configs = lowering::links(scenario)?;
    let hosts = u32::try_from(scenario.hosts.len()).expect("the format limits hosts");
    let network = Network::new(Choices::new(seed), hosts, &configs)?;
    let end = Instant::ZERO.saturating_add(scenario.duration);
    let mut listed = Vec::new();
    for (name, link) in scenario.links.keys().zip((0..).map(LinkId)) {
        let intervals = Direction::BOTH.into_iter().flat_map(|direction| {
            network
                .outages(link, direction, Instant::ZERO)
                .take_while(|interval| interval.from < end)
                .take(LISTED_MAX)
        });
        let intervals = net::loss::outage::union(intervals.collect());
        listed.extend(intervals.into_iter().map(|interval| OutageWindow {
            link: name.clone(),
            from: interval.from,
            to: interval.until.min(end),
        }));
    }
    Ok(listed)
}

/// When the ticks of each host's TCP timers come under `seed`, in the form in which a scenario sets it.
#[must_use]
pub fn tick_phases(scenario: &Scenario, seed: u64) -> BTreeMap<String, Duration> {
    let phases = scenario.hosts.iter().map(|(name, host)| {
        let sockets = lowering::sockets(name, host, 1, Choices::new(seed));
        let phase = Duration::from_nanos(sockets.profile.tick_phase.nanos());
        (name.clone(), phase)
    });
    phases.collect()
}

/// The arrival times of each workload under `seed`, by ordinal from 0. Messages that the scenario
/// leaves out are included.
#[must_use]
pub fn arrivals(scenario: &Scenario, seed: u64) -> BTreeMap<String, Vec<Instant>> {
    let listed = scenario.workloads.iter().map(|(name, plan)| {
        let duration = scenario.duration;
        let source = MessageSource::new(name, plan.clone(), duration, Choices::new(seed));
        let mut previous = None;
        let times = (0..LISTED_MAX as u64).map_while(|ordinal| {
            previous = source.arrival(ordinal, previous);
            previous
        });
        (name.clone(), times.collect())
    });
    listed.collect()
}

/// The packets that the loss models dropped in a run whose records were kept, without duplicates.
#[must_use]
pub fn losses(scenario: &Scenario, outcome: &Outcome) -> Vec<DroppedPacket> {
    let names: Vec<&String> = scenario.links.keys().collect();
    let lost = outcome
        .records
        .iter()
        .filter_map(|JournalEntry { record, .. }| {
            let &Record::PacketDropped(HostId(_), identity, Some(link), DropReason::Loss) = record
            else {
                return None;
            };
            Some(DroppedPacket {
                link: names[link.0 as usize].clone(),
                flow: identity.flow,
                unit: identity.unit,
                attempt: identity.attempt,
            })
        });
    let mut listed: Vec<DroppedPacket> = Vec::new();
    for packet in lost.take(LISTED_MAX) {
        if !listed.contains(&packet) {
            listed.push(packet);
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use config::plan::{Arrivals, Loss};

    const LEAK: &[u8] = include_bytes!("../../../sims/casebook/q303102-cb-leak.toml");
    const QUICK: Options = Options {
        keep_records: false,
    };

    fn leak(set: &[&str]) -> Scenario {
        let set: Vec<String> = set.iter().map(|it| (*it).to_owned()).collect();
        config::file::load("leak", LEAK, &set).expect("a scenario")
    }

    #[test]
    fn listed_outages_and_arrivals_give_the_same_run() {
        let random = leak(&["duration=2h", "workload.mail.end=1h", "fault={}"]);
        for seed in 0..3 {
            let mut pinned = random.clone();
            pinned.pins.outages = outages(&random, seed).expect("the link can be calibrated");
            assert!(!pinned.pins.outages.is_empty());
            let link = pinned.links.get_mut("wan").expect("the link");
            link.forward.loss = Loss::None;
            link.backward.loss = Loss::None;
            for (name, times) in arrivals(&random, seed) {
                let workload = pinned.workloads.get_mut(&name).expect("the workload");
                workload.arrivals = Arrivals::At(times);
            }
            let one = crate::run(&random, seed, QUICK).expect("it runs");
            let other = crate::run(&pinned, seed, QUICK).expect("it runs");
            assert_eq!(one.messages, other.messages);
            assert_eq!(one.violations, other.violations);
            assert_eq!(one.links, other.links);
        }
    }

    #[test]
    fn listed_losses_are_those_of_the_link() {
        let set = [
            "duration=1h",
            "workload.mail.end=30m",
            "fault={}",
            "link.wan.loss={ independent = { loss = \"1/10\" } }",
        ];
        let scenario = leak(&set);
        let keep = Options { keep_records: true };
        let outcome = crate::run(&scenario, 3, keep).expect("it runs");
        let listed = losses(&scenario, &outcome);
        assert!(!listed.is_empty());
        assert!(listed.len() as u64 <= outcome.links["wan"].lost);
        let mut pinned = scenario.clone();
        pinned.pins.drop = listed;
        let link = pinned.links.get_mut("wan").expect("the link");
        link.forward.loss = Loss::None;
        link.backward.loss = Loss::None;
        let again = crate::run(&pinned, 3, QUICK).expect("it runs");
        let counts = |outcome: &Outcome| {
            let wan = &outcome.links["wan"];
            [wan.offered, wan.lost, wan.damaged]
        };
        assert_eq!(counts(&again), counts(&outcome));
        assert_eq!(again.messages, outcome.messages);
    }
}
