//! Tries all orders of a protocol's steps, breadth first, so that the first counterexample is a shortest one.
//!
//! The checker is our own: stateright 0.31 visits the same states of the same protocol, but brings 25 packages, an HTTP
//! server among them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::model::Model;
use crate::names::{BlockState, Forbidden, Id, Step};
use crate::state::State;

/// What must hold in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    NoBlockLeaks,
    EachBlockIsReleasedOnceAndWhole,
    InTheEndEveryBlockIsFree,
}

/// The number of different states, and for each law that does not hold the steps that lead to its violation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub states: usize,
    pub counterexamples: BTreeMap<Law, Vec<Step>>,
    /// All that releases do wrong in some order.
    pub wrong: BTreeSet<Forbidden>,
}

/// A state, and from which earlier one it was reached first.
type Reached = (Rc<State>, Option<(usize, Step)>);

impl Model {
    /// The steps that are possible in a state.
    #[must_use]
    pub fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        // A forbidden state is where the search ends: what would follow shows nothing more.
        if state.wrong.is_some() {
            return steps;
        }
        for (id, block) in state.blocks() {
            // Each use of a block has a new instance number, so that late messages of the last one are told apart.
            let next = Id(id.0, id.1 + 1);
            match block {
                BlockState::Free if state.connections < self.connections => {
                    steps.extend([
                        Step::Opens(next),
                        Step::Accepts(next),
                        Step::RefusesCall(next),
                    ]);
                }
                BlockState::Connecting => {
                    let ends = [Step::ConnectFails(id), Step::Breaks(id)];
                    steps.extend([Step::Connects(id)].into_iter().chain(ends));
                }
                BlockState::Open => steps.push(Step::Breaks(id)),
                BlockState::Free
                | BlockState::Allocated
                | BlockState::Closing
                | BlockState::OutOfService => {}
            }
        }
        for (id, _) in state.session.iter().filter(|(_, has_asked)| !**has_asked) {
            steps.extend([Step::TimesOut(*id), Step::Disconnects(*id)]);
        }
        steps.extend(
            state
                .sent
                .keys()
                .map(|&(from, by)| Step::Takes { from, by }),
        );
        steps
    }

    /// Visits every state.
    #[must_use]
    pub fn check(&self) -> Checked {
        let first = Rc::new(State::new(self.blocks));
        let mut seen = FxHashSet::from_iter([Rc::clone(&first)]);
        let mut reached: Vec<Reached> = vec![(first, None)];
        let mut counterexamples = BTreeMap::new();
        let mut wrong = BTreeSet::new();
        let mut index = 0;
        while let Some((state, _)) = reached.get(index).cloned() {
            let steps = self.steps(&state);
            wrong.extend(state.wrong);
            for law in violated(&state, &steps) {
                counterexamples
                    .entry(law)
                    .or_insert_with(|| path(&reached, index));
            }
            for step in steps {
                let next = Rc::new(self.after(&state, step).0);
                if seen.insert(Rc::clone(&next)) {
                    reached.push((next, Some((index, step))));
                }
            }
            index += 1;
        }
        Checked {
            states: seen.len(),
            counterexamples,
            wrong,
        }
    }
}

fn violated(state: &State, steps: &[Step]) -> Vec<Law> {
    let leaks = state
        .blocks()
        .any(|(id, block)| state.has_leaked(id, block));
    let is_all_free = state.blocks().all(|(_, block)| block == BlockState::Free);
    let laws = [
        (Law::NoBlockLeaks, leaks),
        (Law::EachBlockIsReleasedOnceAndWhole, state.wrong.is_some()),
        (
            Law::InTheEndEveryBlockIsFree,
            steps.is_empty() && !is_all_free,
        ),
    ];
    laws.into_iter()
        .filter_map(|(law, is_violated)| is_violated.then_some(law))
        .collect()
}

/// The steps from the first state to the one with this index.
fn path(reached: &[Reached], mut index: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((from, step)) = reached[index].1 {
        steps.push(step);
        index = from;
    }
    steps.reverse();
    steps
}
