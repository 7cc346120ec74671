//! Messages and associations by connector and by workload: how long messages take, how long the queues
//! are, and what becomes of calls.
//!
//! Every association is counted once, at the caller. Reads records only.

mod arrival;
mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use kernel::Instant;
use mta::{AssociationEnd, AssociationIndex, Fact, Submission};
use net::HostId;

use config::plan::Limits;

pub use crate::traffic::arrival::ArrivalTimes;
pub use crate::traffic::series::Series;

/// Points of a queue's length over time.
const POINTS_MAX: usize = 512;
/// The first distance of two points, in nanoseconds. It doubles while there are too many points.
const FIRST_WIDTH: u64 = 1_000_000_000;

/// The traffic of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By connector.
    pub connectors: BTreeMap<String, ConnectorTraffic>,
    /// By workload.
    pub workloads: BTreeMap<String, MessageTraffic>,
}

/// The traffic of one connector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorTraffic {
    /// Calls and associations.
    pub associations: Calls,
    /// When calls were retries.
    pub retries: CountSeries,
    /// Messages.
    pub messages: MessageTraffic,
}

/// What became of the calls of a connector. Those begun are opened, not opened, refused or pending, and
/// those opened are closed, broken or left open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Associations that the caller began.
    pub begun: u64,
    /// Of these, opened.
    pub opened: u64,
    /// Of the opened ones, released in order.
    pub closed: u64,
    /// Of the opened ones, broken off.
    pub broken: u64,
    /// Never opened although a control block was free.
    pub not_opened: u64,
    /// Never opened because the caller had no free control block.
    pub refused: u64,
    /// Of those begun, calls whose predecessor on the connector was not opened or refused.
    pub retries: u64,
}

impl Calls {
    /// Neither opened nor given up when the process or the run ended.
    #[must_use]
    pub const fn pending(self) -> u64 {
        let ended = self.opened + self.not_opened + self.refused;
        self.begun.saturating_sub(ended)
    }

    /// Open when the process or the run ended.
    #[must_use]
    pub const fn left_open(self) -> u64 {
        self.opened.saturating_sub(self.closed + self.broken)
    }
}

/// `7 opened, 1 not opened, 1 refused, 0 pending; of those opened 4 closed, 2 broken, 1 left open`
impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} opened, {} not opened, {} refused, {} pending; of those opened {} closed, {} broken, {} \
             left open",
            self.opened,
            self.not_opened,
            self.refused,
            self.pending(),
            self.closed,
            self.broken,
            self.left_open()
        )
    }
}

/// Messages of a connector or workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageTraffic {
    /// Submitted.
    pub submitted: u64,
    /// Arrived whole at the destination.
    pub arrived: u64,
    /// Bytes of the messages that arrived.
    pub arrived_bytes: u64,
    /// Acknowledged to the sender.
    pub acknowledged: u64,
    /// Returned to the sender as undeliverable.
    pub returned: u64,
    /// From submission to arrival, of the messages that arrived; `None` if nothing arrived.
    pub latency: Option<Latency>,
    /// From submission to arrival, of all messages; `None` if none was submitted.
    pub arrival: Option<ArrivalTimes>,
    /// Messages that are neither acknowledged nor returned.
    pub queue: QueueLength,
    /// When messages arrived: the throughput over time.
    pub arrivals: CountSeries,
    /// When messages were returned.
    pub returns: CountSeries,
}

/// Quantiles of the time from submission to arrival, exact, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The median.
    pub p50: u64,
    /// 90 % take at most this.
    pub p90: u64,
    /// 99 % take at most this.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// The length of a queue over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueLength {
    /// The largest length.
    pub peak: u64,
    /// When it was reached first.
    pub peak_at: Instant,
    /// The length at the end of the run.
    pub at_end: u64,
    /// The distance of two points of `lengths`, in nanoseconds.
    pub width: u64,
    /// The largest length in each interval of `width`, from the start of the run on.
    pub lengths: Series,
}

