//! A few preemptions, each before a call that conflicts with another thread.
//!
//! Threads run in a random order, with priorities as in [`Pct`]. A few conflicting calls (see
//! [`counts`](crate::schedulers::counts)) are drawn beforehand, each equally likely. A thread that
//! comes to one of them drops below all others.
//!
//! PCT draws a step of the run; this scheduler draws a thread and the number of its conflicting
//! call. The preemption then falls on that very call, whatever the other threads have done, and none
//! falls on a call that no other thread observes. A bug that needs d - 1 preemptions, in a run of n
//! threads with m conflicting calls, is found with probability at least 1 / (n! m^(d-1)); with one
//! preemption and two threads in one of m - 2 runs, however many calls lie in between.

use kernel::{Choices, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::{ConflictPoint, Counts, PerThread};
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pct::{Pct, below};
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.preempting");

/// The preemptions of one run.
#[derive(Clone, Debug)]
pub struct Preempting {
    priorities: Pct,
    counts: Counts,
    /// The calls before which a thread is still to be preempted.
    before: Vec<ConflictPoint>,
    /// The key of the thread that runs before all others until it is preempted.
    leader: Option<u64>,
    /// The number of conflicting calls that each thread has made.
    made: PerThread<u64>,
}

impl Preempting {
    /// `preemptions` preemptions of a run with about `counts` calls, selected by `choices` and the
    /// host's `key`; fewer if two fall on the same call.
    #[must_use]
    pub fn new(choices: Choices, key: u64, preemptions: u32, counts: &Counts) -> Self {
        let priorities = Pct::new(choices, key, 1, counts.most());
        let mut rng = choices.counter_rng(SITE, key);
        let points = counts.conflict_points();
        let drawn = if points == 0 { 0 } else { preemptions };
        // Only calls that conflict with another thread's are candidates: moving a switch between
        // independent calls gives an equivalent order, and such draws would be wasted.
        let draw = |nth| counts.conflict_point(below(&mut rng, u64::from(nth), points));
        let before: Vec<ConflictPoint> = (0..drawn).map(draw).collect();
        // To preempt a thread after all others have run makes no difference. So if the first
        // preempted thread has the lowest priority, it runs first instead.
        let last = priorities.lowest(counts.keys());
        let first = before.first().map(|point| point.key);
        Self {
            leader: first.filter(|_| first == last),
            priorities,
            counts: counts.clone(),
            before,
            made: PerThread::default(),
        }
    }

    fn next(&mut self, enabled: &EnabledSet) -> usize {
        let is_ready = |leader| enabled.non_blocking().find(|(_, call)| call.key == leader);
        match self.leader.and_then(is_ready) {
            Some((index, _)) => index,
            None => self.priorities.highest(enabled),
        }
    }

    /// Whether the thread is to be preempted before its call. Each preemption happens once.
    fn take_preemption(&mut self, call: &PendingCall) -> bool {
        let point = ConflictPoint {
            key: call.key,
            earlier: *self.made.get(call.thread, || 0),
        };
        let count = self.before.len();
        // Retain instead of a search: two draws of the same call are one preemption.
        self.before.retain(|it| *it != point);
        self.before.len() < count
    }
}

impl Scheduler for Preempting {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let mut index = self.next(enabled);
        while self.counts.is_conflicting(&enabled[index]) {
            let thread = enabled[index].thread;
            if !self.take_preemption(&enabled[index]) {
                *self.made.get(thread, || 0) += 1;
                break;
            }
            self.leader = None;
            // A later preemption drops its thread deeper, so that the earlier one continues.
            self.priorities.drop_priority(thread, self.before.len());
            index = self.next(enabled);
        }
        let is_alone = enabled.non_blocking().nth(1).is_none();
        self.priorities
            .detect_polling(enabled[index].thread, is_alone);
        index
    }
}
