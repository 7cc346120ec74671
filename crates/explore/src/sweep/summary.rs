//! The summary of a sweep: `summary.json`, `grid.csv` and the text for a terminal.
//!
//! It holds no wall-clock time: the same runs have the same summary on every machine.

mod text;

use std::collections::BTreeMap;

use config::untrusted_text;
use kernel::{Duration, Instant};
use serde::Serialize;

use crate::repro::capsule::{PROGRAM_BUILD, file_name};
use crate::statistics::counters::{Counters, SignatureCounters, UnexpectedReason};
use crate::statistics::coverage::CoverageReport;
#[cfg(feature = "files")]
use crate::statistics::proportions::ConfidenceInterval;
use crate::statistics::proportions::Proportion;
use crate::statistics::time_histogram::TimeHistogram;
use crate::statistics::traffic::ConnectorSummary;
use crate::sweep::manifest::Manifest;
use crate::sweep::results_directory::capsule_path;
use crate::sweep::sweep_statistics::{PointStatistics, SweepStatistics};

/// The percentages of the quantiles.
const QUANTILES: [u64; 3] = [10, 50, 90];

/// The findings of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The version of this format.
    pub schema_version: u32,
    /// The build of mtasim.
    pub mtasim: String,
    /// The scenario's title.
    pub title: String,
    /// A hash over the scenarios at all points of the grid.
    pub scenario_hash: String,
    /// The seeds, as `A..B`.
    pub seeds: String,
    /// The shard, as `K/N`.
    pub shard: String,
    /// The hash (BLAKE3) of `seeds.jsonl`.
    pub rows_blake3: String,
    /// Whether all runs are finished.
    pub complete: bool,
    /// Finished runs.
    pub runs: u64,
    /// Runs that were as the scenario expects.
    pub as_expected: u64,
    /// Runs that a limit cut off before they showed anything unexpected, by the name of the limit.
    pub undecided: BTreeMap<String, u64>,
    /// Runs cut off without a failure: they may have failed later.
    pub unknown: u64,
    /// The first seeds of runs that were not.
    pub unexpected_seeds: Vec<u64>,
    /// Why runs were not as expected, by what the expectation is about.
    pub unexpected: BTreeMap<String, UnexpectedReason>,
    /// Runs with at least one failure, expected or not.
    pub failing: Proportion,
    /// Runs that were run a second time to compare digests.
    pub rechecked: u64,
    /// Virtual time to the first failure.
    pub first_failure: Vec<Quantile>,
    /// The failures: exceptions, then other violations, then data races; the most frequent first.
    pub signatures: Vec<SignatureSummary>,
    /// Failures of signatures beyond the limit.
    pub ungrouped: u64,
    /// Messages by connector.
    pub connectors: Vec<ConnectorSummary>,
    /// How often each fault of the scenario was injected.
    pub faults: Vec<FaultCount>,
    /// Named points of guests that no run reached: what depends on them was not tested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never_reached: Vec<String>,
    /// After how many runs each signature was first seen.
    pub discoveries: Vec<Discovery>,
    /// What the sweep covered.
    pub coverage: CoverageReport,
    /// The points of the grid; empty without a grid.
    pub grid: Vec<PointSummary>,
}

/// A quantile of times over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantile {
    /// The percentage of all runs.
    pub percent: u64,
    /// In nanoseconds, within 1/64; `None` if fewer runs have such a time.
    #[serde(rename = "time_ns")]
    pub nanoseconds: Option<u64>,
    /// Whether it is unknown if so many runs have such a time, because a limit cut runs off before.
    pub undecided: bool,
}

/// All failures with one signature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignatureSummary {
    /// The signature.
    pub signature: String,
    /// The runs that show it.
    #[serde(flatten)]
    pub proportion: Proportion,
    /// The seed that shows it earliest in virtual time.
    pub earliest_seed: u64,
    /// When that seed shows it, in nanoseconds.
    #[serde(rename = "earliest_at_ns")]
    pub earliest_at: u64,
    /// The values of the varied settings in that run.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// The settings that the seed drew in a swarm sweep.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub selected: BTreeMap<String, String>,
    /// The path of that run's capsule in the results directory.
    pub capsule: String,
    /// Virtual time to the failure.
    #[serde(rename = "time_to_failure")]
    pub times: Vec<Quantile>,
}

/// How often a fault was injected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// The name of the fault.
    pub fault: String,
    /// Runs in which it was injected.
    pub runs: u64,
    /// Injections in all runs; 0 means that the fault tested nothing.
    pub times: u64,
}

/// When a signature was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// The number of runs up to and including the first that shows it.
    pub runs: u64,
    /// The signature.
    pub signature: String,
}