/// How often something happened over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountSeries {
    /// The distance of two points of `counts`, in nanoseconds.
    pub width: u64,
    /// How often in each interval of `width`, from the start of the run on; none after the last time.
    pub counts: Series,
}

/// Collects the traffic of a run.
#[derive(Debug, Default)]
pub(crate) struct TrafficMeter {
    connectors: BTreeMap<ConnectorKey, ConnectorCounts>,
    workloads: Vec<MessageCounts>,
    /// Messages of one workload have numbers of one range of this size.
    numbers_each: u64,
    /// Messages that are neither acknowledged nor returned, or have not arrived.
    pending: BTreeMap<u32, SubmittedMessage>,
    /// Associations that a host of ours has begun, with their connectors.
    begun: BTreeMap<(HostId, AssociationIndex), ConnectionAttempt>,
}

/// A connector of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ConnectorKey {
    host: HostId,
    /// The connector's number on its host.
    number: u32,
}

/// One connector so far.
#[derive(Debug, Default)]
struct ConnectorCounts {
    calls: Calls,
    retries: CountSeries,
    /// Whether the last call that ended never opened.
    has_failed: bool,
    flow: MessageCounts,
}

#[derive(Clone, Copy, Debug)]
struct ConnectionAttempt {
    connector: u32,
    has_block: bool,
    is_open: bool,
}

#[derive(Clone, Copy, Debug)]
struct SubmittedMessage {
    connector: ConnectorKey,
    at: Instant,
    bytes: u32,
    has_arrived: bool,
    is_settled: bool,
}

/// The messages of a connector or workload so far.
#[derive(Debug, Default)]
struct MessageCounts {
    counts: MessageTraffic,
    latencies: Vec<u64>,
    /// How long the messages have waited at the end that have neither arrived nor been returned.
    waiting: Vec<u64>,
    /// Messages that will never arrive.
    lost: usize,
}

impl TrafficMeter {
    /// A meter for a scenario with these workloads.
    pub(crate) fn new(workloads: usize) -> Self {
        Self {
            workloads: (0..workloads).map(|_| MessageCounts::default()).collect(),
            numbers_each: Limits::messages_each(workloads),
            ..Self::default()
        }
    }

    pub(crate) fn on_submission(&mut self, host: HostId, at: Instant, submission: Submission) {
        let connector = ConnectorKey {
            host,
            number: submission.connector,
        };
        self.pending.insert(
            submission.message,
            SubmittedMessage {
                connector,
                at,
                bytes: submission.length,
                has_arrived: false,
                is_settled: false,
            },
        );
        for flow in self.flows(connector, submission.message) {
            flow.counts.submitted += 1;
            flow.counts.queue.change(at, 1);
        }
    }

    /// The process of a host has ended, with all its associations.
    pub(crate) fn on_end(&mut self, host: HostId) {
        // Numbers of associations begin anew with the next process.
        self.begun.retain(|(of, _), _| *of != host);
    }

    pub(crate) fn on_fact(&mut self, host: HostId, at: Instant, fact: Fact) {
        match fact {
            Fact::AssociationBegun(index, connector) => self.on_begun(host, index, connector.0, at),
            Fact::BlockBound(index, _) => {
                if let Some(call) = self.begun.get_mut(&(host, index)) {
                    call.has_block = true;
                }
            }
            Fact::AssociationOpened(index) => {
                if let Some(call) = self.begun.get_mut(&(host, index)) {
                    call.is_open = true;
                    let connector = call.connector;
                    let connector = self.connector(host, connector);
                    connector.calls.opened += 1;
                    connector.has_failed = false;
                }
            }
            Fact::AssociationEnded(index, end) => self.on_ended(host, index, end),
            Fact::MessageArrived { message, .. } => self.on_arrival(message, at),
            Fact::MessageAcknowledged(message) => {
                self.on_settled(message, at, |counts| counts.acknowledged += 1);
            }
            Fact::MessageReturned(message) => {
                self.on_settled(message, at, |counts| {
                    counts.returned += 1;
                    counts.returns.add(at);
                });
            }
            Fact::AssociationRefused
            | Fact::TransportBegun(_)
            | Fact::TransportEnded(_)
            | Fact::BlockAllocated(_)
            | Fact::BlockOutOfService(_)
            | Fact::CloseRequestDropped(_)
            | Fact::BlockReleased(_)
            | Fact::CloseApplied { .. }
            | Fact::MessageSubmitted(_) => {}
        }
    }

