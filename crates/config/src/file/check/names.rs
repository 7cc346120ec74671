//! Names that must be those of a table.

use std::collections::BTreeMap;

use super::Checker;
use crate::format::diagnostic::Code;
use crate::format::suggestion::{shortened, suggestion};
use crate::plan::{FaultKind, ResetScope};

impl Checker<'_> {
    /// Looks up every name in the plan.
    pub(super) fn names(&mut self) {
        let scenario = self.scenario;
        for (name, link) in &scenario.links {
            for end in &link.between {
                self.host(end, format!("link.{name}.between"));
            }
        }
        for (name, connector) in &scenario.connectors {
            self.host(&connector.from, format!("connector.{name}.from"));
            self.host(&connector.to, format!("connector.{name}.to"));
        }
        for (name, workload) in &scenario.workloads {
            let path = format!("workload.{name}.connector");
            self.look_up(&scenario.connectors, "connector", &workload.connector, path);
        }
        for (name, fault) in &scenario.faults {
            let path = |key: &str| format!("fault.{name}.{key}");
            match &fault.kind {
                FaultKind::Cut { link, .. } => self.link(link, path("cut.link")),
                FaultKind::Reset(ResetScope::Link(link)) => self.link(link, path("reset.link")),
                FaultKind::Reset(ResetScope::Host(host)) => self.host(host, path("reset.host")),
                FaultKind::Crash { host, .. } => self.host(host, path("crash.host")),
                FaultKind::RestartService { host } => {
                    self.host(host, path("restart-service.host"));
                }
                FaultKind::Stall { host, .. } => self.host(host, path("stall.host")),
                FaultKind::ClockOffset { host, .. } => self.host(host, path("clock-offset.host")),
            }
        }
        for (index, outage) in scenario.pins.outages.iter().enumerate() {
            self.link(&outage.link, format!("pin.outages[{index}].link"));
        }
        for (index, packet) in scenario.pins.drop.iter().enumerate() {
            self.link(&packet.link, format!("pin.drop[{index}].link"));
        }
        for (index, preemption) in scenario.pins.preempt.iter().enumerate() {
            self.host(&preemption.host, format!("pin.preempt[{index}].host"));
        }
    }

    fn host(&mut self, name: &str, path: String) {
        self.look_up(&self.scenario.hosts, "host", name, path);
    }

    fn link(&mut self, name: &str, path: String) {
        self.look_up(&self.scenario.links, "link", name, path);
    }

    fn look_up<T>(&mut self, tables: &BTreeMap<String, T>, kind: &str, name: &str, path: String) {
        // An empty name could not be read, which has been reported.
        if name.is_empty() || tables.contains_key(name) {
            return;
        }
        let short = shortened(name);
        let help = match suggestion(name, tables.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("add a table [{kind}.{short}]"),
        };
        let message = format!("there is no {kind} `{short}`");
        self.add(Code::UnknownName, path, message, Some(help));
    }
}
