//! Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized
//! scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
//!
//! Every thread has a random priority, and the ready thread with the highest priority runs. At
//! `depth - 1` random steps the running thread drops below all others. In a run of n threads and k
//! steps, a bug of depth d is found with probability at least 1 / (n k^(d-1)).
//!
//! Strict priorities are not fair: a thread that polls until another one has done something would
//! poll for ever. So a thread that makes [`Pct::SPIN_LIMIT`] calls in a row, while others are ready,
//! drops as well. The bound holds for runs in which that does not happen.

use kernel::{Choices, CounterRng, Site, mix};

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.pct");
// Three bands of priorities: initial ones, those after a change point, those of polling threads.
/// All initial priorities are above.
const INITIAL: u64 = 1 << 63;
/// All priorities after a change point are above, all priorities of polling threads below.
const CHANGED: u64 = 1 << 32;

/// Random priorities with a few random change points.
#[derive(Clone, Debug)]
pub struct Pct {
    /// Selects the priorities of this run.
    rng_key: u64,
    /// The steps of the change points, the latest first.
    change_points: Vec<u64>,
    priorities: PerThread<u64>,
    /// The thread that ran last, and how many calls it made in a row while others were ready.
    last: Option<ThreadId>,
    in_a_row: u32,
    /// The number of times that a thread was found polling.
    polling: u64,
}

impl Pct {
    /// The number of calls in a row, with other threads ready, after which a thread is taken to
    /// poll. The longest real work between two waits, a walk through an array of 63
    /// entries, has some 500.
    pub const SPIN_LIMIT: u32 = 20_000;

    /// Priorities for bugs of `depth` in a run of about `steps` scheduling points, selected by
    /// `choices` and the host's `key`.
    ///
    /// # Panics
    /// If `depth` or `steps` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, depth: u32, steps: u64) -> Self {
        assert!(depth > 0, "the least depth of a bug is one");
        assert!(steps > 0, "a run has at least one step");
        let mut rng = choices.counter_rng(SITE, key);
        let rng_key = rng.word(0);
        // Drawn independently, as in the paper: two may fall on one step.
        let change_point = |nth| below(&mut rng, nth, steps);
        let mut change_points: Vec<u64> = (1..u64::from(depth)).map(change_point).collect();
        // The next point is taken from the end.
        change_points.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            rng_key,
            change_points,
            priorities: PerThread::default(),
            last: None,
            in_a_row: 0,
            polling: 0,
        }
    }

    /// The key with the lowest initial priority.
    pub(crate) fn lowest(&self, keys: impl Iterator<Item = u64>) -> Option<u64> {
        keys.min_by_key(|key| initial(self.rng_key, *key))
    }

    /// The thread drops below all others, except those that dropped with fewer `changes_left`.
    pub(crate) fn drop_priority(&mut self, thread: ThreadId, changes_left: usize) {
        // A thread that drops later drops lower.
        let low = CHANGED + changes_left as u64;
        *self.priorities.get(thread, || low) = low;
    }

    /// Counts a choice. A polling thread drops below all others, so that the one it waits for runs.
    pub(crate) fn detect_polling(&mut self, chosen: ThreadId, is_alone: bool) {
        if self.last.replace(chosen) != Some(chosen) {
            self.in_a_row = 0;
        }
        // A thread that runs alone cannot starve another.
        self.in_a_row += u32::from(!is_alone);
        if self.in_a_row == Self::SPIN_LIMIT {
            self.in_a_row = 0;
            self.polling += 1;
            // Below all change points, and below earlier polling threads: those then run again.
            let low = CHANGED - self.polling;
            *self.priorities.get(chosen, || low) = low;
        }
    }

    /// The index of the thread with the highest priority.
    pub(crate) fn highest(&mut self, enabled: &EnabledSet) -> usize {
        let all = self.highest_of(enabled, |_| true);
        all.expect("a thread can run")
    }

    /// The same among those whose next call `may_go`.
    pub(crate) fn highest_of(
        &mut self,
        enabled: &EnabledSet,
        may_go: impl Fn(&PendingCall) -> bool,
    ) -> Option<usize> {
        let rng_key = self.rng_key;
        let priority = |(_, call): &(usize, &PendingCall)| {
            let first = || initial(rng_key, call.key);
            // The number breaks ties, so that the choice is a function of the set.
            (*self.priorities.get(call.thread, first), call.thread)
        };
        let candidates = enabled.non_blocking().filter(|(_, call)| may_go(call));
        candidates.max_by_key(priority).map(|(index, _)| index)
    }
}

/// The initial priority of the thread with this key.
fn initial(rng_key: u64, key: u64) -> u64 {
    // A hash of the stable key gives each thread a rank that is independent of when it started and
    // of how many threads there are. The paper draws a permutation; two equal hashes have
    // probability 2^-63.
    mix(rng_key, key) | INITIAL
}

/// The nth word of the generator, mapped to a number below `bound`.
pub(crate) fn below(rng: &mut CounterRng, nth: u64, bound: u64) -> u64 {
    // Multiplication instead of a remainder (Lemire, "Fast random integer generation in an
    // interval", 2019), without rejection: the bias is below bound / 2^64.
    ((u128::from(rng.word(nth)) * u128::from(bound)) >> 64) as u64
}

impl Scheduler for Pct {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        let mut index = self.highest(enabled);
        // Several change points may fall on one step.
        while self
            .change_points
            .last()
            .is_some_and(|point| *point <= step)
        {
            self.change_points.pop();
            self.drop_priority(enabled[index].thread, self.change_points.len());
            index = self.highest(enabled);
        }
        let is_alone = enabled.non_blocking().nth(1).is_none();
        self.detect_polling(enabled[index].thread, is_alone);
        index
    }
}
