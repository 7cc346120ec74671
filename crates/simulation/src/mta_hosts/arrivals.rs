//! Submits the messages of each workload when they are due.

use kernel::{Choices, Duration, Instant};
use net::HostId;

use super::workload::MessageSource;
use super::{MtaEvent, MtaRun};
use crate::names::Names;
use config::plan::{Limits, Scenario};

/// After this time a message is submitted again to an MTA whose queue was full.
const RETRY: Duration = Duration::from_secs(1);

/// The arrivals of one workload during a run.
#[derive(Debug)]
pub(crate) struct WorkloadArrivals {
    source: MessageSource,
    /// The host whose MTA gets the messages.
    host: HostId,
    /// The connector's number on that host.
    connector: u32,
    /// The number of message 0.
    first_number: u32,
    /// The next message, counted from 0.
    ordinal: u64,
    /// When the previous message was submitted.
    previous: Option<Instant>,
    /// Whether the MTA's queue was full when the next message was submitted.
    is_retrying: bool,
    /// Events of earlier generations are ignored.
    pub(super) generation: u32,
}

/// The workloads of a scenario at the start of a run.
pub(super) fn lower(scenario: &Scenario, names: &Names, choices: Choices) -> Vec<WorkloadArrivals> {
    let workloads = scenario.workloads.iter().zip(0_u32..);
    // Message numbers are unique in a run: each workload numbers within its own range.
    let range = Limits::messages_each(scenario.workloads.len()) as u32;
    let arrivals = workloads.map(|((name, plan), index)| {
        let host = names.number(&scenario.connectors[&plan.connector].from);
        let mut own = names.outgoing(host).iter();
        let connector = own.position(|name| *name == plan.connector);
        let connector = connector.expect("the connector starts at this host");
        WorkloadArrivals {
            source: MessageSource::new(name, plan.clone(), scenario.duration, choices),
            host,
            connector: u32::try_from(connector).expect("the format limits connectors"),
            first_number: index * range,
            ordinal: 0,
            previous: None,
            is_retrying: false,
            generation: 0,
        }
    });
    arrivals.collect()
}

impl<E: From<MtaEvent>> MtaRun<'_, E> {
    /// Submits the next message of a workload and schedules the one after it. If the MTA's queue
    /// is full, it retries, and all later messages of this workload wait.
    pub(super) fn submit(&mut self, workload: usize) {
        let it = &self.mtas.arrivals[workload];
        let (host, ordinal) = (it.host, it.ordinal);
        if let Some(submission) = it.source.message(ordinal, it.connector, it.first_number) {
            if !self.submit_to_service(host, submission) {
                self.mtas.arrivals[workload].is_retrying = true;
                // The ordinal stays, so the draws of this message and of all later ones are the
                // same as without a full queue.
                return self.schedule_submission(workload, *self.now + RETRY);
            }
            let from = self.mtas.hosts[host.0 as usize].address;
            self.mtas
                .message_store
                .on_submission(host, from, submission);
            self.mtas.oracles.on_submission(host, *self.now, submission);
        }
        let it = &mut self.mtas.arrivals[workload];
        it.previous = Some(*self.now);
        it.ordinal += 1;
        it.is_retrying = false;
        self.mtas.messages += 1;
        self.schedule_next_message(workload);
    }

    /// Schedules the next message of a workload, if there is one.
    pub(super) fn schedule_next_message(&mut self, workload: usize) {
        let it = &self.mtas.arrivals[workload];
        if let Some(at) = it.source.arrival(it.ordinal, it.previous) {
            self.schedule_submission(workload, at.max(*self.now));
        }
    }

    fn schedule_submission(&mut self, workload: usize, at: Instant) {
        let event = MtaEvent::Submission {
            workload: u32::try_from(workload).expect("the format limits workloads"),
            generation: self.mtas.arrivals[workload].generation,
        };
        self.schedule(HostId(0), at, event);
    }

    /// From `at` on the workload draws from `choices`. A Poisson arrival that is pending is drawn
    /// again from `at`: the exponential distribution has no memory, so the process stays the same.
    /// A message that is being retried has arrived already.
    pub(super) fn reseed_arrivals(&mut self, workload: usize, at: Instant, choices: Choices) {
        let it = &mut self.mtas.arrivals[workload];
        it.source.reseed(choices);
        if it.source.is_memoryless() && !it.is_retrying {
            it.generation += 1;
            let since = at.max(it.source.start());
            if let Some(arrival) = it.source.arrival(it.ordinal, Some(since)) {
                self.schedule_submission(workload, arrival);
            }
        }
    }
}
