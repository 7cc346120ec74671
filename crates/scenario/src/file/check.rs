//! What takes more than one table to see.
//!
//! Owns the checks on a whole plan: names that lead nowhere, hosts without a path, times that
//! contradict each other. It refuses to look at text: it holds a finished plan, and says by
//! dotted path what is wrong with it.

mod fault;
mod reference;
mod route;

use std::collections::BTreeMap;

use kernel::Instant;

use super::diagnostic::Code;
use crate::plan::{OutageWindow, Scenario};

/// A mistake in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) code: Code,
    /// The setting it is about, as a dotted path.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Collects findings.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: Code, path: impl Into<String>, message: impl Into<String>) {
        self.add_with(code, path, message, None);
    }

    fn add_with(
        &mut self,
        code: Code,
        path: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.0.push(Finding {
            code,
            path: path.into(),
            message: message.into(),
            help,
        });
    }
}

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
