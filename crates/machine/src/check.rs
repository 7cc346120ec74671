//! Tests of concurrent programs: many schedules, or all of them, and each failure made small.
//!
//! A program is declared by a function that gets a [`Program`]: shared words, mutexes, condition
//! variables, threads as `async` closures, and checks of the end. A run fails by:
//!
//! - a panic in a thread or in a check of the end: `assert!` as in any test;
//! - threads that wait for ever;
//! - a data race on a word that is read or written without synchronisation, and misuse of the heap;
//! - a run that does not end within the limit on calls.
//!
//! Memory is sequentially consistent: what needs a weaker order to fail is not found.
//!
//! ```
//! use machine::check::{Check, Program};
//!
//! fn two_increments(program: &mut Program) {
//!     let counter = program.word("counter", 0);
//!     for name in ["one", "two"] {
//!         program.thread(name, async move |t| {
//!             let seen = t.load(counter).await;
//!             t.store(counter, seen + 1).await;
//!         });
//!     }
//!     program.at_end(move |end| assert_eq!(end.read(counter), 2, "an increment is lost"));
//! }
//!
//! let failure = Check::random(100).run(two_increments).expect_err("it loses one");
//! assert_eq!(failure.preemptions(), 1);
//! assert_eq!(failure.schedule().to_string(), "one@1>two");
//! ```

mod failing_schedule;
mod objects;
mod panics;
mod program;
#[cfg(test)]
mod reads_from_tests;
mod runner;
mod schedule;
mod shrink;
mod thread;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use kernel::{Choices, Duration, mix};

use runner::{DeclareProgram, ProgramRunner, Ran};
use schedule::{Following, RecordedOrder};

use crate::dpor::{Bound, Exhaustive};
use crate::engine::activity::Activity;
use crate::schedulers::{
    CallCounter, Counts, DelayBounding, Parallel, Pct, Portfolio, Pos, Preempting, Random,
    ReadsFromSearch, Scheduler, Surw,
};

pub use crate::call::{QueueId, SemaphoreId};
pub use crate::memory::address::{Address, Field, Location};
pub use crate::schedulers::InterestingCalls;
pub use failing_schedule::FailingSchedule;
pub use objects::{Condvar, Mutex, MutexGuard};
pub use program::{FinalState, Program, Words};
pub use schedule::{Schedule, ScheduleError};
pub use thread::Thread;

/// Calls of one run, at most, unless [`Check::call_limit`] says otherwise.
const CALL_LIMIT: u64 = 10_000;
/// What `Parallel` takes as the time of a call: that of an access.
const STEP: Duration = Duration::from_nanos(200);
/// The first schedules, and then one in so many, count calls for strategies that need the numbers.
const COUNTED: u64 = 16;

/// How schedules are chosen. [`crate::schedulers`] says what each is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchStrategy {
    /// At every call each thread is equally likely.
    Random,
    /// Priorities that change at `depth` - 1 points.
    Pct {
        /// The depth of the bug; at least one.
        depth: u32,
    },
    /// Priorities of calls, drawn anew after conflicts.
    Pos,
    /// A walk that is uniform over the orders of selected calls.
    Surw(InterestingCalls),
    /// A round without preemptions, with this many delays.
    Delays(u32),
    /// This many preemptions before calls that conflict.
    Preempting(u32),
    /// A processor for each thread.
    Parallel,
    /// POS, steered by what earlier schedules read from where.
    ReadsFrom,
    /// The others in turn, one for each schedule.
    Portfolio,
    /// Modeled time on this many processors, with NT's priorities and quantum.
    Timed {
        /// 1 to 32.
        processors: u32,
    },
    /// Every order of dependent calls, with at most so many preemptions.
    Exhaustive {
        /// `None` for any number.
        preemptions: Option<u32>,
    },
    /// One schedule.
    Schedule(Schedule),
}

/// A test of concurrent programs: how schedules are chosen, and how many are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    search: SearchStrategy,
    schedules: u64,
    seed: u64,
    call_limit: u64,
    detect_races: bool,
}

/// A program that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// How many schedules were run.
    pub schedules: u64,
    /// Whether these are all orders of dependent calls within the bound on preemptions.
    pub exhausted: bool,
}

impl Check {
    /// `schedules` schedules chosen by `search`, all from seed 0.
    #[must_use]
    pub const fn new(search: SearchStrategy, schedules: u64) -> Self {
        Self {
            search,
            schedules,
            seed: 0,
            call_limit: CALL_LIMIT,
            detect_races: true,
        }
    }

    /// Random walks.
    #[must_use]
    pub const fn random(schedules: u64) -> Self {
        Self::new(SearchStrategy::Random, schedules)
    }

    /// The portfolio, which suits an unknown defect best.
    #[must_use]
    pub const fn portfolio(schedules: u64) -> Self {
        Self::new(SearchStrategy::Portfolio, schedules)
    }

