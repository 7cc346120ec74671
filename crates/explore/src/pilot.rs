//! Runs a scenario, after the pilot runs that its scheduler needs.
//!
//! `pct`, `delay-bounding`, `surw` and `portfolio` spread their random choices over a whole run, so they need
//! its number of calls in advance. Pilot runs estimate that.

use std::rc::Rc;

use config::plan::Scenario;
use kernel::mix;
use mta::Build;
use simulation::{CallCounts, LoweringError, Observations, Observe, Options, Outcome, Run};

/// Pilot runs before a run. One is not enough: the counts of a single run are erratic.
const PILOTS: u64 = 3;

/// Runs `scenario` under `seed` with the builds that its hosts name.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn run(scenario: &Scenario, seed: u64, options: Options) -> Result<Outcome, LoweringError> {
    prepare(scenario, seed, |run| run)?.outcome(options)
}

/// Runs `scenario` under `seed` with other builds, one for each host in the order of their names.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
///
/// # Panics
/// If there are not as many builds as hosts. A bug of this program, or of a build, is a panic that
/// names the scenario, the seed and the virtual time.
pub fn run_builds(
    scenario: &Scenario,
    seed: u64,
    builds: &[Rc<dyn Build>],
    options: Options,
) -> Result<Outcome, LoweringError> {
    prepare(scenario, seed, |run| run.with_builds(builds.to_vec()))?.outcome(options)
}

/// Runs `scenario` under `seed` with every record kept, and observes what `watch` asks for. The
/// outcome is that of [`run`].
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
pub fn run_observed(
    scenario: &Scenario,
    seed: u64,
    watch: Observe,
) -> Result<(Outcome, Observations), LoweringError> {
    prepare(scenario, seed, |run| run)?.observed(watch)
}

/// As [`run_observed`], with other builds, one for each host in the order of their names.
///
/// # Errors
/// If a link cannot be calibrated as the scenario says.
///
/// # Panics
/// As [`run_builds`].
pub fn run_builds_observed(
    scenario: &Scenario,
    seed: u64,
    builds: &[Rc<dyn Build>],
    watch: Observe,
) -> Result<(Outcome, Observations), LoweringError> {
    prepare(scenario, seed, |run| run.with_builds(builds.to_vec()))?.observed(watch)
}

/// The run that is asked for, with the counts of pilot runs if its scheduler needs them.
fn prepare<'a>(
    scenario: &'a Scenario,
    seed: u64,
    with_builds: impl Fn(Run<'a>) -> Run<'a>,
) -> Result<Run<'a>, LoweringError> {
    let mut counts = CallCounts::default();
    if scenario.scheduler.needs_counts() {
        for pilot in 0..PILOTS {
            with_builds(Run::new(scenario, mix(seed, pilot))).count_calls(&mut counts)?;
        }
    }
    Ok(with_builds(Run::new(scenario, seed)).with_counts(&counts))
}
