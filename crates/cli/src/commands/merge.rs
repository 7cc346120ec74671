//! `mtasim merge`: merges the shards of a sweep.

use explore::sweep::merge::MergeError;
use explore::sweep::summary::Summary;

use crate::arguments::{Format, MergeArguments};
use crate::command_error::CommandError;
use crate::commands::sweep;
use crate::input;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &MergeArguments, terminal: &mut Terminal) -> Result<u8, CommandError> {
    let statistics = explore::merge(&arguments.parts, &arguments.out).map_err(|error| {
        if let MergeError::Results(error) = &error {
            sweep::results_failure(error)
        } else {
            CommandError::usage(error)
        }
    })?;
    let summary = Summary::of(&statistics);
    match arguments.format {
        Format::Json => terminal.print_json(&summary.to_json())?,
        Format::Human => {
            let reproduce = |found: &_| sweep::replay_command(&arguments.out, found);
            terminal.print(&summary.to_human(reproduce))?;
        }
    }
    terminal.note(&format!("wrote {}\n", input::shown(&arguments.out)));
    Ok(sweep::verdict(&statistics, &summary))
}
