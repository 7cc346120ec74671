//! `mtasim completions`: a completion script for a shell.

use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments, Format};
use crate::exit_code;
use crate::failure::Failure;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &CompletionsArguments,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    if arguments.format == Format::Json {
        return Err(Failure::usage(
            "completions has no --format json: it prints a script for a shell",
        ));
    }
    // clap_complete panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "mtasim", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(exit_code::SUCCESS)
}
