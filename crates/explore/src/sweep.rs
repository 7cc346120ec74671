//! Runs many seeds of one scenario, or of a grid of scenarios, and writes their results in the
//! order of seeds.
//!
//! Failing runs and a sample of the others are run twice to detect nondeterminism. No result
//! depends on the number of workers.

pub mod grid;
pub mod merge;
pub mod results_directory;
pub mod seeds;
pub mod summary;
pub mod swarm;
pub mod sweep_statistics;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use config::file::Diagnostics;
use kernel::Checkpoint;
use simulation::{LoweringError, Options};
use thiserror::Error;

use crate::repro::capsule::{BUILD, Capsule};
use crate::repro::divergence::{self, Divergence};
use crate::run_result::RunResult;
use crate::statistics::counters;
use crate::subject::Subject;
use crate::sweep::grid::{Axis, GridPoint};
use crate::sweep::results_directory::{Manifest, ResultsDirectory, ResultsError};
use crate::sweep::seeds::{SeedRange, Shard};
use crate::sweep::summary::Summary;
use crate::sweep::swarm::Swarm;
use crate::sweep::sweep_statistics::SweepStatistics;
use crate::worker_pool::{Completion, WorkerPool};

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct SweepPlan {
    /// The varied settings.
    pub axes: Vec<Axis>,
    /// The points of the grid; one without axes.
    pub points: Arc<Vec<GridPoint>>,
    /// The file from which every seed draws its settings; `None` if this is not a swarm sweep.
    pub swarm: Option<Swarm>,
    /// All seeds.
    pub seeds: SeedRange,
    /// The shard to run.
    pub shard: Shard,
    /// Runs at the same time.
    pub jobs: NonZeroUsize,
    /// Stop after this many failing runs.
    pub stop_after: Option<u64>,
    /// Whether to continue after a nondeterministic run.
    pub keep_going: bool,
    /// Rerun every failing run and one in this many passing ones; 0 for none.
    pub recheck: u64,
    /// The results directory; `None` to keep statistics only.
    pub out: Option<PathBuf>,
    /// Whether SIGINT and SIGTERM stop the sweep gracefully.
    pub handle_signals: bool,
}

/// The result of a sweep.
#[derive(Clone, Debug)]
pub struct SweepResult {
    /// The statistics over all results.
    pub statistics: SweepStatistics,
    /// Why it stopped.
    pub stop_reason: StopReason,
    /// Runs whose digest differed the second time.
    pub nondeterministic: Vec<NondeterministicRun>,
    /// The number of results that the directory held before.
    pub resumed: u64,
}

/// Why a sweep stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All runs are finished.
    Complete,
    /// The requested number of runs failed.
    EnoughFailures,
    /// A run was nondeterministic.
    Nondeterminism,
    /// A signal arrived.
    Interrupted,
}

/// A run whose digest differed the second time.
#[derive(Clone, Debug)]
pub struct NondeterministicRun {
    /// Its seed.
    pub seed: u64,
    /// The overrides of its scenario.
    pub overrides: Vec<String>,
    /// Where the two runs diverge.
    pub divergence: Divergence,
}

/// Why a sweep failed.
#[derive(Debug, Error)]
pub enum SweepError {
    /// A scenario cannot be run.
    #[error(transparent)]
    Lowering(#[from] LoweringError),
    /// Results cannot be read or written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The system cannot create threads or install signal handlers.
    #[error("cannot start workers: {0}")]
    Threads(io::Error),
    /// The settings that this seed draws in a swarm sweep are invalid.
    #[error("the selection of seed {0} is not a valid scenario:\n{diagnostics}", diagnostics = .1.to_human(false))]
    Selection(u64, Diagnostics),
    /// The run of this seed panicked: a bug in mtasim.
    #[error("the run of seed {0} panicked")]
    Panicked(u64),
}

/// A run and its optional rerun, as a worker returns them.
struct CheckedRun {
    result: RunResult,
    /// Empty for passing runs: they have no capsule.
    checkpoints: Vec<Checkpoint>,
    divergence: Option<Divergence>,
}

impl SweepPlan {
    /// The manifest of this sweep.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let mut hasher = blake3::Hasher::new();
        for point in self.points.iter() {
            hasher.update(point.hash.as_bytes());
        }
        Manifest {
            schema_version: Manifest::SCHEMA,
            mtasim: BUILD.to_owned(),
            title: self.points[0].scenario.title.clone(),
            scenario_hash: hasher.finalize().to_string(),
            seeds: self.seeds,
            shard: self.shard,
            axes: self.axes.clone(),
            points: self.points.len() as u64,
            recheck: self.recheck,
            swarm: self.swarm.is_some(),
        }
    }
}

