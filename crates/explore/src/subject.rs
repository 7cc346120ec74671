//! The system under test: a function from a scenario and a seed to an outcome.

use std::fmt;
use std::rc::Rc;

use crate::pilot;
use config::plan::{Keyword, Preemption, Scenario};
use mta::Build;
use simulation::{Explorer, LoweringError, Observations, Observe, Options, Outcome};

/// Runs scenarios: with the shipped builds, or with your own through [`pilot::run_builds`].
///
/// The outcome must depend on nothing but the arguments; a sweep checks that by rerunning.
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

    /// As [`Subject::run`], with every record kept, and what `observe` asks for. By default nothing
    /// is observed.
    ///
    /// # Errors
    /// As [`Subject::run`].
    fn observed(
        &self,
        scenario: &Scenario,
        seed: u64,
        observe: Observe,
    ) -> Result<(Outcome, Observations), LoweringError> {
        let _ = observe;
        let outcome = self.run(scenario, seed, Options { keep_records: true })?;
        Ok((outcome, Observations::default()))
    }

    /// Runs `scenario` in the order of calls that an exhaustive search tries next, and returns the pins
    /// that repeat it. By default a subject has no threads that a search could order.
    ///
    /// # Errors
    /// If the scenario cannot be run, or the subject cannot be searched.
    fn explored(
        &self,
        scenario: &Scenario,
        seed: u64,
        explorer: Explorer,
    ) -> Result<(Outcome, Vec<Preemption>), LoweringError> {
        let _ = (scenario, seed, explorer);
        let what =
            "verify orders the modeled threads of MTAs, and this program has none".to_owned();
        Err(LoweringError::Rejected(what))
    }

    /// The build of the MTA on this host, for sentences about it. By default the subject does not say.
    fn build_of(&self, scenario: &Scenario, host: &str) -> Option<HostBuild> {
        let _ = (scenario, host);
        None
    }

    /// What the subject can depend on besides scenario and seed, with the cures: said where two runs of a
    /// seed differ. By default nothing is known, and a difference is a bug of mtasim.
    fn known_leaks(&self) -> Option<&str> {
        None
    }
}

/// The build of an MTA in a run.
#[derive(Clone, Debug)]
pub struct HostBuild {
    /// Its name in sentences.
    pub name: String,
    /// What it decides.
    pub decisions: Rc<dyn Build>,
}

impl HostBuild {
    /// The shipped build that a scenario names for a host; `None` if the host is a guest.
    #[must_use]
    pub fn named(scenario: &Scenario, host: &str) -> Option<Self> {
        let name = scenario.hosts.get(host)?.build()?.as_str();
        Some(Self {
            name: name.to_owned(),
            decisions: mta::named(name)?,
        })
    }
}

/// Runs every host with the shipped build that the scenario names.
#[derive(Clone, Copy, Debug)]
pub struct ShippedBuilds;

/// A function as the system under test.
pub struct Custom<F>(pub F);

impl Subject for ShippedBuilds {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        pilot::run(scenario, seed, options)
    }

    fn observed(
        &self,
        scenario: &Scenario,
        seed: u64,
        observe: Observe,
    ) -> Result<(Outcome, Observations), LoweringError> {
        pilot::run_observed(scenario, seed, observe)
    }

    fn explored(
        &self,
        scenario: &Scenario,
        seed: u64,
        explorer: Explorer,
    ) -> Result<(Outcome, Vec<Preemption>), LoweringError> {
        simulation::run_explored(scenario, seed, explorer)
    }

    fn build_of(&self, scenario: &Scenario, host: &str) -> Option<HostBuild> {
        HostBuild::named(scenario, host)
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
