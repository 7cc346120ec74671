//! The world: hosts, the network between them, and what will happen.
//!
//! Owns virtual time. Only the world schedules: models say what is due, and the world comes back
//! to them. It refuses to judge; what it sees goes to the ledger.
//!
//! - `traffic`: packets from host to host.
//! - `services`: threads' turns, starts and ends of the MTA.
//! - `faults`: what the scenario lets go wrong.

mod faults;
mod services;
mod traffic;

use std::rc::Rc;

use kernel::{Choices, Duration, EventKey, EventQueue, Instant, Journal, Keep};
use mta::Build;
use net::{HostId, LinkConfig, Network, Packet};

use crate::assembly::{self, AssemblyError};
use crate::event::Event;
use crate::host::{Host, Planned, uptime};
use crate::ledger::Ledger;
use crate::outcome::Stop;
use crate::plan::Scenario;
use crate::record::Record;
use crate::touch::Touch;
use crate::workload::Source;

use faults::Fault;

/// What a packet carries.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Tcp(tcp::Segment),
    Icmp(net::icmp::Message),
}

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
    pub(crate) hosts: Vec<Host>,
    pub(crate) ledger: Ledger,
    pub(crate) journal: Journal<Record>,
    pub(crate) now: Instant,
    builds: Vec<Rc<dyn Build>>,
    choices: Choices,
    network: Network,
    links: Vec<LinkConfig>,
    /// The network of the time before healing, whose counts are kept.
    ailing: Option<Network>,
    queue: EventQueue<Event>,
    /// Packets in flight; a free place holds none.
    flights: Vec<Option<Packet<Payload>>>,
    landed: Vec<usize>,
    sources: Vec<Source>,
    /// When the last message of each source came.
    last_arrival: Vec<Option<Instant>>,
    faults: Vec<Fault>,
    /// The cuts in force: which fault, which link, how.
    cuts: Vec<(u32, net::LinkId, net::Cut)>,
    keep: bool,
    events: u64,
    /// Calls made by services that have ended.
    ended_steps: u64,
    /// What was kept of their accesses.
    ended_touches: Vec<Touch>,
}

