//! The world: hosts, the network between them, and what will happen.
//!
//! Owns virtual time. Only the world schedules: models say what is due, and the world comes back
//! to them. It refuses to judge; what it sees goes to the ledger.
//!
//! - `scribe`: what becomes of packets, written down.
//! - `services`: threads' turns, starts and ends of the MTA.
//! - `inflow`: messages from above.
//! - `faults`: what the scenario lets go wrong.
//! - `luck`: the seed that chance follows, and when it changes.

mod faults;
mod inflow;
mod luck;
mod scribe;
mod services;

use std::rc::Rc;

use internet::{Event as Due, Internet};
use kernel::{Choices, Instant, Journal, Keep, mix};
use machine::Printed;
use mta::Build;
use net::{HostId, LinkConfig, Network};

use crate::assembly::{self, AssemblyError};
use crate::event::Event;
use crate::footprint::Footprint;
use crate::host::{Host, Planned};
use crate::ledger::Ledger;
use crate::outcome::Stop;
use crate::record::Record;
use crate::roster::Roster;
use crate::scheduling::Scheduling;
use crate::watch::{Observer, Watch};
use config::plan::Scenario;

use faults::Fault;
use inflow::Inflow;
use scribe::Scribe;

/// What a run is asked to do besides running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Keep every record, for logs and reports; a run without is the same, and faster.
    pub keep_records: bool,
}

/// Everything there is in one run.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub(crate) scenario: &'a Scenario,
    roster: Roster<'a>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) ledger: Ledger,
    pub(crate) journal: Journal<Record>,
    pub(crate) now: Instant,
    pub(crate) internet: Internet<Event>,
    builds: Vec<Rc<dyn Build>>,
    scheduling: Scheduling,
    choices: Choices,
    links: Vec<LinkConfig>,
    /// The network of the time before healing, whose counts are kept.
    ailing: Option<Network>,
    inflows: Vec<Inflow>,
    faults: Vec<Fault>,
    /// The cuts in force: which fault, which link, how.
    cuts: Vec<(u32, net::LinkId, net::LinkState)>,
    keep: bool,
    pub(crate) observer: Observer,
    events: u64,
    /// Messages that came from above.
    messages: u64,
    /// Calls made by services that have ended.
    ended_steps: u64,
    /// What was kept of their accesses.
    ended_footprints: Vec<Footprint>,
    /// Why the run goes no further, before its time.
    cut_short: Option<Stop>,
    /// What control blocks of services that have ended met.
    ended_coverage: mta::Coverage,
    /// How many of the scenario's changes of luck have come.
    lucks_seen: usize,
}

impl<'a> World<'a> {
    /// The world of a scenario before anything happens. `builds` are the hosts' decisions in the
    /// order of their names.
    pub(crate) fn new(
        scenario: &'a Scenario,
        seed: u64,
        builds: Vec<Rc<dyn Build>>,
        options: Options,
        scheduling: Scheduling,
    ) -> Result<Self, AssemblyError> {
        let choices = Choices::new(seed);
        let links = assembly::links(scenario)?;
        let roster = Roster::new(scenario);
        let plans = (0..).map(HostId).zip(scenario.hosts.values());
        let sockets = plans.map(|(host, plan)| assembly::sockets(plan, roster.address(host)));
        let internet = Internet::new(choices, sockets.collect(), &links)
            .map_err(|error| AssemblyError(error.to_string()))?;
        let hosts = (0..).map(HostId).zip(scenario.hosts.keys());
        let hosts: Vec<Host> = hosts
            .map(|(id, name)| Host {
                id,
                name: name.clone(),
                address: roster.address(id),
                service: None,
                starts: 0,
                turn: Planned::default(),
                waits: 0,
            })
            .collect();
        let keep = match (
            options.keep_records,
            usize::try_from(scenario.limits.records),
        ) {
            (false, _) => Keep::Nothing,
            (true, records) => Keep::First(records.unwrap_or(usize::MAX)),
        };
        let mut world = Self {
            scenario,
            ledger: Ledger::new(scenario, &roster, &hosts, &builds),
            roster,
            journal: Journal::new(keep),
            hosts,
            now: Instant::ZERO,
            internet,
            builds,
            scheduling,
            choices,
            links,
            ailing: None,
            inflows: Vec::new(),
            faults: Vec::new(),
            cuts: Vec::new(),
            keep: options.keep_records,
            observer: Observer::default(),
            events: 0,
            messages: 0,
            ended_steps: 0,
            ended_footprints: Vec::new(),
            cut_short: None,
            ended_coverage: mta::Coverage::default(),
            lucks_seen: 0,
        };
        world.open();
        Ok(world)
    }

