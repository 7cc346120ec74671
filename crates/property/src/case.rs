//! One case of a property: a scenario with its seed.
//!
//! Owns [`Case`], which shows itself as the scenario file it could have come from, so that a
//! failure can be kept and run by anybody. It refuses luck of its own: the seed is in the
//! scenario.

use std::fmt;

use config::file;
use config::plan::Scenario;
use mta::Build;
use simulation::{Options, Outcome};

use crate::builds::{Builds, RunError};

/// The hosts of every case that is made up, in the order of their names.
pub(crate) const HOSTS: [&str; 2] = ["LYON", "PARIS"];
/// The line between them.
pub(crate) const LINK: &str = "wan";

/// A scenario to be run under its own seed.
#[derive(Clone, PartialEq, Eq)]
pub struct Case {
    /// The scenario, its seed included.
    pub scenario: Scenario,
}

impl Case {
    /// The case of a scenario file, such as a failure that was kept. `name` is what diagnostics
    /// call the file.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn read(name: &str, text: &str) -> Result<Self, file::Diagnostics> {
        let scenario = file::load(name, text.as_bytes(), &[])?;
        Ok(Self { scenario })
    }

    /// Runs the case with this build on every host.
    ///
    /// # Errors
    /// If the scenario is unsound, or a link cannot be calibrated as it says.
    pub fn run(
        &self,
        build: impl Build + Clone + Send + Sync + 'static,
    ) -> Result<Outcome, RunError> {
        self.run_with(&Builds::everywhere(build))
    }

    /// Runs the case with these builds.
    ///
    /// # Errors
    /// If a build is meant for a host that is not there, if the scenario is unsound, or if a link
    /// cannot be calibrated as it says.
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

/// The scenario as a file, between rulers.
impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.scenario.to_toml();
        write!(formatter, "\n{RULER}\n{}\n{RULER}", text.trim_end())
    }
}

const RULER: &str = "# ----------------------------------------------------------------------";
