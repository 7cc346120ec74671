//! Messages and associations by connector and by workload, as text and as JSON.

use std::fmt::Write;

use explore::readable_time;
use serde_json::{Map, Value as Json, json};
use simulation::outcome::{
    ArrivalTimes, CountSeries, Latency, MessageTraffic, Outcome, QueueLength,
};

/// Connectors printed.
const SHOWN_MAX: usize = 8;

/// Two lines for each connector.
pub(super) fn write(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let connectors = &outcome.traffic.connectors;
    for (name, traffic) in connectors.iter().take(SHOWN_MAX) {
        let calls = traffic.associations;
        writeln!(
            text,
            "connector {name}: {} begun: {calls}; {} were retries",
            calls.begun, calls.retries
        )?;
        writeln!(text, "  {}", messages(outcome, &traffic.messages))?;
    }
    let more = connectors.len().saturating_sub(SHOWN_MAX);
    if more > 0 {
        writeln!(text, "and {more} more connectors: --format json lists all")?;
    }
    Ok(())
}

fn messages(outcome: &Outcome, it: &MessageTraffic) -> String {
    let mut text = format!("{} of {} messages arrived", it.arrived, it.submitted);
    if let Some(Latency { p50, p90, p99, max }) = it.latency {
        let [p50, p90, p99, max] = [p50, p90, p99, max].map(readable_time);
        let _ = write!(
            text,
            " after {p50} (median; 90 % {p90}, 99 % {p99}, longest {max})"
        );
    }
    if it.arrived < it.submitted {
        text.push_str(&with_those_that_have_not_arrived(it));
    }
    let QueueLength {
        peak,
        peak_at,
        at_end,
        ..
    } = &it.queue;
    let _ = write!(
        text,
        ", {} returned; queue at most {peak}, at {}, and {at_end} at the end; {:.1} arrived an \
         hour",
        it.returned,
        readable_time(peak_at.nanos()),
        per_hour(outcome, it)
    );
    text
}

/// Those that have arrived alone look fast where many are lost.
fn with_those_that_have_not_arrived(it: &MessageTraffic) -> String {
    let Some(ArrivalTimes { p50, p90, .. }) = it.arrival else {
        return String::new();
    };
    let show = |nanos: Option<u64>| nanos.map_or_else(|| "not reached".to_owned(), readable_time);
    format!(
        "; with those that have not arrived as the latest: median {}, 90 % {}",
        show(p50),
        show(p90)
    )
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn per_hour(outcome: &Outcome, it: &MessageTraffic) -> f64 {
    let hours = seconds(outcome.simulated.nanos()) / 3_600.0;
    match hours > 0.0 {
        true => it.arrived as f64 / hours,
        false => 0.0,
    }
}

/// By connector.
pub(super) fn connectors(outcome: &Outcome) -> Json {
    let connectors = outcome.traffic.connectors.iter().map(|(name, traffic)| {
        let calls = traffic.associations;
        let associations = json!({
            "begun": calls.begun,
            "opened": calls.opened,
            "not_opened": calls.not_opened,
            "refused": calls.refused,
            "pending": calls.pending(),
            "closed": calls.closed,
            "broken": calls.broken,
            "left_open": calls.left_open(),
            "retries": calls.retries,
        });
        let mut object = object(outcome, &traffic.messages);
        object["associations"] = associations;
        object["over_time"]["retries"] = over_time(&traffic.retries);
        (name.clone(), object)
    });
    Json::Object(connectors.collect())
}

/// By workload.
pub(super) fn workloads(outcome: &Outcome) -> Json {
    let workloads = outcome.traffic.workloads.iter();
    let workloads = workloads.map(|(name, it)| (name.clone(), object(outcome, it)));
    Json::Object(workloads.collect::<Map<_, _>>())
}

fn object(outcome: &Outcome, it: &MessageTraffic) -> Json {
    json!({
        "submitted": it.submitted,
        "arrived": it.arrived,
        "arrived_bytes": it.arrived_bytes,
        "arrived_per_hour": per_hour(outcome, it),
        "acknowledged": it.acknowledged,
        "returned": it.returned,
        "latency_p50_ns": it.latency.map(|it| it.p50),
        "latency_p90_ns": it.latency.map(|it| it.p90),
        "latency_p99_ns": it.latency.map(|it| it.p99),
        "latency_max_ns": it.latency.map(|it| it.max),
        "arrival_p50_ns": it.arrival.and_then(|it| it.p50),
        "arrival_p90_ns": it.arrival.and_then(|it| it.p90),
        "arrival_p99_ns": it.arrival.and_then(|it| it.p99),
        "queue": {
            "peak": it.queue.peak,
            "peak_at_ns": it.queue.peak_at.nanos(),
            "at_end": it.queue.at_end,
            "step_ns": it.queue.width,
            "lengths": it.queue.lengths.to_vec(),
        },
        "over_time": {
            "arrived": over_time(&it.arrivals),
            "returned": over_time(&it.returns),
        },
    })
}

fn over_time(it: &CountSeries) -> Json {
    json!({ "step_ns": it.width, "counts": it.counts.to_vec() })
}
