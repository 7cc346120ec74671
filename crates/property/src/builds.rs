//! Which build each host of a scenario runs.
//!
//! Owns [`Builds`]: variants of one's own in place of what the scenario names, host by host. It
//! refuses a second way to run a scenario: it hands [`explore::run_builds`] what that needs, and
//! is a [`Subject`] that can be swept, compared, shrunk and explained as the shipped builds can.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use config::plan::{Keyword, Scenario};
use explore::Subject;
use mta::{Build, Shipped};
use simulation::{LoweringError, Options, Outcome};

/// Makes a build for one run: a run's own share counts of references with nobody.
type Maker = Arc<dyn Fn() -> Rc<dyn Build> + Send + Sync>;

/// Which build each host runs: the scenario's, unless another is said here.
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
///     fn guard(&self, _: mta::Structure, _: mta::Operation) -> Option<mta::LockName> {
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
    everywhere: Option<Maker>,
    at: BTreeMap<String, Maker>,
}

/// Why a scenario could not be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// A build is meant for a host that the scenario does not have.
    NoSuchHost {
        /// The name.
        host: String,
        /// The hosts there are, in the order of their names.
        hosts: Vec<String>,
    },
    /// The scenario was edited into something that no file could say: dotted paths of its keys,
    /// each with what is wrong there.
    InvalidScenario(Vec<(String, String)>),
    /// A link cannot be calibrated as the scenario says.
    Lowering(LoweringError),
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
            everywhere: Some(maker(build)),
            at: BTreeMap::new(),
        }
    }

    /// This build on the host of this name.
    #[must_use]
    pub fn with(mut self, host: &str, build: impl Build + Clone + Send + Sync + 'static) -> Self {
        self.at.insert(host.to_owned(), maker(build));
        self
    }

    /// Runs `scenario` under `seed`.
    ///
    /// # Errors
    /// If a build is meant for a host that is not there, if the scenario is unsound, or if a link
    /// cannot be calibrated as it says.
    pub fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, RunError> {
        if let Some(host) = self.at.keys().find(|it| !scenario.hosts.contains_key(*it)) {
            return Err(RunError::NoSuchHost {
                host: host.clone(),
                hosts: scenario.hosts.keys().cloned().collect(),
            });
        }
        let found = scenario.check();
        if !found.is_empty() {
            return Err(RunError::InvalidScenario(found));
        }
        let builds = scenario.hosts.iter().map(|(name, host)| {
            let own = self.at.get(name).or(self.everywhere.as_ref());
            own.map_or_else(|| shipped(host.build), |make| make())
        });
        explore::run_builds(scenario, seed, &builds.collect::<Vec<_>>(), options)
            .map_err(RunError::Lowering)
    }
}

fn maker(build: impl Build + Clone + Send + Sync + 'static) -> Maker {
    Arc::new(move || Rc::new(build.clone()))
}

fn shipped(build: config::plan::Build) -> Rc<dyn Build> {
    let shipped = Shipped::named(build.as_str());
    Rc::new(shipped.expect("the plan names builds that the subject has"))
}

impl Subject for Builds {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        Self::run(self, scenario, seed, options).map_err(|error| LoweringError(error.to_string()))
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

impl fmt::Display for RunError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchHost { host, hosts } => write!(
                formatter,
                "the scenario has no host `{host}`: its hosts are {}",
                hosts.join(", ")
            ),
            Self::InvalidScenario(found) => {
                formatter.write_str("the scenario is unsound:")?;
                found
                    .iter()
                    .try_for_each(|(path, message)| write!(formatter, " {path}: {message};"))
            }
            Self::Lowering(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for RunError {}
