//! The litmus tests under each scheduler of `machine`, and its exhaustive search.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Choices, Duration, mix};
use litmus::LitmusTest;
use machine::{
    Bound, CallCounter, Counts, Exhaustive, InterestingCalls, Parallel, Pct, Portfolio, Pos,
    Preempting, Random, Scheduler, Surw, TimeWeighted,
};

use crate::bug_search::{BugSearch, Campaign, SearchRecorder, SeedSearch};

/// The host in the keys of random choices; there is only one.
const HOST: u64 = 0;
/// The modeled time of a shared access.
const ACCESS_TIME: Duration = Duration::from_nanos(200);

/// A scheduler of `machine`, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerKind {
    /// The random walk.
    Random,
    /// The random walk weighted by modeled time.
    TimeWeighted,
    /// One processor for each thread.
    Parallel,
    /// The same with a random evenness for each schedule, as a member of the portfolio.
    AnyEvenness,
    /// Probabilistic concurrency testing for bugs of this depth.
    Pct(u32),
    /// Partial order sampling.
    Pos,
    /// Selectively uniform random walk.
    Surw(InterestingCalls),
    /// This many preemptions, at calls that depend on calls of other threads.
    Preempting(u32),
    /// Several, which take turns.
    Portfolio,
}

impl SchedulerKind {
    /// All strategies that are measured.
    pub const ALL: [Self; 14] = [
        Self::Random,
        Self::TimeWeighted,
        Self::Parallel,
        Self::AnyEvenness,
        Self::Pct(2),
        Self::Pct(3),
        Self::Pos,
        Self::Surw(InterestingCalls::All),
        Self::Surw(InterestingCalls::One),
        Self::Surw(InterestingCalls::OneWithPriorities),
        Self::Preempting(1),
        Self::Preempting(2),
        Self::Preempting(3),
        Self::Portfolio,
    ];

    /// The name in the table.
    pub fn name(self) -> String {
        match self {
            Self::Random => "random".into(),
            Self::TimeWeighted => "time-weighted".into(),
            Self::Parallel => "parallel".into(),
            Self::AnyEvenness => "parallel, any evenness".into(),
            Self::Pct(depth) => format!("PCT {depth}"),
            Self::Pos => "POS".into(),
            Self::Surw(InterestingCalls::All) => "SURW, all calls".into(),
            Self::Surw(InterestingCalls::One) => "SURW, one word".into(),
            Self::Surw(InterestingCalls::OneWithPriorities) => "SURW, one word, priorities".into(),
            Self::Preempting(count) => format!("preempting {count}"),
            Self::Portfolio => "portfolio".into(),
        }
    }

    /// Whether it needs the numbers of calls of earlier schedules.
    const fn needs_counts(self) -> bool {
        match self {
            Self::Random | Self::TimeWeighted | Self::Parallel | Self::AnyEvenness | Self::Pos => {
                false
            }
            Self::Pct(_) | Self::Surw(_) | Self::Preempting(_) | Self::Portfolio => true,
        }
    }

    fn scheduler(
        self,
        schedule: u32,
        choices: Choices,
        counts: &Counts,
        counter: Option<&SharedCounter>,
    ) -> Box<dyn Scheduler> {
        match self {
            Self::Random => counting(counter, Random::new(choices, HOST)),
            Self::TimeWeighted => counting(counter, TimeWeighted::new(choices, HOST, ACCESS_TIME)),
            Self::Parallel => counting(counter, Parallel::new(choices, HOST, ACCESS_TIME)),
            Self::AnyEvenness => counting(
                counter,
                Parallel::with_random_jitter(choices, HOST, ACCESS_TIME),
            ),
            Self::Pct(depth) => counting(counter, Pct::new(choices, HOST, depth, counts.most())),
            Self::Pos => counting(counter, Pos::new(choices, HOST)),
            Self::Surw(selection) => counting(counter, Surw::new(choices, HOST, counts, selection)),
            Self::Preempting(count) => {
                counting(counter, Preempting::new(choices, HOST, count, counts))
            }
            Self::Portfolio => {
                let nth = u64::from(schedule);
                counting(
                    counter,
                    Portfolio::nth(nth, choices, HOST, counts, ACCESS_TIME),
                )
            }
        }
    }
}

type SharedCounter = Rc<RefCell<CallCounter>>;

/// The scheduler, which counts its calls if there is a counter.
fn counting(
    counter: Option<&SharedCounter>,
    scheduler: impl Scheduler + 'static,
) -> Box<dyn Scheduler> {
    match counter {
        Some(counter) => Box::new(CallCounter::counting(counter, scheduler)),
        None => Box::new(scheduler),
    }
}

/// Whether the calls of this schedule are counted: those of the first few, and then of one in
/// sixteen. shuttle raises its counts likewise, whenever a run was longer.
const fn is_counted(schedule: u32) -> bool {
    const FIRST: u32 = 16;
    schedule < FIRST || schedule.is_multiple_of(FIRST)
}

/// Runs a litmus test under each master seed of a campaign.
///
/// # Panics
/// If the test does not end.
pub fn search(strategy: SchedulerKind, test: LitmusTest, campaign: Campaign) -> BugSearch {
    let mut runner = test.runner(false);
    let mut search = |seed, recorder: &SearchRecorder| {
        let counter = SharedCounter::default();
        let mut counts = Counts::default();
        for schedule in 0..campaign.schedules {
            let choices = Choices::new(mix(seed, u64::from(schedule)));
            let is_counted = strategy.needs_counts() && is_counted(schedule);
            let counter = is_counted.then_some(&counter);
            // Nothing is counted before the first schedule, so it is a random walk. The portfolio begins with
            // a member that needs no counts.
            let needs_walk = is_counted && schedule == 0 && strategy != SchedulerKind::Portfolio;
            let strategy = if needs_walk {
                SchedulerKind::Random
            } else {
                strategy
            };
            recorder.add(runner.run(strategy.scheduler(schedule, choices, &counts, counter)));
            if let Some(counter) = counter {
                counts = counter.borrow().counts();
            }
        }
    };
    campaign.search(|seed| SearchRecorder::record(|recorder| search(seed, &recorder)))
}

/// Runs every order of a litmus test with at most two preemptions.
///
/// # Panics
/// If the test does not end, or has more than a million such orders.
pub fn exhaust(test: LitmusTest) -> SeedSearch {
    let mut runner = test.runner_at_zero_cost(false);
    let mut search = Exhaustive::new(Bound {
        preemptions: Some(2),
        runs: 1_000_000,
    });
    let found = SearchRecorder::record(|recorder| {
        while let Some(explorer) = search.next_run() {
            recorder.add(runner.run(Box::new(explorer)));
        }
    });
    assert!(search.is_exhausted(), "the test has too many orders");
    found
}
