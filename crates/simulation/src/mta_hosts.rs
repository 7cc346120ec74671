//! The hosts of a run that run an MTA: their processes and threads, the messages that workloads submit,
//! and the oracles.
//!
//! The owner of a run has the clock, the event queue, the network, the faults and the records. It lends
//! them for each call, as an [`MtaRun`]. Events of the MTAs are part of the owner's own event type.
//!
//! - `event`: what the MTAs schedule.
//! - `services`: time slices of threads, starts and ends of MTA processes.
//! - `arrivals`, `workload`, `message_store`: messages, and what survives a restart of them.
//! - `memory`: what the MTAs hold in memory, for the limit.
//! - `final_checks`: the checks at the end of a run.

mod arrivals;
mod event;
mod final_checks;
mod memory;
mod message_store;
mod services;
pub(crate) mod workload;

use std::rc::Rc;

use internet::Internet;
use kernel::{Choices, Instant};
use mta::Build;
use net::HostId;

use crate::access_log::LoggedAccess;
use crate::host::Host;
use crate::lowering::{self, LoweringError};
use crate::names::Names;
use crate::options::Options;
use crate::oracles::Oracles;
use crate::outcome::{Associations, HostView, Stop};
use crate::record::Record;
use crate::recorder::{MtaCounts, Recorder};
use crate::scheduling::{CallCounts, SchedulingMode};
use config::plan::{Keyword, Scenario, ThreadKind};

use arrivals::WorkloadArrivals;
pub use event::MtaEvent;
use message_store::MessageStore;
pub(crate) use services::SliceEnd;

/// The hosts that run an MTA, as they are in the middle of a run. Hosts are numbered in the order of their
/// names, guests among them.
#[derive(Debug)]
pub struct MtaHosts {
    names: Names,
    /// All hosts of the scenario. Those that run no MTA never have a service.
    pub(crate) hosts: Vec<Host>,
    pub(crate) oracles: Oracles,
    /// The builds of the hosts; `None` for a guest.
    builds: Vec<Option<Rc<dyn Build>>>,
    pub(crate) scheduling: SchedulingMode,
    choices: Choices,
    pub(crate) arrivals: Vec<WorkloadArrivals>,
    pub(crate) message_store: MessageStore,
    keep_records: bool,
    /// Messages submitted.
    messages: u64,
    /// Why the run stops before its time.
    stop: Option<Stop>,
    /// The host whose threads run: its next slice is scheduled when this one is over.
    running: Option<HostId>,
    /// Calls made by processes that have ended.
    ended_calls: u64,
    /// The access logs of processes that have ended.
    ended_access_log: Vec<LoggedAccess>,
    /// The coverage of processes that have ended.
    ended_coverage: mta::Coverage,
}

/// The MTAs' hosts together with what the owner of the run lends them.
#[derive(Debug)]
pub struct MtaRun<'a, E> {
    /// The hosts.
    pub mtas: &'a mut MtaHosts,
    /// The scenario of the run.
    pub scenario: &'a Scenario,
    /// Virtual time. Threads run ahead of the event queue, up to just before the next event, and the clock
    /// follows them.
    pub now: &'a mut Instant,
    /// The network, and the event queue in it.
    pub internet: &'a mut Internet<E>,
    /// Where records go.
    pub recorder: &'a mut Recorder,
    /// Threads run up to here at most, even without an event.
    pub slice_limit: Instant,
}

impl MtaHosts {
    /// The MTAs of a scenario at time zero, with the builds that its hosts name. The other hosts are guests.
    /// `counts` are the call counts that the scenario's scheduler needs; other schedulers ignore them.
    ///
    /// # Errors
    /// If the scheduler needs counts, and there are none.
    pub fn named(
        scenario: &Scenario,
        choices: Choices,
        options: Options,
        counts: &CallCounts,
    ) -> Result<Self, LoweringError> {
        let scheduling = counts.known();
        scheduling.check(scenario)?;
        let builds = scenario.hosts.values().map(lowering::build).collect();
        Ok(Self::new(scenario, choices, builds, options, scheduling))
    }

    /// The same under the random walk, whatever the scenario's scheduler is. The run adds the calls of each
    /// host's threads to `counts`.
    #[must_use]
    pub fn counting(scenario: &Scenario, choices: Choices, counts: &mut CallCounts) -> Self {
        let scheduling = counts.counting(scenario.hosts.len());
        let options = Options {
            keep_records: false,
        };
        let builds = scenario.hosts.values().map(lowering::build).collect();
        Self::new(scenario, choices, builds, options, scheduling)
    }

