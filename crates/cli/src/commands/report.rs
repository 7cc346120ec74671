//! `mtasim report`: an HTML page about one run.
//!
//! Results directories and capsules do not hold all that a page shows, so the run is repeated with
//! observers, and its digest compared with the recorded one.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::file;
use config::plan::{Limits, Scenario};
use explore::explain::{self, Explanation};
use explore::repro::capsule::{Capsule, PROGRAM_BUILD};
use explore::shrink::parts;
use explore::{Subject, plain_file, program_name};
use serde_json::{Value as Json, json};
use simulation::outcome::Stop;
use simulation::{Observe, Outcome};
use view::{FinishedRun, report};

use crate::arguments::{Explain, Format, ReportArguments};
use crate::command_error::CommandError;
use crate::commands::run::{self, directory};
use crate::current_run;
use crate::exit_code;
use crate::input::{self, InputFile};
use crate::output::{OutputFile, Rules, STANDARD_OUTPUT_TAKEN};
use crate::shell;
use crate::signals;
use crate::terminal::Terminal;

/// Thread calls of all runs of an explanation that `auto` allows: some seconds.
const CALLS_MAX: u64 = 20_000_000;
/// Bytes of `run.json`, which lists violations up to the scenario's limit.
const RESULT_MAX: u64 = 1 << 26;

/// The run to show.
struct ReportedRun {
    scenario: Scenario,
    seed: u64,
    /// The failure that a capsule was recorded for.
    signature: Option<String>,
    /// The recorded digest.
    digest: Option<String>,
    /// The command that reproduces the run.
    reproduce: String,
}

pub(crate) fn run(
    arguments: &ReportArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let path = &arguments.source;
    let inputs = [
        path,
        &path.join(directory::SCENARIO),
        &path.join(directory::RESULT),
    ];
    let rules = Rules {
        force: arguments.force,
        inputs: &inputs.map(PathBuf::as_path),
    };
    let output = match arguments.output.as_os_str() == "-" {
        true if arguments.format == Format::Json => {
            return Err(CommandError::usage(STANDARD_OUTPUT_TAKEN));
        }
        true => None,
        false => Some(OutputFile::prepare(&arguments.output, rules)?),
    };
    let source = run_to_show(arguments)?;
    let watch = Observe {
        packets: true,
        threads: true,
    };
    let (scenario, seed) = (&source.scenario, source.seed);
    current_run::set(&source.reproduce);
    let interrupts = signals::end_runs()?;
    let (outcome, observations) = subject
        .observed(&with_default_limit(scenario), seed, watch)
        .map_err(|error| CommandError::usage(format_args!("{}: {error}", input::shown(path))))?;
    check_outcome(path, &source, &outcome)?;
    let explanation = explanation(&**subject, arguments.explain, &source, &outcome);
    let is_interrupted = interrupts.seen();
    interrupts.stop();
    let run = FinishedRun {
        scenario,
        outcome: &outcome,
        observations: &observations,
        command: &source.reproduce,
    };
    let page = report(&run, explanation.as_ref());
    current_run::clear();
    match output {
        Some(output) => {
            output.write(page.as_bytes(), terminal)?;
            if arguments.format == Format::Json {
                let object = object(&run, &arguments.output, explanation.as_ref());
                terminal.print_json(&format!("{object}\n"))?;
            }
        }
        None => terminal.print_page(&page)?,
    }
    if is_interrupted {
        terminal.error("interrupted: the page does not explain the failure in full");
        return Ok(exit_code::INTERRUPTED);
    }
    Ok(exit_code::of(outcome.verdict()))
}

fn run_to_show(arguments: &ReportArguments) -> Result<ReportedRun, CommandError> {
    let path = &arguments.source;
    if path.is_dir() {
        input::refuse_changes(path, &arguments.seed, &arguments.overrides)?;
        return from_directory(path);
    }
    let input = input::capsule_or_scenario(path, &arguments.seed, &arguments.overrides)?;
    Ok(match input {
        InputFile::Capsule(capsule) => from_capsule(*capsule, path),
        InputFile::Scenario(scenario) => from_scenario(*scenario, arguments),
    })
}

/// Checks that the run went to its end and is the one that was recorded.
fn check_outcome(path: &Path, source: &ReportedRun, outcome: &Outcome) -> Result<(), CommandError> {
    if outcome.stop == Stop::Interrupted {
        return Err(CommandError::Message(
            exit_code::INTERRUPTED,
            format!(
                "interrupted after {} of virtual time: there is no page",
                outcome.simulated
            ),
        ));
    }
    let digest = outcome.digest.to_string();
    if let Some(recorded) = source.digest.as_ref().filter(|it| **it != digest) {
        return Err(CommandError::Message(
            exit_code::NONDETERMINISM,
            format!(
                "{}: this build makes a different run: recorded digest {recorded}, now {digest}",
                input::shown(path)
            ),
        ));
    }
    Ok(())
}

