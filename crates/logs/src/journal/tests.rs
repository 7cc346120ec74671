//! What readers of the journal rely on.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use config::file::load;
use simulation::Options;

const LEAK: &[u8] = include_bytes!("../../../../sims/casebook/q303102-cb-leak.toml");

#[test]
fn every_record_is_one_flat_object() {
    let scenario = load("leak", LEAK, &[]);
    let scenario = scenario.unwrap_or_else(|found| panic!("{}", found.to_human(false)));
    let options = Options { keep_records: true };
    let outcome = simulation::run(&scenario, 1, options).expect("its link can be calibrated");
    let lines: Vec<String> = super::lines(&scenario, &outcome).collect();
    assert_eq!(lines.len(), outcome.records.len());
    let mut kinds = BTreeSet::new();
    for (line, entry) in lines.iter().zip(&outcome.records) {
        let json: Json = serde_json::from_str(line).expect("each line is JSON");
        let object = json.as_object().expect("each line is an object");
        assert!(
            line.starts_with(&format!("{{\"at_ns\":{},\"kind\":\"", entry.at.nanos())),
            "{line}"
        );
        assert!(
            object
                .values()
                .all(|value| !value.is_object() && !value.is_array()),
            "{line}"
        );
        if let Some(host) = object.get("host") {
            assert!(host == "PARIS" || host == "LYON", "{line}");
        }
        kinds.insert(object["kind"].as_str().expect("a kind is text").to_owned());
    }
    for kind in [
        "block-out-of-service",
        "closed-down",
        "event",
        "event-log",
        "fault",
        "packet-dropped",
        "violation",
        "winsock-log",
    ] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
}
