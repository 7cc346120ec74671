//! The faults of the scenario, healing, and the start of hosts.

use std::collections::BTreeMap;

use config::plan::{Fault, FaultKind, ResetScope, Scenario, When};
use kernel::{Choices, Duration, Instant};
use net::{HostId, LinkId, LinkState};
use simulation::fault_times::FaultTimes;
use simulation::lowering;
use simulation::outcome::Stop;
use simulation::record::{Record, Stage};

use super::World;
use crate::scheduled_event::ScheduledEvent;
use crate::sockets::socket_config;

/// The answer to a lookup.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) takes: std::time::Duration,
    pub(crate) addresses: Result<Vec<u32>, Unresolved>,
}

/// Why a name has no addresses.
#[derive(Debug)]
pub(crate) enum Unresolved {
    /// A fault makes the lookup fail.
    Fails,
    /// There is no such name; these are the hosts.
    Unknown(String),
}

/// One fault of the scenario.
#[derive(Debug)]
struct FaultState {
    times: FaultTimes,
    /// How often it has begun.
    begun: u64,
    is_active: bool,
    until: Instant,
    occurrence: u32,
}

/// The faults of a scenario, in the order of their names.
#[derive(Debug)]
pub(crate) struct FaultStates {
    faults: Vec<FaultState>,
    /// The cuts in force, in the order in which they began.
    cuts: Vec<ActiveCut>,
    /// Whether the network has healed: no fault begins any more.
    is_over: bool,
}

#[derive(Debug)]
struct ActiveCut {
    fault: usize,
    link: LinkId,
    state: LinkState,
}

impl FaultStates {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let state = |(name, fault): (&String, &Fault)| FaultState {
            times: FaultTimes::new(name, fault),
            begun: 0,
            is_active: false,
            until: Instant::MAX,
            occurrence: 0,
        };
        Self {
            faults: scenario.faults.iter().map(state).collect(),
            cuts: Vec::new(),
            is_over: false,
        }
    }

    /// How often each began, by name.
    pub(crate) fn counts(&self, scenario: &Scenario) -> BTreeMap<String, u64> {
        let names = scenario.faults.keys().cloned();
        names.zip(self.faults.iter().map(|it| it.begun)).collect()
    }
}

impl World {
    /// Schedules what is known at the start of a run.
    pub(crate) fn schedule_start(&mut self) {
        let end = Instant::ZERO.saturating_add(self.scenario.duration);
        match self.scenario.healing {
            Some(healing) => {
                self.schedule(end, ScheduledEvent::Heal);
                self.schedule(end.saturating_add(healing), ScheduledEvent::End);
            }
            None => self.schedule(end, ScheduledEvent::End),
        }
        for (index, reseed) in self.scenario.pins.reseeds.clone().iter().enumerate() {
            self.schedule(reseed.from, ScheduledEvent::Reseed(index));
        }
        self.with_mtas(|run| run.schedule_start());
        for fault in 0..self.faults.faults.len() {
            self.schedule_begin(fault, Instant::ZERO);
        }
    }

    fn schedule(&mut self, at: Instant, due: ScheduledEvent) {
        let internet = self.sockets.internet_mut();
        internet.schedule(at, due.class(), due.host(), due);
    }

    /// Something is due.
    pub(crate) fn on_due(&mut self, due: ScheduledEvent) {
        match due {
            ScheduledEvent::Begins { fault, occurrence } if self.is_latest(fault, occurrence) => {
                self.begin(fault);
            }
            ScheduledEvent::Ends { fault, occurrence } if self.is_latest(fault, occurrence) => {
                self.cease(fault);
            }
            ScheduledEvent::Begins { .. } | ScheduledEvent::Ends { .. } => {}
            ScheduledEvent::Reseed(index) => self.reseed(index),
            ScheduledEvent::Heal => self.heal(),
            ScheduledEvent::Starts(host) => {
                self.sockets.internet_mut().switch_on(host);
                if self.is_mta(host) {
                    self.with_mtas(|run| run.start_service(host));
                } else {
                    self.to_start.push(host);
                }
            }
            ScheduledEvent::Resumes(host) => {
                let now = self.now();
                let tasks = self.hosts.resume(host, now);
                tasks.into_iter().for_each(|task| task.wake());
            }
            ScheduledEvent::Mta(event) => self.on_mta(event),
            ScheduledEvent::End => self.end(Stop::Duration),
        }
    }

    fn is_latest(&self, fault: usize, occurrence: u32) -> bool {
        self.faults.faults[fault].occurrence == occurrence
    }

    /// Schedules the next beginning of a fault. `since` is when the random wait for it began.
    fn schedule_begin(&mut self, fault: usize, since: Instant) {
        let it = &self.faults.faults[fault];
        let occurrence = it.occurrence;
        if let Some(at) = it.times.begins(self.choices, it.begun, since) {
            let at = at.max(self.now());
            self.schedule(at, ScheduledEvent::Begins { fault, occurrence });
        }
    }

