//! What a sweep found, for people and for programs.
//!
//! Owns `summary.json`, `grid.csv` and the page that a terminal shows. It refuses the wall
//! clock: the same runs have the same summary, however long they took and whoever made them.

use std::collections::BTreeMap;
use std::fmt::Write;

use kernel::{Duration, Instant};
use serde::Serialize;

use crate::repro::capsule::{BUILD, file_name};
use crate::statistics::counters::{Counters, SignatureCounters};
use crate::statistics::intervals::{Interval, wilson};
use crate::statistics::thoroughness::Thoroughness;
use crate::statistics::time_histogram::TimeHistogram;
use crate::sweep::results_directory::{Manifest, capsule_path};

/// The percentages whose times are given.
const QUANTILES: [u64; 3] = [10, 50, 90];

/// Signatures shown on a terminal.
const SHOWN_MAX: usize = 8;

/// Everything a sweep found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The version of this format.
    pub schema_version: u32,
    /// The build of mtasim.
    pub mtasim: String,
    /// The scenario's title.
    pub title: String,
    /// The hash of the scenario at every point of the grid.
    pub scenario_hash: String,
    /// The seeds, as `A..B`.
    pub seeds: String,
    /// Which part of them, as `K/N`.
    pub shard: String,
    /// The hash (BLAKE3) of `seeds.jsonl`.
    pub rows_blake3: String,
    /// Whether every run was made.
    pub complete: bool,
    /// Runs made.
    pub runs: u64,
    /// Runs that were as the scenario expects.
    pub as_expected: u64,
    /// The first seeds of runs that were not.
    pub unexpected_seeds: Vec<u64>,
    /// Runs in which anything went wrong, expected or not.
    pub failing: Proportion,
    /// Runs made twice, and found the same.
    pub rechecked: u64,
    /// Virtual time until anything first went wrong.
    pub first_failure: Vec<Quantile>,
    /// What went wrong: exceptions, then the rest, each the most frequent first.
    pub signatures: Vec<SignatureSummary>,
    /// Failures beyond the limit on signatures.
    pub ungrouped: u64,
    /// How often each fault of the scenario struck.
    pub faults: Vec<FaultCount>,
    /// After how many runs each signature was first seen.
    pub discoveries: Vec<Discovery>,
    /// What has been tried.
    pub thoroughness: Thoroughness,
    /// The points of the grid; empty if nothing is varied.
    pub grid: Vec<PointSummary>,
}

/// A share of runs, with 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Proportion {
    /// How many.
    pub runs: u64,
    /// As a share of all.
    pub rate: f64,
    /// The Wilson interval of 95 %.
    #[serde(flatten)]
    pub interval: Interval,
}

/// A quantile of times over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quantile {
    /// Of so many per cent of all runs.
    pub percent: u64,
    /// In nanoseconds, to 1/64; `None` if fewer runs ever got there.
    pub nanoseconds: Option<u64>,
}

/// One kind of failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignatureSummary {
    /// Its name.
    pub signature: String,
    /// In how many runs.
    #[serde(flatten)]
    pub proportion: Proportion,
    /// The seed that shows it soonest in virtual time.
    pub earliest_seed: u64,
    /// When that is, in nanoseconds.
    pub earliest_at: u64,
    /// With which of the varied settings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// With what the seed has selected of a swarm.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub selected: BTreeMap<String, String>,
    /// The capsule of that run, within the sweep's folder.
    pub capsule: String,
    /// Virtual time until it was found.
    pub times: Vec<Quantile>,
}

/// How often a fault struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// The fault, by name.
    pub fault: String,
    /// Runs in which it did.
    pub runs: u64,
    /// TimeHistogram altogether; 0 means that it tested nothing.
    pub times: u64,
}

/// When a signature was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// The number of runs made by then.
    pub runs: u64,
    /// What was seen.
    pub signature: String,
}

/// One point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointSummary {
    /// The varied settings.
    pub settings: BTreeMap<String, String>,
    /// Runs made here.
    pub runs: u64,
    /// Those in which anything went wrong.
    pub failing: Proportion,
    /// Virtual time until anything first went wrong.
    pub first_failure: Vec<Quantile>,
    /// Runs by signature.
    pub signatures: BTreeMap<String, u64>,
}

