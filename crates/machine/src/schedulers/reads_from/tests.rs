//! When a constraint is satisfied and which call it wants, and access to a search for tests with a machine
//! (`crate::check`): a module of schedulers knows of no machine.

use kernel::Choices;

use super::constraints::{Constraint, Event, ReadsFromPair, Source, Wish};
use super::observations::Observations;
use super::{ReadsFrom, ReadsFromSearch};
use crate::schedulers::pos::Pos;

impl ReadsFromSearch {
    /// All constraints on the reads that the runs so far have shown, reader by reader.
    pub(crate) fn constraints(&self) -> Vec<Constraint> {
        let observations: &Observations = &self.observations.borrow();
        let of = |&(reader, resource): &(Event, u32)| {
            let writers = observations.writers(resource).iter().copied();
            let written = writers.map(Source::Other).collect::<Vec<_>>();
            let sources = [Source::Initial].into_iter().chain(written);
            sources.map(move |source| Constraint {
                pair: ReadsFromPair { reader, source },
                resource,
                is_positive: true,
            })
        };
        observations.readers().iter().flat_map(of).collect()
    }

    /// The next run, under one constraint.
    pub(crate) fn under(&self, constraint: Constraint, seed: u64) -> ReadsFrom {
        self.observations.borrow_mut().begin_run();
        ReadsFrom {
            pos: Pos::new(Choices::new(seed), 0),
            constraints: vec![constraint],
            observations: self.observations.clone(),
            against: 0,
        }
    }
}

#[test]
fn wishes_that_contradict_each_other_have_no_effect() {
    let all = |wishes: &[Wish]| Wish::all(wishes.iter().copied());
    assert_eq!(all(&[]), Wish::Any);
    assert_eq!(all(&[Wish::Any, Wish::Take]), Wish::Take);
    assert_eq!(all(&[Wish::Avoid, Wish::Any]), Wish::Avoid);
    assert_eq!(all(&[Wish::Avoid, Wish::Take]), Wish::Any);
}

#[test]
fn a_constraint_is_satisfied_once() {
    let pair = |source| ReadsFromPair {
        reader: Event(0),
        source,
    };
    let constraint = |is_positive| Constraint {
        pair: pair(Source::Other(Event(1))),
        resource: 0,
        is_positive,
    };
    for (source, is_positive) in [
        (Source::Other(Event(1)), true),
        (Source::Initial, false),
        (Source::Own, false),
        (Source::Other(Event(2)), false),
    ] {
        assert!(constraint(is_positive).is_satisfied_by(pair(source)));
        assert!(!constraint(!is_positive).is_satisfied_by(pair(source)));
    }
}