impl<'a> World<'a> {
    /// The world of a scenario before anything happens. `builds` are the hosts' decisions in the
    /// order of their names.
    pub(crate) fn new(
        scenario: &'a Scenario,
        seed: u64,
        builds: Vec<Rc<dyn Build>>,
        options: Options,
    ) -> Result<Self, AssemblyError> {
        let choices = Choices::new(seed);
        let links = assembly::links(scenario)?;
        let count = u32::try_from(scenario.hosts.len()).expect("the format limits hosts");
        let network = Network::new(choices, count, &links)
            .map_err(|error| AssemblyError(error.to_string()))?;
        let addresses = assembly::addresses(scenario);
        let numbers = (0..).map(HostId);
        let hosts = scenario.hosts.iter().zip(addresses).zip(numbers);
        let hosts: Vec<Host> = hosts
            .map(|(((name, plan), address), id)| Host {
                id,
                name: name.clone(),
                address,
                sockets: winsock::SocketTable::new(assembly::sockets(plan, address)),
                service: None,
                up: true,
                starts: 0,
                sequence: 0,
                tcp_timer: Planned::default(),
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
            ledger: Ledger::new(scenario, &hosts, &builds),
            journal: Journal::new(keep),
            hosts,
            now: Instant::ZERO,
            builds,
            choices,
            network,
            links,
            ailing: None,
            queue: EventQueue::new(),
            flights: Vec::new(),
            landed: Vec::new(),
            sources: Vec::new(),
            last_arrival: Vec::new(),
            faults: Vec::new(),
            cuts: Vec::new(),
            keep: options.keep_records,
            events: 0,
            ended_steps: 0,
            ended_touches: Vec::new(),
        };
        world.open();
        Ok(world)
    }

    /// Schedules what the scenario says will happen.
    fn open(&mut self) {
        self.faults = faults::lower(self.scenario);
        self.update_routes();
        for host in (0..self.hosts.len()).map(|index| HostId(index as u32)) {
            self.schedule(host, Instant::ZERO, Event::ServiceStarts { host });
        }
        let sources = self.scenario.workloads.iter().zip(0_u32..);
        for ((name, plan), place) in sources {
            let connector = &self.scenario.connectors[&plan.connector];
            let own = assembly::connectors_of(self.scenario, &connector.from);
            let number = own.iter().position(|(name, _)| *name == plan.connector);
            let number = u32::try_from(number.expect("it starts there")).expect("a small number");
            let duration = self.scenario.duration;
            let source = Source::new(name, plan.clone(), (place, number), duration, self.choices);
            self.sources.push(source);
            self.last_arrival.push(None);
            self.schedule_submission(place, 0);
        }
        for fault in 0..self.faults.len() {
            self.schedule_strike(fault, 0);
        }
        if self.scenario.healing.is_some() {
            let at = Instant::ZERO + self.scenario.duration;
            self.schedule(HostId(0), at, Event::Heal);
        }
    }

    /// Runs until the end, or a limit.
    pub(crate) fn run(&mut self) -> Stop {
        let duration = self.scenario.duration + self.scenario.healing.unwrap_or_default();
        let end = Instant::ZERO + duration;
        loop {
            match self.queue.next_time() {
                None => return Stop::Quiet,
                Some(at) if at > end => {
                    self.now = end;
                    return Stop::Duration;
                }
                Some(_) => {}
            }
            if self.events >= self.scenario.limits.events {
                return Stop::Events;
            }
            if self.ledger.is_full() {
                return Stop::Violations;
            }
            let (key, event) = self.queue.pop().expect("there is a next event");
            self.now = key.at;
            self.events += 1;
            if !self.is_outdated(event) {
                self.write(Record::Event(key));
                self.handle(event);
            }
        }
    }

    /// Whether an event belongs to a plan that has been changed since.
    fn is_outdated(&self, event: Event) -> bool {
        match event {
            Event::TcpTimer { host, generation } => {
                self.hosts[host.0 as usize].tcp_timer.generation != generation
            }
            Event::Turn { host, generation } => {
                self.hosts[host.0 as usize].turn.generation != generation
            }
            Event::FaultStrikes { .. }
            | Event::FaultCeases { .. }
            | Event::Heal
            | Event::Arrival { .. }
            | Event::WaitEnds { .. }
            | Event::Submission { .. }
            | Event::HostStarts { .. }
            | Event::ServiceStarts { .. } => false,
        }
    }

    fn handle(&mut self, event: Event) {
        tracing::trace!(at = %self.now, ?event, "event");
        match event {
            Event::FaultStrikes { fault, occurrence } => self.strike(fault, occurrence),
            Event::FaultCeases { fault } => self.cease(fault),
            Event::Heal => self.heal(),
            Event::Arrival { at, flight } => self.arrive(at, flight),
            Event::TcpTimer { host, .. } => {
                let now = uptime(self.now);
                let host = &mut self.hosts[host.0 as usize];
                host.tcp_timer.at = None;
                host.sockets.on_timeout(now);
                let id = host.id;
                self.settle(id);
            }
            Event::WaitEnds {
                host,
                thread,
                generation,
            } => {
                self.end_wait(host, thread, generation);
            }
            Event::Submission { workload, ordinal } => self.submit(workload, ordinal),
            Event::HostStarts { host } => {
                self.hosts[host.0 as usize].up = true;
                self.start_service(host);
            }
            Event::ServiceStarts { host } => self.start_service(host),
            Event::Turn { host, .. } => self.take_turns(host),
        }
    }

    /// A message comes from above, and the one after it is scheduled. An MTA that takes no more
    /// is asked again later, and all that follow wait.
    fn submit(&mut self, workload: u32, ordinal: u64) {
        let source = &self.sources[workload as usize];
        if let Some(submission) = source.message(ordinal) {
            let name = self.scenario.workloads.values().nth(workload as usize);
            let connector = &name.expect("it was lowered from there").connector;
            let from = &self.scenario.connectors[connector].from;
            let host = self.hosts.iter().position(|host| host.name == *from);
            let host = HostId(host.expect("a connector starts at a host") as u32);
            if !self.hand_over(host, submission) {
                let again = self.now + Duration::from_secs(1);
                return self.schedule(HostId(0), again, Event::Submission { workload, ordinal });
            }
            self.ledger.on_submission(host, submission);
        }
        self.last_arrival[workload as usize] = Some(self.now);
        self.schedule_submission(workload, ordinal + 1);
    }

    fn schedule_submission(&mut self, workload: u32, ordinal: u64) {
        let source = &self.sources[workload as usize];
        let before = self.last_arrival[workload as usize];
        if let Some(at) = source.arrival(ordinal, before) {
            let at = at.max(self.now);
            self.schedule(HostId(0), at, Event::Submission { workload, ordinal });
        }
    }

    /// Schedules an event. Its key is unique: hosts number their events.
    fn schedule(&mut self, host: HostId, at: Instant, event: Event) {
        let sequence = self.hosts[host.0 as usize].next_sequence();
        let key = EventKey {
            at,
            class: event.class(),
            host: host.0,
            sequence,
        };
        self.queue.push(key, event);
    }

    /// After anything was done to a host: sends what is to be sent, wakes who is to be woken,
    /// and plans when to come back.
    fn settle(&mut self, host: HostId) {
        let now = self.now;
        while let Some(outgoing) = self.hosts[host.0 as usize]
            .sockets
            .poll_transmit(uptime(now))
        {
            self.send_segment(host, outgoing);
        }
        let it = &mut self.hosts[host.0 as usize];
        it.deliver_signals(now);
        let due = it
            .sockets
            .poll_timeout()
            .map(|at| Instant::from_nanos(at.nanos()).max(now));
        if let Some(due) = due
            && it.tcp_timer.at.is_none_or(|planned| due < planned)
        {
            it.tcp_timer.at = Some(due);
            it.tcp_timer.generation = it.tcp_timer.generation.wrapping_add(1);
            let generation = it.tcp_timer.generation;
            self.schedule(host, due, Event::TcpTimer { host, generation });
        }
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
        self.ailing = Some(std::mem::replace(&mut self.network, healed));
        self.update_routes();
        self.ledger.on_healing();
        // Progress is owed by everybody: a machine that would stay down is switched on, too.
        for host in (0..count).map(HostId) {
            if !self.hosts[host.0 as usize].up {
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
    pub(crate) fn take_touches(&mut self) -> Vec<Touch> {
        let mut touches = std::mem::take(&mut self.ended_touches);
        for host in &self.hosts {
            touches.extend(host.touches());
        }
        touches.sort_by_key(|touch| touch.at);
        touches
    }

    /// What the links did, both ways and before and after healing together.
    pub(crate) fn link_counts(&self) -> Vec<crate::outcome::LinkCounts> {
        let networks = || self.ailing.iter().chain([&self.network]);
        (0..self.links.len())
            .map(|link| {
                let mut counts = crate::outcome::LinkCounts::default();
                for network in networks() {
                    for way in net::Way::BOTH {
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
