//! How many cases it takes to break a property, and the smallest that does.
//!
//! Owns the loop over made-up cases with its own seed, so that a figure can be measured again. It
//! refuses to keep failures on the disk: `proptest!` does that for a test.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::case::Case;
use crate::property::Broken;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hunt {
    /// The seed of what is made up.
    pub seed: u64,
    /// Cases to try.
    pub cases: u32,
    /// Runs to spend on making a failing case small; zero to keep it as it was found.
    pub shrink: u32,
}

/// A case that breaks a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prey {
    /// The how-manieth case it was, counted from 1.
    pub case: u32,
    /// The smallest case that was found to break it.
    pub minimal: Case,
    /// What was found against the property in that case.
    pub broken: Broken,
}

/// Tries made-up cases until one breaks the property `holds`; `None` if none does.
///
/// ```
/// use property::{Hunt, cases, hunt, never_leaks};
/// use mta::Shipped;
///
/// let unfixed = Shipped::EXCHANGE_5_5_2653_23;
/// let leak = Hunt { seed: 1, cases: 200, shrink: 0 };
/// let prey = hunt(leak, &cases(&unfixed), |case| {
///     never_leaks(&case.run(unfixed).expect("a made-up case can be run"))
/// });
/// assert!(prey.is_some());
/// ```
pub fn hunt(
    hunt: Hunt,
    cases: &impl Strategy<Value = Case>,
    holds: impl Fn(&Case) -> Result<(), Broken>,
) -> Option<Prey> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&hunt.seed.to_le_bytes());
    let luck = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), luck);
    for number in 1..=hunt.cases {
        let mut tree = cases.new_tree(&mut runner).expect("no case is turned away");
        let first = tree.current();
        if let Err(broken) = holds(&first) {
            let found = (first, broken);
            let (minimal, broken) = smallest(&mut tree, found, hunt.shrink, holds);
            return Some(Prey {
                case: number,
                minimal,
                broken,
            });
        }
    }
    None
}

/// Simplifies while the property stays broken.
fn smallest(
    tree: &mut impl ValueTree<Value = Case>,
    mut found: (Case, Broken),
    runs: u32,
    holds: impl Fn(&Case) -> Result<(), Broken>,
) -> (Case, Broken) {
    let mut is_simpler = runs > 0 && tree.simplify();
    for _ in 0..runs {
        if !is_simpler {
            break;
        }
        let case = tree.current();
        is_simpler = match holds(&case) {
            Err(broken) => {
                found = (case, broken);
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
    }
    found
}
