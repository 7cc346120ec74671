//! The diagnosis as JSON, one object per log on one line.
//!
//! Entries are written as soon as they are decided, so memory does not grow with the log.

use std::time::Duration;

use diagnose::{Allocation, AllocationTotals, EventLog, event_log};
use explore::repro::capsule::PROGRAM_BUILD;
use serde_json::{Value as Json, json};

use super::{Companion, DiagnosedLog, DiagnosisPrinter};

/// Text is printed in chunks of about this many bytes.
const CHUNK: usize = 64 * 1_024;

pub(super) struct JsonLine {
    text: String,
    is_first: bool,
}

impl JsonLine {
    pub(super) fn new(name: &str, companion: Option<&Companion>) -> Self {
        let (name, event_log) = (json!(name), json!(companion.map(|it| &it.name)));
        Self {
            text: format!(
                "{{\"schema_version\":3,\"mtasim\":\"{PROGRAM_BUILD}\",\"log\":{name},\"event_log\":{event_log},\"lives\":["
            ),
            is_first: true,
        }
    }
}

impl DiagnosisPrinter for JsonLine {
    fn add(&mut self, entry: &Allocation) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.text.push(',');
        }
        self.text.push_str(&object(entry).to_string());
    }

    fn finish(&mut self, diagnosis: &DiagnosedLog<'_>) {
        let summary = &diagnosis.summary;
        let lasted = diagnosis.companion.and_then(|it| it.log.lasted(0));
        let forecast = summary.last.forecast(diagnosis.pool, lasted);
        let mut last_service = totals(&summary.last);
        last_service["lasted_ns"] = json!(summary.last.lasted.map(nanos));
        let summary = json!({
            "lines": summary.lines,
            "log_lines": summary.log_lines,
            "unknown_forms": summary.unknown_forms,
            "first_unknown_form": first(summary.unknown_forms, summary.first_unknown_form),
            "left_out": summary.left_out,
            "first_left_out": first(summary.left_out, summary.first_left_out),
            "damaged": summary.damaged,
            "first_damaged": first(summary.damaged, summary.first_damaged),
            "unread_prefixes": summary.unread_prefixes,
            "first_unread_prefix": first(summary.unread_prefixes, summary.first_unread_prefix),
            "coarse_stamps": summary.coarse_stamps,
            "unclear_stamps": summary.unclear_stamps,
            "longest_call_ns": nanos(summary.longest_call),
            "midnights": summary.midnights,
            "steps_back": summary.went_back.count,
            "first_line_back": first(summary.went_back.count, summary.went_back.line),
            "longest_step_back_ns": nanos(summary.went_back.longest),
            "doubtful_steps": summary.doubtful_steps,
            "calls_at_once": summary.calls_at_once,
            "calls_are_given": diagnosis.calls_are_given,
            "saved_together": diagnosis.saved_together,
            "lacks_service_runs": diagnosis.companion.map(|_| summary.lacks_events),
            "disconnect_timer_ns": nanos(diagnosis.disconnect_timer),
            "disconnect_timer_is_given": diagnosis.timer_is_given,
            "other_dates": diagnosis.other_dates.as_ref().map(|it| json!({
                "order": it.0.word(),
                "total": totals(&it.1),
            })),
            "unread_events": diagnosis.companion.map(|it| it.log.unread()),
            "services": summary.services,
            "hosts": summary.hosts.iter().map(|it| json!({
                "name": it.0,
                "first_line": it.1,
            })).collect::<Json>(),
            "contradictions": summary.contradictions.found().iter().map(|it| json!({
                "what": it.what.word(),
                "proves_mixture": it.what.proves_mixture(),
                "count": it.count,
                "line": it.line,
                "earlier_line": it.earlier,
            })).collect::<Json>(),
            "total": totals(&summary.total),
            "last_service": last_service,
            "forecast": forecast.map(|it| json!({
                "pool": it.pool,
                "free": it.free,
                "allocations_per_leak": it.allocations_per_leak,
                "allocations_left": it.allocations_left,
                "leaks_per_hour": it.leaks_per_hour,
                "left_ns": it.time_left.map(nanos),
            })),
            "events": diagnosis.quoted.map(events_of),
        });
        let of_events = diagnosis.companion.map_or(&[][..], |it| &it.notes);
        let notes: Vec<&String> = of_events.iter().chain(&diagnosis.notes).collect();
        let notes = json!(notes);
        let text = format!("],\"summary\":{summary},\"notes\":{notes}}}\n");
        self.text.push_str(&text);
    }

    fn is_large(&self) -> bool {
        self.text.len() >= CHUNK
    }

    fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

/// The number of the first of so many lines.
fn first(count: u64, line: u64) -> Option<u64> {
    (count > 0).then_some(line)
}

fn object(entry: &Allocation) -> Json {
    json!({
        "cb": entry.cb,
        "instance": entry.instance,
        "verdict": entry.diagnosis.word(),
        "evidence": entry.evidence.lines(),
        "service": entry.service,
        "why": entry.reason.to_string(),
    })
}

fn totals(totals: &AllocationTotals) -> Json {
    json!({
        "service": totals.service,
        "is_whole": totals.is_whole,
        "allocated": totals.allocated,
        "leaked": totals.leaked,
        "suspected": totals.suspected,
        "in_use": totals.in_use,
        "closed": totals.closed,
        "unknown": totals.unknown,
        "by_order": totals.by_order,
    })
}

/// Nanoseconds, as in all JSON; a log can last for longer than 584 years only by mistake.
fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

/// An event log, one object on one line.
pub(super) fn events(companion: &Companion) -> String {
    let events = events_of(&companion.log);
    let object = json!({
        "schema_version": 3,
        "mtasim": PROGRAM_BUILD,
        "event_log": companion.name,
        "events": events,
        "unread": companion.log.unread(),
        "notes": companion.notes,
    });
    format!("{object}\n")
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
