//! Takes results from the workers: keeps each at once, and counts them in the order of seeds.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::Checkpoint;
use simulation::Options;

use super::{CheckedRun, StopReason, Storage, SweepError, SweepPlan, SweepResult};
use super::{NondeterministicRun, recheck, run_checked, selected};
use crate::repro::capsule::Capsule;
use crate::run_result::RunResult;
use crate::statistics::counters;
use crate::subject::Subject;
use crate::sweep::manifest::Manifest;
use crate::sweep::repairs::Repairs;
use crate::sweep::results_directory::{self, ResultsDirectory};
use crate::sweep::results_error::ResultsError;
use crate::sweep::rows;
use crate::sweep::summary::Summary;
use crate::sweep::sweep_statistics::SweepStatistics;
use crate::worker_pool::{Completion, Consumer, WorkerPool};

/// A sweep that is about to begin or to go on.
pub(super) struct Opened<'a> {
    pub(super) fold: Fold<'a>,
    /// Rows that are on disk and whose turn has not come, by number of run.
    pub(super) early: BTreeMap<u64, Range<u64>>,
    /// Results that were there.
    pub(super) resumed: u64,
}

/// The state of a sweep.
pub(super) struct Fold<'a> {
    plan: &'a SweepPlan,
    subject: Arc<dyn Subject>,
    statistics: SweepStatistics,
    directory: Option<ResultsDirectory>,
    nondeterministic: Vec<NondeterministicRun>,
    repairs: Repairs,
    /// Results with failures whose capsules are missing or damaged.
    without_capsules: Vec<(RunResult, Vec<usize>)>,
    error: Option<SweepError>,
    stop_reason: StopReason,
}

/// A fold at work, with what is told of its progress.
struct Working<'a, 'b, P> {
    fold: &'b mut Fold<'a>,
    on_progress: &'b mut P,
}

/// Opens the results directory of a sweep, if it has one, and counts what is there.
pub(super) fn open<'a>(
    plan: &'a SweepPlan,
    subject: Arc<dyn Subject>,
    storage: &Storage,
) -> Result<Opened<'a>, SweepError> {
    let manifest = plan.manifest();
    let mut statistics = SweepStatistics::new(&manifest);
    let (mut repairs, mut without_capsules) = (Repairs::default(), Vec::new());
    let (mut directory, mut early) = (None, BTreeMap::new());
    if let Some(path) = &plan.out {
        let mut damaged = Vec::new();
        let (opened, found) = ResultsDirectory::open(
            path,
            &manifest,
            Arc::clone(&storage.disk),
            |result, number| is_of_sweep(plan, &manifest, result, number),
            |result, line| {
                // Which failures have capsules depends on the rows before, so capsules are checked
                // while rows are counted in their order, as when they were made.
                let needed = statistics.add(result, line);
                let (bad, what) = damaged_capsules(path, result, needed);
                if !bad.is_empty() {
                    without_capsules.push((result.clone(), bad));
                    damaged.extend(what);
                }
            },
        )?;
        repairs = found.repairs;
        damaged.into_iter().for_each(|what| repairs.add(what));
        directory = Some(opened);
        early = found.early;
    }
    let resumed = statistics.total().runs + early.len() as u64;
    let fold = Fold {
        plan,
        subject,
        statistics,
        directory,
        nondeterministic: Vec::new(),
        repairs,
        without_capsules,
        error: None,
        stop_reason: StopReason::Complete,
    };
    Ok(Opened {
        fold,
        early,
        resumed,
    })
}

/// Whether a result is that of run `number`: seed, settings and scenario.
fn is_of_sweep(plan: &SweepPlan, manifest: &Manifest, result: &RunResult, number: u64) -> bool {
    let (_, point) = manifest.run_at(number);
    // In a swarm every seed has a scenario of its own.
    let is_scenario = plan.swarm.is_some() || plan.points[point].hash.starts_with(&result.scenario);
    is_scenario && manifest.is_result_of(result, number)
}

