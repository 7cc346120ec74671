//! Names that must be those of a table.

use std::collections::BTreeMap;

use super::finding::Findings;
use crate::format::diagnostic::Code;
use crate::format::suggestion::suggestion;
use crate::plan::{FaultKind, ResetScope, Scenario};

/// Looks up every name the plan mentions.
pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    for (name, link) in &scenario.links {
        for end in &link.between {
            host(scenario, end, format!("link.{name}.between"), findings);
        }
    }
    for (name, connector) in &scenario.connectors {
        host(
            scenario,
            &connector.from,
            format!("connector.{name}.from"),
            findings,
        );
        host(
            scenario,
            &connector.to,
            format!("connector.{name}.to"),
            findings,
        );
    }
    for (name, workload) in &scenario.workloads {
        let path = format!("workload.{name}.connector");
        look_up(
            &scenario.connectors,
            "connector",
            &workload.connector,
            path,
            findings,
        );
    }
    for (name, fault) in &scenario.faults {
        check_fault(scenario, name, &fault.kind, findings);
    }
    check_pins(scenario, findings);
}

fn check_fault(scenario: &Scenario, name: &str, kind: &FaultKind, findings: &mut Findings) {
    let path = |rest: &str| format!("fault.{name}.{rest}");
    match kind {
        FaultKind::Cut { link: cut, .. } => link(scenario, cut, path("cut.link"), findings),
        FaultKind::Reset(ResetScope::Link(reset)) => {
            link(scenario, reset, path("reset.link"), findings);
        }
        FaultKind::Reset(ResetScope::Host(reset)) => {
            host(scenario, reset, path("reset.host"), findings);
        }
        FaultKind::Crash { host: name, .. } => host(scenario, name, path("crash.host"), findings),
        FaultKind::RestartService { host: name } => {
            host(scenario, name, path("restart-service.host"), findings);
        }
        FaultKind::Stall { host: name, .. } => host(scenario, name, path("stall.host"), findings),
        FaultKind::ClockOffset { host: name, .. } => {
            host(scenario, name, path("clock-offset.host"), findings);
        }
    }
}

fn check_pins(scenario: &Scenario, findings: &mut Findings) {
    for (index, outage) in scenario.pins.outages.iter().enumerate() {
        link(
            scenario,
            &outage.link,
            format!("pin.outages[{index}].link"),
            findings,
        );
    }
    for (index, packet) in scenario.pins.drop.iter().enumerate() {
        link(
            scenario,
            &packet.link,
            format!("pin.drop[{index}].link"),
            findings,
        );
    }
    for (index, preemption) in scenario.pins.preempt.iter().enumerate() {
        host(
            scenario,
            &preemption.host,
            format!("pin.preempt[{index}].host"),
            findings,
        );
    }
}

fn host(scenario: &Scenario, name: &str, path: String, findings: &mut Findings) {
    look_up(&scenario.hosts, "host", name, path, findings);
}

fn link(scenario: &Scenario, name: &str, path: String, findings: &mut Findings) {
    look_up(&scenario.links, "link", name, path, findings);
}

fn look_up<T>(
    tables: &BTreeMap<String, T>,
    kind: &str,
    name: &str,
    path: String,
    findings: &mut Findings,
) {
    // An empty name was never read, and that was said already.
    if name.is_empty() || tables.contains_key(name) {
        return;
    }
    let short: String = name.chars().take(64).collect();
    let help = match suggestion(name, tables.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("add a table [{kind}.{short}]"),
    };
    findings.add_with(
        Code::UnknownName,
        path,
        format!("there is no {kind} `{short}`"),
        Some(help),
    );
}
