//! Call counts of pilot runs, which some adversaries need before a run.
//!
//! A [`CallCounter`] counts pilot runs through [`Counting`] schedulers; [`Counts`] is what they say about
//! the next run. A thread that was never counted makes no calls.
//!
//! A call is *conflicting* here if another thread has ever made a call on the same resource and at
//! least one of the two writes. A preemption before any other call is equivalent to one before the
//! thread's next conflicting call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::Choices;

use crate::call::{Resource, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

/// Scheduling points of some runs, by thread and by resource.
#[derive(Clone, Debug, Default)]
pub struct CallCounter {
    runs: u64,
    /// By the thread's stable key.
    threads: BTreeMap<u64, ThreadCallCounter>,
    users: BTreeMap<Resource, Users>,
}

/// The calls of one thread.
#[derive(Clone, Debug, Default)]
struct ThreadCallCounter {
    by_resource: BTreeMap<Option<Resource>, u64>,
    /// Calls in the present run, and the most in any run.
    this_run: u64,
    most: u64,
    /// Conflicting calls in the present run.
    conflicts: usize,
    /// How many runs came to the first conflicting call, to the second, and so on.
    reached: Vec<u64>,
}

/// The threads that have used a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Users {
    all: KeySet,
    writers: KeySet,
}

/// A set of threads, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum KeySet {
    #[default]
    Empty,
    /// By its stable key.
    One(u64),
    Several,
}

/// What the counted runs say about the next run. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Rc<Estimates>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Estimates {
    most: u64,
    threads: Vec<ThreadCounts>,
    shared: Vec<SharedResource>,
    /// Sorted by resource.
    users: Vec<(Resource, Users)>,
}

/// A resource that more than one thread uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SharedResource {
    pub(crate) resource: Resource,
    /// The mean number of calls of all threads.
    pub(crate) calls: u64,
}

/// The calls of one thread.
#[derive(Debug, PartialEq, Eq)]
struct ThreadCounts {
    key: u64,
    all: u64,
    conflicts: u64,
    by_resource: Vec<(Resource, u64)>,
}

/// A conflicting call before which a preemption may change the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConflictPoint {
    /// The thread's stable key.
    pub(crate) key: u64,
    /// The number of conflicting calls that the thread has made before.
    pub(crate) earlier: u64,
}

/// A scheduler that delegates to another one, and counts.
#[derive(Debug)]
pub struct Counting<S> {
    chooser: S,
    counter: Rc<RefCell<CallCounter>>,
}

impl CallCounter {
    /// Counts one more run, in which `chooser` chooses.
    #[must_use]
    pub fn counting<S: Scheduler>(counter: &Rc<RefCell<Self>>, chooser: S) -> Counting<S> {
        let mut counts = counter.borrow_mut();
        counts.runs += 1;
        for thread in counts.threads.values_mut() {
            (thread.this_run, thread.conflicts) = (0, 0);
        }
        drop(counts);
        Counting {
            chooser,
            counter: Rc::clone(counter),
        }
    }

    /// Means over all runs so far, rounded up, and the size of the largest possible run.
    #[must_use]
    pub fn counts(&self) -> Counts {
        // Rounded up: a call that only some runs make must keep a weight.
        let mean = |calls: u64| calls.div_ceil(self.runs.max(1));
        let thread = |(&key, counter): (&u64, &ThreadCallCounter)| ThreadCounts {
            key,
            all: mean(counter.by_resource.values().sum()),
            conflicts: counter.conflicts_of_a_long_run(self.runs),
            by_resource: (counter.by_resource.iter())
                .filter_map(|(resource, &calls)| Some(((*resource)?, mean(calls))))
                .collect(),
        };
        let threads: Vec<ThreadCounts> = self.threads.iter().map(thread).collect();
        let mut usage: BTreeMap<Resource, (u32, u64)> = BTreeMap::new();
        for (resource, calls) in threads.iter().flat_map(|thread| &thread.by_resource) {
            let (users, all) = usage.entry(*resource).or_default();
            *users += 1;
            *all += calls;
        }
        let shared = usage.into_iter().filter(|(_, (users, _))| *users > 1);
        Counts(Rc::new(Estimates {
            // PCT draws its change points below this number. Too small a number would leave the end
            // of long runs without change points, too large a one only lowers the probability.
            most: self.threads.values().map(|thread| thread.most).sum(),
            shared: shared
                .map(|(resource, (_, calls))| SharedResource { resource, calls })
                .collect(),
            threads,
            users: self.users.iter().map(|(&it, &users)| (it, users)).collect(),
        }))
    }

    fn count(&mut self, chosen: &PendingCall) {
        let resource = chosen.request.operation.resource();
        let is_conflicting = resource.is_some_and(|resource| {
            let users = self.users.entry(resource).or_default();
            users.add(chosen);
            users.conflict_with(chosen)
        });
        let thread = self.threads.entry(chosen.key).or_default();
        *thread.by_resource.entry(resource).or_default() += 1;
        thread.this_run += 1;
        thread.most = thread.most.max(thread.this_run);
        if is_conflicting {
            let nth = thread.conflicts;
            thread.reached.resize(thread.reached.len().max(nth + 1), 0);
            thread.reached[nth] += 1;
            thread.conflicts += 1;
        }
    }
}

