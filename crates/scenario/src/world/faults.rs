//! What the scenario lets go wrong.
//!
//! Owns when a fault strikes and ceases, and what the world then does to links, hosts, services
//! and threads. It refuses to touch the subject's memory.

use kernel::{Duration, Instant, Site, key};
use net::{Cut, HostId, LinkId};

use crate::event::Event;
use crate::plan::{FaultKind, ResetScope, Scenario, Vocabulary, When};
use crate::record::{Record, Stage};

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
    /// It lasts, and has not ceased.
    in_force: bool,
    pub(super) is_over: bool,
}

pub(super) fn lower(scenario: &Scenario) -> Vec<Fault> {
    let faults = scenario.faults.iter().map(|(name, fault)| Fault {
        key: key(name),
        kind: fault.kind.clone(),
        when: fault.when.clone(),
        struck: 0,
        in_force: false,
        is_over: false,
    });
    faults.collect()
}

impl World<'_> {
    pub(super) fn schedule_strike(&mut self, fault: usize, occurrence: u32) {
        let it = &self.faults[fault];
        let at = match &it.when {
            When::At(times) => times.get(occurrence as usize).copied(),
            When::Window { from, .. } if it.kind.lasts() => (occurrence == 0).then_some(*from),
            When::Window { from, to } => (occurrence == 0).then(|| {
                let mut draw = self.choices.draw(MOMENT, it.key, [0, 0]);
                let before_last = to.nanos() - from.nanos() - 1;
                *from + draw.between(Duration::ZERO, Duration::from_nanos(before_last))
            }),
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
        it.in_force = it.kind.lasts();
        let (struck, kind, when, luck) = (it.struck, it.kind.clone(), it.when.clone(), it.key);
        let length = match &when {
            When::At(_) => kind.length(),
            When::Window { to, .. } => kind.lasts().then(|| to.saturating_since(self.now)),
            When::Random { mean_duration, .. } => kind.length().or(mean_duration.map(|mean| {
                let mut draw = self.choices.draw(LENGTH, luck, [u64::from(occurrence), 0]);
                draw.exponential(mean)
            })),
        };
        let until = length.map(|length| self.now.saturating_add(length));
        self.write(Record::Fault(fault, Stage::Strikes));
        self.apply(fault, &kind, until.unwrap_or(Instant::MAX));
        if let Some(until) = until {
            self.schedule(HostId(0), until, Event::FaultCeases { fault, struck });
        }
        // Times that were given do not wait for the end: a strike while a fault lasts prolongs it.
        if until.is_none() || matches!(when, When::At(_)) {
            self.schedule_strike(fault as usize, occurrence + 1);
        }
    }

    /// A fault that is in force ceases.
    pub(super) fn cease(&mut self, fault: u32) {
        let it = &mut self.faults[fault as usize];
        if !std::mem::take(&mut it.in_force) {
            return;
        }
        let (kind, next) = (it.kind.clone(), it.struck);
        let is_random = matches!(it.when, When::Random { .. });
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
            self.schedule_strike(fault as usize, u32::try_from(next).unwrap_or(u32::MAX));
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
                let cut = if *silent { Cut::Silent } else { Cut::Withdrawn };
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
                if self.hosts[host.0 as usize].up {
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
        self.network.set_cut(link, cut);
        self.update_routes();
    }

    /// The machine of a host stops at once: nobody closes anything, and no peer is told. Its TCP
    /// is gone before its process, whose end would close connections.
    fn crash(&mut self, host: HostId) {
        let plan = &self.scenario.hosts[&self.hosts[host.0 as usize].name];
        let it = &mut self.hosts[host.0 as usize];
        let config = crate::assembly::sockets(plan, it.address);
        it.sockets = winsock::SocketTable::new(config);
        it.up = false;
        it.tcp_timer.at = None;
        it.tcp_timer.generation = it.tcp_timer.generation.wrapping_add(1);
        self.update_routes();
        self.stop_service(host);
    }

    /// Connections of a host are reset, as a firewall or a peer's stack would: all of them, or
    /// those with one peer.
    fn reset(&mut self, host: HostId, peer: Option<u32>) {
        let now = crate::host::uptime(self.now);
        let it = &mut self.hosts[host.0 as usize];
        it.sockets.reset_connections(now, peer);
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
