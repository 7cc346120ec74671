//! The summary of a sweep as text for a terminal.

use std::fmt::Write;

use config::untrusted_text;
use kernel::Instant;

use super::{Quantile, SignatureSummary, Summary, median};
use crate::counted;
use crate::readable_time;
use crate::statistics::counters::UnexpectedReason;
use crate::statistics::proportions::Proportion;
use crate::statistics::traffic;

/// The maximum number of signatures shown on a terminal.
const SHOWN_MAX: usize = 8;

impl Summary {
    /// The summary as text for a terminal. `command` returns the command that repeats the earliest
    /// run with a signature.
    #[must_use]
    pub fn to_human(&self, command: impl Fn(&SignatureSummary) -> String) -> String {
        let mut page = String::new();
        self.write_counts(&mut page);
        for found in self.signatures.iter().take(SHOWN_MAX) {
            write_signature(&mut page, found, &command(found));
        }
        if self.signatures.len() > SHOWN_MAX {
            let more = self.signatures.len() - SHOWN_MAX;
            let _ = writeln!(
                page,
                "\n... and {more} more signatures: --format json lists all"
            );
        }
        self.write_untested(&mut page);
        page.push_str(&traffic::table(&self.connectors, |it| show_time(Some(it))));
        let _ = write!(page, "\n{}", self.coverage);
        page.push_str(&self.grid_table());
        page
    }

    /// How many runs are as expected, and why others are not.
    fn write_counts(&self, page: &mut String) {
        let state = if self.complete { "" } else { " (not complete)" };
        let _ = writeln!(
            page,
            "{}\nseeds {}{state}",
            untrusted_text::line(&self.title),
            self.seeds
        );
        let undecided: u64 = self.undecided.values().sum();
        let unexpected = self.runs - self.as_expected - undecided;
        let _ = writeln!(
            page,
            "{}: {} as the scenario expects, {unexpected} not{}; {} rerun, digests match",
            counted(self.runs, "run"),
            self.as_expected,
            self.show_undecided(undecided),
            self.rechecked
        );
        if !self.unexpected_seeds.is_empty() {
            let seeds: Vec<String> = self.unexpected_seeds.iter().map(u64::to_string).collect();
            let all = self.unexpected_seeds.len() as u64 == unexpected;
            let more = if all { "" } else { " ..." };
            let _ = writeln!(
                page,
                "not as the scenario expects: seeds {}{}",
                seeds.join(" "),
                more
            );
        }
        for (what, reason) in &self.unexpected {
            let UnexpectedReason { runs, seed, found } = reason;
            let runs = counted(*runs, "run");
            let _ = writeln!(
                page,
                "  because of {what} in {runs}, first seed {seed}: {found}"
            );
        }
        let _ = writeln!(
            page,
            "with a failure, expected or not: {}",
            show_proportion(self.failing)
        );
        let _ = writeln!(
            page,
            "  time to first failure: {}",
            show_quantiles(&self.first_failure)
        );
    }

    /// How often each fault was injected, and the points that no run reached.
    fn write_untested(&self, page: &mut String) {
        for fault in &self.faults {
            let _ = match fault.times {
                0 => writeln!(
                    page,
                    "\nfault {} was never injected, so it tested nothing",
                    fault.fault
                ),
                times => writeln!(
                    page,
                    "\nfault {} was injected {times} times in {} runs",
                    fault.fault, fault.runs
                ),
            };
        }
        for point in &self.never_reached {
            let _ = writeln!(
                page,
                "\nnever true in any run: {point}. What depends on it was not tested: change the \
                 scenario, or run more seeds"
            );
        }
    }

    /// The runs that decide nothing, with the limits that cut them off; empty without any.
    fn show_undecided(&self, undecided: u64) -> String {
        if undecided == 0 {
            return String::new();
        }
        let limits = self.undecided.iter();
        let limits: Vec<String> = limits
            .map(|(limit, runs)| format!("{runs} cut off at {limit}"))
            .collect();
        format!(", {undecided} UNDECIDED ({})", limits.join(", "))
    }

