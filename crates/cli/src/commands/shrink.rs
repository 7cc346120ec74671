//! `mtasim shrink`: reduces a failure to a small scenario.

use std::sync::Arc;

use explore::shrink::regression_file;
use explore::shrink::{self, ShrinkError};
use explore::{Subject, counted, program_name};
use serde_json::json;

use crate::arguments::{Format, ShrinkArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::output::{OutputFile, Rules};
use crate::progress;
use crate::shell;
use crate::signals;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &ShrinkArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let rules = Rules {
        force: arguments.force,
        inputs: &[&arguments.capsule],
    };
    // Before minutes of runs: a path that cannot be written is an error now.
    let output = OutputFile::prepare(&arguments.output, rules)?;
    let capsule = input::capsule(&arguments.capsule)?;
    let interrupts = signals::end_runs()?;
    let bar = progress::bar(arguments.budget);
    let shrunk = shrink::shrink(&capsule, &**subject, arguments.budget, |runs, _| {
        progress::show(&bar, runs, "");
    });
    bar.finish_and_clear();
    interrupts.stop();
    let shrunk = shrunk.map_err(|error| {
        let code = match error {
            ShrinkError::Lowering(_) => exit_code::USAGE,
            ShrinkError::NotFailing(_) => exit_code::UNEXPECTED,
            ShrinkError::CutOff { .. } => exit_code::UNDECIDED,
            ShrinkError::Interrupted => exit_code::INTERRUPTED,
        };
        CommandError::Message(code, error.to_string())
    })?;
    let text = regression_file::text(&shrunk).expect("the scenario was run, so it is valid");
    if shrunk.out_of_budget {
        terminal.error("the budget of runs is used up: a smaller scenario may exist");
    }
    let written = output.write(text.as_bytes(), terminal);
    let test = regression_file::regression_test(&shrunk, &arguments.output);
    let [before, after] = shrunk.sizes;
    match arguments.format {
        Format::Human => terminal.print(&format!(
            "{}\n  before: {before}\n  after:  {after}\n  {}\n  to reproduce: {}\n\n{test}",
            shrunk.signature,
            counted(shrunk.runs, "run"),
            program_name::command(&format!(
                "run {}",
                shell::quote(&input::name(&arguments.output))
            ))
        ))?,
        Format::Json => terminal.print_object(json!({
            "schema_version": 3,
            "signature": shrunk.signature,
            "before": before,
            "after": after,
            "runs": shrunk.runs,
            "out_of_budget": shrunk.out_of_budget,
            "interrupted": shrunk.interrupted,
            "any_seed": shrunk.any_seed,
            "seed": shrunk.scenario.seed,
            "pinned": input::name(&arguments.output),
            "test": test,
        }))?,
    }
    if written.is_err() {
        // Minutes of work must not be lost to a full disk.
        terminal.print(&text)?;
    }
    written?;
    if shrunk.interrupted {
        terminal.error("interrupted: this is the smallest failing scenario so far");
        return Ok(exit_code::INTERRUPTED);
    }
    Ok(exit_code::SUCCESS)
}