impl Summary {
    /// What the tallies say, which know no lines: one of all runs, and one for each point of the grid.
    #[must_use]
    pub fn of(
        manifest: &Manifest,
        whole: &Counters,
        points: &[(BTreeMap<String, String>, Counters)],
    ) -> Self {
        let mut signatures: Vec<SignatureSummary> = whole
            .signatures
            .iter()
            .map(|(signature, group)| found(signature, group, whole.runs))
            .collect();
        signatures.sort_by_key(|found| {
            (
                gravity(&found.signature),
                std::cmp::Reverse(found.proportion.runs),
            )
        });
        let grid = points.iter().filter(|(settings, _)| !settings.is_empty());
        Self {
            schema_version: Manifest::SCHEMA,
            mtasim: BUILD.to_owned(),
            title: manifest.title.clone(),
            scenario_hash: manifest.scenario_hash.clone(),
            seeds: manifest.seeds.to_string(),
            shard: manifest.shard.to_string(),
            rows_blake3: String::new(),
            complete: whole.runs == manifest.runs(),
            runs: whole.runs,
            as_expected: whole.as_expected,
            unexpected_seeds: whole.unexpected_seeds.clone(),
            failing: proportion(whole.failing, whole.runs),
            rechecked: whole.rechecked,
            first_failure: quantiles(&whole.first_failures, whole.runs),
            signatures,
            ungrouped: whole.ungrouped,
            faults: whole
                .faults
                .iter()
                .map(|(fault, fired)| FaultCount {
                    fault: fault.clone(),
                    runs: fired.runs,
                    times: fired.times,
                })
                .collect(),
            discoveries: whole
                .discoveries
                .iter()
                .map(|(runs, signature)| Discovery {
                    runs: *runs,
                    signature: signature.clone(),
                })
                .collect(),
            thoroughness: Thoroughness::of(whole),
            grid: grid
                .map(|(settings, counters)| grid_point(settings, counters))
                .collect(),
        }
    }

    /// As one JSON text with a newline at its end.
    ///
    /// # Panics
    /// Never: a summary is plain data.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data");
        text.push('\n');
        text
    }

    /// The grid as comma-separated values with a line of names; `None` if nothing is varied.
    #[must_use]
    pub fn to_csv(&self) -> Option<String> {
        let first = self.grid.first()?;
        let mut names: Vec<String> = first.settings.keys().map(|name| quoted(name)).collect();
        names.extend(
            [
                "runs",
                "failing",
                "rate",
                "low",
                "high",
                "median_first_failure_ns",
            ]
            .map(str::to_owned),
        );
        let signatures: Vec<&String> = self.signatures.iter().map(|it| &it.signature).collect();
        names.extend(signatures.iter().map(|name| quoted(name)));
        let mut text = names.join(",");
        for point in &self.grid {
            text.push('\n');
            let mut cells: Vec<String> = point.settings.values().map(|it| quoted(it)).collect();
            cells.push(point.runs.to_string());
            cells.push(point.failing.runs.to_string());
            let Interval { low, high } = point.failing.interval;
            cells.extend([point.failing.rate, low, high].map(|share| format!("{share:.6}")));
            let median = point.first_failure.iter().find(|it| it.percent == 50);
            let median = median.and_then(|it| it.nanoseconds);
            cells.push(median.map_or(String::new(), |nanos| nanos.to_string()));
            let counts = signatures.iter();
            let counts = counts.map(|&it| point.signatures.get(it).copied().unwrap_or(0));
            cells.extend(counts.map(|count| count.to_string()));
            text.push_str(&cells.join(","));
        }
        text.push('\n');
        Some(text)
    }

    /// As a page for a terminal. `command` gives the line that repeats the run a failure shows
    /// soonest in.
    #[must_use]
    pub fn to_human(&self, command: impl Fn(&SignatureSummary) -> String) -> String {
        let mut page = String::new();
        let state = if self.complete { "" } else { " (not complete)" };
        let _ = writeln!(page, "{}\nseeds {}{state}", self.title, self.seeds);
        let _ = writeln!(
            page,
            "{} runs: {} as expected, {} not; {} made twice and found the same",
            self.runs,
            self.as_expected,
            self.runs - self.as_expected,
            self.rechecked
        );
        if !self.unexpected_seeds.is_empty() {
            let seeds: Vec<String> = self.unexpected_seeds.iter().map(u64::to_string).collect();
            let all = self.unexpected_seeds.len() as u64 == self.runs - self.as_expected;
            let more = if all { "" } else { " ..." };
            let _ = writeln!(page, "not as expected: seeds {}{}", seeds.join(" "), more);
        }
        let _ = writeln!(page, "something went wrong in {}", show_share(self.failing));
        let _ = writeln!(
            page,
            "  first of it: {}",
            show_quantiles(&self.first_failure)
        );
        for found in self.signatures.iter().take(SHOWN_MAX) {
            let _ = writeln!(page, "\n{}", found.signature);
            let _ = writeln!(page, "  {}", show_share(found.proportion));
            let _ = writeln!(page, "  time to it: {}", show_quantiles(&found.times));
            let at = Instant::from_nanos(found.earliest_at);
            let _ = writeln!(page, "  soonest: seed {} at {at} s", found.earliest_seed);
            if !found.selected.is_empty() {
                let selected = found.selected.iter();
                let selected: Vec<String> = selected
                    .map(|(path, value)| format!("{path} {value}"))
                    .collect();
                let _ = writeln!(page, "  with:    {}", selected.join(", "));
            }
            let _ = writeln!(page, "  repeat:  {}", command(found));
        }
        if self.signatures.len() > SHOWN_MAX {
            let more = self.signatures.len() - SHOWN_MAX;
            let _ = writeln!(
                page,
                "\n... and {more} signatures more: --format json has all"
            );
        }
        for fault in &self.faults {
            let _ = match fault.times {
                0 => writeln!(
                    page,
                    "\nfault {} never struck: it tested nothing",
                    fault.fault
                ),
                times => writeln!(
                    page,
                    "\nfault {} struck {times} times in {} runs",
                    fault.fault, fault.runs
                ),
            };
        }
        let _ = write!(page, "\n{}", self.thoroughness);
        page.push_str(&self.grid_table());
        page
    }

    fn grid_table(&self) -> String {
        let mut table = String::new();
        if self.grid.is_empty() {
            return table;
        }
        table.push_str("\n   runs  failing    rate   95 % interval    median  settings\n");
        for point in &self.grid {
            let settings = point.settings.iter();
            let settings: Vec<String> = settings
                .map(|(path, value)| format!("{path}={value}"))
                .collect();
            let median = point.first_failure.iter().find(|it| it.percent == 50);
            let _ = writeln!(
                table,
                "{:7}  {:7}  {:5.1} %  {:5.1} ..{:5.1} %  {:>8}  {}",
                point.runs,
                point.failing.runs,
                percent(point.failing.rate),
                percent(point.failing.interval.low),
                percent(point.failing.interval.high),
                median.map_or(String::new(), |it| show_time(it.nanoseconds)),
                settings.join(" ")
            );
        }
        table
    }
}

