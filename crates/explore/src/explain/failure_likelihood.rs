//! How likely a failure is if luck is fresh from some moment on.
//!
//! Owns [`curve`]: the run as it was up to a moment and with other seeds from there on, at some
//! moments and, by halving, ever closer to the one instant at which the failure became so much
//! more likely. It refuses to say why: it names what was written down at that instant.

use std::fmt::{self, Write};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use config::plan::{Reseed, Scenario};
use kernel::{Duration, Instant};
use serde::Serialize;
use simulation::{LoweringError, Options, Outcome, timeline};

use crate::explain::interval_events;
use crate::run_result::Failure;
use crate::shrink::edit;
use crate::statistics::intervals::{Interval, wilson};
use crate::subject::Subject;
use crate::worker_pool::{Completion, WorkerPool};

/// Moments looked at first, evenly spread, and the intervals between them halved then.
const FIRST: u64 = 8;
/// Moments looked at altogether; of long runs fewer.
const MOMENTS_MAX: u64 = 60;
/// Enough for the first ones and a few halvings.
const MOMENTS_MIN: u64 = 14;
/// Calls of modeled threads that all runs together may make beyond that: some forty seconds of one
/// processor.
const STEPS_MAX: u64 = 200_000_000;
/// Of the time until the failure, this share is added: with other luck the same failure comes a
/// little later, and is the same all the same.
const GRACE: u64 = 16;
/// And at least this.
const GRACE_MIN: Duration = Duration::from_secs(1);

/// How to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reseeding {
    /// Seeds tried at every moment, the same ones at each: 0, 1, 2, ... without the run's own.
    pub seeds: u64,
    /// Runs at once.
    pub jobs: NonZeroUsize,
}

/// The curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailureLikelihood {
    /// A run counts if it fails so by then, in nanoseconds.
    pub by: u64,
    /// Seeds tried at every moment.
    pub seeds: u64,
    /// The points, in the order of time.
    pub points: Vec<LikelihoodPoint>,
    /// The steepest jump; `None` if there is none.
    pub jump: Option<Jump>,
}

/// One point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LikelihoodPoint {
    /// Luck is fresh from here on, in nanoseconds; all before is as it was.
    pub from: u64,
    /// Runs that fail.
    pub failing: u64,
    /// Their share.
    pub rate: f64,
    /// With 95 % (Wilson).
    #[serde(flatten)]
    pub interval: Interval,
}

/// Where a curve jumps most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jump {
    /// The point before.
    pub before: LikelihoodPoint,
    /// The point after.
    pub after: LikelihoodPoint,
    /// Whether nothing lies between the two but what happened at one instant.
    pub is_instant: bool,
    /// What was written down between them, in words; the last of it if it is much.
    pub when: Vec<String>,
    /// What a program wrote down last before that.
    pub last_before: Option<String>,
    /// What a program wrote down first after that.
    pub first_after: Option<String>,
}

/// Why there is no curve.
#[derive(Debug)]
pub enum LikelihoodError {
    /// The scenario cannot be run.
    Lowering(LoweringError),
    /// The system gives no threads.
    Threads(io::Error),
    /// A run with this fresh seed panicked: a bug of this program.
    Panicked(u64),
}

/// The curve of a failure of `scenario` under `seed`.
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
    let mut short = scenario.clone();
    if by < Instant::ZERO.saturating_add(scenario.duration) {
        edit::cut(&mut short, by.since_start());
    }
    let usual = subject
        .run(&short, seed, Options { keep_records: true })
        .map_err(LikelihoodError::Lowering)?;
    let mut survey = Survey {
        scenario: Arc::new(short),
        seed,
        signature: failure.signature.clone(),
        reseeding,
        subject: Arc::clone(subject),
        instants: instants(scenario, seed, &usual, failure.time()),
        moments_max: moments(usual.calls, reseeding.seeds),
        known: Vec::new(),
    };
    survey.look_around()?;
    survey.close_in()?;
    Ok(survey.curve(by, &usual))
}

