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
    /// The same of all messages of each run, those too that have not arrived; runs in which a quantile is
    /// not reached are missing.
    all_p50: TimeHistogram,
    all_p90: TimeHistogram,
    /// Runs in which anything was submitted.
    with_messages: u64,
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
    /// From submission to arrival of all messages, in nanoseconds: the median, and up to the 90 %
    /// quantile.
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
    /// 90 % of runs have at most this; of a latency, the median over the runs of their 90 % quantiles,
    /// `None` if it is not reached.
    pub high: Option<f64>,
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
    /// The median over the runs of the median time to arrive of all messages, those too that have not
    /// arrived, in nanoseconds, within 1/64; `None` if it is not reached.
    pub arrival_p50_ns: Option<u64>,
    /// The median over the runs of the time within which 90 % of all messages arrive; `None` if it is not
    /// reached.
    pub arrival_p90_ns: Option<u64>,
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
        let all_p50 = result.arrival_p50_ns.map(Instant::from_nanos);
        all_p50.into_iter().for_each(|it| self.all_p50.add(it));
        let all_p90 = result.arrival_p90_ns.map(Instant::from_nanos);
        all_p90.into_iter().for_each(|it| self.all_p90.add(it));
        self.with_messages += u64::from(result.submitted > 0);
        self.peaks.add(Instant::from_nanos(result.queue_peak));
        self.peak = self.peak.max(result.queue_peak);
    }

    /// The median over the runs of a quantile of all messages. A run in which it is not reached counts as
    /// later than all others.
    fn over_runs(&self, of: &TimeHistogram) -> Option<u64> {
        of.quantile(50, self.with_messages).map(Duration::nanos)
    }

    /// A quantity over the runs; `None` if no run has one, or if it is not reached.
    #[must_use]
    pub fn spread(&self, of: TrafficQuantity) -> Option<Spread> {
        if of == TrafficQuantity::Latency {
            let median = self.over_runs(&self.all_p50)? as f64;
            return Some(Spread {
                low: median,
                median,
                high: self.over_runs(&self.all_p90).map(|it| it as f64),
            });
        }
        // Histograms count whole numbers, so messages in an hour are kept in thousandths.
        let unit = if of == TrafficQuantity::Throughput {
            1_000.0
        } else {
            1.0
        };
        let at = |histogram: &TimeHistogram, percent| {
            let found = histogram.quantile(percent, histogram.count())?;
            Some(found.nanos() as f64 / unit)
        };
        let values = match of {
            TrafficQuantity::Latency => &self.all_p50,
            TrafficQuantity::Queue => &self.peaks,
            TrafficQuantity::Throughput => &self.throughput,
            TrafficQuantity::Retries => &self.retried,
            TrafficQuantity::Returned => &self.returns,
        };
        Some(Spread {
            low: at(values, 10)?,
            median: at(values, 50)?,
            high: at(values, 90),
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
            arrival_p50_ns: self.over_runs(&self.all_p50),
            arrival_p90_ns: self.over_runs(&self.all_p90),
            queue_peak_median: median(&self.peaks).unwrap_or(0).min(self.peak),
            queue_peak_max: self.peak,
        }
    }
}

/// A table of connectors for a terminal; empty without any. `show` prints a time. The time to arrive is of
/// all messages: of those that have arrived alone, a connector that loses many would look fast.
#[must_use]
pub fn table(connectors: &[ConnectorSummary], show: impl Fn(u64) -> String) -> String {
    let arrival = |it: Option<u64>| it.map_or_else(|| "not reached".to_owned(), &show);
    let mut text = String::new();
    if connectors.is_empty() {
        return text;
    }
    text.push_str(
        "\nConnectors: messages of all runs; of the runs' own largest queues and times to arrive (of all messages, those too that \
         have not arrived), the medians\n  \
         submitted    arrived  returned   retries  an hour  arrive  50 %         90 %  queue at most (of all)  connector\n",
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
            arrival(it.arrival_p50_ns),
            arrival(it.arrival_p90_ns),
            it.connector
        );
    }
    text
}