fn proportion(hits: u64, runs: u64) -> Proportion {
    Proportion {
        runs: hits,
        rate: if runs == 0 {
            0.0
        } else {
            hits as f64 / runs as f64
        },
        interval: wilson(hits, runs),
    }
}

fn quantiles(times: &TimeHistogram, runs: u64) -> Vec<Quantile> {
    QUANTILES
        .iter()
        .map(|&percent| Quantile {
            percent,
            nanoseconds: times.quantile(percent, runs).map(Duration::nanos),
        })
        .collect()
}

/// What ends a process comes first, and races that did nothing yet, which are many, last.
fn gravity(signature: &str) -> u8 {
    match signature.split(' ').next() {
        Some("exception") => 0,
        Some("data-race:") => 2,
        _ => 1,
    }
}

fn found(signature: &str, group: &SignatureCounters, runs: u64) -> SignatureSummary {
    SignatureSummary {
        signature: signature.to_owned(),
        proportion: proportion(group.runs, runs),
        earliest_seed: group.earliest.seed,
        earliest_at: group.earliest.at.nanos(),
        settings: group.earliest.settings.clone(),
        selected: group.earliest.selected.clone(),
        capsule: capsule_path(&file_name(
            signature,
            group.earliest.seed,
            &group.earliest.scenario,
        )),
        times: quantiles(&group.times, runs),
    }
}

fn grid_point(settings: &BTreeMap<String, String>, counters: &Counters) -> PointSummary {
    let groups = counters.signatures.iter();
    PointSummary {
        settings: settings.clone(),
        runs: counters.runs,
        failing: proportion(counters.failing, counters.runs),
        first_failure: quantiles(&counters.first_failures, counters.runs),
        signatures: groups
            .map(|(name, group)| (name.clone(), group.runs))
            .collect(),
    }
}

fn show_share(share: Proportion) -> String {
    format!(
        "{} runs, {:.1} % (95 %: {:.1} to {:.1} %)",
        share.runs,
        percent(share.rate),
        percent(share.interval.low),
        percent(share.interval.high)
    )
}

fn percent(share: f64) -> f64 {
    share * 100.0
}

fn show_quantiles(quantiles: &[Quantile]) -> String {
    let shown: Vec<String> = quantiles
        .iter()
        .map(|it| match it.nanoseconds {
            Some(_) => format!("{} % of runs by {}", it.percent, show_time(it.nanoseconds)),
            None => format!("{} % never", it.percent),
        })
        .collect();
    shown.join(", ")
}

/// `2h03m`, `3m20s`, `12.5s`, or `never`.
fn show_time(nanoseconds: Option<u64>) -> String {
    let Some(nanoseconds) = nanoseconds else {
        return "never".to_owned();
    };
    let seconds = nanoseconds / 1_000_000_000;
    match seconds {
        0..60 => format!("{seconds}.{}s", nanoseconds / 100_000_000 % 10),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A cell of a CSV file (RFC 4180).
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
