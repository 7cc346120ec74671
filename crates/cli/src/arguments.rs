//! All flags and their help. The commands of one run are here, the others in submodules.

mod diagnose;
mod explore;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use config::plan::Duration;

use ::explore::repro::capsule::PROGRAM_BUILD;

use crate::exit_code;

pub(crate) use self::diagnose::DiagnoseArguments;
pub(crate) use self::explore::{
    CompareArguments, ExplainArguments, MergeArguments, PlotOf, ReplayArguments, ShrinkArguments,
    SweepArguments, SweepFormat, VerifyArguments,
};

const RUN_EXAMPLES: &str = "\
Ctrl-C ends the run early: it prints the counts so far as undecided, and writes no files; exit code 130.

Examples:
  mtasim run sims/casebook/q303102-cb-leak.toml
  mtasim run sims/casebook/q303102-cb-leak.toml --seed 0x2a --out out/seed-42
  mtasim run sims/smoke/clean-link.toml --set link.wan.delay=180ms --format json
  mtasim run sims/smoke/bad-links.toml --pcap out/bad-links.pcapng";
const REPORT_EXAMPLES: &str = "\
The exit code is that of `run`. Ctrl-C writes no page, or one that does not explain the failure in full;
exit code 130.

Examples:
  mtasim report sims/casebook/q303102-cb-leak.toml -o out/page.html
  mtasim run sims/smoke/clean-link.toml --out out/run
  mtasim report out/run -o run.html";
const PING_EXAMPLES: &str = "\
Examples:
  mtasim ping sims/casebook/q303102-cb-leak.toml --link wan --count 100
  mtasim ping sims/smoke/faults.toml --link wan --at 9m58s";
const SWEEP_EXAMPLES: &str = "\
Ctrl-C prints and keeps all finished runs; exit code 130.

Examples:
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..1000 --out out/sweep
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..100 \\
    --vary connector.paris-lyon.session_disconnect=120s,240s,360s --plot disconnect.svg
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..1000 --shard 1/2 --out parts/1
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..1000 --shard 2/2 --out parts/2";
const MERGE_EXAMPLES: &str = "\
Example:
  mtasim merge parts/* --out out/whole";
const COMPARE_EXAMPLES: &str = "\
Ctrl-C prints the comparison of the seeds so far; exit code 130.

Examples:
  mtasim compare sims/casebook/q303102-cb-leak.toml --builds 5.5.2653.23,5.5.2655.16 --seeds 0..200
  mtasim compare sims/casebook/q303102-cb-leak.toml --seeds 0..200 \\
    --set connector.paris-lyon.session_disconnect=360s";
const SHRINK_EXAMPLES: &str = "\
Ctrl-C writes the smallest failing scenario so far; exit code 130.

Example:
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..1 --out out/first
  mtasim shrink out/first/capsules/control-block-leak-*.toml -o smallest.toml";
const VERIFY_EXAMPLES: &str = "\
Ctrl-C prints what is covered so far; exit code 130.

Examples:
  mtasim verify sims/verify/close-vs-timeout.toml --preemptions 3
  mtasim verify sims/verify/close-vs-timeout.toml --build 5.5.2653.23 --out out";
const EXPLAIN_EXAMPLES: &str = "\
Ctrl-C prints the explanation so far; exit code 130.

Examples:
  mtasim explain sims/regress/q303102-late-close.toml
  mtasim explain sims/casebook/q303102-cb-leak.toml --seed 4 --reseeds 0";
const REPLAY_EXAMPLES: &str = "\
Examples:
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..1 --out out/first
  mtasim replay out/first/capsules/control-block-leak-*.toml
  mtasim replay out/first/capsules/control-block-leak-*.toml --until 2h --window 10s";
const NEW_EXAMPLES: &str = "\
Example:
  mtasim new my-scenario.toml";
const CHECK_EXAMPLES: &str = "\
Examples:
  mtasim check sims/*/*.toml
  mtasim check --print --set host.PARIS.cpus=2 sims/smoke/clean-link.toml";