/// Which of the needed capsules of a result are missing or damaged, and how.
fn damaged_capsules(
    directory: &std::path::Path,
    result: &RunResult,
    needed: Vec<usize>,
) -> (Vec<usize>, Vec<String>) {
    let read = |index: &usize| results_directory::read_own_capsule(directory, result, *index).err();
    let bad = needed
        .into_iter()
        .filter_map(|index| read(&index).map(|error| (index, error.to_string())));
    bad.unzip()
}

impl Fold<'_> {
    pub(super) const fn statistics(&self) -> &SweepStatistics {
        &self.statistics
    }

    /// Repeats the runs whose capsules are missing or damaged, and writes the capsules.
    pub(super) fn make_missing_capsules(&mut self) -> Result<(), SweepError> {
        let missing = std::mem::take(&mut self.without_capsules);
        // All before the first run: hours of runs would end at the last capsule.
        for (result, indices) in &missing {
            if let Some(directory) = &self.directory {
                let mut indices = indices.iter();
                indices.try_for_each(|&index| directory.check_capsule(result, index))?;
            }
        }
        for (result, indices) in missing {
            self.make_capsules(&result, &indices)?;
        }
        Ok(())
    }

    /// Repeats a run and writes capsules of its failures.
    fn make_capsules(&self, result: &RunResult, indices: &[usize]) -> Result<(), SweepError> {
        let point = self.point_of(result);
        let point = selected(
            self.plan.swarm.as_ref(),
            &self.plan.points[point],
            result.seed,
        )?;
        let options = Options {
            keep_records: false,
        };
        let outcome = self.subject.run(&point.scenario, result.seed, options)?;
        // A capsule of another run would carry the old row's name. The directory was begun by a
        // build, or on a machine, that runs this seed otherwise.
        if outcome.digest.to_string() != result.digest {
            return Err(SweepError::OtherRun(result.seed));
        }
        self.write_capsules(result, &outcome.checkpoints, indices)
    }

    fn write_capsules(
        &self,
        result: &RunResult,
        checkpoints: &[Checkpoint],
        indices: &[usize],
    ) -> Result<(), SweepError> {
        let Some(directory) = self.directory.as_ref().filter(|_| !indices.is_empty()) else {
            return Ok(());
        };
        let point = &self.plan.points[self.point_of(result)];
        let point = selected(self.plan.swarm.as_ref(), point, result.seed)?;
        for &index in indices {
            let capsule = Capsule::of(
                result,
                &result.failures[index],
                checkpoints,
                &point.scenario,
                &point.overrides,
            );
            directory.write_capsule(&capsule)?;
        }
        Ok(())
    }

    /// The index of the grid point of a result of this sweep.
    fn point_of(&self, result: &RunResult) -> usize {
        let manifest = self.statistics.manifest();
        let number = manifest.number_of(result).expect("a result of this sweep");
        manifest.run_at(number).1
    }

    /// Makes all runs that are not on disk.
    pub(super) fn run(
        &mut self,
        early: BTreeMap<u64, Range<u64>>,
        sync_every: Duration,
        on_progress: &mut impl FnMut(&SweepStatistics),
    ) -> Result<StopReason, SweepError> {
        // A sweep that had stopped at enough failures and is started again makes no further runs:
        // the same command has the same result.
        if self.has_enough_failures() {
            return Ok(StopReason::EnoughFailures);
        }
        let pool = WorkerPool {
            jobs: self.plan.jobs,
            handle_signals: self.plan.handle_signals,
            tick: self.directory.as_ref().map(|_| sync_every),
        };
        let numbers = self.statistics.total().runs..self.statistics.manifest().runs();
        let early_path = self.directory.as_ref().map(ResultsDirectory::early_path);
        let work = self.work(early_path, early);
        let mut working = Working {
            fold: self,
            on_progress,
        };
        let completion = pool.run(numbers, work, &mut working);
        match self.error.take() {
            // A full disk ends the sweep, but what was found is still printed: `finish` reports the
            // error with it.
            Some(SweepError::Results(error)) => {
                self.error = Some(SweepError::Results(error));
                return Ok(StopReason::CannotWrite);
            }
            Some(error) => return Err(error),
            None => {}
        }
        match completion.map_err(SweepError::Threads)? {
            Completion::Finished | Completion::Stopped => Ok(self.stop_reason),
            Completion::Interrupted => Ok(StopReason::Interrupted),
            Completion::Panicked(number) => {
                // The panic is a bug of ours or of the program under test. What was found before
                // must survive it.
                if let Some(directory) = &mut self.directory {
                    directory.sync()?;
                }
                let (seed, _) = self.statistics.manifest().run_at(number);
                Err(SweepError::Panicked(seed))
            }
        }
    }

    /// The job of a worker: one run, by its number, or its row if that is on disk.
    fn work(
        &self,
        early_path: Option<PathBuf>,
        early: BTreeMap<u64, Range<u64>>,
    ) -> impl Fn(u64) -> Result<CheckedRun, SweepError> + Send + Sync + 'static {
        let points = Arc::clone(&self.plan.points);
        let subject = Arc::clone(&self.subject);
        let (manifest, swarm) = (self.statistics.manifest().clone(), self.plan.swarm.clone());
        move |number| {
            let on_disk = early_path.as_ref().zip(early.get(&number));
            // Read by the worker: a resumed sweep may have gigabytes of such rows. One that cannot
            // be read any more is run again.
            let on_disk = on_disk.and_then(|(path, range)| rows::read_at(path, range));
            if let Some((result, line)) = on_disk {
                return Ok(CheckedRun {
                    result,
                    line,
                    checkpoints: Vec::new(),
                    divergence: None,
                    is_from_disk: true,
                });
            }
            let (seed, point) = manifest.run_at(number);
            let settings = manifest.settings(point);
            let point = selected(swarm.as_ref(), &points[point], seed)?;
            Ok(run_checked(
                &*subject,
                &point,
                settings,
                seed,
                manifest.recheck,
            )?)
        }
    }

    /// Keeps a run that ended before its turn.
    fn keep_early(&mut self, number: u64, run: &CheckedRun) -> Result<(), SweepError> {
        // A run that differs the second time is not kept before its turn.
        if self.directory.is_none() || run.is_from_disk || run.divergence.is_some() {
            return Ok(());
        }
        // Capsules before the row: after a crash, a result on disk has all its capsules.
        let indices = self.statistics.may_need_capsules(&run.result);
        self.write_capsules(&run.result, &run.checkpoints, &indices)?;
        match &mut self.directory {
            Some(directory) => Ok(directory.keep_early(number, &run.line)?),
            None => Ok(()),
        }
    }

    /// Makes a run with the first failure of a signature again. Which one is the first is known only
    /// here, where results come in the order of seeds.
    fn recheck_first(&self, run: CheckedRun, point: usize) -> Result<CheckedRun, SweepError> {
        let (plan, result) = (self.plan, &run.result);
        let is_done = counters::is_sampled(result.seed, plan.recheck);
        if is_done || !self.statistics.is_rechecked(result) {
            return Ok(run);
        }
        let point = selected(plan.swarm.as_ref(), &plan.points[point], result.seed)?;
        let divergence = recheck(&*self.subject, &point, result, &run.checkpoints)?;
        Ok(CheckedRun { divergence, ..run })
    }

    fn take(&mut self, number: u64, run: CheckedRun) -> Result<ControlFlow<()>, SweepError> {
        let point = self.statistics.manifest().run_at(number).1;
        let run = self.recheck_first(run, point)?;
        if let Some(divergence) = &run.divergence {
            self.nondeterministic.push(NondeterministicRun {
                seed: run.result.seed,
                overrides: self.plan.points[point].overrides.clone(),
                divergence: divergence.clone(),
            });
            if !self.plan.keep_going {
                self.stop_reason = StopReason::Nondeterminism;
                return Ok(ControlFlow::Break(()));
            }
        }
        self.record(number, &run)?;
        if self.has_enough_failures() {
            self.stop_reason = StopReason::EnoughFailures;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Adds a result to the statistics and the directory.
    fn record(&mut self, number: u64, run: &CheckedRun) -> Result<(), SweepError> {
        let result = &run.result;
        let needed = self.statistics.add(result, &run.line);
        let Some(path) = self.plan.out.as_ref().filter(|_| self.directory.is_some()) else {
            return Ok(());
        };
        // Those written before the turn of the run are there already.
        let (missing, what) = damaged_capsules(path, result, needed.clone());
        if run.is_from_disk && !missing.is_empty() {
            what.into_iter().for_each(|what| self.repairs.add(what));
            self.make_capsules(result, &missing)?;
        } else {
            self.write_capsules(result, &run.checkpoints, &missing)?;
        }
        if let Some(directory) = &mut self.directory {
            // Before its turn it was not known that a run with a smaller seed has the same failure.
            let mut others = (0..result.failures.len()).filter(|index| !needed.contains(index));
            others.try_for_each(|index| directory.delete_capsule(result, index))?;
            // Last: a row in `seeds.jsonl` says that all about its run is on the disk.
            directory.append(number, &run.line)?;
        }
        Ok(())
    }

    fn has_enough_failures(&self) -> bool {
        let limit = self.plan.stop_after;
        limit.is_some_and(|limit| self.statistics.total().failing >= limit)
    }

    /// Writes the summary. What was found is returned even if it cannot be written.
    pub(super) fn finish(mut self, stop_reason: StopReason, resumed: u64) -> SweepResult {
        let written = match self.error.take() {
            Some(SweepError::Results(error)) => Err(error),
            Some(_) | None => self.write_summary(stop_reason),
        };
        let write_error = written.err();
        let waiting = self.directory.as_ref().map_or(0, ResultsDirectory::waiting);
        SweepResult {
            stop_reason: match &write_error {
                Some(_) => StopReason::CannotWrite,
                None => stop_reason,
            },
            statistics: self.statistics,
            nondeterministic: self.nondeterministic,
            resumed,
            waiting,
            repairs: self.repairs,
            write_error,
        }
    }

    fn write_summary(&mut self, stop_reason: StopReason) -> Result<(), ResultsError> {
        let Some(directory) = &mut self.directory else {
            return Ok(());
        };
        let summary = Summary::of(&self.statistics);
        directory.write_summary(&summary.to_json(), summary.to_csv().as_deref())?;
        match stop_reason {
            // Which runs ended before their turn depends on the workers; nothing else does.
            StopReason::Complete | StopReason::EnoughFailures => directory.delete_early(),
            StopReason::Nondeterminism | StopReason::Interrupted | StopReason::CannotWrite => {
                Ok(())
            }
        }
    }
}

impl<P: FnMut(&SweepStatistics)> Working<'_, '_, P> {
    fn unless_failed(&mut self, result: Result<ControlFlow<()>, SweepError>) -> ControlFlow<()> {
        result.unwrap_or_else(|error| {
            self.fold.error = Some(error);
            ControlFlow::Break(())
        })
    }
}

impl<P: FnMut(&SweepStatistics)> Consumer<Result<CheckedRun, SweepError>> for Working<'_, '_, P> {
    fn early(&mut self, number: u64, run: &Result<CheckedRun, SweepError>) -> ControlFlow<()> {
        let Ok(run) = run else {
            return ControlFlow::Continue(());
        };
        let kept = self.fold.keep_early(number, run);
        self.unless_failed(kept.map(ControlFlow::Continue))
    }

    fn take(&mut self, number: u64, run: Result<CheckedRun, SweepError>) -> ControlFlow<()> {
        let taken = run.and_then(|run| self.fold.take(number, run));
        let flow = self.unless_failed(taken);
        (self.on_progress)(&self.fold.statistics);
        flow
    }

    fn tick(&mut self) -> ControlFlow<()> {
        let synced = self
            .fold
            .directory
            .as_mut()
            .map_or(Ok(()), ResultsDirectory::sync);
        self.unless_failed(synced.map(ControlFlow::Continue).map_err(SweepError::from))
    }
}
