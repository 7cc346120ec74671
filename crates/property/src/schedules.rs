//! Strategies for schedules: the scheduler, the processors, and the seed of the remaining
//! randomness.
//!
//! They shrink towards timed threads on one processor.

use config::plan::Scheduler;
use kernel::Duration;
use proptest::prelude::*;

/// How the threads of a case are scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduling {
    /// The scheduler.
    pub scheduler: Scheduler,
    /// Processors of each host, from 1 to 4. Only the timed scheduler uses it.
    pub processors: u32,
    /// The longest time slice while others wait. Only the timed scheduler uses it.
    pub quantum: Duration,
    /// Driver threads of each host (in 4.0: pairs); `None` for the default of the build.
    pub drivers: Option<u32>,
    /// The seed of the run.
    pub seed: u64,
}

/// Schedulers that search for failures instead of modeling time; `docs/scenario.md` explains them.
/// Pct makes pilot runs, which cost time.
const ADVERSARIES: [Scheduler; 5] = [
    Scheduler::Random,
    Scheduler::Parallel,
    Scheduler::TimeWeighted,
    Scheduler::Pos,
    Scheduler::Pct,
];

/// All schedules: timed, round-robin and adversarial.
pub fn schedules() -> impl Strategy<Value = Scheduling> {
    let machines = [Scheduler::Timed, Scheduler::RoundRobin];
    schedules_by(machines.into_iter().chain(ADVERSARIES).collect())
}

/// Adversarial schedules only. They find failures that a machine may never show, so failure rates
/// have no meaning.
pub fn adversarial_schedules() -> impl Strategy<Value = Scheduling> {
    schedules_by(ADVERSARIES.to_vec())
}

fn schedules_by(schedulers: Vec<Scheduler>) -> impl Strategy<Value = Scheduling> {
    // A smaller seed is not simpler, so seeds do not shrink.
    let seeds = any::<u32>().prop_map(u64::from).no_shrink();
    let schedulers = prop::sample::select(schedulers);
    // NT's own quantum, and shorter ones that switch threads at unusual points.
    let quanta = prop::sample::select(vec![120_000, 1_000, 20, 4_u64]);
    // One driver has the pool to itself; with more, blocks of one pool belong to different threads
    // (Q276222).
    let drivers = prop::sample::select(vec![None, Some(1), Some(2), Some(4)]);
    (schedulers, 1..=4_u32, quanta, drivers, seeds).prop_map(
        |(scheduler, processors, quantum, drivers, seed)| Scheduling {
            scheduler,
            processors,
            quantum: Duration::from_micros(quantum),
            drivers,
            seed,
        },
    )
}