/// Until when a failure counts as the one found at `at`.
fn horizon(scenario: &Scenario, at: Instant) -> Instant {
    let grace = Duration::from_nanos(at.nanos() / GRACE).max(GRACE_MIN);
    let whole = scenario.duration + scenario.healing.unwrap_or_default();
    at.saturating_add(grace)
        .min(Instant::ZERO.saturating_add(whole).max(at))
}

/// The instants, up to `end`, at which something was written down or a link changed. Between two
/// of them nothing happens that could matter, but for how long calls take.
fn instants(scenario: &Scenario, seed: u64, usual: &Outcome, end: Instant) -> Vec<Instant> {
    let mut found: Vec<Instant> = usual.records.iter().map(|(at, _)| *at).collect();
    let outages = timeline::outages(scenario, seed).unwrap_or_default();
    found.extend(outages.iter().flat_map(|it| [it.from, it.to]));
    found.retain(|at| *at < end);
    found.push(end);
    found.sort_unstable();
    found.dedup();
    found
}

/// How many moments can be afforded if a run makes so many calls.
fn moments(steps: u64, seeds: u64) -> usize {
    let each = steps.saturating_mul(seeds).max(1);
    let most = (STEPS_MAX / each).clamp(MOMENTS_MIN, MOMENTS_MAX);
    usize::try_from(most).expect("a small number")
}

/// A curve in the making. Place 0 is the start, and place n lies just behind the n-th instant.
struct Survey {
    scenario: Arc<Scenario>,
    seed: u64,
    signature: String,
    reseeding: Reseeding,
    subject: Arc<dyn Subject>,
    instants: Vec<Instant>,
    moments_max: usize,
    /// Failing runs by place, in order.
    known: Vec<(usize, u64)>,
}

impl Survey {
    /// Points evenly spread over time.
    fn look_around(&mut self) -> Result<(), LikelihoodError> {
        let last = self.instants.len();
        let end = self.instants.last().map_or(0, |at| at.nanos());
        let mut places: Vec<usize> = (0..=FIRST)
            .map(|step| end / FIRST * step)
            .map(|nanos| self.instants.partition_point(|at| at.nanos() <= nanos))
            .collect();
        places.extend([0, last]);
        places.sort_unstable();
        places.dedup();
        for place in places {
            let failing = self.failing_from(place)?;
            self.known.push((place, failing));
        }
        Ok(())
    }

    /// Halves whatever interval jumps most, until that is a single instant: then no other
    /// instant can jump more, provided that the curve never falls.
    fn close_in(&mut self) -> Result<(), LikelihoodError> {
        while self.known.len() < self.moments_max {
            let Some(steepest) = self.steepest() else {
                break;
            };
            let [(low, _), (high, _)] = [self.known[steepest], self.known[steepest + 1]];
            if high - low == 1 {
                break;
            }
            let middle = low + (high - low) / 2;
            let failing = self.failing_from(middle)?;
            self.known.insert(steepest + 1, (middle, failing));
        }
        Ok(())
    }

    /// Where the interval of the greatest jump begins; of equals the last.
    fn steepest(&self) -> Option<usize> {
        let jumps = self.known.windows(2).enumerate();
        let jumps = jumps.map(|(index, pair)| (pair[1].1.saturating_sub(pair[0].1), index));
        jumps
            .filter(|(jump, _)| *jump > 0)
            .max()
            .map(|(_, index)| index)
    }

    fn moment(&self, place: usize) -> Instant {
        match place.checked_sub(1) {
            None => Instant::ZERO,
            Some(index) => self.instants[index].saturating_add(Duration::from_nanos(1)),
        }
    }