    /// The same with these builds, one for each host in the order of their names.
    pub(crate) fn new(
        scenario: &Scenario,
        choices: Choices,
        builds: Vec<Option<Rc<dyn Build>>>,
        options: Options,
        scheduling: SchedulingMode,
    ) -> Self {
        let names = Names::new(scenario);
        let hosts = (0..).map(HostId).zip(scenario.hosts.keys());
        let hosts: Vec<Host> = hosts
            .map(|(id, name)| Host::new(id, name, names.address(id)))
            .collect();
        let views = hosts.iter().zip(&builds).map(|(host, build)| {
            let guest = HostView::guest(&host.name, host.address);
            match build {
                Some(build) => HostView {
                    build: Some(build.version()),
                    generation: build.generation(),
                    connectors: names.outgoing(host.id).to_vec(),
                    ..guest
                },
                None => guest,
            }
        });
        let oracles = Oracles::new(
            views.collect(),
            scenario.workloads.len(),
            usize::try_from(scenario.limits.violations).unwrap_or(usize::MAX),
            scenario.until_first.clone(),
        );
        Self {
            arrivals: arrivals::lower(scenario, &names, choices),
            names,
            hosts,
            oracles,
            builds,
            scheduling,
            choices,
            message_store: MessageStore::default(),
            keep_records: options.keep_records,
            messages: 0,
            stop: None,
            running: None,
            ended_calls: 0,
            ended_access_log: Vec::new(),
            ended_coverage: mta::Coverage::default(),
        }
    }

    /// Whether a host runs an MTA.
    #[must_use]
    pub fn is_mta(&self, host: HostId) -> bool {
        self.builds[host.0 as usize].is_some()
    }

    /// Why the MTAs end the run before its time, if they do.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        if self.stop.is_some() {
            return self.stop;
        }
        if self.oracles.is_full() {
            return Some(Stop::Violations);
        }
        self.oracles
            .has_first_failure()
            .then_some(Stop::FirstFailure)
    }

    /// Whether the event is a message that `limits.messages` does not allow any more. Only a further
    /// message is too many: what the allowed ones still cause belongs to the run.
    #[must_use]
    pub fn is_message_too_many(&self, event: MtaEvent, scenario: &Scenario) -> bool {
        let is_message = matches!(event, MtaEvent::Submission { .. });
        is_message && self.messages >= scenario.limits.messages
    }

    /// Whether a later event has replaced this one. Replaced events stay in the queue.
    #[must_use]
    pub fn is_stale(&self, event: MtaEvent) -> bool {
        match event {
            MtaEvent::ThreadsRun { host, generation } => {
                self.hosts[host.0 as usize].next_slice.generation != generation
            }
            MtaEvent::Submission {
                workload,
                generation,
            } => self.arrivals[workload as usize].generation != generation,
            MtaEvent::WaitEnds { .. } | MtaEvent::ServiceStarts { .. } => false,
        }
    }

    /// The network heals: liveness is checked from here on.
    pub fn on_healing(&mut self) {
        self.oracles.on_healing();
    }

    /// Calls made by the threads of all processes, ended ones included.
    fn calls(&self) -> u64 {
        let running = self.hosts.iter().filter_map(|host| host.service.as_ref());
        self.ended_calls + running.map(|service| service.machine.calls()).sum::<u64>()
    }

    /// The access logs of all processes, in the order of time.
    fn take_access_log(&mut self) -> Vec<LoggedAccess> {
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
    fn coverage(&self) -> mta::Coverage {
        let mut coverage = self.ended_coverage.clone();
        let running = self.hosts.iter().filter_map(|host| host.service.as_ref());
        running.for_each(|service| coverage.add(&service.process.coverage()));
        coverage
    }

    /// What was counted and violated in a run that ended at `end`.
    #[must_use]
    pub fn into_counts(mut self, scenario: &Scenario, end: Instant) -> MtaCounts {
        let access_log = self.take_access_log();
        let (calls, coverage) = (self.calls(), self.coverage());
        let results = self.oracles.into_results();
        let connector = |host: HostId, number: u32| {
            let connectors = &results.hosts.get(host.0 as usize)?.connectors;
            connectors.get(number as usize).cloned()
        };
        let totals = results.totals;
        let traffic = totals
            .traffic
            .finish(end, connector, scenario.workloads.keys());
        MtaCounts {
            calls,
            violations: results.violations,
            violations_dropped: results.violations_dropped,
            exceptions: totals.exceptions,
            events_logged: totals.events_logged,
            associations: Associations::of(&traffic, totals.refused),
            messages: totals.messages,
            traffic,
            coverage,
            access_log,
            hosts: results.hosts,
        }
    }
}

