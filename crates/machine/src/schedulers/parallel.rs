//! A schedule as if every thread had its own processor.
//!
//! Each pending call has a due time: the thread's last one plus the modeled time in between, with
//! jitter. The earliest call is made. Threads are created one after the other, so each starts a
//! little behind the one before it, by a random fraction (below a half) of its first private time. This
//! finds bugs of threads that run in step, and none that need one thread to fall behind.
//!
//! How evenly a real machine runs is unknown. [`Parallel::with_random_jitter`] draws the jitter for
//! each run. With a jitter of a half, two threads are as far apart after a long private time as
//! it is long, and a window that is short beside it is missed; with an eighth it is hit again
//! and again.

use kernel::{Choices, Duration, Site, mix};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pct::below;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.parallel");

/// The due times of one run.
#[derive(Clone, Debug)]
pub struct Parallel {
    key: u64,
    /// Selects the costs of calls in this run.
    rng_key: u64,
    /// The cost of a shared call, in nanoseconds.
    step: u64,
    /// The jitter is one divided by this.
    jitter_divisor: u64,
    /// By how many sixteenths of its first stretch each thread starts behind the one before it.
    lag: u64,
    now: u64,
    due: PerThread<Due>,
}

/// When a thread makes its pending call.
#[derive(Clone, Copy, Debug)]
struct Due {
    calls: u64,
    at: u64,
}

impl Parallel {
    /// The times selected by `choices` and the host's `key`, with a jitter of a half, where a shared
    /// call takes about `step`.
    #[must_use]
    pub fn new(choices: Choices, key: u64, step: Duration) -> Self {
        let mut rng = choices.counter_rng(SITE, key);
        Self {
            key,
            rng_key: rng.word(0),
            step: step.nanos(),
            jitter_divisor: 2,
            lag: rng.word(1) >> 61,
            now: 0,
            due: PerThread::default(),
        }
    }

    /// The same with a jitter of a half, a quarter or an eighth, drawn for the run.
    #[must_use]
    pub fn with_random_jitter(choices: Choices, key: u64, step: Duration) -> Self {
        const DIVISORS: [u64; 3] = [2, 4, 8];
        let mut rng = choices.counter_rng(SITE, key);
        let drawn = below(&mut rng, 2, DIVISORS.len() as u64);
        Self {
            jitter_divisor: DIVISORS[drawn as usize],
            ..Self::new(choices, key, step)
        }
    }

    fn due(&mut self, call: &PendingCall) -> u64 {
        let (rng_key, now, divisor) = (self.rng_key, self.now, self.jitter_divisor);
        let length = call.private_time.nanos().saturating_add(self.step);
        // Keyed by thread and call: a call of another thread does not shift the draws of this one.
        let word = mix(rng_key, mix(call.key, call.calls));
        let fresh = |start: u64| Due {
            calls: call.calls,
            at: start.saturating_add(with_jitter(length, divisor, word)),
        };
        // Threads that start together stay in step if they do the same work. A random start
        // separates runs in which they meet from runs in which one follows the other.
        let lag =
            (call.private_time.nanos() / 16).saturating_mul(self.lag * u64::from(call.thread.0));
        let due = self.due.get(call.thread, || fresh(now.saturating_add(lag)));
        if due.calls != call.calls {
            *due = fresh(now);
        }
        due.at
    }
}

/// `length` plus or minus at most `length / divisor`, drawn by a uniformly random `word`.
fn with_jitter(length: u64, divisor: u64, word: u64) -> u64 {
    let span = 2 * u128::from(length) / u128::from(divisor);
    let least = u128::from(length) - span.div_ceil(2);
    (least + ((span * u128::from(word)) >> 64)) as u64
}

impl Scheduler for Parallel {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let (index, chosen) = enabled
            .non_blocking()
            .min_by_key(|(_, call)| (self.due(call), call.thread))
            .expect("a thread can run");
        // New due times count from here, so a thread that was blocked does not catch up. Never back: a
        // call that is due in the past was blocked until now, and is made now.
        self.now = self.now.max(self.due(chosen));
        index
    }

    fn reseed(&mut self, choices: Choices) {
        self.rng_key = choices.counter_rng(SITE, self.key).word(0);
    }
}