    /// Every order of dependent calls, however many runs that takes. The program must end under every
    /// schedule: the search of a thread that polls for another ends at the limit on calls.
    #[must_use]
    pub const fn exhaustive() -> Self {
        Self::new(SearchStrategy::Exhaustive { preemptions: None }, u64::MAX)
    }

    /// One schedule, as a [`FailingSchedule`] prints it.
    ///
    /// # Panics
    /// If the text is no schedule; [`Schedule`] can be parsed without a panic.
    #[must_use]
    #[track_caller]
    pub fn schedule(text: &str) -> Self {
        let schedule = text.parse().unwrap_or_else(|error| panic!("{error}"));
        Self::new(SearchStrategy::Schedule(schedule), 1)
    }

    /// The number of schedules, at most.
    #[must_use]
    pub const fn schedules(mut self, schedules: u64) -> Self {
        self.schedules = schedules;
        self
    }

    /// The seed of all random choices.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The largest number of calls of a run, 10,000 by default. A run that reaches it is a failure.
    #[must_use]
    pub const fn call_limit(mut self, calls: u64) -> Self {
        self.call_limit = calls;
        self
    }

    /// Data races and misuse of the heap are no failures.
    #[must_use]
    pub const fn without_race_detection(mut self) -> Self {
        self.detect_races = false;
        self
    }

