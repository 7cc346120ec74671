//! What chance lays down in a run, as a scenario could lay it down itself.
//!
//! Owns the way back from luck to plan: outages as [`OutageWindow`]s, arrivals as times, lost
//! packets as [`DroppedPacket`]s. Put into a scenario in place of the chance they came from, they
//! give the same run. It refuses to run anything: luck is keyed, so it can be asked beforehand.

use std::collections::BTreeMap;

use kernel::{Choices, Instant};
use net::{Direction, DropReason, HostId, LinkId, Network, OutageInterval};

use crate::lowering::{self, LoweringError};
use crate::outcome::Outcome;
use crate::record::Record;
use crate::world::workload::MessageSource;
use config::plan::{DroppedPacket, OutageWindow, Scenario};

/// Outages, arrivals or lost packets listed of each link or workload.
pub const LISTED_MAX: usize = 10_000;

/// The outages of every link within the scenario's duration under `seed`, pinned ones included,
/// in the order of links and time. Where both ways of a link have outages of their own, a
/// window is whenever either way is out.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn outages(scenario: &Scenario, seed: u64) -> Result<Vec<OutageWindow>, LoweringError> {
    let configs = lowering::links(scenario)?;
    let hosts = u32::try_from(scenario.hosts.len()).expect("the format limits hosts");
    let network = Network::new(Choices::new(seed), hosts, &configs)
        .map_err(|error| LoweringError(error.to_string()))?;
    let end = Instant::ZERO.saturating_add(scenario.duration);
    let mut listed = Vec::new();
    for (name, link) in scenario.links.keys().zip((0..).map(LinkId)) {
        let ways = Direction::BOTH.into_iter().flat_map(|way| {
            network
                .outages(link, way, Instant::ZERO)
                .take_while(|window| window.from < end)
                .take(LISTED_MAX)
        });
        let windows = joined(ways.collect());
        listed.extend(windows.into_iter().map(|window| OutageWindow {
            link: name.clone(),
            from: window.from,
            to: window.until.min(end),
        }));
    }
    Ok(listed)
}

/// Windows in order, those that touch made one.
fn joined(mut windows: Vec<OutageInterval>) -> Vec<OutageInterval> {
    windows.sort_by_key(|window| (window.from, window.until));
    let mut apart: Vec<OutageInterval> = Vec::new();
    for window in windows {
        match apart.last_mut() {
            Some(last) if window.from <= last.until => last.until = last.until.max(window.until),
            _ => apart.push(window),
        }
    }
    apart
}

/// When the messages of each workload come under `seed`, those left out included: the n-th time
/// is that of ordinal n.
#[must_use]
pub fn arrivals(scenario: &Scenario, seed: u64) -> BTreeMap<String, Vec<Instant>> {
    let listed = scenario.workloads.iter().map(|(name, plan)| {
        let duration = scenario.duration;
        let source = MessageSource::new(name, plan.clone(), duration, Choices::new(seed));
        let mut before = None;
        let times = (0..LISTED_MAX as u64).map_while(|ordinal| {
            before = source.arrival(ordinal, before);
            before
        });
        (name.clone(), times.collect())
    });
    listed.collect()
}

/// The packets that the loss models of links took in a run whose records were kept, each once.
#[must_use]
pub fn losses(scenario: &Scenario, outcome: &Outcome) -> Vec<DroppedPacket> {
    let names: Vec<&String> = scenario.links.keys().collect();
    let lost = outcome.records.iter().filter_map(|(_, record)| {
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
    fn pinned_outages_and_listed_arrivals_give_the_same_run() {
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
        assert_eq!(again.links, outcome.links);
        assert_eq!(again.messages, outcome.messages);
    }
}