    fn grid_table(&self) -> String {
        let mut table = String::new();
        if self.grid.is_empty() {
            return table;
        }
        table.push_str("\n   runs  failing    rate   95 % interval       median  settings\n");
        for point in &self.grid {
            let settings = point.settings.iter();
            let settings: Vec<String> = settings
                .map(|(path, value)| format!("{path}={value}"))
                .collect();
            let _ = writeln!(
                table,
                "{:7}  {:7}  {:5.1} %  {:5.1} ..{:5.1} %  {:>11}  {}",
                point.runs,
                point.failing.runs,
                percent(point.failing.rate),
                percent(point.failing.interval.low),
                percent(point.failing.interval.high),
                show_median(&point.first_failure),
                settings.join(" ")
            );
        }
        for point in self.grid.iter().filter(|it| !it.connectors.is_empty()) {
            let settings = point.settings.iter();
            let settings: Vec<String> = settings
                .map(|(path, value)| format!("{path}={value}"))
                .collect();
            let _ = write!(table, "\n{}", settings.join(" "));
            table.push_str(&traffic::table(&point.connectors, |it| show_time(Some(it))));
        }
        table
    }
}

/// All failures with one signature. `command` repeats the earliest.
fn write_signature(page: &mut String, found: &SignatureSummary, command: &str) {
    let _ = writeln!(page, "\n{}", found.signature);
    let _ = writeln!(page, "  {}", show_proportion(found.proportion));
    let _ = writeln!(page, "  time to failure: {}", show_quantiles(&found.times));
    let at = Instant::from_nanos(found.earliest_at);
    let _ = writeln!(page, "  earliest: seed {} at {at}", found.earliest_seed);
    if !found.selected.is_empty() {
        let selected = found.selected.iter();
        let selected: Vec<String> = selected
            .map(|(path, value)| format!("{path} {value}"))
            .collect();
        let _ = writeln!(page, "  selected: {}", selected.join(", "));
    }
    let _ = writeln!(page, "  to reproduce: {command}");
}

fn show_proportion(proportion: Proportion) -> String {
    let (least, unknown) = match proportion.unknown {
        0 => ("", String::new()),
        runs => (
            "at least ",
            format!("; {} cut off before", counted(runs, "run")),
        ),
    };
    format!(
        "{}, {least}{:.1} % (95 %: {:.1} to {:.1} %{unknown})",
        counted(proportion.runs, "run"),
        percent(proportion.rate),
        percent(proportion.interval.low),
        percent(proportion.interval.high)
    )
}

fn percent(rate: f64) -> f64 {
    rate * 100.0
}

fn show_quantiles(quantiles: &[Quantile]) -> String {
    let shown: Vec<String> = quantiles
        .iter()
        .map(|it| match it.nanoseconds {
            Some(_) => format!("{} % of runs by {}", it.percent, show_time(it.nanoseconds)),
            None if it.undecided => format!("{} % of runs: undecided", it.percent),
            None => format!("{} % of runs not within the run", it.percent),
        })
        .collect();
    shown.join(", ")
}

fn show_median(quantiles: &[Quantile]) -> String {
    match median(quantiles) {
        Some(it) if it.undecided => "undecided".to_owned(),
        it => show_time(it.and_then(|it| it.nanoseconds)),
    }
}

/// `2:03:00`, with milliseconds below a minute, or `never`. A quantile is accurate to 1/64.
fn show_time(nanoseconds: Option<u64>) -> String {
    /// The nanoseconds of a second.
    const SECOND: u64 = 1_000_000_000;
    match nanoseconds {
        None => "never".to_owned(),
        Some(short) if short < 60 * SECOND => readable_time(short),
        Some(long) => readable_time(long - long % SECOND),
    }
}
