//! `mtasim merge`: shards of a sweep, joined.

use std::io;

use crate::arguments::{Format, MergeArguments};
use crate::exit;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &MergeArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let book = match explore::merge(&arguments.parts, &arguments.out) {
        Ok(book) => book,
        Err(error) => {
            terminal.complain(&error.to_string());
            return Ok(exit::USAGE);
        }
    };
    let summary = book.summary();
    match arguments.format {
        Format::Json => terminal.result(&summary.to_json())?,
        Format::Human => {
            terminal.result(&summary.to_human(|found| {
                let capsule = arguments.out.join(&found.capsule);
                format!("mtasim replay {}", capsule.display())
            }))?;
        }
    }
    Ok(match book.whole() {
        whole if whole.as_expected < whole.runs => exit::UNEXPECTED,
        _ => exit::AS_EXPECTED,
    })
}
