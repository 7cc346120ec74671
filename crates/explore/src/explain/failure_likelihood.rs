//! How likely a failure is when all random choices are redrawn from some point in time on.
//!
//! The run is replayed up to that point and continued with other seeds. Bisection narrows down the
//! instant at which the failure becomes much more likely, and the records of that instant are
//! reported.

use std::fmt::{self, Write};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use config::plan::{Reseed, Scenario};
use kernel::{Duration, Instant};
use serde::Serialize;
use simulation::{LoweringError, Options, Outcome, interruption, timeline};
use thiserror::Error;

use crate::explain::interval_events::{self, TimeInterval};
use crate::explain::{horizon, shortened};
use crate::run_result::Failure;
use crate::statistics::proportions::{ConfidenceInterval, wilson};
use crate::subject::Subject;
use crate::worker_pool::{Completion, WorkerPool};

/// Points in time tried first, evenly spread; then the intervals between them are halved.
const FIRST_POINTS: u64 = 8;
/// The maximum number of points in time; fewer for long runs.
const POINTS_MAX: u64 = 60;
/// Enough for the first points and a few halvings.
const POINTS_MIN: u64 = 14;
/// The maximum number of calls of modeled threads over all runs, beyond [`POINTS_MIN`] points:
/// about forty seconds of one processor.
const CALLS_MAX: u64 = 200_000_000;
/// How to redraw random choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reseeding {
    /// Seeds tried at every point in time, the same at each: 0, 1, 2, ... without the seed of the
    /// run.
    pub seeds: u64,
    /// Runs at the same time.
    pub jobs: NonZeroUsize,
}

/// The likelihood of a failure over the time from which random choices are redrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailureLikelihood {
    /// A run counts as failing if it shows the failure by then, in nanoseconds.
    #[serde(rename = "by_ns")]
    pub by: u64,
    /// Seeds tried at every point.
    pub seeds: u64,
    /// The points, ordered by time.
    pub points: Vec<LikelihoodPoint>,
    /// The largest jump; `None` if the likelihood never rises.
    pub jump: Option<Jump>,
}

/// The likelihood from one point in time on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LikelihoodPoint {
    /// Random choices are redrawn from here on, in nanoseconds.
    #[serde(rename = "from_ns")]
    pub from: u64,
    /// Failing runs.
    pub failing: u64,
    /// Runs that a limit cut off before the failure. The rate leaves them out.
    pub undecided: u64,
    /// Failing runs as a fraction of the runs that are decided.
    pub rate: f64,
    /// Its Wilson interval.
    #[serde(flatten)]
    pub interval: ConfidenceInterval,
}

/// The interval in which the likelihood rises most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jump {
    /// The point before the interval.
    pub before: LikelihoodPoint,
    /// The point after the interval.
    pub after: LikelihoodPoint,
    /// Whether everything between the two points happened at one instant.
    pub is_instant: bool,
    /// The events in the interval, one sentence each; of many only the last.
    pub when: Vec<String>,
    /// The last record of a program before it.
    pub last_before: Option<String>,
    /// The first record of a program after it.
    pub first_after: Option<String>,
}

/// Why the likelihood cannot be computed.
#[derive(Debug, Error)]
pub enum LikelihoodError {
    /// The scenario cannot be run.
    #[error(transparent)]
    Lowering(#[from] LoweringError),
    /// The system cannot create threads.
    #[error("cannot start workers: {0}")]
    Threads(io::Error),
    /// The run redrawn with this seed panicked: a bug in mtasim.
    #[error("the run redrawn with seed {0} panicked")]
    Panicked(u64),
}

/// Computes the likelihood of a failure of `scenario` with `seed`.
///
/// # Errors
/// If the scenario cannot be run.
pub fn failure_likelihood(
    scenario: &Scenario,
    seed: u64,
    failure: &Failure,
    reseeding: Reseeding,
    subject: &Arc<dyn Subject>,
) -> Result<FailureLikelihood, LikelihoodError> {
    let by = horizon(scenario, failure.time());
    let mut short = shortened(scenario, failure.time());
    let original = subject.run(&short, seed, Options { keep_records: true })?;
    let instants = instants(scenario, seed, &original, failure.time());
    // What a redrawn run does after the failure does not count.
    short.until_first = Some(failure.signature.clone());
    let mut survey = Survey {
        scenario: Arc::new(short),
        seed,
        signature: failure.signature.clone(),
        reseeding,
        subject: Arc::clone(subject),
        instants,
        points_max: points_for(original.calls, reseeding.seeds),
        samples: Vec::new(),
    };
    survey.sample_evenly()?;
    survey.bisect()?;
    Ok(survey.likelihood(by, &original))
}

/// The instants up to `end` with a record or a change of a link. Between two of them nothing is
/// decided but the cost of calls.
fn instants(scenario: &Scenario, seed: u64, original: &Outcome, end: Instant) -> Vec<Instant> {
    let mut found: Vec<Instant> = original.records.iter().map(|entry| entry.at).collect();
    let max = timeline::LISTED_MAX;
    let links = timeline::outages_around(scenario, seed, end, &[end], max).unwrap_or_default();
    let outages = links.iter().flat_map(|it| &it.windows);
    found.extend(outages.flat_map(|it| [it.from, it.to]));
    found.retain(|at| *at < end);
    found.push(end);
    found.sort_unstable();
    found.dedup();
    found
}

/// The number of points in time that a run of this many calls allows.
fn points_for(calls: u64, seeds: u64) -> usize {
    let each = calls.saturating_mul(seeds).max(1);
    let most = (CALLS_MAX / each).clamp(POINTS_MIN, POINTS_MAX);
    usize::try_from(most).expect("a small number")
}

/// The search for the largest jump. Position 0 is the start of the run; position n is just after
/// the n-th instant.
struct Survey {
    scenario: Arc<Scenario>,
    seed: u64,
    signature: String,
    reseeding: Reseeding,
    subject: Arc<dyn Subject>,
    instants: Vec<Instant>,
    points_max: usize,
    /// The points so far, by position.
    samples: Vec<Sample>,
}

/// The result of redrawing from one position on.
#[derive(Clone, Copy)]
struct Sample {
    position: usize,
    counts: SampleCounts,
}

/// The runs of one position.
#[derive(Clone, Copy, Default)]
struct SampleCounts {
    failing: u64,
    /// Runs that end by themselves without the failure.
    passing: u64,
    /// Runs that a limit cut off before the failure.
    undecided: u64,
}

impl SampleCounts {
    fn add(&mut self, outcome: &RedrawnRun) {
        match outcome {
            RedrawnRun::Failing => self.failing += 1,
            RedrawnRun::Passing => self.passing += 1,
            RedrawnRun::Undecided => self.undecided += 1,
        }
    }

