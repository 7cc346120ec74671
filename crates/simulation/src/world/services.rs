//! The services of the hosts: their threads' turns, their starts and their ends.
//!
//! Owns the meeting of threads and the rest of the world: a turn lasts until something else is
//! due. It refuses to know what the threads are doing.

use kernel::Instant;
use machine::{Exception, Progress, ThreadId};
use mta::Submission;
use net::HostId;

use crate::event::Event;
use crate::host::{Answered, Start};
use crate::outcome::Stop;
use crate::record::{Record, ThreadNumber};

use super::World;

impl World<'_> {
    /// Starts the MTA of a host with what its database holds.
    pub(super) fn start_service(&mut self, host: HostId) {
        let start = Start {
            roster: &self.roster,
            at: self.now,
            build: &self.builds[host.0 as usize],
            database: self.ledger.database(host),
            waits_recorded: self.keep,
        };
        let is_up = self.internet.is_up(host);
        let it = &mut self.hosts[host.0 as usize];
        if !is_up || it.service.is_some() {
            return;
        }
        it.start_service(self.scenario, self.choices, &self.scheduling, start);
        let service = it.service.as_mut().expect("it was just started");
        if self.observer.watches_threads() {
            service.machine.watch();
            self.observer.on_start(host, self.now);
        }
        let threads = service.machine.threads();
        let threads = threads
            .map(|it| (ThreadNumber(it.number), it.name.to_owned()))
            .collect();
        self.ledger.on_start(host, threads);
        self.settle(host);
    }

    /// Stops the MTA of a host, if it runs.
    pub(super) fn stop_service(&mut self, host: HostId) {
        self.take_records(host);
        if let Some(service) = &self.hosts[host.0 as usize].service {
            self.ended_steps += service.machine.steps();
            let footprints = self.hosts[host.0 as usize].footprints();
            self.ended_footprints.extend(footprints);
            self.observer.on_end(host, self.now);
            self.ended_coverage.add(&service.process.coverage());
            let sockets = self.internet.sockets_mut(host);
            self.hosts[host.0 as usize].end_service(self.now, sockets);
            self.ledger.on_end(host);
            self.settle(host);
        }
    }

    /// Hands a message to the MTA; one that is down finds it in its database. `false` if the
    /// queue of MAIN BASE is full.
    pub(super) fn hand_over(&mut self, host: HostId, submission: Submission) -> bool {
        let now = self.now;
        let Some(service) = &mut self.hosts[host.0 as usize].service else {
            return true;
        };
        let taken = service
            .process
            .submit(&mut service.machine, now, submission);
        self.plan_turn(host);
        taken
    }

    /// Plans the next turn of a host's threads, if it is earlier than the one planned.
    pub(super) fn plan_turn(&mut self, host: HostId) {
        let it = &mut self.hosts[host.0 as usize];
        let Some(service) = &it.service else { return };
        let Some(at) = service.machine.next_time() else {
            return;
        };
        let at = at.max(self.now);
        if it.turn.at.is_none_or(|planned| at < planned) {
            it.turn.at = Some(at);
            it.turn.generation = it.turn.generation.wrapping_add(1);
            let generation = it.turn.generation;
            self.schedule(host, at, Event::Turn { host, generation });
        }
    }

    /// Lets the threads of a host make their calls back to back until something else is due.
    pub(super) fn take_turns(&mut self, host: HostId) {
        self.hosts[host.0 as usize].turn.at = None;
        loop {
            let until = self.turn_ends();
            let Some(service) = &mut self.hosts[host.0 as usize].service else {
                return;
            };
            let progress = service.machine.run(self.now, until);
            match progress {
                Progress::Environment { thread, at, call } => {
                    self.now = self.now.max(at);
                    self.take_records(host);
                    let sockets = self.internet.sockets_mut(host);
                    let it = &mut self.hosts[host.0 as usize];
                    let answered = it.call(self.now, sockets, thread, call);
                    if let Answered::Waits { until, generation } = answered
                        && until < Instant::MAX
                    {
                        let thread = thread.index() as u32;
                        let event = Event::WaitEnds {
                            host,
                            thread,
                            generation,
                        };
                        self.schedule(host, until.max(self.now), event);
                    }
                    self.settle(host);
                }
                Progress::Raised(exception) => return self.end_by_exception(host, exception),
                Progress::ReachedUntil if self.renew_luck_within_turn() => {}
                Progress::ReachedUntil | Progress::Idle => break,
                Progress::Spent => {
                    self.cut_short = Some(Stop::Calls);
                    return self.take_records(host);
                }
            }
        }
        self.take_records(host);
        self.look_for_deadlock(host);
        self.look_for_leaks(host);
        self.plan_turn(host);
    }

    /// A circle of threads that wait for each other never opens again: it is still there when the
    /// turn is over.
    fn look_for_deadlock(&mut self, host: HostId) {
        let Some(service) = &self.hosts[host.0 as usize].service else {
            return;
        };
        let circle = service.machine.deadlock();
        if !circle.is_empty() {
            let name = |(thread, lock): &(ThreadId, machine::LockId)| {
                let number = service.numbers[thread.index()];
                (number, service.machine.lock(*lock).name())
            };
            let circle = circle.iter().map(name).collect();
            self.ledger.on_deadlock(host, self.now, circle);
        }
    }

    /// With every thread waiting and no message under way, what nobody knows of is lost.
    fn look_for_leaks(&mut self, host: HostId) {
        let Some(service) = &self.hosts[host.0 as usize].service else {
            return;
        };
        if self.ledger.has_suspects(host) && service.is_quiescent() {
            let audit = service.process.audit(&service.machine);
            self.ledger.on_quiet(host, self.now, &audit);
        }
    }

    /// Threads may run up to the next simulation event, or the end of the run, or through the
    /// present instant; luck does not change within.
    fn turn_ends(&mut self) -> Instant {
        let next = self.internet.next_time().unwrap_or(Instant::MAX);
        let next = self.next_luck().unwrap_or(next).min(next);
        let before = Instant::from_nanos(next.nanos().saturating_sub(1));
        before.min(self.end()).max(self.now)
    }

    pub(super) fn end_wait(&mut self, host: HostId, thread: u32, generation: u32) {
        let now = self.now;
        let it = &mut self.hosts[host.0 as usize];
        let Some(service) = &it.service else { return };
        if let Some(thread) = service.thread_at(thread) {
            it.end_wait(now, thread, generation);
            self.plan_turn(host);
        }
    }

    /// The modeled process ends by an exception: Dr. Watson writes it down, the system closes
    /// what was open.
    fn end_by_exception(&mut self, host: HostId, exception: Exception) {
        self.now = self.now.max(exception.at);
        self.take_records(host);
        let service = self.hosts[host.0 as usize]
            .service
            .as_ref()
            .expect("it just ran");
        let number = service.numbers[exception.thread.index()];
        let name = service.machine.thread(exception.thread).name.to_owned();
        self.ledger.on_exception(host, &exception, (name, number));
        self.observer.on_exception(host, number, &exception);
        self.write(Record::Exception(host, number, exception));
        self.stop_service(host);
    }

    /// Takes what the threads wrote down, and what the judge found, to journal and ledger.
    pub(super) fn take_records(&mut self, host: HostId) {
        let Some(service) = &mut self.hosts[host.0 as usize].service else {
            return;
        };
        let (journal, ledger) = (&mut self.journal, &mut self.ledger);
        let numbers = &service.numbers;
        service.machine.drain_records(|written| {
            let number = numbers[written.thread.index()];
            ledger.on_record(host, written.at, &written.record);
            let record = Record::Mta(host, number, written.record);
            if record.is_digested() {
                journal.write(written.at, record);
            } else {
                journal.note(written.at, record);
            }
        });
        let findings = service.machine.judge().violations();
        let new = findings[service.findings_seen..].to_vec();
        for finding in &new {
            ledger.on_finding(host, finding);
        }
        service.findings_seen = findings.len();
        if self.observer.watches_threads() {
            let machine = &mut service.machine;
            self.observer.on_threads(host, machine, numbers, &new);
        }
        for violation in self.ledger.take_new() {
            self.write(Record::Violation(Box::new(violation)));
        }
    }

    /// A thread that a fault names.
    pub(super) fn thread_named(&self, host: HostId, name: &str) -> Option<ThreadId> {
        let service = self.hosts[host.0 as usize].service.as_ref()?;
        service.machine.thread_named(name)
    }
}
