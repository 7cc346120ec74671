//! `mtasim shrink`: a failure made small.

use std::io;

use explore::Shipped;
use explore::shrink::regression_file;
use explore::shrink::{self, ShrinkError};
use explore::sweep::results_directory;
use indicatif::ProgressBar;
use serde_json::json;

use crate::arguments::{Format, ShrinkArguments};
use crate::commands::{replay, sweep};
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &ShrinkArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let output = arguments.output.display();
    if arguments.output.exists() && !arguments.force {
        terminal.error(&format!(
            "{output} is there already; --force writes over it"
        ));
        return Ok(exit_code::USAGE);
    }
    let capsule = match replay::load(&arguments.capsule, terminal) {
        Ok(capsule) => capsule,
        Err(code) => return Ok(code),
    };
    let bar: ProgressBar = sweep::progress_bar(arguments.budget);
    let shrunk = shrink::shrink(&capsule, &Shipped, arguments.budget, |runs, _| {
        bar.set_position(runs);
    });
    bar.finish_and_clear();
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(match error {
                ShrinkError::Assembly(_) => exit_code::USAGE,
                ShrinkError::NotFailing(_) => exit_code::UNEXPECTED,
            });
        }
    };
    let text = regression_file::text(&shrunk).expect("what was run is a scenario");
    if let Err(error) = results_directory::write_atomically(&arguments.output, text.as_bytes()) {
        terminal.error(&format!("cannot write {output}: {error}"));
        return Ok(exit_code::USAGE);
    }
    let name = arguments.output.file_name().unwrap_or_default();
    let test = regression_file::regression_test(&shrunk, &name.to_string_lossy());
    let [before, after] = shrunk.sizes;
    match arguments.format {
        Format::Human => terminal.print(&format!(
            "{}\n  before: {before}\n  after:  {after}\n  {} runs\n  run it: mtasim run {output}\n\n{test}",
            shrunk.signature, shrunk.runs
        ))?,
        Format::Json => terminal.print(&format!(
            "{}\n",
            json!({
                "schema_version": 1,
                "signature": shrunk.signature,
                "before": before,
                "after": after,
                "runs": shrunk.runs,
                "out_of_budget": shrunk.out_of_budget,
                "any_seed": shrunk.any_seed,
                "seed": shrunk.scenario.seed,
                "pinned": arguments.output,
                "test": test,
            })
        ))?,
    }
    Ok(exit_code::SUCCESS)
}
