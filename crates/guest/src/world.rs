//! The state of one running simulation: its clock, its events, the hosts with their sockets, and
//! what was observed of the guests. `mtas`: hosts that run an MTA, beside the guests.

mod faults;
mod mtas;

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};
use std::time::Duration;

use config::plan::{Keyword, Scenario};
use internet::{Event, Internet};
use kernel::{Choices, Instant};
use net::{HostId, Network};
use simulation::heartbeat::HeartbeatWriter;
use simulation::mta_hosts::MtaHosts;
use simulation::outcome::Stop;
use simulation::record::{EventClass, Record};
use simulation::recorder::Recorder;
use simulation::{MemoryLimit, interruption};
use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::time::{Instant as TokioInstant, Sleep};

use faults::FaultStates;
pub(crate) use faults::Unresolved;

use crate::hosts::Hosts;
use crate::incarnation::Incarnation;
use crate::observations::{Awaited, GuestObservations, PropertyKind, Violated};
use crate::scheduled_event::ScheduledEvent;
use crate::sockets::Sockets;
use crate::spawned::Spawned;

/// tokio's timer wheel has slots of one millisecond; its timers expire at whole milliseconds.
const TOKIO_TICK: u64 = 1_000_000;
/// Later than the end of every run. tokio's wheel reaches about two years.
const FAR: Duration = Duration::from_secs(86_400 * 600);
/// Polls of guests' tasks at one instant. A program that never waits would make more for ever.
const POLLS_MAX: u64 = 1_000_000;
/// A connect that fails at once counts as this many polls. A task of `tokio::spawn` that only makes such
/// connects is polled by tokio alone, where its polls cannot be counted.
const CONNECT_POLLS: u64 = 100;

/// One running simulation.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) choices: Choices,
    pub(crate) hosts: Hosts,
    pub(crate) spawned: Spawned,
    pub(crate) sockets: Sockets,
    /// The hosts that run an MTA; `None` if all are guests.
    pub(crate) mtas: Option<MtaHosts>,
    pub(crate) faults: FaultStates,
    pub(crate) observations: GuestObservations,
    pub(crate) recorder: Recorder,
    pub(crate) heartbeat: HeartbeatWriter,
    /// Simulation events that were handled.
    pub(crate) events: u64,
    memory_limit: MemoryLimit,
    /// The network of the healing phase, until it begins.
    pub(crate) healed: Option<Network>,
    /// The network before the healing phase, once that has begun.
    pub(crate) faulty: Option<Network>,
    pub(crate) healed_at: Option<Instant>,
    /// Hosts whose program has to be started.
    pub(crate) to_start: Vec<HostId>,
    /// Why the run is over, and when it ended.
    pub(crate) stop: Option<(Stop, Instant)>,
    /// Wakes what waits for the end of the run or for a host to start.
    pub(crate) main: Option<Waker>,
    /// Tells how many tasks there are.
    pub(crate) runtime: RuntimeMetrics,
    clock: TokioClock,
    /// Polls of guests' tasks since time last advanced.
    polls: u64,
    /// The last tick at which tokio's timers were given precedence to modeled threads.
    timers_first_at: Option<u64>,
}

/// tokio's clock and its timers.
struct TokioClock {
    /// tokio's time at the start of virtual time.
    origin: TokioInstant,
    /// With a paused clock, tokio advances to its next timer when no task can run. This timer stops
    /// it before the next event of the network, which tokio does not know.
    guard: Pin<Box<Sleep>>,
    guard_at: u64,
    /// Virtual time, which changes only while no task runs. Reading tokio's clock takes a lock and a look-up of
    /// the runtime.
    now: Instant,
    /// Whether tokio may advance to its next timer.
    is_free: bool,
}

impl World {
    /// A simulation at the start of virtual time. Call it inside the runtime.
    pub(crate) fn new(
        scenario: &Scenario,
        choices: Choices,
        internet: Internet<ScheduledEvent>,
        healed: Network,
        recorder: Recorder,
        mtas: Option<MtaHosts>,
    ) -> Self {
        Self {
            hosts: Hosts::new(scenario.hosts.keys()),
            spawned: Spawned::default(),
            sockets: Sockets::new(internet, scenario),
            mtas,
            faults: FaultStates::new(scenario),
            observations: GuestObservations::default(),
            recorder,
            heartbeat: HeartbeatWriter::start(scenario, choices.seed()),
            events: 0,
            memory_limit: MemoryLimit::new(&scenario.limits),
            healed: Some(healed),
            faulty: None,
            healed_at: None,
            to_start: Vec::new(),
            stop: None,
            main: None,
            runtime: Handle::current().metrics(),
            clock: TokioClock::new(),
            polls: 0,
            timers_first_at: None,
            scenario: scenario.clone(),
            choices,
        }
    }

