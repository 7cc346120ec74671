//! The hosts of a run: their programs' tasks, and whether they run.

use std::task::Waker;

use kernel::Instant;
use net::HostId;
use tokio::task::AbortHandle;

use crate::incarnation::Incarnation;

/// Finished tasks are forgotten when a host has this many, and twice as many as were left last time.
const TASKS: usize = 64;

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// How often its program has started.
    starts: u32,
    /// Whether its program runs, or has ended by itself.
    is_running: bool,
    /// Whether the program of this client has ended; `None` for a host that is no client.
    client: Option<bool>,
    /// Its tasks, to end them in a crash.
    tasks: Vec<AbortHandle>,
    /// At this many tasks the finished ones are forgotten.
    tasks_limit: usize,
    /// Until when it gets no processor time.
    stalled_until: Instant,
    /// The tasks that wait for the end of the stall.
    stalled: Vec<Waker>,
}

/// All hosts, by number.
#[derive(Debug)]
pub(crate) struct Hosts(Vec<Host>);

impl Hosts {
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        Self(names.map(|name| Host::new(name)).collect())
    }

    pub(crate) fn of(&self, host: HostId) -> &Host {
        &self.0[host.0 as usize]
    }

    fn of_mut(&mut self, host: HostId) -> &mut Host {
        &mut self.0[host.0 as usize]
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.0.len() as u32).map(HostId)
    }

    pub(crate) fn named(&self, name: &str) -> Option<HostId> {
        let index = self.0.iter().position(|host| host.name == name)?;
        Some(HostId(index as u32))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|host| host.name.as_str()).collect()
    }

    /// The run may end with the program of this host.
    pub(crate) fn set_client(&mut self, host: HostId) {
        self.of_mut(host).client = Some(false);
    }

    /// The program of this host has ended; it is a client's or not.
    pub(crate) fn end_program(&mut self, host: HostId) {
        if let Some(has_ended) = &mut self.of_mut(host).client {
            *has_ended = true;
        }
    }

    /// Whether there are clients, and the programs of all of them have ended.
    pub(crate) fn clients_ended(&self) -> bool {
        let mut clients = self.0.iter().filter_map(|it| it.client).peekable();
        // Without any client the run lasts as long as the scenario says.
        clients.peek().is_some() && clients.all(|has_ended| has_ended)
    }

    /// Whether this is the run of the program that its host makes now.
    pub(crate) fn is_current(&self, it: Incarnation) -> bool {
        let host = self.of(it.host);
        host.is_running && host.starts == it.start
    }

    /// A new run of the host's program.
    pub(crate) fn start(&mut self, id: HostId) -> Incarnation {
        let host = self.of_mut(id);
        host.starts += 1;
        host.is_running = true;
        Incarnation {
            host: id,
            start: host.starts,
        }
    }

    /// The run of the program ends: returns its tasks, which must be aborted.
    pub(crate) fn stop(&mut self, id: HostId) -> Vec<AbortHandle> {
        let host = self.of_mut(id);
        host.is_running = false;
        host.stalled_until = Instant::ZERO;
        // An aborted task is dropped when it is woken, by the abort itself.
        host.stalled.clear();
        std::mem::take(&mut host.tasks)
    }

    pub(crate) fn add_task(&mut self, it: Incarnation, task: AbortHandle) {
        let host = self.of_mut(it.host);
        if host.tasks.len() >= host.tasks_limit {
            host.tasks.retain(|task| !task.is_finished());
            // Doubled, so that a host with many live tasks does not look through all of them at
            // every spawn.
            host.tasks_limit = TASKS.max(2 * host.tasks.len());
        }
        host.tasks.push(task);
    }

    pub(crate) fn stall(&mut self, id: HostId, until: Instant) {
        let host = self.of_mut(id);
        // A shorter stall during a longer one does not end it.
        host.stalled_until = host.stalled_until.max(until);
    }

    /// Whether a task of this host has to wait for the end of a stall.
    pub(crate) fn stalls(&mut self, id: HostId, now: Instant, task: &Waker) -> bool {
        let host = self.of_mut(id);
        let is_stalled = host.stalled_until > now;
        if is_stalled {
            host.stalled.push(task.clone());
        }
        is_stalled
    }

    /// The tasks that have waited for a stall that is over.
    pub(crate) fn resume(&mut self, id: HostId, now: Instant) -> Vec<Waker> {
        let host = self.of_mut(id);
        // This is the end of an earlier stall, and a later one is under way.
        if host.stalled_until > now {
            return Vec::new();
        }
        std::mem::take(&mut host.stalled)
    }
}

impl Host {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            starts: 0,
            is_running: false,
            client: None,
            tasks: Vec::new(),
            tasks_limit: TASKS,
            stalled_until: Instant::ZERO,
            stalled: Vec::new(),
        }
    }
}
