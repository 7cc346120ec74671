//! The removable parts of a scenario: what they are, the scenario without one, and their names.

use config::plan::{Arrivals, Loss, Scenario};
use kernel::Instant;

use crate::shrink::edit;

/// A removable part of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A host, with its links, connectors, faults and pins.
    Host(String),
    /// A link, with its faults and pins.
    Link(String),
    /// A connector and its workloads.
    Connector(String),
    /// A workload.
    Workload(String),
    /// A fault.
    Fault(String),
    /// The random loss of a link.
    Loss(String),
    /// A setting that is not at its default: kind of table, name of the table, key.
    Setting(SettingsTable, String, &'static str),
    /// A message of a workload with listed messages, by index.
    Message(String, usize),
    /// A pinned outage, by index.
    Outage(usize),
    /// A pinned lost packet, by index.
    Drop(usize),
    /// A pinned preemption, by index.
    Preemption(usize),
}

/// A kind of table of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsTable {
    /// `[host.NAME]`.
    Host,
    /// `[connector.NAME]`.
    Connector,
    /// `[link.NAME]`, both directions.
    Link,
}

/// All parts, the coarsest first.
#[must_use]
pub fn parts(scenario: &Scenario) -> Vec<Part> {
    let mut found = Vec::new();
    // Coarse parts first: a host takes its links, connectors and workloads with it, which saves
    // most of the runs.
    found.extend(scenario.faults.keys().cloned().map(Part::Fault));
    found.extend(scenario.hosts.keys().cloned().map(Part::Host));
    found.extend(scenario.connectors.keys().cloned().map(Part::Connector));
    found.extend(scenario.links.keys().cloned().map(Part::Link));
    found.extend(scenario.workloads.keys().cloned().map(Part::Workload));
    let lossy = scenario
        .links
        .iter()
        .filter(|(_, link)| link.forward.loss != Loss::None || link.backward.loss != Loss::None);
    found.extend(lossy.map(|(name, _)| Part::Loss(name.clone())));
    found.extend(settings(scenario));
    for (name, workload) in &scenario.workloads {
        if let Arrivals::At(times) = &workload.arrivals {
            found.extend((0..times.len()).map(|index| Part::Message(name.clone(), index)));
        }
    }
    let pins = &scenario.pins;
    found.extend((0..pins.outages.len()).map(Part::Outage));
    found.extend((0..pins.drop.len()).map(Part::Drop));
    found.extend((0..pins.preempt.len()).map(Part::Preemption));
    found
}

/// Settings that are not at their defaults. An address is no change, and loss is a part of its own.
fn settings(scenario: &Scenario) -> impl Iterator<Item = Part> + '_ {
    let hosts = scenario
        .hosts
        .iter()
        .map(|(name, host)| (SettingsTable::Host, name, host.changed_keys()));
    let connectors = scenario.connectors.iter();
    let connectors =
        connectors.map(|(name, it)| (SettingsTable::Connector, name, it.changed_keys()));
    let links = scenario.links.iter();
    let links = links.map(|(name, it)| (SettingsTable::Link, name, it.changed_keys()));
    let tables = hosts.chain(connectors).chain(links);
    tables.flat_map(|(table, name, keys)| {
        let keys = keys
            .into_iter()
            .filter(|key| !matches!(*key, "address" | "loss"));
        keys.map(move |key| Part::Setting(table, name.clone(), key))
    })
}

/// The scenario without a part; a setting is set to its default.
///
/// # Panics
/// If the scenario has no such part.
#[must_use]
pub fn without(scenario: &Scenario, part: &Part) -> Scenario {
    let mut rest = scenario.clone();
    match part {
        Part::Host(name) => {
            rest.hosts.remove(name);
        }
        Part::Link(name) => {
            rest.links.remove(name);
        }
        Part::Connector(name) => {
            rest.connectors.remove(name);
        }
        Part::Workload(name) => {
            rest.workloads.remove(name);
        }
        Part::Fault(name) => {
            rest.faults.remove(name);
        }
        Part::Loss(name) => edit::without_loss(&mut rest, name),
        Part::Setting(table, name, key) => reset(&mut rest, *table, name, key),
        Part::Message(name, index) => {
            let workload = rest.workloads.get_mut(name).expect("the workload is there");
            let Arrivals::At(times) = &mut workload.arrivals else {
                panic!("only listed messages are parts");
            };
            times.remove(*index);
            if times.is_empty() {
                rest.workloads.remove(name);
            }
        }
        Part::Outage(index) => {
            rest.pins.outages.remove(*index);
        }
        Part::Drop(index) => {
            rest.pins.drop.remove(*index);
        }
        Part::Preemption(index) => {
            rest.pins.preempt.remove(*index);
        }
    }
    edit::prune(&mut rest);
    rest
}

fn reset(scenario: &mut Scenario, table: SettingsTable, name: &str, key: &str) {
    match table {
        SettingsTable::Host => scenario
            .hosts
            .get_mut(name)
            .expect("the host is there")
            .reset_key(key),
        SettingsTable::Connector => {
            scenario
                .connectors
                .get_mut(name)
                .expect("the connector is there")
                .reset_key(key);
        }
        SettingsTable::Link => scenario
            .links
            .get_mut(name)
            .expect("the link is there")
            .reset_key(key),
    }
}

/// The description of a part for a reader.
#[must_use]
pub fn describe(scenario: &Scenario, part: &Part) -> String {
    match part {
        Part::Host(name) => format!("host {name}"),
        Part::Link(name) => format!("link {name}"),
        Part::Connector(name) => format!("connector {name}"),
        Part::Workload(name) => format!("workload {name}"),
        Part::Fault(name) => format!("fault {name}"),
        Part::Loss(name) => format!("loss on link {name}"),
        Part::Setting(table, name, key) => {
            let table = match table {
                SettingsTable::Host => "host",
                SettingsTable::Connector => "connector",
                SettingsTable::Link => "link",
            };
            format!("{table}.{name}.{key}, which is not at its default")
        }
        Part::Message(name, index) => {
            let at = match &scenario.workloads[name].arrivals {
                Arrivals::At(times) => times[*index],
                Arrivals::Every(_) | Arrivals::Poisson { .. } | Arrivals::Burst { .. } => {
                    Instant::ZERO
                }
            };
            format!("message {index} of workload {name}, at {at}")
        }
        Part::Outage(index) => {
            let window = &scenario.pins.outages[*index];
            format!(
                "outage of {} from {} to {}",
                window.link, window.from, window.to
            )
        }
        Part::Drop(index) => {
            let packet = &scenario.pins.drop[*index];
            format!(
                "lost packet on {}: flow {:016x}, unit {}, attempt {}",
                packet.link, packet.flow, packet.unit, packet.attempt
            )
        }
        Part::Preemption(index) => {
            let point = &scenario.pins.preempt[*index];
            format!(
                "preemption of thread {:03} on {} before {}",
                point.thread, point.host, point.before
            )
        }
    }
}
