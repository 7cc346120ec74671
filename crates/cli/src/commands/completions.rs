//! `mtasim completions`: a script for the user's shell.

use std::io;

use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &CompletionsArguments, terminal: &mut Terminal) -> io::Result<u8> {
    // The generator panics where it cannot write, so it writes to memory first.
    let mut script = Vec::new();
    let mut command = Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "mtasim", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(exit_code::SUCCESS)
}
