//! shuttle 0.9.9: threads as coroutines, with a scheduling decision before each access, lock, start and end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64, Ordering as StdOrdering};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

super::programs::programs!(shuttle);

/// Its random schedulers.
#[derive(Clone, Copy, Debug)]
pub enum ShuttleScheduler {
    /// The random walk.
    Random,
    /// Probabilistic concurrency testing for bugs of this depth.
    Pct(usize),
    /// Uniform random walk, from the counts of one run.
    Urw,
}

impl ShuttleScheduler {
    /// All strategies that are measured.
    pub const ALL: [Self; 3] = [Self::Random, Self::Pct(3), Self::Urw];

    /// The name in the table.
    pub fn name(self) -> String {
        match self {
            Self::Random => "shuttle random".into(),
            Self::Pct(depth) => format!("shuttle PCT {depth}"),
            Self::Urw => "shuttle URW".into(),
        }
    }

    /// Whether a schedule fails, and how many were run, of at most `limit`.
    pub fn search(self, benchmark: Benchmark, fixed: bool, seed: u64, limit: u64) -> (bool, u64) {
        let count = limit as usize;
        match self {
            Self::Random => search(
                RandomScheduler::new_from_seed(seed, count),
                benchmark,
                fixed,
            ),
            Self::Pct(depth) => {
                let scheduler = PctScheduler::new_from_seed(seed, depth, count);
                search(scheduler, benchmark, fixed)
            }
            Self::Urw => search(
                UrwRandomScheduler::new_from_seed(seed, count),
                benchmark,
                fixed,
            ),
        }
    }
}

/// Runs until a panic: a check that does not hold, or a deadlock.
fn search<S: Scheduler + 'static>(scheduler: S, benchmark: Benchmark, fixed: bool) -> (bool, u64) {
    let schedules = StdArc::new(AtomicU64::new(0));
    let count = StdArc::clone(&schedules);
    let mut config = Config::default();
    config.failure_persistence = FailurePersistence::None;
    let runner = Runner::new(scheduler, config);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            count.fetch_add(1, StdOrdering::Relaxed);
            run(benchmark, fixed);
        });
    }));
    (ended.is_err(), schedules.load(StdOrdering::Relaxed))
}