/// Runs a sweep, resuming what the results directory already holds. `on_progress` is called after
/// every run.
///
/// # Errors
/// If a scenario cannot be run, results cannot be written, or a run panics. The results directory
/// keeps all runs finished before.
pub fn sweep(
    plan: &SweepPlan,
    subject: Arc<dyn Subject>,
    mut on_progress: impl FnMut(&SweepStatistics),
) -> Result<SweepResult, SweepError> {
    let manifest = plan.manifest();
    let mut statistics = SweepStatistics::new(&manifest);
    let mut directory = match &plan.out {
        Some(path) => Some(ResultsDirectory::open(path, &manifest, |result, line| {
            statistics.add(result, line);
        })?),
        None => None,
    };
    let resumed = statistics.total().runs;
    on_progress(&statistics);
    let mut fold = Fold {
        plan,
        statistics,
        directory: directory.as_mut(),
        nondeterministic: Vec::new(),
        error: None,
        stop_reason: StopReason::Complete,
    };
    let stop_reason = fold.run(resumed..manifest.runs(), subject, &mut on_progress)?;
    let Fold {
        statistics,
        nondeterministic,
        ..
    } = fold;
    if let Some(directory) = &mut directory {
        let summary = Summary::of(&statistics);
        directory.write_summary(&summary.to_json(), summary.to_csv().as_deref())?;
    }
    Ok(SweepResult {
        statistics,
        stop_reason,
        nondeterministic,
        resumed,
    })
}

/// Takes the results from the workers in the order of seeds and records them.
struct Fold<'a> {
    plan: &'a SweepPlan,
    statistics: SweepStatistics,
    directory: Option<&'a mut ResultsDirectory>,
    nondeterministic: Vec<NondeterministicRun>,
    error: Option<SweepError>,
    stop_reason: StopReason,
}

