//! What takes more than one table to see.
//!
//! Owns the checks on a whole plan: names that lead nowhere, hosts without a path, times that
//! contradict each other. It refuses to look at text: it holds a finished plan, and says by
//! dotted path what is wrong with it.

mod fault;
pub(super) mod finding;
mod reference;
mod route;
mod swarm;

use std::collections::BTreeMap;

use kernel::Instant;

use crate::format::diagnostic::Code;
use crate::plan::{Limits, OutageWindow, Reseed, Scenario};
use finding::{Finding, Findings};

/// The names that lead nowhere, for a plan that may have other faults.
pub(super) fn check_names(scenario: &Scenario) -> Vec<Finding> {
    let mut findings = Findings::default();
    reference::check(scenario, &mut findings);
    findings.0
}

/// Everything wrong with the plan as a whole.
pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    let mut findings = Findings::default();
    check_hosts(scenario, &mut findings);
    reference::check(scenario, &mut findings);
    route::check(scenario, &mut findings);
    fault::check(scenario, &mut findings);
    check_workloads(scenario, &mut findings);
    check_pinned_outages(&scenario.pins.outages, &mut findings);
    check_fresh_luck(&scenario.pins.reseeds, &mut findings);
    swarm::check(scenario, &mut findings);
    findings.0
}

fn check_hosts(scenario: &Scenario, findings: &mut Findings) {
    if scenario.hosts.is_empty() {
        findings.add(
            Code::MissingKey,
            "host",
            "a scenario needs at least one host",
        );
    }
    let mut owners = BTreeMap::new();
    for (name, host) in &scenario.hosts {
        if let Some(owner) = owners.insert(host.address, name) {
            findings.add(
                Code::Contradiction,
                format!("host.{name}.address"),
                format!("{} is the address of `{owner}` already", host.address),
            );
        }
    }
}

fn check_workloads(scenario: &Scenario, findings: &mut Findings) {
    let workloads = scenario.workloads.len();
    let each = Limits::messages_each(workloads);
    if scenario.limits.messages > each {
        findings.add_with(
            Code::Contradiction,
            "limits.messages",
            format!("messages have numbers of 32 bits: {workloads} workloads share them"),
            Some(format!("set limits.messages = {each} or less")),
        );
    }
    let last = Instant::ZERO.saturating_add(scenario.duration);
    for (name, workload) in &scenario.workloads {
        let end = workload.end.unwrap_or(last);
        if end > last {
            findings.add(
                Code::Contradiction,
                format!("workload.{name}.end"),
                format!("the workload ends after the run ({})", scenario.duration),
            );
        }
        if workload.start >= end {
            findings.add(
                Code::Contradiction,
                format!("workload.{name}.start"),
                "the workload starts when it is over",
            );
        }
    }
}

fn check_pinned_outages(outages: &[OutageWindow], findings: &mut Findings) {
    for (index, outage) in outages.iter().enumerate() {
        if outage.from >= outage.to {
            findings.add(
                Code::Contradiction,
                format!("pin.outages[{index}].to"),
                "the outage is over before it begins",
            );
        }
    }
}

fn check_fresh_luck(luck: &[Reseed], findings: &mut Findings) {
    for (index, pair) in luck.windows(2).enumerate() {
        if pair[1].from <= pair[0].from {
            findings.add(
                Code::Contradiction,
                format!("pin.luck[{}].from", index + 1),
                "fresh luck comes in the order of time, each later than the one before",
            );
        }
    }
}
