//! As if every thread had a processor of its own.
//!
//! Owns [`Parallel`]: each pending call has a time, which is its thread's last one plus the modeled
//! time of the stretch between, give or take half, and the earliest is made. Threads are created
//! one after the other, so each starts a little behind the one before it: by a share of its first
//! stretch, below a half, that each run draws. It finds what happens when threads keep step, and
//! nothing that needs one of them to be left behind.
//!
//! How evenly a machine runs is not known. [`Parallel::of_any_evenness`] draws it for each run: with
//! give and take of a half the difference of two threads after a long stretch is as long as the
//! stretch, and a window that is short beside it is missed; with an eighth it is met again and again.

use kernel::{Choices, Duration, Site, mix};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::PerThread;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pct::below;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.parallel");

/// The times of one run.
#[derive(Clone, Debug)]
pub struct Parallel {
    key: u64,
    /// Keys what calls cost in this run.
    luck: u64,
    step: u64,
    /// Times are given or taken an `evenness`-th.
    evenness: u64,
    /// By how many sixteenths of its first stretch each thread starts behind the one before it.
    behind: u64,
    now: u64,
    dues: PerThread<Due>,
}

/// When a thread makes its pending call.
#[derive(Clone, Copy, Debug)]
struct Due {
    calls: u64,
    at: u64,
}

impl Parallel {
    /// The times that `choices` and the host's `key` name, where a shared call takes about `step`.
    #[must_use]
    pub fn new(choices: Choices, key: u64, step: Duration) -> Self {
        let mut words = choices.counter_rng(SITE, key);
        Self {
            key,
            luck: words.word(0),
            step: step.nanos(),
            evenness: 2,
            behind: words.word(1) >> 61,
            now: 0,
            dues: PerThread::default(),
        }
    }

    /// The same with times that are given or taken a half, a quarter or an eighth, whichever the run
    /// draws.
    #[must_use]
    pub fn of_any_evenness(choices: Choices, key: u64, step: Duration) -> Self {
        const EVENNESSES: [u64; 3] = [2, 4, 8];
        let mut words = choices.counter_rng(SITE, key);
        let drawn = below(&mut words, 2, EVENNESSES.len() as u64);
        Self {
            evenness: EVENNESSES[drawn as usize],
            ..Self::new(choices, key, step)
        }
    }

    fn due(&mut self, one: &PendingCall) -> u64 {
        let (luck, now, evenness) = (self.luck, self.now, self.evenness);
        let length = one.stretch.nanos().saturating_add(self.step);
        let fresh = |start: u64| Due {
            calls: one.calls,
            at: start.saturating_add(varied(length, evenness, mix(luck, mix(one.key, one.calls)))),
        };
        let lead = (one.stretch.nanos() / 16).saturating_mul(self.behind * one.thread.0 as u64);
        let due = self
            .dues
            .get(one.thread, || fresh(now.saturating_add(lead)));
        if due.calls != one.calls {
            *due = fresh(now);
        }
        due.at
    }
}

/// `length`, give or take an `evenness`-th of it.
fn varied(length: u64, evenness: u64, word: u64) -> u64 {
    let span = 2 * u128::from(length) / u128::from(evenness);
    let least = u128::from(length) - span.div_ceil(2);
    (least + ((span * u128::from(word)) >> 64)) as u64
}

impl Scheduler for Parallel {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        let (index, chosen) = runnable
            .able()
            .min_by_key(|(_, one)| (self.due(one), one.thread))
            .expect("somebody can run");
        self.now = self.now.max(self.due(chosen));
        index
    }

    fn reseed(&mut self, choices: Choices) {
        self.luck = choices.counter_rng(SITE, self.key).word(0);
    }
}
