//! `mtasim schema`: what scenarios may say.

use std::io;

use crate::arguments::SchemaArguments;
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &SchemaArguments, terminal: &mut Terminal) -> io::Result<u8> {
    if arguments.keys {
        terminal.print(&config::file::key_tables())?;
    } else {
        terminal.print(&format!("{:#}\n", config::file::schema()))?;
    }
    Ok(exit_code::SUCCESS)
}
