//! `mtasim explain`: why a failure happens.

use std::io;
use std::sync::Arc;

use config::file;
use config::plan::Scenario;
use explore::explain::failure_likelihood::{LikelihoodError, Reseeding, failure_likelihood};
use explore::explain::{self, ExplainError, Explanation};
use explore::repro::capsule::{self, Capsule, CapsuleError};
use explore::run_result::Failure;
use explore::{Shipped, Subject};

use crate::arguments::{ExplainArguments, Format};
use crate::commands::sweep;
use crate::exit_code;
use crate::input;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &ExplainArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let name = arguments.file.display().to_string();
    let bytes = match input::read_at_most(&arguments.file, capsule::SIZE_MAX as u64 + 1) {
        Ok(bytes) => bytes,
        Err(error) => {
            terminal.error(&format!("cannot read {name}: {error}"));
            return Ok(exit_code::ENVIRONMENT);
        }
    };
    let (scenario, seed, signature): (Scenario, u64, Option<String>) = match Capsule::parse(&bytes)
    {
        Ok(capsule) => {
            let signature = capsule.failure.signature;
            (capsule.scenario, capsule.seed, Some(signature))
        }
        Err(CapsuleError::Foreign) => match file::load(&name, &bytes, &[]) {
            Ok(scenario) => {
                let seed = arguments.seed.unwrap_or(scenario.seed);
                (scenario, seed, None)
            }
            Err(found) => {
                terminal.note(&found.to_human(true))?;
                return Ok(exit_code::USAGE);
            }
        },
        Err(error) => {
            terminal.error(&format!("cannot use {name}: {error}"));
            return Ok(exit_code::USAGE);
        }
    };
    match explain::explain(&scenario, seed, signature.as_deref(), &Shipped) {
        Ok(mut explanation) => {
            if let Err(error) = add_failure_likelihood(arguments, &scenario, seed, &mut explanation)
            {
                terminal.error(&format!("{name}, seed {seed}: {error}"));
                return Ok(match error {
                    LikelihoodError::Assembly(_) => exit_code::USAGE,
                    LikelihoodError::Threads(_) => exit_code::ENVIRONMENT,
                    LikelihoodError::Panicked(_) => exit_code::BUG,
                });
            }
            match arguments.format {
                Format::Human => terminal.print(&explanation.to_string())?,
                Format::Json => {
                    let text = serde_json::to_string_pretty(&explanation).expect("plain data");
                    terminal.print(&format!("{text}\n"))?;
                }
            }
            Ok(exit_code::SUCCESS)
        }
        Err(error) => {
            terminal.error(&format!("{name}, seed {seed}: {error}"));
            Ok(match error {
                ExplainError::Assembly(_) => exit_code::USAGE,
                ExplainError::NothingWrong => exit_code::UNEXPECTED,
            })
        }
    }
}

/// Adds when the failure became likely, unless no luck is to be tried.
fn add_failure_likelihood(
    arguments: &ExplainArguments,
    scenario: &Scenario,
    seed: u64,
    explanation: &mut Explanation,
) -> Result<(), LikelihoodError> {
    if arguments.luck == 0 {
        return Ok(());
    }
    let failure = Failure {
        signature: explanation.signature.clone(),
        at: explanation.at,
        count: 1,
    };
    let reseeding = Reseeding {
        seeds: arguments.luck,
        jobs: arguments.jobs.unwrap_or_else(sweep::processors),
    };
    let subject: Arc<dyn Subject> = Arc::new(Shipped);
    explanation.failure_likelihood = Some(failure_likelihood(
        scenario, seed, &failure, reseeding, &subject,
    )?);
    Ok(())
}