impl<E: From<MtaEvent>> MtaRun<'_, E> {
    /// Schedules the first event of every service and workload.
    pub fn schedule_start(&mut self) {
        for host in self.mta_hosts() {
            self.schedule(host, Instant::ZERO, MtaEvent::ServiceStarts { host });
        }
        for workload in 0..self.mtas.arrivals.len() {
            self.schedule_next_message(workload);
        }
    }

    /// The hosts that run an MTA.
    fn mta_hosts(&self) -> Vec<HostId> {
        let hosts = (0..self.mtas.hosts.len()).map(|index| HostId(index as u32));
        hosts.filter(|host| self.mtas.is_mta(*host)).collect()
    }

    /// Handles an event that is not stale ([`MtaHosts::is_stale`]).
    pub fn handle(&mut self, event: MtaEvent) {
        match event {
            MtaEvent::WaitEnds {
                host,
                thread,
                generation,
            } => self.end_wait(host, thread, generation),
            MtaEvent::Submission { workload, .. } => self.submit(workload as usize),
            MtaEvent::ServiceStarts { host } => self.start_service(host),
            MtaEvent::ThreadsRun { host, .. } => {
                self.begin_slice(host);
                let end = self.run_slice(host);
                self.end_slice(host, end);
            }
        }
    }

    /// Schedules an event. One that concerns no host is scheduled at host 0, since the key of an
    /// event names a host.
    fn schedule(&mut self, host: HostId, at: Instant, event: MtaEvent) {
        self.internet
            .schedule(at, event.class(), host, event.into());
    }

    /// Sends what the sockets of a host have to send, then wakes its threads. To be called after
    /// every change of its sockets.
    fn flush(&mut self, host: HostId) {
        self.internet.flush(*self.now, host, self.recorder);
        self.wake(host);
    }

    /// Replies to the threads of a host whose events are signalled, and schedules their next time
    /// slice. To be called after an event of the network at this host.
    pub fn wake(&mut self, host: HostId) {
        let sockets = self.internet.sockets_mut(host);
        let it = &mut self.mtas.hosts[host.0 as usize];
        it.deliver_signals(*self.now, sockets, machine::Increment::NETWORK);
        self.schedule_threads(host);
    }

    /// Resets connections of a host, as a firewall would: all of them, or those between these addresses.
    pub fn reset(&mut self, host: HostId, between: Option<&[[u32; 2]]>) {
        let now = internet::uptime(*self.now);
        let sockets = self.internet.sockets_mut(host);
        sockets.reset_connections(now, between);
        self.flush(host);
    }

    /// Switches a host off. Its peers receive no FIN or RST: the socket table is replaced first,
    /// so that the end of the process finds no connection to close.
    pub fn crash(&mut self, host: HostId) {
        let it = &self.mtas.hosts[host.0 as usize];
        let plan = &self.scenario.hosts[&it.name];
        let config = lowering::sockets(&it.name, plan, it.address, self.mtas.choices);
        self.internet.switch_off(host, config);
        self.stop_service(host);
    }

    /// Stops the service of a host in order, if it runs, and starts it again at once.
    pub fn restart_service(&mut self, host: HostId) {
        if self.mtas.hosts[host.0 as usize].service.is_some() {
            self.recorder.write(*self.now, Record::ClosedDown(host));
            self.mtas.oracles.on_closedown();
            self.stop_service(host);
        }
        self.schedule(host, *self.now, MtaEvent::ServiceStarts { host });
    }

    /// Takes the processor from a thread until `until`, if the process runs and has the thread.
    pub fn stall(&mut self, host: HostId, thread: ThreadKind, until: Instant) {
        if let Some(service) = &mut self.mtas.hosts[host.0 as usize].service
            && let Some(thread) = service.machine.thread_named(thread.as_str())
        {
            service.machine.stall(thread, until);
        }
    }

    /// From `at` on, random choices come from `choices`.
    pub fn reseed(&mut self, at: Instant, choices: Choices) {
        // First, since what is drawn again below takes its numbers from here.
        self.mtas.choices = choices;
        for host in &mut self.mtas.hosts {
            if let Some(service) = &mut host.service {
                service.machine.reseed(choices);
            }
        }
        for workload in 0..self.mtas.arrivals.len() {
            self.reseed_arrivals(workload, at, choices);
        }
    }
}