    /// Schedules what the scenario says will happen.
    fn open(&mut self) {
        self.faults = faults::lower(self.scenario);
        for host in (0..self.hosts.len()).map(|index| HostId(index as u32)) {
            self.schedule(host, Instant::ZERO, Event::ServiceStarts { host });
        }
        self.inflows = inflow::lower(self.scenario, &self.roster, self.choices);
        for workload in 0..self.inflows.len() {
            self.await_message(workload);
        }
        for fault in 0..self.faults.len() {
            self.await_strike(fault, self.now);
        }
        if self.scenario.healing.is_some() {
            let at = Instant::ZERO + self.scenario.duration;
            self.schedule(HostId(0), at, Event::Heal);
        }
    }

    /// From here on, what is asked for is seen. The world must not have begun to run.
    pub(crate) fn watch(&mut self, watch: Watch) {
        assert_eq!(self.events, 0, "a world is watched from its start");
        let records = self.scenario.limits.records;
        self.observer = Observer::new(watch, usize::try_from(records).unwrap_or(usize::MAX));
    }

    /// Runs until the end, or a limit.
    pub(crate) fn run(&mut self) -> Stop {
        let end = self.end();
        loop {
            let next = self.internet.next_time();
            if self.renew_luck_by(next.unwrap_or(end).min(end)) {
                continue;
            }
            match next {
                // Time passes all the same.
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
            if self.events >= self.scenario.limits.events {
                return Stop::Events;
            }
            if let Some(stop) = self.cut_short {
                return stop;
            }
            if self.ledger.is_full() {
                return Stop::Violations;
            }
            if let Scheduling::Explored(explorer, _) = &self.scheduling {
                let next = self.internet.next_time();
                if next > Some(self.now) {
                    let from = Instant::ZERO + self.scenario.explore_from;
                    if self.now < from && next >= Some(from) {
                        explorer.begin_here();
                    }
                    explorer.arrive(self.fingerprint());
                }
                if explorer.is_redundant() {
                    return Stop::Repeats;
                }
            }
            let (key, event) = self.internet.pop_event().expect("there is a next event");
            let is_message = matches!(event, Due::User(Event::Submission { .. }));
            if is_message && self.messages >= self.scenario.limits.messages {
                return Stop::Messages;
            }
            self.now = key.at;
            self.events += 1;
            if !self.is_outdated(event) {
                self.write(Record::Event(key));
                self.handle(event);
            }
        }
    }

    /// When the run ends, if nothing ends it before.
    fn end(&self) -> Instant {
        let healing = self.scenario.healing.unwrap_or_default();
        Instant::ZERO + self.scenario.duration + healing
    }

    /// A hash of everything that what follows depends on.
    fn fingerprint(&self) -> u64 {
        let rest = (&self.internet, &self.ledger, &self.inflows, &self.faults);
        let whole = mix(self.now.nanos(), Printed::of(&rest));
        self.hosts.iter().map(Host::fingerprint).fold(whole, mix)
    }

    /// Whether an event belongs to a plan that has been changed since.
    fn is_outdated(&self, event: Due<Event>) -> bool {
        match event {
            Due::Network(event) => self.internet.is_stale(event),
            Due::User(Event::Turn { host, generation }) => {
                self.hosts[host.0 as usize].turn.generation != generation
            }
            Due::User(
                Event::FaultStrikes { fault, generation }
                | Event::FaultCeases { fault, generation },
            ) => self.faults[fault as usize].generation != generation,
            Due::User(Event::Submission {
                workload,
                generation,
            }) => self.inflows[workload as usize].generation != generation,
            Due::User(
                Event::Heal
                | Event::WaitEnds { .. }
                | Event::HostStarts { .. }
                | Event::ServiceStarts { .. },
            ) => false,
        }
    }

    fn handle(&mut self, event: Due<Event>) {
        tracing::trace!(at = %self.now, ?event, "event");
        let event = match event {
            Due::User(event) => event,
            Due::Network(event) => {
                let scribe = &mut Scribe(&mut self.journal, &mut self.observer);
                let host = self.internet.handle_event(self.now, event, scribe);
                return self.wake(host);
            }
        };
        match event {
            Event::FaultStrikes { fault, .. } => self.strike(fault),
            Event::FaultCeases { fault, .. } => self.cease(fault),
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
            Event::Turn { host, .. } => self.take_turns(host),
        }
    }

    fn schedule(&mut self, host: HostId, at: Instant, event: Event) {
        self.internet.schedule(at, event.class(), host, event);
    }

    /// After anything was done to a host: sends what is to be sent, wakes who is to be woken,
    /// and plans when to come back.
    fn settle(&mut self, host: HostId) {
        let scribe = &mut Scribe(&mut self.journal, &mut self.observer);
        self.internet.flush(self.now, host, scribe);
        self.wake(host);
    }

    /// After the network had to do with a host: wakes who is to be woken.
    fn wake(&mut self, host: HostId) {
        let sockets = self.internet.sockets_mut(host);
        self.hosts[host.0 as usize].deliver_signals(self.now, sockets);
        self.plan_turn(host);
    }

    /// From here on nothing goes wrong any more, and progress is owed.
    fn heal(&mut self) {
        self.write(Record::Healed);
        for fault in 0..self.faults.len() {
            self.faults[fault].is_over = true;
            self.cease(fault as u32);
        }
        let count = self.hosts.len() as u32;
        let healed = Network::new(self.choices, count, &assembly::healed(&self.links))
            .expect("a network without loss is simpler than the one there was");
        self.ailing = Some(self.internet.replace_network(healed));
        self.ledger.on_healing();
        // Progress is owed by everybody: a machine that would stay down is switched on, too.
        for host in (0..count).map(HostId) {
            if !self.internet.is_up(host) {
                self.schedule(host, self.now, Event::HostStarts { host });
            }
        }
    }

    pub(crate) fn write(&mut self, record: Record) {
        self.write_at(self.now, record);
    }

    fn write_at(&mut self, at: Instant, record: Record) {
        self.journal.write(at, record);
    }

    /// How many simulation events there were.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// How many calls the threads of all services made, those of ended ones included.
    pub(crate) fn steps(&self) -> u64 {
        let running = self.hosts.iter().filter_map(|host| host.service.as_ref());
        self.ended_steps + running.map(|service| service.machine.steps()).sum::<u64>()
    }

    /// The accesses that were kept of all services, in order of time.
    pub(crate) fn take_footprints(&mut self) -> Vec<Footprint> {
        let mut footprints = std::mem::take(&mut self.ended_footprints);
        for host in &self.hosts {
            footprints.extend(host.footprints());
        }
        footprints.sort_by_key(|footprint| footprint.at);
        footprints
    }

    /// What control blocks of all services met, those of ended ones included.
    pub(crate) fn coverage(&self) -> mta::Coverage {
        let mut coverage = self.ended_coverage.clone();
        let running = self.hosts.iter().filter_map(|host| host.service.as_ref());
        running.for_each(|service| coverage.add(&service.process.coverage()));
        coverage
    }

    /// What the links did, both ways and before and after healing together.
    pub(crate) fn link_counts(&self) -> Vec<crate::outcome::LinkCounts> {
        let networks = || self.ailing.iter().chain([self.internet.network()]);
        (0..self.links.len())
            .map(|link| {
                let mut counts = crate::outcome::LinkCounts::default();
                for network in networks() {
                    for way in net::Direction::BOTH {
                        let statistics = network.statistics(net::LinkId(link as u32), way);
                        counts.offered += statistics.offered;
                        counts.lost += statistics.dropped_total();
                    }
                }
                counts
            })
            .collect()
    }

    /// How often each fault struck, by name.
    pub(crate) fn fault_counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.scenario
            .faults
            .keys()
            .map(String::as_str)
            .zip(self.faults.iter().map(|it| it.struck))
    }
}
