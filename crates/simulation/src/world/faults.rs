//! What the scenario lets go wrong.
//!
//! Owns when a fault strikes and ceases, and what the world then does to links, hosts, services
//! and threads. It refuses to touch the subject's memory.

use kernel::{Duration, Instant, Site, key};
use net::{HostId, LinkId, LinkState};

use crate::event::Event;
use crate::record::{Record, Stage};
use config::plan::{FaultKind, Keyword, ResetScope, Scenario, When};

use super::World;

const GAP: Site = Site::new("fault.gap");
const LENGTH: Site = Site::new("fault.length");
const MOMENT: Site = Site::new("fault.moment");

/// One fault of the scenario.
#[derive(Debug)]
pub(super) struct Fault {
    key: u64,
    kind: FaultKind,
    when: When,
    pub(super) struck: u64,
    /// Whether it lasts and has not ceased.
    in_force: bool,
    /// When it ceases by itself, once it has struck; [`Instant::MAX`] for not at all.
    until: Instant,
    pub(super) is_over: bool,
    /// A later plan makes an earlier one void.
    pub(super) generation: u32,
}

pub(super) fn lower(scenario: &Scenario) -> Vec<Fault> {
    let faults = scenario.faults.iter().map(|(name, fault)| Fault {
        key: key(name),
        kind: fault.kind.clone(),
        when: fault.when.clone(),
        struck: 0,
        in_force: false,
        until: Instant::MAX,
        is_over: false,
        generation: 0,
    });
    faults.collect()
}

