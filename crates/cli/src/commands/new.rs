//! `mtasim new`: a commented scenario to start from.

use crate::arguments::NewArguments;
use crate::exit_code;
use crate::failure::Failure;
use crate::output::{Output, Rules};
use crate::terminal::Terminal;

/// The scenario.
const TEXT: &str = include_str!("new.toml");

pub(crate) fn run(arguments: &NewArguments, terminal: &mut Terminal) -> Result<u8, Failure> {
    if arguments.file.as_os_str() == "-" {
        terminal.print(TEXT)?;
        return Ok(exit_code::SUCCESS);
    }
    let rules = Rules {
        force: arguments.force,
        inputs: &[],
    };
    let output = Output::prepare(&arguments.file, rules)?;
    output.write(TEXT.as_bytes(), terminal)?;
    Ok(exit_code::SUCCESS)
}
