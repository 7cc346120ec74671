//! Records when each thread ran and what it waited for.
//!
//! Consecutive calls on a processor form one interval; single calls are not kept.

use std::collections::BTreeMap;

use kernel::Instant;
use machine::{Activity, CallOutcome, Machine, Operation, WokenBy};
use mta::Winsock;
use net::HostId;

use crate::record::ThreadNumber;

/// An interval in which a thread ran, or waited. In the gaps between its intervals a thread could
/// run and had no processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadInterval {
    /// The host.
    pub host: HostId,
    /// The thread.
    pub thread: ThreadNumber,
    /// Start of the interval.
    pub from: Instant,
    /// End of the interval, exclusive.
    pub to: Instant,
    /// What the thread did.
    pub activity: ThreadActivity,
}

/// What a thread does during an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadActivity {
    /// It runs.
    Runs,
    /// It waits.
    Waits {
        /// The kind of object that it waits for.
        on: WaitTarget,
        /// The name of that object.
        name: &'static str,
        /// What ended the wait; `None` if the process ended first.
        ended_by: Option<EndedBy>,
    },
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitTarget {
    /// A critical section that another thread is in.
    Lock,
    /// A semaphore or an event object.
    Object,
    /// A message, or room for one.
    Message,
    /// The network.
    Network,
    /// A point in time.
    Time,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// A thread of the same process.
    Thread(ThreadNumber),
    /// Its own deadline.
    Time,
    /// Something outside the process.
    World,
}

/// The intervals of all threads.
#[derive(Debug, Default)]
pub(super) struct IntervalRecorder {
    /// When the process of each host started. The clock of a process starts at zero and is set by
    /// its first call to the environment, so the first calls of a restarted process carry times
    /// before the restart. They are clamped to this.
    started: BTreeMap<HostId, Instant>,
    threads: BTreeMap<(HostId, usize), CurrentIntervals>,
    ended: Vec<ThreadInterval>,
}

/// The intervals of a thread that have not ended. A thread that waits may still have a current run:
/// the modeled cost of the call that waits.
#[derive(Clone, Copy, Debug, Default)]
struct CurrentIntervals {
    runs: Option<ThreadInterval>,
    waits: Option<ThreadInterval>,
}

impl IntervalRecorder {
    /// The process of a host starts.
    pub(super) fn on_start(&mut self, host: HostId, now: Instant) {
        self.started.insert(host, now);
    }

    pub(super) fn on_activity(
        &mut self,
        host: HostId,
        numbers: &[ThreadNumber],
        machine: &Machine<Winsock>,
        activity: &Activity,
    ) {
        let (Activity::Call { thread, .. } | Activity::Woken { thread, .. }) = *activity;
        let number = numbers[thread.index()];
        let since = self.started.get(&host).copied().unwrap_or_default();
        let it = self.threads.entry((host, thread.index())).or_default();
        let interval = |from, to, activity| ThreadInterval {
            host,
            thread: number,
            from,
            to,
            activity,
        };
        match *activity {
            Activity::Call {
                at,
                cost,
                request,
                outcome,
                ..
            } => {
                // A machine starts at time zero and is advanced, so its first calls could seem to
                // begin before their service.
                let (at, to) = (at.max(since), at.saturating_add(cost).max(since));
                match &mut it.runs {
                    Some(runs) if at <= runs.to => runs.to = to,
                    runs => {
                        let next = interval(at, to, ThreadActivity::Runs);
                        self.ended.extend(runs.replace(next));
                    }
                }
                if outcome == CallOutcome::Blocked {
                    let (on, name) = wait_target(machine, &request.operation);
                    let ended_by = None;
                    let activity = ThreadActivity::Waits { on, name, ended_by };
                    it.waits = Some(interval(at, at, activity));
                }
            }
            Activity::Woken { at, by, .. } => {
                let Some(mut wait) = it.waits.take() else {
                    return;
                };
                // The reply came before the modeled cost of the call had passed: no wait.
                if it.runs.is_some_and(|runs| at <= runs.to) {
                    return;
                }
                if let Some(runs) = it.runs.take() {
                    // A wait begins when the call that waits has had its cost.
                    wait.from = runs.to;
                    self.ended.push(runs);
                }
                wait.to = at;
                if let ThreadActivity::Waits { ended_by, .. } = &mut wait.activity {
                    *ended_by = Some(match by {
                        WokenBy::Thread(thread) => EndedBy::Thread(numbers[thread.index()]),
                        WokenBy::Deadline => EndedBy::Time,
                        WokenBy::Environment => EndedBy::World,
                    });
                }
                self.ended.push(wait);
            }
        }
    }

    /// The process of a host has ended, or the run is over.
    pub(super) fn on_end(&mut self, host: HostId, now: Instant) {
        let ended = self.threads.extract_if(.., |(whose, _), _| *whose == host);
        for (_, CurrentIntervals { mut runs, waits }) in ended {
            if let Some(runs) = &mut runs {
                // The cost of the last call may reach beyond the end.
                runs.to = runs.to.min(now).max(runs.from);
                self.ended.push(*runs);
            }
            if let Some(mut wait) = waits {
                wait.from = runs.map_or(wait.from, |runs| runs.to);
                wait.to = now.max(wait.from);
                self.ended.push(wait);
            }
        }
    }

    /// The first `limit` intervals, and how many there were beyond.
    pub(super) fn into_kept(mut self, limit: usize) -> (Vec<ThreadInterval>, u64) {
        let dropped = self.ended.len().saturating_sub(limit);
        // The first ones, as with records: both end at the same moment of the run.
        self.ended.truncate(limit);
        (self.ended, dropped as u64)
    }
}

fn wait_target(machine: &Machine<Winsock>, operation: &Operation) -> (WaitTarget, &'static str) {
    match *operation {
        Operation::Lock(lock) => (WaitTarget::Lock, machine.lock(lock).name()),
        Operation::Wait(semaphore, _) => (WaitTarget::Object, machine.semaphore(semaphore).name()),
        Operation::WaitEvent(event, _) => (WaitTarget::Object, machine.event(event).name()),
        Operation::Send(queue) | Operation::Receive(queue, _) => {
            (WaitTarget::Message, machine.queue_name(queue))
        }
        Operation::Environment(_) => (WaitTarget::Network, "the network"),
        Operation::Sleep(_)
        | Operation::Read(_)
        | Operation::Write(..)
        | Operation::Exchange(..)
        | Operation::CompareExchange { .. }
        | Operation::FetchAdd(..)
        | Operation::Unlock(_)
        | Operation::Signal(_)
        | Operation::SetEvent(_)
        | Operation::ResetEvent(_)
        | Operation::Work(_)
        | Operation::Raise(_) => (WaitTarget::Time, "its time"),
    }
}