/// The same run, with at least as many records kept as by default: what the page shows must not end
/// before the failure.
fn with_default_limit(scenario: &Scenario) -> Scenario {
    let mut kept = scenario.clone();
    kept.limits.records = kept.limits.records.max(Limits::default().records);
    kept
}

/// What the page is of.
fn object(run: &FinishedRun<'_>, page: &Path, explanation: Option<&Explanation>) -> Json {
    json!({
        "schema_version": 2,
        "mtasim": PROGRAM_BUILD,
        "title": run.scenario.title,
        "seed": run.outcome.seed,
        "digest": run.outcome.digest.to_string(),
        "verdict": run.outcome.verdict().word(),
        "cut_off": run.outcome.stop.limit(),
        "reproduce": run.command,
        "signature": explanation.map(|it| &it.signature),
        "headline": explanation.map(|it| &it.headline),
        "wrote": [input::name(page)],
    })
}

fn explanation(
    subject: &dyn Subject,
    when: Explain,
    source: &ReportedRun,
    outcome: &Outcome,
) -> Option<Explanation> {
    // An explanation runs the scenario once without each part, and once whole.
    let runs = parts::parts(&source.scenario).len() as u64 + 1;
    let is_cheap = outcome.calls.saturating_mul(runs) <= CALLS_MAX;
    let explain = match when {
        Explain::Never => return None,
        Explain::Auto if !is_cheap => explain::explain_briefly,
        Explain::Auto | Explain::Always => explain::explain,
    };
    let gravest = report::gravest_failure(&source.scenario, outcome);
    let signature = source.signature.clone().or(gravest)?;
    // `ok`: a capsule's failure may no longer occur in this build. The page does without then.
    explain(&source.scenario, source.seed, Some(&signature), subject).ok()
}

fn from_capsule(capsule: Capsule, path: &Path) -> ReportedRun {
    let is_same_build = capsule.is_of_this_program_build();
    ReportedRun {
        seed: capsule.seed,
        signature: Some(capsule.failure.signature),
        // With another build the run may be another one: a different digest is then no error.
        digest: is_same_build.then_some(capsule.digest),
        // `run` takes capsules and has the options that the page names for what it leaves out.
        reproduce: program_name::command(&format!("run {}", shell::quote(&input::name(path)))),
        scenario: capsule.scenario,
    }
}

fn from_scenario(scenario: Scenario, arguments: &ReportArguments) -> ReportedRun {
    let seed = scenario.seed;
    let file = shell::quote(&input::name(&arguments.source));
    let set = shell::set_options(&arguments.overrides.set);
    ReportedRun {
        scenario,
        seed,
        signature: None,
        digest: None,
        reproduce: program_name::command(&format!("run {file} --seed {seed}{set}")),
    }
}

/// Reads a directory that `mtasim run --out` wrote.
fn from_directory(directory: &Path) -> Result<ReportedRun, CommandError> {
    let scenario_path = directory.join(directory::SCENARIO);
    let scenario = read(&scenario_path, file::SIZE_MAX as u64)?;
    let name = input::name(&scenario_path);
    let scenario = file::load(&name, &scenario, &[])?;
    let result_path = directory.join(directory::RESULT);
    let invalid = |what: &dyn std::fmt::Display| {
        CommandError::usage(format_args!("{}: {what}", input::shown(&result_path)))
    };
    let result = read(&result_path, RESULT_MAX)?;
    let result: Json = serde_json::from_slice(&result).map_err(|error| invalid(&error))?;
    match result["schema_version"].as_u64() {
        Some(1..=run::SCHEMA) => {}
        Some(other) => {
            let newest = run::SCHEMA;
            return Err(invalid(&format_args!(
                "schema_version {other}; this build reads up to {newest}"
            )));
        }
        None => return Err(invalid(&"no schema_version")),
    }
    let text = |key: &str| result[key].as_str().map(str::to_owned);
    let (Some(seed), Some(digest)) = (result["seed"].as_u64(), text("digest")) else {
        return Err(invalid(&"no seed or no digest"));
    };
    let file = shell::quote(&name);
    Ok(ReportedRun {
        scenario,
        seed,
        signature: None,
        digest: Some(digest),
        reproduce: text("reproduce")
            .unwrap_or_else(|| program_name::command(&format!("run {file} --seed {seed}"))),
    })
}

/// Reads a file of such a directory.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    let fail = |what: &dyn std::fmt::Display| {
        CommandError::usage(format_args!(
            "not a directory written by `run --out`: {}: {what}",
            input::shown(path)
        ))
    };
    let cannot_read = |error: io::Error| {
        if error.kind() == ErrorKind::NotFound {
            fail(&error)
        } else {
            CommandError::cannot_read(path, &error)
        }
    };
    let file = plain_file::open(path).map_err(cannot_read)?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    match read.map_err(cannot_read)? as u64 > limit {
        true => Err(fail(&format_args!("larger than {limit} bytes"))),
        false => Ok(bytes),
    }
}
