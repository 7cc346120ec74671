//! What threads were doing.
//!
//! Owns [`Stay`]: a thread runs from here to there, or waits, for what, and who ended it. Calls
//! that follow each other on a processor make one stay. It refuses single calls.

use std::collections::BTreeMap;

use kernel::Instant;
use machine::{Activity, Came, Machine, Operation, Waker};
use mta::Winsock;
use net::HostId;

use crate::record::ThreadNumber;

/// A thread, running or waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// The host.
    pub host: HostId,
    /// The thread.
    pub thread: ThreadNumber,
    /// Since when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
    /// What it did.
    pub doing: Doing,
}

/// What a thread does. Between two stays it could run and had no processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It runs.
    Runs,
    /// It waits.
    Waits {
        /// For what kind of thing.
        on: Awaited,
        /// The thing's name.
        name: &'static str,
        /// Who ended the wait; none if the process ended before.
        ended_by: Option<EndedBy>,
    },
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// A critical section that another thread is in.
    Lock,
    /// A semaphore or an event object.
    Object,
    /// A message, or room for one.
    Message,
    /// The network.
    Network,
    /// A moment.
    Time,
}

/// Who ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// A thread of the same process.
    Thread(ThreadNumber),
    /// Its own deadline.
    Time,
    /// Something outside the process.
    World,
}

/// The stays of all threads.
#[derive(Debug, Default)]
pub(super) struct Stays {
    /// When each host's process began. A process's own clock starts at zero and is set by its
    /// first call to the outside, so that a later start seems to have calls before it.
    since: BTreeMap<HostId, Instant>,
    threads: BTreeMap<(HostId, usize), Thread>,
    ended: Vec<Stay>,
}

/// What is known of a thread that has not come to an end of it.
#[derive(Clone, Copy, Debug)]
struct Thread {
    number: ThreadNumber,
    runs: Option<(Instant, Instant)>,
    waits: Option<(Instant, Awaited, &'static str)>,
}

impl Stays {
    /// The process of a host begins.
    pub(super) fn on_start(&mut self, host: HostId, now: Instant) {
        self.since.insert(host, now);
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
        let since = self.since.get(&host).copied().unwrap_or_default();
        let it = self.threads.entry((host, thread.index()));
        let it = it.or_insert(Thread {
            number,
            runs: None,
            waits: None,
        });
        match *activity {
            Activity::Call {
                at,
                cost,
                request,
                came,
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
                if came == Came::Waits {
                    let (on, name) = awaited(machine, &request.operation);
                    it.waits = Some((at, on, name));
                }
            }
            Activity::Woken { at, waker, .. } => {
                let Some((from, on, name)) = it.waits.take() else {
                    return;
                };
                // Answered before the call was over: it never waited.
                if it.runs.is_some_and(|(_, until)| at <= until) {
                    return;
                }
                let ended_by = Some(match waker {
                    Waker::Thread(thread) => EndedBy::Thread(numbers[thread.index()]),
                    Waker::Time => EndedBy::Time,
                    Waker::World => EndedBy::World,
                });
                let before = it.runs.take();
                let from = before.map_or(from, |(_, until)| until);
                self.ended.extend(before.map(|it| run(host, number, it)));
                let doing = Doing::Waits { on, name, ended_by };
                self.ended.push(Stay {
                    host,
                    thread: number,
                    from,
                    to: at,
                    doing,
                });
            }
        }
    }

    /// The threads of a host are no more.
    pub(super) fn on_end(&mut self, host: HostId, now: Instant) {
        let ended = self.threads.extract_if(.., |(whose, _), _| *whose == host);
        for (_, it) in ended {
            // The last call may have been under way.
            let runs = it
                .runs
                .map(|(from, until)| (from, until.min(now).max(from)));
            self.ended
                .extend(runs.map(|runs| run(host, it.number, runs)));
            if let Some((from, on, name)) = it.waits {
                let from = runs.map_or(from, |(_, until)| until);
                let ended_by = None;
                self.ended.push(Stay {
                    host,
                    thread: it.number,
                    from,
                    to: now.max(from),
                    doing: Doing::Waits { on, name, ended_by },
                });
            }
        }
    }

    /// The first `limit` stays, and how many there were beyond.
    pub(super) fn into_kept(mut self, limit: usize) -> (Vec<Stay>, u64) {
        let missed = self.ended.len().saturating_sub(limit);
        self.ended.truncate(limit);
        (self.ended, missed as u64)
    }
}

const fn run(host: HostId, thread: ThreadNumber, (from, to): (Instant, Instant)) -> Stay {
    Stay {
        host,
        thread,
        from,
        to,
        doing: Doing::Runs,
    }
}

fn awaited(machine: &Machine<Winsock>, operation: &Operation) -> (Awaited, &'static str) {
    match *operation {
        Operation::Lock(lock) => (Awaited::Lock, machine.lock(lock).name()),
        Operation::Wait(semaphore, _) => (Awaited::Object, machine.semaphore(semaphore).name()),
        Operation::WaitEvent(event, _) => (Awaited::Object, machine.event(event).name()),
        Operation::Send(queue) | Operation::Receive(queue, _) => {
            (Awaited::Message, machine.queue_name(queue))
        }
        Operation::Environment(_) => (Awaited::Network, "the network"),
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
        | Operation::Raise(_) => (Awaited::Time, "its time"),
    }
}
