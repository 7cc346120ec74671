//! `mtasim schema`: the keys of scenario files.

use config::file;

use crate::arguments::{Format, SchemaArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &SchemaArguments,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    if arguments.keys {
        if arguments.format == Format::Json {
            return Err(CommandError::usage(
                "--keys prints Markdown: without it, the schema itself is JSON",
            ));
        }
        terminal.print(&file::key_tables())?;
    } else {
        terminal.print_json(&format!("{:#}\n", file::schema()))?;
    }
    Ok(exit_code::SUCCESS)
}
