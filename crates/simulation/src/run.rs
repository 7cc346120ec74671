//! Makes one run of one scenario.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

use machine::Explorer;
use mta::Build;

use crate::lowering::{self, LoweringError};
use crate::observers::{Observations, Observe};
use crate::options::Options;
use crate::outcome::{Outcome, Stop};
use crate::recorder::Ended;
use crate::scheduling::{CallCounts, SchedulingMode};
use crate::world::{RunConfig, World};
use config::plan::{Preemption, Scenario};
use config::untrusted_text;

/// Runs `scenario` under `seed` with the builds that its hosts name.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says, or if the scenario's scheduler needs call
/// counts (see [`Run::with_counts`]).
pub fn run(scenario: &Scenario, seed: u64, options: Options) -> Result<Outcome, LoweringError> {
    Run::new(scenario, seed).outcome(options)
}

/// One run to be made: a scenario, a seed, and what else it depends on.
#[derive(Debug)]
pub struct Run<'a> {
    scenario: &'a Scenario,
    seed: u64,
    builds: Vec<Rc<dyn Build>>,
    scheduling: SchedulingMode,
}

impl<'a> Run<'a> {
    /// A run with the builds that the hosts name and with the scenario's scheduler.
    #[must_use]
    pub fn new(scenario: &'a Scenario, seed: u64) -> Self {
        Self {
            scenario,
            seed,
            builds: named_builds(scenario),
            scheduling: SchedulingMode::Named(Vec::new()),
        }
    }

    /// The same run with other builds, one for each host in the order of their names.
    ///
    /// # Panics
    /// If there are not as many builds as hosts.
    #[must_use]
    pub fn with_builds(self, builds: Vec<Rc<dyn Build>>) -> Self {
        assert_eq!(
            builds.len(),
            self.scenario.hosts.len(),
            "one build for each host"
        );
        Self { builds, ..self }
    }

    /// The same run with the call counts that its scheduler needs; other schedulers ignore them.
    #[must_use]
    pub fn with_counts(self, counts: &CallCounts) -> Self {
        Self {
            scheduling: counts.known(),
            ..self
        }
    }

    /// Makes the run and says how it ended.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says, or if the scheduler lacks counts.
    ///
    /// # Panics
    /// A bug of this program, or of a build, is a panic that names the scenario, the seed and the
    /// virtual time.
    pub fn outcome(self, options: Options) -> Result<Outcome, LoweringError> {
        let seed = self.seed;
        Ok(checked(self.world(options, Observe::default())?, seed))
    }

    /// Makes the run with every record kept, and observes what `observe` asks for. Observing does
    /// not change the run.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says, or if the scheduler lacks counts.
    pub fn observed(self, observe: Observe) -> Result<(Outcome, Observations), LoweringError> {
        let seed = self.seed;
        let mut world = self.world(Options { keep_records: true }, observe)?;
        let stop = world.run();
        world.mtas().final_checks(stop);
        world.mtas().end_observation();
        Ok(summarise(world, seed, stop))
    }

    /// Makes the run under the random walk, whatever the scenario's scheduler is, and adds the
    /// calls of each host's threads to `counts`.
    ///
    /// # Errors
    /// If a link cannot be calibrated as the scenario says.
    pub fn count_calls(self, counts: &mut CallCounts) -> Result<(), LoweringError> {
        let scheduling = counts.counting(self.scenario.hosts.len());
        let options = Options {
            keep_records: false,
        };
        Self { scheduling, ..self }
            .world(options, Observe::default())?
            .run();
        Ok(())
    }

    fn world(self, options: Options, observe: Observe) -> Result<World<'a>, LoweringError> {
        let Self {
            scenario,
            seed,
            builds,
            scheduling,
        } = self;
        lowering::check_builds(scenario)?;
        scheduling.check(scenario)?;
        tracing::debug!(seed, title = scenario.title, "run");
        let setup = RunConfig {
            builds,
            scheduling,
            options,
            observe,
        };
        World::new(scenario, seed, setup)
    }
}