    fn begin(&mut self, fault: usize) {
        if self.faults.is_over {
            return;
        }
        let now = self.now();
        let it = &mut self.faults.faults[fault];
        // Before `begun` is counted up: it keys the draw of this occurrence's length.
        let until = it.times.ends(self.choices, it.begun, now);
        it.begun += 1;
        // An occurrence while the fault is active prolongs it: the scheduled end is then outdated.
        it.occurrence += 1;
        it.until = until;
        it.is_active = it.times.kind.lasts();
        let (kind, occurrence) = (it.times.kind.clone(), it.occurrence);
        let is_listed = matches!(it.times.when, When::At(_));
        self.recorder
            .write(now, Record::Fault(fault as u32, Stage::Starts));
        self.apply(fault, &kind, until);
        if until < Instant::MAX {
            self.schedule(until, ScheduledEvent::Ends { fault, occurrence });
        }
        // The next wait for a random fault that lasts begins when it ends.
        if until == Instant::MAX || is_listed {
            self.schedule_begin(fault, now);
        }
    }

    fn apply(&mut self, fault: usize, kind: &FaultKind, until: Instant) {
        match kind {
            FaultKind::Cut {
                link, silent, from, ..
            } => {
                let state = lowering::cut(&self.scenario, link, *silent, from.as_deref());
                let link = self.link(link);
                self.faults.cuts.retain(|it| it.fault != fault);
                self.faults.cuts.push(ActiveCut { fault, link, state });
                self.apply_cuts(link);
            }
            FaultKind::Reset(ResetScope::Host(host)) => self.reset(self.host(host), None),
            FaultKind::Reset(ResetScope::Link(link)) => {
                let [one, other] = self.scenario.links[link].between.clone();
                let [one, other] = [self.host(&one), self.host(&other)];
                let link = self.link(link);
                // Both ends see a RST, as if a device on the link had sent it.
                for ends in [[one, other], [other, one]] {
                    let pairs = self.sockets.internet().address_pairs(link, ends);
                    self.reset(ends[0], Some(&pairs));
                }
            }
            FaultKind::Crash { host, .. } => self.crash(self.host(host)),
            FaultKind::RestartService { host } => {
                let host = self.host(host);
                if self.is_mta(host) {
                    self.with_mtas(|run| run.restart_service(host));
                } else if self.sockets.internet_mut().is_up(host) {
                    self.stop_program(host, "the program is stopped");
                    let now = self.now();
                    self.sockets.end_process(now, host);
                    self.schedule(now, ScheduledEvent::Starts(host));
                }
            }
            FaultKind::Stall { host, thread, .. } => {
                let host = self.host(host);
                // A stall that would outlast the faults ends with them.
                let end = Instant::ZERO.saturating_add(self.scenario.duration);
                let until = match self.scenario.healing {
                    Some(_) => until.min(end),
                    None => until,
                };
                if let Some(thread) = *thread {
                    return self.with_mtas(|run| run.stall(host, thread, until));
                }
                self.hosts.stall(host, until);
                if until < Instant::MAX {
                    self.schedule(until, ScheduledEvent::Resumes(host));
                }
            }
            FaultKind::ClockOffset { host, offset } => {
                self.set_clock(self.host(host), offset.nanos)
            }
            // What is looked up meanwhile asks which of these faults are active.
            FaultKind::Lookup { .. } => {}
        }
    }

    /// Ends a fault, if it is active.
    fn cease(&mut self, fault: usize) {
        let it = &mut self.faults.faults[fault];
        if !std::mem::take(&mut it.is_active) {
            return;
        }
        let kind = it.times.kind.clone();
        let is_random = matches!(it.times.when, When::Random { .. });
        match &kind {
            FaultKind::Cut { link, .. } => {
                let link = self.link(link);
                self.faults.cuts.retain(|it| it.fault != fault);
                self.apply_cuts(link);
            }
            FaultKind::ClockOffset { host, .. } => {
                // Back to the offset of the file, which need not be zero.
                let usual = self.scenario.hosts[host].clock_offset;
                self.set_clock(self.host(host), usual.nanos);
            }
            FaultKind::Crash { host, .. } => self.restart(host),
            FaultKind::Stall { .. }
            | FaultKind::Reset(_)
            | FaultKind::RestartService { .. }
            | FaultKind::Lookup { .. } => {}
        }
        let now = self.now();
        self.recorder
            .write(now, Record::Fault(fault as u32, Stage::Ends));
        // The wait for the next occurrence is drawn from the end of this one: occurrences never overlap.
        if is_random && !self.faults.is_over {
            self.schedule_begin(fault, now);
        }
    }

    /// Random choices come from another seed from now on. Exponential waits have no memory, so that
    /// they can be drawn again. A generator that a guest has made keeps its numbers.
    fn reseed(&mut self, index: usize) {
        let now = self.now();
        self.choices = Choices::new(self.scenario.pins.reseeds[index].seed);
        let choices = self.choices;
        self.sockets.internet_mut().reseed(now, choices);
        self.with_mtas(|run| run.reseed(now, choices));
        for fault in 0..self.faults.faults.len() {
            let it = &mut self.faults.faults[fault];
            let is_random = matches!(it.times.when, When::Random { .. });
            if is_random && !it.is_active && !self.faults.is_over {
                it.occurrence += 1;
                self.schedule_begin(fault, now);
            }
        }
    }