    /// The fraction of decided runs that fail, in millionths.
    fn millionths(self) -> u64 {
        1_000_000 * self.failing / (self.failing + self.passing).max(1)
    }
}

/// Whether a run with redrawn choices shows the failure.
enum RedrawnRun {
    Failing,
    Passing,
    Undecided,
}

impl RedrawnRun {
    fn of(outcome: &Outcome, signature: &String) -> Self {
        match outcome.signatures().contains(signature) {
            true => Self::Failing,
            false if outcome.stop.limit().is_some() => Self::Undecided,
            false => Self::Passing,
        }
    }
}

impl Survey {
    /// Evaluates points evenly spread over time.
    fn sample_evenly(&mut self) -> Result<(), LikelihoodError> {
        let last = self.instants.len();
        let end = self.instants.last().map_or(0, |at| at.nanos());
        let mut positions: Vec<usize> = (0..=FIRST_POINTS)
            .map(|step| end / FIRST_POINTS * step)
            .map(|nanos| self.instants.partition_point(|at| at.nanos() <= nanos))
            .collect();
        positions.extend([0, last]);
        positions.sort_unstable();
        positions.dedup();
        for position in positions {
            let counts = self.counts_from(position)?;
            self.samples.push(Sample { position, counts });
        }
        Ok(())
    }

    /// Halves the interval with the largest jump until it is a single instant. No other instant can
    /// have a larger jump, provided that the likelihood never falls.
    fn bisect(&mut self) -> Result<(), LikelihoodError> {
        while self.samples.len() < self.points_max {
            let Some(index) = self.largest_jump() else {
                break;
            };
            let [low, high] = [index, index + 1].map(|it| self.samples[it].position);
            if high - low == 1 {
                break;
            }
            let position = low + (high - low) / 2;
            let counts = self.counts_from(position)?;
            self.samples.insert(index + 1, Sample { position, counts });
        }
        Ok(())
    }

    /// The index of the interval with the largest jump; of equals the last.
    fn largest_jump(&self) -> Option<usize> {
        let jumps = self.samples.windows(2).enumerate();
        let jumps = jumps.map(|(index, pair)| {
            // A fall is noise, or something that made the failure less likely; neither explains it.
            let [before, after] = [pair[0], pair[1]].map(|it| it.counts.millionths());
            let jump = after.saturating_sub(before);
            (jump, index)
        });
        jumps
            .filter(|(jump, _)| *jump > 0)
            .max()
            .map(|(_, index)| index)
    }

    /// The time of a position.
    fn time(&self, position: usize) -> Instant {
        match position.checked_sub(1) {
            None => Instant::ZERO,
            // Just after the instant: the choices made at it stay as they were.
            Some(index) => self.instants[index].saturating_add(Duration::from_nanos(1)),
        }
    }