    fn on_begun(&mut self, host: HostId, index: AssociationIndex, connector: u32, at: Instant) {
        let call = ConnectionAttempt {
            connector,
            has_block: false,
            is_open: false,
        };
        self.begun.insert((host, index), call);
        let connector = self.connector(host, connector);
        connector.calls.begun += 1;
        if connector.has_failed {
            connector.calls.retries += 1;
            connector.retries.add(at);
        }
    }

    fn on_ended(&mut self, host: HostId, index: AssociationIndex, end: AssociationEnd) {
        // An association that this host has not begun is counted at its caller.
        let Some(call) = self.begun.remove(&(host, index)) else {
            return;
        };
        let connector = self.connector(host, call.connector);
        // A call is a retry if the one before it never opened, whatever became of those before.
        connector.has_failed = !call.is_open;
        let calls = &mut connector.calls;
        match (call.is_open, end) {
            (true, AssociationEnd::Orderly) => calls.closed += 1,
            (true, AssociationEnd::NotOpened | AssociationEnd::Broken) => calls.broken += 1,
            (false, _) if call.has_block => calls.not_opened += 1,
            (false, _) => calls.refused += 1,
        }
    }

    fn on_arrival(&mut self, message: u32, at: Instant) {
        let Some(pending) = self.pending.get_mut(&message) else {
            return;
        };
        // A second arrival is a violation, not another message.
        if std::mem::replace(&mut pending.has_arrived, true) {
            return;
        }
        let SubmittedMessage {
            connector,
            at: submitted,
            bytes,
            is_settled,
            ..
        } = *pending;
        // An acknowledgment may come first where the oracles find that wrong; the entry goes when
        // both are there.
        if is_settled {
            self.pending.remove(&message);
        }
        for flow in self.flows(connector, message) {
            flow.counts.arrived += 1;
            flow.counts.arrived_bytes += u64::from(bytes);
            flow.counts.arrivals.add(at);
            flow.latencies.push(at.saturating_since(submitted).nanos());
        }
    }

    fn on_settled(&mut self, message: u32, at: Instant, count: impl Fn(&mut MessageTraffic)) {
        let Some(pending) = self.pending.get_mut(&message) else {
            return;
        };
        if std::mem::replace(&mut pending.is_settled, true) {
            return;
        }
        let (connector, has_arrived) = (pending.connector, pending.has_arrived);
        if has_arrived {
            self.pending.remove(&message);
        }
        for flow in self.flows(connector, message) {
            count(&mut flow.counts);
            flow.counts.queue.change(at, -1);
        }
    }

    fn connector(&mut self, host: HostId, number: u32) -> &mut ConnectorCounts {
        let key = ConnectorKey { host, number };
        self.connectors.entry(key).or_default()
    }

    /// What a message counts for: its connector and its workload.
    fn flows(
        &mut self,
        connector: ConnectorKey,
        message: u32,
    ) -> impl Iterator<Item = &mut MessageCounts> {
        // The number of a message says which workload made it: each has a range of its own.
        let workload = u64::from(message) / self.numbers_each.max(1);
        let workload = usize::try_from(workload).unwrap_or(usize::MAX);
        let own = &mut self.connectors.entry(connector).or_default().flow;
        [own].into_iter().chain(self.workloads.get_mut(workload))
    }

