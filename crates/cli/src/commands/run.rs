//! `mtasim run`: one run of a scenario.
//!
//! The first run keeps no records, which is fast. If records are needed - the run failed, or files
//! were requested - it is repeated with records, and both digests must be equal.

pub(crate) mod directory;
mod json;
mod text;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use config::plan::Scenario;
use explore::{Subject, program_name};
use simulation::outcome::Stop;
use simulation::{Observations, Observe, Options, Outcome, interruption};
use view::FinishedRun;

use crate::arguments::{Format, RunArguments};
use crate::command_error::CommandError;
use crate::commands::views::{self, Views};
use crate::current_run;
use crate::exit_code;
use crate::input;
use crate::output::{Outputs, Rules};
use crate::progress;
use crate::shell;
use crate::signals;
use crate::stopwatch::Stopwatch;
use crate::terminal::Terminal;

use directory::RunDirectory;
pub(crate) use json::SCHEMA;

/// A finished run.
struct RunReport<'a> {
    scenario: &'a Scenario,
    /// The scenario file as given on the command line.
    file: String,
    outcome: Outcome,
    /// What the requested observers saw.
    observations: Observations,
    /// Wall-clock time of the run without records.
    elapsed: Duration,
    /// The command that reproduces the run.
    reproduce: String,
}

pub(crate) fn run(
    arguments: &RunArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let (file, overrides) = (&arguments.file, &arguments.overrides);
    let scenario = if arguments.swarm {
        input::swarm_scenario(file, overrides, arguments.seed.given, terminal)?
    } else {
        input::scenario(file, overrides)?
    };
    let rules = Rules {
        force: arguments.force,
        inputs: &[file],
    };
    // Before the run: a path that cannot be written is an error now and not after minutes.
    let mut outputs = Outputs::new(rules);
    let directory = match &arguments.out {
        Some(out) => Some(directory::prepare(
            out,
            &scenario,
            arguments.force,
            &mut outputs,
        )?),
        None => None,
    };
    let views = Views::prepare(
        arguments.pcap.as_deref(),
        arguments.perfetto.as_deref(),
        &mut outputs,
    )?;
    let has_files = directory.is_some() || views.is_any();
    let seed = arguments.seed.given.unwrap_or(scenario.seed);
    let interrupts = signals::end_runs()?;
    let report = simulate(&**subject, &scenario, seed, arguments)?;
    let is_interrupted = interrupts.seen();
    interrupts.stop();
    // The result is printed even if files cannot be written.
    let written = match is_interrupted {
        true => Ok(()),
        false => write_files(arguments, &report, directory, views, terminal),
    };
    match arguments.format {
        Format::Human => terminal.print(&text::summary(&report))?,
        Format::Json => terminal.print_json(&format!("{}\n", json::timed_object(&report)))?,
    }
    written?;
    if is_interrupted {
        let files = if has_files {
            "; no files were written"
        } else {
            ""
        };
        terminal.error(&format!("interrupted{files}"));
        return Ok(exit_code::INTERRUPTED);
    }
    Ok(exit_code::of(report.outcome.verdict()))
}

/// Writes what was asked for: the directory, a capture, a trace.
fn write_files(
    arguments: &RunArguments,
    report: &RunReport<'_>,
    directory: Option<RunDirectory>,
    views: Views,
    terminal: &mut Terminal,
) -> Result<(), CommandError> {
    if directory.is_none() && !views.is_any() {
        return Ok(());
    }
    if let Some(directory) = directory {
        directory::write(directory, report, terminal)?;
    }
    let run = FinishedRun {
        scenario: report.scenario,
        outcome: &report.outcome,
        observations: &report.observations,
        command: &report.reproduce,
    };
    views.write(&run, terminal)?;
    let files = views::options([
        ("--out", arguments.out.as_deref()),
        ("--pcap", arguments.pcap.as_deref()),
        ("--perfetto", arguments.perfetto.as_deref()),
    ]);
    views::say_if_cut(&run, &files, terminal);
    Ok(())
}

fn simulate<'a>(
    subject: &dyn Subject,
    scenario: &'a Scenario,
    seed: u64,
    arguments: &RunArguments,
) -> Result<RunReport<'a>, CommandError> {
    let file = input::name(&arguments.file);
    let reproduce = program_name::command(&format!(
        "run {} --seed {seed}{}{}",
        shell::quote(&file),
        if arguments.swarm { " --swarm" } else { "" },
        shell::set_options(&arguments.overrides.set)
    ));
    // A panic or a stuck run prints this command: at that moment nothing else knows it.
    current_run::set(&reproduce);
    let running = progress::running();
    // Most runs are as expected and need no records. One that is not, or that is written to files, is made again
    // with records, which also checks that it is the same.
    let without_records = Options {
        keep_records: false,
    };
    let stopwatch = Stopwatch::start();
    let mut outcome = subject
        .run(scenario, seed, without_records)
        .map_err(|error| CommandError::usage(format_args!("{file}: {error}")))?;
    let elapsed = stopwatch.elapsed();
    let mut observations = Observations::default();
    let watch = Observe {
        packets: arguments.pcap.is_some() || arguments.perfetto.is_some(),
        threads: arguments.perfetto.is_some(),
    };
    let is_clean =
        outcome.is_as_expected() && outcome.violations.is_empty() && outcome.exceptions.is_empty();
    let is_repeated = !is_clean || arguments.out.is_some() || watch != Observe::default();
    // What is known of an interrupted run is in its first outcome.
    if is_repeated && !interruption::is_requested() {
        let (again, observed) = subject
            .observed(scenario, seed, watch)
            .map_err(|error| CommandError::usage(format_args!("{file}: {error}")))?;
        // A run that Ctrl-C ended is shorter than the first, which is no nondeterminism.
        let is_cut_short = again.stop == Stop::Interrupted;
        let difference = outcome.divergence_from(&again).filter(|_| !is_cut_short);
        if let Some(difference) = difference {
            let cure = match subject.known_leaks() {
                Some(leaks) => format!("\n{leaks}"),
                None => "; please report this with the scenario".to_owned(),
            };
            return Err(CommandError::Message(
                exit_code::NONDETERMINISM,
                format!("nondeterminism: two runs of seed {seed} differ, {difference}{cure}"),
            ));
        }
        if !is_cut_short {
            (outcome, observations) = (again, observed);
        }
    }
    current_run::clear();
    drop(running);
    Ok(RunReport {
        scenario,
        file,
        outcome,
        observations,
        elapsed,
        reproduce,
    })
}
