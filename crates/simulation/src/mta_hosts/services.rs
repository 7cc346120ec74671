//! Runs the MTA process of each host: starts, time slices of its threads, and ends.

use kernel::Instant;
use machine::{Exception, Progress, Recorded, ThreadId, Watched, WatchedAccess};
use mta::{MtaProcess, PoolWord, Submission, closed_block};
use net::HostId;

use super::{MtaEvent, MtaRun};
use crate::host::Answered;
use crate::lowering::ServiceStart;
use crate::oracles::PoolAccess;
use crate::outcome::Stop;
use crate::record::{Record, ThreadNumber};

/// Why a time slice is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SliceEnd {
    /// Its last instant is reached, and threads can still run.
    Limit,
    /// No thread can run.
    Idle,
    /// The process has ended, or the run does.
    Over,
}

impl<E: From<MtaEvent>> MtaRun<'_, E> {
    /// Starts the MTA of a host with the contents of its database, unless it runs already or the
    /// host is down.
    pub fn start_service(&mut self, host: HostId) {
        let Some(build) = &self.mtas.builds[host.0 as usize] else {
            return;
        };
        let start = ServiceStart {
            scenario: self.scenario,
            names: &self.mtas.names,
            at: *self.now,
            build,
            database: self.mtas.message_store.database(host),
            waits_recorded: self.mtas.keep_records,
        };
        let is_up = self.internet.is_up(host);
        let it = &mut self.mtas.hosts[host.0 as usize];
        if !is_up || it.service.is_some() {
            return;
        }
        it.start_service(self.mtas.choices, &self.mtas.scheduling, start);
        let service = it.service.as_mut().expect("it was just started");
        if self.recorder.observer.observes_threads() {
            service.machine.watch();
            self.recorder.observer.on_start(host, *self.now);
        }
        let threads = service.machine.threads();
        let threads = threads
            .map(|it| (ThreadNumber(it.number), it.name.to_owned()))
            .collect();
        self.mtas.oracles.on_start(host, threads);
        self.flush(host);
    }

    /// Ends the MTA process of a host, if it runs.
    pub fn stop_service(&mut self, host: HostId) {
        // First: what the process did before its end is checked by oracles that know its blocks.
        self.take_records(host);
        if let Some(service) = &self.mtas.hosts[host.0 as usize].service {
            self.mtas.ended_calls += service.machine.calls();
            let log = self.mtas.hosts[host.0 as usize].access_log();
            self.mtas.ended_access_log.extend(log);
            self.recorder.observer.on_end(host, *self.now);
            self.mtas.ended_coverage.add(&service.process.coverage());
            let sockets = self.internet.sockets_mut(host);
            self.mtas.hosts[host.0 as usize].end_service(*self.now, sockets);
            self.mtas.oracles.on_end(host);
            self.flush(host);
        }
    }

    /// Submits a message to the MTA of a host. Returns `false` if the queue of MAIN BASE is full.
    /// An MTA that is down finds the message in its database when it starts.
    pub(super) fn submit_to_service(&mut self, host: HostId, submission: Submission) -> bool {
        let now = *self.now;
        let Some(service) = &mut self.mtas.hosts[host.0 as usize].service else {
            // Without a process the message waits in the database, which counts as accepted.
            return true;
        };
        let accepted = service
            .process
            .submit(&mut service.machine, now, submission);
        self.schedule_threads(host);
        accepted
    }

    /// Schedules the next time slice of a host's threads, if it is earlier than the one scheduled.
    pub(super) fn schedule_threads(&mut self, host: HostId) {
        // An event for the host's own next call would end its slice after nearly every socket call.
        if self.mtas.running == Some(host) {
            return;
        }
        let it = &mut self.mtas.hosts[host.0 as usize];
        let Some(service) = &it.service else { return };
        let Some(at) = service.machine.next_time() else {
            return;
        };
        let at = at.max(*self.now);
        if it.next_slice.at.is_none_or(|scheduled| at < scheduled) {
            it.next_slice.at = Some(at);
            // The event for the later time stays in the queue; the new number makes it stale.
            it.next_slice.generation = it.next_slice.generation.wrapping_add(1);
            let generation = it.next_slice.generation;
            self.schedule(host, at, MtaEvent::ThreadsRun { host, generation });
        }
    }

    /// The threads of a host get the processors.
    pub(crate) fn begin_slice(&mut self, host: HostId) {
        self.mtas.hosts[host.0 as usize].next_slice.at = None;
        self.mtas.running = Some(host);
    }

    /// The end of a time slice: what the threads did is looked at, and their next slice scheduled.
    pub(crate) fn end_slice(&mut self, host: HostId, end: SliceEnd) {
        self.mtas.running = None;
        self.take_records(host);
        if end != SliceEnd::Over {
            self.check_deadlock(host);
            self.check_leaks(host);
            self.schedule_threads(host);
        }
    }

    /// Runs the threads of a host until something else is due. Their socket calls are answered at
    /// once, without an event for each: nothing can interfere before the slice ends.
    pub(crate) fn run_slice(&mut self, host: HostId) -> SliceEnd {
        loop {
            let until = self.slice_end();
            let Some(service) = &mut self.mtas.hosts[host.0 as usize].service else {
                return SliceEnd::Over;
            };
            let progress = service.machine.run(*self.now, until);
            match progress {
                Progress::Environment { thread, at, call } => {
                    // A slice runs ahead of the event queue, up to just before the next event. A
                    // socket call takes place in it, so the world's clock follows.
                    *self.now = (*self.now).max(at);
                    // Records are taken before the packets of the call are sent, so that the
                    // journal stays in the order of time.
                    self.take_records(host);
                    let sockets = self.internet.sockets_mut(host);
                    let it = &mut self.mtas.hosts[host.0 as usize];
                    let answered = it.call(*self.now, sockets, thread, call);
                    if let Some(did) = it.socket_did.take() {
                        self.mtas.oracles.on_socket(host, &did);
                    }
                    if let Answered::Waits { until, generation } = answered
                        && until < Instant::MAX
                    {
                        let thread = thread.index() as u32;
                        let event = MtaEvent::WaitEnds {
                            host,
                            thread,
                            generation,
                        };
                        self.schedule(host, until.max(*self.now), event);
                    }
                    self.flush(host);
                }
                Progress::Raised(exception) => {
                    self.end_by_exception(host, exception);
                    return SliceEnd::Over;
                }
                Progress::ReachedUntil => return SliceEnd::Limit,
                Progress::Idle => return SliceEnd::Idle,
                Progress::CallLimitReached => {
                    // The run ends between events, as at every other limit.
                    self.mtas.stop = Some(Stop::Calls);
                    return SliceEnd::Over;
                }
            }
        }
    }

    /// Looks for a cycle of waiting threads. Once per slice is enough, since a cycle never opens.
    fn check_deadlock(&mut self, host: HostId) {
        let Some(service) = &self.mtas.hosts[host.0 as usize].service else {
            return;
        };
        let cycle = service.machine.deadlock();
        if !cycle.is_empty() {
            let name = |(thread, lock): &(ThreadId, machine::LockId)| {
                let number = service.numbers[thread.index()];
                (number, service.machine.lock(*lock).name())
            };
            let cycle: Vec<_> = cycle.iter().map(name).collect();
            self.mtas.oracles.on_deadlock(host, *self.now, &cycle);
        }
    }

    /// Audits the control blocks if one of them may have leaked. Only a quiescent process can tell:
    /// a message under way between threads may be the last reference to a block.
    fn check_leaks(&mut self, host: HostId) {
        let Some(service) = &self.mtas.hosts[host.0 as usize].service else {
            return;
        };
        // An audit reads the whole pool. While a thread still runs, a block that is on no list is
        // in its hands, not lost.
        let lost = service.process.connections_lost();
        if self.mtas.oracles.has_suspects(host, lost) && service.is_quiescent() {
            let audit = service.process.audit(&service.machine);
            self.mtas.oracles.on_quiescence(host, *self.now, &audit);
        }
    }

    /// The last instant of a time slice: just before the next event, at most the limit, and at least the
    /// present instant.
    fn slice_end(&mut self) -> Instant {
        let next = self.internet.next_time().unwrap_or(Instant::MAX);
        // Not at the same instant: that event's class decides which comes first.
        let before = Instant::from_nanos(next.nanos().saturating_sub(1));
        before.min(self.slice_limit).max(*self.now)
    }

    /// The timeout of a thread's socket call expires.
    pub(super) fn end_wait(&mut self, host: HostId, thread: u32, generation: u32) {
        let now = *self.now;
        let it = &mut self.mtas.hosts[host.0 as usize];
        let Some(service) = &it.service else { return };
        if let Some(thread) = service.thread_at(thread) {
            it.end_wait(now, thread, generation);
            self.schedule_threads(host);
        }
    }

    /// An exception ends the process of a host, and the system closes its sockets.
    fn end_by_exception(&mut self, host: HostId, exception: Exception) {
        *self.now = (*self.now).max(exception.at);
        self.take_records(host);
        let service = self.mtas.hosts[host.0 as usize]
            .service
            .as_ref()
            .expect("it just ran");
        let number = service.numbers[exception.thread.index()];
        let name = service.machine.thread(exception.thread).name.to_owned();
        self.mtas
            .oracles
            .on_exception(host, &exception, name, number);
        self.recorder
            .observer
            .on_exception(host, number, &exception);
        self.recorder
            .write(*self.now, Record::Exception(host, number, exception));
        self.stop_service(host);
    }

    /// Takes the records of a host's threads, and the findings of the race detector, to journal,
    /// oracles and observer.
    pub(super) fn take_records(&mut self, host: HostId) {
        let Some(service) = &mut self.mtas.hosts[host.0 as usize].service else {
            return;
        };
        let (journal, oracles) = (&mut self.recorder.journal, &mut self.mtas.oracles);
        let store = &mut self.mtas.message_store;
        let numbers = &service.numbers;
        let (process, now) = (&service.process, *self.now);
        let write = |watched| {
            let written = match watched {
                Watched::Record(written) => written,
                Watched::Access(access) => {
                    if let Some(access) = pool_access(process, access) {
                        oracles.on_access(host, access);
                    }
                    return;
                }
                Watched::Take { thread, message } => {
                    oracles.on_take(host, now, thread.index(), message.map(closed_block));
                    return;
                }
            };
            let Recorded { at, thread, record } = written;
            process.tell(record, &mut |record| {
                let written = Recorded { at, thread, record };
                oracles.on_record(host, &written);
                if let mta::Record::Fact(fact) = written.record {
                    store.on_fact(host, fact);
                }
                let record = Record::Mta(host, numbers[thread.index()], written.record);
                // The digest must not depend on whether records are kept.
                if record.is_digested() {
                    journal.write(at, record);
                } else {
                    journal.note(at, record);
                }
            });
        };
        if service.machine.has_watched() {
            service.machine.drain_watched(write);
        }
        let findings = service.machine.race_detector().findings();
        // The detector keeps the first of each signature, in order, so what is new is at the end.
        let new = findings[service.findings_reported..].to_vec();
        for finding in &new {
            oracles.on_finding(host, finding);
        }
        service.findings_reported = findings.len();
        if self.recorder.observer.observes_threads() {
            let machine = &mut service.machine;
            self.recorder
                .observer
                .on_threads(host, machine, numbers, &new);
        }
        self.write_violations();
    }
}

/// What the oracles read from an access to a watched word.
fn pool_access(process: &MtaProcess, access: WatchedAccess) -> Option<PoolAccess> {
    let layout = process.layout();
    let word = layout.pool_word(access.address)?;
    // No other word is a head: decoded as one that counts, it would name a block that does not exist.
    let is_empty = word == PoolWord::Head && layout.first_free(access.value).is_null();
    Some(PoolAccess {
        at: access.at,
        thread: access.thread.index(),
        thread_block: process.thread_block(access.thread),
        word,
        value: access.value,
        writes: access.writes,
        is_empty,
        blocks: layout.blocks,
    })
}
