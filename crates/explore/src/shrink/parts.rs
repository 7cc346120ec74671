//! The parts of a scenario that can be left out.
//!
//! Owns [`Part`]: what there is, what the scenario is without it, and what it is called. It
//! refuses to say whether it matters: only a run can.

use config::plan::{Arrivals, Connector, Direction, Host, Loss, Scenario};
use kernel::Instant;

use crate::shrink::edit;

/// One part of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A host, with all that belongs to it.
    Host(String),
    /// A link, with all that belongs to it.
    Link(String),
    /// A connector and its workloads.
    Connector(String),
    /// A workload.
    Workload(String),
    /// A fault.
    Fault(String),
    /// The loss by chance of a link.
    Loss(String),
    /// A setting that is not at its default: its table, the table's name, its key.
    Setting(Table, String, &'static str),
    /// A message of a workload whose messages are listed, by place.
    Message(String, usize),
    /// A pinned outage, by place.
    Outage(usize),
    /// A pinned lost packet, by place.
    Drop(usize),
    /// A pinned preemption, by place.
    Preemption(usize),
}

/// A table of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `[host.NAME]`.
    Host,
    /// `[connector.NAME]`.
    Connector,
    /// `[link.NAME]`, both directions.
    Link,
}

/// A key and how it is set to its default.
type Setting<T> = (&'static str, fn(&mut T, &T));

const HOST: [Setting<Host>; 10] = [
    ("control_blocks", |it, usual| {
        it.control_blocks = usual.control_blocks
    }),
    ("cpus", |it, usual| it.cpus = usual.cpus),
    ("driver_threads", |it, usual| {
        it.driver_threads = usual.driver_threads
    }),
    ("quantum", |it, usual| it.quantum = usual.quantum),
    ("call_cost", |it, usual| it.call_cost = usual.call_cost),
    ("connect_attempts", |it, usual| {
        it.connect_attempts = usual.connect_attempts
    }),
    ("connect_pause", |it, usual| {
        it.connect_pause = usual.connect_pause
    }),
    ("clock_offset", |it, usual| {
        it.clock_offset = usual.clock_offset
    }),
    ("keep_alive", |it, usual| it.keep_alive = usual.keep_alive),
    ("tcp", |it, usual| it.tcp = usual.tcp),
];

const CONNECTOR: [Setting<Connector>; 14] = [
    ("session_disconnect", |it, usual| {
        it.session_disconnect = usual.session_disconnect
    }),
    ("open_interval", |it, usual| {
        it.open_interval = usual.open_interval
    }),
    ("open_retries", |it, usual| {
        it.open_retries = usual.open_retries
    }),
    ("transfer_interval", |it, usual| {
        it.transfer_interval = usual.transfer_interval
    }),
    ("transfer_retries", |it, usual| {
        it.transfer_retries = usual.transfer_retries
    }),
    ("lifetime", |it, usual| it.lifetime = usual.lifetime),
    ("threshold", |it, usual| it.threshold = usual.threshold),
    ("checkpoint", |it, usual| it.checkpoint = usual.checkpoint),
    ("window", |it, usual| it.window = usual.window),
    ("recovery_timeout", |it, usual| {
        it.recovery_timeout = usual.recovery_timeout
    }),
    ("transfer_timeout_urgent", |it, usual| {
        it.transfer_timeout_urgent = usual.transfer_timeout_urgent;
    }),
    ("transfer_timeout_normal", |it, usual| {
        it.transfer_timeout_normal = usual.transfer_timeout_normal;
    }),
    ("transfer_timeout_non_urgent", |it, usual| {
        it.transfer_timeout_non_urgent = usual.transfer_timeout_non_urgent;
    }),
    ("max_associations", |it, usual| {
        it.max_associations = usual.max_associations
    }),
];

const DIRECTION: [Setting<Direction>; 6] = [
    ("delay", |it, usual| it.delay = usual.delay),
    ("jitter", |it, usual| it.jitter = usual.jitter),
    ("bandwidth", |it, usual| {
        it.bandwidth = usual.bandwidth;
        it.queue = usual.queue;
    }),
    ("reorder", |it, usual| {
        it.reorder = usual.reorder;
        it.reorder_delay = usual.reorder_delay;
    }),
    ("duplicate", |it, usual| it.duplicate = usual.duplicate),
    ("corrupt", |it, usual| it.corrupt = usual.corrupt),
];

/// Every part, the coarsest first.
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
            found.extend((0..times.len()).map(|place| Part::Message(name.clone(), place)));
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

/// The scenario without an part; without a setting means at its default.
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
        Part::Message(name, place) => {
            let workload = rest.workloads.get_mut(name).expect("the workload is there");
            let Arrivals::At(times) = &mut workload.arrivals else {
                panic!("only listed messages are elements");
            };
            times.remove(*place);
            if times.is_empty() {
                rest.workloads.remove(name);
            }
        }
        Part::Outage(place) => {
            rest.pins.outages.remove(*place);
        }
        Part::Drop(place) => {
            rest.pins.drop.remove(*place);
        }
        Part::Preemption(place) => {
            rest.pins.preempt.remove(*place);
        }
    }
    edit::prune(&mut rest);
    rest
}

fn reset(scenario: &mut Scenario, table: Table, name: &str, key: &str) {
    fn apply<T>(settings: &[Setting<T>], key: &str, it: &mut T, usual: &T) {
        let (_, set) = settings
            .iter()
            .find(|(name, _)| *name == key)
            .expect("keys come from the tables above");
        set(it, usual);
    }
    match table {
        Table::Host => {
            let host = scenario.hosts.get_mut(name).expect("the host is there");
            let usual = Host::new(host.build);
            apply(&HOST, key, host, &usual);
        }
        Table::Connector => {
            let connector = scenario.connectors.get_mut(name).expect("it is there");
            let usual = Connector::new(&connector.from, &connector.to);
            apply(&CONNECTOR, key, connector, &usual);
        }
        Table::Link => {
            let link = scenario.links.get_mut(name).expect("the link is there");
            for direction in [&mut link.forward, &mut link.backward] {
                apply(&DIRECTION, key, direction, &Direction::DEFAULT);
            }
        }
    }
}

/// What an part is, for a reader.
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
        Part::Message(name, place) => {
            let at = match &scenario.workloads[name].arrivals {
                Arrivals::At(times) => times[*place],
                Arrivals::Every(_) | Arrivals::Poisson { .. } | Arrivals::Burst { .. } => {
                    Instant::ZERO
                }
            };
            format!("message {place} of workload {name}, at {at} s")
        }
        Part::Outage(place) => {
            let window = &scenario.pins.outages[*place];
            format!(
                "outage of {} from {} to {} s",
                window.link, window.from, window.to
            )
        }
        Part::Drop(place) => {
            let packet = &scenario.pins.drop[*place];
            format!(
                "lost packet on {}: flow {:016x}, unit {}, attempt {}",
                packet.link, packet.flow, packet.unit, packet.attempt
            )
        }
        Part::Preemption(place) => {
            let point = &scenario.pins.preempt[*place];
            format!(
                "preemption of thread {:03} on {} before {}",
                point.thread, point.host, point.before
            )
        }
    }
}
