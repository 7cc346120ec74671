//! Injects the faults of a scenario into links, hosts, processes and threads.
//!
//! No fault touches the memory of the system under test.

use kernel::Instant;
use net::{HostId, LinkId, LinkState};

use crate::fault_times::FaultTimes;
use crate::lowering;
use crate::record::{Record, Stage};
use config::plan::{FaultKind, ResetScope, Scenario, When};

use super::World;
use super::event::Event;

/// A fault of the scenario during a run.
#[derive(Debug)]
pub(super) struct FaultState {
    times: FaultTimes,
    /// How often it has started.
    pub(super) starts: u64,
    /// Whether it lasts, has begun and has not ended.
    is_active: bool,
    /// When it ends by itself, once it has begun; [`Instant::MAX`] for never.
    until: Instant,
    /// Whether the network has healed, so that it does not begin again.
    pub(super) is_over: bool,
    /// Events of earlier generations are ignored.
    pub(super) generation: u32,
}

/// A cut of a link that is in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActiveCut {
    /// The fault that causes it.
    fault: u32,
    link: LinkId,
    cut: LinkState,
}

/// The faults of a scenario at the start of a run.
pub(super) fn lower(scenario: &Scenario) -> Vec<FaultState> {
    let faults = scenario.faults.iter().map(|(name, fault)| FaultState {
        times: FaultTimes::new(name, fault),
        starts: 0,
        is_active: false,
        until: Instant::MAX,
        is_over: false,
        generation: 0,
    });
    faults.collect()
}

