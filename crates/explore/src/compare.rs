//! Compares two or more arms, such as a build and its fix, on the same seeds.
//!
//! Every seed is run in every arm. Random choices are keyed by role, so a change in one place does
//! not shift the choices elsewhere: a seed that fails in one arm only does so because of the
//! difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use config::plan::{Build, Keyword, Scenario};
use config::untrusted_text;
use serde::Serialize;
use simulation::{LoweringError, Options, Outcome};
use thiserror::Error;

use crate::plural::counted;
use crate::statistics::proportions::{ConfidenceInterval, Paired};
use crate::subject::Subject;
use crate::sweep::seeds::SeedRange;
use crate::worker_pool::{Completion, WorkerPool};

/// The maximum number of seeds listed that fail in the second arm only.
pub const BROKE_MAX: usize = 1_000;
/// Signatures listed where none contains the text asked for.
const SIGNATURES_SHOWN: usize = 8;
/// The maximum number of signatures counted.
const SIGNATURES_MAX: usize = 1_000;

/// One of the compared scenarios, with what runs it.
#[derive(Clone)]
pub struct Arm {
    /// Its name in the comparison.
    pub name: String,
    /// The scenario.
    pub scenario: Scenario,
    /// The system under test.
    pub subject: Arc<dyn Subject>,
}

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The arms, at least two. Each further one is compared with the first.
    pub arms: Arc<Vec<Arm>>,
    /// The seeds.
    pub seeds: SeedRange,
    /// A run fails only if it shows a failure whose signature contains this text; `None` for any
    /// failure.
    pub signature: Option<String>,
    /// Runs at the same time.
    pub jobs: NonZeroUsize,
    /// Whether SIGINT and SIGTERM stop it gracefully.
    pub handle_signals: bool,
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The version of this format.
    pub schema_version: u32,
    /// Seeds run in every arm.
    pub seeds: u64,
    /// Whether all seeds are finished.
    pub complete: bool,
    /// Each further arm against the first.
    pub pairs: Vec<ArmComparison>,
    /// Failing runs by signature, with one count per arm.
    pub signatures: BTreeMap<String, Vec<u64>>,
    /// Failures that do not count because their signature does not contain the text asked for: failing runs
    /// by signature, with one count per arm.
    pub not_counted: BTreeMap<String, Vec<u64>>,
    /// The text that signatures must contain, if only some count.
    pub wanted: Option<String>,
    /// Of the signatures that count: runs that a limit cut off before they showed the signature, which another arm shows
    /// with the same seed, with one count per arm.
    pub signatures_undecided: BTreeMap<String, Vec<u64>>,
    /// Runs that a limit cut off, by the name of the limit, with one count per arm.
    pub cut_off: BTreeMap<String, Vec<u64>>,
}

/// The run of one arm.
struct ArmRun {
    signatures: Vec<String>,
    /// Signatures that do not count.
    others: Vec<String>,
    /// The limit that cut it off.
    cut_off: Option<&'static str>,
}

impl ArmRun {
    /// A run in which only failures whose signature contains `wanted` count.
    fn of(outcome: &Outcome, wanted: Option<&str>) -> Self {
        let counts = |it: &String| wanted.is_none_or(|wanted| it.contains(wanted));
        let (signatures, others) = outcome
            .signatures()
            .into_iter()
            .partition::<Vec<_>, _>(counts);
        Self {
            cut_off: outcome.stop.limit(),
            signatures,
            others,
        }
    }

    /// Whether nobody knows if it would have failed. A failure before the cut stays a failure.
    const fn is_undecided(&self) -> bool {
        self.cut_off.is_some() && self.signatures.is_empty()
    }

    /// Whether nobody knows if it would have shown this signature.
    fn is_open(&self, signature: &String) -> bool {
        self.cut_off.is_some() && !self.signatures.contains(signature)
    }
}

/// One arm against the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmComparison {
    /// The first arm.
    pub first: String,
    /// The other one.
    pub second: String,
    /// Seeds by the arms in which they fail.
    #[serde(flatten)]
    pub cells: Paired,
    /// Seeds left out because a limit cut a run off without a failure in one of the two arms.
    pub undecided: u64,
    /// The p-value of McNemar's exact test.
    pub p: f64,
    /// By how much the proportion of failing seeds is smaller in the second arm.
    pub difference: ConfidenceInterval,
    /// The first seeds that fail in the second arm only.
    pub broke_seeds: Vec<u64>,
}

