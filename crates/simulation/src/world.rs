//! A run whose hosts all run an MTA: its clock, its events, the network and the faults.
//!
//! Only the world schedules events. Models return when they are due next, and the world calls them
//! then. What runs on the hosts is in [`mta_hosts`](crate::mta_hosts).
//!
//! - `event`: what the world schedules besides network events.
//! - `faults`: the faults of the scenario.
//! - `reseed`: replacing the seed during a run.

mod event;
mod faults;
mod reseed;

use std::collections::BTreeMap;
use std::rc::Rc;

use internet::{Event as ScheduledEvent, Internet};
use kernel::{Choices, Instant, mix};
use machine::DebugHash;
use mta::Build;
use net::{HostId, LinkConfig, Network};

use crate::host::Host;
use crate::interruption;
use crate::lowering::{self, LoweringError};
use crate::memory_limit::MemoryLimit;
use crate::mta_hosts::{MtaEvent, MtaHosts, MtaRun, SliceEnd};
use crate::names;
use crate::observers::Observe;
use crate::options::Options;
use crate::outcome::{LinkCounts, Stop};
use crate::record::Record;
use crate::recorder::Recorder;
use crate::scheduling::SchedulingMode;
use config::plan::Scenario;

use event::Event;
use faults::FaultState;

/// What a run depends on besides scenario and seed, and what is observed of it.
#[derive(Debug)]
pub(crate) struct RunConfig {
    /// The builds of the hosts, in the order of their names.
    pub(crate) builds: Vec<Rc<dyn Build>>,
    pub(crate) scheduling: SchedulingMode,
    pub(crate) options: Options,
    pub(crate) observe: Observe,
}

/// Everything there is in one run.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) mtas: MtaHosts,
    pub(crate) recorder: Recorder,
    pub(crate) now: Instant,
    internet: Internet<Event>,
    choices: Choices,
    links: Vec<LinkConfig>,
    /// The network before healing; its packet counts belong to the run.
    faulty: Option<Network>,
    faults: Vec<FaultState>,
    /// The cuts in force, in the order in which they began.
    cuts: Vec<faults::ActiveCut>,
    /// Simulation events handled.
    events: u64,
    memory_limit: MemoryLimit,
    /// How many of the scenario's reseeds have been applied.
    reseeds_applied: usize,
}

impl<'a> World<'a> {
    /// The world of a scenario at time zero.
    pub(crate) fn new(
        scenario: &'a Scenario,
        seed: u64,
        setup: RunConfig,
    ) -> Result<Self, LoweringError> {
        let choices = Choices::new(seed);
        let links = lowering::links(scenario)?;
        let addresses = names::addresses(scenario);
        let plans = addresses.iter().zip(&scenario.hosts);
        let sockets =
            plans.map(|(address, (name, plan))| lowering::sockets(name, plan, *address, choices));
        let internet = Internet::new(choices, sockets.collect(), &links)?;
        let RunConfig {
            builds,
            scheduling,
            options,
            observe,
        } = setup;
        let builds = builds.into_iter().map(Some).collect();
        let mut world = Self {
            scenario,
            mtas: MtaHosts::new(scenario, choices, builds, options, scheduling),
            recorder: Recorder::new(scenario, options, observe),
            now: Instant::ZERO,
            internet,
            choices,
            links,
            faulty: None,
            faults: faults::lower(scenario),
            cuts: Vec::new(),
            events: 0,
            memory_limit: MemoryLimit::new(&scenario.limits),
            reseeds_applied: 0,
        };
        world.schedule_scenario();
        Ok(world)
    }

    /// Schedules the first event of every service, workload and fault, and the healing.
    fn schedule_scenario(&mut self) {
        self.mtas().schedule_start();
        for fault in 0..self.faults.len() {
            self.schedule_start(fault, self.now);
        }
        if self.scenario.healing.is_some() {
            let at = Instant::ZERO + self.scenario.duration;
            self.schedule(HostId(0), at, Event::Heal);
        }
    }