impl Fold<'_> {
    fn run(
        &mut self,
        numbers: std::ops::Range<u64>,
        subject: Arc<dyn Subject>,
        on_progress: &mut impl FnMut(&SweepStatistics),
    ) -> Result<StopReason, SweepError> {
        if self.has_enough_failures() {
            return Ok(StopReason::EnoughFailures);
        }
        let pool = WorkerPool {
            jobs: self.plan.jobs,
            handle_signals: self.plan.handle_signals,
        };
        let work = self.work(subject);
        let completion = pool.run_in_order(numbers, work, |number, run| {
            let flow = self.take(number, run);
            on_progress(&self.statistics);
            flow
        });
        if let Some(directory) = &mut self.directory {
            directory.flush()?;
        }
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        match completion.map_err(SweepError::Threads)? {
            Completion::Finished | Completion::Stopped => Ok(self.stop_reason),
            Completion::Interrupted => Ok(StopReason::Interrupted),
            Completion::Panicked(number) => {
                Err(SweepError::Panicked(self.statistics.run_at(number).0))
            }
        }
    }

    /// The job of a worker: one run, by its number.
    fn work(
        &self,
        subject: Arc<dyn Subject>,
    ) -> impl Fn(u64) -> Result<CheckedRun, SweepError> + Send + Sync + 'static {
        let points = Arc::clone(&self.plan.points);
        let (axes, swarm) = (self.plan.axes.clone(), self.plan.swarm.clone());
        let first = self.statistics.manifest().part().from;
        let recheck = self.plan.recheck;
        move |number| {
            let count = points.len() as u64;
            let point = &points[usize::try_from(number % count).expect("a grid is limited")];
            let settings = axes.iter().map(|axis| axis.path.clone());
            let settings = settings.zip(point.values.iter().cloned()).collect();
            let seed = first + number / count;
            let point = selected(swarm.as_ref(), point, seed)?;
            Ok(run_checked(&*subject, &point, settings, seed, recheck)?)
        }
    }

    fn take(&mut self, number: u64, run: Result<CheckedRun, SweepError>) -> ControlFlow<()> {
        let run = match run {
            Ok(run) => run,
            Err(error) => return self.fail(error),
        };
        let point = self.statistics.run_at(number).1;
        if let Some(divergence) = run.divergence {
            self.nondeterministic.push(NondeterministicRun {
                seed: run.result.seed,
                overrides: self.plan.points[point].overrides.clone(),
                divergence,
            });
            if !self.plan.keep_going {
                self.stop_reason = StopReason::Nondeterminism;
                return ControlFlow::Break(());
            }
        }
        if let Err(error) = self.record(&run.result, &run.checkpoints, point) {
            return self.fail(error);
        }
        if self.has_enough_failures() {
            self.stop_reason = StopReason::EnoughFailures;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Adds a result to the statistics and the directory.
    fn record(
        &mut self,
        result: &RunResult,
        checkpoints: &[Checkpoint],
        point: usize,
    ) -> Result<(), SweepError> {
        let line = result.to_line();
        let needed = self.statistics.add(result, &line);
        let Some(directory) = &mut self.directory else {
            return Ok(());
        };
        // Capsules before the line: after a crash, a result on disk has all its capsules.
        if !needed.is_empty() {
            let point = &self.plan.points[point];
            let point = selected(self.plan.swarm.as_ref(), point, result.seed)?;
            for index in needed {
                let capsule = Capsule::of(
                    result,
                    &result.failures[index],
                    checkpoints,
                    &point.scenario,
                    &point.overrides,
                );
                directory.write_capsule(&capsule)?;
            }
        }
        Ok(directory.append(&line)?)
    }

    fn has_enough_failures(&self) -> bool {
        let limit = self.plan.stop_after;
        limit.is_some_and(|limit| self.statistics.total().failing >= limit)
    }

    fn fail(&mut self, error: SweepError) -> ControlFlow<()> {
        self.error = Some(error);
        ControlFlow::Break(())
    }
}

/// The grid point with the selection of a seed, if this is a swarm sweep.
fn selected<'a>(
    swarm: Option<&Swarm>,
    point: &'a GridPoint,
    seed: u64,
) -> Result<Cow<'a, GridPoint>, SweepError> {
    match swarm {
        None => Ok(Cow::Borrowed(point)),
        Some(swarm) => swarm
            .at(point, seed)
            .map(Cow::Owned)
            .map_err(|diagnostics| SweepError::Selection(seed, diagnostics)),
    }
}

/// Runs a seed, and reruns it if it is to be rechecked.
fn run_checked(
    subject: &dyn Subject,
    point: &GridPoint,
    settings: BTreeMap<String, String>,
    seed: u64,
    recheck: u64,
) -> Result<CheckedRun, LoweringError> {
    let options = Options {
        keep_records: false,
    };
    let run = || subject.run(&point.scenario, seed, options);
    let outcome = run()?;
    let result = RunResult {
        selected: point.selected.clone(),
        ..RunResult::of(&outcome, &point.hash, settings)
    };
    let mut divergence = None;
    if counters::is_rechecked(seed, result.is_failing(), recheck) {
        let again = run()?;
        if again.digest != outcome.digest {
            let range = divergence::between(&outcome.checkpoints, &again.checkpoints);
            let found = divergence::locate(range, subject, &point.scenario, seed);
            divergence = Some(found);
        }
    }
    let checkpoints = if result.is_failing() {
        outcome.checkpoints
    } else {
        Vec::new()
    };
    Ok(CheckedRun {
        result,
        checkpoints,
        divergence,
    })
}
