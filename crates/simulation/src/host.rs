//! One host: its machine, and what waits between that and the socket layer.
//!
//! Owns the way of a socket call from a thread to the socket layer and of a signal back to a
//! waiting thread. It refuses to schedule: the world asks what is due.

use std::collections::BTreeMap;
use std::rc::Rc;

use internet::uptime;
use kernel::{Choices, Instant, key, mix};
use machine::{HeapConfig, Machine, Printed, ThreadId};
use mta::{Build, Database, Process, SocketRequest, SocketResponse, Winsock};
use net::HostId;
use winsock::{Call, EventHandle, Reply, Signal, SocketTable};

use crate::assembly;
use crate::footprint::Footprint;
use crate::record::ThreadNumber;
use crate::roster::Roster;
use crate::scheduling::Scheduling;
use config::plan::Scenario;

/// The process heap: 4 MiB hold the buffers of the largest pool.
const HEAP_BYTES: u32 = 4 << 20;

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) id: HostId,
    pub(crate) name: String,
    pub(crate) address: u32,
    pub(crate) service: Option<Service>,
    /// How often the service was started.
    pub(crate) starts: u64,
    pub(crate) turn: Planned,
    /// Numbers the waits, over all starts: one that a former process began ends nobody's wait.
    pub(crate) waits: u32,
}

/// The MTA process of a host, and its calls that wait.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) machine: Machine<Winsock>,
    pub(crate) process: Process,
    /// The threads' numbers in the logs, in the order of their creation.
    pub(crate) numbers: Vec<ThreadNumber>,
    waiting: BTreeMap<ThreadId, Waiting>,
    /// How many of the judge's findings have been reported.
    pub(crate) findings_seen: usize,
}

/// A call that waits for a signal or its deadline.
#[derive(Debug)]
struct Waiting {
    events: Vec<EventHandle>,
    generation: u32,
}

/// A simulation event of which only the latest plan counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Planned {
    pub(crate) at: Option<Instant>,
    pub(crate) generation: u32,
}

/// What a service starts with, and when.
pub(crate) struct Start<'a> {
    pub(crate) roster: &'a Roster<'a>,
    pub(crate) at: Instant,
    pub(crate) build: &'a Rc<dyn Build>,
    pub(crate) database: Database,
    /// Whether the waits for events are written down, which are most of a log.
    pub(crate) waits_recorded: bool,
}

/// What became of a socket call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The thread has its reply.
    Now,
    /// It waits, at the longest until then.
    Waits { until: Instant, generation: u32 },
}

impl Host {
    /// Starts, or starts again, the MTA service of this host.
    pub(crate) fn start_service(
        &mut self,
        scenario: &Scenario,
        choices: Choices,
        scheduling: &Scheduling,
        start: Start<'_>,
    ) {
        assert!(
            self.service.is_none(),
            "the service of {} runs already",
            self.name
        );
        let Start {
            roster,
            at,
            build,
            database,
            waits_recorded,
        } = start;
        self.starts += 1;
        // Every start has luck of its own.
        let luck = mix(key(&self.name), self.starts);
        let heap = HeapConfig {
            bytes: HEAP_BYTES,
            serialize: build.serializes_heap(),
        };
        let strategy = scheduling.strategy(scenario, self.id, choices, luck);
        let config = assembly::machine(&self.name, scenario, heap);
        let mut machine = Machine::new(config, strategy, choices, luck)
            .expect("the scenario's format keeps a machine's limits");
        machine.advance(at);
        if scheduling.watches_state() {
            machine.watch_state();
        }
        let config = assembly::mta(
            &self.name,
            (scenario, roster),
            Rc::clone(build),
            database,
            waits_recorded,
        );
        let process = mta::start(&mut machine, config)
            .expect("static memory holds the largest pool there can be");
        assert!(
            machine.next_time().is_none_or(|first| first >= at),
            "no thread acts before its service starts"
        );
        let numbers = machine
            .threads()
            .map(|thread| ThreadNumber(thread.number))
            .collect();
        self.service = Some(Service {
            machine,
            process,
            numbers,
            waiting: BTreeMap::new(),
            findings_seen: 0,
        });
    }