    /// Runs the program until a schedule fails.
    ///
    /// # Errors
    /// The first failure, made small and explained.
    pub fn run(&self, setup: impl Fn(&mut Program<'_>)) -> Result<Passed, Box<FailingSchedule>> {
        let mut found = None;
        let passed = self.each(&setup, &mut |found_by, ran| {
            found = ran.wrong.is_some().then_some((found_by, ran));
            found.is_none()
        });
        match found {
            Some((found_by, ran)) => Err(Box::new(self.explain(&setup, found_by, ran))),
            None => Ok(passed),
        }
    }

    /// The same as a test: panics with the failure.
    ///
    /// # Panics
    /// If a schedule fails.
    #[track_caller]
    pub fn assert(&self, setup: impl Fn(&mut Program<'_>)) -> Passed {
        self.run(setup)
            .unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Runs all schedules, whether they fail or not, and counts the failures by their signatures.
    pub fn count(&self, setup: impl Fn(&mut Program<'_>)) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        self.each(&setup, &mut |_, ran| {
            if let Some(wrong) = ran.wrong {
                *counts.entry(wrong.signature).or_default() += 1;
            }
            true
        });
        counts
    }

    /// Runs schedules as long as `goes_on` says so.
    fn each(
        &self,
        setup: DeclareProgram<'_>,
        goes_on: &mut dyn FnMut(String, Ran) -> bool,
    ) -> Passed {
        match &self.search {
            SearchStrategy::Exhaustive { preemptions } => {
                self.exhaust(setup, *preemptions, goes_on)
            }
            SearchStrategy::Timed { processors } => {
                self.in_modeled_time(setup, *processors, goes_on)
            }
            SearchStrategy::Schedule(schedule) => {
                let mut runner = self.runner();
                // The first run only says which threads there are.
                let like = runner.run(setup, Box::new(Following::new(Vec::new(), None)));
                goes_on(
                    "this schedule".to_owned(),
                    shrink::follow(&mut runner, setup, &like, schedule),
                );
                Passed {
                    schedules: 1,
                    exhausted: false,
                }
            }
            SearchStrategy::Random
            | SearchStrategy::Pct { .. }
            | SearchStrategy::Pos
            | SearchStrategy::Surw(_)
            | SearchStrategy::Delays(_)
            | SearchStrategy::Preempting(_)
            | SearchStrategy::Parallel
            | SearchStrategy::ReadsFrom
            | SearchStrategy::Portfolio => self.sample(setup, goes_on),
        }
    }

    fn sample(
        &self,
        setup: DeclareProgram<'_>,
        goes_on: &mut dyn FnMut(String, Ran) -> bool,
    ) -> Passed {
        let search = &self.search;
        let mut runner = self.runner();
        let counter = Rc::new(RefCell::new(CallCounter::default()));
        let mut counts = Counts::default();
        let mut reads_from = ReadsFromSearch::default();
        let mut schedules = 0;
        while schedules < self.schedules {
            let choices = Choices::new(mix(self.seed, schedules));
            // There are no counts yet in the first schedule.
            let scheduler = match search.scheduler(schedules, choices, &counts, &mut reads_from) {
                Some(scheduler) if schedules > 0 || !search.begins_with_a_walk() => scheduler,
                _ => Box::new(Random::new(choices, 0)),
            };
            // Counting costs a look at every call. The numbers change little after the first
            // schedules, but a schedule that reaches new code changes them, so they are refreshed.
            let is_counted = schedules < COUNTED || schedules.is_multiple_of(COUNTED);
            let ran = if search.needs_counts() && is_counted {
                let ran = runner.run(setup, Box::new(CallCounter::counting(&counter, scheduler)));
                counts = counter.borrow().counts();
                ran
            } else {
                runner.run(setup, scheduler)
            };
            schedules += 1;
            if !goes_on(self.found_by(search.name(), schedules), ran) {
                break;
            }
        }
        Passed {
            schedules,
            exhausted: false,
        }
    }

    fn exhaust(
        &self,
        setup: DeclareProgram<'_>,
        preemptions: Option<u32>,
        goes_on: &mut dyn FnMut(String, Ran) -> bool,
    ) -> Passed {
        let mut runner = self.runner();
        let mut search = Exhaustive::new(Bound {
            preemptions,
            runs: self.schedules,
        });
        while let Some(explorer) = search.next_run() {
            let ran = runner.run(setup, Box::new(explorer));
            let found_by = format!("the exhaustive search, in run {}", search.runs());
            if !goes_on(found_by, ran) {
                break;
            }
        }
        Passed {
            schedules: search.runs(),
            exhausted: search.is_exhausted(),
        }
    }

    fn in_modeled_time(
        &self,
        setup: DeclareProgram<'_>,
        processors: u32,
        goes_on: &mut dyn FnMut(String, Ran) -> bool,
    ) -> Passed {
        let mut timed = ProgramRunner::timed(processors, self.call_limit, self.detect_races);
        timed.watch();
        let mut schedules = 0;
        while schedules < self.schedules {
            let mut ran = timed.run_timed(setup, Choices::new(mix(self.seed, schedules)));
            let calls = timed.take_calls();
            if ran.wrong.is_some() {
                // The same order of calls, as a schedule.
                let thread = |it: &Activity| match it {
                    Activity::Call { thread, .. } | Activity::Woken { thread, .. } => *thread,
                };
                let order = RecordedOrder::new(calls.iter().map(thread).collect());
                // Shrinking works on switches, and modeled time makes none.
                ran.switches = self.runner().run(setup, Box::new(order)).switches;
            }
            schedules += 1;
            if !goes_on(self.found_by("modeled time", schedules), ran) {
                break;
            }
        }
        Passed {
            schedules,
            exhausted: false,
        }
    }

    fn explain(&self, setup: DeclareProgram<'_>, found_by: String, ran: Ran) -> FailingSchedule {
        let mut runner = self.runner();
        let switches = ran.switches.len();
        let shrunk = shrink::shrink(&mut runner, setup, ran);
        FailingSchedule::new(&mut runner, setup, found_by, switches, shrunk)
    }

    fn runner(&self) -> ProgramRunner {
        ProgramRunner::controlled(self.call_limit, self.detect_races)
    }

    fn found_by(&self, name: &str, schedule: u64) -> String {
        format!("{name}, in schedule {schedule} of seed {}", self.seed)
    }
}

impl SearchStrategy {
    /// The scheduler of the nth schedule, from 0; `None` for searches that are not samples.
    fn scheduler(
        &self,
        schedule: u64,
        choices: Choices,
        counts: &Counts,
        reads_from: &mut ReadsFromSearch,
    ) -> Option<Box<dyn Scheduler>> {
        let most = counts.most();
        Some(match *self {
            Self::Random => Box::new(Random::new(choices, 0)),
            Self::Pct { depth } => Box::new(Pct::new(choices, 0, depth, most)),
            Self::Pos => Box::new(Pos::new(choices, 0)),
            Self::Surw(selection) => Box::new(Surw::new(choices, 0, counts, selection)),
            Self::Delays(delays) => Box::new(DelayBounding::new(choices, 0, delays, most)),
            Self::Preempting(count) => Box::new(Preempting::new(choices, 0, count, counts)),
            Self::Parallel => Box::new(Parallel::with_random_jitter(choices, 0, STEP)),
            Self::ReadsFrom => Box::new(reads_from.next_run(choices, 0)),
            Self::Portfolio => Box::new(Portfolio::in_series(
                reads_from, schedule, choices, 0, counts, STEP,
            )),
            Self::Timed { .. } | Self::Exhaustive { .. } | Self::Schedule(_) => return None,
        })
    }

    const fn needs_counts(&self) -> bool {
        !matches!(
            self,
            Self::Random | Self::Pos | Self::Parallel | Self::ReadsFrom
        )
    }

    /// Whether its first schedule is a random walk, for want of counts.
    const fn begins_with_a_walk(&self) -> bool {
        self.needs_counts() && !matches!(self, Self::Portfolio)
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Random => "a random walk",
            Self::Pct { .. } => "PCT",
            Self::Pos => "POS",
            Self::Surw(_) => "SURW",
            Self::Delays(_) => "delay bounding",
            Self::Preempting(_) => "preemptions",
            Self::Parallel => "a processor for each thread",
            Self::ReadsFrom => "reads-from fuzzing",
            Self::Portfolio => "the portfolio",
            Self::Timed { .. } => "modeled time",
            Self::Exhaustive { .. } => "the exhaustive search",
            Self::Schedule(_) => "a schedule",
        }
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            schedules,
            exhausted,
        } = self;
        let which = if *exhausted {
            "all orders of calls"
        } else {
            "not all orders of calls"
        };
        write!(formatter, "{schedules} schedules passed, {which}")
    }
}
