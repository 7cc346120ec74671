//! Partial order sampling (Yuan, Yang, Gu: "Partial order aware concurrency sampling", CAV 2018).
//!
//! Owns [`Pos`]: every pending call has a random priority, the highest is made, and calls that
//! conflict with it are given new ones. What conflicts with nothing keeps its place, so that orders
//! which mean the same are not counted apart.

use kernel::{Choices, Site, mix};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.pos");

/// Random priorities of calls.
#[derive(Clone, Debug)]
pub struct Pos {
    key: u64,
    /// Keys the priorities of this run.
    luck: u64,
    pending: PerThread<Pending>,
}

/// A pending call's priority.
#[derive(Clone, Copy, Debug)]
struct Pending {
    /// How many calls the thread had made before.
    calls: u64,
    /// How many of them were scheduling points.
    points: u64,
    /// How often the call was given a priority.
    drawn: u64,
    priority: u64,
}

impl Pos {
    /// The priorities that `choices` and the host's `key` name.
    #[must_use]
    pub fn new(choices: Choices, key: u64) -> Self {
        Self {
            key,
            luck: choices.counter_rng(SITE, key).word(0),
            pending: PerThread::default(),
        }
    }

    fn pending(&mut self, one: &PendingCall) -> &mut Pending {
        let luck = self.luck;
        let fresh = |points| Pending {
            calls: one.calls,
            points,
            drawn: 1,
            priority: drawn(luck, one.key, points, 1),
        };
        let pending = self.pending.get(one.thread, || fresh(0));
        if pending.calls != one.calls {
            *pending = fresh(pending.points + 1);
        }
        pending
    }

    fn redraw(&mut self, one: &PendingCall) {
        let luck = self.luck;
        let pending = self.pending(one);
        pending.drawn += 1;
        pending.priority = drawn(luck, one.key, pending.points, pending.drawn);
    }
}

/// The priority that a call has when it is drawn for the `times`-th time.
fn drawn(luck: u64, key: u64, point: u64, times: u64) -> u64 {
    mix(mix(luck, key), mix(point, times))
}

impl Scheduler for Pos {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        let (index, chosen) = runnable
            .able()
            .max_by_key(|(_, one)| (self.pending(one).priority, one.thread))
            .expect("somebody can run");
        let operation = &chosen.request.operation;
        for one in runnable.iter() {
            if one.thread != chosen.thread && one.request.operation.conflicts(operation) {
                self.redraw(one);
            }
        }
        index
    }

    /// Calls that have their priority keep it.
    fn reseed(&mut self, choices: Choices) {
        self.luck = choices.counter_rng(SITE, self.key).word(0);
    }
}
