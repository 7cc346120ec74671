//! `mtasim run`: one judged run.
//!
//! A run keeps no records at first. Where somebody will look at them it is run again with all
//! of them: the same run, or the simulator is broken and says so.

pub(crate) mod directory;
mod json;
mod text;

use std::io;
use std::time::Duration;

use config::plan::Scenario;
use simulation::{AssemblyError, Options, Outcome, Seen, Watch};
use view::Shown;

use crate::arguments::{Format, RunArguments};
use crate::current_run;
use crate::exit_code;
use crate::input;
use crate::output;
use crate::stopwatch::Stopwatch;
use crate::terminal::Terminal;

/// A finished run with all that the answer needs.
pub(crate) struct Report<'a> {
    scenario: &'a Scenario,
    /// The file as the user named it.
    file: String,
    outcome: Outcome,
    /// What was asked to be seen of it.
    seen: Seen,
    /// Of the run without records.
    wall: Duration,
    /// The command that repeats it.
    repeat: String,
}

/// Why there is no report.
enum Failure {
    /// The scenario's links cannot be built.
    Impossible(String),
    /// Two runs that must be the same are not.
    Diverged(String),
}

pub(crate) fn run(arguments: &RunArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let (file, set) = (&arguments.file, &arguments.overrides);
    let loaded = match arguments.swarm {
        true => input::require_selected(file, set, arguments.seed.given, terminal)?,
        false => input::require(file, set, terminal)?,
    };
    let scenario = match loaded {
        Ok(scenario) => scenario,
        Err(code) => return Ok(code),
    };
    if let Some(out) = &arguments.out
        && let Err(error) = directory::prepare(out, arguments.force)
    {
        terminal.error(&error);
        return Ok(exit_code::ENVIRONMENT);
    }
    let seed = arguments.seed.given.unwrap_or(scenario.seed);
    let report = match judged(&scenario, seed, arguments) {
        Ok(report) => report,
        Err(Failure::Impossible(error)) => {
            terminal.error(&format!("{}: {error}", arguments.file.display()));
            return Ok(exit_code::USAGE);
        }
        Err(Failure::Diverged(difference)) => {
            terminal.error(&format!(
                "two runs of seed {seed} differ, {difference}; please report it with the scenario"
            ));
            return Ok(exit_code::NONDETERMINISM);
        }
    };
    if let Some(out) = &arguments.out
        && let Err(error) = directory::write(out, &report)
    {
        terminal.error(&error);
        return Ok(exit_code::ENVIRONMENT);
    }
    if let Err(error) = write_views(&report, arguments) {
        terminal.error(&error);
        return Ok(exit_code::ENVIRONMENT);
    }
    match arguments.format {
        Format::Human => terminal.print(&text::summary(&report))?,
        Format::Json => terminal.print(&format!("{}\n", json::answer(&report)))?,
    }
    Ok(if report.outcome.is_as_expected() {
        exit_code::SUCCESS
    } else {
        exit_code::UNEXPECTED
    })
}

fn judged<'a>(
    scenario: &'a Scenario,
    seed: u64,
    arguments: &RunArguments,
) -> Result<Report<'a>, Failure> {
    let repeat = repeat(seed, arguments);
    current_run::begin(&repeat);
    let stopwatch = Stopwatch::start();
    let impossible = |error: AssemblyError| Failure::Impossible(error.to_string());
    let nothing = Options {
        keep_records: false,
    };
    let mut outcome = explore::run(scenario, seed, nothing).map_err(impossible)?;
    let wall = stopwatch.passed();
    let mut seen = Seen::default();
    let watch = Watch {
        packets: arguments.pcap.is_some() || arguments.perfetto.is_some(),
        threads: arguments.perfetto.is_some(),
    };
    let is_clean =
        outcome.is_as_expected() && outcome.violations.is_empty() && outcome.exceptions.is_empty();
    if !is_clean || arguments.out.is_some() || watch != Watch::default() {
        let (again, what) = explore::run_observed(scenario, seed, watch).map_err(impossible)?;
        if let Some(difference) = outcome.divergence_from(&again) {
            return Err(Failure::Diverged(difference));
        }
        (outcome, seen) = (again, what);
    }
    current_run::end();
    Ok(Report {
        scenario,
        file: arguments.file.display().to_string(),
        outcome,
        seen,
        wall,
        repeat,
    })
}

/// Writes the files that other programs read.
fn write_views(report: &Report<'_>, arguments: &RunArguments) -> Result<(), String> {
    let shown = Shown {
        scenario: report.scenario,
        outcome: &report.outcome,
        seen: &report.seen,
        repeat: &report.repeat,
    };
    if let Some(path) = &arguments.pcap {
        output::stream(path, |out| view::capture(&shown, out))?;
    }
    if let Some(path) = &arguments.perfetto {
        output::stream(path, |out| view::perfetto(&shown, out))?;
    }
    Ok(())
}

/// The command that runs the same again, to be pasted into a shell.
fn repeat(seed: u64, arguments: &RunArguments) -> String {
    let file = arguments.file.display().to_string();
    let mut words = vec![
        "mtasim run".to_owned(),
        quoted(&file),
        format!("--seed {seed}"),
    ];
    if arguments.swarm {
        words.push("--swarm".to_owned());
    }
    let overrides = arguments.overrides.set.iter();
    words.extend(overrides.map(|set| format!("--set {}", quoted(set))));
    words.join(" ")
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_gets_back_what_was_given() {
        assert_eq!(quoted("link.wan.delay=180ms"), "link.wan.delay=180ms");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
