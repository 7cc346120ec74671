//! What the runs of a search have shown: events, and which read saw which write.

use kernel::mix;
use rustc_hash::FxHashMap;

use super::constraints::{Event, PendingAccess, ReadsFromPair, Source};
use crate::call::{CallSite, Operation, Resource, ThreadId};
use crate::schedulers::pending_call::PendingCall;

/// What all runs have shown.
#[derive(Debug, Default)]
pub(super) struct Observations {
    /// Looked up, never iterated.
    events: FxHashMap<(CallSite, Resource), Event>,
    resources: FxHashMap<Resource, u32>,
    /// By number of resource.
    users: Vec<Users>,
    /// Readers of resources that can see more than one write, in the order in which they became so.
    readers: Vec<(Event, u32)>,
    /// The number of the last run that showed a pair.
    pairs: FxHashMap<ReadsFromPair, u64>,
    run: u64,
    shown: Shown,
}

/// What one run has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// The number of pairs that no earlier run has shown.
    pub(super) new_pairs: u32,
    /// Of all its pairs, in no order.
    pub(super) signature: u64,
}

/// The events on a resource.
#[derive(Debug, Default)]
struct Users {
    readers: Vec<Event>,
    writers: Vec<Event>,
    /// The first thread, and whether there are others.
    thread: Option<u64>,
    is_shared: bool,
    /// Whether its readers are listed.
    is_listed: bool,
    last: Option<(Event, ThreadId)>,
    /// The run in which `last` was written.
    run: u64,
}

/// Whether a call sees what an earlier call on its resource has left; `None` if it works on nothing that
/// an order of threads decides.
const fn reads(operation: &Operation) -> Option<bool> {
    match operation {
        Operation::Read(_)
        | Operation::Exchange(..)
        | Operation::CompareExchange { .. }
        | Operation::FetchAdd(..)
        | Operation::Lock(_)
        | Operation::Wait(..)
        | Operation::WaitEvent(..)
        | Operation::Receive(..) => Some(true),
        Operation::Write(..)
        | Operation::Unlock(_)
        | Operation::Signal(_)
        | Operation::SetEvent(_)
        | Operation::ResetEvent(_)
        | Operation::Send(_) => Some(false),
        Operation::Sleep(_)
        | Operation::Work(_)
        | Operation::Environment(_)
        | Operation::Raise(_) => None,
    }
}

/// Whether later calls see it. Who waits takes what is there: only what makes it come is a write.
const fn writes(operation: &Operation) -> bool {
    !matches!(
        operation,
        Operation::Read(_)
            | Operation::Lock(_)
            | Operation::Wait(..)
            | Operation::WaitEvent(..)
            | Operation::Receive(..)
    )
}

impl Observations {
    pub(super) fn begin_run(&mut self) {
        self.run += 1;
        self.shown = Shown::default();
    }

    /// What the run in progress, or the last one, has shown.
    pub(super) const fn shown(&self) -> Shown {
        self.shown
    }

    /// Readers that can see more than one write, with their resources.
    pub(super) fn readers(&self) -> &[(Event, u32)] {
        &self.readers
    }

    /// The writers of a resource.
    pub(super) fn writers(&self, resource: u32) -> &[Event] {
        &self.users[resource as usize].writers
    }

    /// Whether a run has shown a pair.
    pub(super) fn has_seen(&self, pair: &ReadsFromPair) -> bool {
        self.pairs.contains_key(pair)
    }

    /// A pending call, if its event is known.
    pub(super) fn access_of(&self, call: &PendingCall) -> Option<PendingAccess> {
        let operation = &call.request.operation;
        let resource = operation.resource()?;
        let event = *self.events.get(&(call.request.site, resource))?;
        let resource = *self.resources.get(&resource)?;
        Some(PendingAccess {
            event,
            resource,
            writes: writes(operation),
            sees: self.source(resource, call.thread),
            last: self.last(resource).map(|(event, _)| event),
        })
    }

    fn last(&self, resource: u32) -> Option<(Event, ThreadId)> {
        let users = &self.users[resource as usize];
        users.last.filter(|_| users.run == self.run)
    }

    fn source(&self, resource: u32, thread: ThreadId) -> Source {
        match self.last(resource) {
            None => Source::Initial,
            Some((_, writer)) if writer == thread => Source::Own,
            Some((event, _)) => Source::Other(event),
        }
    }

    /// A call is made. Returns what it sees, if it reads.
    pub(super) fn call(&mut self, call: &PendingCall) -> Option<ReadsFromPair> {
        // A call that only begins to wait sees nothing yet.
        if call.blocks() {
            return None;
        }
        let operation = &call.request.operation;
        let (is_read, resource) = (reads(operation)?, operation.resource()?);
        let next = self.users.len() as u32;
        let number = *self.resources.entry(resource).or_insert(next);
        if number == next {
            self.users.push(Users::default());
        }
        let event = self.event(call, resource, number);
        self.use_by(number, call.key);
        let seen = is_read.then(|| ReadsFromPair {
            reader: event,
            source: self.source(number, call.thread),
        });
        if let Some(seen) = seen {
            self.see(seen);
        }
        if writes(operation) {
            let users = &mut self.users[number as usize];
            (users.last, users.run) = (Some((event, call.thread)), self.run);
        }
        seen
    }

    /// The number of an event, which may be new.
    fn event(&mut self, call: &PendingCall, resource: Resource, number: u32) -> Event {
        let next = Event(self.events.len() as u32);
        let event = *(self.events)
            .entry((call.request.site, resource))
            .or_insert(next);
        if event == next {
            let users = &mut self.users[number as usize];
            let operation = &call.request.operation;
            if reads(operation) == Some(true) {
                users.readers.push(event);
                if users.is_listed {
                    self.readers.push((event, number));
                }
            }
            if writes(operation) {
                users.writers.push(event);
            }
        }
        event
    }

    /// A thread uses a resource. Its readers are listed once others use it, and one of them writes.
    fn use_by(&mut self, number: u32, thread: u64) {
        let users = &mut self.users[number as usize];
        users.is_shared |= *users.thread.get_or_insert(thread) != thread;
        if users.is_shared && !users.is_listed && !users.writers.is_empty() {
            users.is_listed = true;
            let readers = users.readers.iter().map(|it| (*it, number));
            self.readers.extend(readers);
        }
    }

    fn see(&mut self, pair: ReadsFromPair) {
        if pair.source == Source::Own {
            return;
        }
        let run = self.pairs.insert(pair, self.run);
        if run == Some(self.run) {
            return;
        }
        self.shown.new_pairs += u32::from(run.is_none());
        let source = match pair.source {
            Source::Initial | Source::Own => 0,
            Source::Other(event) => u64::from(event.0) + 1,
        };
        // A sum does not depend on the order in which the pairs came.
        let hash = mix(u64::from(pair.reader.0), source);
        self.shown.signature = self.shown.signature.wrapping_add(hash);
    }
}
