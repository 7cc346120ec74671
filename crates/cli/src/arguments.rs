//! What can be said on the command line.
//!
//! Owns every flag with its help. It refuses to act on any of them.

mod diagnose;
mod explore;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::exit_code;

pub(crate) use diagnose::DiagnoseArguments;
pub(crate) use explore::{
    CompareArguments, ExplainArguments, MergeArguments, PlotOf, ReplayArguments, ShrinkArguments,
    SweepArguments, VerifyArguments,
};

const RUN_EXAMPLES: &str = "\
Examples:
  mtasim run sims/casebook/q303102-cb-leak.toml
  mtasim run sims/casebook/q303102-cb-leak.toml --seed 0x2a --out out/leak
  mtasim run sims/smoke/clean-link.toml --set link.wan.delay=180ms --format json
  mtasim run sims/smoke/bad-links.toml --pcap out/bad-links.pcapng";
const REPORT_EXAMPLES: &str = "\
Examples:
  mtasim report sims/casebook/q303102-cb-leak.toml -o out/leak.html
  mtasim report out/leak/capsules/NAME.toml -o failure.html
  mtasim report out/run -o run.html";
const PING_EXAMPLES: &str = "\
Example:
  mtasim ping sims/casebook/q303102-cb-leak.toml --link wan --count 100";
const SWEEP_EXAMPLES: &str = "\
Examples:
  mtasim sweep sims/casebook/q303102-cb-leak.toml --seeds 0..1000 --out out/leak
  mtasim sweep FILE --seeds 0..100 --vary connector.paris-lyon.session_disconnect=120s,360s
  mtasim sweep FILE --seeds 0..100 --vary connector.paris-lyon.session_disconnect=120s,240s,360s \
    --plot timer.svg
  mtasim sweep FILE --seeds 0..100000 --shard auto/16 --out parts/$SLURM_ARRAY_TASK_ID";
const MERGE_EXAMPLES: &str = "\
Example:
  mtasim merge parts/* --out whole";
const COMPARE_EXAMPLES: &str = "\
Examples:
  mtasim compare sims/casebook/q303102-cb-leak.toml --builds 5.5.2653.23,5.5.2655.16 --seeds 0..200
  mtasim compare FILE --set connector.paris-lyon.session_disconnect=360s --seeds 0..200";
const SHRINK_EXAMPLES: &str = "\
Example:
  mtasim shrink out/leak/capsules/NAME.toml -o sims/regress/NAME.toml";
const VERIFY_EXAMPLES: &str = "\
Examples:
  mtasim verify sims/verify/close-vs-timeout.toml --preemptions 3
  mtasim verify sims/verify/close-vs-timeout.toml --build 5.5.2653.23 --out out";
const EXPLAIN_EXAMPLES: &str = "\
Example:
  mtasim explain sims/regress/NAME.toml";
const REPLAY_EXAMPLES: &str = "\
Examples:
  mtasim replay out/leak/capsules/NAME.toml
  mtasim replay out/leak/capsules/NAME.toml --until 2h --window 10s";
const CHECK_EXAMPLES: &str = "\
Examples:
  mtasim check sims/*/*.toml
  mtasim check --print --set host.PARIS.cpus=2 sims/smoke/clean-link.toml";
const DIAGNOSE_EXAMPLES: &str = "\
Every life of a control block is one of:
  leaked    allocated, and never used, disconnected or closed (KB Q303102)
  in use    at work when the log ends
  closed    returned
  unknown   the log starts too late, or ends too soon, to tell

Winsock.log has no clock: a call that began a moment ago looks like a leak. The event log of the same
computer tells how many calls were given up; it is read if it lies beside (HOST.events.txt, EV0.LOG)
or is given too. Time stamps that a collector has put before the lines decide as well.

Exit codes: 0 no leak, 1 a leak, 2 a file that is no such log.

Examples:
  mtasim diagnose Winsock.log
  mtasim diagnose Winsock.log EV0.LOG --pool 40
  mtasim diagnose out/leak/PARIS.Winsock.log out/leak/PARIS.events.txt --format json";
const SCHEMA_EXAMPLES: &str = "\
Example:
  mtasim schema > scenario.schema.json";
const COMPLETIONS_EXAMPLES: &str = "\
Example:
  mtasim completions bash > ~/.local/share/bash-completion/completions/mtasim";

