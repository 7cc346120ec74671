//! A case of a property test: a scenario with its seed.
//!
//! Its debug output is a scenario file, so a failing case can be saved and run.

use std::fmt;

use config::file;
use config::plan::Scenario;
use mta::Build;
use simulation::{Options, Outcome};

use crate::builds::{Builds, RunError};

/// The hosts of every generated case, by name.
pub(crate) const HOSTS: [&str; 2] = ["LYON", "PARIS"];
/// The link between them.
pub(crate) const LINK: &str = "wan";

/// A scenario to be run with its own seed.
#[derive(Clone, PartialEq, Eq)]
pub struct Case {
    /// The scenario, its seed included.
    pub scenario: Scenario,
}

impl Case {
    /// Reads a scenario file, such as a saved failure. `name` is the file name in diagnostics.
    ///
    /// # Errors
    /// All mistakes in the text.
    pub fn read(name: &str, text: &str) -> Result<Self, file::Diagnostics> {
        let scenario = file::load(name, text.as_bytes(), &[])?;
        Ok(Self { scenario })
    }

    /// Runs the case with this build on every host.
    ///
    /// # Errors
    /// If the scenario is invalid, or a link cannot be calibrated as it says.
    pub fn run(
        &self,
        build: impl Build + Clone + Send + Sync + 'static,
    ) -> Result<Outcome, RunError> {
        self.run_with(&Builds::everywhere(build))
    }

    /// Runs the case with these builds.
    ///
    /// # Errors
    /// If a build is assigned to an unknown host, the scenario is invalid, or a link cannot be
    /// calibrated as it says.
    pub fn run_with(&self, builds: &Builds) -> Result<Outcome, RunError> {
        let options = Options {
            keep_records: false,
        };
        builds.run(&self.scenario, self.scenario.seed, options)
    }
}

impl From<Scenario> for Case {
    fn from(scenario: Scenario) -> Self {
        Self { scenario }
    }
}

/// The scenario as a file, between two rulers.
impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.scenario.to_toml();
        write!(formatter, "\n{RULER}\n{}\n{RULER}", text.trim_end())
    }
}

const RULER: &str = "# ----------------------------------------------------------------------";
