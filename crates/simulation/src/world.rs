//! The state of one run in virtual time: hosts, the network between them, pending events.
//!
//! Only the world schedules events. Models return when they are due next, and the world calls them
//! then.
//!
//! - `event`: what the world schedules besides network events.
//! - `services`: time slices of threads, starts and ends of MTA processes.
//! - `arrivals`, `workload`, `message_store`: messages, and what survives a restart of them.
//! - `memory`: what the run holds in memory, for its limit.
//! - `faults`: the faults of the scenario.
//! - `reseed`: replacing the seed during a run.
//! - `final_checks`: the checks at the end of a run.

mod arrivals;
mod event;
mod faults;
mod final_checks;
mod memory;
mod message_store;
mod reseed;
mod services;
pub(crate) mod workload;

use std::collections::BTreeMap;
use std::rc::Rc;

use internet::{Event as ScheduledEvent, Internet};
use kernel::{Choices, Instant, Journal, Keep, mix};
use machine::DebugHash;
use mta::Build;
use net::{HostId, LinkConfig, Network};

use crate::access_log::LoggedAccess;
use crate::host::Host;
use crate::interruption;
use crate::lowering::{self, LoweringError};
use crate::memory_limit::MemoryLimit;
use crate::names::Names;
use crate::observers::journal::JournalObserver;
use crate::observers::{Observe, Observer};
use crate::oracles::Oracles;
use crate::outcome::{HostView, LinkCounts, Stop};
use crate::record::Record;
use crate::scheduling::Scheduling;
use config::plan::Scenario;

use arrivals::WorkloadArrivals;
use event::Event;
use faults::FaultState;
use message_store::MessageStore;

/// What a run keeps besides its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether to keep every record, for logs and reports. The run is the same without, and faster.
    pub keep_records: bool,
}

/// Everything there is in one run.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) scenario: &'a Scenario,
    names: Names<'a>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) oracles: Oracles,
    pub(crate) journal: Journal<Record>,
    pub(crate) now: Instant,
    pub(crate) internet: Internet<Event>,
    builds: Vec<Rc<dyn Build>>,
    scheduling: Scheduling,
    choices: Choices,
    links: Vec<LinkConfig>,
    /// The network before healing; its packet counts belong to the run.
    faulty: Option<Network>,
    arrivals: Vec<WorkloadArrivals>,
    faults: Vec<FaultState>,
    /// The cuts in force, in the order in which they began.
    cuts: Vec<faults::ActiveCut>,
    message_store: MessageStore,
    keep_records: bool,
    pub(crate) observer: Observer,
    /// Simulation events handled.
    events: u64,
    memory_limit: MemoryLimit,
    /// Messages submitted.
    messages: u64,
    /// Why the run stops before its time.
    stop: Option<Stop>,
    /// The host whose threads run: its next slice is scheduled when this one is over.
    running: Option<HostId>,
    /// How many of the scenario's reseeds have been applied.
    reseeds_applied: usize,
    /// Calls made by processes that have ended.
    ended_calls: u64,
    /// The access logs of processes that have ended.
    ended_access_log: Vec<LoggedAccess>,
    /// The coverage of processes that have ended.
    ended_coverage: mta::Coverage,
}

