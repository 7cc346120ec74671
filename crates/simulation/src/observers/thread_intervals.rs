//! Records when each thread ran and what it waited for.
//!
//! Consecutive calls on a processor form one interval; single calls are not kept.

use std::collections::BTreeMap;

use kernel::Instant;
use machine::{Activity, Machine, Operation, Outcome, WokenBy};
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
    threads: BTreeMap<(HostId, usize), CurrentThread>,
    ended: Vec<ThreadInterval>,
}

/// A thread whose current interval has not ended.
#[derive(Clone, Copy, Debug)]
struct CurrentThread {
    number: ThreadNumber,
    runs: Option<(Instant, Instant)>,
    waits: Option<Wait>,
}

/// A wait that has not ended.
#[derive(Clone, Copy, Debug)]
struct Wait {
    from: Instant,
    on: WaitTarget,
    name: &'static str,
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
        let it = self.threads.entry((host, thread.index()));
        let it = it.or_insert(CurrentThread {
            number,
            runs: None,
            waits: None,
        });
        match *activity {
            Activity::Call {
                at,
                cost,
                request,
                outcome,
                ..
            } => {
                let (at, to) = (at.max(since), at.saturating_add(cost).max(since));
                match &mut it.runs {
                    Some((_, until)) if at <= *until => *until = to,
                    runs => {
                        let before = runs.replace((at, to));
                        self.ended.extend(before.map(|it| run(host, number, it)));
                    }
                }
                if outcome == Outcome::Blocked {
                    let (on, name) = wait_target(machine, &request.operation);
                    let from = at;
                    it.waits = Some(Wait { from, on, name });
                }
            }
            Activity::Woken { at, by, .. } => {
                let Some(Wait { from, on, name }) = it.waits.take() else {
                    return;
                };
                // The reply came before the modeled cost of the call had passed: no wait.
                if it.runs.is_some_and(|(_, until)| at <= until) {
                    return;
                }
                let ended_by = Some(match by {
                    WokenBy::Thread(thread) => EndedBy::Thread(numbers[thread.index()]),
                    WokenBy::Deadline => EndedBy::Time,
                    WokenBy::Environment => EndedBy::World,
                });
                let before = it.runs.take();
                let from = before.map_or(from, |(_, until)| until);
                self.ended.extend(before.map(|it| run(host, number, it)));
                let activity = ThreadActivity::Waits { on, name, ended_by };
                self.ended.push(ThreadInterval {
                    host,
                    thread: number,
                    from,
                    to: at,
                    activity,
                });
            }
        }
    }

    /// The process of a host has ended, or the run is over.
    pub(super) fn on_end(&mut self, host: HostId, now: Instant) {
        let ended = self.threads.extract_if(.., |(whose, _), _| *whose == host);
        for (_, it) in ended {
            // The cost of the last call may reach beyond the end.
            let runs = it
                .runs
                .map(|(from, until)| (from, until.min(now).max(from)));
            self.ended
                .extend(runs.map(|runs| run(host, it.number, runs)));
            if let Some(Wait { from, on, name }) = it.waits {
                let from = runs.map_or(from, |(_, until)| until);
                let ended_by = None;
                self.ended.push(ThreadInterval {
                    host,
                    thread: it.number,
                    from,
                    to: now.max(from),
                    activity: ThreadActivity::Waits { on, name, ended_by },
                });
            }
        }
    }

    /// The first `limit` intervals, and how many there were beyond.
    pub(super) fn into_kept(mut self, limit: usize) -> (Vec<ThreadInterval>, u64) {
        let dropped = self.ended.len().saturating_sub(limit);
        self.ended.truncate(limit);
        (self.ended, dropped as u64)
    }
}

const fn run(host: HostId, thread: ThreadNumber, (from, to): (Instant, Instant)) -> ThreadInterval {
    ThreadInterval {
        host,
        thread,
        from,
        to,
        activity: ThreadActivity::Runs,
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
        | Operation::Unlock(_)
        | Operation::Signal(_)
        | Operation::SetEvent(_)
        | Operation::ResetEvent(_)
        | Operation::Work(_)
        | Operation::Raise(_) => (WaitTarget::Time, "its time"),
    }
}