    /// Virtual time since the start.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now
    }

    /// tokio may have advanced to its next timer, if [`World::on_idle`] has let it.
    pub(crate) fn on_unpark(&mut self) {
        if std::mem::take(&mut self.clock.is_free) {
            self.clock.read();
        }
    }

    /// Whether a task of this host may run now. If it must wait for the end of a stall, `task` is
    /// woken then.
    pub(crate) fn admits(&mut self, host: Incarnation, task: &Waker) -> bool {
        if self.stop.is_some() || !self.hosts.is_current(host) {
            return false;
        }
        if !self.count_polls(host, 1) {
            return false;
        }
        let now = self.now();
        !self.hosts.stalls(host.host, now, task)
    }

    /// Counts polls, or what costs as much, since time last advanced. Returns whether the run goes on:
    /// a program that never waits ends it.
    fn count_polls(&mut self, host: Incarnation, polls: u64) -> bool {
        self.polls += polls;
        if self.polls <= POLLS_MAX {
            return true;
        }
        self.violate(Violated {
            failure: PropertyKind::Overdue,
            host: host.host,
            what: "a program that never waits".to_owned(),
            detail: format!(
                "its tasks were polled {POLLS_MAX} times, or its connects failed {} times, and no \
                 time has passed: a loop without an .await that waits, or tasks that wake each \
                 other for ever",
                POLLS_MAX / CONNECT_POLLS
            ),
        });
        self.end(Stop::Events);
        false
    }

    /// Counts a datagram, which is sent without waiting. Returns whether the run goes on.
    pub(crate) fn count_datagram(&mut self, host: Incarnation) -> bool {
        self.count_polls(host, 1)
    }

    /// A connect failed at once, as without a route. Returns whether the run goes on: a program that
    /// tries again for ever without waiting ends it.
    pub(crate) fn count_failed_connect(&mut self, host: Incarnation) -> bool {
        self.count_polls(host, CONNECT_POLLS)
    }

    /// Reports a violated property, unless the same was reported before.
    pub(crate) fn violate(&mut self, violated: Violated) {
        if self.stop.is_none() {
            let now = self.now();
            self.violate_at(violated, now);
        }
    }

    /// Reports a property that was violated at `at`, unless the same was reported before.
    pub(crate) fn violate_at(&mut self, violated: Violated, at: Instant) {
        let host = &self.hosts.of(violated.host).name;
        let limit = self.scenario.limits.violations;
        let Some(new) = self.observations.add(violated, host, at, limit) else {
            return;
        };
        let awaited = self.scenario.until_first.as_deref();
        let is_awaited = awaited.is_some_and(|it| it == new.kind.as_str() || it == new.signature());
        let record = Record::Violation(Box::new(new.clone()));
        self.recorder.write(at, record);
        if is_awaited && self.stop.is_none() {
            self.end(Stop::FirstFailure);
        }
    }

    /// Reports a condition that has not come true in time.
    pub(crate) fn violate_late(&mut self, it: Awaited) {
        let due = it.due;
        let violated = Violated {
            failure: PropertyKind::Overdue,
            host: it.host.host,
            what: format!("`{}` does not come true in time", it.name),
            detail: format!("it was not true up to {due}"),
        };
        self.violate_at(violated, due);
    }

    /// Records what a host reports.
    pub(crate) fn note(&mut self, host: HostId, text: String) {
        if self.stop.is_none() {
            let now = self.now();
            self.recorder.write(now, Record::Guest(host, text));
        }
    }

    /// Ends the run.
    pub(crate) fn end(&mut self, why: Stop) {
        if self.stop.is_none() {
            self.stop = Some((why, self.now()));
        }
        self.wake_main();
    }

    pub(crate) fn wake_main(&mut self) {
        if let Some(main) = &self.main {
            main.wake_by_ref();
        }
    }

    /// Time would advance while another thread still works, by as much as that thread is slow.
    pub(crate) fn refuse_blocking(&mut self) {
        self.violate(Violated {
            failure: PropertyKind::Panic,
            host: HostId(0),
            what: "spawn_blocking leaves the simulation".to_owned(),
            detail: "a task of tokio::task::spawn_blocking, or of what uses it (tokio::fs, \
                     resolvers), runs on a thread of its own, whose speed the run would depend \
                     on. Call the function in a task, or simulate what it does"
                .to_owned(),
        });
        self.end(Stop::Violations);
    }

    /// No task can run: handles events and advances the clock until a task is woken, or up to the
    /// tick of tokio's next timer.
    pub(crate) fn on_idle(&mut self) {
        // A program may have called tokio::time::advance.
        self.clock.read();
        let now = self.now();
        self.heartbeat.beat_at(now);
        // What is woken may be a task that has ended. Waking the main future too makes sure that tokio
        // asks again before it advances to its next timer: the timer that it knows may be a cancelled one.
        if self.stop.is_some() || self.sockets.flush_all(now, &mut self.recorder) {
            return self.wake_main();
        }
        loop {
            let now = self.now().nanos();
            let tick = now - now % TOKIO_TICK + TOKIO_TICK;
            let next = self.sockets.internet_mut().next_time();
            let next = next.expect("the end of the run is an event").nanos();
            // No timer of tokio's expires before `tick`, so events up to there come first. At
            // `tick` itself packets come before timers: the order of events within one instant.
            if next <= tick {
                self.advance(next.saturating_sub(now));
                if self.handle_events_at(next) {
                    return self.wake_main();
                }
                continue;
            }
            if !now.is_multiple_of(TOKIO_TICK) {
                self.advance(tick - now);
            }
            // tokio may advance up to the last tick before the event.
            self.clock.is_free = true;
            self.polls = 0;
            self.clock.set_guard((next - 1) / TOKIO_TICK * TOKIO_TICK);
            return;
        }
    }

    fn advance(&mut self, nanos: u64) {
        if nanos > 0 {
            self.polls = 0;
            self.clock.advance(nanos);
        }
    }

    /// Whether what the network holds has reached `limits.memory`. What programs hold is their own.
    fn is_memory_full(&mut self) -> bool {
        self.memory_limit.is_due(self.events) && {
            let mut held = self.sockets.internet().held();
            if let Some(mtas) = &self.mtas {
                held = mtas.held(held, &self.scenario);
            }
            self.memory_limit.is_reached(self.events, held)
        }
    }

    /// Handles all events of one instant. Returns whether a task was woken, or a timer of tokio's may be
    /// due.
    fn handle_events_at(&mut self, at: u64) -> bool {
        let mut is_woken = false;
        while self.stop.is_none() {
            let next = self.sockets.internet_mut().next_key();
            let Some(next) = next.filter(|next| next.at.nanos() == at) else {
                break;
            };
            if next.class == EventClass::ThreadsRun as u8 && self.tasks_come_first(at, is_woken) {
                return true;
            }
            self.events += 1;
            self.heartbeat.beat();
            let Some((key, event)) = self.sockets.internet_mut().pop_event() else {
                break;
            };
            is_woken |= match event {
                Event::Network(event) => {
                    let recorder = &mut self.recorder;
                    let (host, is_woken) = self.sockets.on_network(key.at, event, recorder);
                    self.wake_threads(host);
                    is_woken
                }
                Event::User(due) => {
                    self.on_due(due);
                    // It may reset connections, or end or start a program. What an MTA does reaches guests
                    // by packets only.
                    !matches!(due, ScheduledEvent::Mta(_))
                }
            };
            if self.events >= self.scenario.limits.events {
                self.end(Stop::Events);
            } else if interruption::is_requested() {
                self.end(Stop::Interrupted);
            } else if self.is_memory_full() {
                self.end(Stop::Memory);
            } else if let Some(stop) = self.mtas.as_ref().and_then(MtaHosts::stop) {
                self.end(stop);
            }
        }
        is_woken || self.stop.is_some()
    }
}

impl TokioClock {
    fn new() -> Self {
        let origin = TokioInstant::now();
        let mut guard = Box::pin(tokio::time::sleep_until(origin + FAR));
        // The first poll registers the timer. Its waker does nothing: it exists to stop the clock.
        let _ = guard.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        Self {
            origin,
            guard,
            guard_at: u64::MAX,
            now: Instant::ZERO,
            is_free: false,
        }
    }

    fn read(&mut self) {
        let elapsed = TokioInstant::now() - self.origin;
        self.now = Instant::from_nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The first poll of tokio's function advances; the second would only yield to other tasks.
    fn advance(&mut self, nanos: u64) {
        let mut step = pin!(tokio::time::advance(Duration::from_nanos(nanos)));
        let _ = step.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.now = self.now.saturating_add(kernel::Duration::from_nanos(nanos));
    }

    fn set_guard(&mut self, at: u64) {
        if self.guard_at != at {
            self.guard_at = at;
            let at = self.origin + Duration::from_nanos(at);
            self.guard.as_mut().reset(at);
        }
    }
}
