//! Reads-from fuzzing (Wolff, Shi, Duck, Mathur, Roychoudhury: "Greybox fuzzing for concurrency testing",
//! ASPLOS 2024): a search that learns from its earlier schedules.
//!
//! Two runs in which every read sees the same write are alike. So a schedule is worth keeping if some read
//! saw a write that it had never seen before. The search keeps *abstract schedules*: sets of
//! constraints "this read sees that write", or "does not". Each run follows one, with POS
//! where the constraints leave a choice. Later runs vary the abstract schedules that were kept; one that
//! led to combinations of reads and writes which few runs have shown is varied more often.
//!
//! A read or write is a line of the program and the resource that it works on. Which thread makes it does
//! not count, so a hundred threads with one program are one. Locks count, too: taking one reads what the
//! last thread that left it has written. A failed compare-and-exchange counts as a write, as it does in
//! [`Operation::conflicts`](crate::Operation::conflicts).

pub(crate) mod constraints;
mod corpus;
mod observations;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Choices, Site};

use self::constraints::{Constraint, Wish};
use self::corpus::Corpus;
use self::observations::Observations;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;
use crate::schedulers::pos::Pos;

const SITE: Site = Site::new("machine.schedule.reads_from");

/// Constraints are dropped after so many choices in a row that went against a thread: a thread may poll
/// for what a thread does that is held back.
const PATIENCE: u32 = 200;

/// A search over schedules of one program, which must be the same each time.
///
/// Call [`Self::next_run`], run the program under the scheduler that it returns, and again.
#[derive(Debug, Default)]
pub struct ReadsFromSearch {
    corpus: Corpus,
    observations: Rc<RefCell<Observations>>,
    /// The abstract schedule of the last run; `None` before the first.
    last: Option<Vec<Constraint>>,
}

/// The scheduler of one run of a [`ReadsFromSearch`].
#[derive(Debug)]
pub struct ReadsFrom {
    pos: Pos,
    /// Constraints that are not satisfied yet.
    constraints: Vec<Constraint>,
    observations: Rc<RefCell<Observations>>,
    /// Choices in a row that went against a thread.
    against: u32,
}

impl ReadsFromSearch {
    /// The scheduler of the next run, whose random choices are selected by `choices` and the host's `key`.
    /// What the last run has shown is judged first.
    pub fn next_run(&mut self, choices: Choices, key: u64) -> ReadsFrom {
        let mut rng = choices.rng(SITE, key, [0, 0]);
        let mut observations = self.observations.borrow_mut();
        if let Some(constraints) = self.last.take() {
            self.corpus.judge(constraints, observations.shown());
        }
        observations.begin_run();
        let constraints = self.corpus.next(&observations, &mut rng);
        self.last = Some(constraints.clone());
        ReadsFrom {
            pos: Pos::new(choices, key),
            constraints,
            observations: Rc::clone(&self.observations),
            against: 0,
        }
    }
}

impl ReadsFrom {
    /// What the constraints want of a pending call.
    fn wish(&self, observations: &Observations, call: &PendingCall) -> Wish {
        let Some(access) = observations.access_of(call) else {
            return Wish::Any;
        };
        let wishes = self.constraints.iter().map(|it| it.wish(&access));
        Wish::all(wishes)
    }
}

impl Scheduler for ReadsFrom {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let observations = Rc::clone(&self.observations);
        let mut observations = observations.borrow_mut();
        let wishes: Vec<Wish> = match self.constraints.is_empty() {
            true => vec![Wish::Any; enabled.len()],
            false => (enabled.iter())
                .map(|call| self.wish(&observations, call))
                .collect(),
        };
        let index = self.pos.choose_by(enabled, |index| wishes[index]);
        self.against = match wishes.iter().any(|it| *it != wishes[index]) {
            true => self.against + 1,
            false => 0,
        };
        if self.against > PATIENCE {
            self.constraints.clear();
        }
        if let Some(seen) = observations.call(&enabled[index]) {
            self.constraints.retain(|it| !it.is_satisfied_by(seen));
        }
        index
    }

    fn reseed(&mut self, choices: Choices) {
        self.pos.reseed(choices);
    }
}
