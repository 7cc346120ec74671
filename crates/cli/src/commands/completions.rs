//! `mtasim completions`: a completion script for a shell.

use clap::Command;
use explore::program_name;
use serde_json::json;

use crate::arguments::{CompletionsArguments, Format};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &CompletionsArguments,
    mut command: Command,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    // clap_complete panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut command,
        program_name::name(),
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    match arguments.format {
        Format::Human => terminal.print_script(&script)?,
        Format::Json => terminal.print_object(json!({
            "schema_version": 1,
            "shell": arguments.shell.to_string(),
            "script": script,
        }))?,
    }
    Ok(exit_code::SUCCESS)
}
