//! One host: its socket layer, its machine, and what waits between the two.
//!
//! Owns the way of a socket call from a thread to the socket layer and of a signal back to a
//! waiting thread. It refuses to schedule: the world asks what is due.

use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::{Choices, Instant, key, mix};
use machine::{HeapConfig, Machine, Random, RoundRobin, Strategy, ThreadId};
use mta::{Build, Database, Process, SocketAnswer, SocketRequest, Winsock};
use net::HostId;
use tcp::Uptime;
use winsock::{Call, EventHandle, Reply, Signal, SocketTable};

use crate::assembly;
use crate::plan::{Scenario, Scheduler};
use crate::record::ThreadNumber;
use crate::touch::Touch;

/// Calls a thread makes in a row under the round-robin scheduler.
const CALLS_PER_TURN: u64 = 1;
/// The process heap: 4 MiB hold the buffers of the largest pool.
const HEAP_BYTES: u32 = 4 << 20;

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) id: HostId,
    pub(crate) name: String,
    pub(crate) address: u32,
    pub(crate) sockets: SocketTable,
    pub(crate) service: Option<Service>,
    /// Whether the machine is switched on.
    pub(crate) up: bool,
    /// How often the service was started.
    pub(crate) starts: u64,
    /// Numbers this host's simulation events.
    pub(crate) sequence: u64,
    pub(crate) tcp_timer: Planned,
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
        options: (&Rc<dyn Build>, bool),
        database: Database,
    ) {
        assert!(
            self.service.is_none(),
            "the service of {} runs already",
            self.name
        );
        let (build, waits_recorded) = options;
        self.starts += 1;
        // Every start has luck of its own.
        let luck = mix(key(&self.name), self.starts);
        let heap = HeapConfig {
            bytes: HEAP_BYTES,
            serialize: build.serializes_heap(),
        };
        let strategy = match scenario.scheduler {
            Scheduler::Timed => Strategy::Timed,
            Scheduler::Random => Strategy::Chosen(Box::new(Random::new(choices, luck))),
            Scheduler::RoundRobin => Strategy::Chosen(Box::new(RoundRobin::new(CALLS_PER_TURN))),
        };
        let config = assembly::machine(&self.name, scenario, heap);
        let mut machine = Machine::new(config, strategy, choices, luck)
            .expect("the scenario's format keeps a machine's limits");
        let config = assembly::mta(
            &self.name,
            scenario,
            Rc::clone(build),
            database,
            waits_recorded,
        );
        let process = mta::start(&mut machine, config)
            .expect("static memory holds the largest pool there can be");
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
        match (self.sockets.call(uptime(at), call), waits_for) {
            (Reply::Pending, Some(_)) if deadline <= at => {
                service.machine.reply(thread, at, SocketAnswer::TimedOut);
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
                let reply = SocketAnswer::Reply(Reply::Signalled(index));
                service.machine.reply(thread, at, reply);
                Answered::Now
            }
            (reply, _) => {
                service
                    .machine
                    .reply(thread, at, SocketAnswer::Reply(reply));
                Answered::Now
            }
        }
    }

    /// Tells waiting threads what has become signalled.
    pub(crate) fn deliver_signals(&mut self, now: Instant) {
        while let Some(signal) = self.sockets.poll_signal() {
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
                let reply = self.sockets.call(uptime(now), Call::Wait { events });
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
                    .reply(thread, now, SocketAnswer::Reply(reply));
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
            service.machine.reply(thread, now, SocketAnswer::TimedOut);
        }
    }

    /// What the running service keeps of its threads' accesses, in order.
    pub(crate) fn touches(&self) -> Vec<Touch> {
        let Some(service) = &self.service else {
            return Vec::new();
        };
        let kept = service.machine.touches().map(|touch| {
            let thread = service.machine.thread(touch.thread);
            Touch::new(&self.name, (thread.name, thread.number), touch)
        });
        kept.collect()
    }

    /// The process is gone: its sockets and event objects are closed by the system.
    pub(crate) fn end_service(&mut self, now: Instant) {
        if let Some(mut service) = self.service.take() {
            service.machine.terminate();
        }
        self.sockets.end_process(uptime(now));
        self.turn.at = None;
    }

    /// The next number for a simulation event of this host.
    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
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

/// A host's own time: it was switched on when the run began.
pub(crate) fn uptime(at: Instant) -> Uptime {
    Uptime::from_nanos(at.nanos())
}