const DIAGNOSE_EXAMPLES: &str = "\
Each use of a control block gets one of these verdicts:
  leaked     allocated, but never used, disconnected or closed (KB Q303102)
  in use     still in use when the log ends
  closed     returned to the pool
  suspected  the pattern of a leak, and later calls came, but the log has no clock
  unknown    the log starts too late or ends too early to decide

Winsock.log has no time stamps, so a call that just began looks like a leak. The event log of the
same computer says how many calls failed. mtasim reads it if it is given, or if it lies in the same
folder (HOST.events.txt, EV0.LOG). Time stamps that a log collector put before each line help too.

Exit codes: 0 no leak, 1 a leak or a suspected one, 2 a file is not such a log, 5 something is unknown.

Examples:
  mtasim diagnose Winsock.log
  mtasim diagnose Winsock.log EV0.LOG --pool 40
  mtasim diagnose out/seed-42/PARIS.Winsock.log out/seed-42/PARIS.events.txt --format json";
const SCHEMA_EXAMPLES: &str = "\
Example:
  mtasim schema > scenario.schema.json";
const COMPLETIONS_EXAMPLES: &str = "\
Example:
  mtasim completions bash > ~/.local/share/bash-completion/completions/mtasim";
const MAN_EXAMPLES: &str = "\
Example:
  mtasim man --out ~/.local/share/man/man1";

/// The heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

/// Deterministic simulator of the socket layer of a message transfer agent.
#[derive(Debug, Parser)]
#[command(name = "mtasim", version = PROGRAM_BUILD, after_help = exit_code::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// When to use colour. With `auto` NO_COLOR and CLICOLOR_FORCE decide, and without them a terminal gets
    /// colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN",
        help_heading = GLOBAL)]
    pub(crate) color: Color,
    /// Trace to standard error, with a filter like RUST_LOG: debug, simulation=trace. The
    /// default is MTASIM_LOG.
    #[arg(long, global = true, value_name = "FILTER", help_heading = GLOBAL)]
    pub(crate) log: Option<String>,
    /// The system under test to run, if the program has several [default: the first].
    #[arg(long, global = true, value_name = "NAME", help_heading = GLOBAL)]
    pub(crate) arm: Option<String>,
    /// End the program, with exit code 1, once a guest's task has not returned to the runtime for so long in real
    /// time; 0s is never.
    #[arg(long, global = true, value_name = "TIME", value_parser = config::file::parse_duration,
        default_value = "60s", help_heading = GLOBAL)]
    pub(crate) stuck_after: Duration,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario and print what happened.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArguments),
    /// Write an HTML page about a run: what went wrong, and a timeline.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Ping over a link of a scenario.
    #[command(after_help = PING_EXAMPLES)]
    Ping(PingArguments),
    /// Write a commented scenario to start from.
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArguments),
    /// Check scenario files without running them.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// Run many seeds of a scenario: what fails, how often, and how to reproduce it.
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(SweepArguments),
    /// Merge the shards of a sweep.
    #[command(after_help = MERGE_EXAMPLES)]
    Merge(MergeArguments),
    /// Compare two builds, or two settings, on the same seeds.
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(CompareArguments),
    /// Reduce the failure in a capsule to a small scenario for a regression test.
    #[command(after_help = SHRINK_EXAMPLES)]
    Shrink(ShrinkArguments),
    /// Run a small scenario under every schedule of its threads.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Explain a failure: its causes, and which parts of the scenario are necessary.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// Run a capsule again and compare it with the recorded run.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArguments),
    /// Read a Winsock.log, simulated or real, and list leaked control blocks.
    #[command(after_help = DIAGNOSE_EXAMPLES)]
    Diagnose(DiagnoseArguments),
    /// Print the JSON Schema of scenario files, or tables of all keys.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArguments),
    /// Print a shell completion script.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
    /// Write the manual pages.
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArguments),
}

