//! The size of a scenario and its run, to compare a shrunk failure with the original.

use crate::counted;
use std::fmt;

use config::plan::{Arrivals, Scenario};
use serde::Serialize;
use simulation::Outcome;

use crate::shrink::parts;

/// The size of a scenario and its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Removable parts: tables, settings, listed messages, pins.
    pub parts: u64,
    /// The virtual duration in nanoseconds.
    #[serde(rename = "duration_ns")]
    pub duration: u64,
    /// Hosts.
    pub hosts: u64,
    /// Messages submitted.
    pub messages: u64,
    /// Associations begun.
    pub associations: u64,
    /// Pinned outages.
    pub outages: u64,
    /// Pinned lost packets.
    pub drops: u64,
    /// Pinned preemptions.
    pub preemptions: u64,
    /// Calls of modeled threads.
    pub calls: u64,
}

impl Size {
    /// The size of a scenario with the outcome of its run.
    #[must_use]
    pub fn of(scenario: &Scenario, outcome: &Outcome) -> Self {
        let listed = scenario
            .workloads
            .values()
            .any(|workload| !matches!(workload.arrivals, Arrivals::At(_)));
        let messages = outcome.messages.submitted;
        let parts = parts::parts(scenario).len() as u64;
        Self {
            // Messages of an arrival process count as parts too.
            parts: parts + if listed { messages } else { 0 },
            duration: scenario.duration.nanos(),
            hosts: scenario.hosts.len() as u64,
            messages,
            associations: outcome.associations.begun,
            outages: scenario.pins.outages.len() as u64,
            drops: scenario.pins.drop.len() as u64,
            preemptions: scenario.pins.preempt.len() as u64,
            calls: outcome.calls,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}, {}, {}, ",
            counted(self.parts, "part"),
            kernel::Instant::from_nanos(self.duration),
            counted(self.hosts, "host"),
        )?;
        // Guests have neither messages nor threads whose calls are counted.
        let has_mtas = self.calls > 0;
        if has_mtas {
            write!(
                formatter,
                "{}, {}, ",
                counted(self.messages, "message"),
                counted(self.associations, "association")
            )?;
        }
        write!(
            formatter,
            "{}, {}",
            counted(self.outages, "outage"),
            counted(self.drops, "lost packet")
        )?;
        if has_mtas {
            write!(
                formatter,
                ", {}, {}",
                counted(self.preemptions, "preemption"),
                counted(self.calls, "call")
            )?;
        }
        Ok(())
    }
}
