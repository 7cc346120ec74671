//! The command line: the only place with arguments, files, terminals and exit codes.
//!
//! Owns the shell around the simulator. It refuses to know how anything works: every command
//! reads its arguments, calls one function and shows the answer.

mod arguments;
mod commands;
mod current_run;
mod exit_code;
mod input;
mod output;
mod stopwatch;
mod terminal;
mod tracing_filter;

use std::io::{self, Write};
use std::panic::{self, UnwindSafe};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use terminal::Terminal;

/// What the user is told below the message of a panic.
const BUG_REPORT: &str =
    "mtasim: this is a bug of mtasim; please report it with the scenario and the above";

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return usage(&answer),
    };
    ExitCode::from(shielded(|| run(arguments)))
}

/// The command's exit code, also if it panics. The panic itself names the run and its time.
fn shielded(command: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    let code = panic::catch_unwind(command).unwrap_or(exit_code::BUG);
    if code == exit_code::BUG {
        let _ = writeln!(io::stderr(), "{BUG_REPORT}");
        if let Some(what) = current_run::shown() {
            let _ = writeln!(io::stderr(), "mtasim: under way was {what}");
        }
    }
    code
}

fn run(arguments: Arguments) -> u8 {
    let mut terminal = Terminal::new(arguments.color);
    if let Err(error) = tracing_filter::init(arguments.log.as_deref()) {
        terminal.error(&error);
        return exit_code::USAGE;
    }
    let outcome = match arguments.command {
        Command::Run(run) => commands::run::run(&run, &mut terminal),
        Command::Report(report) => commands::report::run(&report, &mut terminal),
        Command::Ping(ping) => commands::ping::run(&ping, &mut terminal),
        Command::Check(check) => commands::check::run(&check, &mut terminal),
        Command::Sweep(sweep) => commands::sweep::run(&sweep, &mut terminal),
        Command::Merge(merge) => commands::merge::run(&merge, &mut terminal),
        Command::Replay(replay) => commands::replay::run(&replay, &mut terminal),
        Command::Compare(compare) => commands::compare::run(&compare, &mut terminal),
        Command::Verify(verify) => commands::verify::run(&verify, &mut terminal),
        Command::Shrink(shrink) => commands::shrink::run(&shrink, &mut terminal),
        Command::Explain(explain) => commands::explain::run(&explain, &mut terminal),
        Command::Diagnose(diagnose) => commands::diagnose::run(&diagnose, &mut terminal),
        Command::Schema(schema) => commands::schema::run(&schema, &mut terminal),
        Command::Completions(completions) => {
            commands::completions::run(&completions, &mut terminal)
        }
    };
    match outcome.and_then(|code| terminal.flush().map(|()| code)) {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit_code::SUCCESS,
        Err(error) => {
            terminal.error(&format!("cannot write: {error}"));
            exit_code::ENVIRONMENT
        }
    }
}

/// Shows help, version or what is wrong with the arguments.
fn usage(answer: &clap::Error) -> ExitCode {
    let code = if answer.use_stderr() {
        exit_code::USAGE
    } else {
        exit_code::SUCCESS
    };
    match answer.print() {
        Ok(()) => ExitCode::from(code),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(_) => ExitCode::from(exit_code::ENVIRONMENT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_of_ours_and_every_other_end_its_own_code() {
        assert_eq!(shielded(|| panic!("this is meant to happen")), 70);
        assert_eq!(shielded(|| exit_code::UNEXPECTED), exit_code::UNEXPECTED);
    }
}
