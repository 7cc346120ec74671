//! Who is who in a scenario.
//!
//! Owns the number and the address of each host and which connectors start and end there, found
//! once for all hosts: asking the whole scenario for each of them would take ten thousand hosts
//! ten thousand times. It refuses what the models make of it.

use std::collections::BTreeMap;

use net::HostId;

use crate::assembly;
use crate::plan::{Connector, Scenario};

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
        let numbers = assembly::host_numbers(scenario);
        let mut roster = Self {
            addresses: assembly::addresses(scenario),
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
