//! A run as all views take it.
//!
//! Owns [`Shown`]: the scenario, what came of it, what was seen besides, and the command that
//! repeats it. It refuses to come from anywhere: whoever ran it fills it in.

use config::plan::Scenario;
use simulation::{Observations, Outcome};

/// A run to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What came of it, with its records kept.
    pub outcome: &'a Outcome,
    /// What was seen while it ran.
    pub seen: &'a Observations,
    /// The command that repeats it.
    pub repeat: &'a str,
}