/// One point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointSummary {
    /// The varied settings.
    pub settings: BTreeMap<String, String>,
    /// Runs at this point.
    pub runs: u64,
    /// Of these, runs cut off without a failure: they may have failed later.
    pub unknown: u64,
    /// Runs with at least one failure.
    pub failing: Proportion,
    /// Virtual time to the first failure.
    pub first_failure: Vec<Quantile>,
    /// Runs by signature.
    pub signatures: BTreeMap<String, u64>,
    /// Messages by connector.
    pub connectors: Vec<ConnectorSummary>,
}

impl Summary {
    /// The summary of these statistics.
    #[must_use]
    pub fn of(statistics: &SweepStatistics) -> Self {
        let (manifest, total) = (statistics.manifest(), statistics.total());
        let mut signatures: Vec<SignatureSummary> = total
            .signatures
            .iter()
            .map(|(signature, counters)| signature_summary(signature, counters, total))
            .collect();
        signatures.sort_by_key(|it| {
            let most_frequent_first = std::cmp::Reverse(it.proportion.runs);
            (gravity(&it.signature), most_frequent_first)
        });
        let soonest = total.signatures.values().map(|it| it.earliest.at).min();
        let grid = statistics.points().iter();
        let grid = grid.filter(|point| !point.settings.is_empty());
        Self {
            schema_version: Manifest::SCHEMA,
            mtasim: PROGRAM_BUILD.to_owned(),
            title: manifest.title.clone(),
            scenario_hash: manifest.scenario_hash.clone(),
            seeds: manifest.seeds.to_string(),
            shard: manifest.shard.to_string(),
            rows_blake3: statistics.lines_hash(),
            complete: total.runs == manifest.runs(),
            runs: total.runs,
            as_expected: total.as_expected,
            undecided: total.undecided.clone(),
            unknown: total.unknown,
            unexpected_seeds: total.unexpected_seeds.clone(),
            unexpected: total.reasons.clone(),
            failing: total.failing_runs(),
            rechecked: total.rechecked,
            first_failure: not_before(
                soonest,
                quantiles(&total.first_failures, total.failing_runs(), total.runs),
            ),
            signatures,
            ungrouped: total.ungrouped,
            connectors: connectors(total),
            faults: total
                .faults
                .iter()
                .map(|(fault, occurrences)| FaultCount {
                    fault: fault.clone(),
                    runs: occurrences.runs,
                    times: occurrences.times,
                })
                .collect(),
            never_reached: never_reached(total),
            discoveries: total
                .discoveries
                .iter()
                .map(|(runs, signature)| Discovery {
                    runs: *runs,
                    signature: signature.clone(),
                })
                .collect(),
            coverage: CoverageReport::of(total),
            grid: grid.map(point_summary).collect(),
        }
    }

    /// The summary as JSON with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("plain data");
        let mut text = untrusted_text::json(&text).into_owned();
        text.push('\n');
        text
    }

    /// The grid as CSV with a header; `None`, since this needs the feature `files`.
    #[cfg(not(feature = "files"))]
    #[must_use]
    pub fn to_csv(&self) -> Option<String> {
        None
    }

    /// The grid as CSV with a header; `None` without a grid.
    #[cfg(feature = "files")]
    #[must_use]
    pub fn to_csv(&self) -> Option<String> {
        let first = self.grid.first()?;
        let signatures = || self.signatures.iter().map(|it| &it.signature);
        let mut writer = csv::Writer::from_writer(Vec::new());
        let columns = [
            "runs",
            "failing",
            "unknown",
            "rate",
            "low",
            "high",
            "median_first_failure_ns",
        ];
        let header = first.settings.keys().map(String::as_str);
        let connectors = first.connectors.iter().flat_map(|it| {
            let name = &it.connector;
            [
                "latency_p50_ns",
                "latency_p90_ns",
                "queue_peak_median",
                "returned",
                "retries",
                "arrived_per_hour",
                "arrival_p50_ns",
                "arrival_p90_ns",
            ]
            .map(|column| format!("{name} {column}"))
        });
        let connectors: Vec<String> = connectors.collect();
        let header = header
            .chain(columns)
            .chain(signatures().map(String::as_str))
            .chain(connectors.iter().map(String::as_str));
        let header = header.map(|cell| untrusted_text::csv(cell).into_owned());
        writer.write_record(header).expect("memory can be written");
        for point in &self.grid {
            let cells = self.csv_row(point, &first.connectors);
            writer.write_record(cells).expect("memory can be written");
        }
        let bytes = writer.into_inner().expect("memory can be written");
        Some(String::from_utf8(bytes).expect("written from strings"))
    }

    /// A row of the grid. `connectors` are those of the header.
    #[cfg(feature = "files")]
    fn csv_row(&self, point: &PointSummary, connectors: &[ConnectorSummary]) -> Vec<String> {
        let Proportion {
            runs: failing,
            unknown,
            rate,
            interval: ConfidenceInterval { low, high },
        } = point.failing;
        let settings = point.settings.values();
        let mut cells: Vec<String> = settings
            .map(|value| untrusted_text::csv(value).into_owned())
            .collect();
        cells.extend([point.runs, failing, unknown].map(|it| it.to_string()));
        cells.extend([rate, low, high].map(|it| format!("{it:.6}")));
        let median = median(&point.first_failure).and_then(|it| it.nanoseconds);
        cells.push(median.map_or(String::new(), |nanos| nanos.to_string()));
        let signatures = self.signatures.iter().map(|it| &it.signature);
        let counts = signatures.map(|it| point.signatures.get(it).copied().unwrap_or(0));
        cells.extend(counts.map(|count| count.to_string()));
        // All points have the connectors of the scenario, unless a point varies them.
        for first in connectors {
            let mut of_point = point.connectors.iter();
            let found = of_point.find(|it| it.connector == first.connector);
            let time = |it: Option<u64>| it.map_or(String::new(), |it| it.to_string());
            cells.extend([
                time(found.and_then(|it| it.latency_p50_ns)),
                time(found.and_then(|it| it.latency_p90_ns)),
                time(found.map(|it| it.queue_peak_median)),
                time(found.map(|it| it.returned)),
                time(found.map(|it| it.retries)),
                found.map_or(String::new(), |it| format!("{:.3}", it.arrived_per_hour)),
                time(found.and_then(|it| it.arrival_p50_ns)),
                time(found.and_then(|it| it.arrival_p90_ns)),
            ]);
        }
        cells
    }
}