impl Command {
    /// Whether the result is to be JSON.
    pub(crate) fn is_json(&self) -> bool {
        let format = match self {
            Self::Sweep(arguments) => return arguments.format == SweepFormat::Json,
            Self::Run(arguments) => arguments.format,
            Self::Report(arguments) => arguments.format,
            Self::Ping(arguments) => arguments.format,
            Self::New(arguments) => arguments.format,
            Self::Check(arguments) => arguments.format,
            Self::Merge(arguments) => arguments.format,
            Self::Compare(arguments) => arguments.format,
            Self::Shrink(arguments) => arguments.format,
            Self::Verify(arguments) => arguments.format,
            Self::Explain(arguments) => arguments.format,
            Self::Replay(arguments) => arguments.format,
            Self::Diagnose(arguments) => arguments.format,
            Self::Schema(arguments) => arguments.format,
            Self::Completions(arguments) => arguments.format,
            Self::Man(arguments) => arguments.format,
        };
        format == Format::Json
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Scenario file or capsule; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Run the part of the scenario that the seed selects, as `sweep --swarm` does.
    #[arg(long)]
    pub(crate) swarm: bool,
    /// Write the hosts' logs, the journal and the result to this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace existing files, and write to a directory that is not empty.
    #[arg(long)]
    pub(crate) force: bool,
    /// Write the packets of all links to this file, for Wireshark.
    #[arg(long, value_name = "FILE.pcapng")]
    pub(crate) pcap: Option<PathBuf>,
    /// Write threads, control blocks, links and messages to this file, for ui.perfetto.dev.
    #[arg(long, value_name = "FILE.pftrace")]
    pub(crate) perfetto: Option<PathBuf>,
    /// Output format; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Directory written by `run --out`, a capsule, or a scenario file; `-` reads standard input.
    #[arg(value_name = "RUN_DIR|CAPSULE|FILE")]
    pub(crate) source: PathBuf,
    /// HTML file to write; `-` is standard output.
    #[arg(short, long, value_name = "PAGE.html")]
    pub(crate) output: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// When to explain the failure, as `explain` does. `auto`: if it takes seconds.
    #[arg(long, value_enum, default_value_t = Explain::Auto, value_name = "WHEN")]
    pub(crate) explain: Explain,
    /// What to print; `json` is one object that describes the page.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Whether a report explains the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Explain {
    /// If the runs of the explanation make few calls together.
    Auto,
    /// However long it takes.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct PingArguments {
    /// Scenario file; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Name of the link in the scenario. Its first host pings its second.
    #[arg(long, value_name = "NAME")]
    pub(crate) link: String,
    /// Number of echo requests, one per second.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) count: u32,
    /// Time of the first request. Faults of the link and of its hosts apply.
    #[arg(long, value_name = "TIME", value_parser = config::file::parse_duration,
        default_value = "0s")]
    pub(crate) at: Duration,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Output format: like ping on Windows NT, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Scenario file to write; `-` is standard output.
    #[arg(value_name = "FILE", default_value = "scenario.toml")]
    pub(crate) file: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) force: bool,
    /// What to print; `json` is one object with the name of the file.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Scenario files; `-` reads standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Output format; `json` is one object per file, one per line.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Print each scenario in canonical form, with all overrides applied; in JSON, as `canonical`.
    #[arg(long)]
    pub(crate) print: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Print the tables of all keys as Markdown.
    #[arg(long)]
    pub(crate) keys: bool,
    /// Output format. The schema is JSON in both; with --keys, `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
    /// Output format; `json` is one object with the script.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Directory for the pages; created if missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace existing pages.
    #[arg(long)]
    pub(crate) force: bool,
    /// What to print; `json` is one object with the names of the files.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// The seed of a run.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// Seed instead of the scenario's: decimal, or hexadecimal with 0x.
    #[arg(id = "seed", long = "seed", value_name = "SEED", value_parser = parse_seed)]
    pub(crate) given: Option<u64>,
}

fn parse_seed(text: &str) -> Result<u64, &'static str> {
    config::file::parse_seed(text)
        .map_err(|_| "a seed is an integer from 0 to 2^64 - 1, decimal or 0x hexadecimal")
}

/// Settings that replace those of a scenario file.
#[derive(Debug, Args)]
pub(crate) struct Overrides {
    /// Set a key of the scenario, such as link.wan.delay=180ms. Can be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// Never if NO_COLOR is set, always if CLICOLOR_FORCE is, else on a terminal that supports it.
    Auto,
    /// Also in a file or pipe.
    Always,
    /// Never.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Human,
    /// JSON for programs.
    Json,
}
