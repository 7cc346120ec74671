//! The schedulers that are compared, and searches with them.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Choices, Duration, mix};
use litmus::sctbench::{Benchmark, BenchmarkRunner};
use machine::{
    Counts, DelayBounding, InterestingCalls, Parallel, Pct, Portfolio, Pos, Preempting, Random,
    Scheduler, Surw, Tally,
};

const HOST: u64 = 0;
const ACCESS_TIME: Duration = Duration::from_nanos(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    Random,
    Pct(u32),
    Pos,
    Surw(InterestingCalls),
    Delays(u32),
    Preempting(u32),
    Parallel,
    Portfolio,
}

impl Strategy {
    pub(crate) const ALL: [Self; 12] = [
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
        Self::Portfolio,
    ];

    pub(crate) fn name(self) -> String {
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
            Self::Portfolio => "portfolio".into(),
        }
    }

    const fn needs_counts(self) -> bool {
        !matches!(self, Self::Random | Self::Pos | Self::Parallel)
    }

    /// The scheduler of a search's nth schedule, from 0.
    fn scheduler(self, schedule: u64, choices: Choices, counts: &Counts) -> Box<dyn Scheduler> {
        let most = counts.most();
        match self {
            Self::Random => Box::new(Random::new(choices, HOST)),
            Self::Pct(depth) => Box::new(Pct::new(choices, HOST, depth, most)),
            Self::Pos => Box::new(Pos::new(choices, HOST)),
            Self::Surw(selection) => Box::new(Surw::new(choices, HOST, counts, selection)),
            Self::Delays(count) => Box::new(DelayBounding::new(choices, HOST, count, most)),
            Self::Preempting(count) => Box::new(Preempting::new(choices, HOST, count, counts)),
            Self::Parallel => Box::new(Parallel::with_random_jitter(choices, HOST, ACCESS_TIME)),
            Self::Portfolio => {
                let portfolio = Portfolio::nth(schedule, choices, HOST, counts, ACCESS_TIME);
                Box::new(portfolio)
            }
        }
    }

    /// Schedule after schedule of a program.
    pub(crate) fn search(self, benchmark: Benchmark, fixed: bool, seed: u64) -> Search {
        Search {
            strategy: self,
            seed,
            runner: benchmark.runner(fixed),
            tally: Rc::default(),
            counts: Counts::default(),
            schedule: 0,
        }
    }

    /// The number of the first schedule that fails, from 1; `None` if none of `limit` does.
    pub(crate) fn first_failure(
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
pub(crate) struct Search {
    strategy: Strategy,
    seed: u64,
    runner: BenchmarkRunner,
    tally: Rc<RefCell<Tally>>,
    counts: Counts,
    schedule: u64,
}

impl Search {
    /// Runs the next schedule, and says whether it failed. The first sixteen schedules, and then one in
    /// sixteen, count the calls for strategies that need the numbers; the first, for which there are
    /// none yet, is a random walk. The portfolio begins with a member that needs none.
    pub(crate) fn fails(&mut self) -> bool {
        let schedule = self.schedule;
        self.schedule += 1;
        let choices = Choices::new(mix(self.seed, schedule));
        let needs_counts = self.strategy.needs_counts();
        let is_walk = schedule == 0 && needs_counts && self.strategy != Strategy::Portfolio;
        let strategy = if is_walk {
            Strategy::Random
        } else {
            self.strategy
        };
        let scheduler = strategy.scheduler(schedule, choices, &self.counts);
        let is_counted = schedule < 16 || schedule.is_multiple_of(16);
        if !needs_counts || !is_counted {
            return self.runner.run(scheduler);
        }
        let counting = Tally::counting(&self.tally, scheduler);
        let failed = self.runner.run(Box::new(counting));
        self.counts = self.tally.borrow().counts();
        failed
    }
}