impl<'a> World<'a> {
    /// The world of a scenario at time zero. `builds` are those of the hosts, in the order of their
    /// names.
    pub(crate) fn new(
        scenario: &'a Scenario,
        seed: u64,
        builds: Vec<Rc<dyn Build>>,
        options: Options,
        scheduling: Scheduling,
    ) -> Result<Self, LoweringError> {
        let choices = Choices::new(seed);
        let links = lowering::links(scenario)?;
        let names = Names::new(scenario);
        let plans = (0..).map(HostId).zip(&scenario.hosts);
        let sockets = plans.map(|(host, (name, plan))| {
            lowering::sockets(name, plan, names.address(host), choices)
        });
        let internet = Internet::new(choices, sockets.collect(), &links)?;
        let hosts = (0..).map(HostId).zip(scenario.hosts.keys());
        let hosts: Vec<Host> = hosts
            .map(|(id, name)| Host::new(id, name, names.address(id)))
            .collect();
        let limit = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        let keep = if options.keep_records {
            Keep::First(limit(scenario.limits.records))
        } else {
            Keep::Nothing
        };
        let views = hosts.iter().zip(&builds).map(|(host, build)| HostView {
            name: host.name.clone(),
            address: host.address,
            build: Some(build.version()),
            generation: build.generation(),
            connectors: names
                .outgoing(host.id)
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            threads: BTreeMap::new(),
        });
        let mut world = Self {
            scenario,
            oracles: Oracles::new(
                views.collect(),
                scenario.workloads.len(),
                limit(scenario.limits.violations),
                scenario.until_first.clone(),
            ),
            names,
            journal: Journal::new(keep),
            hosts,
            now: Instant::ZERO,
            internet,
            builds,
            scheduling,
            choices,
            links,
            faulty: None,
            arrivals: Vec::new(),
            faults: Vec::new(),
            cuts: Vec::new(),
            message_store: MessageStore::default(),
            keep_records: options.keep_records,
            observer: Observer::default(),
            events: 0,
            memory_limit: MemoryLimit::new(&scenario.limits),
            messages: 0,
            stop: None,
            running: None,
            reseeds_applied: 0,
            ended_calls: 0,
            ended_access_log: Vec::new(),
            ended_coverage: mta::Coverage::default(),
        };
        world.schedule_scenario();
        Ok(world)
    }

    /// Schedules the first event of every service, workload and fault, and the healing.
    fn schedule_scenario(&mut self) {
        self.faults = faults::lower(self.scenario);
        for host in (0..self.hosts.len()).map(|index| HostId(index as u32)) {
            self.schedule(host, Instant::ZERO, Event::ServiceStarts { host });
        }
        self.arrivals = arrivals::lower(self.scenario, &self.names, self.choices);
        for workload in 0..self.arrivals.len() {
            self.schedule_next_message(workload);
        }
        for fault in 0..self.faults.len() {
            self.schedule_start(fault, self.now);
        }
        if self.scenario.healing.is_some() {
            let at = Instant::ZERO + self.scenario.duration;
            self.schedule(HostId(0), at, Event::Heal);
        }
    }

    /// Starts to observe what `observe` asks for.
    ///
    /// # Panics
    /// If the world has begun to run.
    pub(crate) fn observe(&mut self, observe: Observe) {
        assert_eq!(self.events, 0, "a world is observed from its first event");
        let records = self.scenario.limits.records;
        self.observer = Observer::new(observe, usize::try_from(records).unwrap_or(usize::MAX));
    }

    /// Handles events until the end of the run, or until a limit is reached.
    pub(crate) fn run(&mut self) -> Stop {
        let end = self.end();
        loop {
            let next = self.internet.next_time();
            // A reseed precedes the events of its instant, and may bring new ones forward.
            if self.reseed_by(next.unwrap_or(end).min(end)) {
                continue;
            }
            match next {
                // The run lasts for its whole duration even if nothing happens any more.
                None => {
                    self.now = end;
                    return Stop::Quiet;
                }
                Some(at) if at > end => {
                    self.now = end;
                    return Stop::Duration;
                }
                Some(_) => {}
            }
            // Limits are checked between events, so that every event is handled as a whole.
            if self.events >= self.scenario.limits.events {
                return Stop::Events;
            }
            if let Some(stop) = self.stop {
                return stop;
            }
            if interruption::is_requested() {
                return Stop::Interrupted;
            }
            if self.is_memory_full() {
                return Stop::Memory;
            }
            if self.oracles.is_full() {
                return Stop::Violations;
            }
            if self.oracles.has_first_failure() {
                return Stop::FirstFailure;
            }
            if self.is_pruned() {
                return Stop::Pruned;
            }
            let (key, event) = self.internet.pop_event().expect("there is a next event");
            // Only a further message is too many: what the allowed ones still cause belongs to the
            // run.
            let is_message = matches!(event, ScheduledEvent::User(Event::Submission { .. }));
            if is_message && self.messages >= self.scenario.limits.messages {
                return Stop::Messages;
            }
            self.now = key.at;
            self.events += 1;
            // A stale event was cancelled by a later one. It counts towards the limit of events,
            // which bounds work, but it is not in the digest.
            if !self.is_stale(event) {
                self.write(Record::Event(key));
                self.handle(event);
            }
        }
    }

