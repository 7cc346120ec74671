//! Many seeds of one scenario, or of a grid of them.
//!
//! Owns [`sweep`]: every run made, some made twice, rows and capsules on their way to the disk in
//! the order of seeds. It refuses to let the number of workers or their luck show in any result.

pub mod grid;
pub mod merge;
pub mod results_directory;
pub mod seeds;
pub mod summary;
pub mod swarm;
pub mod sweep_statistics;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use config::file::Diagnostics;
use kernel::Checkpoint;
use simulation::{LoweringError, Options};

use crate::repro::capsule::{BUILD, Capsule};
use crate::repro::divergence::{self, Divergence};
use crate::run_result::RunResult;
use crate::statistics::counters;
use crate::subject::Subject;
use crate::sweep::grid::{Axis, GridPoint};
use crate::sweep::results_directory::{Manifest, ResultsDirectory, ResultsError};
use crate::sweep::seeds::{SeedRange, Shard};
use crate::sweep::swarm::Swarm;
use crate::sweep::sweep_statistics::SweepStatistics;
use crate::worker_pool::{self, WorkerPool};

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct SweepPlan {
    /// What is varied.
    pub axes: Vec<Axis>,
    /// The scenarios: one, or one for each crossing of the axes.
    pub points: Arc<Vec<GridPoint>>,
    /// The file that every seed selects from; `None` if all seeds have all of it.
    pub swarm: Option<Swarm>,
    /// All seeds.
    pub seeds: SeedRange,
    /// Which part of them.
    pub shard: Shard,
    /// Runs at once.
    pub jobs: NonZeroUsize,
    /// End after so many failing runs.
    pub stop_after: Option<u64>,
    /// Go on after a run that came out differently the second time.
    pub keep_going: bool,
    /// One in so many runs, and every failing one, is made twice; 0 for none.
    pub recheck: u64,
    /// Where results go; `None` to keep counters only.
    pub out: Option<PathBuf>,
    /// Whether SIGINT and SIGTERM end the sweep in order.
    pub handle_signals: bool,
}

/// How a sweep ended.
#[derive(Clone, Debug)]
pub struct SweepResult {
    /// What was found.
    pub statistics: SweepStatistics,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Runs that came out differently the second time.
    pub nondeterministic: Vec<NondeterministicRun>,
    /// How many rows were there already.
    pub resumed: u64,
}

/// Why a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Every run was made.
    Complete,
    /// There were as many failing runs as were asked for.
    EnoughFailures,
    /// A run came out differently the second time.
    Nondeterminism,
    /// A signal asked for an end.
    Interrupted,
}

/// A run that came out differently the second time.
#[derive(Clone, Debug)]
pub struct NondeterministicRun {
    /// Its seed.
    pub seed: u64,
    /// The overrides that lead to its scenario.
    pub overrides: Vec<String>,
    /// Where the two part.
    pub divergence: Divergence,
}

/// Why there is no result.
#[derive(Debug)]
pub enum SweepError {
    /// A scenario cannot be run at all.
    Lowering(LoweringError),
    /// Results cannot be kept.
    Results(ResultsError),
    /// The system gives no threads.
    Threads(io::Error),
    /// What this seed selects of a swarm is no scenario.
    Selection(u64, Diagnostics),
    /// A run under this seed panicked: a bug of this program.
    Panicked(u64),
}

/// What a worker brings back.
struct Examined {
    row: RunResult,
    /// Of failing runs only: others have no capsule.
    checkpoints: Vec<Checkpoint>,
    divergence: Option<Divergence>,
}