    /// All faults end, and the network is perfect from now on.
    fn heal(&mut self) {
        self.faults.is_over = true;
        for fault in 0..self.faults.faults.len() {
            self.cease(fault);
        }
        if let Some(healed) = self.healed.take() {
            // The network from before is kept for its packet counts.
            let faulty = self.sockets.internet_mut().replace_network(healed);
            self.faulty = Some(faulty);
        }
        if let Some(mtas) = &mut self.mtas {
            mtas.on_healing();
        }
        let now = self.now();
        self.healed_at = Some(now);
        self.recorder.write(now, Record::Healed);
    }

    /// What the resolver of a host answers about a name.
    pub(crate) fn look_up(&self, host: HostId, name: &str) -> Looked {
        let own = &self.hosts.of(host).name;
        let mut takes = Duration::ZERO;
        let mut fails = false;
        for it in self.faults.faults.iter().filter(|it| it.is_active) {
            if let FaultKind::Lookup {
                name: wanted,
                on,
                fails: is_lost,
                takes: length,
                ..
            } = &it.times.kind
                && wanted == name
                && on.as_ref().is_none_or(|on| on == own)
            {
                // Several faults may name one host: a lookup fails if one of them says so, and
                // takes as long as the slowest.
                fails |= is_lost;
                takes = takes.max(*length);
            }
        }
        Looked {
            takes: std::time::Duration::from_nanos(takes.nanos()),
            addresses: match fails {
                true => Err(Unresolved::Fails),
                false => self.addresses_of(name),
            },
        }
    }

    /// The addresses of the host with this name, or of all with this alias.
    fn addresses_of(&self, name: &str) -> Result<Vec<u32>, Unresolved> {
        if let Some(host) = self.hosts.named(name) {
            return Ok(self.sockets.addresses(host).to_vec());
        }
        let hosts = self.hosts.ids().zip(self.scenario.hosts.values());
        let with_alias = hosts.filter(|(_, host)| host.has_alias(name));
        let found = with_alias.flat_map(|(id, _)| self.sockets.addresses(id));
        let found: Vec<u32> = found.copied().collect();
        match found.is_empty() {
            true => Err(Unresolved::Unknown(self.hosts.names().join(", "))),
            false => Ok(found),
        }
    }

    fn apply_cuts(&mut self, link: LinkId) {
        let latest = self.faults.cuts.iter().rfind(|it| it.link == link);
        let state = latest.map_or(LinkState::Up, |it| it.state);
        self.sockets.internet_mut().set_link_state(link, state);
    }

    fn reset(&mut self, host: HostId, between: Option<&[[u32; 2]]>) {
        if self.is_mta(host) {
            return self.with_mtas(|run| run.reset(host, between));
        }
        let now = self.now();
        self.sockets.reset(now, host, between, &mut self.recorder);
    }

    /// A power failure: the program's tasks and the sockets are gone, and no peer is notified.
    fn crash(&mut self, host: HostId) {
        if !self.sockets.internet_mut().is_up(host) {
            return;
        }
        if self.is_mta(host) {
            return self.with_mtas(|run| run.crash(host));
        }
        let name = &self.hosts.of(host).name;
        let (plan, address) = (&self.scenario.hosts[name], self.sockets.address(host));
        // An empty table: segments of the connections before are answered with resets, as after a
        // power failure (RFC 9293 section 3.5.1).
        let config = socket_config(lowering::sockets(name, plan, address, self.choices));
        self.sockets.crash(host, config);
        self.stop_program(host, "the host crashes");
    }

    fn stop_program(&mut self, host: HostId, why: &str) {
        self.note(host, why.to_owned());
        let conditions = &mut self.observations.conditions;
        // They belong to the program: what its closures hold is gone with its tasks.
        conditions.retain(|it| it.host.host != host);
        let awaited = &mut self.observations.awaited;
        awaited.retain(|it| it.host.host != host);
        for task in self.hosts.stop(host) {
            task.abort();
        }
    }

    /// Switches a host on, unless another active crash keeps it down.
    fn restart(&mut self, name: &str) {
        let is_down = self.faults.faults.iter().any(|it| {
            let crash = matches!(&it.times.kind, FaultKind::Crash { host, .. } if host == name);
            it.is_active && crash
        });
        if !is_down {
            let (now, host) = (self.now(), self.host(name));
            self.schedule(now, ScheduledEvent::Starts(host));
        }
    }

    fn set_clock(&mut self, host: HostId, nanos: i64) {
        let now = self.now();
        self.recorder.write(now, Record::ClockSet(host, nanos));
    }

    fn host(&self, name: &str) -> HostId {
        self.hosts.named(name).expect("the format checks names")
    }

    fn link(&self, name: &str) -> LinkId {
        let index = self.scenario.links.keys().position(|link| link == name);
        LinkId(index.expect("the format checks names") as u32)
    }
}
