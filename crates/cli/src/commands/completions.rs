//! `mtasim completions`: a completion script for a shell.

use clap::Command;
use explore::program;

use crate::arguments::{CompletionsArguments, Format};
use crate::exit_code;
use crate::failure::Failure;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &CompletionsArguments,
    mut command: Command,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    if arguments.format == Format::Json {
        return Err(Failure::usage(
            "completions has no --format json: it prints a script for a shell",
        ));
    }
    // clap_complete panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, program::name(), &mut script);
    terminal.print_script(&String::from_utf8_lossy(&script))?;
    Ok(exit_code::SUCCESS)
}