impl SweepPlan {
    /// Which sweep it is.
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

/// Runs what is planned. `watch` sees the books after every run.
///
/// # Errors
/// If a scenario cannot be run, results cannot be kept, or a run panics. What was finished is
/// kept in the folder all the same.
pub fn sweep(
    plan: &SweepPlan,
    subject: Arc<dyn Subject>,
    mut watch: impl FnMut(&SweepStatistics),
) -> Result<SweepResult, SweepError> {
    let manifest = plan.manifest();
    let mut statistics = SweepStatistics::new(&manifest);
    let mut folder = match &plan.out {
        Some(path) => Some(
            ResultsDirectory::open(path, &manifest, |row, line| {
                statistics.add(row, line);
            })
            .map_err(SweepError::Results)?,
        ),
        None => None,
    };
    let resumed = statistics.total().runs;
    watch(&statistics);
    let mut fold = Fold {
        plan,
        statistics,
        folder: folder.as_mut(),
        nondeterministic: Vec::new(),
        failed: None,
        stop_reason: StopReason::Complete,
    };
    let ending = fold.run(resumed..manifest.runs(), subject, &mut watch)?;
    let Fold {
        statistics,
        nondeterministic,
        ..
    } = fold;
    if let Some(folder) = &mut folder {
        let summary = statistics.summary();
        folder
            .summarise(&summary.to_json(), summary.to_csv().as_deref())
            .map_err(SweepError::Results)?;
    }
    Ok(SweepResult {
        statistics,
        stop_reason: ending,
        nondeterministic,
        resumed,
    })
}

/// Results on their way from the workers to the books and the disk.
struct Fold<'a> {
    plan: &'a SweepPlan,
    statistics: SweepStatistics,
    folder: Option<&'a mut ResultsDirectory>,
    nondeterministic: Vec<NondeterministicRun>,
    failed: Option<SweepError>,
    stop_reason: StopReason,
}

impl Fold<'_> {
    fn run(
        &mut self,
        numbers: std::ops::Range<u64>,
        subject: Arc<dyn Subject>,
        watch: &mut impl FnMut(&SweepStatistics),
    ) -> Result<StopReason, SweepError> {
        if self.has_enough() {
            return Ok(StopReason::EnoughFailures);
        }
        let crew = WorkerPool {
            jobs: self.plan.jobs,
            handle_signals: self.plan.handle_signals,
        };
        let work = self.work(subject);
        let ending = crew.run_in_order(numbers, work, |number, examined| {
            let flow = self.take(number, examined);
            watch(&self.statistics);
            flow
        });
        if let Some(folder) = &mut self.folder {
            folder.flush().map_err(SweepError::Results)?;
        }
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        match ending.map_err(SweepError::Threads)? {
            worker_pool::Completion::Finished | worker_pool::Completion::Stopped => {
                Ok(self.stop_reason)
            }
            worker_pool::Completion::Interrupted => Ok(StopReason::Interrupted),
            worker_pool::Completion::Panicked(number) => {
                Err(SweepError::Panicked(self.statistics.run_at(number).0))
            }
        }
    }

    /// What a worker does with a number.
    fn work(
        &self,
        subject: Arc<dyn Subject>,
    ) -> impl Fn(u64) -> Result<Examined, SweepError> + Send + Sync + 'static {
        let points = Arc::clone(&self.plan.points);
        let (axes, swarm) = (self.plan.axes.clone(), self.plan.swarm.clone());
        let (first, recheck) = (self.statistics.manifest().part().from, self.plan.recheck);
        move |number| {
            let count = points.len() as u64;
            let point = &points[usize::try_from(number % count).expect("a grid is limited")];
            let settings = axes.iter().map(|axis| axis.path.clone());
            let settings = settings.zip(point.values.iter().cloned()).collect();
            let seed = first + number / count;
            let point = selected(swarm.as_ref(), point, seed)?;
            examine(&*subject, &point, settings, (seed, recheck)).map_err(SweepError::Lowering)
        }
    }

    fn take(&mut self, number: u64, examined: Result<Examined, SweepError>) -> ControlFlow<()> {
        let examined = match examined {
            Ok(examined) => examined,
            Err(error) => return self.fail(error),
        };
        let point = self.statistics.run_at(number).1;
        if let Some(divergence) = examined.divergence {
            self.nondeterministic.push(NondeterministicRun {
                seed: examined.row.seed,
                overrides: self.plan.points[point].overrides.clone(),
                divergence,
            });
            if !self.plan.keep_going {
                self.stop_reason = StopReason::Nondeterminism;
                return ControlFlow::Break(());
            }
        }
        if let Err(error) = self.keep(&examined.row, &examined.checkpoints, point) {
            return self.fail(error);
        }
        if self.has_enough() {
            self.stop_reason = StopReason::EnoughFailures;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Capsules come before the row: a row on the disk says that its capsules are there.
    fn keep(
        &mut self,
        row: &RunResult,
        checkpoints: &[Checkpoint],
        point: usize,
    ) -> Result<(), SweepError> {
        let line = row.to_line();
        let kept = self.statistics.add(row, &line);
        let Some(folder) = &mut self.folder else {
            return Ok(());
        };
        let folder = &mut **folder;
        if !kept.is_empty() {
            let point = &self.plan.points[point];
            let point = selected(self.plan.swarm.as_ref(), point, row.seed)?;
            let origin = (&point.scenario, &point.overrides[..]);
            for place in kept {
                let capsule = Capsule::of(row, &row.failures[place], checkpoints, origin);
                folder.keep(&capsule).map_err(SweepError::Results)?;
            }
        }
        folder.append(&line).map_err(SweepError::Results)
    }

    fn has_enough(&self) -> bool {
        let limit = self.plan.stop_after;
        limit.is_some_and(|limit| self.statistics.total().failing >= limit)
    }

    fn fail(&mut self, error: SweepError) -> ControlFlow<()> {
        self.failed = Some(error);
        ControlFlow::Break(())
    }
}

/// The point as a seed has it.
fn selected<'a>(
    swarm: Option<&Swarm>,
    point: &'a GridPoint,
    seed: u64,
) -> Result<Cow<'a, GridPoint>, SweepError> {
    let Some(swarm) = swarm else {
        return Ok(Cow::Borrowed(point));
    };
    let own = swarm.at(point, seed);
    own.map(Cow::Owned)
        .map_err(|found| SweepError::Selection(seed, found))
}

