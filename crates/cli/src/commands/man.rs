//! `mtasim man`: a manual page for the program and for each command.

use std::fs;

use clap::CommandFactory;

use crate::arguments::{Arguments, ManArguments};
use crate::exit_code;
use crate::failure::Failure;

pub(crate) fn run(arguments: &ManArguments) -> Result<u8, Failure> {
    let directory = &arguments.out;
    let written = fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), directory));
    written.map_err(|error| Failure::cannot_write(directory, &error))?;
    Ok(exit_code::SUCCESS)
}