impl World<'_> {
    /// Schedules the next beginning of a fault. `since` is when the random wait for it began.
    pub(super) fn schedule_start(&mut self, fault: usize, since: Instant) {
        let it = &self.faults[fault];
        let at = it.times.begins(self.choices, it.starts, since);
        if let Some(at) = at {
            let event = Event::FaultStarts {
                fault: fault as u32,
                generation: it.generation,
            };
            self.schedule(HostId(0), at.max(self.now), event);
        }
    }

    /// Starts a fault.
    pub(super) fn start_fault(&mut self, fault: u32) {
        let it = &mut self.faults[fault as usize];
        if it.is_over {
            return;
        }
        // Counted before the effect, and `end_of` takes one off: the count keys the draw of this
        // occurrence's length.
        it.starts += 1;
        // An occurrence while the fault is active prolongs it: the scheduled end is then outdated.
        it.generation += 1;
        it.is_active = it.times.kind.lasts();
        let (kind, is_listed) = (it.times.kind.clone(), matches!(it.times.when, When::At(_)));
        let until = self.end_of(fault as usize, self.now);
        self.faults[fault as usize].until = until;
        self.write(Record::Fault(fault, Stage::Starts));
        self.apply(fault, &kind, until);
        self.schedule_end(fault);
        // The next wait for a random fault that lasts begins when it ends.
        if until == Instant::MAX || is_listed {
            self.schedule_start(fault as usize, self.now);
        }
    }

    /// When a fault that is active from `since` on ends by itself; [`Instant::MAX`] for never.
    fn end_of(&self, fault: usize, since: Instant) -> Instant {
        let it = &self.faults[fault];
        it.times.ends(self.choices, it.starts - 1, since)
    }

    fn schedule_end(&mut self, fault: u32) {
        let it = &self.faults[fault as usize];
        let (until, generation) = (it.until, it.generation);
        if until < Instant::MAX {
            self.schedule(HostId(0), until, Event::FaultEnds { fault, generation });
        }
    }

    /// Draws the next random beginning or end again, with the random choices that hold from `at` on.
    /// Exponential waits have no memory, so the process stays the same. A stall keeps its end,
    /// because the machine has it already.
    pub(super) fn reseed_fault(&mut self, fault: usize, at: Instant) {
        let it = &mut self.faults[fault];
        let When::Random { mean_duration, .. } = it.times.when else {
            return;
        };
        if it.is_over {
            return;
        }
        it.generation += 1;
        if !it.is_active || it.until == Instant::MAX {
            return self.schedule_start(fault, at);
        }
        let is_stall = matches!(it.times.kind, FaultKind::Stall { .. });
        if mean_duration.is_some() && !is_stall {
            self.faults[fault].until = self.end_of(fault, at);
        }
        self.schedule_end(fault as u32);
    }

    /// Ends a fault, if it is active.
    pub(super) fn end_fault(&mut self, fault: u32) {
        let it = &mut self.faults[fault as usize];
        if !std::mem::take(&mut it.is_active) {
            return;
        }
        let (kind, is_random) = (
            it.times.kind.clone(),
            matches!(it.times.when, When::Random { .. }),
        );
        match &kind {
            FaultKind::Cut { link, .. } => {
                let link = self.link_named(link);
                self.cuts.retain(|it| it.fault != fault);
                self.apply_cuts(link);
            }
            FaultKind::ClockOffset { host, .. } => {
                let usual = self.scenario.hosts[host].clock_offset;
                let host = self.host_named(host);
                self.write(Record::ClockSet(host, usual.nanos));
            }
            FaultKind::Crash { host, .. } => self.switch_on(host),
            // The machine resumes the thread by itself at the end of the stall.
            FaultKind::Stall { .. } | FaultKind::Lookup { .. } => {}
            FaultKind::Reset(_) | FaultKind::RestartService { .. } => {
                unreachable!("these faults do not last, so they are never active")
            }
        }
        self.write(Record::Fault(fault, Stage::Ends));
        if is_random && !self.faults[fault as usize].is_over {
            self.schedule_start(fault as usize, self.now);
        }
    }

    /// Switches a host on, unless another active crash keeps it down.
    fn switch_on(&mut self, name: &str) {
        let is_down = self.faults.iter().any(|it| {
            it.is_active && matches!(&it.times.kind, FaultKind::Crash { host, .. } if host == name)
        });
        if !is_down {
            let host = self.host_named(name);
            self.schedule(host, self.now, Event::HostStarts { host });
        }
    }

    /// Applies a fault that ends at `until`.
    fn apply(&mut self, fault: u32, kind: &FaultKind, until: Instant) {
        match kind {
            FaultKind::Cut {
                link, silent, from, ..
            } => {
                let cut = lowering::cut(self.scenario, link, *silent, from.as_deref());
                let link = self.link_named(link);
                // A fault that begins again while it is active moves to the end: the latest cut
                // decides the link's state.
                self.cuts.retain(|it| it.fault != fault);
                self.cuts.push(ActiveCut { fault, link, cut });
                self.apply_cuts(link);
            }
            FaultKind::Reset(ResetScope::Host(host)) => {
                let host = self.host_named(host);
                self.mtas().reset(host, None);
            }
            FaultKind::Reset(ResetScope::Link(link)) => {
                // Both ends see a RST, as if a device on the link had sent it.
                let link = self.link_named(link);
                let [one, other] = self.links[link.0 as usize].ends;
                for ends in [[one, other], [other, one]] {
                    let pairs = self.internet.address_pairs(link, ends);
                    self.mtas().reset(ends[0], Some(&pairs));
                }
            }
            FaultKind::Crash { host, .. } => {
                let host = self.host_named(host);
                if self.internet.is_up(host) {
                    self.mtas().crash(host);
                }
            }
            FaultKind::RestartService { host } => {
                let host = self.host_named(host);
                self.mtas().restart_service(host);
            }
            FaultKind::Stall { host, thread, .. } => {
                let host = self.host_named(host);
                // The machine gets the end of a stall when the stall begins, so a stall that would
                // outlast healing must be shortened here.
                let until = match self.scenario.healing {
                    Some(_) => until.min(Instant::ZERO + self.scenario.duration),
                    None => until,
                };
                if let Some(thread) = *thread {
                    self.mtas().stall(host, thread, until);
                }
            }
            FaultKind::ClockOffset { host, offset } => {
                let host = self.host_named(host);
                self.write(Record::ClockSet(host, offset.nanos));
            }
            // MTAs look no names up.
            FaultKind::Lookup { .. } => {}
        }
    }

    /// Sets a link to the latest of its cuts that are in force.
    fn apply_cuts(&mut self, link: LinkId) {
        let latest = self.cuts.iter().rfind(|it| it.link == link);
        let cut = latest.map_or(LinkState::Up, |it| it.cut);
        self.internet.set_link_state(link, cut);
    }

    fn link_named(&self, name: &str) -> LinkId {
        let index = self.scenario.links.keys().position(|link| link == name);
        LinkId(index.expect("the format checks names") as u32)
    }

    fn host_named(&self, name: &str) -> HostId {
        let host = self.mtas.hosts.iter().find(|host| host.name == name);
        host.expect("the format checks names").id
    }
}
