//! The schedulers that are compared, and one search with each.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Choices, Duration, mix};
use litmus::sctbench::Benchmark;
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
    pub(crate) const ALL: [Self; 11] = [
        Self::Random,
        Self::Pct(3),
        Self::Pos,
        Self::Surw(InterestingCalls::All),
        Self::Surw(InterestingCalls::One),
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
            Self::Delays(count) => format!("delays {count}"),
            Self::Preempting(count) => format!("preempting {count}"),
            Self::Parallel => "parallel".into(),
            Self::Portfolio => "portfolio".into(),
        }
    }

    const fn needs_counts(self) -> bool {
        !matches!(self, Self::Random | Self::Pos | Self::Parallel)
    }

    fn scheduler(self, choices: Choices, counts: &Counts) -> Box<dyn Scheduler> {
        let most = counts.most();
        match self {
            Self::Random => Box::new(Random::new(choices, HOST)),
            Self::Pct(depth) => Box::new(Pct::new(choices, HOST, depth, most)),
            Self::Pos => Box::new(Pos::new(choices, HOST)),
            Self::Surw(selection) => Box::new(Surw::new(choices, HOST, counts, selection)),
            Self::Delays(count) => Box::new(DelayBounding::new(choices, HOST, count, most)),
            Self::Preempting(count) => Box::new(Preempting::new(choices, HOST, count, counts)),
            Self::Parallel => Box::new(Parallel::with_random_jitter(choices, HOST, ACCESS_TIME)),
            Self::Portfolio => Box::new(Portfolio::new(choices, HOST, counts, ACCESS_TIME)),
        }
    }

    /// The number of the first schedule that fails, from 1; `None` if none of `limit` does. The first
    /// schedules, and then one in sixteen, count the calls for strategies that need the numbers.
    pub(crate) fn first_failure(
        self,
        benchmark: Benchmark,
        fixed: bool,
        seed: u64,
        limit: u64,
    ) -> Option<u64> {
        let mut runner = benchmark.runner(fixed);
        let tally = Rc::new(RefCell::new(Tally::default()));
        let mut counts = Counts::default();
        for schedule in 0..limit {
            let choices = Choices::new(mix(seed, schedule));
            let is_counted = schedule < 16 || schedule.is_multiple_of(16);
            let strategy = if schedule == 0 { Self::Random } else { self };
            let scheduler = strategy.scheduler(choices, &counts);
            let failed = if self.needs_counts() && is_counted {
                let failed = runner.run(Box::new(Tally::counting(&tally, scheduler)));
                counts = tally.borrow().counts();
                failed
            } else {
                runner.run(scheduler)
            };
            if failed {
                return Some(schedule + 1);
            }
        }
        None
    }
}