    /// Whether an exhaustive search has seen this state, or an equivalent order of calls, before.
    fn is_pruned(&mut self) -> bool {
        let Scheduling::Explored(explorer, _) = &self.scheduling else {
            return false;
        };
        let next = self.internet.next_time();
        // States are compared when virtual time is about to advance: until then calls of this
        // instant may still be ordered either way.
        if next > Some(self.now) {
            let from = Instant::ZERO + self.scenario.explore_from;
            if self.now < from && next >= Some(from) {
                explorer.fix_prefix();
            }
            explorer.visit_state(self.fingerprint());
        }
        explorer.is_redundant()
    }

    /// When the run ends, if nothing ends it before.
    fn end(&self) -> Instant {
        let healing = self.scenario.healing.unwrap_or_default();
        Instant::ZERO + self.scenario.duration + healing
    }

    /// A hash of the whole state, from its `Debug` form: equal states have the same future. The
    /// oracles are part of it, since they may still report what happened before. The journal is not:
    /// nothing depends on what has been written.
    fn fingerprint(&self) -> u64 {
        let rest = (
            &self.internet,
            &self.oracles,
            &self.message_store,
            &self.arrivals,
            &self.faults,
        );
        let whole = mix(self.now.nanos(), DebugHash::of(&rest));
        // The order of hosts is that of their names: two states are alike only host by host.
        self.hosts.iter().map(Host::fingerprint).fold(whole, mix)
    }

    /// Whether a later event has replaced this one. Replaced events stay in the list.
    fn is_stale(&self, event: ScheduledEvent<Event>) -> bool {
        match event {
            ScheduledEvent::Network(event) => self.internet.is_stale(event),
            ScheduledEvent::User(Event::ThreadsRun { host, generation }) => {
                self.hosts[host.0 as usize].next_slice.generation != generation
            }
            ScheduledEvent::User(
                Event::FaultStarts { fault, generation } | Event::FaultEnds { fault, generation },
            ) => self.faults[fault as usize].generation != generation,
            ScheduledEvent::User(Event::Submission {
                workload,
                generation,
            }) => self.arrivals[workload as usize].generation != generation,
            ScheduledEvent::User(
                Event::Heal
                | Event::WaitEnds { .. }
                | Event::HostStarts { .. }
                | Event::ServiceStarts { .. },
            ) => false,
        }
    }

    fn handle(&mut self, event: ScheduledEvent<Event>) {
        tracing::trace!(at = %self.now, ?event, "event");
        let event = match event {
            ScheduledEvent::User(event) => event,
            ScheduledEvent::Network(event) => {
                let observer = &mut JournalObserver {
                    journal: &mut self.journal,
                    observer: &mut self.observer,
                };
                let host = self.internet.handle_event(self.now, event, observer);
                return self.wake(host);
            }
        };
        match event {
            Event::FaultStarts { fault, .. } => self.start_fault(fault),
            Event::FaultEnds { fault, .. } => self.end_fault(fault),
            Event::Heal => self.heal(),
            Event::WaitEnds {
                host,
                thread,
                generation,
            } => {
                self.end_wait(host, thread, generation);
            }
            Event::Submission { workload, .. } => self.submit(workload as usize),
            Event::HostStarts { host } => {
                self.internet.switch_on(host);
                self.start_service(host);
            }
            Event::ServiceStarts { host } => self.start_service(host),
            Event::ThreadsRun { host, .. } => self.run_threads(host),
        }
    }

