//! Searches generated cases for one that fails a property, and shrinks it.
//!
//! The seed is explicit, so a search can be repeated. Nothing is written to disk: in a test,
//! `proptest!` keeps failures.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::case::Case;
use crate::properties::PropertyFailure;

/// Parameters of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseSearch {
    /// The seed of the generator of cases.
    pub seed: u64,
    /// The maximum number of cases to generate.
    pub cases: u32,
    /// The maximum number of runs spent on shrinking a failing case; zero keeps it as found.
    pub shrink_runs: u32,
}

/// A case that fails a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The number of the failing case, counted from 1.
    pub case: u32,
    /// The smallest failing case found.
    pub minimal: Case,
    /// How the smallest case fails.
    pub failure: PropertyFailure,
}

impl CaseSearch {
    /// Generates cases until one fails the property `holds`; `None` if none does.
    ///
    /// ```
    /// use property::{CaseSearch, cases, never_leaks};
    /// use mta::Shipped;
    ///
    /// let unfixed = Shipped::EXCHANGE_5_5_2653_23;
    /// let search = CaseSearch { seed: 1, cases: 200, shrink_runs: 0 };
    /// let counterexample = search.run(&cases(&unfixed), |case| {
    ///     never_leaks(&case.run(unfixed).expect("a generated case can be run"))
    /// });
    /// assert!(counterexample.is_some());
    /// ```
    ///
    /// # Panics
    /// If the strategy rejects a value; those of this crate reject none.
    pub fn run(
        self,
        cases: &impl Strategy<Value = Case>,
        holds: impl Fn(&Case) -> Result<(), PropertyFailure>,
    ) -> Option<Counterexample> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        // The algorithm is named, since proptest's default may change between versions.
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for number in 1..=self.cases {
            let mut tree = cases
                .new_tree(&mut runner)
                .expect("the strategy rejects no value");
            let first = tree.current();
            if let Err(failure) = holds(&first) {
                let found = Counterexample {
                    case: number,
                    minimal: first,
                    failure,
                };
                return Some(shrink(&mut tree, found, self.shrink_runs, holds));
            }
        }
        None
    }
}

/// Simplifies the case as long as it fails, with at most `runs` runs.
fn shrink(
    tree: &mut impl ValueTree<Value = Case>,
    mut found: Counterexample,
    runs: u32,
    holds: impl Fn(&Case) -> Result<(), PropertyFailure>,
) -> Counterexample {
    let mut has_candidate = runs > 0 && tree.simplify();
    for _ in 0..runs {
        if !has_candidate {
            break;
        }
        let case = tree.current();
        // proptest's protocol: after a failure go on simplifying, after a success step back.
        has_candidate = match holds(&case) {
            Err(failure) => {
                found.minimal = case;
                found.failure = failure;
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
    }
    found
}