    /// Carries out a thread's socket call.
    pub(crate) fn call(
        &mut self,
        at: Instant,
        sockets: &mut SocketTable,
        thread: ThreadId,
        request: SocketRequest,
    ) -> Answered {
        let service = self
            .service
            .as_mut()
            .expect("a thread of the service calls");
        let SocketRequest { call, deadline } = request;
        if let Call::SetEvent { event } = &call {
            service.machine.release(thread, u64::from(event.0));
        }
        let waits_for = if let Call::Wait { events } = &call {
            Some(events.clone())
        } else {
            None
        };
        match (sockets.call(uptime(at), call), waits_for) {
            (Reply::Pending, Some(_)) if deadline <= at => {
                service.machine.reply(thread, at, SocketResponse::TimedOut);
                Answered::Now
            }
            (Reply::Pending, Some(events)) => {
                self.waits = self.waits.wrapping_add(1);
                let generation = self.waits;
                service
                    .waiting
                    .insert(thread, Waiting { events, generation });
                Answered::Waits {
                    until: deadline,
                    generation,
                }
            }
            (Reply::Signalled(index), Some(events)) => {
                service.machine.acquire(thread, u64::from(events[index].0));
                let reply = SocketResponse::Reply(Reply::Signalled(index));
                service.machine.reply(thread, at, reply);
                Answered::Now
            }
            (reply, _) => {
                service
                    .machine
                    .reply(thread, at, SocketResponse::Reply(reply));
                Answered::Now
            }
        }
    }

    /// Tells waiting threads what has become signalled.
    pub(crate) fn deliver_signals(&mut self, now: Instant, sockets: &mut SocketTable) {
        while let Some(signal) = sockets.poll_signal() {
            let Signal::Event(event) = signal else {
                continue;
            };
            let Some(service) = &mut self.service else {
                continue;
            };
            let woken: Vec<ThreadId> = service
                .waiting
                .iter()
                .filter(|(_, waiting)| waiting.events.contains(&event))
                .map(|(&thread, _)| thread)
                .collect();
            for thread in woken {
                let events = service.waiting[&thread].events.clone();
                let reply = sockets.call(uptime(now), Call::Wait { events });
                if reply == Reply::Pending {
                    continue;
                }
                let waiting = service.waiting.remove(&thread).expect("it waited");
                if let Reply::Signalled(index) = reply {
                    service
                        .machine
                        .acquire(thread, u64::from(waiting.events[index].0));
                }
                service
                    .machine
                    .reply(thread, now, SocketResponse::Reply(reply));
            }
        }
    }

    /// A waiting call's deadline has come, unless it has been answered since.
    pub(crate) fn end_wait(&mut self, now: Instant, thread: ThreadId, generation: u32) {
        let Some(service) = &mut self.service else {
            return;
        };
        let current = service
            .waiting
            .get(&thread)
            .map(|waiting| waiting.generation);
        if current == Some(generation) {
            service.waiting.remove(&thread);
            service.machine.reply(thread, now, SocketResponse::TimedOut);
        }
    }

    /// What the running service keeps of its threads' accesses, in order.
    pub(crate) fn footprints(&self) -> Vec<Footprint> {
        let Some(service) = &self.service else {
            return Vec::new();
        };
        let kept = service.machine.footprints().map(|footprint| {
            let thread = service.machine.thread(footprint.thread);
            Footprint::new(&self.name, (thread.name, thread.number), footprint)
        });
        kept.collect()
    }

    /// The process is gone: its sockets and event objects are closed by the system.
    pub(crate) fn end_service(&mut self, now: Instant, sockets: &mut SocketTable) {
        if let Some(mut service) = self.service.take() {
            service.machine.terminate();
        }
        sockets.end_process(uptime(now));
        self.turn.at = None;
    }
}

impl Host {
    /// A hash of what its threads and their waits come to.
    pub(crate) fn fingerprint(&self) -> u64 {
        let service = self.service.as_ref().map(|service| {
            let waiting: Vec<_> = (service.waiting.iter())
                .map(|(thread, waiting)| (thread, &waiting.events))
                .collect();
            mix(service.machine.fingerprint(), Printed::of(&waiting))
        });
        Printed::of(&(self.starts, service))
    }
}

impl Service {
    /// Whether every thread waits for something from outside, with no message under way.
    pub(crate) fn is_quiescent(&self) -> bool {
        use machine::ThreadState::{Asking, Blocked, Exited};
        let still = |state| matches!(state, Asking | Blocked | Exited);
        self.machine.threads().all(|thread| still(thread.state))
            && self.process.queues_are_empty(&self.machine)
    }

    /// The thread at this place in the order of creation, if it waits.
    pub(crate) fn thread_at(&self, index: u32) -> Option<ThreadId> {
        self.waiting
            .keys()
            .copied()
            .find(|thread| thread.index() == index as usize)
    }
}
