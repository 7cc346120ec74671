//! Messages from above, workload by workload.
//!
//! Owns [`Inflow`]: which message of a workload is awaited, and when. It refuses to know what
//! becomes of a message.

use kernel::{Choices, Duration, Instant};
use net::HostId;

use super::World;
use crate::event::Event;
use crate::roster::Roster;
use crate::workload::Source;
use config::plan::{Limits, Scenario};

/// An MTA that takes no more is asked again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// A workload under way.
#[derive(Debug)]
pub(super) struct Inflow {
    source: Source,
    /// The host whose MTA takes the messages.
    host: HostId,
    /// The message awaited, counted from 0.
    ordinal: u64,
    /// When the one before it came.
    before: Option<Instant>,
    /// Whether the MTA would not take it.
    is_held_back: bool,
    /// A later plan makes an earlier one void.
    pub(super) generation: u32,
}

/// The workloads of a scenario before anything came.
pub(super) fn lower(scenario: &Scenario, roster: &Roster<'_>, choices: Choices) -> Vec<Inflow> {
    let workloads = scenario.workloads.iter().zip(0_u32..);
    let share = Limits::messages_each(scenario.workloads.len()) as u32;
    let inflows = workloads.map(|((name, plan), place)| {
        let host = roster.number(&scenario.connectors[&plan.connector].from);
        let own = roster.outgoing(host).iter();
        let number = own
            .map(|(name, _)| *name)
            .position(|name| name == plan.connector);
        let number = u32::try_from(number.expect("it starts there")).expect("a small number");
        let duration = scenario.duration;
        let numbers = place * share;
        Inflow {
            source: Source::new(name, plan.clone(), (numbers, number), duration, choices),
            host,
            ordinal: 0,
            before: None,
            is_held_back: false,
            generation: 0,
        }
    });
    inflows.collect()
}

impl World<'_> {
    /// A message comes from above, and the one after it is awaited. An MTA that takes no more is
    /// asked again later, and all that follow wait.
    pub(super) fn submit(&mut self, workload: usize) {
        let ordinal = self.inflows[workload].ordinal;
        if let Some(submission) = self.inflows[workload].source.message(ordinal) {
            let host = self.inflows[workload].host;
            if !self.hand_over(host, submission) {
                self.inflows[workload].is_held_back = true;
                return self.schedule_message(workload, self.now + AGAIN);
            }
            self.ledger.on_submission(host, submission);
        }
        let inflow = &mut self.inflows[workload];
        inflow.before = Some(self.now);
        inflow.ordinal += 1;
        inflow.is_held_back = false;
        self.messages += 1;
        self.await_message(workload);
    }

    /// Schedules the message awaited, if there is one more.
    pub(super) fn await_message(&mut self, workload: usize) {
        let inflow = &self.inflows[workload];
        if let Some(at) = inflow.source.arrival(inflow.ordinal, inflow.before) {
            self.schedule_message(workload, at.max(self.now));
        }
    }

    fn schedule_message(&mut self, workload: usize, at: Instant) {
        let event = Event::Submission {
            workload: u32::try_from(workload).expect("the format limits workloads"),
            generation: self.inflows[workload].generation,
        };
        self.schedule(HostId(0), at, event);
    }

    /// From `at` on luck is that of `choices`. An arrival that is awaited without memory is
    /// awaited anew; one that the MTA would not take has come already.
    pub(super) fn renew_inflow(&mut self, workload: usize, at: Instant, choices: Choices) {
        let inflow = &mut self.inflows[workload];
        inflow.source.renew(choices);
        if inflow.source.is_memoryless() && !inflow.is_held_back {
            inflow.generation += 1;
            let since = at.max(inflow.source.start());
            if let Some(arrival) = inflow.source.arrival(inflow.ordinal, Some(since)) {
                self.schedule_message(workload, arrival);
            }
        }
    }
}