    /// Counts the messages that have not arrived.
    fn count_the_rest(&mut self, end: Instant) {
        let pending = std::mem::take(&mut self.pending);
        for (message, it) in pending.into_iter().filter(|(_, it)| !it.has_arrived) {
            let waited = end.saturating_since(it.at).nanos();
            for flow in self.flows(it.connector, message) {
                match it.is_settled {
                    true => flow.lost += 1,
                    false => flow.waiting.push(waited),
                }
            }
        }
    }

    /// The traffic at the end of a run. `connector` gives the name of a host's connector, and
    /// `workloads` are the names of the workloads in their order.
    pub(crate) fn finish<'a>(
        mut self,
        end: Instant,
        connector: impl Fn(HostId, u32) -> Option<String>,
        workloads: impl Iterator<Item = &'a String>,
    ) -> Traffic {
        self.count_the_rest(end);
        let connectors = self.connectors.into_iter();
        let connectors = connectors.filter_map(|(ConnectorKey { host, number }, it)| {
            let traffic = ConnectorTraffic {
                associations: it.calls,
                retries: it.retries,
                messages: it.flow.finish(end),
            };
            Some((connector(host, number)?, traffic))
        });
        let flows = self.workloads.into_iter().map(|it| it.finish(end));
        Traffic {
            connectors: connectors.collect(),
            workloads: workloads.cloned().zip(flows).collect(),
        }
    }
}

impl MessageCounts {
    fn finish(mut self, end: Instant) -> MessageTraffic {
        self.latencies.sort_unstable();
        self.waiting.sort_unstable();
        self.counts.arrival = arrival::quantiles(&self.latencies, &self.waiting, self.lost);
        let of = |percent: usize| {
            // The smallest latency that so many percent do not exceed.
            let rank = (self.latencies.len() * percent).div_ceil(100).max(1);
            self.latencies.get(rank - 1).copied()
        };
        self.counts.latency = of(50)
            .zip(of(90))
            .zip(of(99).zip(of(100)))
            .map(|((p50, p90), (p99, max))| Latency { p50, p90, p99, max });
        // The last interval reaches to the end of the run, though nothing changed any more.
        self.counts.queue.change(end, 0);
        self.counts
    }
}

/// The index of the interval that `at` is in. Intervals double, and `join` joins the values of two,
/// while there are too many.
fn interval(
    at: Instant,
    width: &mut u64,
    values: &mut Series,
    join: impl Fn(&[u64]) -> u64,
) -> usize {
    *width = (*width).max(FIRST_WIDTH);
    let index = |width| usize::try_from(at.nanos() / width).unwrap_or(usize::MAX);
    while index(*width) >= POINTS_MAX {
        // Pairs are joined and the width is doubled: the picture keeps its number of points in a
        // run of any length.
        *width *= 2;
        values.halve(&join);
    }
    index(*width)
}

impl CountSeries {
    /// It happens now.
    fn add(&mut self, at: Instant) {
        let index = interval(at, &mut self.width, &mut self.counts, |pair| {
            pair.iter().sum()
        });
        self.counts.grow(index + 1, 0);
        self.counts.update(index, |count| count + 1);
    }
}

impl QueueLength {
    /// The length changes now.
    fn change(&mut self, at: Instant, by: i64) {
        let longest = |pair: &[u64]| pair.iter().copied().max().unwrap_or(0);
        let index = interval(at, &mut self.width, &mut self.lengths, longest);
        // Until now the length was what it was before.
        self.lengths.grow(index + 1, self.at_end);
        self.at_end = self.at_end.saturating_add_signed(by);
        self.lengths.update(index, |length| length.max(self.at_end));
        if self.at_end > self.peak {
            (self.peak, self.peak_at) = (self.at_end, at);
        }
    }
}
