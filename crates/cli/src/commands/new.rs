//! `mtasim new`: a commented scenario to start from.

use serde_json::json;

use crate::arguments::{Format, NewArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::output::{OutputFile, Rules, STANDARD_OUTPUT_TAKEN};
use crate::terminal::Terminal;

/// The scenario.
const TEXT: &str = include_str!("new.toml");

pub(crate) fn run(arguments: &NewArguments, terminal: &mut Terminal) -> Result<u8, CommandError> {
    let is_json = arguments.format == Format::Json;
    if arguments.file.as_os_str() == "-" {
        if is_json {
            return Err(CommandError::usage(STANDARD_OUTPUT_TAKEN));
        }
        terminal.print(TEXT)?;
        return Ok(exit_code::SUCCESS);
    }
    let rules = Rules {
        force: arguments.force,
        inputs: &[],
    };
    let output = OutputFile::prepare(&arguments.file, rules)?;
    output.write(TEXT.as_bytes(), terminal)?;
    if is_json {
        let object = json!({ "schema_version": 1, "wrote": [input::name(&arguments.file)] });
        terminal.print_object(object)?;
    }
    Ok(exit_code::SUCCESS)
}
