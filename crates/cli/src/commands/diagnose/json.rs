//! The answer for programs.
//!
//! Owns the keys of the JSON object, one a log on one line. Lives are written as they become
//! certain, so that a log of gigabytes needs no more memory than a short one.

use std::time::Duration;

use diagnose::{Entry, EventLog, Totals, event_log};
use serde_json::{Value as Json, json};

use super::{Companion, Diagnosis, Shown};

/// Text is written in portions of about this many bytes.
const PORTION: usize = 64 * 1_024;

pub(super) struct JsonLines {
    text: String,
    is_first: bool,
}

impl JsonLines {
    pub(super) fn new(name: &str, companion: Option<&Companion>) -> Self {
        let (name, beside) = (json!(name), json!(companion.map(|it| &it.name)));
        Self {
            text: format!(
                "{{\"schema_version\":1,\"log\":{name},\"event_log\":{beside},\"lives\":["
            ),
            is_first: true,
        }
    }
}

impl Shown for JsonLines {
    fn take_in(&mut self, life: &Entry) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.text.push(',');
        }
        self.text.push_str(&entry(life).to_string());
    }

    fn end(&mut self, diagnosis: &Diagnosis<'_>) {
        let summary = diagnosis.summary;
        let lasted = diagnosis.companion.and_then(|it| it.log.lasted(0));
        let forecast = summary.last.forecast(diagnosis.pool, lasted);
        let about = json!({
            "lines": summary.lines,
            "log_lines": summary.log_lines,
            "unknown_forms": summary.unknown_forms,
            "services": summary.services,
            "total": totals(&summary.total),
            "last_service": totals(&summary.last),
            "forecast": forecast.map(|it| json!({
                "pool": it.pool,
                "free": it.free,
                "allocations_per_leak": it.allocations_per_leak,
                "allocations_left": it.allocations_left,
                "leaks_per_hour": it.leaks_per_hour,
                "left_s": it.time_left.map(|left| left.as_secs()),
            })),
            "events": diagnosis.quoted.map(events_of),
        });
        let text = format!("],\"summary\":{about}}}\n");
        self.text.push_str(&text);
    }

    fn is_large(&self) -> bool {
        self.text.len() >= PORTION
    }

    fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

fn entry(life: &Entry) -> Json {
    json!({
        "cb": life.cb,
        "instance": life.instance,
        "verdict": life.verdict.word(),
        "evidence": life.evidence.lines(),
        "service": life.service,
        "why": life.reason.to_string(),
    })
}

fn totals(totals: &Totals) -> Json {
    json!({
        "service": totals.service,
        "is_whole": totals.is_whole,
        "allocated": totals.allocated,
        "leaked": totals.leaked,
        "in_use": totals.in_use,
        "closed": totals.closed,
        "unknown": totals.unknown,
        "lasted_s": totals.lasted.as_ref().map(Duration::as_secs),
    })
}

/// An event log as an object on one line.
pub(super) fn events(name: &str, log: &EventLog) -> String {
    let about = json!({ "schema_version": 1, "event_log": name, "events": events_of(log) });
    format!("{about}\n")
}

fn events_of(log: &EventLog) -> Json {
    let events = log.events().map(|(id, events)| {
        let meaning = event_log::meaning(id);
        json!({
            "id": id,
            "count": events.count,
            "weight": meaning.map(|(weight, _)| weight.word()),
            "meaning": meaning.map(|(_, text)| text),
            "first_line": events.first_line,
            "last_line": events.last_line,
        })
    });
    events.collect()
}
