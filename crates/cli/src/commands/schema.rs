//! `mtasim schema`: what scenarios may say.

use std::io;

use crate::arguments::SchemaArguments;
use crate::exit;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &SchemaArguments, terminal: &mut Terminal) -> io::Result<u8> {
    if arguments.keys {
        terminal.result(&config::file::key_tables())?;
    } else {
        terminal.result(&format!("{:#}\n", config::file::schema()))?;
    }
    Ok(exit::AS_EXPECTED)
}