/// Why a comparison failed.
#[derive(Debug, Error)]
pub enum CompareError {
    /// An arm cannot be run.
    #[error(transparent)]
    Lowering(#[from] LoweringError),
    /// The system cannot create threads or install signal handlers.
    #[error("cannot start workers: {0}")]
    Threads(io::Error),
    /// A run of this seed panicked: a bug in mtasim.
    #[error("a run of seed {0} panicked")]
    Panicked(u64),
}

/// The overrides that set `build` on every host that runs one of the `compared` builds.
///
/// # Errors
/// If no host runs a compared build.
pub fn overrides_for(
    scenario: &Scenario,
    build: Build,
    compared: &[Build],
) -> Result<Vec<String>, String> {
    let hosts = scenario.hosts.iter();
    let overrides: Vec<String> = hosts
        .filter(|(_, host)| host.build().is_some_and(|build| compared.contains(&build)))
        .map(|(name, _)| format!("host.{name}.build={build}"))
        .collect();
    if overrides.is_empty() {
        let hosts = scenario.hosts.iter();
        let run: Vec<String> = hosts
            .map(|(name, host)| {
                let build = host.build().map_or("a guest", Build::as_str);
                format!("{name} runs {build}")
            })
            .collect();
        return Err(format!("no host runs a compared build: {}", run.join(", ")));
    }
    Ok(overrides)
}

/// Runs every seed in every arm. `on_progress` is called with the number of finished seeds.
///
/// # Errors
/// If an arm cannot be run, or a run panics.
///
/// # Panics
/// If there are fewer than two arms.
pub fn compare(
    trial: &Trial,
    mut on_progress: impl FnMut(u64),
) -> Result<Comparison, CompareError> {
    let arms = Arc::clone(&trial.arms);
    assert!(arms.len() >= 2, "a comparison needs two arms");
    let pool = WorkerPool {
        jobs: trial.jobs,
        handle_signals: trial.handle_signals,
        tick: None,
    };
    let wanted = trial.signature.clone();
    let work = move |seed| -> Result<Vec<ArmRun>, LoweringError> {
        let run = |arm: &Arm| {
            let options = Options {
                keep_records: false,
            };
            let outcome = arm.subject.run(&arm.scenario, seed, options)?;
            Ok(ArmRun::of(&outcome, wanted.as_deref()))
        };
        arms.iter().map(run).collect()
    };
    let mut counts = ComparisonCounts::new(trial.arms.len());
    let mut lowering_error = None;
    let numbers = trial.seeds.from..trial.seeds.to;
    let completion = pool.run_in_order(numbers, work, |seed, result| match result {
        Ok(arms) => {
            counts.add(seed, &arms);
            on_progress(counts.seeds);
            ControlFlow::Continue(())
        }
        Err(error) => {
            lowering_error = Some(error);
            ControlFlow::Break(())
        }
    });
    if let Some(error) = lowering_error {
        return Err(CompareError::Lowering(error));
    }
    match completion.map_err(CompareError::Threads)? {
        Completion::Panicked(seed) => Err(CompareError::Panicked(seed)),
        Completion::Finished | Completion::Stopped | Completion::Interrupted => {
            Ok(counts.comparison(trial))
        }
    }
}

impl fmt::Debug for Arm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Arm")
            .field("name", &self.name)
            .field("scenario", &self.scenario)
            .finish_non_exhaustive()
    }
}

/// Counts over the seeds so far.
struct ComparisonCounts {
    seeds: u64,
    /// For each arm but the first.
    pairs: Vec<PairCounts>,
    signatures: SignatureCounts,
    others: SignatureCounts,
    undecided: SignatureCounts,
    cut_off: BTreeMap<String, Vec<u64>>,
}

/// Failing runs by signature, with one count per arm.
#[derive(Default)]
struct SignatureCounts(BTreeMap<String, Vec<u64>>);

impl SignatureCounts {
    fn add(&mut self, signature: &str, [arm, arms]: [usize; 2]) {
        // A signature may hold a text of the user's, such as a panic message: without a limit each seed
        // could add one.
        let is_known = self.0.contains_key(signature);
        if is_known || self.0.len() < SIGNATURES_MAX {
            let counts = self.0.entry(signature.to_owned());
            counts.or_insert_with(|| vec![0; arms])[arm] += 1;
        }
    }
}

/// Counts of one arm against the first.
#[derive(Clone, Default)]
struct PairCounts {
    cells: Paired,
    undecided: u64,
    /// The first seeds that fail in this arm only.
    broke: Vec<u64>,
}

impl PairCounts {
    fn add(&mut self, seed: u64, first: &ArmRun, other: &ArmRun) {
        // Counted as clean, a run that a limit ended would make the arm with more work look better.
        if first.is_undecided() || other.is_undecided() {
            self.undecided += 1;
            return;
        }
        match (first.signatures.is_empty(), other.signatures.is_empty()) {
            // The discordant pairs, which alone decide McNemar's test.
            (false, true) => self.cells.fixed += 1,
            (true, false) => {
                self.cells.broke += 1;
                if self.broke.len() < BROKE_MAX {
                    self.broke.push(seed);
                }
            }
            (false, false) => self.cells.both += 1,
            (true, true) => self.cells.neither += 1,
        }
    }
}

impl ComparisonCounts {
    fn new(arms: usize) -> Self {
        Self {
            seeds: 0,
            pairs: vec![PairCounts::default(); arms - 1],
            signatures: SignatureCounts::default(),
            others: SignatureCounts::default(),
            undecided: SignatureCounts::default(),
            cut_off: BTreeMap::new(),
        }
    }

