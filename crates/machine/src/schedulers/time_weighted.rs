//! A random walk over modeled time instead of calls.
//!
//! Private calls are not choices, so the random walk over calls does not see how long a thread
//! computes between two shared calls. A thread that computes for long between two accesses is
//! interrupted there no more often than one that does not compute. This walk repeatedly advances a random thread by one step of modeled time, until a thread
//! comes to its shared call. Without private calls it equals the random walk.

use kernel::{Choices, CounterRng, Duration, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

// The former name of the scheduler. The string keys random draws, so it stays.
const SITE: Site = Site::new("machine.schedule.paced");
/// The largest number of steps of one private time. For longer ones the step grows.
const STEPS_MAX: u64 = 64;
/// The number of draws that one random word gives.
const DRAWS_PER_WORD: u64 = 4;

/// The walk of one run.
#[derive(Clone, Debug)]
pub struct TimeWeighted {
    key: u64,
    rng: CounterRng,
    /// The rest of the latest word, and the number of draws left in it.
    word: u64,
    draws: u64,
    /// The number of words taken.
    taken: u64,
    step: Duration,
    remaining: PerThread<Remaining>,
}

/// The private time that a thread has to pass before its pending call.
#[derive(Clone, Copy, Debug)]
struct Remaining {
    calls: u64,
    nanos: u64,
}

impl TimeWeighted {
    /// The walk selected by `choices` and the host's `key`, in steps of `step` of modeled time.
    ///
    /// # Panics
    /// If `step` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, step: Duration) -> Self {
        assert!(!step.is_zero(), "a step is longer than zero");
        Self {
            key,
            rng: choices.counter_rng(SITE, key),
            word: 0,
            draws: 0,
            taken: 0,
            step,
            remaining: PerThread::default(),
        }
    }

    /// A random number below `bound`, with a bias below `bound` / 2^16.
    fn draw(&mut self, bound: u64) -> u64 {
        if self.draws == 0 {
            self.word = self.rng.word(self.taken);
            self.taken += 1;
            self.draws = DRAWS_PER_WORD;
        }
        let drawn = ((self.word & 0xFFFF) * bound) >> 16;
        self.word >>= 16;
        self.draws -= 1;
        drawn
    }

    fn remaining(&mut self, call: &PendingCall) -> &mut u64 {
        let whole = Remaining {
            calls: call.calls,
            nanos: call.private_time.nanos(),
        };
        let remaining = self.remaining.get(call.thread, || whole);
        if remaining.calls != call.calls {
            *remaining = whole;
        }
        &mut remaining.nanos
    }
}

impl Scheduler for TimeWeighted {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let count = enabled.non_blocking().count() as u64;
        let longest = enabled
            .non_blocking()
            .map(|(_, call)| *self.remaining(call))
            .max();
        // Bounds the number of draws before the longest private time is over.
        // Otherwise a thread that computes for a second would cost millions of draws.
        let step = (longest.unwrap_or(0) / STEPS_MAX).max(self.step.nanos());
        loop {
            let drawn = self.draw(count) as usize;
            let (index, call) = enabled
                .non_blocking()
                .nth(drawn)
                .expect("the draw is below the count");
            let remaining = self.remaining(call);
            if *remaining == 0 {
                return index;
            }
            *remaining = remaining.saturating_sub(step);
        }
    }

    fn reseed(&mut self, choices: Choices) {
        self.rng = choices.counter_rng(SITE, self.key);
        self.draws = 0;
    }
}
