//! Chooses the scheduler that orders the calls of each host's threads.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use kernel::{Choices, Duration};
use machine::{
    CallCounter, Cooperative, Counts, DelayBounding, Explorer, InterestingCalls, Parallel, Pct,
    Portfolio, Pos, Random, RoundRobin, Strategy, Surw, TimeWeighted,
};
use net::HostId;

use crate::lowering::LoweringError;
use config::plan::{Scenario, Scheduler};

/// Calls that a thread makes in a row under the round-robin scheduler.
const CALLS_IN_A_ROW: u64 = 1;
/// The bug depth that `pct` assumes: most bugs need at most three ordering constraints (Thomson,
/// Donaldson, Betts, PPoPP 2014).
const BUG_DEPTH: u32 = 3;
/// The delays of `delay-bounding`: most bugs need one or two (Emmi, Qadeer, Rakamaric, POPL 2011).
const DELAYS: u32 = 2;

/// How many calls the threads of each host make, counted over some runs. `pct`, `delay-bounding`, `surw` and
/// `portfolio` spread their random choices over a run whose length they must know in advance.
#[derive(Debug, Default)]
pub struct CallCounts(Vec<Rc<RefCell<CallCounter>>>);

impl CallCounts {
    /// The scheduling of a run that adds to these counts.
    pub(crate) fn counting(&mut self, hosts: usize) -> SchedulingMode {
        self.0.resize_with(hosts, Rc::default);
        SchedulingMode::Counting(self.0.clone())
    }

    /// The scheduling that the scenario names, with these call counts of a run.
    pub(crate) fn known(&self) -> SchedulingMode {
        let counts = self.0.iter().map(|counter| counter.borrow().counts());
        SchedulingMode::Named(counts.collect())
    }
}

/// How the calls of a run are ordered.
#[derive(Clone)]
pub(crate) enum SchedulingMode {
    /// The scenario's scheduler, with the counts of each host if it needs any.
    Named(Vec<Counts>),
    /// The random walk, with the calls of each host counted.
    Counting(Vec<Rc<RefCell<CallCounter>>>),
    /// One run of an exhaustive search, and the host of each service in the order of starts.
    Explored(Rc<Explorer>, Rc<RefCell<Vec<HostId>>>),
}

impl SchedulingMode {
    /// # Errors
    /// If the scenario's scheduler needs counts, and there are none.
    pub(crate) fn check(&self, scenario: &Scenario) -> Result<(), LoweringError> {
        let scheduler = scenario.scheduler;
        match self {
            Self::Named(counts) if counts.is_empty() && scheduler.needs_counts() => {
                Err(LoweringError::NoCallCounts(scheduler))
            }
            Self::Named(_) | Self::Counting(_) | Self::Explored(..) => Ok(()),
        }
    }

    /// Whether the states of the machines are compared, as a search does to prune runs.
    pub(crate) const fn needs_fingerprints(&self) -> bool {
        matches!(self, Self::Explored(..))
    }

    /// The strategy of a host for one start of its service, whose random choices are keyed by
    /// `rng_key`.
    pub(crate) fn strategy(
        &self,
        scenario: &Scenario,
        host: HostId,
        choices: Choices,
        rng_key: u64,
    ) -> Strategy {
        let counts = match self {
            Self::Named(counts) => counts.get(host.0 as usize).cloned().unwrap_or_default(),
            Self::Counting(counters) => {
                let walk = Random::new(choices, rng_key);
                // A pilot run is a random walk, the only strategy that is worth something without
                // counts.
                let counting = CallCounter::counting(&counters[host.0 as usize], walk);
                return Strategy::Controlled(Box::new(counting));
            }
            Self::Explored(explorer, starts) => {
                // The search numbers machines by their starts, and a pin names a host.
                starts.borrow_mut().push(host);
                return Strategy::Controlled(Box::new(explorer.another()));
            }
        };
        let step = || {
            let plan = scenario.hosts.values().nth(host.0 as usize);
            let cost = plan.expect("the host is one of the scenario's").call_cost;
            // Where calls are free a step of zero would never end.
            cost.max(Duration::from_nanos(1))
        };
        Strategy::Controlled(match scenario.scheduler {
            Scheduler::Timed => return Strategy::Timed,
            Scheduler::Random => Box::new(Random::new(choices, rng_key)),
            Scheduler::RoundRobin => Box::new(RoundRobin::new(CALLS_IN_A_ROW)),
            Scheduler::Cooperative => Box::new(Cooperative::default()),
            Scheduler::Pct => Box::new(Pct::new(choices, rng_key, BUG_DEPTH, counts.most())),
            Scheduler::DelayBounding => {
                Box::new(DelayBounding::new(choices, rng_key, DELAYS, counts.most()))
            }
            Scheduler::Pos => Box::new(Pos::new(choices, rng_key)),
            Scheduler::Surw => {
                Box::new(Surw::new(choices, rng_key, &counts, InterestingCalls::All))
            }
            Scheduler::TimeWeighted => Box::new(TimeWeighted::new(choices, rng_key, step())),
            Scheduler::Parallel => Box::new(Parallel::new(choices, rng_key, step())),
            Scheduler::Portfolio => Box::new(Portfolio::new(choices, rng_key, &counts, step())),
        })
    }
}

impl fmt::Debug for SchedulingMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Named(_) => "Named",
            Self::Counting(_) => "Counting",
            Self::Explored(..) => "Explored",
        })
    }
}
