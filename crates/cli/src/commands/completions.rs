//! `mtasim completions`: a completion script for a shell.

use clap::Command;
use explore::program_name;

use crate::arguments::{CompletionsArguments, Format};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &CompletionsArguments,
    mut command: Command,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    if arguments.format == Format::Json {
        return Err(CommandError::usage(
            "completions has no --format json: it prints a script for a shell",
        ));
    }
    // clap_complete panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut command,
        program_name::name(),
        &mut script,
    );
    terminal.print_script(&String::from_utf8_lossy(&script))?;
    Ok(exit_code::SUCCESS)
}
