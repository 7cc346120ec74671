//! Assigns builds to the hosts of a scenario: your own in place of those that it names.
//!
//! [`Builds`] is a [`Subject`], so it can also be swept, compared, shrunk and explained.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use config::file::Diagnostics;
use config::plan::{Keyword, Preemption, Scenario};
use explore::{HostBuild, Subject};
use mta::Build;
use simulation::{Explorer, LoweringError, Observations, Observe, Options, Outcome};
use thiserror::Error;

/// Creates the build for one run. Runs execute on several threads, and an [`Rc`] stays on its own.
type BuildFactory = Arc<dyn Fn() -> Rc<dyn Build> + Send + Sync>;

/// Which build each host runs: the one that the scenario names, unless it is replaced here.
///
/// ```
/// use mta::{Build, Shipped};
/// use property::Builds;
/// use simulation::Options;
/// use config::file;
///
/// /// 4.0.993.6 with one lock for everything.
/// #[derive(Clone, Debug)]
/// struct OneLock;
///
/// impl Build for OneLock {
///     fn base(&self) -> Shipped {
///         Shipped::EXCHANGE_4_0_993_6
///     }
///
///     fn guard(&self, _: mta::Structure, _: mta::StructureOperation) -> Option<mta::LockName> {
///         Some("the one lock")
///     }
/// }
///
/// let text = include_str!("../../../sims/smoke/clean-link.toml");
/// let scenario = file::load("clean-link.toml", text.as_bytes(), &[])?;
/// let builds = Builds::named().with("PARIS", OneLock);
/// let outcome = builds.run(&scenario, 7, Options { keep_records: false })?;
/// assert!(outcome.violations.is_empty());
///
/// let wrong = Builds::named().with("PARSI", OneLock);
/// let error = wrong.run(&scenario, 7, Options { keep_records: false }).unwrap_err();
/// assert_eq!(error.to_string(), "the scenario has no host `PARSI`: its hosts are LYON, PARIS");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Builds {
    everywhere: Option<BuildFactory>,
    at: BTreeMap<String, BuildFactory>,
}

/// Why a scenario cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// A build is assigned to a host that the scenario does not have.
    #[error("the scenario has no host `{host}`: its hosts are {}", hosts.join(", "))]
    NoSuchHost {
        /// The name of the host.
        host: String,
        /// The hosts of the scenario, by name.
        hosts: Vec<String>,
    },
    /// The scenario is invalid, and why.
    #[error("the scenario is invalid:\n{0}")]
    InvalidScenario(Diagnostics),
    /// A link cannot be calibrated as the scenario says.
    #[error(transparent)]
    Lowering(#[from] LoweringError),
}

impl Builds {
    /// The builds that the scenario names.
    #[must_use]
    pub fn named() -> Self {
        Self::default()
    }

    /// This build on every host.
    #[must_use]
    pub fn everywhere(build: impl Build + Clone + Send + Sync + 'static) -> Self {
        Self {
            everywhere: Some(factory(build)),
            at: BTreeMap::new(),
        }
    }

    /// This build on the host with this name.
    #[must_use]
    pub fn with(mut self, host: &str, build: impl Build + Clone + Send + Sync + 'static) -> Self {
        self.at.insert(host.to_owned(), factory(build));
        self
    }

    /// Runs `scenario` under `seed`.
    ///
    /// # Errors
    /// If a build is assigned to an unknown host, the scenario is invalid, or a link cannot be
    /// calibrated as it says.
    pub fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, RunError> {
        let builds = self.builds(scenario)?;
        Ok(explore::run_builds(scenario, seed, &builds, options)?)
    }

    /// The build that replaces the one of the scenario on this host.
    fn own(&self, host: &str) -> Option<&BuildFactory> {
        self.at.get(host).or(self.everywhere.as_ref())
    }

    /// The build of each host, in the order of their names.
    fn builds(&self, scenario: &Scenario) -> Result<Vec<Rc<dyn Build>>, RunError> {
        if let Some(host) = self.at.keys().find(|it| !scenario.hosts.contains_key(*it)) {
            return Err(RunError::NoSuchHost {
                host: host.clone(),
                hosts: scenario.hosts.keys().cloned().collect(),
            });
        }
        scenario.check().map_err(RunError::InvalidScenario)?;
        let builds = scenario
            .hosts
            .iter()
            .map(|(name, host)| match self.own(name) {
                Some(make) => Ok(make()),
                None => host
                    .build()
                    .map(named)
                    .ok_or_else(|| LoweringError::Guest(name.clone())),
            });
        Ok(builds.collect::<Result<Vec<Rc<dyn Build>>, LoweringError>>()?)
    }
}

fn factory(build: impl Build + Clone + Send + Sync + 'static) -> BuildFactory {
    Arc::new(move || Rc::new(build.clone()))
}

fn named(build: config::plan::Build) -> Rc<dyn Build> {
    mta::named(build.as_str()).expect("every build of a scenario is known")
}

impl Subject for Builds {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        Self::run(self, scenario, seed, options)
            .map_err(|error| LoweringError::Rejected(error.to_string()))
    }

    fn observed(
        &self,
        scenario: &Scenario,
        seed: u64,
        observe: Observe,
    ) -> Result<(Outcome, Observations), LoweringError> {
        let builds = self.builds(scenario);
        let builds = builds.map_err(|error| LoweringError::Rejected(error.to_string()))?;
        explore::run_builds_observed(scenario, seed, &builds, observe)
    }

    fn explored(
        &self,
        scenario: &Scenario,
        seed: u64,
        explorer: Explorer,
    ) -> Result<(Outcome, Vec<Preemption>), LoweringError> {
        let builds = self.builds(scenario);
        let builds = builds.map_err(|error| LoweringError::Rejected(error.to_string()))?;
        simulation::run_builds_explored(scenario, seed, builds, explorer)
    }

    fn build_of(&self, scenario: &Scenario, host: &str) -> Option<HostBuild> {
        let Some(make) = self.own(host) else {
            return HostBuild::named(scenario, host);
        };
        Some(HostBuild {
            name: "the build under test".to_owned(),
            decisions: make(),
        })
    }
}

impl fmt::Debug for Builds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = self.everywhere.as_ref().map(|make| make());
        let at = self.at.iter().map(|(host, make)| (host, make()));
        formatter
            .debug_struct("Builds")
            .field("everywhere", &others)
            .field("at", &at.collect::<BTreeMap<_, _>>())
            .finish()
    }
}
