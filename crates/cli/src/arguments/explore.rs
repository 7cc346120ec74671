//! The flags of the commands that run many seeds.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, value_parser};
use config::plan::{Build, Duration, Keyword};
use explore::SeedRange;
use explore::sweep::grid::Axis;

use super::{Format, Overrides, Seed};

/// One in this many runs is repeated.
const RECHECK: u64 = 64;
/// Executions of a search: some minutes.
const EXECUTIONS: u64 = 100_000;
/// Seeds at each point of a curve: its 95 % intervals are at most 27 percentage points wide.
const RESEEDS: u64 = 50;

#[derive(Debug, Args)]
pub(crate) struct SweepArguments {
    /// Scenario file; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Seeds from A to B - 1, decimal or hexadecimal with 0x; `A..=B` includes B, and `A` is one seed.
    #[arg(long, value_name = "A..B", value_parser = SeedRange::with_seeds)]
    pub(crate) seeds: SeedRange,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
    /// Run every seed with each of these values of a key. Can be repeated, for all combinations.
    #[arg(long, value_name = "PATH=V1,V2")]
    pub(crate) vary: Vec<Axis>,
    /// Give each seed a random subset of the faults and impairments (each with probability 1/2),
    /// and its own values of the settings in `[swarm]`.
    #[arg(long)]
    pub(crate) swarm: bool,
    /// Run part K of N only, K from 1. `auto/N` takes K from SLURM_ARRAY_TASK_ID or
    /// JOB_COMPLETION_INDEX.
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<String>,
    /// Stop after this many failing runs.
    #[arg(long, value_name = "K")]
    pub(crate) stop_after: Option<u64>,
    /// Continue after nondeterminism; the exit code is still 3.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// End each run at its first failure of this kind (`exception` for any exception) or with this
    /// signature. Short for --set until_first='"KIND"'.
    #[arg(long, value_name = "KIND|SIGNATURE")]
    pub(crate) until_first: Option<String>,
    /// Repeat the first run with a failure of each signature and one in N of all runs, and compare
    /// digests; 0 disables this.
    #[arg(long, value_name = "N", default_value_t = RECHECK)]
    pub(crate) recheck: u64,
    /// Write one line per run, a summary and capsules to this directory. An interrupted sweep
    /// resumes from it.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Plot the result: rates with confidence intervals over one --vary (a page also plots
    /// times and counts of messages), a heat map over two, survival over time without --vary.
    #[arg(long, value_name = "FILE.svg|html")]
    pub(crate) plot: Option<PathBuf>,
    /// What to plot [default: what occurred; without --vary, exhaustion].
    #[arg(long, value_enum, value_name = "WHAT", requires = "plot")]
    pub(crate) plot_of: Option<PlotOf>,
    /// Replace an existing plot.
    #[arg(long)]
    pub(crate) force: bool,
    /// Output format; `json` is the summary, `junit` is XML for CI systems.
    #[arg(long, value_enum, default_value_t = SweepFormat::Human)]
    pub(crate) format: SweepFormat,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

/// How a sweep is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SweepFormat {
    /// Text for people.
    Human,
    /// JSON for programs.
    Json,
    /// JUnit XML.
    Junit,
}

impl SweepArguments {
    /// The settings that replace those of the file.
    pub(crate) fn settings(&self) -> Vec<String> {
        let first = self.until_first.iter();
        // A quoted text: a signature has spaces and colons.
        let first = first.map(|name| format!("until_first={name:?}"));
        self.overrides.set.iter().cloned().chain(first).collect()
    }
}

