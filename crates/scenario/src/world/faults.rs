//! What the scenario lets go wrong.
//!
//! Owns when a fault strikes and ceases, and what the world then does to links, hosts, services
//! and threads. It refuses to touch the subject's memory.

use kernel::{Instant, Site, key};
use net::{Cut, HostId, LinkId};

use crate::event::Event;
use crate::plan::{FaultKind, ResetScope, Scenario, Vocabulary, When};
use crate::record::{Record, Stage};

use super::World;

const GAP: Site = Site::new("fault.gap");
const LENGTH: Site = Site::new("fault.length");

/// One fault of the scenario.
#[derive(Debug)]
pub(super) struct Fault {
    key: u64,
    kind: FaultKind,
    when: When,
    pub(super) struck: u64,
    pub(super) is_over: bool,
    /// Whether it has struck and lasts.
    is_in_force: bool,
    /// A later plan makes an earlier one void.
    pub(super) generation: u32,
}

pub(super) fn lower(scenario: &Scenario) -> Vec<Fault> {
    let faults = scenario.faults.iter().map(|(name, fault)| Fault {
        key: key(name),
        kind: fault.kind.clone(),
        when: fault.when.clone(),
        struck: 0,
        is_over: false,
        is_in_force: false,
        generation: 0,
    });
    faults.collect()
}

impl World<'_> {
    /// Schedules the next strike of a fault, for which it has waited since `since`.
    pub(super) fn await_strike(&mut self, fault: usize, since: Instant) {
        let it = &mut self.faults[fault];
        it.is_in_force = false;
        let occurrence = it.struck;
        let at = match &it.when {
            When::At(times) => {
                let place = usize::try_from(occurrence).expect("a list is limited");
                times.get(place).copied()
            }
            When::Window { from, .. } => (occurrence == 0).then_some(*from),
            When::Random { mean_interval, .. } => {
                let mut draw = self.choices.draw(GAP, it.key, [occurrence, 0]);
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
        let kind = it.kind.clone();
        self.write(Record::Fault(fault, Stage::Strikes));
        self.apply(fault, &kind);
        if !self.await_end(fault as usize, self.now) {
            self.await_strike(fault as usize, self.now);
        }
    }

    /// Schedules the end of a fault that has lasted until `now`, if it lasts.
    fn await_end(&mut self, fault: usize, now: Instant) -> bool {
        let it = &mut self.faults[fault];
        let until = match &it.when {
            When::At(_) => None,
            When::Window { to, .. } => Some(*to),
            When::Random { mean_duration, .. } => mean_duration.map(|mean| {
                let occurrence = it.struck - 1;
                let mut draw = self.choices.draw(LENGTH, it.key, [occurrence, 0]);
                now.saturating_add(draw.exponential(mean))
            }),
        };
        it.is_in_force = until.is_some();
        if let Some(until) = until {
            let event = Event::FaultCeases {
                fault: fault as u32,
                generation: it.generation,
            };
            self.schedule(HostId(0), until, event);
        }
        until.is_some()
    }

    /// From `at` on luck is another: a fault that chance sends or ends is awaited anew.
    pub(super) fn renew_fault(&mut self, fault: usize, at: Instant) {
        let it = &mut self.faults[fault];
        if it.is_over || !matches!(it.when, When::Random { .. }) {
            return;
        }
        it.generation += 1;
        if it.is_in_force {
            self.await_end(fault, at);
        } else {
            self.await_strike(fault, at);
        }
    }

    pub(super) fn cease(&mut self, fault: u32) {
        let kind = self.faults[fault as usize].kind.clone();
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
            FaultKind::Reset(_)
            | FaultKind::Crash { .. }
            | FaultKind::RestartService { .. }
            | FaultKind::Stall { .. } => {}
        }
        self.write(Record::Fault(fault, Stage::Ceases));
        if !self.faults[fault as usize].is_over {
            self.await_strike(fault as usize, self.now);
        }
    }

    fn apply(&mut self, fault: u32, kind: &FaultKind) {
        match kind {
            FaultKind::Cut { link, silent } => {
                let cut = if *silent { Cut::Silent } else { Cut::Withdrawn };
                let link = self.link_named(link);
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
            FaultKind::Crash {
                host,
                restart_after,
            } => {
                let host = self.host_named(host);
                if !self.internet.is_up(host) {
                    return;
                }
                self.crash(host);
                if let Some(length) = restart_after {
                    self.schedule(host, self.now + *length, Event::HostStarts { host });
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
            FaultKind::Stall {
                host,
                thread,
                length,
            } => {
                let host = self.host_named(host);
                let until = self.now + *length;
                if let Some(thread) = self.thread_named(host, thread.word())
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
        let cut = latest.map_or(Cut::None, |(.., cut)| *cut);
        self.internet.set_cut(link, cut);
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