/// Makes one run, twice if it is among those.
fn examine(
    subject: &dyn Subject,
    point: &GridPoint,
    settings: BTreeMap<String, String>,
    (seed, recheck): (u64, u64),
) -> Result<Examined, LoweringError> {
    let run = || {
        subject.run(
            &point.scenario,
            seed,
            Options {
                keep_records: false,
            },
        )
    };
    let outcome = run()?;
    let row = RunResult {
        selected: point.selected.clone(),
        ..RunResult::of(&outcome, &point.hash, settings)
    };
    let mut divergence = None;
    if counters::is_rechecked(seed, row.is_failing(), recheck) {
        let again = run()?;
        if again.digest != outcome.digest {
            let stretch = divergence::between(&outcome.checkpoints, &again.checkpoints);
            let found = divergence::locate(stretch, subject, &point.scenario, seed);
            divergence = Some(found);
        }
    }
    let checkpoints = if row.is_failing() {
        outcome.checkpoints
    } else {
        Vec::new()
    };
    Ok(Examined {
        row,
        checkpoints,
        divergence,
    })
}

impl fmt::Display for SweepError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lowering(error) => write!(formatter, "{error}"),
            Self::Results(error) => write!(formatter, "{error}"),
            Self::Threads(error) => write!(formatter, "cannot work: {error}"),
            Self::Selection(seed, found) => write!(
                formatter,
                "what seed {seed} selects is no scenario:\n{}",
                found.to_human(false)
            ),
            Self::Panicked(seed) => write!(formatter, "the run under seed {seed} panicked"),
        }
    }
}

impl std::error::Error for SweepError {}
