//! What can be said to the commands that make many runs.
//!
//! Owns their flags with their help. It refuses to act on any of them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use config::plan::{Build, Keyword};
use explore::SeedRange;
use explore::duration::VirtualDuration;
use explore::sweep::grid::Axis;
use explore::sweep::seeds;

use super::{Format, Overrides};

/// Failing runs and every this many-th of the others are made twice.
const RECHECK: u64 = 64;
/// Some minutes.
const EXECUTIONS: u64 = 100_000;
/// Enough for intervals of 95 % that are at most 27 points wide.
const LUCK: u64 = 50;

#[derive(Debug, Args)]
pub(crate) struct SweepArguments {
    /// The scenario file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The seeds, B not included; decimal, or hexadecimal with 0x.
    #[arg(long, value_name = "A..B")]
    pub(crate) seeds: SeedRange,
    /// Runs at once; as many as there are processors unless given.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Run every seed with each of these values of a key; may be repeated, for all crossings.
    #[arg(long, value_name = "PATH=V1,V2")]
    pub(crate) vary: Vec<Axis>,
    /// Let each seed have some of the faults and impairments only, each with one half, and settings
    /// of its own as [swarm] says.
    #[arg(long)]
    pub(crate) swarm: bool,
    /// Run part K of N only, K from 1; `auto/N` takes K from SLURM_ARRAY_TASK_ID or
    /// JOB_COMPLETION_INDEX.
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<String>,
    /// End after so many failing runs.
    #[arg(long, value_name = "K")]
    pub(crate) stop_after: Option<u64>,
    /// Go on after a run that comes out differently the second time; the exit code stays 3.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Make every failing run and one in N others twice to see that they are the same; 0: none.
    #[arg(long, value_name = "N", default_value_t = RECHECK)]
    pub(crate) recheck: u64,
    /// Keep rows, summary and capsules here; a sweep that was interrupted goes on.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Draw what was found: shares with their intervals over one --vary, a heat map over two, how
    /// long it takes over none.
    #[arg(long, value_name = "FILE.svg|html")]
    pub(crate) plot: Option<PathBuf>,
    /// What is drawn [default: what went wrong; exhaustion over no --vary].
    #[arg(long, value_enum, value_name = "WHAT", requires = "plot")]
    pub(crate) plot_of: Option<PlotOf>,
    /// How to answer; `json` is the summary.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// What a picture of a sweep counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlotOf {
    /// Runs in which a control block leaked.
    Leak,
    /// Runs in which no control block was left.
    Exhaustion,
    /// Runs in which an exception ended a process.
    Crash,
    /// Runs in which anything went wrong.
    Failure,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// Folders that shards of one sweep were kept in, in any order.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) parts: Vec<PathBuf>,
    /// The folder for the whole.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How to answer; `json` is the summary.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("arms").required(true).args(["builds", "set"])))]
pub(crate) struct CompareArguments {
    /// The scenario file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Builds to compare with the first of them; each is given to every host that the file has
    /// run one of them.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = build)]
    pub(crate) builds: Vec<Build>,
    /// Compare the file as it is with the file and this setting; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// The seeds, B not included.
    #[arg(long, value_name = "A..B")]
    pub(crate) seeds: SeedRange,
    /// Runs at once; as many as there are processors unless given.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The capsule.
    #[arg(value_name = "CAPSULE")]
    pub(crate) capsule: PathBuf,
    /// Show what was written down until this time of the run, such as 2h5m or 90s.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<VirtualDuration>,
    /// How much of the time before it to show; alone, the time before the failure.
    #[arg(long, value_name = "TIME")]
    pub(crate) window: Option<VirtualDuration>,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The scenario file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Give every host this build.
    #[arg(long, value_name = "BUILD", value_parser = build)]
    pub(crate) build: Option<Build>,
    /// Leave out orders that need more preemptions than this [default: none is left out].
    #[arg(long, value_name = "K")]
    pub(crate) preemptions: Option<u32>,
    /// End after so many executions.
    #[arg(long, value_name = "N", default_value_t = EXECUTIONS)]
    pub(crate) max_runs: u64,
    /// Where the capsule of a counterexample goes.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

#[derive(Debug, Args)]
pub(crate) struct ShrinkArguments {
    /// The capsule.
    #[arg(value_name = "CAPSULE")]
    pub(crate) capsule: PathBuf,
    /// Where the pinned scenario goes.
    #[arg(short, long, value_name = "PINNED.toml")]
    pub(crate) output: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Runs made at most.
    #[arg(long, value_name = "RUNS", default_value_t = 16_000)]
    pub(crate) budget: u64,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// A capsule, or a scenario file such as a pinned one.
    #[arg(value_name = "CAPSULE|FILE")]
    pub(crate) file: PathBuf,
    /// The seed in place of the scenario's own; a capsule has its own.
    #[arg(long, value_name = "SEED", value_parser = seed)]
    pub(crate) seed: Option<u64>,
    /// Reseeding seeds tried at each point of the curve that says when the failure became likely; 0:
    /// no curve.
    #[arg(long, value_name = "N", default_value_t = LUCK)]
    pub(crate) luck: u64,
    /// Runs at once; as many as there are processors unless given.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

fn seed(text: &str) -> Result<u64, String> {
    seeds::seed(text).ok_or_else(|| format!("`{text}` is no seed"))
}

fn build(text: &str) -> Result<Build, String> {
    let known = Build::ALL.iter();
    let found = known.copied().find(|build| build.as_str() == text);
    found.ok_or_else(|| {
        let words: Vec<&str> = Build::ALL.iter().map(|build| build.as_str()).collect();
        format!("the builds are {}", words.join(", "))
    })
}
