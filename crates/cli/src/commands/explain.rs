//! `mtasim explain`: the causes of a failure.

use std::sync::Arc;

use config::plan::Scenario;
use explore::Subject;
use explore::explain::failure_likelihood::{LikelihoodError, Reseeding, failure_likelihood};
use explore::explain::{self, ExplainError, Explanation};
use explore::run_result::Failure;
use serde_json::{Value as Json, json};
use simulation::interruption;

use crate::arguments::{ExplainArguments, Format};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input::{self, InputFile};
use crate::signals;
use crate::terminal::Terminal;

/// The version of the JSON.
const SCHEMA: u32 = 6;
/// Said of an explanation that the user stopped.
const INTERRUPTED: &str =
    "interrupted: the parts that are undecided were not tried, and there is no curve";

pub(crate) fn run(
    arguments: &ExplainArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let ExplainArguments {
        file,
        seed,
        overrides,
        ..
    } = arguments;
    let (scenario, seed, signature) = match input::capsule_or_scenario(file, seed, overrides)? {
        InputFile::Capsule(capsule) => {
            let signature = capsule.failure.signature;
            (capsule.scenario, capsule.seed, Some(signature))
        }
        InputFile::Scenario(scenario) => (*scenario.clone(), scenario.seed, None),
    };
    let interrupts = signals::end_runs()?;
    let explained = explain::explain(&scenario, seed, signature.as_deref(), &**subject);
    let mut explanation = match explained {
        Ok(explanation) => explanation,
        Err(error) => return unexplained(arguments, seed, &error, terminal),
    };
    add_failure_likelihood(arguments, subject, &scenario, seed, &mut explanation).map_err(
        |error| {
            let code = match error {
                LikelihoodError::Lowering(_) => exit_code::USAGE,
                LikelihoodError::Threads(_) => exit_code::IO,
                LikelihoodError::Panicked(_) => exit_code::BUG,
            };
            failure(arguments, seed, code, &error)
        },
    )?;
    interrupts.stop();
    match arguments.format {
        Format::Human => terminal.print(&explanation.to_string())?,
        Format::Json => print_json(explained_object(&explanation), terminal)?,
    }
    if interruption::is_requested() {
        terminal.error(INTERRUPTED);
        return Ok(exit_code::INTERRUPTED);
    }
    Ok(exit_code::SUCCESS)
}

/// Says why there is no explanation; the exit code.
fn unexplained(
    arguments: &ExplainArguments,
    seed: u64,
    error: &ExplainError,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let (code, verdict, limit) = match error {
        ExplainError::Lowering(_) => {
            return Err(failure(arguments, seed, exit_code::USAGE, error));
        }
        ExplainError::NoFailure => (exit_code::UNEXPECTED, "no-failure", None),
        // The user's interruption looks like a limit to the run.
        ExplainError::CutOff { .. } if interruption::is_requested() => {
            (exit_code::INTERRUPTED, "interrupted", None)
        }
        ExplainError::CutOff { limit, .. } => (exit_code::UNDECIDED, "undecided", Some(*limit)),
    };
    if arguments.format == Format::Json {
        print_json(unexplained_object(verdict, limit, seed, error), terminal)?;
    }
    Err(failure(arguments, seed, code, error))
}

fn failure(
    arguments: &ExplainArguments,
    seed: u64,
    code: u8,
    error: &dyn std::error::Error,
) -> CommandError {
    let file = input::shown(&arguments.file);
    CommandError::Message(code, format!("{file}, seed {seed}: {error}"))
}

fn explained_object(explanation: &Explanation) -> Json {
    let mut object = serde_json::to_value(explanation).expect("plain data");
    object["verdict"] = json!("explained");
    object["schema_version"] = json!(SCHEMA);
    object
}

/// The same keys, without a failure.
fn unexplained_object(verdict: &str, limit: Option<&str>, seed: u64, error: &ExplainError) -> Json {
    json!({
        "schema_version": SCHEMA,
        "verdict": verdict,
        "cut_off": limit,
        "signature": null,
        "at_ns": null,
        "detail": error.to_string(),
        "headline": null,
        "seed": seed,
        "parts": [],
        "causal_trace": [],
        "critical_pair": null,
        "runs": 1,
        "failure_likelihood": null,
    })
}

fn print_json(object: Json, terminal: &mut Terminal) -> Result<(), CommandError> {
    terminal.print_object(object)?;
    Ok(())
}

/// Adds the curve of how likely the failure is from each moment on, unless `--reseeds` is 0.
fn add_failure_likelihood(
    arguments: &ExplainArguments,
    subject: &Arc<dyn Subject>,
    scenario: &Scenario,
    seed: u64,
    explanation: &mut Explanation,
) -> Result<(), LikelihoodError> {
    if arguments.reseeds == 0 || interruption::is_requested() {
        return Ok(());
    }
    let failure = Failure {
        signature: explanation.signature.clone(),
        at: explanation.at,
        count: 1,
    };
    let reseeding = Reseeding {
        seeds: arguments.reseeds,
        jobs: arguments.jobs.count(),
    };
    let curve = failure_likelihood(scenario, seed, &failure, reseeding, subject)?;
    // A curve of runs that were stopped says nothing.
    explanation.failure_likelihood = Some(curve).filter(|_| !interruption::is_requested());
    Ok(())
}