    /// The runs of all seeds when random choices are redrawn from a position on.
    fn counts_from(&self, position: usize) -> Result<SampleCounts, LikelihoodError> {
        let from = self.time(position);
        let (scenario, subject) = (Arc::clone(&self.scenario), Arc::clone(&self.subject));
        let (own, signature) = (self.seed, self.signature.clone());
        let seeds = self.reseeding.seeds;
        let work = move |number: u64| {
            // The same seeds at each point (common random numbers): the difference between two
            // points is then less noisy than with independent seeds.
            let mut again = Scenario::clone(&scenario);
            // The seed of the run itself would only repeat it; the next unused one takes its place.
            let seed = if number == own { seeds } else { number };
            // A later reseed in the scenario would undo the redraw.
            again.pins.reseeds.retain(|it| it.from < from);
            again.pins.reseeds.push(Reseed { from, seed });
            let options = Options {
                keep_records: false,
            };
            let outcome = subject.run(&again, own, options)?;
            Ok(RedrawnRun::of(&outcome, &signature))
        };
        let pool = WorkerPool {
            jobs: self.reseeding.jobs,
            handle_signals: false,
            tick: None,
        };
        let (mut counts, mut lowering_error) = (SampleCounts::default(), None);
        let completion = pool.run_in_order(
            0..seeds,
            work,
            |_, result: Result<RedrawnRun, LoweringError>| match result {
                // Runs that are left would each end at once, but there can be millions.
                Ok(_) if interruption::is_requested() => ControlFlow::Break(()),
                Ok(redrawn) => {
                    counts.add(&redrawn);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    lowering_error = Some(error);
                    ControlFlow::Break(())
                }
            },
        );
        match (
            lowering_error,
            completion.map_err(LikelihoodError::Threads)?,
        ) {
            (Some(error), _) => Err(LikelihoodError::Lowering(error)),
            (None, Completion::Panicked(number)) => Err(LikelihoodError::Panicked(number)),
            (None, Completion::Finished | Completion::Stopped | Completion::Interrupted) => {
                Ok(counts)
            }
        }
    }

    fn point(&self, Sample { position, counts }: Sample) -> LikelihoodPoint {
        let SampleCounts {
            failing,
            passing,
            undecided,
        } = counts;
        LikelihoodPoint {
            from: self.time(position).nanos(),
            failing,
            undecided,
            rate: failing as f64 / (failing + passing).max(1) as f64,
            interval: wilson(failing, failing + passing),
        }
    }

    fn likelihood(&self, by: Instant, original: &Outcome) -> FailureLikelihood {
        let jump = self.largest_jump().map(|index| {
            let [before, after] = [self.samples[index], self.samples[index + 1]];
            let last = self.instants[after.position - 1];
            let is_instant = after.position - before.position == 1;
            // The left end of a longer interval belongs to what came before it.
            let first = if is_instant {
                last
            } else {
                self.time(before.position)
            };
            let interval = TimeInterval { first, last };
            let [last_before, first_after] =
                interval_events::neighbours(&self.scenario, original, interval);
            Jump {
                before: self.point(before),
                after: self.point(after),
                is_instant,
                when: interval_events::describe(&self.scenario, self.seed, original, interval),
                last_before,
                first_after,
            }
        });
        FailureLikelihood {
            by: by.nanos(),
            seeds: self.reseeding.seeds,
            points: self.samples.iter().map(|it| self.point(*it)).collect(),
            jump,
        }
    }
}

impl fmt::Display for FailureLikelihood {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = Instant::from_nanos(self.by);
        writeln!(
            formatter,
            "Likelihood of the failure by {by} if randomness is redrawn from a time on ({} seeds each):",
            self.seeds
        )?;
        for (index, point) in self.points.iter().enumerate() {
            // Leave out points whose neighbours have the same value.
            let around = [index.checked_sub(1), index.checked_add(1)];
            let around = around.map(|it| self.points.get(it?));
            if around
                .iter()
                .all(|it| it.is_some_and(|it| it.failing == point.failing))
            {
                continue;
            }
            let from = format!("{:#}", Instant::from_nanos(point.from));
            let ConfidenceInterval { low, high } = point.interval;
            writeln!(
                formatter,
                "  {from:>20}  {:>5.1} %  ({:.1} to {:.1} %){}",
                100.0 * point.rate,
                100.0 * low,
                100.0 * high,
                match point.undecided {
                    0 => String::new(),
                    runs => format!("; {runs} cut off at a limit, left out"),
                }
            )?;
        }
        match &self.jump {
            Some(jump) => write!(formatter, "{jump}"),
            None => writeln!(formatter, "  no jump: the likelihood never rises"),
        }
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |point: &LikelihoodPoint| format!("{:.0} %", 100.0 * point.rate);
        let [first, last] = [self.before.from, self.after.from - 1].map(Instant::from_nanos);
        let at = match self.is_instant {
            true => format!("at {last}"),
            false => format!("between {first} and {last}"),
        };
        let mut line = format!(
            "  from {} to {} {at}, when",
            percent(&self.before),
            percent(&self.after)
        );
        for (index, what) in self.when.iter().enumerate() {
            let lead = if index == 0 { "" } else { "      and" };
            write!(line, "{lead} {what}")?;
            line.push('\n');
        }
        for (lead, record) in [("before", &self.last_before), ("after", &self.first_after)] {
            if let Some(record) = record {
                writeln!(line, "    {lead:6} {record}")?;
            }
        }
        formatter.write_str(&line)
    }
}