/// What a plot counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlotOf {
    /// Runs that leaked a control block.
    Leak,
    /// Runs that ran out of control blocks.
    Exhaustion,
    /// Runs in which an exception ended a process.
    Crash,
    /// Runs with any failure.
    Failure,
    /// Over one --vary: the time that messages take, by connector.
    Latency,
    /// Over one --vary: the longest queue, by connector.
    Queue,
    /// Over one --vary: messages that arrive in an hour, by connector.
    Throughput,
    /// Over one --vary: retries of calls that did not open, by connector.
    Retries,
    /// Over one --vary: messages returned as undeliverable, by connector.
    Returned,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArguments {
    /// Result directories of the shards, in any order.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) parts: Vec<PathBuf>,
    /// Directory for the merged result.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Output format; `json` is the summary.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("compared").required(true).args(["builds", "set", "arms"])))]
pub(crate) struct CompareArguments {
    /// Scenario file; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Compare these builds with the first. Each replaces the build of every host that has one of
    /// them.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = builds())]
    pub(crate) builds: Vec<Build>,
    /// Compare these systems under test of the program with the first.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) arms: Vec<String>,
    /// Compare the scenario with and without this setting. Can be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Set a key in the first arm only. Can be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set_first: Vec<String>,
    /// Set a key in all arms. Can be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set_all: Vec<String>,
    /// A run fails only if it shows a failure whose signature contains this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) signature: Option<String>,
    /// Seeds from A to B - 1; `A..=B` includes B, and `A` is one seed.
    #[arg(long, value_name = "A..B", value_parser = SeedRange::with_seeds)]
    pub(crate) seeds: SeedRange,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
    /// Output format; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Capsule.
    #[arg(value_name = "CAPSULE")]
    pub(crate) capsule: PathBuf,
    /// Print the journal up to this virtual time, such as 2h5m or 90s.
    #[arg(long, value_name = "TIME", value_parser = config::file::parse_duration)]
    pub(crate) until: Option<Duration>,
    /// Print only this much of the journal before --until, or before the failure without --until.
    #[arg(long, value_name = "TIME", value_parser = config::file::parse_duration)]
    pub(crate) window: Option<Duration>,
    /// Write all packets to this file, for Wireshark.
    #[arg(long, value_name = "FILE.pcapng")]
    pub(crate) pcap: Option<PathBuf>,
    /// Write a trace of threads, control blocks, links and messages, for ui.perfetto.dev.
    #[arg(long, value_name = "FILE.pftrace")]
    pub(crate) perfetto: Option<PathBuf>,
    /// Replace existing files.
    #[arg(long)]
    pub(crate) force: bool,
    /// Output format; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Scenario file; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Run this build on every host.
    #[arg(long, value_name = "BUILD", value_parser = builds())]
    pub(crate) build: Option<Build>,
    #[command(flatten)]
    pub(crate) seed: Seed,
    /// Skip schedules with more than K preemptions [default: no limit].
    #[arg(long, value_name = "K")]
    pub(crate) preemptions: Option<u32>,
    /// Stop after this many executions.
    #[arg(long, value_name = "N", default_value_t = EXECUTIONS)]
    pub(crate) max_runs: u64,
    /// Directory for the capsule of a counterexample.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Replace an existing capsule.
    #[arg(long)]
    pub(crate) force: bool,
    /// Output format; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

#[derive(Debug, Args)]
pub(crate) struct ShrinkArguments {
    /// Capsule.
    #[arg(value_name = "CAPSULE")]
    pub(crate) capsule: PathBuf,
    /// Scenario file to write.
    #[arg(short, long, value_name = "PINNED.toml")]
    pub(crate) output: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) force: bool,
    /// Maximum number of runs.
    #[arg(long, value_name = "RUNS", default_value_t = 16_000)]
    pub(crate) budget: u64,
    /// Output format; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// Capsule, or a scenario file such as one written by `shrink`.
    #[arg(value_name = "CAPSULE|FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Seeds to try at each point of the curve that shows when the failure became likely; 0 omits
    /// the curve.
    #[arg(long, value_name = "N", default_value_t = RESEEDS)]
    pub(crate) reseeds: u64,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
    /// Output format; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// How many seeds run in parallel.
#[derive(Debug, Args)]
pub(crate) struct Jobs {
    /// Number of parallel runs, at most 1024 [default: number of processors].
    #[arg(id = "jobs", long = "jobs", value_name = "N", value_parser = value_parser!(u64).range(1..=1024))]
    given: Option<u64>,
}

impl Jobs {
    pub(crate) fn count(&self) -> NonZeroUsize {
        // Inside a container this is its share of the processors, not those of the machine.
        let processors = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let given = self
            .given
            .and_then(|jobs| NonZeroUsize::new(usize::try_from(jobs).ok()?));
        given.unwrap_or_else(processors)
    }
}

/// The shipped builds, as scenario files name them.
fn builds() -> impl TypedValueParser<Value = Build> {
    let words = Build::ALL.iter().map(|build| build.as_str());
    PossibleValuesParser::new(words).map(|word| {
        let mut builds = Build::ALL.iter().copied();
        let build = builds.find(|build| build.as_str() == word);
        build.expect("the parser accepts these words only")
    })
}
