//! The removable parts of a scenario: what they are, the scenario without one, and their names.

use config::plan::{Arrivals, Connector, Direction, Host, Loss, Scenario};
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
    Setting(Table, String, &'static str),
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
pub enum Table {
    /// `[host.NAME]`.
    Host,
    /// `[connector.NAME]`.
    Connector,
    /// `[link.NAME]`, both directions.
    Link,
}

/// A key, and a function that copies its default.
type Setting<T> = (&'static str, fn(&mut T, &T));

const HOST: [Setting<Host>; 10] = [
    ("control_blocks", |it, default| {
        it.control_blocks = default.control_blocks
    }),
    ("cpus", |it, default| it.cpus = default.cpus),
    ("driver_threads", |it, default| {
        it.driver_threads = default.driver_threads
    }),
    ("quantum", |it, default| it.quantum = default.quantum),
    ("call_cost", |it, default| it.call_cost = default.call_cost),
    ("connect_attempts", |it, default| {
        it.connect_attempts = default.connect_attempts
    }),
    ("connect_pause", |it, default| {
        it.connect_pause = default.connect_pause
    }),
    ("clock_offset", |it, default| {
        it.clock_offset = default.clock_offset
    }),
    ("keep_alive", |it, default| {
        it.keep_alive = default.keep_alive
    }),
    ("tcp", |it, default| it.tcp = default.tcp),
];

const CONNECTOR: [Setting<Connector>; 14] = [
    ("session_disconnect", |it, default| {
        it.session_disconnect = default.session_disconnect
    }),
    ("open_interval", |it, default| {
        it.open_interval = default.open_interval
    }),
    ("open_retries", |it, default| {
        it.open_retries = default.open_retries
    }),
    ("transfer_interval", |it, default| {
        it.transfer_interval = default.transfer_interval
    }),
    ("transfer_retries", |it, default| {
        it.transfer_retries = default.transfer_retries
    }),
    ("lifetime", |it, default| it.lifetime = default.lifetime),
    ("threshold", |it, default| it.threshold = default.threshold),
    ("checkpoint", |it, default| {
        it.checkpoint = default.checkpoint
    }),
    ("window", |it, default| it.window = default.window),
    ("recovery_timeout", |it, default| {
        it.recovery_timeout = default.recovery_timeout
    }),
    ("transfer_timeout_urgent", |it, default| {
        it.transfer_timeout_urgent = default.transfer_timeout_urgent;
    }),
    ("transfer_timeout_normal", |it, default| {
        it.transfer_timeout_normal = default.transfer_timeout_normal;
    }),
    ("transfer_timeout_non_urgent", |it, default| {
        it.transfer_timeout_non_urgent = default.transfer_timeout_non_urgent;
    }),
    ("max_associations", |it, default| {
        it.max_associations = default.max_associations
    }),
];

const DIRECTION: [Setting<Direction>; 6] = [
    ("delay", |it, default| it.delay = default.delay),
    ("jitter", |it, default| it.jitter = default.jitter),
    ("bandwidth", |it, default| {
        it.bandwidth = default.bandwidth;
        it.queue = default.queue;
    }),
    ("reorder", |it, default| {
        it.reorder = default.reorder;
        it.reorder_delay = default.reorder_delay;
    }),
    ("duplicate", |it, default| it.duplicate = default.duplicate),
    ("corrupt", |it, default| it.corrupt = default.corrupt),
];

/// All parts, the coarsest first.
#[must_use]
pub fn parts(scenario: &Scenario) -> Vec<Part> {
    let mut found = Vec::new();
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

/// Settings that are not at their defaults.
fn settings(scenario: &Scenario) -> impl Iterator<Item = Part> + '_ {
    let of_hosts = scenario.hosts.keys().flat_map(|name| {
        HOST.iter()
            .map(|(key, _)| Part::Setting(Table::Host, name.clone(), key))
    });
    let of_connectors = scenario.connectors.keys().flat_map(|name| {
        CONNECTOR
            .iter()
            .map(|(key, _)| Part::Setting(Table::Connector, name.clone(), key))
    });
    let of_links = scenario.links.keys().flat_map(|name| {
        DIRECTION
            .iter()
            .map(|(key, _)| Part::Setting(Table::Link, name.clone(), key))
    });
    of_hosts
        .chain(of_connectors)
        .chain(of_links)
        .filter(|part| without(scenario, part) != *scenario)
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

fn reset(scenario: &mut Scenario, table: Table, name: &str, key: &str) {
    fn apply<T>(settings: &[Setting<T>], key: &str, it: &mut T, default: &T) {
        let (_, set) = settings
            .iter()
            .find(|(name, _)| *name == key)
            .expect("keys come from the tables above");
        set(it, default);
    }
    match table {
        Table::Host => {
            let host = scenario.hosts.get_mut(name).expect("the host is there");
            let default = Host::of(host.program.clone());
            apply(&HOST, key, host, &default);
        }
        Table::Connector => {
            let connector = scenario.connectors.get_mut(name).expect("it is there");
            let default = Connector::new(&connector.from, &connector.to);
            apply(&CONNECTOR, key, connector, &default);
        }
        Table::Link => {
            let link = scenario.links.get_mut(name).expect("the link is there");
            for direction in [&mut link.forward, &mut link.backward] {
                apply(&DIRECTION, key, direction, &Direction::default());
            }
        }
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
                Table::Host => "host",
                Table::Connector => "connector",
                Table::Link => "link",
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
            format!("message {index} of workload {name}, at {at} s")
        }
        Part::Outage(index) => {
            let window = &scenario.pins.outages[*index];
            format!(
                "outage of {} from {} to {} s",
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
