//! Strategies for who runs when.
//!
//! Owns the choice of scheduler and processors, and the seed that decides what chance is left. It
//! shrinks towards timed threads on one processor, as a machine runs them.

use config::plan::Scheduler;
use kernel::Duration;
use proptest::prelude::*;

/// Who decides which thread goes on, on how many processors, and with which luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Who decides.
    pub scheduler: Scheduler,
    /// Processors of each host, from 1 to 4. Only timed threads know of them.
    pub processors: u32,
    /// How long a thread may run while others wait. Only timed threads know of it.
    pub quantum: Duration,
    /// Driver threads of each host (4.0: pairs), if not as many as the build usually has.
    pub drivers: Option<u32>,
    /// The seed of the run.
    pub seed: u64,
}

/// What looks for trouble instead of modeling time. The words are explained in
/// `docs/scenario.md`; two of them make pilot runs, which a case pays for.
const ADVERSARIES: [Scheduler; 5] = [
    Scheduler::Random,
    Scheduler::Parallel,
    Scheduler::Paced,
    Scheduler::Pos,
    Scheduler::Pct,
];

/// Threads as a machine runs them, in turn, and as adversaries do.
pub fn schedules() -> impl Strategy<Value = Schedule> {
    let machines = [Scheduler::Timed, Scheduler::RoundRobin];
    schedules_by(machines.into_iter().chain(ADVERSARIES).collect())
}

/// Threads as adversaries run them: they find what a machine may never show, and their rates mean
/// nothing.
pub fn adversarial_schedules() -> impl Strategy<Value = Schedule> {
    schedules_by(ADVERSARIES.to_vec())
}

fn schedules_by(schedulers: Vec<Scheduler>) -> impl Strategy<Value = Schedule> {
    // A smaller seed is another seed, and no smaller: there is nothing to shrink.
    let seeds = any::<u32>().prop_map(u64::from).no_shrink();
    let schedulers = prop::sample::select(schedulers);
    // NT's own, and others by which threads meet where they hardly ever do.
    let quanta = prop::sample::select(vec![120_000, 1_000, 20, 4_u64]);
    let drivers = prop::sample::select(vec![None, Some(1), Some(2), Some(4)]);
    (schedulers, 1..=4_u32, quanta, drivers, seeds).prop_map(
        |(scheduler, processors, quantum, drivers, seed)| Schedule {
            scheduler,
            processors,
            quantum: Duration::from_micros(quantum),
            drivers,
            seed,
        },
    )
}
