//! The random walk that takes a stretch's modeled time for as many steps.
//!
//! Owns [`TimeWeighted`]. Private calls are no choices, and so a walk over shared calls alone is blind to
//! how long a thread computes between two of them: a window in which it computes for long is as
//! narrow to it as one in which it does not compute at all. This walk moves a random thread by one
//! step of modeled time, again and again, until one comes to its shared call. Where all stretches
//! are empty it is the random walk.

use kernel::{Choices, CounterRng, Duration, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.paced");
/// The most steps a stretch is divided into: longer ones get longer steps.
const STEPS_MAX: u64 = 64;
/// Random threads that one word of luck gives.
const DRAWS_PER_WORD: u64 = 4;

/// The walk of one run.
#[derive(Clone, Debug)]
pub struct TimeWeighted {
    key: u64,
    words: CounterRng,
    /// What is left of the last word, and how many draws it is good for.
    word: u64,
    draws: u64,
    taken: u64,
    step: Duration,
    ways: PerThread<Way>,
}

/// The way of a thread to its pending call.
#[derive(Clone, Copy, Debug)]
struct Way {
    calls: u64,
    /// Nanoseconds still to go.
    left: u64,
}

impl TimeWeighted {
    /// The walk that `choices` and the host's `key` name, in steps of `step` of modeled time.
    ///
    /// # Panics
    /// If `step` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, step: Duration) -> Self {
        assert!(!step.is_zero(), "a step leads somewhere");
        Self {
            key,
            words: choices.counter_rng(SITE, key),
            word: 0,
            draws: 0,
            taken: 0,
            step,
            ways: PerThread::default(),
        }
    }

    /// A number below `bound`; the bias is below `bound` / 2^16.
    fn draw(&mut self, bound: u64) -> u64 {
        if self.draws == 0 {
            self.word = self.words.word(self.taken);
            self.taken += 1;
            self.draws = DRAWS_PER_WORD;
        }
        let drawn = ((self.word & 0xFFFF) * bound) >> 16;
        self.word >>= 16;
        self.draws -= 1;
        drawn
    }

    fn way(&mut self, one: &PendingCall) -> &mut u64 {
        let stretch = Way {
            calls: one.calls,
            left: one.stretch.nanos(),
        };
        let way = self.ways.get(one.thread, || stretch);
        if way.calls != one.calls {
            *way = stretch;
        }
        &mut way.left
    }
}

impl Scheduler for TimeWeighted {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        let count = runnable.able().count() as u64;
        let longest = runnable.able().map(|(_, one)| *self.way(one)).max();
        let step = (longest.unwrap_or(0) / STEPS_MAX).max(self.step.nanos());
        loop {
            let drawn = self.draw(count) as usize;
            let (index, one) = runnable.able().nth(drawn).expect("below their number");
            let left = self.way(one);
            if *left == 0 {
                return index;
            }
            *left = left.saturating_sub(step);
        }
    }

    fn reseed(&mut self, choices: Choices) {
        self.words = choices.counter_rng(SITE, self.key);
        self.draws = 0;
    }
}
