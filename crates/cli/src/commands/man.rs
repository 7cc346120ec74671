//! `mtasim man`: a manual page for the program and for each command.

use clap::Command;
use clap_mangen::Man;
use serde_json::json;

use crate::arguments::{Format, ManArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::output::{Outputs, Rules};
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &ManArguments,
    program: Command,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    let rules = Rules {
        force: arguments.force,
        inputs: &[],
    };
    let mut outputs = Outputs::new(rules);
    let mut pages = Vec::new();
    for command in [program].into_iter().chain(commands) {
        let page = Man::new(command);
        let output = outputs.file(&arguments.out.join(page.get_filename()))?;
        pages.push((page, output));
    }
    let mut wrote = Vec::new();
    for (page, output) in pages {
        wrote.push(input::name(output.path()));
        output.write_with(terminal, |mut out| page.render(&mut out))?;
    }
    if arguments.format == Format::Json {
        let object = json!({ "schema_version": 1, "wrote": wrote });
        terminal.print_object(object)?;
    }
    Ok(exit_code::SUCCESS)
}