    /// Schedules an event. One that concerns no host is scheduled at host 0, since the key of an
    /// event names a host.
    fn schedule(&mut self, host: HostId, at: Instant, event: Event) {
        self.internet.schedule(at, event.class(), host, event);
    }

    /// Sends what the sockets of a host have to send, then wakes its threads. To be called after
    /// every change of its sockets.
    fn flush(&mut self, host: HostId) {
        let observer = &mut JournalObserver {
            journal: &mut self.journal,
            observer: &mut self.observer,
        };
        self.internet.flush(self.now, host, observer);
        self.wake(host);
    }

    /// Replies to the threads of a host whose events are signalled, and schedules their next time
    /// slice.
    fn wake(&mut self, host: HostId) {
        let sockets = self.internet.sockets_mut(host);
        self.hosts[host.0 as usize].deliver_signals(self.now, sockets, machine::Increment::NETWORK);
        self.schedule_threads(host);
    }

    /// Begins the healing phase: faults end, links are perfect, and liveness is checked.
    fn heal(&mut self) {
        self.write(Record::Healed);
        for fault in 0..self.faults.len() {
            self.faults[fault].is_over = true;
            self.end_fault(fault as u32);
        }
        let count = self.hosts.len() as u32;
        // Packets in flight keep their verdict: it was decided when they were sent.
        let healed = Network::new(self.choices, count, &lowering::healed(&self.links))
            .expect("a network without loss is valid if the one with loss was");
        self.faulty = Some(self.internet.replace_network(healed));
        self.oracles.on_healing();
        // Every host must make progress, so machines that a crash left down are switched on.
        for host in (0..count).map(HostId) {
            if !self.internet.is_up(host) {
                self.schedule(host, self.now, Event::HostStarts { host });
            }
        }
    }

    fn write(&mut self, record: Record) {
        let is_rare = matches!(
            record,
            Record::Fault(..)
                | Record::Exception(..)
                | Record::ClosedDown(_)
                | Record::Violation(_)
                | Record::Healed
                | Record::ClockSet(..)
        );
        if is_rare {
            tracing::debug!(at = %self.now, ?record, "record");
        }
        self.journal.write(self.now, record);
    }

    /// Simulation events handled.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Calls made by the threads of all processes, ended ones included.
    pub(crate) fn calls(&self) -> u64 {
        let running = self.hosts.iter().filter_map(|host| host.service.as_ref());
        self.ended_calls + running.map(|service| service.machine.calls()).sum::<u64>()
    }

    /// The access logs of all processes, in the order of time.
    pub(crate) fn take_access_log(&mut self) -> Vec<LoggedAccess> {
        let mut log = std::mem::take(&mut self.ended_access_log);
        for host in &self.hosts {
            log.extend(host.access_log());
        }
        // A stable sort: accesses of one host at one instant stay in the order in which they were
        // made.
        log.sort_by_key(|access| access.at);
        log
    }

    /// The coverage of all processes, ended ones included.
    pub(crate) fn coverage(&self) -> mta::Coverage {
        let mut coverage = self.ended_coverage.clone();
        let running = self.hosts.iter().filter_map(|host| host.service.as_ref());
        running.for_each(|service| coverage.add(&service.process.coverage()));
        coverage
    }

    /// The packets of each link: both directions, before and after healing.
    pub(crate) fn link_counts(&self) -> Vec<LinkCounts> {
        // Healing replaces the network, and the packets before it were counted by the old one.
        let networks: Vec<&Network> = (self.faulty.iter())
            .chain([self.internet.network()])
            .collect();
        lowering::link_counts(self.links.len(), &networks)
    }

    /// How often each fault began, by name.
    pub(crate) fn fault_counts(&self) -> BTreeMap<String, u64> {
        let names = self.scenario.faults.keys().cloned();
        names.zip(self.faults.iter().map(|it| it.starts)).collect()
    }
}
