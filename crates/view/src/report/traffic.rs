//! Messages and calls by connector and by workload, as small charts over the run, all of one kind on one
//! scale: a branch that starves shows beside one that works.

use std::fmt::Write;

use explore::counted;
use simulation::outcome::{CountSeries, MessageTraffic, Outcome, Series};

/// The size of a chart, in the units of its drawing.
const WIDTH: u64 = 300;
const HEIGHT: u64 = 30;
/// Intervals of a chart.
const BINS: usize = 60;
/// Connectors, and workloads, that are drawn.
const SHOWN_MAX: usize = 24;

/// One connector or workload.
#[derive(Debug)]
pub(super) struct TrafficSection {
    pub(super) name: String,
    /// What became of its calls; empty for a workload.
    pub(super) calls: String,
    pub(super) messages: String,
    pub(super) charts: Vec<Chart>,
    pub(super) latency: Option<LatencyChart>,
    /// Quantiles of all messages, if some have not arrived.
    pub(super) arrival: Option<String>,
}

/// Something over the time of the run.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) what: &'static str,
    /// The outline of the area, as the points of a polygon.
    pub(super) area: String,
    /// The largest value, where it is reached, in the units of the drawing.
    pub(super) peak: Option<(u64, u64)>,
    /// The sum or the peak, and in words.
    pub(super) number: String,
    pub(super) words: String,
}

/// Quantiles of the time to arrive on one line.
#[derive(Debug)]
pub(super) struct LatencyChart {
    /// Where they are: the median, 90 %, 99 %, the longest.
    pub(super) marks: [u64; 4],
    pub(super) number: String,
    pub(super) words: String,
}

/// Connectors, or workloads.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) shown: Vec<TrafficSection>,
    /// How many are not shown.
    pub(super) more: usize,
}

/// A chart before all scales are known.
struct ChartValues {
    what: &'static str,
    bins: Vec<u64>,
    has_peak: bool,
    number: String,
    words: String,
}

/// All connectors.
pub(super) fn connectors(outcome: &Outcome) -> Group {
    let all = outcome.traffic.connectors.iter();
    let all = all.map(|(name, it)| {
        let calls = it.associations;
        let text = format!(
            "{}, {} of them retries: {calls}",
            counted(calls.begun, "call"),
            calls.retries
        );
        let mut values = values(outcome, &it.messages);
        values.push(ChartValues {
            what: "retries",
            bins: sums(&it.retries, outcome),
            has_peak: false,
            number: calls.retries.to_string(),
            words: "calls after one that did not open".to_owned(),
        });
        Unscaled {
            name: format!("connector {name}"),
            calls: text,
            messages: &it.messages,
            values,
        }
    });
    group(all.collect())
}

/// All workloads.
pub(super) fn workloads(outcome: &Outcome) -> Group {
    let all = outcome.traffic.workloads.iter();
    let all = all.map(|(name, it)| {
        let name = format!("workload {name}");
        Unscaled {
            name,
            calls: String::new(),
            messages: it,
            values: values(outcome, it),
        }
    });
    group(all.collect())
}

fn values(outcome: &Outcome, it: &MessageTraffic) -> Vec<ChartValues> {
    let queue = &it.queue;
    let hours = outcome.simulated.nanos() as f64 / 3.6e12;
    let per_hour = if hours > 0.0 {
        it.arrived as f64 / hours
    } else {
        0.0
    };
    let longest = |bin: &[u64]| bin.iter().copied().max().unwrap_or(0);
    vec![
        ChartValues {
            what: "queue",
            bins: bins(queue.width, &queue.lengths, outcome, longest),
            has_peak: queue.peak > 0,
            number: queue.peak.to_string(),
            words: format!(
                "at most {} messages, first at {}; {} at the end",
                queue.peak, queue.peak_at, queue.at_end
            ),
        },
        ChartValues {
            what: "arrived",
            bins: sums(&it.arrivals, outcome),
            has_peak: false,
            number: format!("{per_hour:.1}/h"),
            words: format!("{} messages, {} bytes", it.arrived, it.arrived_bytes),
        },
        ChartValues {
            what: "returned",
            bins: sums(&it.returns, outcome),
            has_peak: false,
            number: it.returned.to_string(),
            words: "messages returned as undeliverable".to_owned(),
        },
    ]
}

fn sums(counts: &CountSeries, outcome: &Outcome) -> Vec<u64> {
    let sum = |bin: &[u64]| bin.iter().sum();
    bins(counts.width, &counts.counts, outcome, sum)
}