impl World<'_> {
    /// Schedules the next strike of a fault, for which it has waited since `since`.
    pub(super) fn await_strike(&mut self, fault: usize, since: Instant) {
        let it = &self.faults[fault];
        let occurrence = it.struck;
        let at = match &it.when {
            When::At(times) => {
                let place = usize::try_from(occurrence).expect("a list is limited");
                times.get(place).copied()
            }
            When::Window { from, .. } if it.kind.lasts() => (occurrence == 0).then_some(*from),
            When::Window { from, to } => (occurrence == 0).then(|| {
                let mut draw = self.choices.rng(MOMENT, it.key, [0, 0]);
                let longest = Duration::from_nanos(to.nanos() - from.nanos() - 1);
                *from + draw.between(Duration::ZERO, longest)
            }),
            When::Random { mean_interval, .. } => {
                let mut draw = self.choices.rng(GAP, it.key, [occurrence, 0]);
                Some(since.saturating_add(draw.exponential(*mean_interval)))
            }
        };
        if let Some(at) = at {
            let event = Event::FaultStrikes {
                fault: fault as u32,
                generation: it.generation,
            };
            self.schedule(HostId(0), at.max(self.now), event);
        }
    }

    pub(super) fn strike(&mut self, fault: u32) {
        let it = &mut self.faults[fault as usize];
        if it.is_over {
            return;
        }
        it.struck += 1;
        // An end that was awaited no longer is: a strike while a fault lasts prolongs it.
        it.generation += 1;
        it.in_force = it.kind.lasts();
        let (kind, is_listed) = (it.kind.clone(), matches!(it.when, When::At(_)));
        let until = self.end_of(fault as usize, self.now);
        self.faults[fault as usize].until = until;
        self.write(Record::Fault(fault, Stage::Strikes));
        self.apply(fault, &kind, until);
        self.await_end(fault);
        if until == Instant::MAX || is_listed {
            self.await_strike(fault as usize, self.now);
        }
    }

    /// When a fault that lasts from `since` on ceases by itself; [`Instant::MAX`] for not at all.
    fn end_of(&self, fault: usize, since: Instant) -> Instant {
        let it = &self.faults[fault];
        let length = match &it.when {
            When::Window { to, .. } if it.kind.lasts() => return *to,
            When::Random {
                mean_duration: Some(mean),
                ..
            } => {
                let occurrence = it.struck - 1;
                let mut draw = self.choices.rng(LENGTH, it.key, [occurrence, 0]);
                Some(draw.exponential(*mean))
            }
            When::At(_) | When::Window { .. } | When::Random { .. } => it.kind.length(),
        };
        length.map_or(Instant::MAX, |length| since.saturating_add(length))
    }

    fn await_end(&mut self, fault: u32) {
        let it = &self.faults[fault as usize];
        let (until, generation) = (it.until, it.generation);
        if until < Instant::MAX {
            self.schedule(HostId(0), until, Event::FaultCeases { fault, generation });
        }
    }

    /// From `at` on luck is another: a fault that chance sends or ends is awaited anew. A stall
    /// has told its thread when to go on, and keeps to it.
    pub(super) fn renew_fault(&mut self, fault: usize, at: Instant) {
        let it = &mut self.faults[fault];
        let When::Random { mean_duration, .. } = it.when else {
            return;
        };
        if it.is_over {
            return;
        }
        it.generation += 1;
        if !it.in_force || it.until == Instant::MAX {
            return self.await_strike(fault, at);
        }
        let is_stall = matches!(it.kind, FaultKind::Stall { .. });
        if mean_duration.is_some() && !is_stall {
            self.faults[fault].until = self.end_of(fault, at);
        }
        self.await_end(fault as u32);
    }

    /// A fault that is in force ceases.
    pub(super) fn cease(&mut self, fault: u32) {
        let it = &mut self.faults[fault as usize];
        if !std::mem::take(&mut it.in_force) {
            return;
        }
        let (kind, is_random) = (it.kind.clone(), matches!(it.when, When::Random { .. }));
        match &kind {
            FaultKind::Cut { link, .. } => {
                let link = self.link_named(link);
                self.cuts.retain(|(cutter, ..)| *cutter != fault);
                self.apply_cuts(link);
            }
            FaultKind::ClockOffset { host, .. } => {
                let usual = self.scenario.hosts[host].clock_offset;
                let host = self.host_named(host);
                self.write(Record::ClockSet(host, usual.nanos));
            }
            FaultKind::Crash { host, .. } => self.switch_on(host),
            // The thread has its processor again by itself.
            FaultKind::Stall { .. } => {}
            FaultKind::Reset(_) | FaultKind::RestartService { .. } => {
                unreachable!("it was over when it had struck")
            }
        }
        self.write(Record::Fault(fault, Stage::Ceases));
        if is_random && !self.faults[fault as usize].is_over {
            self.await_strike(fault as usize, self.now);
        }
    }

    /// A machine starts again once none of the faults that hold it down is in force.
    fn switch_on(&mut self, name: &str) {
        let is_held = self.faults.iter().any(|it| {
            it.in_force && matches!(&it.kind, FaultKind::Crash { host, .. } if host == name)
        });
        if !is_held {
            let host = self.host_named(name);
            self.schedule(host, self.now, Event::HostStarts { host });
        }
    }

    /// What a fault does that is in force before `until`.
    fn apply(&mut self, fault: u32, kind: &FaultKind, until: Instant) {
        match kind {
            FaultKind::Cut { link, silent, .. } => {
                let cut = if *silent {
                    LinkState::BlackHole
                } else {
                    LinkState::Withdrawn
                };
                let link = self.link_named(link);
                self.cuts.retain(|(cutter, ..)| *cutter != fault);
                self.cuts.push((fault, link, cut));
                self.apply_cuts(link);
            }
            FaultKind::Reset(ResetScope::Host(host)) => {
                let host = self.host_named(host);
                self.reset(host, None);
            }
            FaultKind::Reset(ResetScope::Link(link)) => {
                let ends = self.links[self.link_named(link).0 as usize].ends;
                let [one, other] = ends.map(|end| self.hosts[end.0 as usize].address);
                self.reset(ends[0], Some(other));
                self.reset(ends[1], Some(one));
            }
            FaultKind::Crash { host, .. } => {
                let host = self.host_named(host);
                if self.internet.is_up(host) {
                    self.crash(host);
                }
            }
            FaultKind::RestartService { host } => {
                let host = self.host_named(host);
                if self.hosts[host.0 as usize].service.is_some() {
                    self.write(Record::ClosedDown(host));
                    self.ledger.on_closedown();
                    self.stop_service(host);
                }
                self.schedule(host, self.now, Event::ServiceStarts { host });
            }
            FaultKind::Stall { host, thread, .. } => {
                let host = self.host_named(host);
                // A stall that healing finds is over with it.
                let until = match self.scenario.healing {
                    Some(_) => until.min(Instant::ZERO + self.scenario.duration),
                    None => until,
                };
                if let Some(thread) = self.thread_named(host, thread.as_str())
                    && let Some(service) = &mut self.hosts[host.0 as usize].service
                {
                    service.machine.stall(thread, until);
                }
            }
            FaultKind::ClockOffset { host, offset } => {
                let host = self.host_named(host);
                self.write(Record::ClockSet(host, offset.nanos));
            }
        }
    }

    /// A link is as the latest of the cuts in force leaves it.
    fn apply_cuts(&mut self, link: LinkId) {
        let latest = self.cuts.iter().rfind(|(_, cut, _)| *cut == link);
        let cut = latest.map_or(LinkState::Up, |(.., cut)| *cut);
        self.internet.set_link_state(link, cut);
    }

    /// The machine of a host stops at once: nobody closes anything, and no peer is told. Its TCP
    /// is gone before its process, whose end would close connections.
    fn crash(&mut self, host: HostId) {
        let plan = &self.scenario.hosts[&self.hosts[host.0 as usize].name];
        let address = self.hosts[host.0 as usize].address;
        let config = crate::assembly::sockets(plan, address);
        self.internet.switch_off(host, config);
        self.stop_service(host);
    }

    /// Connections of a host are reset, as a firewall or a peer's stack would: all of them, or
    /// those with one peer.
    fn reset(&mut self, host: HostId, peer: Option<u32>) {
        let now = internet::uptime(self.now);
        let sockets = self.internet.sockets_mut(host);
        sockets.reset_connections(now, peer);
        self.settle(host);
    }

    fn link_named(&self, name: &str) -> LinkId {
        let place = self.scenario.links.keys().position(|link| link == name);
        LinkId(place.expect("the format checks names") as u32)
    }

    fn host_named(&self, name: &str) -> HostId {
        let host = self.hosts.iter().find(|host| host.name == name);
        host.expect("the format checks names").id
    }
}
