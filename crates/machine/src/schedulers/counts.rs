//! How many calls threads make: what some strategies must know beforehand.
//!
//! Owns [`Tally`], which counts pilot runs, [`Counting`], the scheduler that counts one, and
//! [`Counts`], what they say of the next. It refuses to guess: what was never counted counts nothing.
//!
//! A call *meets* another thread if that has ever made one that conflicts with it: a change of what
//! the other touched, or a look at what it changed. PreemptionPoint all other calls a preemption makes no
//! difference that it would not make before the thread's next meeting.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::Choices;

use crate::call::{Resource, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

/// Calls that are scheduling points, by thread and by what they are about, over some runs.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    runs: u64,
    /// By a thread's stable key.
    threads: BTreeMap<u64, Own>,
    hands: BTreeMap<Resource, Hands>,
}

/// The calls of one thread.
#[derive(Clone, Debug, Default)]
struct Own {
    about: BTreeMap<Option<Resource>, u64>,
    /// In the run that is being counted, and the most in any.
    this_run: u64,
    most: u64,
    /// Meetings in the run that is being counted, and how many runs came to the first, to the
    /// second, and so on.
    meetings: usize,
    came: Vec<u64>,
}

/// Which threads a subject went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hands {
    touched: Whose,
    changed: Whose,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Whose {
    #[default]
    Nobody,
    /// By its stable key.
    One(u64),
    Several,
}

/// What the runs that were counted say of the next. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Rc<Estimates>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Estimates {
    most: u64,
    threads: Vec<Share>,
    shared: Vec<Resource>,
    /// Ordered by subject.
    hands: Vec<(Resource, Hands)>,
}

/// The calls of one thread.
#[derive(Debug, PartialEq, Eq)]
struct Share {
    key: u64,
    all: u64,
    meetings: u64,
    about: Vec<(Resource, u64)>,
}

/// A scheduler that lets another one choose, and counts.
#[derive(Debug)]
pub struct Counting<S> {
    chooser: S,
    tally: Rc<RefCell<Tally>>,
}

impl Tally {
    /// Counts one more run, in which `chooser` chooses.
    #[must_use]
    pub fn counting<S: Scheduler>(tally: &Rc<RefCell<Self>>, chooser: S) -> Counting<S> {
        let mut counts = tally.borrow_mut();
        counts.runs += 1;
        for own in counts.threads.values_mut() {
            (own.this_run, own.meetings) = (0, 0);
        }
        drop(counts);
        Counting {
            chooser,
            tally: Rc::clone(tally),
        }
    }

    /// Means over all runs so far, rounded up, and the size of the largest run there can be.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mean = |calls: u64| calls.div_ceil(self.runs.max(1));
        let share = |(&key, own): (&u64, &Own)| Share {
            key,
            all: mean(own.about.values().sum()),
            meetings: own.meetings_of_a_long_run(self.runs),
            about: (own.about.iter())
                .filter_map(|(subject, &calls)| Some(((*subject)?, mean(calls))))
                .collect(),
        };
        let threads: Vec<Share> = self.threads.iter().map(share).collect();
        let mut users: BTreeMap<Resource, u32> = BTreeMap::new();
        for (subject, _) in threads.iter().flat_map(|share| &share.about) {
            *users.entry(*subject).or_default() += 1;
        }
        let shared = users.into_iter().filter(|(_, users)| *users > 1);
        Counts(Rc::new(Estimates {
            most: self.threads.values().map(|own| own.most).sum(),
            shared: shared.map(|(subject, _)| subject).collect(),
            threads,
            hands: self.hands.iter().map(|(&it, &hands)| (it, hands)).collect(),
        }))
    }

    fn count(&mut self, chosen: &PendingCall) {
        let operation = &chosen.request.operation;
        let subject = operation.resource();
        let meets = subject.is_some_and(|subject| {
            let hands = self.hands.entry(subject).or_default();
            hands.pass(chosen);
            hands.meet(chosen)
        });
        let own = self.threads.entry(chosen.key).or_default();
        *own.about.entry(subject).or_default() += 1;
        own.this_run += 1;
        own.most = own.most.max(own.this_run);
        if meets {
            own.came.resize(own.came.len().max(own.meetings + 1), 0);
            own.came[own.meetings] += 1;
            own.meetings += 1;
        }
    }
}