/// The values over the whole run, in at most [`BINS`] intervals.
fn bins(width: u64, values: &Series, outcome: &Outcome, join: impl Fn(&[u64]) -> u64) -> Vec<u64> {
    let (width, end) = (
        u128::from(width.max(1)),
        u128::from(outcome.simulated.nanos().max(1)),
    );
    let count = end.div_ceil(width).min(BINS as u128);
    let mut found = vec![Vec::new(); usize::try_from(count).unwrap_or(BINS)];
    for (index, value) in (0_u128..).zip(values.iter()) {
        // What happens at the very end belongs to the last interval.
        let bin = (index * width * count / end).min(count - 1);
        found[usize::try_from(bin).unwrap_or(0)].push(value);
    }
    found.iter().map(|bin| join(bin)).collect()
}

/// A connector or workload before all scales are known.
struct Unscaled<'a> {
    name: String,
    calls: String,
    messages: &'a MessageTraffic,
    values: Vec<ChartValues>,
}

/// Draws all of a kind on one scale.
fn group(rows: Vec<Unscaled<'_>>) -> Group {
    let highest = |what: &str| {
        let values = rows.iter().flat_map(|it| &it.values);
        let values = values.filter(|it| it.what == what);
        values.flat_map(|it| it.bins.iter().copied()).max()
    };
    let longest = rows
        .iter()
        .filter_map(|it| it.messages.latency)
        .map(|it| it.max);
    let longest = longest.max().unwrap_or(0);
    let shown = rows.iter().take(SHOWN_MAX);
    let shown = shown.map(
        |Unscaled {
             name,
             calls,
             messages,
             values,
         }| TrafficSection {
            name: name.clone(),
            calls: calls.clone(),
            messages: format!(
                "{} of {} arrived, {} returned, {} in the queue at the end",
                messages.arrived, messages.submitted, messages.returned, messages.queue.at_end
            ),
            charts: values
                .iter()
                .map(|it| chart(it, highest(it.what).unwrap_or(0).max(1)))
                .collect(),
            latency: latency(messages, longest),
            arrival: arrival(messages),
        },
    );
    Group {
        shown: shown.collect(),
        more: rows.len().saturating_sub(SHOWN_MAX),
    }
}

fn chart(values: &ChartValues, highest: u64) -> Chart {
    let count = values.bins.len().max(1) as u64;
    let x = |index: u64| index * WIDTH / count;
    let y = |value: u64| {
        // A value above zero shows, however small.
        let height = u128::from(HEIGHT - 1) * u128::from(value) / u128::from(highest);
        let height = u64::try_from(height).unwrap_or(HEIGHT);
        HEIGHT - height.max(u64::from(value > 0))
    };
    let mut area = format!("0,{HEIGHT} ");
    let mut peak: Option<(u64, u64, u64)> = None;
    for (index, &value) in (0..).zip(&values.bins) {
        // Writing to a string does not fail.
        let _ = write!(
            area,
            "{},{} {},{} ",
            x(index),
            y(value),
            x(index + 1),
            y(value)
        );
        if values.has_peak && peak.is_none_or(|it| it.2 < value) {
            peak = Some(((x(index) + x(index + 1)) / 2, y(value), value));
        }
    }
    let _ = write!(area, "{WIDTH},{HEIGHT}");
    Chart {
        what: values.what,
        area,
        peak: peak.map(|(x, y, _)| (x, y)),
        number: values.number.clone(),
        words: values.words.clone(),
    }
}

/// Those that have arrived alone look fast where many are lost.
fn arrival(messages: &MessageTraffic) -> Option<String> {
    let it = messages
        .arrival
        .filter(|_| messages.arrived < messages.submitted)?;
    let show =
        |nanos: Option<u64>| nanos.map_or_else(|| "not reached".to_owned(), explore::readable_time);
    let [p50, p90, p99] = [it.p50, it.p90, it.p99].map(show);
    Some(format!("median {p50}, 90 % {p90}, 99 % {p99}"))
}

fn latency(messages: &MessageTraffic, longest: u64) -> Option<LatencyChart> {
    let it = messages.latency?;
    let quantiles = [it.p50, it.p90, it.p99, it.max];
    let x = |nanos: u64| {
        let share = u128::from(nanos) * u128::from(WIDTH) / u128::from(longest.max(1));
        u64::try_from(share).unwrap_or(WIDTH)
    };
    let [p50, p90, p99, max] = quantiles.map(explore::readable_time);
    Some(LatencyChart {
        marks: quantiles.map(x),
        number: p50.clone(),
        words: format!("median {p50}, 90 % {p90}, 99 % {p99}, longest {max}"),
    })
}
