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
mod paths;
mod progress;
mod shell;
mod signals;
mod stopwatch;
mod stuck;
mod terminal;
mod tracing_filter;

use std::borrow::Cow;
use std::io;
use std::panic::{self, UnwindSafe};

use arguments::{Arguments, Color, Command};
use command_error::CommandError;
use command_line::Subjects;
use config::untrusted_text;
use explore::repro::capsule::PROGRAM_BUILD;
use terminal::Terminal;

pub use command_line::CommandLine;

/// Printed below the message of a panic.
const BUG_REPORT: &str =
    "this is a bug of mtasim; please report it with the scenario and the output above";

/// The exit code of `command`, or [`exit_code::BUG`] if it panics. The panic message itself names
/// scenario, seed and virtual time.
fn catch_panic(format: ErrorFormat, command: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    let panicked = |_| {
        let error = CommandError::Message(exit_code::BUG, BUG_REPORT.to_owned());
        // The code and the message of a panic come first; that nobody reads them changes nothing.
        let _ = print_object(&error, format, &mut Terminal::new(Color::Never));
        exit_code::BUG
    };
    let code = panic::catch_unwind(command).unwrap_or_else(panicked);
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

/// How an error is told besides the message on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorFormat {
    /// Not at all.
    Human,
    /// As an object on standard output.
    Json,
}

impl ErrorFormat {
    const fn of(is_json: bool) -> Self {
        if is_json { Self::Json } else { Self::Human }
    }
}

/// Prints the object of an error for a program that reads JSON, unless there is a result on standard output: one
/// command prints either.
fn print_object(
    error: &CommandError,
    format: ErrorFormat,
    terminal: &mut Terminal,
) -> io::Result<()> {
    if format == ErrorFormat::Human || terminal::has_printed() {
        return Ok(());
    }
    terminal.print_object(error.object())?;
    terminal.flush()
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
        let format = ErrorFormat::of(arguments.command.is_json());
        // Standard output that cannot be written takes no object either.
        if !matches!(failure, CommandError::Terminal(_))
            && let Err(error) = print_object(&failure, format, &mut terminal)
        {
            return CommandError::from(error).report(&mut terminal);
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
    let _watchdog = stuck::watch(
        arguments.stuck_after,
        ErrorFormat::of(arguments.command.is_json()),
    )?;
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

/// Whether the arguments have an option with this value, in either form. Where clap answers itself, nobody has read
/// them.
fn asks_for(option: &str, value: &str) -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let joined = format!("{option}={value}");
    let has_joined = arguments.iter().any(|it| *it == *joined);
    let mut pairs = arguments.windows(2);
    has_joined || pairs.any(|it| it[0] == *option && it[1] == *value)
}

/// The colour that the arguments ask for.
fn asked_color() -> Color {
    let is = |word| asks_for("--color", word);
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
    let text = within_lines(answer.render().ansi().to_string());
    let (code, printed) = if answer.use_stderr() {
        let error = CommandError::usage(first_paragraph(answer));
        let format = ErrorFormat::of(asks_for("--format", "json"));
        let printed = print_object(&error, format, &mut terminal);
        terminal.note(&text);
        (exit_code::USAGE, printed)
    } else {
        (exit_code::SUCCESS, terminal.print_coloured(&text))
    };
    match printed.and_then(|()| terminal.flush()) {
        Ok(()) => code,
        Err(error) => CommandError::from(error).report(&mut terminal),
    }
}

/// The text with line ends and the like of arguments shown: clap quotes arguments as they are.
fn within_lines(mut text: String) -> String {
    for argument in std::env::args_os() {
        let argument = argument.to_string_lossy();
        let value = argument.split_once('=').map_or("", |(_, value)| value);
        for part in [&*argument, value] {
            if let Cow::Owned(shown) = untrusted_text::line(part) {
                text = text.replace(part, &shown);
            }
        }
    }
    text
}

/// What is wrong with the arguments, in one line: clap's text goes on with the usage.
fn first_paragraph(answer: &clap::Error) -> String {
    let text = within_lines(answer.render().to_string());
    let lines = text.lines().take_while(|it| !it.is_empty());
    let line = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn a_panic_is_code_70_and_any_other_code_is_kept() {
        let panicked = || panic!("this panic is part of a test");
        assert_eq!(catch_panic(ErrorFormat::Human, panicked), 70);
        let unexpected = || exit_code::UNEXPECTED;
        assert_eq!(
            catch_panic(ErrorFormat::Human, unexpected),
            exit_code::UNEXPECTED
        );
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
