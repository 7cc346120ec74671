//! Runs many seeds of one scenario, or of a grid of scenarios, and writes their results in the
//! order of seeds.
//!
//! The first run with a failure of each signature, and a sample of all runs, are repeated to detect
//! nondeterminism. No result depends on the number of workers.

#[cfg(test)]
mod crash_point_tests;
mod fold;
pub mod grid;
mod lock;
pub mod manifest;
pub mod merge;
pub mod repairs;
pub mod results_directory;
pub mod results_error;
mod rows;
pub mod seeds;
pub mod summary;
pub mod swarm;
pub mod sweep_statistics;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use config::file::Diagnostics;
use kernel::Checkpoint;
use simulation::{LoweringError, Options};
use thiserror::Error;

use crate::file_system::{Disk, FileSystem};
use crate::repro::capsule::PROGRAM_BUILD;
use crate::repro::divergence::{self, Divergence};
use crate::run_result::{self, RunResult};
use crate::statistics::counters;
use crate::subject::Subject;
use crate::sweep::grid::{Axis, GridPoint};
use crate::sweep::manifest::Manifest;
use crate::sweep::repairs::Repairs;
use crate::sweep::results_error::ResultsError;
use crate::sweep::seeds::{SeedRange, Shard};
use crate::sweep::swarm::SwarmFile;
use crate::sweep::sweep_statistics::SweepStatistics;

/// How often rows are moved to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct SweepPlan {
    /// The varied settings.
    pub axes: Vec<Axis>,
    /// The points of the grid; one without axes.
    pub points: Arc<Vec<GridPoint>>,
    /// The file from which every seed draws its settings; `None` if this is not a swarm sweep.
    pub swarm: Option<SwarmFile>,
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
    /// Rerun the first run with a failure of each signature and one in this many of all runs; 0 for
    /// none.
    pub recheck: u64,
    /// The results directory; `None` to keep statistics only.
    pub out: Option<PathBuf>,
    /// Whether SIGINT, SIGTERM and SIGHUP stop the sweep gracefully.
    pub handle_signals: bool,
}

/// The result of a sweep.
#[derive(Debug)]
pub struct SweepResult {
    /// The statistics over all results.
    pub statistics: SweepStatistics,
    /// Why it stopped.
    pub stop_reason: StopReason,
    /// Runs whose digest differed the second time.
    pub nondeterministic: Vec<NondeterministicRun>,
    /// The number of results that the directory held before.
    pub resumed: u64,
    /// Runs that ended while one before them was in progress. The directory has their rows; the statistics do not
    /// have them.
    pub waiting: u64,
    /// What was damaged in the directory, and whose seeds were run again.
    pub repairs: Repairs,
    /// Why results could not be kept, if the sweep stopped for that.
    pub write_error: Option<ResultsError>,
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
    /// A result could not be written.
    CannotWrite,
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
    /// The run of this seed is not the one whose row the directory has.
    #[error(
        "the run of seed {0} has another digest than its row in seeds.jsonl: another build of the same version \
         made it; use another directory"
    )]
    OtherRun(u64),
    /// The run of this seed panicked: a bug in mtasim.
    #[error("the run of seed {0} panicked")]
    Panicked(u64),
}

/// A run and its optional rerun, as a worker returns them, or a row that was on disk.
struct CheckedRun {
    result: RunResult,
    /// The row.
    line: String,
    /// The digest along the run; empty for a passing run, which has no capsule, and for a row that
    /// was on disk.
    checkpoints: Vec<Checkpoint>,
    divergence: Option<Divergence>,
    /// Whether it is a row that was on disk.
    is_from_disk: bool,
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
            mtasim: PROGRAM_BUILD.to_owned(),
            title: self.points[0].scenario.title.clone(),
            scenario_hash: hasher.finalize().to_string(),
            seeds: self.seeds,
            shard: self.shard,
            axes: self.axes.clone(),
            points: self.points.len() as u64,
            scenarios: match self.swarm {
                // Each seed has a scenario of its own.
                Some(_) => Vec::new(),
                None => self
                    .points
                    .iter()
                    .map(|it| run_result::short(&it.hash))
                    .collect(),
            },
            recheck: self.recheck,
            swarm: self.swarm.is_some(),
        }
    }
}

/// Runs a sweep, resuming what the results directory already holds. `on_progress` is called after
/// every run.
///
/// If results cannot be written, the sweep stops and says so in its result.
///
/// # Errors
/// If a scenario cannot be run, the results directory cannot be used, or a run panics. The results
/// directory keeps all runs finished before.
pub fn sweep(
    plan: &SweepPlan,
    subject: Arc<dyn Subject>,
    on_progress: impl FnMut(&SweepStatistics),
) -> Result<SweepResult, SweepError> {
    sweep_on(plan, subject, Storage::default(), on_progress)
}

/// Where and how often results are written.
#[derive(Clone, Debug)]
struct Storage {
    disk: Arc<dyn FileSystem>,
    sync_every: Duration,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            disk: Arc::new(Disk),
            sync_every: SYNC_EVERY,
        }
    }
}

fn sweep_on(
    plan: &SweepPlan,
    subject: Arc<dyn Subject>,
    storage: Storage,
    mut on_progress: impl FnMut(&SweepStatistics),
) -> Result<SweepResult, SweepError> {
    let opened = fold::open(plan, Arc::clone(&subject), &storage)?;
    let fold::Opened {
        mut fold,
        early,
        resumed,
    } = opened;
    fold.make_missing_capsules()?;
    on_progress(fold.statistics());
    let stop_reason = fold.run(early, storage.sync_every, &mut on_progress)?;
    Ok(fold.finish(stop_reason, resumed))
}

/// The grid point with the selection of a seed, if this is a swarm sweep.
fn selected<'a>(
    swarm: Option<&SwarmFile>,
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

const DIGEST_ONLY: Options = Options {
    keep_records: false,
};

/// Runs a seed, and reruns it if it is in the sample of one in `sample`.
fn run_checked(
    subject: &dyn Subject,
    point: &GridPoint,
    settings: BTreeMap<String, String>,
    seed: u64,
    sample: u64,
) -> Result<CheckedRun, LoweringError> {
    let outcome = subject.run(&point.scenario, seed, DIGEST_ONLY)?;
    let result = RunResult {
        selected: point.selected.clone(),
        ..RunResult::of(&outcome, &point.hash, settings)
    };
    let divergence = match counters::is_sampled(seed, sample) {
        true => recheck(subject, point, &result, &outcome.checkpoints)?,
        false => None,
    };
    let line = result.to_line();
    let checkpoints = if result.is_failing() {
        outcome.checkpoints
    } else {
        Vec::new()
    };
    Ok(CheckedRun {
        result,
        line,
        checkpoints,
        divergence,
        is_from_disk: false,
    })
}

/// Makes the run of a result again, whose first run had these `checkpoints`. Returns where the two
/// diverge, if they do.
fn recheck(
    subject: &dyn Subject,
    point: &GridPoint,
    result: &RunResult,
    checkpoints: &[Checkpoint],
) -> Result<Option<Divergence>, LoweringError> {
    let again = subject.run(&point.scenario, result.seed, DIGEST_ONLY)?;
    if again.digest.to_string() == result.digest {
        return Ok(None);
    }
    let range = divergence::between(checkpoints, &again.checkpoints);
    let found = divergence::locate(range, subject, &point.scenario, result.seed);
    Ok(Some(found))
}
