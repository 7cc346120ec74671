//! Whether connectors can ever reach the other side.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Findings;
use crate::format::diagnostic::Code;
use crate::plan::Scenario;

/// Links join two hosts, connectors two that links join.
pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    for (name, link) in &scenario.links {
        if link.between[0] == link.between[1] {
            findings.add(
                Code::Contradiction,
                format!("link.{name}.between"),
                "a link joins two different hosts",
            );
        }
    }
    let islands = islands(scenario);
    for (name, connector) in &scenario.connectors {
        let (from, to) = (connector.from.as_str(), connector.to.as_str());
        if from == to {
            findings.add(
                Code::Contradiction,
                format!("connector.{name}.to"),
                "a connector leads to another host",
            );
            continue;
        }
        let (Some(island), Some(other)) = (islands.get(from), islands.get(to)) else {
            continue;
        };
        if island != other {
            findings.add_with(
                Code::Contradiction,
                format!("connector.{name}.to"),
                format!("no links lead from `{from}` to `{to}`"),
                Some(format!(
                    "add a table [link.NAME] with between = [\"{from}\", \"{to}\"]"
                )),
            );
        }
    }
}

/// For each host the number of the island of linked hosts it lies on.
fn islands(scenario: &Scenario) -> BTreeMap<&str, usize> {
    let mut neighbours: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in scenario.links.values() {
        let [one, other] = &link.between;
        neighbours.entry(one).or_default().insert(other);
        neighbours.entry(other).or_default().insert(one);
    }
    let mut islands = BTreeMap::new();
    for (island, start) in scenario.hosts.keys().enumerate() {
        let mut reached = vec![start.as_str()];
        while let Some(host) = reached.pop() {
            if islands.contains_key(host) {
                continue;
            }
            islands.insert(host, island);
            reached.extend(neighbours.get(host).into_iter().flatten());
        }
    }
    islands
}
