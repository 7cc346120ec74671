//! Numbers and addresses of hosts, and the connectors of each, by name.
//!
//! They are computed once for all hosts: looking through the whole scenario for each of ten
//! thousand hosts would take quadratic time.

use std::collections::{BTreeMap, BTreeSet};

use net::HostId;

use config::plan::{Host, Scenario};

/// The hosts of a scenario, numbered in the order of their names.
#[derive(Debug)]
pub(crate) struct Names {
    numbers: BTreeMap<String, HostId>,
    addresses: Vec<u32>,
    outgoing: Vec<Vec<String>>,
    incoming: Vec<Vec<String>>,
}

impl Names {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let numbers = scenario.hosts.keys().cloned().zip((0..).map(HostId));
        let hosts = scenario.hosts.len();
        let mut it = Self {
            addresses: addresses(scenario),
            outgoing: vec![Vec::new(); hosts],
            incoming: vec![Vec::new(); hosts],
            numbers: numbers.collect(),
        };
        for (name, connector) in &scenario.connectors {
            let (from, to) = (it.number(&connector.from), it.number(&connector.to));
            it.outgoing[from.0 as usize].push(name.clone());
            it.incoming[to.0 as usize].push(name.clone());
        }
        it
    }

    /// The number of a host.
    ///
    /// # Panics
    /// If the scenario has no host of this name. Names have been checked when its file was read.
    pub(crate) fn number(&self, host: &str) -> HostId {
        self.numbers[host]
    }

    /// The address of a host: its own, or 10.0.0.n.
    pub(crate) fn address(&self, host: HostId) -> u32 {
        self.addresses[host.0 as usize]
    }

    /// The names of the connectors that start at a host, in their order.
    pub(crate) fn outgoing(&self, host: HostId) -> &[String] {
        &self.outgoing[host.0 as usize]
    }

    /// The names of the connectors that end at a host, in their order.
    pub(crate) fn incoming(&self, host: HostId) -> &[String] {
        &self.incoming[host.0 as usize]
    }
}

/// The number of each host, in the order of their names.
pub(crate) fn host_numbers(scenario: &Scenario) -> BTreeMap<&str, HostId> {
    scenario
        .hosts
        .keys()
        .map(String::as_str)
        .zip((0..).map(HostId))
        .collect()
}

/// The address of each host: its own, or 10.0.0.n.
pub(crate) fn addresses(scenario: &Scenario) -> Vec<u32> {
    let taken: BTreeSet<u32> = scenario
        .hosts
        .values()
        .flat_map(Host::all_addresses)
        .map(u32::from)
        .collect();
    let mut free = (u32::from_be_bytes([10, 0, 0, 1])..).filter(|it| !taken.contains(it));
    let assign = |host: &Host| match u32::from(host.address) {
        0 => free.next().expect("there are fewer hosts than addresses"),
        address => address,
    };
    scenario.hosts.values().map(assign).collect()
}