    /// The hosts, with what they need of the run.
    pub(crate) fn mtas(&mut self) -> MtaRun<'_, Event> {
        let reseed = self.next_reseed().unwrap_or(Instant::MAX);
        let before = Instant::from_nanos(reseed.nanos().saturating_sub(1));
        MtaRun {
            slice_limit: before.min(self.end()),
            mtas: &mut self.mtas,
            scenario: self.scenario,
            now: &mut self.now,
            internet: &mut self.internet,
            recorder: &mut self.recorder,
        }
    }

    /// Handles events until the end of the run, or until a limit is reached.
    pub(crate) fn run(&mut self) -> Stop {
        let end = self.end();
        loop {
            // First: threads that make no more calls may leave no event behind.
            if let Some(stop) = self.mtas.stop() {
                return stop;
            }
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
            if interruption::is_requested() {
                return Stop::Interrupted;
            }
            if self.is_memory_full() {
                return Stop::Memory;
            }
            if self.is_pruned() {
                return Stop::Pruned;
            }
            let (key, event) = self.internet.pop_event().expect("there is a next event");
            if let ScheduledEvent::User(Event::Mta(event)) = event
                && self.mtas.is_message_too_many(event, self.scenario)
            {
                return Stop::Messages;
            }
            self.now = key.at;
            self.events += 1;
            // A stale event was cancelled by a later one. It counts towards the limit of events,
            // which bounds work, but it is not in the digest.
            if !self.is_stale(event) {
                self.recorder.journal.write(self.now, Record::Event(key));
                self.handle(event);
            }
        }
    }

    /// Whether an exhaustive search has seen this state, or an equivalent order of calls, before.
    fn is_pruned(&mut self) -> bool {
        let SchedulingMode::Explored(explorer, _) = &self.mtas.scheduling else {
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
            &self.mtas.oracles,
            &self.mtas.message_store,
            &self.mtas.arrivals,
            &self.faults,
        );
        let whole = mix(self.now.nanos(), DebugHash::of(&rest));
        // The order of hosts is that of their names: two states are alike only host by host.
        let hosts = self.mtas.hosts.iter();
        hosts.map(Host::fingerprint).fold(whole, mix)
    }

    /// Whether a later event has replaced this one. Replaced events stay in the list.
    fn is_stale(&self, event: ScheduledEvent<Event>) -> bool {
        match event {
            ScheduledEvent::Network(event) => self.internet.is_stale(event),
            ScheduledEvent::User(Event::Mta(event)) => self.mtas.is_stale(event),
            ScheduledEvent::User(
                Event::FaultStarts { fault, generation } | Event::FaultEnds { fault, generation },
            ) => self.faults[fault as usize].generation != generation,
            ScheduledEvent::User(Event::Heal | Event::HostStarts { .. }) => false,
        }
    }

    /// Whether what the run holds has reached `limits.memory`.
    fn is_memory_full(&mut self) -> bool {
        self.memory_limit.is_due(self.events) && {
            let held = self.mtas.held(self.internet.held(), self.scenario);
            self.memory_limit.is_reached(self.events, held)
        }
    }

    fn handle(&mut self, event: ScheduledEvent<Event>) {
        tracing::trace!(at = %self.now, ?event, "event");
        let event = match event {
            ScheduledEvent::User(event) => event,
            ScheduledEvent::Network(event) => {
                let recorder = &mut self.recorder;
                let host = self.internet.handle_event(self.now, event, recorder);
                return self.mtas().wake(host);
            }
        };
        match event {
            Event::FaultStarts { fault, .. } => self.start_fault(fault),
            Event::FaultEnds { fault, .. } => self.end_fault(fault),
            Event::Heal => self.heal(),
            Event::HostStarts { host } => {
                self.internet.switch_on(host);
                self.mtas().start_service(host);
            }
            Event::Mta(MtaEvent::ThreadsRun { host, .. }) => self.run_threads(host),
            Event::Mta(event) => self.mtas().handle(event),
        }
    }

    /// Runs the threads of a host until something else is due.
    fn run_threads(&mut self, host: HostId) {
        self.mtas().begin_slice(host);
        let end = loop {
            let end = self.mtas().run_slice(host);
            // A reseed ends a slice; the threads continue with the new choices.
            if end != SliceEnd::Limit || !self.reseed_within_slice() {
                break end;
            }
        };
        self.mtas().end_slice(host, end);
    }

    /// Schedules an event. One that concerns no host is scheduled at host 0, since the key of an
    /// event names a host.
    fn schedule(&mut self, host: HostId, at: Instant, event: Event) {
        self.internet.schedule(at, event.class(), host, event);
    }

    /// Begins the healing phase: faults end, links are perfect, and liveness is checked.
    fn heal(&mut self) {
        self.write(Record::Healed);
        for fault in 0..self.faults.len() {
            self.faults[fault].is_over = true;
            self.end_fault(fault as u32);
        }
        let count = self.scenario.hosts.len() as u32;
        // Packets in flight keep their verdict: it was decided when they were sent.
        let healed = Network::new(self.choices, count, &lowering::healed(&self.links))
            .expect("a network without loss is valid if the one with loss was");
        self.faulty = Some(self.internet.replace_network(healed));
        self.mtas.on_healing();
        // Every host must make progress, so machines that a crash left down are switched on.
        for host in (0..count).map(HostId) {
            if !self.internet.is_up(host) {
                self.schedule(host, self.now, Event::HostStarts { host });
            }
        }
    }

    fn write(&mut self, record: Record) {
        self.recorder.write(self.now, record);
    }

    /// Simulation events handled.
    pub(crate) fn events(&self) -> u64 {
        self.events
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