impl ThreadCallCounter {
    /// The mean number of conflicting calls, over those of `runs` runs that are at least as long as
    /// the mean. The mean over all runs would leave out what only some runs reach; the maximum would
    /// count what hardly any run reaches, such as many retries.
    fn conflicts_of_a_long_run(&self, runs: u64) -> u64 {
        let mean = self.reached.iter().sum::<u64>().div_ceil(runs.max(1));
        let (up_to_mean, beyond) = self.reached.split_at(mean as usize);
        // The number of runs that reached the mean is the last entry up to it.
        let more = |long_runs: &u64| beyond.iter().sum::<u64>().div_ceil(*long_runs);
        mean + up_to_mean.last().map_or(0, more)
    }
}

impl Users {
    fn add(&mut self, call: &PendingCall) {
        self.all.add(call.key);
        if call.request.operation.is_write() {
            self.writers.add(call.key);
        }
    }

    /// Whether another thread's call conflicts with this one.
    fn conflict_with(self, call: &PendingCall) -> bool {
        let writes = call.request.operation.is_write();
        self.writers.has_other(call.key) || writes && self.all.has_other(call.key)
    }
}

impl KeySet {
    fn add(&mut self, key: u64) {
        *self = match *self {
            Self::Empty => Self::One(key),
            Self::One(only) if only == key => return,
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    /// Whether it contains another thread than the one with this key.
    fn has_other(self, key: u64) -> bool {
        match self {
            Self::Empty => false,
            Self::One(only) => only != key,
            Self::Several => true,
        }
    }
}

impl Counts {
    /// Scheduling points of a run in which every thread makes the most calls it ever made; at least
    /// one.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.0.most.max(1)
    }

    /// The mean number of scheduling points of the thread with this key.
    #[must_use]
    pub fn of_thread(&self, key: u64) -> u64 {
        self.thread(key).map_or(0, |thread| thread.all)
    }

    /// The mean number of calls on `resource` of the thread with this key.
    #[must_use]
    pub fn on_resource(&self, key: u64, resource: Resource) -> u64 {
        let calls = self
            .thread(key)
            .map_or(&[][..], |thread| &thread.by_resource);
        let found = calls.iter().find(|(it, _)| *it == resource);
        found.map_or(0, |(_, calls)| *calls)
    }

    /// The resources that more than one thread uses, in order.
    pub(crate) fn shared(&self) -> &[SharedResource] {
        &self.0.shared
    }

    /// Whether this call is conflicting.
    pub(crate) fn is_conflicting(&self, call: &PendingCall) -> bool {
        let users = &self.0.users;
        let Some(resource) = call.request.operation.resource() else {
            return false;
        };
        let index = users.binary_search_by_key(&resource, |(it, _)| *it);
        index.is_ok_and(|index| users[index].1.conflict_with(call))
    }

    /// The number of conflict points: each thread's conflicting calls but the first. A preemption
    /// before the first is only another order of threads.
    pub(crate) fn conflict_points(&self) -> u64 {
        self.0.threads.iter().map(ThreadCounts::points).sum()
    }

    /// One conflict point, by its number.
    ///
    /// # Panics
    /// If there are fewer.
    pub(crate) fn conflict_point(&self, mut number: u64) -> ConflictPoint {
        for thread in &self.0.threads {
            if number < thread.points() {
                return ConflictPoint {
                    key: thread.key,
                    // The first conflicting call is no point: see `conflict_points`.
                    earlier: number + 1,
                };
            }
            number -= thread.points();
        }
        panic!("the number is below that of all conflict points");
    }

    /// The stable keys of the threads.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.threads.iter().map(|thread| thread.key)
    }

    fn thread(&self, key: u64) -> Option<&ThreadCounts> {
        self.0.threads.iter().find(|thread| thread.key == key)
    }
}

impl ThreadCounts {
    fn points(&self) -> u64 {
        self.conflicts.saturating_sub(1)
    }
}

impl<S: Scheduler> Scheduler for Counting<S> {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        let index = self.chooser.choose(step, enabled);
        if let Some(chosen) = enabled.get(index) {
            self.counter.borrow_mut().count(chosen);
        }
        index
    }

    fn on_idle(&mut self) {
        self.chooser.on_idle();
    }

    fn reseed(&mut self, choices: Choices) {
        self.chooser.reseed(choices);
    }
}

/// Something a scheduler remembers of each thread.
#[derive(Clone, Debug)]
pub(crate) struct PerThread<T>(Vec<Option<T>>);

impl<T> PerThread<T> {
    /// The value of `thread`, initially `first`.
    pub(crate) fn get(&mut self, thread: ThreadId, first: impl FnOnce() -> T) -> &mut T {
        if self.0.len() <= thread.index() {
            self.0.resize_with(thread.index() + 1, || None);
        }
        self.0[thread.index()].get_or_insert_with(first)
    }
}

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
