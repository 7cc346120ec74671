//! `mtasim merge`: shards of a sweep, joined.

use std::io;

use crate::arguments::{Format, MergeArguments};
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &MergeArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let statistics = match explore::merge(&arguments.parts, &arguments.out) {
        Ok(statistics) => statistics,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(exit_code::USAGE);
        }
    };
    let summary = statistics.summary();
    match arguments.format {
        Format::Json => terminal.print(&summary.to_json())?,
        Format::Human => {
            terminal.print(&summary.to_human(|found| {
                let capsule = arguments.out.join(&found.capsule);
                format!("mtasim replay {}", capsule.display())
            }))?;
        }
    }
    Ok(match statistics.total() {
        whole if whole.as_expected < whole.runs => exit_code::UNEXPECTED,
        _ => exit_code::SUCCESS,
    })
}
