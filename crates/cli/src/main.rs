//! The program `mtasim`, with the shipped builds of the MTA.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::CommandLine::new("mtasim")
        .arm("shipped", explore::ShippedBuilds)
        .main()
}
