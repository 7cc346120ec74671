//! Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized
//! scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
//!
//! Owns [`Pct`]: every thread has a random priority, the highest goes on, and at `depth - 1` random
//! steps whoever is about to go falls below all others. A bug of depth d in a run of n threads and
//! k steps is found with probability at least 1 / (n k^(d-1)).
//!
//! Priorities know no fairness, and a thread that polls until another one has done its part would
//! poll for ever. Who makes [`Pct::PATIENCE`] calls in a row while others could go on falls as at a
//! change; a run in which nobody does keeps the bound.

use kernel::{Choices, CounterRng, Site, mix};

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.pct");
/// Above every priority that a thread falls to.
const HIGH: u64 = 1 << 63;
/// Above every priority that a thread falls to because it polls.
const CHANGED: u64 = 1 << 32;

/// Random priorities with a few random changes.
#[derive(Clone, Debug)]
pub struct Pct {
    /// Keys the priorities of this run.
    luck: u64,
    /// The steps at which a thread falls, the latest first.
    changes: Vec<u64>,
    priorities: PerThread<u64>,
    /// Who went last, and how often in a row with others waiting.
    last: Option<ThreadId>,
    in_a_row: u32,
    /// How many have been taken to poll.
    polled: u64,
}

impl Pct {
    /// Calls in a row, with others waiting for the processor, after which a thread is taken to
    /// poll. The longest stretch of work between two waits, a walk through an array of 63 entries,
    /// has some five hundred.
    pub const PATIENCE: u32 = 20_000;

    /// Priorities for bugs of `depth` in a run of about `steps` scheduling points, as `choices` and
    /// the host's `key` name them.
    ///
    /// # Panics
    /// If `depth` or `steps` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, depth: u32, steps: u64) -> Self {
        assert!(depth > 0, "a bug of depth one needs one order");
        assert!(steps > 0, "a run has a step");
        let mut words = choices.counter_rng(SITE, key);
        let luck = words.word(0);
        let change = |ordinal| below(&mut words, ordinal, steps);
        let mut changes: Vec<u64> = (1..u64::from(depth)).map(change).collect();
        changes.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            luck,
            changes,
            priorities: PerThread::default(),
            last: None,
            in_a_row: 0,
            polled: 0,
        }
    }

    /// The stable key of the one among these that all others go before, until a change.
    pub(crate) fn lowest(&self, keys: impl Iterator<Item = u64>) -> Option<u64> {
        keys.min_by_key(|key| first(self.luck, *key))
    }

    /// The thread falls below all others but those that fall with fewer changes `left`.
    pub(crate) fn fall(&mut self, thread: ThreadId, left: usize) {
        let low = CHANGED + left as u64;
        *self.priorities.get(thread, || low) = low;
    }

    /// Who polls falls below all others, and lets the one go on that it waits for.
    pub(crate) fn tire(&mut self, chosen: ThreadId, alone: bool) {
        if self.last.replace(chosen) != Some(chosen) {
            self.in_a_row = 0;
        }
        self.in_a_row += u32::from(!alone);
        if self.in_a_row == Self::PATIENCE {
            self.in_a_row = 0;
            self.polled += 1;
            let low = CHANGED - self.polled;
            *self.priorities.get(chosen, || low) = low;
        }
    }

    /// Who goes next if nothing changes.
    pub(crate) fn highest(&mut self, runnable: &EnabledSet) -> usize {
        let luck = self.luck;
        let priority = |(_, one): &(usize, &PendingCall)| {
            let first = || first(luck, one.key);
            (*self.priorities.get(one.thread, first), one.thread)
        };
        let (index, _) = runnable
            .able()
            .max_by_key(priority)
            .expect("somebody can run");
        index
    }
}

/// The priority that the thread with this key has until a change.
fn first(luck: u64, key: u64) -> u64 {
    mix(luck, key) | HIGH
}

/// The word of decision `ordinal` as a number below `bound`.
pub(crate) fn below(words: &mut CounterRng, ordinal: u64, bound: u64) -> u64 {
    ((u128::from(words.word(ordinal)) * u128::from(bound)) >> 64) as u64
}

impl Scheduler for Pct {
    fn choose(&mut self, step: u64, runnable: &EnabledSet) -> usize {
        let mut index = self.highest(runnable);
        while self.changes.last().is_some_and(|change| *change <= step) {
            self.changes.pop();
            self.fall(runnable[index].thread, self.changes.len());
            index = self.highest(runnable);
        }
        let alone = runnable.able().nth(1).is_none();
        self.tire(runnable[index].thread, alone);
        index
    }
}
