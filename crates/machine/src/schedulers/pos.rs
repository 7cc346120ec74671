//! Partial order sampling (Yuan, Yang, Gu: "Partial order aware concurrency sampling", CAV 2018).
//!
//! Every pending call has a random priority, and the call with the highest priority is made. Pending
//! calls that conflict with it get new priorities; all others keep theirs. So orders that differ
//! only in independent calls are not sampled apart.

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
    /// Selects the priorities of this run.
    rng_key: u64,
    priorities: PerThread<CallPriority>,
}

/// The priority of a pending call.
#[derive(Clone, Copy, Debug)]
struct CallPriority {
    /// The number of calls that the thread had made before.
    calls: u64,
    /// How many of them were scheduling points. Private calls must not influence priorities.
    points: u64,
    /// How often a priority was drawn for this call.
    draws: u64,
    value: u64,
}

impl Pos {
    /// The priorities selected by `choices` and the host's `key`.
    #[must_use]
    pub fn new(choices: Choices, key: u64) -> Self {
        Self {
            key,
            rng_key: choices.counter_rng(SITE, key).word(0),
            priorities: PerThread::default(),
        }
    }

    fn priority(&mut self, call: &PendingCall) -> &mut CallPriority {
        let rng_key = self.rng_key;
        let fresh = |points| CallPriority {
            calls: call.calls,
            points,
            draws: 1,
            value: draw(rng_key, call.key, points, 1),
        };
        let priority = self.priorities.get(call.thread, || fresh(0));
        // The thread has made the call that this priority was for.
        if priority.calls != call.calls {
            *priority = fresh(priority.points + 1);
        }
        priority
    }

    fn redraw(&mut self, call: &PendingCall) {
        let rng_key = self.rng_key;
        let priority = self.priority(call);
        priority.draws += 1;
        priority.value = draw(rng_key, call.key, priority.points, priority.draws);
    }
}

/// The priority of the thread's call at this scheduling point, drawn for the nth time.
fn draw(rng_key: u64, key: u64, point: u64, nth: u64) -> u64 {
    mix(mix(rng_key, key), mix(point, nth))
}

impl Pos {
    /// The index of the call with the highest priority among those with the highest `rank`, which
    /// depends on the index.
    pub(crate) fn choose_by<R: Ord>(
        &mut self,
        enabled: &EnabledSet,
        rank: impl Fn(usize) -> R,
    ) -> usize {
        let (index, chosen) = enabled
            .non_blocking()
            .max_by_key(|(index, call)| (rank(*index), self.priority(call).value, call.thread))
            .expect("a thread can run");
        let operation = &chosen.request.operation;
        // A call that has lost keeps a low priority against every call that comes after, so orders
        // in which it wins later would be rare. The paper draws again for this reason. Blocked
        // calls race as well.
        for call in enabled.iter() {
            if call.thread != chosen.thread && call.request.operation.conflicts(operation) {
                self.redraw(call);
            }
        }
        index
    }
}

impl Scheduler for Pos {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        self.choose_by(enabled, |_| ())
    }

    /// Pending calls keep the priorities they have.
    fn reseed(&mut self, choices: Choices) {
        self.rng_key = choices.counter_rng(SITE, self.key).word(0);
    }
}