impl Own {
    /// The mean of those of `runs` runs that are at least as long as the mean. The mean itself
    /// would leave out what only some runs come to, and the most counts what hardly one does, such
    /// as trying again and again.
    fn meetings_of_a_long_run(&self, runs: u64) -> u64 {
        let mean = self.came.iter().sum::<u64>().div_ceil(runs.max(1));
        let (up_to_it, beyond) = self.came.split_at(mean as usize);
        let more = |long: &u64| beyond.iter().sum::<u64>().div_ceil(*long);
        mean + up_to_it.last().map_or(0, more)
    }
}

impl Hands {
    /// Through those of whoever makes this call.
    fn pass(&mut self, one: &PendingCall) {
        self.touched.add(one.key);
        if one.request.operation.changes() {
            self.changed.add(one.key);
        }
    }

    /// Whether somebody else's call conflicts with this one.
    fn meet(self, one: &PendingCall) -> bool {
        let changes = one.request.operation.changes();
        self.changed.is_another(one.key) || changes && self.touched.is_another(one.key)
    }
}

impl Whose {
    fn add(&mut self, key: u64) {
        *self = match *self {
            Self::Nobody => Self::One(key),
            Self::One(known) if known == key => return,
            Self::One(_) | Self::Several => Self::Several,
        };
    }

    /// Whether it is somebody's other than the one with this key.
    fn is_another(self, key: u64) -> bool {
        match self {
            Self::Nobody => false,
            Self::One(known) => known != key,
            Self::Several => true,
        }
    }
}

impl Counts {
    /// Scheduling points of a run in which every thread makes the most it ever made; at least one.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.0.most.max(1)
    }

    /// The mean number of scheduling points of the thread with this key.
    #[must_use]
    pub fn of_thread(&self, key: u64) -> u64 {
        self.share(key).map_or(0, |share| share.all)
    }

    /// The mean number of calls about `subject` of the thread with this key.
    #[must_use]
    pub fn about(&self, key: u64, subject: Resource) -> u64 {
        let about = self.share(key).map_or(&[][..], |share| &share.about);
        let found = about.iter().find(|(known, _)| *known == subject);
        found.map_or(0, |(_, calls)| *calls)
    }

    /// What more than one thread was about, in order.
    #[must_use]
    pub fn shared(&self) -> &[Resource] {
        &self.0.shared
    }

    /// Whether this call meets another thread.
    pub(crate) fn meets(&self, one: &PendingCall) -> bool {
        let hands = &self.0.hands;
        let Some(subject) = one.request.operation.resource() else {
            return false;
        };
        let place = hands.binary_search_by_key(&subject, |(it, _)| *it);
        place.is_ok_and(|place| hands[place].1.meet(one))
    }

    /// Meetings at which a run can turn otherwise: all but each thread's first, before which a
    /// preemption is another order of threads and no more.
    pub(crate) fn turnings(&self) -> u64 {
        self.0.threads.iter().map(Share::turnings).sum()
    }

    /// One of them: a thread's stable key, and how many meetings it has had before.
    ///
    /// # Panics
    /// If there are not so many.
    pub(crate) fn turning(&self, mut number: u64) -> (u64, u64) {
        for share in &self.0.threads {
            if number < share.turnings() {
                return (share.key, number + 1);
            }
            number -= share.turnings();
        }
        panic!("fewer turnings than were said");
    }

    /// The stable keys of the threads.
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.threads.iter().map(|share| share.key)
    }

    fn share(&self, key: u64) -> Option<&Share> {
        self.0.threads.iter().find(|share| share.key == key)
    }
}

impl Share {
    fn turnings(&self) -> u64 {
        self.meetings.saturating_sub(1)
    }
}

impl<S: Scheduler> Scheduler for Counting<S> {
    fn choose(&mut self, step: u64, runnable: &EnabledSet) -> usize {
        let index = self.chooser.choose(step, runnable);
        if let Some(chosen) = runnable.get(index) {
            self.tally.borrow_mut().count(chosen);
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

/// Something a strategy remembers of each thread.
#[derive(Clone, Debug)]
pub(crate) struct PerThread<T>(Vec<Option<T>>);

impl<T> PerThread<T> {
    /// What is remembered of `thread`, `first` if nothing is yet.
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
