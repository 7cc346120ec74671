//! Whether what a swarm varies is there.

use super::finding::Findings;
use crate::format::diagnostic::Code;
use crate::format::units;
use crate::plan::{Domain, Scenario};

pub(super) fn check(scenario: &Scenario, findings: &mut Findings) {
    for part in &scenario.swarm.always {
        let exists = match part.split('.').collect::<Vec<_>>().as_slice() {
            ["fault", name] => scenario.faults.contains_key(*name),
            ["link", name, _] => scenario.links.contains_key(*name),
            _ => false,
        };
        if !exists {
            let message = format!("there is no fault and no link for `{part}`");
            findings.add(Code::UnknownName, "swarm.always", message);
        }
    }
    for (index, varied) in scenario.swarm.vary.iter().enumerate() {
        let Domain::Range([from, to]) = &varied.domain else {
            continue;
        };
        if units::quantities(from, to).is_none() {
            let message = format!(
                "`{from}` and `{to}` are not two times, sizes, rates or whole numbers, the smaller first"
            );
            let path = format!("swarm.vary[{index}].range");
            findings.add(Code::Contradiction, path, message);
        }
    }
}
