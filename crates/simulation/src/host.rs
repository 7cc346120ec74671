//! One host: its MTA process, and the socket calls of its threads.
//!
//! A socket call of a thread goes to the socket table, and the reply or a later signal comes back
//! to the thread. The host schedules nothing itself; the world asks it what is due.

use std::collections::BTreeMap;
use std::ops::Bound;

use internet::uptime;
use kernel::{Choices, Instant, key, mix};
use machine::{DebugHash, HeapConfig, Increment, Machine, ThreadId};
use mta::{Layout, MtaProcess, SocketRequest, SocketResponse, Winsock};
use net::HostId;
use winsock::{Call, EventHandle, Reply, Signal, SocketTable};

use crate::access_log::LoggedAccess;
use crate::lowering::{self, ServiceStart};
use crate::oracles::SocketDid;
use crate::record::ThreadNumber;
use crate::scheduling::SchedulingMode;

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
    pub(crate) next_slice: NextSlice,
    /// Numbers the waits over all starts, so that the timeout of an ended process is recognised.
    pub(crate) waits: u32,
    /// What the last call did to a socket, until the oracles have read it.
    pub(crate) socket_did: Option<SocketDid>,
}

/// The MTA process of a host.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) machine: Machine<Winsock>,
    pub(crate) process: MtaProcess,
    /// The threads' numbers in the logs, in the order of their creation.
    pub(crate) numbers: Vec<ThreadNumber>,
    waiting: BTreeMap<ThreadId, SocketWait>,
    /// How many findings of the race detector have been reported to the oracles.
    pub(crate) findings_reported: usize,
}

/// A socket call that waits for one of its events, or for its timeout.
#[derive(Debug)]
struct SocketWait {
    events: Vec<EventHandle>,
    generation: u32,
}

/// The next time slice of a host's threads. Rescheduling it makes earlier events outdated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NextSlice {
    pub(crate) at: Option<Instant>,
    pub(crate) generation: u32,
}

/// The result of a socket call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The thread has its reply.
    Now,
    /// The thread waits, at most until then.
    Waits { until: Instant, generation: u32 },
}

impl Host {
    /// A host that is switched on and whose service has not started.
    pub(crate) fn new(id: HostId, name: &str, address: u32) -> Self {
        Self {
            id,
            name: name.to_owned(),
            address,
            service: None,
            starts: 0,
            next_slice: NextSlice::default(),
            waits: 0,
            socket_did: None,
        }
    }

