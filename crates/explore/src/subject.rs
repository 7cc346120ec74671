//! What is run.
//!
//! Owns [`Subject`]: the way from a scenario and a seed to an outcome, which a user may replace
//! to try a fix of one's own. It refuses to know of more than one run.

use std::fmt;

use crate::pilot;
use config::plan::Scenario;
use simulation::{LoweringError, Options, Outcome};

/// Something that runs scenarios: the shipped builds, or builds of one's own through
/// [`pilot::run_builds`]. It must be a function of its arguments; a sweep checks that.
pub trait Subject: Send + Sync {
    /// Runs `scenario` under `seed`.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says.
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError>;
}

/// The builds that the scenario's hosts name.
#[derive(Clone, Copy, Debug)]
pub struct Shipped;

/// A function as a subject.
pub struct Custom<F>(pub F);

impl Subject for Shipped {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        pilot::run(scenario, seed, options)
    }
}

impl<F> Subject for Custom<F>
where
    F: Fn(&Scenario, u64, Options) -> Result<Outcome, LoweringError> + Send + Sync,
{
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        (self.0)(scenario, seed, options)
    }
}

impl<F> fmt::Debug for Custom<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Custom")
    }
}
