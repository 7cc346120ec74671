//! Selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury: "Selectively uniform
//! concurrency testing", ASPLOS 2025).
//!
//! Of the selected calls every interleaving is equally likely, if the counts are right and no thread
//! waits for another. The walk draws beforehand which thread makes the next selected call, weighted
//! by how many each thread has left. Until then all other threads stop before their selected calls;
//! among calls that are not selected the walk is random.
//!
//! [`InterestingCalls::OneWithPriorities`] is ours. A walk lets threads go on side by side between selected calls, so
//! that a long stretch of one within a short one of another is rare. Random priorities of threads make such stretches.

use kernel::{Choices, CounterRng, Site};

use crate::call::{Resource, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::counts::{Counts, PerThread};
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pct::Pct;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.surw");

/// The calls over which the walk is uniform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterestingCalls {
    /// Every scheduling point.
    All,
    /// The calls on one resource, which each run draws from those that several threads use, weighted by their
    /// calls.
    One,
    /// The same; the other calls are made in the order of random priorities of threads, as in [`Pct`].
    OneWithPriorities,
}

/// The walk of one run.
#[derive(Clone, Debug)]
pub struct Surw {
    key: u64,
    rng: CounterRng,
    /// The number of random words taken.
    taken: u64,
    counts: Counts,
    /// The selected resource; `None` if all calls are selected.
    resource: Option<Resource>,
    /// The number of selected calls that each thread has left.
    left: PerThread<u64>,
    /// The thread that makes the next selected call.
    intended: Option<ThreadId>,
    /// What orders the calls that are not selected; `None` for a walk.
    priorities: Option<Pct>,
}

impl Surw {
    /// The walk selected by `choices` and the host's `key`, for a run with about `counts` calls.
    #[must_use]
    pub fn new(choices: Choices, key: u64, counts: &Counts, selection: InterestingCalls) -> Self {
        let mut rng = choices.counter_rng(SITE, key);
        // A walk over few calls is uniform over few orders, so each of them is likely. Which resource is part of
        // the draw: one with more calls has more orders, and needs more runs.
        let shared = match selection {
            InterestingCalls::All => &[],
            InterestingCalls::One | InterestingCalls::OneWithPriorities => counts.shared(),
        };
        // With no shared resource the draw is 0 of 0: nothing is found, and all calls are selected.
        let all = shared.iter().map(|it| it.calls).sum();
        let mut drawn = below(rng.word(0), all);
        let found = shared.iter().find(|it| {
            let is_it = drawn < it.calls;
            drawn = drawn.saturating_sub(it.calls);
            is_it
        });
        Self {
            key,
            rng,
            taken: 1,
            counts: counts.clone(),
            resource: found.map(|it| it.resource),
            left: PerThread::default(),
            intended: None,
            priorities: (selection == InterestingCalls::OneWithPriorities)
                .then(|| Pct::new(choices, key, 1, counts.most())),
        }
    }

    fn draw(&mut self, bound: u64) -> u64 {
        let word = self.rng.word(self.taken);
        self.taken += 1;
        below(word, bound)
    }

    fn is_selected(&self, call: &PendingCall) -> bool {
        let resource = call.request.operation.resource();
        self.resource.is_none() || self.resource == resource
    }

    /// How many selected calls a thread has left by the counts. At least one if it is about to make
    /// one: counts are estimates.
    fn left(&mut self, call: &PendingCall) -> u64 {
        let (counts, resource) = (&self.counts, self.resource);
        let first = || match resource {
            None => counts.of_thread(call.key),
            Some(resource) => counts.on_resource(call.key, resource),
        };
        let left = *self.left.get(call.thread, first);
        // A weight of zero would exclude an order that is possible.
        left.max(u64::from(self.is_selected(call)))
    }

    /// Draws the thread that makes the next selected call, weighted by how many each has left.
    fn intend(&mut self, enabled: &EnabledSet) -> Option<ThreadId> {
        let all: u64 = enabled
            .non_blocking()
            .map(|(_, call)| self.left(call))
            .sum();
        if all == 0 {
            return None;
        }
        let mut drawn = self.draw(all);
        for (_, call) in enabled.non_blocking() {
            let left = self.left(call);
            if drawn < left {
                return Some(call.thread);
            }
            drawn -= left;
        }
        panic!("the draw is below the sum of all weights");
    }

    /// Whether a thread need not stop before its call.
    fn may_go(&self, call: &PendingCall) -> bool {
        Some(call.thread) == self.intended || !self.is_selected(call)
    }

    /// A thread among those that need not stop, if there is one.
    fn next(&mut self, enabled: &EnabledSet) -> Option<usize> {
        if let Some(mut priorities) = self.priorities.take() {
            let index = priorities.highest_of(enabled, |call| self.may_go(call));
            if let Some(index) = index {
                let is_alone = enabled.non_blocking().nth(1).is_none();
                priorities.detect_polling(enabled[index].thread, is_alone);
            }
            self.priorities = Some(priorities);
            return index;
        }
        let may_go = |it: &(usize, &PendingCall)| self.may_go(it.1);
        let count = enabled.non_blocking().filter(may_go).count();
        if count == 0 {
            return None;
        }
        let drawn = self.draw(count as u64) as usize;
        let may_go = |it: &(usize, &PendingCall)| self.may_go(it.1);
        let mut free = enabled.non_blocking().filter(may_go);
        free.nth(drawn).map(|(index, _)| index)
    }
}

/// Maps a uniformly random `word` to a number below `bound`.
fn below(word: u64, bound: u64) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

impl Scheduler for Surw {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        // The intention stands until its thread makes a selected call, so that unselected calls of
        // others do not change the distribution.
        if self.intended.is_none() {
            self.intended = self.intend(enabled);
        }
        let index = match self.next(enabled) {
            Some(index) => index,
            None => {
                // The intended thread blocks or has ended: draw another.
                self.intended = self.intend(enabled);
                self.next(enabled).unwrap_or(0)
            }
        };
        let chosen = &enabled[index];
        if self.is_selected(chosen) {
            let left = self.left(chosen);
            // One selected call less; the next intention is drawn from the rest. Drawing in proportion to
            // what is left makes all orders equally likely: with a and b calls left, a fraction of
            // a / (a + b) of the orders of these calls begins with the first thread.
            *self.left.get(chosen.thread, || left) = left.saturating_sub(1);
            self.intended = None;
        }
        index
    }

    fn reseed(&mut self, choices: Choices) {
        self.rng = choices.counter_rng(SITE, self.key);
    }
}
