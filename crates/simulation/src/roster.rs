//! Who is who in a scenario.
//!
//! Owns the number and the address of each host and which connectors start and end there, found
//! once for all hosts: to ask the whole scenario for each of them would cost ten thousand hosts
//! ten thousand walks through it. It refuses what the models make of it.

use std::collections::{BTreeMap, BTreeSet};

use net::HostId;

use config::plan::{Connector, Host, Scenario};

/// The hosts of a scenario in the order of their names.
#[derive(Debug)]
pub(crate) struct Roster<'a> {
    numbers: BTreeMap<&'a str, HostId>,
    addresses: Vec<u32>,
    outgoing: Vec<Vec<(&'a str, &'a Connector)>>,
    incoming: Vec<Vec<&'a Connector>>,
}

impl<'a> Roster<'a> {
    pub(crate) fn new(scenario: &'a Scenario) -> Self {
        let numbers = host_numbers(scenario);
        let mut roster = Self {
            addresses: addresses(scenario),
            outgoing: vec![Vec::new(); numbers.len()],
            incoming: vec![Vec::new(); numbers.len()],
            numbers,
        };
        for (name, connector) in &scenario.connectors {
            let (from, to) = (roster.number(&connector.from), roster.number(&connector.to));
            roster.outgoing[from.0 as usize].push((name, connector));
            roster.incoming[to.0 as usize].push(connector);
        }
        roster
    }

    /// The number of a host.
    ///
    /// # Panics
    /// If the scenario has none of this name: its reader has checked that.
    pub(crate) fn number(&self, host: &str) -> HostId {
        self.numbers[host]
    }

    /// The address of a host: its own, or 10.0.0.n.
    pub(crate) fn address(&self, host: HostId) -> u32 {
        self.addresses[host.0 as usize]
    }

    /// The connectors that start at a host, in the order of their names.
    pub(crate) fn outgoing(&self, host: HostId) -> &[(&'a str, &'a Connector)] {
        &self.outgoing[host.0 as usize]
    }

    /// The connectors that end at a host.
    pub(crate) fn incoming(&self, host: HostId) -> &[&'a Connector] {
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
        .map(|host| u32::from(host.address))
        .collect();
    let mut free = (u32::from_be_bytes([10, 0, 0, 1])..).filter(|it| !taken.contains(it));
    let assign = |host: &Host| match u32::from(host.address) {
        0 => free.next().expect("there are fewer hosts than addresses"),
        address => address,
    };
    scenario.hosts.values().map(assign).collect()
}