/// The builds that the hosts name.
fn named_builds(scenario: &Scenario) -> Vec<Rc<dyn Build>> {
    // A guest has none; the run is refused when it is made.
    scenario
        .hosts
        .values()
        .filter_map(lowering::build)
        .collect()
}

/// Runs `scenario` under `seed` in the order of calls that an exhaustive search tries next. Also
/// returns the pins with which the `cooperative` scheduler makes the calls in the same order.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
///
/// # Panics
/// If calls take time: the search orders the calls of one instant, so time must not pass while a
/// thread can run.
pub fn run_explored(
    scenario: &Scenario,
    seed: u64,
    explorer: Explorer,
) -> Result<(Outcome, Vec<Preemption>), LoweringError> {
    run_builds_explored(scenario, seed, named_builds(scenario), explorer)
}

/// As [`run_explored`], with other builds, one for each host in the order of their names.
///
/// # Errors
/// As [`run_explored`].
///
/// # Panics
/// As [`run_explored`], or if there are not as many builds as hosts.
pub fn run_builds_explored(
    scenario: &Scenario,
    seed: u64,
    builds: Vec<Rc<dyn Build>>,
    explorer: Explorer,
) -> Result<(Outcome, Vec<Preemption>), LoweringError> {
    lowering::check_builds(scenario)?;
    let mut hosts = scenario.hosts.values();
    let is_free = hosts.all(|host| host.call_cost.is_zero());
    assert!(is_free, "a search needs calls that take no time");
    let explorer = Rc::new(explorer);
    let starts = Rc::new(RefCell::new(Vec::new()));
    let run = Run {
        scheduling: SchedulingMode::Explored(Rc::clone(&explorer), Rc::clone(&starts)),
        ..Run::new(scenario, seed).with_builds(builds)
    };
    let outcome = run.outcome(Options {
        keep_records: false,
    })?;
    let starts = starts.borrow();
    let pin = |deviation: &machine::ScheduleDeviation| {
        // The search numbers machines from 1, in the order in which their services started.
        let start = usize::try_from(deviation.machine).ok()?.checked_sub(1)?;
        let name = scenario.hosts.keys().nth(starts.get(start)?.0 as usize)?;
        lowering::pinned(name, deviation)
    };
    let pins = explorer.deviations().iter().filter_map(pin).collect();
    Ok((outcome, pins))
}

/// Runs a world to its end and checks it. A panic inside does not know which run it is in, so the
/// scenario, the seed and the virtual time are added here.
fn checked(mut world: World<'_>, seed: u64) -> Outcome {
    // Caught to name time and seed, without which a panic in a sweep of thousands could not be
    // repeated; then it goes on.
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        let stop = world.run();
        // A pruned run was broken off in the middle: nothing can be said about its end.
        if stop != Stop::Pruned {
            world.mtas().final_checks(stop);
        }
        stop
    }));
    match ended {
        Ok(stop) => summarise(world, seed, stop).0,
        Err(cause) => panic!(
            "at {} of \"{}\", seed {seed}: {}",
            world.now,
            untrusted_text::line(&world.scenario.title),
            text_of(cause.as_ref())
        ),
    }
}

fn text_of(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text")
}

fn summarise(world: World<'_>, seed: u64, stop: Stop) -> (Outcome, Observations) {
    let scenario = world.scenario;
    let names = scenario.links.keys().cloned();
    let ended = Ended {
        seed,
        at: world.now,
        events: world.events(),
        stop,
        violations: Vec::new(),
        violations_dropped: 0,
        faults: world.fault_counts(),
        links: names.zip(world.link_counts()).collect(),
        reached: BTreeMap::new(),
        gauges: BTreeMap::new(),
    };
    let counts = world.mtas.into_counts(scenario, ended.at);
    world.recorder.finish(scenario, ended, Some(counts))
}
