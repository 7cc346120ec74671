//! Paired differences of many transfers: the simulator less the kernel, and the kernel less itself.

use std::fmt::Write;

use kernel::Duration;

use crate::summary::TransferSummary;

/// The same transfer: twice by the kernel, and by the simulator.
#[derive(Clone, Debug)]
pub struct Compared {
    /// By the kernel.
    pub real: [TransferSummary; 2],
    /// By the simulator.
    pub simulated: TransferSummary,
}

/// The numbers of a summary, in seconds or pieces; none if it did not come to that.
const MEASURES: [(&str, fn(&TransferSummary) -> Option<f64>); 8] = [
    ("time to connect, s", |it| it.connected.map(seconds)),
    ("time to finish, s", |it| it.finished.map(seconds)),
    ("time to abort, s", |it| it.aborted.map(seconds)),
    ("repeated SYNs", |it| Some(f64::from(it.repeated_syns))),
    ("retransmissions", |it| Some(f64::from(it.retransmissions))),
    ("timeouts", |it| Some(it.timeouts.len() as f64)),
    ("first timeout, s", |it| {
        it.timeouts.first().copied().map(seconds)
    }),
    ("longest timeout, s", |it| {
        it.timeouts.iter().max().copied().map(seconds)
    }),
];

fn seconds(span: Duration) -> f64 {
    span.nanos() as f64 / 1e9
}

/// The rows of one case, without those in which nothing ever happened.
#[must_use]
pub fn rows(case: &str, all: &[Compared]) -> String {
    let mut rows = String::new();
    for (name, measure) in MEASURES {
        let median_of = |side: fn(&Compared) -> &TransferSummary| {
            let values: Vec<f64> = all.iter().filter_map(|it| measure(side(it))).collect();
            (values.len(), quantile(values, 0.5))
        };
        let (real_count, real) = median_of(|it| &it.real[0]);
        let (simulated_count, simulated) = median_of(|it| &it.simulated);
        let summaries = all
            .iter()
            .flat_map(|it| it.real.iter().chain([&it.simulated]));
        if summaries.filter_map(measure).all(|it| it == 0.0) {
            continue;
        }
        let differences = |other: fn(&Compared) -> &TransferSummary| {
            let pair = |it| Some(measure(other(it))? - measure(&it.real[0])?);
            let values: Vec<f64> = all.iter().filter_map(pair).collect();
            interval(&values)
        };
        let ours = differences(|it| &it.simulated);
        let own = differences(|it| &it.real[1]);
        writeln!(
            rows,
            "| {case} | {name} | {} ({real_count}) | {} ({simulated_count}) | {ours} | {own} |",
            shown(real),
            shown(simulated),
        )
        .expect("a string takes all");
    }
    rows
}

/// The head of the table.
pub const HEAD: &str = "\
| link | | kernel | simulator | simulator - kernel | kernel - kernel |
|---|---|---|---|---|---|
";

/// The median, and between which values nine in ten are.
fn interval(values: &[f64]) -> String {
    if values.is_empty() {
        return "-".into();
    }
    let at = |part| shown(quantile(values.to_vec(), part));
    format!("{} [{}, {}]", at(0.5), at(0.05), at(0.95))
}

fn shown(value: f64) -> String {
    if value.is_nan() {
        return "-".into();
    }
    // No negative zero.
    let rounded = (value * 1000.0).round() / 1000.0 + 0.0;
    rounded.to_string()
}

/// The value below which this part of all values is; between two values, the one that is nearer.
fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let index = (part * last as f64).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}
