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
use explore::{Subject, program};
use simulation::{Observations, Observe, Options, Outcome};
use view::Run;

use crate::arguments::{Format, RunArguments};
use crate::commands::views;
use crate::current_run;
use crate::exit_code;
use crate::failure::Failure;
use crate::input;
use crate::output::{Output, Rules};
use crate::progress;
use crate::shell;
use crate::stopwatch::Stopwatch;
use crate::terminal::Terminal;

/// A finished run.
struct Report<'a> {
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
) -> Result<u8, Failure> {
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
    if let Some(out) = &arguments.out {
        directory::prepare(out, &scenario, rules)?;
    }
    let views = Output::prepare_two(
        arguments.pcap.as_deref(),
        arguments.perfetto.as_deref(),
        rules,
    )?;
    let seed = arguments.seed.given.unwrap_or(scenario.seed);
    let report = simulate(&**subject, &scenario, seed, arguments)?;
    // The result is printed even if files cannot be written.
    let written = match &arguments.out {
        Some(out) => directory::write(out, &report, rules, terminal),
        None => Ok(()),
    };
    let run = Run {
        scenario: report.scenario,
        outcome: &report.outcome,
        observations: &report.observations,
        command: &report.reproduce,
    };
    let written = written.and_then(|()| views::write(&run, &views, terminal));
    match arguments.format {
        Format::Human => terminal.print(&text::summary(&report))?,
        Format::Json => terminal.print_json(&format!("{}\n", json::timed_object(&report)))?,
    }
    written?;
    Ok(exit_code::of(report.outcome.verdict()))
}

fn simulate<'a>(
    subject: &dyn Subject,
    scenario: &'a Scenario,
    seed: u64,
    arguments: &RunArguments,
) -> Result<Report<'a>, Failure> {
    let file = input::name(&arguments.file);
    let reproduce = program::command(&format!(
        "run {} --seed {seed}{}{}",
        shell::quote(&file),
        if arguments.swarm { " --swarm" } else { "" },
        shell::set_options(&arguments.overrides.set)
    ));
    current_run::set(&reproduce);
    let running = progress::running();
    let without_records = Options {
        keep_records: false,
    };
    let stopwatch = Stopwatch::start();
    let mut outcome = subject
        .run(scenario, seed, without_records)
        .map_err(|error| Failure::usage(format_args!("{file}: {error}")))?;
    let elapsed = stopwatch.elapsed();
    let mut observations = Observations::default();
    let watch = Observe {
        packets: arguments.pcap.is_some() || arguments.perfetto.is_some(),
        threads: arguments.perfetto.is_some(),
    };
    let is_clean =
        outcome.is_as_expected() && outcome.violations.is_empty() && outcome.exceptions.is_empty();
    if !is_clean || arguments.out.is_some() || watch != Observe::default() {
        let (again, observed) = subject
            .observed(scenario, seed, watch)
            .map_err(|error| Failure::usage(format_args!("{file}: {error}")))?;
        if let Some(difference) = outcome.divergence_from(&again) {
            return Err(Failure::Message(
                exit_code::NONDETERMINISM,
                format!(
                    "nondeterminism: two runs of seed {seed} differ, {difference}; please report \
                     this with the scenario"
                ),
            ));
        }
        (outcome, observations) = (again, observed);
    }
    current_run::clear();
    drop(running);
    Ok(Report {
        scenario,
        file,
        outcome,
        observations,
        elapsed,
        reproduce,
    })
}
