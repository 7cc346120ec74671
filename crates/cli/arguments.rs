//! What can be said on the command line.
//!
//! Owns every flag with its help. It refuses to act on any of them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::commands::compare::CompareArguments;
use crate::commands::explain::ExplainArguments;
use crate::commands::merge::MergeArguments;
use crate::commands::replay::ReplayArguments;
use crate::commands::shrink::ShrinkArguments;
use crate::commands::sweep::SweepArguments;
use crate::exit;

/// Simulates the socket layer of a message transfer agent, deterministically.
#[derive(Debug, Parser)]
#[command(name = "mtasim", version, after_help = exit::HELP, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// Colour the output: always, never, or on a terminal that can (NO_COLOR is heeded).
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read scenarios and say what is wrong with them, without running anything.
    Check(CheckArguments),
    /// Run many seeds of a scenario and say what goes wrong, how often, and how to repeat it.
    Sweep(SweepArguments),
    /// Join the shards of a sweep into what one machine would have written.
    Merge(MergeArguments),
    /// Run the same seeds with two builds, or with and without a setting, and compare.
    Compare(CompareArguments),
    /// Make the failure of a capsule small: a scenario without chance, to be kept as a test.
    Shrink(ShrinkArguments),
    /// Say why a failure happens: what led to it, and which parts are necessary.
    Explain(ExplainArguments),
    /// Run a capsule again and hold it against what was kept.
    Replay(ReplayArguments),
    /// Print what scenarios may say: the JSON Schema, or the tables of all keys.
    Schema(SchemaArguments),
    /// Print a completion script.
    Completions(CompletionsArguments),
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
