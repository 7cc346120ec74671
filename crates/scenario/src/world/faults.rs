//! What the scenario lets go wrong.
//!
//! Owns when a fault strikes and ceases, and what the world then does to links, hosts, services
//! and threads. It refuses to touch the subject's memory.

use kernel::{Site, key};
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
}

pub(super) fn lower(scenario: &Scenario) -> Vec<Fault> {
    let faults = scenario.faults.iter().map(|(name, fault)| Fault {
        key: key(name),
        kind: fault.kind.clone(),
        when: fault.when.clone(),
        struck: 0,
        is_over: false,
    });
    faults.collect()
}

impl World<'_> {
    pub(super) fn schedule_strike(&mut self, fault: usize, occurrence: u32) {
        let it = &self.faults[fault];
        let at = match &it.when {
            When::At(times) => times.get(occurrence as usize).copied(),
            When::Window { from, .. } => (occurrence == 0).then_some(*from),
            When::Random { mean_interval, .. } => {
                let mut draw = self.choices.draw(GAP, it.key, [u64::from(occurrence), 0]);
                Some(self.now.saturating_add(draw.exponential(*mean_interval)))
            }
        };
        if let Some(at) = at {
            let fault = fault as u32;
            let event = Event::FaultStrikes { fault, occurrence };
            self.schedule(HostId(0), at.max(self.now), event);
        }
    }

    pub(super) fn strike(&mut self, fault: u32, occurrence: u32) {
        let it = &mut self.faults[fault as usize];
        if it.is_over {
            return;
        }
        it.struck += 1;
        let (kind, luck) = (it.kind.clone(), it.key);
        let until = match &it.when {
            When::At(_) => None,
            When::Window { to, .. } => Some(*to),
            When::Random { mean_duration, .. } => mean_duration.map(|mean| {
                let mut draw = self.choices.draw(LENGTH, luck, [u64::from(occurrence), 0]);
                self.now.saturating_add(draw.exponential(mean))
            }),
        };
        self.write(Record::Fault(fault, Stage::Strikes));
        self.apply(fault, &kind);
        match until {
            Some(until) => self.schedule(HostId(0), until, Event::FaultCeases { fault }),
            None => self.schedule_strike(fault as usize, occurrence + 1),
        }
    }

    pub(super) fn cease(&mut self, fault: u32) {
        let it = &self.faults[fault as usize];
        let (kind, next) = (it.kind.clone(), it.struck);
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
            self.schedule_strike(fault as usize, u32::try_from(next).unwrap_or(u32::MAX));
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
