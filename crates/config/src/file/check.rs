//! Checks of the whole plan: hosts without a path, times that contradict each other.

mod faults;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Instant, Ratio};

use crate::format::diagnostic::{Code, DIAGNOSTICS_MAX, Diagnostic};
use crate::format::setting::MapKey;
use crate::format::units::QuantityRange;
use crate::plan::{
    Build, Domain, Host, HostProgram, Limits, Link, Priorities, Scenario, ViolationKind,
};

/// A plan and what is wrong with it: the dotted path of a setting, and a diagnostic without position.
struct Checker<'a> {
    scenario: &'a Scenario,
    mistakes: Vec<(String, Diagnostic)>,
}

/// Everything wrong with the plan as a whole, by dotted path. Diagnostics have no position.
pub(super) fn check(scenario: &Scenario) -> Vec<(String, Diagnostic)> {
    let mistakes = Vec::new();
    let mut checker = Checker { scenario, mistakes };
    checker.hosts();
    checker.size_of_network();
    checker.routes();
    checker.faults();
    checker.workloads();
    checker.pins();
    checker.swarm();
    checker.until_first();
    checker.mistakes
}

impl Checker<'_> {
    fn contradiction(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.add(path, Diagnostic::of_file(Code::Contradiction, message));
    }

    fn contradiction_with_help(&mut self, path: String, message: &str, help: String) {
        self.add(
            path,
            Diagnostic::of_file(Code::Contradiction, message).help(help),
        );
    }

    fn add(&mut self, path: impl Into<String>, mistake: Diagnostic) {
        if self.mistakes.len() < DIAGNOSTICS_MAX {
            self.mistakes.push((path.into(), mistake));
        }
    }

    fn hosts(&mut self) {
        if self.scenario.hosts.is_empty() {
            let message = "a scenario needs at least one host";
            self.add("host", Diagnostic::of_file(Code::MissingKey, message));
        }
        let mut owners = BTreeMap::new();
        for (name, host) in &self.scenario.hosts {
            // Also between a given address and one that was assigned: packets are delivered by
            // address.
            if let Some(owner) = owners.insert(host.address, name) {
                let message = format!("{} is already the address of `{owner}`", host.address);
                self.contradiction(format!("host.{name}.address"), message);
            }
            let mut aliases = host.aliases.iter().flatten();
            if let Some(alias) = aliases.find(|it| self.scenario.hosts.contains_key(*it)) {
                let message = format!("`{alias}` is the name of a host already");
                self.contradiction(format!("host.{name}.aliases"), message);
            }
            if host.program == HostProgram::Guest(false) {
                let message = "a host runs a program: write `guest = true`, or the MTA's `build`";
                self.contradiction(format!("host.{name}.guest"), message);
            }
            self.control_blocks(name, host);
        }
    }

    /// TCP/IP and TP4 share 64 control blocks in 4.0, and each has at least 2 (Q166602, Q151412).
    fn control_blocks(&mut self, name: &str, host: &Host) {
        let is_4_0 = host.build().is_some_and(Build::is_4_0);
        if is_4_0 && host.control_blocks > Host::CONTROL_BLOCKS_4_0 {
            let most = Host::CONTROL_BLOCKS_4_0;
            let message = format!("an MTA of 4.0 has at most {most} control blocks (Q166602)");
            let help =
                format!("set host.{name}.control_blocks to {most} or less, or use a later build");
            self.contradiction_with_help(format!("host.{name}.control_blocks"), &message, help);
        }
    }

    /// A run would refuse these, but only after the whole file has been printed and lowered.
    fn size_of_network(&mut self) {
        let hosts = u32::try_from(self.scenario.hosts.len()).unwrap_or(u32::MAX);
        if hosts > net::HOSTS_MAX {
            self.contradiction("host", net::NetworkError::TooManyHosts(hosts).to_string());
        }
        let mut links = BTreeMap::new();
        for end in self.scenario.links.values().flat_map(|it| &it.between) {
            *links.entry(end.as_str()).or_insert(0_u32) += 1;
        }
        let routers = links.into_values().filter(|it| *it > 1).count();
        if routers > net::ROUTERS_MAX {
            let mistake = net::NetworkError::TooManyRouters(routers);
            self.contradiction("link", mistake.to_string());
        }
    }

    /// A link joins two hosts. A connector leads from an MTA to a host that links join with it: to a guest,
    /// too, which the MTA calls like any peer.
    fn routes(&mut self) {
        for (name, link) in &self.scenario.links {
            if link.between[0] == link.between[1] {
                let message = "a link joins two different hosts";
                self.contradiction(format!("link.{name}.between"), message);
            }
            self.bad_state(name, link);
        }
        // Once for all connectors: a file may have thousands of both, and a search for each pair
        // would take minutes.
        let components = components(self.scenario);
        for (name, connector) in &self.scenario.connectors {
            let (from, to) = (connector.from.as_str(), connector.to.as_str());
            let path = format!("connector.{name}.to");
            let host = self.scenario.hosts.get(from);
            if from == to {
                self.contradiction(path, "a connector joins two different hosts");
            } else if host.is_some_and(|host| host.build().is_none()) {
                let message = format!("a connector starts at an MTA, and `{from}` is a guest");
                let help = format!(
                    "let the program of `{from}` connect to port 102 of `{to}`, or give `{from}` a \
                     `build` of the MTA in place of `guest`"
                );
                let mistake = Diagnostic::of_file(Code::Contradiction, message).help(help);
                self.add(format!("connector.{name}.from"), mistake);
            } else if let (Some(one), Some(other)) = (components.get(from), components.get(to))
                && one != other
            {
                let message = format!("no path of links leads from `{from}` to `{to}`");
                let help = format!("add a table [link.NAME] with between = [\"{from}\", \"{to}\"]");
                self.contradiction_with_help(path, &message, help);
            }
        }
    }

    /// What holds in a bad state has no effect if there is none, or if no packet of it arrives.
    fn bad_state(&mut self, name: &str, link: &Link) {
        let mut ways = [&link.forward, &link.backward].into_iter();
        let Some(way) = ways.find(|way| way.has_bad_state_settings() && !way.loss.has_bad_state())
        else {
            return;
        };
        let key = match way.bad_delay {
            Some(_) => "bad_delay",
            None => "bad_bandwidth",
        };
        let message = "no packet arrives in a bad state of this loss model";
        let help = "give loss.gilbert-elliott its good_to_bad, bad_to_good, and a loss_bad below 1";
        self.contradiction_with_help(format!("link.{name}.{key}"), message, help.to_owned());
    }

    /// A kind or a signature. A misspelt one would never be met.
    fn until_first(&mut self) {
        let Some(name) = &self.scenario.until_first else {
            return;
        };
        // Every signature names a location or a cause after a colon.
        let is_signature = name.contains(": ");
        if !is_signature
            && name != Scenario::ANY_EXCEPTION
            && <ViolationKind as MapKey>::parse(name).is_none()
        {
            let message = format!("`{name}` is no kind of failure, and no signature");
            let help = format!(
                "{}, or `{}`, or a signature as a report shows it, such as \
                 `control-block-leak: closing a control block`",
                <ViolationKind as MapKey>::help(name),
                Scenario::ANY_EXCEPTION
            );
            let mistake = Diagnostic::of_file(Code::UnknownWord, message).help(help);
            self.add("until_first", mistake);
        }
    }

    fn workloads(&mut self) {
        let workloads = self.scenario.workloads.len();
        let each = Limits::messages_each(workloads);
        if self.scenario.limits.messages > each {
            let message =
                format!("messages have numbers of 32 bits, which {workloads} workloads share");
            let help = format!("set limits.messages = {each} or less");
            self.contradiction_with_help("limits.messages".to_owned(), &message, help);
        }
        let last = Instant::ZERO.saturating_add(self.scenario.duration);
        for (name, workload) in &self.scenario.workloads {
            let path = |key: &str| format!("workload.{name}.{key}");
            let end = workload.end.unwrap_or(last);
            if end > last {
                let duration = self.scenario.duration;
                let message = format!("the workload ends after the run ({duration})");
                self.contradiction(path("end"), message);
            }
            if workload.start >= end {
                self.contradiction(path("start"), "the workload starts after its end");
            }
            if workload.size.from > workload.size.to {
                self.contradiction(path("size.to"), "the largest size is below the smallest");
            }
            if let Priorities::Mix { urgent, non_urgent } = workload.priorities
                && urgent.of_two_to_64() + non_urgent.of_two_to_64() > Ratio::ONE.of_two_to_64()
            {
                let message = format!("{urgent} and {non_urgent} add up to more than 1");
                self.contradiction(path("mix"), message);
            }
        }
    }

    fn pins(&mut self) {
        for (index, outage) in self.scenario.pins.outages.iter().enumerate() {
            if outage.from >= outage.to {
                let path = format!("pin.outages[{index}].to");
                self.contradiction(path, "the outage ends before it begins");
            }
        }
        for (index, pair) in self.scenario.pins.reseeds.windows(2).enumerate() {
            if pair[1].from <= pair[0].from {
                let path = format!("pin.reseed[{}].from", index + 1);
                self.contradiction(path, "each entry must be later than the one before");
            }
        }
    }

    fn swarm(&mut self) {
        for part in &self.scenario.swarm.always {
            let exists = match part.split('.').collect::<Vec<_>>().as_slice() {
                ["fault", name] => self.scenario.faults.contains_key(*name),
                ["link", name, _] => self.scenario.links.contains_key(*name),
                _ => false,
            };
            if !exists {
                let message = format!("there is no fault or link for `{part}`");
                let mistake = Diagnostic::of_file(Code::UnknownName, message);
                self.add("swarm.always", mistake);
            }
        }
        for (index, variation) in self.scenario.swarm.vary.iter().enumerate() {
            if let Domain::Range([from, to]) = &variation.domain
                && QuantityRange::parse(from, to).is_none()
            {
                let path = format!("swarm.vary[{index}].range");
                let message = format!(
                    "`{from}` and `{to}` are not two times, sizes, rates or whole numbers, \
                     the smaller first"
                );
                self.contradiction(path, message);
            }
        }
    }
}

/// For each host the number of its connected component: the hosts that links join with it.
fn components(scenario: &Scenario) -> BTreeMap<&str, usize> {
    let mut neighbours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in scenario.links.values() {
        let [one, other] = &link.between;
        neighbours.entry(one).or_default().insert(other);
        neighbours.entry(other).or_default().insert(one);
    }
    let mut components = BTreeMap::new();
    for (component, start) in scenario.hosts.keys().enumerate() {
        let mut reached = vec![start.as_str()];
        while let Some(host) = reached.pop() {
            if components.contains_key(host) {
                continue;
            }
            components.insert(host, component);
            reached.extend(neighbours.get(host).into_iter().flatten());
        }
    }
    components
}
