//! Searches with the schedulers that are compared, as docs/schedulers.md describes them.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Choices, Duration, mix};

use machine::{
    CallCounter, Counts, DelayBounding, InterestingCalls, Parallel, Pct, Portfolio, Pos,
    Preempting, Random, ReadsFromSearch, Scheduler, Surw,
};

use crate::sctbench::{Benchmark, BenchmarkRunner};

const HOST: u64 = 0;
const ACCESS_TIME: Duration = Duration::from_nanos(200);

/// A scheduler of `machine` with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerKind {
    /// The random walk.
    Random,
    /// Probabilistic concurrency testing for bugs of this depth.
    Pct(u32),
    /// Partial order sampling.
    Pos,
    /// Selectively uniform random walk.
    Surw(InterestingCalls),
    /// A round with this many delays.
    Delays(u32),
    /// This many preemptions before conflicting calls.
    Preempting(u32),
    /// A processor for each thread.
    Parallel,
    /// Reads-from fuzzing.
    ReadsFrom,
    /// The members of the portfolio in turn.
    Portfolio,
}

impl SchedulerKind {
    /// All that the tables have.
    pub const ALL: [Self; 13] = [
        Self::Random,
        Self::Pct(3),
        Self::Pos,
        Self::Surw(InterestingCalls::All),
        Self::Surw(InterestingCalls::One),
        Self::Surw(InterestingCalls::OneWithPriorities),
        Self::Delays(2),
        Self::Preempting(1),
        Self::Preempting(2),
        Self::Preempting(3),
        Self::Parallel,
        Self::ReadsFrom,
        Self::Portfolio,
    ];

    /// The name in the tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Random => "random".into(),
            Self::Pct(depth) => format!("PCT {depth}"),
            Self::Pos => "POS".into(),
            Self::Surw(InterestingCalls::All) => "SURW all".into(),
            Self::Surw(InterestingCalls::One) => "SURW one".into(),
            Self::Surw(InterestingCalls::OneWithPriorities) => "SURW one, priorities".into(),
            Self::Delays(count) => format!("delays {count}"),
            Self::Preempting(count) => format!("preempting {count}"),
            Self::Parallel => "parallel".into(),
            Self::ReadsFrom => "reads-from".into(),
            Self::Portfolio => "portfolio".into(),
        }
    }

    const fn needs_counts(self) -> bool {
        !matches!(
            self,
            Self::Random | Self::Pos | Self::Parallel | Self::ReadsFrom
        )
    }

    /// The scheduler of a search's nth schedule, from 0.
    fn scheduler(
        self,
        schedule: u64,
        choices: Choices,
        counts: &Counts,
        reads_from: &mut ReadsFromSearch,
    ) -> Box<dyn Scheduler> {
        let most = counts.most();
        match self {
            Self::Random => Box::new(Random::new(choices, HOST)),
            Self::Pct(depth) => Box::new(Pct::new(choices, HOST, depth, most)),
            Self::Pos => Box::new(Pos::new(choices, HOST)),
            Self::Surw(selection) => Box::new(Surw::new(choices, HOST, counts, selection)),
            Self::Delays(count) => Box::new(DelayBounding::new(choices, HOST, count, most)),
            Self::Preempting(count) => Box::new(Preempting::new(choices, HOST, count, counts)),
            Self::Parallel => Box::new(Parallel::with_random_jitter(choices, HOST, ACCESS_TIME)),
            Self::ReadsFrom => Box::new(reads_from.next_run(choices, HOST)),
            Self::Portfolio => {
                let portfolio =
                    Portfolio::in_series(reads_from, schedule, choices, HOST, counts, ACCESS_TIME);
                Box::new(portfolio)
            }
        }
    }

    /// Schedule after schedule of a program.
    #[must_use]
    pub fn search(self, benchmark: Benchmark, fixed: bool, seed: u64) -> ScheduleSearch {
        ScheduleSearch {
            strategy: self,
            seed,
            runner: benchmark.runner(fixed),
            counter: Rc::default(),
            counts: Counts::default(),
            reads_from: ReadsFromSearch::default(),
            schedule: 0,
        }
    }

    /// The number of the first schedule that fails, from 1; `None` if none of `limit` does.
    #[must_use]
    pub fn first_failure(
        self,
        benchmark: Benchmark,
        fixed: bool,
        seed: u64,
        limit: u64,
    ) -> Option<u64> {
        let mut search = self.search(benchmark, fixed, seed);
        (1..=limit).find(|_| search.fails())
    }
}

/// One search, which goes on after a failure.
#[derive(Debug)]
pub struct ScheduleSearch {
    strategy: SchedulerKind,
    seed: u64,
    runner: BenchmarkRunner,
    counter: Rc<RefCell<CallCounter>>,
    counts: Counts,
    reads_from: ReadsFromSearch,
    schedule: u64,
}

impl ScheduleSearch {
    /// Runs the next schedule, and says whether it failed. The first sixteen schedules, and then one in
    /// sixteen, count the calls for strategies that need the numbers; the first, for which there are
    /// none yet, is a random walk. The portfolio begins with a member that needs none.
    ///
    /// # Panics
    /// If the program does not end.
    pub fn fails(&mut self) -> bool {
        let schedule = self.schedule;
        self.schedule += 1;
        // Mixed and not added: schedule 1 of seed 1 must not be schedule 0 of seed 2.
        let choices = Choices::new(mix(self.seed, schedule));
        let needs_counts = self.strategy.needs_counts();
        let is_walk = schedule == 0 && needs_counts && self.strategy != SchedulerKind::Portfolio;
        let strategy = if is_walk {
            SchedulerKind::Random
        } else {
            self.strategy
        };
        let scheduler = strategy.scheduler(schedule, choices, &self.counts, &mut self.reads_from);
        // Counting takes time, and later schedules add little to the counts.
        let is_counted = schedule < 16 || schedule.is_multiple_of(16);
        if !needs_counts || !is_counted {
            return self.runner.run(scheduler);
        }
        let counting = CallCounter::counting(&self.counter, scheduler);
        let failed = self.runner.run(Box::new(counting));
        self.counts = self.counter.borrow().counts();
        failed
    }
}

/// The median of the first failures, with how many searches found one if not all did. A search without
/// one is longer than all others, since all have the same limit: this is the median of Kaplan and Meier.
///
/// # Panics
/// If there are fewer than two searches.
#[must_use]
pub fn median(mut found: Vec<Option<u64>>) -> String {
    let count = found.iter().flatten().count();
    found.sort_by_key(|it| it.unwrap_or(u64::MAX));
    let middle = [found[found.len() / 2 - 1], found[found.len() / 2]];
    let median = match middle {
        [Some(one), Some(other)] if (one + other) % 2 == 1 => format!("{}.5", (one + other) / 2),
        [Some(one), Some(other)] => ((one + other) / 2).to_string(),
        _ => return format!("{count}/{}", found.len()),
    };
    match count == found.len() {
        true => median,
        false => format!("{median} ({count})"),
    }
}
