//! The input of all views of one run.

use config::plan::Scenario;
use simulation::{Observations, Outcome};

/// A finished run.
#[derive(Clone, Copy, Debug)]
pub struct FinishedRun<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The outcome, with records.
    pub outcome: &'a Outcome,
    /// What was observed during the run.
    pub observations: &'a Observations,
    /// The command that reproduces the run.
    pub command: &'a str,
}