    fn add(&mut self, seed: u64, arms: &[ArmRun]) {
        self.seeds += 1;
        let (first, others) = arms.split_first().expect("there are at least two");
        for (other, pair) in others.iter().zip(&mut self.pairs) {
            pair.add(seed, first, other);
        }
        for (arm, run) in arms.iter().enumerate() {
            if let Some(limit) = run.cut_off {
                let counts = self.cut_off.entry(limit.to_owned());
                counts.or_insert_with(|| vec![0; arms.len()])[arm] += 1;
            }
            for signature in &run.signatures {
                self.signatures.add(signature, [arm, arms.len()]);
            }
            for signature in &run.others {
                self.others.add(signature, [arm, arms.len()]);
            }
            let shown: BTreeSet<&String> = arms.iter().flat_map(|it| &it.signatures).collect();
            for signature in shown.into_iter().filter(|it| run.is_open(it)) {
                self.undecided.add(signature, [arm, arms.len()]);
            }
        }
    }

    fn comparison(self, trial: &Trial) -> Comparison {
        let (arms, seeds) = (&trial.arms, trial.seeds);
        let others = arms[1..].iter().zip(self.pairs);
        Comparison {
            schema_version: 4,
            seeds: self.seeds,
            complete: self.seeds == seeds.len(),
            pairs: others
                .map(|(other, pair)| ArmComparison {
                    first: arms[0].name.clone(),
                    second: other.name.clone(),
                    cells: pair.cells,
                    undecided: pair.undecided,
                    p: pair.cells.mcnemar(),
                    difference: pair.cells.difference(),
                    broke_seeds: pair.broke,
                })
                .collect(),
            signatures: self.signatures.0,
            not_counted: self.others.0,
            signatures_undecided: self.undecided.0,
            wanted: trial.signature.clone(),
            cut_off: self.cut_off,
        }
    }
}

impl Comparison {
    /// Whether any seed fails in a further arm but not in the first.
    #[must_use]
    pub fn broke(&self) -> bool {
        self.pairs.iter().any(|pair| pair.cells.broke > 0)
    }

    /// Whether a limit cut off a run that would have been compared, or before it showed what another arm shows.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        let is_pair_open = self.pairs.iter().any(|pair| pair.undecided > 0);
        is_pair_open || !self.signatures_undecided.is_empty()
    }
}

impl Comparison {
    /// If no failure counts, what would.
    fn write_hint(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(wanted) = self.wanted.as_ref().filter(|_| self.signatures.is_empty()) else {
            return Ok(());
        };
        let wanted = untrusted_text::line(wanted);
        let occurred: Vec<&str> = self.not_counted.keys().map(String::as_str).collect();
        let shown = &occurred[..occurred.len().min(SIGNATURES_SHOWN)];
        match (shown, occurred.len() - shown.len()) {
            ([], _) => writeln!(
                formatter,
                "  no failure occurred, with `{wanted}` or without"
            ),
            (_, more) => {
                writeln!(
                    formatter,
                    "  no signature contains `{wanted}`, so no failure counts; these occurred:"
                )?;
                for signature in shown {
                    writeln!(formatter, "    {signature}")?;
                }
                match more {
                    0 => Ok(()),
                    more => writeln!(formatter, "    and {more} more: --format json lists all"),
                }
            }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pair in &self.pairs {
            let Paired {
                fixed,
                broke,
                both,
                neither,
            } = pair.cells;
            writeln!(formatter, "{} -> {}", pair.first, pair.second)?;
            writeln!(
                formatter,
                "  fixed {fixed}, broke {broke}, both {both}, neither {neither}; of {}",
                counted(pair.cells.seeds(), "seed")
            )?;
            if pair.undecided > 0 {
                writeln!(
                    formatter,
                    "  UNDECIDED {}, left out: a limit cut a run off in one of the two arms",
                    pair.undecided
                )?;
            }
            if pair.cells.seeds() == 0 {
                writeln!(
                    formatter,
                    "  no seed is decided: nothing is known of the difference"
                )?;
                continue;
            }
            writeln!(
                formatter,
                "  failure rate lower by {:.1} to {:.1} percentage points (95 %); exact McNemar p = {:.2e}",
                pair.difference.low * 100.0,
                pair.difference.high * 100.0,
                pair.p
            )?;
            if !pair.broke_seeds.is_empty() {
                let seeds = pair.broke_seeds.iter().take(20);
                let seeds: Vec<String> = seeds.map(u64::to_string).collect();
                writeln!(formatter, "  broke: seeds {}", seeds.join(" "))?;
            }
        }
        for (signature, counts) in &self.signatures {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            writeln!(formatter, "  {signature}: {} runs", counts.join(" -> "))?;
            if let Some(open) = self.signatures_undecided.get(signature) {
                let open: Vec<String> = open.iter().map(u64::to_string).collect();
                writeln!(
                    formatter,
                    "    UNDECIDED {} more, which a limit cut off before they showed it",
                    open.join(" -> ")
                )?;
            }
        }
        self.write_hint(formatter)?;
        for (limit, counts) in &self.cut_off {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            writeln!(
                formatter,
                "  cut off at {limit}: {} runs",
                counts.join(" -> ")
            )?;
        }
        Ok(())
    }
}