    /// Starts the MTA service of this host, for the first time or again.
    ///
    /// # Panics
    /// If it runs already.
    pub(crate) fn start_service(
        &mut self,
        choices: Choices,
        scheduling: &SchedulingMode,
        start: ServiceStart<'_>,
    ) {
        assert!(
            self.service.is_none(),
            "the service of {} runs already",
            self.name
        );
        let (scenario, at) = (start.scenario, start.at);
        self.starts += 1;
        // Each start makes separate random choices. They are keyed by host and start, so that a
        // restart on one host changes nothing on the others.
        let rng_key = mix(key(&self.name), self.starts);
        let heap = HeapConfig {
            bytes: HEAP_BYTES,
            serialize: start.build.serializes_heap(),
        };
        let strategy = scheduling.strategy(scenario, self.id, choices, rng_key);
        let config = lowering::machine(&self.name, scenario, heap);
        let mut machine = Machine::new(config, strategy, choices, rng_key)
            .expect("the scenario's format keeps a machine's limits");
        // The clock of a new machine is at zero.
        machine.advance(at);
        if scheduling.needs_fingerprints() {
            machine.track_state();
        }
        let config = lowering::mta(&self.name, start);
        let process = mta::start(&mut machine, config)
            .expect("static memory is large enough for the largest pool");
        let layout = process.layout();
        // Oracles of blocks read these words and do not believe what the MTA says of them.
        machine.watch_words(layout.pool, Layout::pool_bytes(layout.blocks));
        assert!(
            machine.next_time().is_none_or(|first| first >= at),
            "no thread makes a call before its service starts"
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
            findings_reported: 0,
        });
    }

    /// Executes a thread's socket call.
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
        // Events are in the socket layer, outside the machine's memory. The race detector must know
        // the order that they enforce: setting one happens before the wait that it ends.
        let sets_event = matches!(call, Call::SetEvent { .. });
        if let Call::SetEvent { event } = &call {
            service.machine.release(thread, u64::from(event.0));
        }
        let waits_for = if let Call::Wait { events } = &call {
            Some(events.clone())
        } else {
            None
        };
        let socket = if let Call::Receive { socket, .. } | Call::Close { socket } = &call {
            Some(*socket)
        } else {
            None
        };
        match (sockets.call(uptime(at), call), waits_for) {
            // A wait with a timeout of zero polls.
            (Reply::Pending, Some(_)) if deadline <= at => {
                reply_now(service, thread, at, SocketResponse::TimedOut);
                Answered::Now
            }
            (Reply::Pending, Some(events)) => {
                // The number tells this wait from a later one of the same thread, whose timeout is
                // another event.
                self.waits = self.waits.wrapping_add(1);
                let generation = self.waits;
                service
                    .waiting
                    .insert(thread, SocketWait { events, generation });
                Answered::Waits {
                    until: deadline,
                    generation,
                }
            }
            (Reply::Signalled(index), Some(events)) => {
                service.machine.acquire(thread, u64::from(events[index].0));
                let reply = SocketResponse::Reply(Reply::Signalled(index));
                reply_now(service, thread, at, reply);
                Answered::Now
            }
            (reply, _) => {
                self.socket_did = socket.and_then(|socket| SocketDid::of(socket, &reply));
                reply_now(service, thread, at, SocketResponse::Reply(reply));
                // Waits that end here were ended by this thread; all others, by the network.
                if sets_event {
                    self.deliver_signals(at, sockets, Increment::OBJECT);
                }
                Answered::Now
            }
        }
    }

    /// Replies to the threads that wait for events which are signalled now, in the order of their
    /// creation. Their priorities rise by `increment`.
    pub(crate) fn deliver_signals(
        &mut self,
        now: Instant,
        sockets: &mut SocketTable,
        increment: Increment,
    ) {
        while let Some(signal) = sockets.poll_signal() {
            let Signal::Event(event) = signal else {
                continue;
            };
            let Some(service) = &mut self.service else {
                continue;
            };
            let mut next = service.waiting_thread(Bound::Unbounded, event);
            while let Some(thread) = next {
                next = service.waiting_thread(Bound::Excluded(thread), event);
                // A thread woken before this one may have consumed the signal: ask again.
                let Some(index) = ask_again(sockets, &service.waiting[&thread].events) else {
                    continue;
                };
                let waiting = service.waiting.remove(&thread).expect("it waited");
                service
                    .machine
                    .acquire(thread, u64::from(waiting.events[index].0));
                let reply = SocketResponse::Reply(Reply::Signalled(index));
                service.machine.reply(thread, now, reply, increment);
            }
        }
    }

    /// The timeout of a socket call expires; ignored if the call has been answered.
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
            let (reply, increment) = (SocketResponse::TimedOut, Increment::TIMEOUT);
            service.machine.reply(thread, now, reply, increment);
        }
    }

    /// The access log of the process, in the order of the accesses.
    pub(crate) fn access_log(&self) -> Vec<LoggedAccess> {
        let Some(service) = &self.service else {
            return Vec::new();
        };
        let logged = service.machine.access_log().map(|access| {
            let thread = service.machine.thread(access.thread);
            LoggedAccess::new(&self.name, thread.name, thread.number, access)
        });
        logged.collect()
    }

    /// Ends the process; the system closes its sockets and event objects.
    pub(crate) fn end_service(&mut self, now: Instant, sockets: &mut SocketTable) {
        if let Some(mut service) = self.service.take() {
            service.machine.terminate();
        }
        sockets.end_process(uptime(now));
        self.next_slice.at = None;
    }

    /// A hash of the state of its process and of the waits of its threads.
    pub(crate) fn fingerprint(&self) -> u64 {
        let service = self.service.as_ref().map(|service| {
            let waiting: Vec<_> = (service.waiting.iter())
                .map(|(thread, waiting)| (thread, &waiting.events))
                .collect();
            mix(service.machine.fingerprint(), DebugHash::of(&waiting))
        });
        DebugHash::of(&(self.starts, service))
    }
}

/// The index of the event that ends a wait under way, if any does. The wait holds the objects that it
/// waits for: a handle that was closed since does not end it.
fn ask_again(sockets: &mut SocketTable, events: &[EventHandle]) -> Option<usize> {
    if let Ok(signalled) = sockets.wait(events) {
        return signalled;
    }
    let is_signalled = |event: &EventHandle| matches!(sockets.wait(&[*event]), Ok(Some(_)));
    events.iter().position(is_signalled)
}

/// Answers a call at the moment at which it was made: the thread has not waited.
fn reply_now(service: &mut Service, thread: ThreadId, at: Instant, reply: SocketResponse) {
    let machine = &mut service.machine;
    machine.reply(thread, at, reply, Increment::TIMEOUT);
}

impl Service {
    /// Whether every thread waits, and no message is under way between threads.
    pub(crate) fn is_quiescent(&self) -> bool {
        // A thread that sleeps or could run may still release a block.
        use machine::ThreadState::{Asking, Blocked, Exited};
        let still = |state| matches!(state, Asking | Blocked | Exited);
        self.machine.threads().all(|thread| still(thread.state))
            && self.process.queues_are_empty(&self.machine)
    }

    /// The first thread after `after` that waits for `event`, in the order of their creation.
    fn waiting_thread(&self, after: Bound<ThreadId>, event: EventHandle) -> Option<ThreadId> {
        let mut later = self.waiting.range((after, Bound::Unbounded));
        let found = later.find(|(_, waiting)| waiting.events.contains(&event));
        found.map(|(&thread, _)| thread)
    }

    /// The thread with this index in the order of creation, if it waits in a socket call.
    pub(crate) fn thread_at(&self, index: u32) -> Option<ThreadId> {
        self.waiting
            .keys()
            .copied()
            .find(|thread| thread.index() == index as usize)
    }
}
