//! Messages and associations by connector and by workload, with the length of each queue over time.

use std::fmt::Write;

use simulation::outcome::{MessageTraffic, Outcome, Queue};

use super::time;

/// The size of a chart, in the units of its drawing.
const WIDTH: u64 = 300;
const HEIGHT: u64 = 40;

/// One connector or workload.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) name: String,
    /// What became of its calls; empty for a workload.
    pub(super) calls: String,
    pub(super) messages: String,
    pub(super) latency: String,
    pub(super) queue: String,
    /// The queue's length over time, as the points of a line.
    pub(super) line: String,
}

/// All connectors, then all workloads. Charts have the same scale, so that a starved connector shows
/// beside one that works.
pub(super) fn traffic(outcome: &Outcome) -> Vec<Traffic> {
    let traffic = &outcome.traffic;
    let connectors = traffic.connectors.iter().map(|(name, it)| {
        let calls = it.associations;
        let text = format!(
            "{} calls: {} opened ({} closed in order, {} broken), {} not opened, {} refused",
            calls.begun, calls.opened, calls.closed, calls.broken, calls.not_opened, calls.refused
        );
        (format!("connector {name}"), text, &it.messages)
    });
    let workloads = traffic.workloads.iter();
    let workloads = workloads.map(|(name, it)| (format!("workload {name}"), String::new(), it));
    let all: Vec<_> = connectors.chain(workloads).collect();
    let highest = all.iter().map(|it| it.2.queue.peak).max().unwrap_or(0);
    let all = all.into_iter();
    all.map(|(name, calls, messages)| Traffic {
        name,
        calls,
        messages: format!(
            "{} of {} arrived, {} returned",
            messages.arrived, messages.submitted, messages.returned
        ),
        latency: latency(messages),
        queue: format!(
            "at most {} (at {}), {} at the end",
            messages.queue.peak,
            time::clock(messages.queue.peak_at.nanos()),
            messages.queue.at_end
        ),
        line: line(&messages.queue, outcome.simulated.nanos(), highest),
    })
    .collect()
}

fn latency(messages: &MessageTraffic) -> String {
    let Some(it) = messages.latency else {
        return "nothing arrived".to_owned();
    };
    let [p50, p90, p99, max] = [it.p50, it.p90, it.p99, it.max].map(time::clock);
    format!("median {p50}, 90 % {p90}, 99 % {p99}, longest {max}")
}

/// The points of a queue's length: each interval at its height, in a chart as high as the highest queue.
fn line(queue: &Queue, end: u64, highest: u64) -> String {
    let mut points = String::new();
    let x = |nanos: u64| {
        let share = u128::from(nanos.min(end)) * u128::from(WIDTH);
        share / u128::from(end.max(1))
    };
    for (index, length) in (0..).zip(&queue.lengths) {
        let y = HEIGHT - HEIGHT * length / highest.max(1);
        let [from, to] = [index, index + 1].map(|it: u64| x(it * queue.width));
        // Writing to a string does not fail.
        let _ = write!(points, "{from},{y} {to},{y} ");
    }
    points
}