/// Simulates the socket layer of a message transfer agent, deterministically.
#[derive(Debug, Parser)]
#[command(name = "mtasim", version, after_help = exit_code::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Colour the output: always, never, or on a terminal that can (NO_COLOR is heeded).
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Trace to standard error, as RUST_LOG filters: debug, mtasim_scenario=trace; also
    /// MTASIM_LOG.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario, judge it and say what happened.
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArguments),
    /// Make a page of a run that anybody can open: what went wrong, and the run on a time axis.
    #[command(after_help = REPORT_EXAMPLES)]
    Report(ReportArguments),
    /// Ping a link of a scenario: what the administrator would have seen.
    #[command(after_help = PING_EXAMPLES)]
    Ping(PingArguments),
    /// Read scenarios and say what is wrong with them, without running anything.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// Run many seeds of a scenario and say what goes wrong, how often, and how to repeat it.
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(SweepArguments),
    /// Join the shards of a sweep into what one machine would have written.
    #[command(after_help = MERGE_EXAMPLES)]
    Merge(MergeArguments),
    /// Run the same seeds with two builds, or with and without a setting, and compare.
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(CompareArguments),
    /// Make the failure of a capsule small: a scenario without chance, to be kept as a test.
    #[command(after_help = SHRINK_EXAMPLES)]
    Shrink(ShrinkArguments),
    /// Run a small scenario in every order of its threads' calls.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArguments),
    /// Say why a failure happens: what led to it, and which parts are necessary.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// Run a capsule again and hold it against what was kept.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArguments),
    /// Read a Winsock.log, simulated or real, and say which control blocks have leaked.
    #[command(after_help = DIAGNOSE_EXAMPLES)]
    Diagnose(DiagnoseArguments),
    /// Print what scenarios may say: the JSON Schema, or the tables of all keys.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(SchemaArguments),
    /// Print a completion script.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The scenario file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Run what the seed selects of the scenario, as `sweep --swarm` does.
    #[arg(long)]
    pub(crate) swarm: bool,
    /// Write the hosts' logs, the journal and the result into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write even into a folder that is not empty; files of the same names are replaced.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Write the packets on all links into this file, for Wireshark.
    #[arg(long, value_name = "FILE.pcapng")]
    pub(crate) pcap: Option<PathBuf>,
    /// Write threads, control blocks, links and messages into this file, for ui.perfetto.dev.
    #[arg(long, value_name = "FILE.pftrace")]
    pub(crate) perfetto: Option<PathBuf>,
    /// How to answer: a page, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// A folder that `run --out` made, a capsule, or a scenario file; `-` is standard input.
    #[arg(value_name = "RUN_DIR|CAPSULE|FILE")]
    pub(crate) source: PathBuf,
    /// Where the page goes, in place of what is there; `-` is standard output.
    #[arg(short, long, value_name = "PAGE.html")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// Say why the failure happens, as `explain` does: where that takes seconds, always, never.
    #[arg(long, value_enum, default_value_t = Explain::Auto, value_name = "WHEN")]
    pub(crate) explain: Explain,
}

/// Whether a page says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Explain {
    /// If all runs without a part together make few enough calls.
    Auto,
    /// However long it takes.
    Always,
    /// Not at all.
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct PingArguments {
    /// The scenario file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The link, by its name in the scenario; its first host pings its second.
    #[arg(long, value_name = "NAME")]
    pub(crate) link: String,
    /// How many echo requests, one a second.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) count: u32,
    #[command(flatten)]
    pub(crate) seed: Seed,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// How to answer: as ping does, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Which of a scenario's runs.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// The seed, decimal or 0x and hexadecimal digits, in place of the scenario's.
    #[arg(long = "seed", value_name = "N", value_parser = parse_seed)]
    pub(crate) given: Option<u64>,
}

fn parse_seed(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|it| it.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16)
        }
        Some(_) => return Err("hexadecimal digits must follow 0x".to_owned()),
        None => text.parse(),
    };
    parsed.map_err(|_| "a seed is a number from 0 to 2^64 - 1".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Scenario files; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
    /// How to answer; `json` is one object a line, one line a file.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Print each scenario in canonical form, with all overrides in it.
    #[arg(long, conflicts_with = "format")]
    pub(crate) print: bool,
}

/// Settings in place of those of a scenario file.
#[derive(Debug, Args)]
pub(crate) struct Overrides {
    /// Set a key of the scenario, such as link.wan.delay=180ms; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Print the tables of all keys as Markdown instead.
    #[arg(long)]
    pub(crate) keys: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that can, unless NO_COLOR is set.
    Auto,
    /// Even into a file.
    Always,
    /// Not at all.
    Never,
}

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A person.
    Human,
    /// A program.
    Json,
}
