//! Messages by connector over the runs of a sweep.

use std::fmt::Write;

use kernel::{Duration, Instant};
use serde::Serialize;

use crate::run_result::ConnectorResult;
use crate::statistics::time_histogram::TimeHistogram;

/// Counters of one connector over a number of runs. Their memory is bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorCounters {
    runs: u64,
    submitted: u64,
    arrived: u64,
    returned: u64,
    /// The median and the 90 % quantile of each run in which anything arrived.
    p50: TimeHistogram,
    p90: TimeHistogram,
    /// The peak of the queue of each run, one message as one nanosecond.
    peaks: TimeHistogram,
    peak: u64,
}

/// What the runs of a sweep say about one connector.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConnectorSummary {
    /// Its name.
    pub connector: String,
    /// Messages submitted in all runs.
    pub submitted: u64,
    /// Messages that arrived.
    pub arrived: u64,
    /// Messages returned as undeliverable.
    pub returned: u64,
    /// The median over the runs of the median time from submission to arrival, in nanoseconds, within
    /// 1/64; `None` if nothing arrived.
    pub latency_p50_ns: Option<u64>,
    /// The median over the runs of the time that 90 % of messages did not exceed.
    pub latency_p90_ns: Option<u64>,
    /// The median over the runs of the largest queue, within 1/64.
    pub queue_peak_median: u64,
    /// The largest queue of all runs.
    pub queue_peak_max: u64,
}

impl ConnectorCounters {
    /// Adds a run.
    pub fn add(&mut self, result: &ConnectorResult) {
        self.runs += 1;
        self.submitted += result.submitted;
        self.arrived += result.arrived;
        self.returned += result.returned;
        let p50 = result.latency_p50_ns.map(Instant::from_nanos);
        p50.into_iter().for_each(|it| self.p50.add(it));
        let p90 = result.latency_p90_ns.map(Instant::from_nanos);
        p90.into_iter().for_each(|it| self.p90.add(it));
        self.peaks.add(Instant::from_nanos(result.queue_peak));
        self.peak = self.peak.max(result.queue_peak);
    }

    /// The summary for the connector of this name.
    #[must_use]
    pub fn summary(&self, connector: &str) -> ConnectorSummary {
        let median = |of: &TimeHistogram| of.quantile(50, of.count()).map(Duration::nanos);
        ConnectorSummary {
            connector: connector.to_owned(),
            submitted: self.submitted,
            arrived: self.arrived,
            returned: self.returned,
            latency_p50_ns: median(&self.p50),
            latency_p90_ns: median(&self.p90),
            queue_peak_median: median(&self.peaks).unwrap_or(0).min(self.peak),
            queue_peak_max: self.peak,
        }
    }
}

/// A table of connectors for a terminal; empty without any. `show` prints a time.
#[must_use]
pub fn table(connectors: &[ConnectorSummary], show: impl Fn(Option<u64>) -> String) -> String {
    let mut text = String::new();
    if connectors.is_empty() {
        return text;
    }
    text.push_str(
        "\nConnectors: messages of all runs; of the runs' own quantiles and largest queues, the medians\n  \
         submitted    arrived  returned  latency 50 %      90 %  queue at most (of all)  connector\n",
    );
    for it in connectors {
        let peaks = format!("{} ({})", it.queue_peak_median, it.queue_peak_max);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  {:9}  {:9}  {:8}  {:>12}  {:>8}  {peaks:>22}  {}",
            it.submitted,
            it.arrived,
            it.returned,
            show(it.latency_p50_ns),
            show(it.latency_p90_ns),
            it.connector
        );
    }
    text
}
