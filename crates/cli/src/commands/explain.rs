//! `mtasim explain`: the causes of a failure.

use std::sync::Arc;

use explore::Subject;
use explore::explain::failure_likelihood::{LikelihoodError, Reseeding, failure_likelihood};
use explore::explain::{self, ExplainError, Explanation};
use explore::run_result::Failure as RunFailure;

use config::plan::Scenario;

use crate::arguments::{ExplainArguments, Format};
use crate::exit_code;
use crate::failure::Failure;
use crate::input::{self, InputFile};
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &ExplainArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    let (scenario, seed, signature) = match input::capsule_or_scenario(&arguments.file, &[])? {
        InputFile::Capsule(capsule) => {
            let signature = capsule.failure.signature;
            (capsule.scenario, capsule.seed, Some(signature))
        }
        InputFile::Scenario(scenario) => {
            let seed = arguments.seed.given.unwrap_or(scenario.seed);
            (*scenario, seed, None)
        }
    };
    let fail = |code, error: &dyn std::error::Error| {
        let file = arguments.file.display();
        Failure::Message(code, format!("{file}, seed {seed}: {error}"))
    };
    let mut explanation = explain::explain(&scenario, seed, signature.as_deref(), &**subject)
        .map_err(|error| match error {
            ExplainError::Lowering(_) => fail(exit_code::USAGE, &error),
            ExplainError::NoFailure => fail(exit_code::UNEXPECTED, &error),
        })?;
    add_failure_likelihood(arguments, subject, &scenario, seed, &mut explanation).map_err(
        |error| match error {
            LikelihoodError::Lowering(_) => fail(exit_code::USAGE, &error),
            LikelihoodError::Threads(_) => fail(exit_code::IO, &error),
            LikelihoodError::Panicked(_) => fail(exit_code::BUG, &error),
        },
    )?;
    match arguments.format {
        Format::Human => terminal.print(&explanation.to_string())?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&explanation).expect("plain data");
            terminal.print_json(&format!("{text}\n"))?;
        }
    }
    Ok(exit_code::SUCCESS)
}

/// Adds the curve of how likely the failure is from each moment on, unless `--reseeds` is 0.
fn add_failure_likelihood(
    arguments: &ExplainArguments,
    subject: &Arc<dyn Subject>,
    scenario: &Scenario,
    seed: u64,
    explanation: &mut Explanation,
) -> Result<(), LikelihoodError> {
    if arguments.reseeds == 0 {
        return Ok(());
    }
    let failure = RunFailure {
        signature: explanation.signature.clone(),
        at: explanation.at,
        count: 1,
    };
    let reseeding = Reseeding {
        seeds: arguments.reseeds,
        jobs: arguments.jobs.count(),
    };
    let curve = failure_likelihood(scenario, seed, &failure, reseeding, subject)?;
    explanation.failure_likelihood = Some(curve);
    Ok(())
}
