//! `mtasim schema`: the keys of scenario files.

use config::file;
use serde_json::json;

use crate::arguments::{Format, SchemaArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &SchemaArguments,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    if arguments.keys {
        let tables = file::key_tables();
        match arguments.format {
            Format::Human => terminal.print(&tables)?,
            Format::Json => terminal.print_object(json!({
                "schema_version": 1,
                "markdown": tables,
            }))?,
        }
    } else {
        terminal.print_json(&format!("{:#}\n", file::schema()))?;
    }
    Ok(exit_code::SUCCESS)
}