    /// How many of the fresh seeds fail from a place on.
    fn failing_from(&self, place: usize) -> Result<u64, LikelihoodError> {
        let from = self.moment(place);
        let (scenario, subject) = (Arc::clone(&self.scenario), Arc::clone(&self.subject));
        let (own, signature) = (self.seed, self.signature.clone());
        let seeds = self.reseeding.seeds;
        let work = move |number: u64| {
            let mut again = Scenario::clone(&scenario);
            let seed = if number == own { seeds } else { number };
            again.pins.reseeds.retain(|luck| luck.from < from);
            again.pins.reseeds.push(Reseed { from, seed });
            let options = Options {
                keep_records: false,
            };
            let outcome = subject.run(&again, own, options)?;
            Ok(outcome.signatures().contains(&signature))
        };
        let crew = WorkerPool {
            jobs: self.reseeding.jobs,
            handle_signals: false,
        };
        let (mut failing, mut failed) = (0, None);
        let ending =
            crew.run_in_order(
                0..seeds,
                work,
                |_, result: Result<bool, LoweringError>| match result {
                    Ok(fails) => {
                        failing += u64::from(fails);
                        ControlFlow::Continue(())
                    }
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                },
            );
        match (failed, ending.map_err(LikelihoodError::Threads)?) {
            (Some(error), _) => Err(LikelihoodError::Lowering(error)),
            (None, Completion::Panicked(number)) => Err(LikelihoodError::Panicked(number)),
            (None, Completion::Finished | Completion::Stopped | Completion::Interrupted) => {
                Ok(failing)
            }
        }
    }

    fn point(&self, (place, failing): (usize, u64)) -> LikelihoodPoint {
        LikelihoodPoint {
            from: self.moment(place).nanos(),
            failing,
            rate: failing as f64 / self.reseeding.seeds.max(1) as f64,
            interval: wilson(failing, self.reseeding.seeds),
        }
    }

    fn curve(&self, by: Instant, usual: &Outcome) -> FailureLikelihood {
        let jump = self.steepest().map(|index| {
            let [before, after] = [self.known[index], self.known[index + 1]];
            let first = self.moment(before.0);
            let last = self.instants[after.0 - 1];
            // Of an interval the left end belongs to what came before it.
            let first = match after.0 - before.0 {
                1 => last,
                _ => first,
            };
            let [last_before, first_after] =
                interval_events::neighbours(&self.scenario, usual, (first, last));
            Jump {
                before: self.point(before),
                after: self.point(after),
                is_instant: after.0 - before.0 == 1,
                when: interval_events::between((&self.scenario, self.seed), usual, (first, last)),
                last_before,
                first_after,
            }
        });
        FailureLikelihood {
            by: by.nanos(),
            seeds: self.reseeding.seeds,
            points: self.known.iter().map(|it| self.point(*it)).collect(),
            jump,
        }
    }
}

impl fmt::Display for FailureLikelihood {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = Instant::from_nanos(self.by);
        writeln!(
            formatter,
            "How likely it is by {by} s, if luck is fresh from a moment on ({} seeds each):",
            self.seeds
        )?;
        for (index, point) in self.points.iter().enumerate() {
            // Where nothing changes one line is enough.
            let around = [index.checked_sub(1), index.checked_add(1)];
            let around = around.map(|it| self.points.get(it?));
            if around
                .iter()
                .all(|it| it.is_some_and(|it| it.failing == point.failing))
            {
                continue;
            }
            let from = Instant::from_nanos(point.from).to_string();
            let Interval { low, high } = point.interval;
            writeln!(
                formatter,
                "  {from:>20} s  {:>5.1} %  ({:.1} to {:.1} %)",
                100.0 * point.rate,
                100.0 * low,
                100.0 * high
            )?;
        }
        match &self.jump {
            Some(jump) => write!(formatter, "{jump}"),
            None => writeln!(
                formatter,
                "  whatever chance does: nothing makes it more likely"
            ),
        }
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |point: &LikelihoodPoint| format!("{:.0} %", 100.0 * point.rate);
        let [first, last] = [self.before.from, self.after.from - 1].map(Instant::from_nanos);
        let at = match self.is_instant {
            true => format!("at {last} s"),
            false => format!("between {first} s and {last} s"),
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
        for (lead, told) in [("before", &self.last_before), ("after", &self.first_after)] {
            if let Some(told) = told {
                writeln!(line, "    {lead:6} {told}")?;
            }
        }
        formatter.write_str(&line)
    }
}

impl fmt::Display for LikelihoodError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lowering(error) => write!(formatter, "{error}"),
            Self::Threads(error) => write!(formatter, "cannot work: {error}"),
            Self::Panicked(seed) => write!(formatter, "the run with fresh seed {seed} panicked"),
        }
    }
}

impl std::error::Error for LikelihoodError {}
