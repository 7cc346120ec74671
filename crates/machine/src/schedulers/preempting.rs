//! Few preemptions, each before a call that another thread could notice.
//!
//! Owns [`Preempting`]: threads go on in a random order, and a few calls that *meet* another thread
//! (see [`counts`](crate::schedulers::counts)) are drawn beforehand, every one as likely as the
//! next. A thread that comes to one of them falls below all others, as in
//! [`Pct`], whose priorities these are.
//!
//! Where PCT draws a step of the run, this draws a thread and how many meetings it has had: the
//! preemption falls on that very call, whatever the others have done by then, and none falls on a
//! call that nobody notices. So a bug that needs d - 1 preemptions, in a run of n threads with m
//! meetings, is found with probability at least 1 / (n! m^(d-1)), and with one preemption of two
//! threads in one of m - 2 runs, however many calls lie between. It refuses to preempt a thread that
//! all others have gone before: that would make no difference, so it goes first instead.

use kernel::{Choices, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::{Counts, PerThread};
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pct::{Pct, below};
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.preempting");

/// The preemptions of one run.
#[derive(Clone, Debug)]
pub struct Preempting {
    order: Pct,
    counts: Counts,
    /// PreemptionPoint which meetings: a thread's stable key, and how many it has had.
    before: Vec<(u64, u64)>,
    /// Who goes before all others until it is preempted.
    leader: Option<u64>,
    /// How many meetings each thread has had.
    had: PerThread<u64>,
}

impl Preempting {
    /// So many `preemptions` of a run with about `counts` calls, as `choices` and the host's `key`
    /// name them; fewer if two fall on the same call.
    #[must_use]
    pub fn new(choices: Choices, key: u64, preemptions: u32, counts: &Counts) -> Self {
        let order = Pct::new(choices, key, 1, counts.most());
        let mut words = choices.counter_rng(SITE, key);
        let turnings = counts.turnings();
        let drawn = if turnings == 0 { 0 } else { preemptions };
        let turning = |ordinal| counts.turning(below(&mut words, u64::from(ordinal), turnings));
        let before: Vec<(u64, u64)> = (0..drawn).map(turning).collect();
        let last = order.lowest(counts.keys());
        let first = before.first().map(|(key, _)| *key);
        Self {
            leader: first.filter(|_| first == last),
            order,
            counts: counts.clone(),
            before,
            had: PerThread::default(),
        }
    }

    fn next(&mut self, runnable: &EnabledSet) -> usize {
        let goes_first = |leader| runnable.able().find(|(_, one)| one.key == leader);
        match self.leader.and_then(goes_first) {
            Some((index, _)) => index,
            None => self.order.highest(runnable),
        }
    }

    /// Whether a thread is to be preempted before its call, which then is settled.
    fn is_preempted(&mut self, one: &PendingCall) -> bool {
        let meeting = (one.key, *self.had.get(one.thread, || 0));
        let before = self.before.len();
        self.before.retain(|it| *it != meeting);
        self.before.len() < before
    }
}

impl Scheduler for Preempting {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        let mut index = self.next(runnable);
        while self.counts.meets(&runnable[index]) {
            let thread = runnable[index].thread;
            if !self.is_preempted(&runnable[index]) {
                *self.had.get(thread, || 0) += 1;
                break;
            }
            self.leader = None;
            // Who falls later falls deeper, so that who fell before goes on.
            self.order.fall(thread, self.before.len());
            index = self.next(runnable);
        }
        let is_alone = runnable.able().nth(1).is_none();
        self.order.tire(runnable[index].thread, is_alone);
        index
    }
}
