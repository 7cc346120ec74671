//! Messages by connector over the runs of a sweep.

use std::fmt::Write;

use kernel::{Duration, Instant};
use serde::Serialize;

use crate::run_result::ConnectorResult;
use crate::statistics::time_histogram::TimeHistogram;

const NANOS_PER_HOUR: u128 = 3_600_000_000_000;

/// Counters of one connector over a number of runs. Their memory is bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorCounters {
    runs: u64,
    submitted: u64,
    arrived: u64,
    returned: u64,
    retries: u64,
    /// The median and the 90 % quantile of each run in which anything arrived.
    p50: TimeHistogram,
    p90: TimeHistogram,
    /// The peak of the queue of each run, one message as one nanosecond.
    peaks: TimeHistogram,
    peak: u64,
    /// Thousandths of a message that arrived in an hour of each run.
    throughput: TimeHistogram,
    /// Retries and returned messages of each run.
    retried: TimeHistogram,
    returns: TimeHistogram,
}

/// What the runs of a sweep have of each connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficQuantity {
    /// From submission to arrival, in nanoseconds: the median, and up to the 90 % quantile.
    Latency,
    /// The largest queue, in messages.
    Queue,
    /// Messages that arrived in an hour.
    Throughput,
    /// Calls after one that did not open.
    Retries,
    /// Messages returned as undeliverable.
    Returned,
}

/// A quantity over the runs, within 1/64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// 10 % of runs have at most this; of a latency, the median.
    pub low: f64,
    /// The median over the runs.
    pub median: f64,
    /// 90 % of runs have at most this; of a latency, the median over the runs of their 90 % quantiles.
    pub high: f64,
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
    /// Calls after one that did not open.
    pub retries: u64,
    /// The median over the runs of the messages that arrived in an hour, within 1/64.
    pub arrived_per_hour: f64,
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
    /// Adds a run of this length.
    pub fn add(&mut self, result: &ConnectorResult, simulated: Duration) {
        self.runs += 1;
        self.retries += result.retries;
        let nanos = u128::from(simulated.nanos().max(1));
        let thousandths = u128::from(result.arrived) * NANOS_PER_HOUR * 1_000 / nanos;
        let thousandths = u64::try_from(thousandths).unwrap_or(u64::MAX);
        self.throughput.add(Instant::from_nanos(thousandths));
        self.retried.add(Instant::from_nanos(result.retries));
        self.returns.add(Instant::from_nanos(result.returned));
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

    /// A quantity over the runs; `None` if no run has one.
    #[must_use]
    pub fn spread(&self, of: TrafficQuantity) -> Option<Spread> {
        let unit = if of == TrafficQuantity::Throughput {
            1_000.0
        } else {
            1.0
        };
        let at = |histogram: &TimeHistogram, percent| {
            let found = histogram.quantile(percent, histogram.count())?;
            Some(found.nanos() as f64 / unit)
        };
        let (low, high) = match of {
            TrafficQuantity::Latency => ((&self.p50, 50), (&self.p90, 50)),
            TrafficQuantity::Queue => ((&self.peaks, 10), (&self.peaks, 90)),
            TrafficQuantity::Throughput => ((&self.throughput, 10), (&self.throughput, 90)),
            TrafficQuantity::Retries => ((&self.retried, 10), (&self.retried, 90)),
            TrafficQuantity::Returned => ((&self.returns, 10), (&self.returns, 90)),
        };
        Some(Spread {
            low: at(low.0, low.1)?,
            median: at(low.0, 50)?,
            high: at(high.0, high.1)?,
        })
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
            retries: self.retries,
            arrived_per_hour: self
                .spread(TrafficQuantity::Throughput)
                .map_or(0.0, |it| it.median),
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
        "\nConnectors: messages of all runs; of the runs' own quantiles (of messages that arrived) and largest queues, the \
         medians\n  \
         submitted    arrived  returned   retries  an hour  latency 50 %         90 %  queue at most (of all)  connector\n",
    );
    for it in connectors {
        let peaks = format!("{} ({})", it.queue_peak_median, it.queue_peak_max);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  {:9}  {:9}  {:8}  {:8}  {:7.1}  {:>12}  {:>11}  {peaks:>22}  {}",
            it.submitted,
            it.arrived,
            it.returned,
            it.retries,
            it.arrived_per_hour,
            show(it.latency_p50_ns),
            show(it.latency_p90_ns),
            it.connector
        );
    }
    text
}