fn never_reached(total: &Counters) -> Vec<String> {
    let points = total.reached.iter();
    points
        .filter(|(_, reached)| reached.times == 0)
        .map(|(name, _)| name.clone())
        .collect()
}

/// The quantiles of the times of these failing runs.
fn quantiles(times: &TimeHistogram, failing: Proportion, runs: u64) -> Vec<Quantile> {
    let quantile = |&percent: &u64| {
        let nanoseconds = times.quantile(percent, runs).map(Duration::nanos);
        let most = failing.runs + failing.unknown;
        let may_be_reached = u128::from(most) * 100 >= u128::from(runs) * u128::from(percent);
        Quantile {
            percent,
            nanoseconds,
            undecided: nanoseconds.is_none() && failing.unknown > 0 && may_be_reached,
        }
    };
    QUANTILES.iter().map(quantile).collect()
}

fn median(quantiles: &[Quantile]) -> Option<&Quantile> {
    quantiles.iter().find(|it| it.percent == 50)
}

/// Exceptions come first; data races, which are many and have done no harm yet, last.
fn gravity(signature: &str) -> u8 {
    match signature.split(' ').next() {
        Some("exception") => 0,
        Some("data-race:") => 2,
        _ => 1,
    }
}

fn signature_summary(
    signature: &str,
    counters: &SignatureCounters,
    total: &Counters,
) -> SignatureSummary {
    let earliest = &counters.earliest;
    let proportion = total.proportion(counters.runs, counters.cut_off);
    SignatureSummary {
        signature: signature.to_owned(),
        proportion,
        earliest_seed: earliest.seed,
        earliest_at: earliest.at.nanos(),
        settings: earliest.settings.clone(),
        selected: earliest.selected.clone(),
        capsule: capsule_path(&file_name(signature, earliest.seed, &earliest.scenario)),
        times: not_before(
            Some(earliest.at),
            quantiles(&counters.times, proportion, total.runs),
        ),
    }
}

/// Quantiles are accurate to 1/64, and none is before the first of the times.
fn not_before(first: Option<Instant>, mut quantiles: Vec<Quantile>) -> Vec<Quantile> {
    for quantile in &mut quantiles {
        let first = first.map_or(0, Instant::nanos);
        quantile.nanoseconds = quantile.nanoseconds.map(|it| it.max(first));
    }
    quantiles
}

fn point_summary(point: &PointStatistics) -> PointSummary {
    let PointStatistics { settings, counters } = point;
    let signatures = counters.signatures.iter();
    PointSummary {
        settings: settings.clone(),
        runs: counters.runs,
        unknown: counters.unknown,
        failing: counters.failing_runs(),
        first_failure: quantiles(
            &counters.first_failures,
            counters.failing_runs(),
            counters.runs,
        ),
        signatures: signatures
            .map(|(name, counters)| (name.clone(), counters.runs))
            .collect(),
        connectors: connectors(counters),
    }
}

fn connectors(counters: &Counters) -> Vec<ConnectorSummary> {
    let connectors = counters.connectors.iter();
    connectors.map(|(name, it)| it.summary(name)).collect()
}
