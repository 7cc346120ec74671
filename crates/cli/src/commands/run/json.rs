//! The result as a JSON object. Every key is always present.

use std::fmt::Display;

use serde_json::{Map, Value as Json, json};

use config::plan::Keyword;
use explore::repro::capsule::PROGRAM_BUILD;
use logs::journal;
use simulation::outcome::{Exception, Outcome, Violation};

use super::{RunReport, traffic};

/// The version of this object, which `run.json` is, too.
pub(crate) const SCHEMA: u64 = 4;

/// The run, with the time it took on this machine.
pub(super) fn timed_object(report: &RunReport<'_>) -> Json {
    let mut object = object(report);
    let wall = u64::try_from(report.elapsed.as_nanos());
    object["wall_ns"] = json!(wall.unwrap_or(u64::MAX));
    object
}

/// The run; equal on every machine.
pub(super) fn object(report: &RunReport<'_>) -> Json {
    let outcome = &report.outcome;
    let (associations, messages) = (outcome.associations, outcome.messages);
    let links = outcome.links.iter().map(|(name, link)| {
        let lost_by = link.lost_by.iter();
        let lost_by: Map<String, Json> = lost_by
            .map(|(reason, count)| (journal::drop_reason(*reason).to_owned(), json!(count)))
            .collect();
        let counts = json!({
            "offered": link.offered,
            "lost": link.lost,
            "lost_by": lost_by,
            "damaged": link.damaged,
        });
        (name.clone(), counts)
    });
    json!({
        "schema_version": SCHEMA,
        "mtasim": PROGRAM_BUILD,
        "scenario": report.file,
        "title": report.scenario.title,
        "seed": outcome.seed,
        "digest": outcome.digest.to_string(),
        "reproduce": report.reproduce,
        "simulated_ns": outcome.simulated.nanos(),
        "stop": outcome.stop.word(),
        "events": outcome.events,
        "calls": outcome.calls,
        "verdict": outcome.verdict().word(),
        "undecided": outcome.undecided(),
        "as_expected": outcome.is_as_expected(),
        "unexpected": outcome.unexpected,
        "violations": outcome.violations.iter().map(violation).collect::<Vec<_>>(),
        "violations_dropped": outcome.violations_dropped,
        "exceptions": outcome.exceptions.iter().map(exception).collect::<Vec<_>>(),
        "events_logged": counts(outcome.events_logged.iter()),
        "associations": {
            "begun": associations.begun,
            "opened": associations.opened,
            "not_opened": associations.not_opened,
            "refused": associations.refused,
            "pending": associations.pending(),
            "closed": associations.closed,
            "broken": associations.broken,
            "left_open": associations.left_open(),
            "refused_when_called": associations.refused_when_called,
        },
        "messages": {
            "submitted": messages.submitted,
            "arrived": messages.arrived,
            "acknowledged": messages.acknowledged,
            "returned": messages.returned,
        },
        "connectors": traffic::connectors(outcome),
        "workloads": traffic::workloads(outcome),
        "faults": counts(outcome.faults.iter()),
        "links": links.collect::<Map<_, _>>(),
        "reached": counts(outcome.reached.iter()),
        "gauges": gauges(outcome),
    })
}

/// The values of each gauge: from each time on it has the value beside it.
fn gauges(outcome: &Outcome) -> Json {
    let gauges = outcome.gauges.iter().map(|(name, samples)| {
        let times: Vec<u64> = samples.iter().map(|(at, _)| at.nanos()).collect();
        let values: Vec<i64> = samples.iter().map(|(_, value)| *value).collect();
        (name.clone(), json!({ "at_ns": times, "values": values }))
    });
    Json::Object(gauges.collect())
}

fn violation(violation: &Violation) -> Json {
    let mut object = json!({
        "kind": violation.kind.as_str(),
        "host": violation.host,
        "at_ns": violation.at.nanos(),
        "signature": violation.signature(),
        "detail": violation.detail,
    });
    if let Some(block) = violation.block {
        object["cb"] = json!(block.index.0);
        object["instance"] = json!(block.instance.0);
    }
    object
}

fn exception(exception: &Exception) -> Json {
    json!({
        "code": format!("{:08x}", exception.code),
        "host": exception.host,
        "at_ns": exception.at.nanos(),
        "thread": exception.thread,
        "thread_number": exception.number,
        "signature": exception.signature(),
    })
}

fn counts<'a, K: Display + 'a>(counts: impl Iterator<Item = (&'a K, &'a u64)>) -> Json {
    let entries = counts.map(|(name, count)| (name.to_string(), json!(count)));
    Json::Object(entries.collect())
}
