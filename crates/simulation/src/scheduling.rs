//! Who decides the order of calls on each host.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use kernel::{Choices, Duration};
use machine::{
    Cooperative, Counts, Explorer, Paced, Parallel, Pct, Portfolio, Pos, Random, RoundRobin,
    Selection, Strategy, Surw, Tally,
};
use net::HostId;

use crate::assembly::AssemblyError;
use config::plan::{Scenario, Scheduler};

/// Calls a thread makes in a row under the round-robin scheduler.
const CALLS_PER_TURN: u64 = 1;
/// The depth of bugs that `pct` aims at: most need three orders at the most (Thomson, Donaldson,
/// Betts, PPoPP 2014).
const DEPTH: u32 = 3;

/// How many calls the threads of each host make, counted over some runs. `pct`, `surw` and
/// `portfolio` spread their random choices over a run whose length they must know beforehand.
#[derive(Debug, Default)]
pub struct CallCounts(Vec<Rc<RefCell<Tally>>>);

impl CallCounts {
    /// The scheduling of a run that adds to these counts.
    pub(crate) fn counting(&mut self, hosts: usize) -> Scheduling {
        self.0.resize_with(hosts, Rc::default);
        Scheduling::Counting(self.0.clone())
    }

    /// The scheduling that the scenario names, with what these counts say of a run.
    pub(crate) fn known(&self) -> Scheduling {
        let counts = self.0.iter().map(|tally| tally.borrow().counts());
        Scheduling::Named(counts.collect())
    }
}

/// What a world asks when a service starts.
#[derive(Clone)]
pub(crate) enum Scheduling {
    /// The scenario's word, with counts for each host if it needs any.
    Named(Vec<Counts>),
    /// The random walk, counted for each host.
    Counting(Vec<Rc<RefCell<Tally>>>),
    /// A search through all orders, and which hosts' services it has seen start.
    Explored(Rc<Explorer>, Rc<RefCell<Vec<HostId>>>),
}

impl Scheduling {
    /// # Errors
    /// If the scenario's scheduler needs counts, and there are none.
    pub(crate) fn check(&self, scenario: &Scenario) -> Result<(), AssemblyError> {
        let scheduler = scenario.scheduler;
        match self {
            Self::Named(counts) if counts.is_empty() && scheduler.needs_counts() => Err(
                AssemblyError(format!("scheduler {scheduler}: no call counts")),
            ),
            Self::Named(_) | Self::Counting(_) | Self::Explored(..) => Ok(()),
        }
    }

    /// Whether somebody asks for the state of the machines.
    pub(crate) const fn watches_state(&self) -> bool {
        matches!(self, Self::Explored(..))
    }

    /// What decides on this host from a start of its service on, whose luck is `luck`.
    pub(crate) fn strategy(
        &self,
        scenario: &Scenario,
        host: HostId,
        choices: Choices,
        luck: u64,
    ) -> Strategy {
        let counts = match self {
            Self::Named(counts) => counts.get(host.0 as usize).cloned().unwrap_or_default(),
            Self::Counting(tallies) => {
                let walk = Random::new(choices, luck);
                let counting = Tally::counting(&tallies[host.0 as usize], walk);
                return Strategy::Chosen(Box::new(counting));
            }
            Self::Explored(explorer, seats) => {
                seats.borrow_mut().push(host);
                return Strategy::Chosen(Box::new(explorer.another()));
            }
        };
        let step = || {
            let plan = scenario.hosts.values().nth(host.0 as usize);
            let cost = plan.expect("the host is one of the scenario's").call_cost;
            cost.max(Duration::from_nanos(1))
        };
        Strategy::Chosen(match scenario.scheduler {
            Scheduler::Timed => return Strategy::Timed,
            Scheduler::Random => Box::new(Random::new(choices, luck)),
            Scheduler::RoundRobin => Box::new(RoundRobin::new(CALLS_PER_TURN)),
            Scheduler::Cooperative => Box::new(Cooperative::default()),
            Scheduler::Pct => Box::new(Pct::new(choices, luck, DEPTH, counts.most())),
            Scheduler::Pos => Box::new(Pos::new(choices, luck)),
            Scheduler::Surw => Box::new(Surw::new(choices, luck, &counts, Selection::All)),
            Scheduler::Paced => Box::new(Paced::new(choices, luck, step())),
            Scheduler::Parallel => Box::new(Parallel::new(choices, luck, step())),
            Scheduler::Portfolio => Box::new(Portfolio::new(choices, luck, &counts, step())),
        })
    }
}

impl fmt::Debug for Scheduling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Named(_) => "Named",
            Self::Counting(_) => "Counting",
            Self::Explored(..) => "Explored",
        })
    }
}
