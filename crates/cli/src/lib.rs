//! The program `mtasim`: arguments, files, terminal output and exit codes.
//!
//! [`CommandLine`] is the program for any system under test: a binary of yours with guests
//! (`mtasim::guest::main!`) has the same commands.
//!
//! Each command in `commands` reads its arguments, calls a library crate and prints the result.
//! Only this crate opens files, prints, or reads the environment and the wall clock.

mod arguments;
mod command_error;
mod command_line;
mod commands;
mod current_run;
mod exit_code;
mod input;
mod output;
mod progress;
mod shell;
mod signals;
mod stopwatch;
mod stuck;
mod terminal;
mod tracing_filter;

use std::panic::{self, UnwindSafe};

use arguments::{Arguments, Color, Command};
use command_error::CommandError;
use command_line::Subjects;
use explore::repro::capsule::PROGRAM_BUILD;
use terminal::Terminal;

pub use command_line::CommandLine;

/// Printed below the message of a panic.
const BUG_REPORT: &str =
    "this is a bug of mtasim; please report it with the scenario and the output above";

/// The exit code of `command`, or [`exit_code::BUG`] if it panics. The panic message itself names
/// scenario, seed and virtual time.
fn catch_panic(command: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    let code = panic::catch_unwind(command).unwrap_or(exit_code::BUG);
    // Not only after a panic of this thread: `sweep` and `compare` return the code if a worker panicked.
    if code == exit_code::BUG {
        // A terminal of its own: the one of the command may have been borrowed when the panic came.
        let mut terminal = Terminal::new(Color::Never);
        terminal.error(BUG_REPORT);
        if let Some(command) = current_run::get() {
            terminal.error(&format!("to reproduce: {command}"));
        }
    }
    code
}

fn run(arguments: Arguments, program: &str, subjects: &mut Subjects) -> u8 {
    let mut terminal = Terminal::new(arguments.color);
    let chosen = subjects.choose(program, arguments.arm.as_deref());
    let result = chosen.and_then(|()| dispatch(&arguments, subjects, &mut terminal));
    let result = result.and_then(|code| {
        // The end of the output may still be in a buffer: on a full disk a script would read half a
        // result with code 0.
        terminal.flush()?;
        Ok(code)
    });
    let code = result.unwrap_or_else(|failure| {
        // A program that reads the result gets an object, too.
        let is_first = arguments.command.is_json() && !terminal.has_printed();
        if is_first && !matches!(failure, CommandError::Terminal(_)) {
            let printed = terminal.print_object(failure.object());
            if let Err(error) = printed.and_then(|()| terminal.flush()) {
                return CommandError::from(error).report(&mut terminal);
            }
        }
        failure.report(&mut terminal)
    });
    tracing::debug!(code, "end");
    code
}

fn dispatch(
    arguments: &Arguments,
    subjects: &Subjects,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let subject = subjects.chosen();
    let command_line = || subjects.command_line(explore::program_name::name());
    tracing_filter::init(arguments.log.as_deref()).map_err(CommandError::usage)?;
    tracing::debug!(build = PROGRAM_BUILD, command = ?arguments.command, "begin");
    let _watchdog = stuck::watch(arguments.stuck_after)?;
    match &arguments.command {
        Command::Run(arguments) => commands::run::run(arguments, subject, terminal),
        Command::Report(arguments) => commands::report::run(arguments, subject, terminal),
        Command::Ping(arguments) => commands::ping::run(arguments, terminal),
        Command::New(arguments) => commands::new::run(arguments, terminal),
        Command::Check(arguments) => commands::check::run(arguments, terminal),
        Command::Sweep(arguments) => commands::sweep::run(arguments, subject, terminal),
        Command::Merge(arguments) => commands::merge::run(arguments, terminal),
        Command::Replay(arguments) => commands::replay::run(arguments, subject, terminal),
        Command::Compare(arguments) => commands::compare::run(arguments, subjects, terminal),
        Command::Verify(arguments) => commands::verify::run(arguments, subject, terminal),
        Command::Shrink(arguments) => commands::shrink::run(arguments, subject, terminal),
        Command::Explain(arguments) => commands::explain::run(arguments, subject, terminal),
        Command::Diagnose(arguments) => commands::diagnose::run(arguments, terminal),
        Command::Schema(arguments) => commands::schema::run(arguments, terminal),
        Command::Completions(arguments) => {
            commands::completions::run(arguments, command_line(), terminal)
        }
        Command::Man(arguments) => commands::man::run(arguments, command_line(), terminal),
    }
}

/// The colour that the arguments ask for. Where clap answers itself, nobody has read them.
fn asked_color() -> Color {
    let arguments: Vec<_> = std::env::args_os().collect();
    let is = |word: &str| {
        let joined = format!("--color={word}");
        let has_joined = arguments.iter().any(|it| *it == *joined);
        has_joined
            || arguments
                .windows(2)
                .any(|it| it[0] == "--color" && it[1] == *word)
    };
    match (is("always"), is("never")) {
        (true, false) => Color::Always,
        (false, true) => Color::Never,
        (true, true) | (false, false) => Color::Auto,
    }
}

/// Prints clap's answer: the help, the version, or what is wrong with the arguments.
fn print_usage(answer: &clap::Error) -> u8 {
    let mut terminal = Terminal::new(asked_color());
    // With its colours: the terminal removes them where the stream shows none.
    let text = answer.render().ansi().to_string();
    let (code, printed) = if answer.use_stderr() {
        (exit_code::USAGE, terminal.note(&text))
    } else {
        (exit_code::SUCCESS, terminal.print_coloured(&text))
    };
    match printed.and_then(|()| terminal.flush()) {
        Ok(()) => code,
        Err(error) => CommandError::from(error).report(&mut terminal),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn a_panic_is_code_70_and_any_other_code_is_kept() {
        assert_eq!(catch_panic(|| panic!("this panic is part of a test")), 70);
        assert_eq!(catch_panic(|| exit_code::UNEXPECTED), exit_code::UNEXPECTED);
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
