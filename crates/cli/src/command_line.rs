//! A program with the commands of `mtasim`: its name, and the systems under test that it runs.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Command as Clap, CommandFactory, FromArgMatches};
use config::untrusted_text;
use explore::{Subject, program_name};

use crate::arguments::{Arguments, Color};
use crate::command_error::CommandError;
use crate::signals;
use crate::terminal::Terminal;
use crate::{ErrorFormat, catch_panic, print_usage, run};

/// A program that runs scenarios with systems under test of yours.
///
/// With several, `--arm NAME` chooses one, otherwise the first is run; `compare --arms A,B` compares
/// them on the same seeds. `verify` needs the modeled threads of an MTA: builds of your own
/// (`mtasim::property::Builds`) have them, guests are refused.
pub struct CommandLine {
    name: &'static str,
    subjects: Subjects,
}

/// The systems under test of a program.
pub(crate) struct Subjects {
    arms: Vec<(String, Arc<dyn Subject>)>,
    chosen: usize,
}

impl CommandLine {
    /// A program that prints commands with this name.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            subjects: Subjects {
                arms: Vec::new(),
                chosen: 0,
            },
        }
    }

    /// Adds a system under test.
    #[must_use]
    pub fn arm(mut self, name: &str, subject: impl Subject + 'static) -> Self {
        let arms = &mut self.subjects.arms;
        arms.push((name.to_owned(), Arc::new(subject)));
        self
    }

    /// Reads the arguments of the process and runs the command.
    ///
    /// # Panics
    /// If there is no system under test.
    #[must_use]
    pub fn main(mut self) -> ExitCode {
        let arms = &self.subjects.arms;
        assert!(!arms.is_empty(), "a program has at least one arm");
        // First: a signal has the same effect at any time.
        let _signals = match signals::end_process() {
            Ok(signals) => signals,
            Err(error) => return ExitCode::from(error.report(&mut Terminal::new(Color::Auto))),
        };
        let matches = self.subjects.command_line(self.name).try_get_matches();
        let arguments = matches.and_then(|it| Arguments::from_arg_matches(&it));
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(error) => return ExitCode::from(print_usage(&error)),
        };
        // Unwind safe, because nothing is read after a panic but the command that was noted before it.
        let format = ErrorFormat::of(arguments.command.is_json());
        ExitCode::from(catch_panic(
            format,
            AssertUnwindSafe(|| run(arguments, self.name, &mut self.subjects)),
        ))
    }
}

impl std::fmt::Debug for CommandLine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let arms = self.subjects.names();
        formatter
            .debug_struct("CommandLine")
            .field("name", &self.name)
            .field("arms", &arms)
            .finish()
    }
}

impl Subjects {
    /// The command line of the program.
    pub(crate) fn command_line(&self, program: &'static str) -> Clap {
        named(Arguments::command(), program, self.arms.len() > 1)
    }

    /// Chooses the arm that commands run.
    pub(crate) fn choose(&mut self, program: &str, arm: Option<&str>) -> Result<(), CommandError> {
        if let Some(arm) = arm {
            self.chosen = self.index(arm)?;
        }
        // The first arm is run without `--arm`, so printed commands need not name it.
        let arm = arm.filter(|_| self.chosen > 0);
        program_name::set(program, arm);
        Ok(())
    }

    pub(crate) fn chosen(&self) -> &Arc<dyn Subject> {
        &self.arms[self.chosen].1
    }

    pub(crate) fn named(&self, name: &str) -> Result<&Arc<dyn Subject>, CommandError> {
        Ok(&self.arms[self.index(name)?].1)
    }

    fn index(&self, name: &str) -> Result<usize, CommandError> {
        let index = self.arms.iter().position(|(arm, _)| arm == name);
        index.ok_or_else(|| {
            let names = self.names().join(", ");
            let name = untrusted_text::line(name);
            CommandError::usage(format_args!("no arm is named `{name}`: there are {names}"))
        })
    }

    fn names(&self) -> Vec<&str> {
        self.arms.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// The command line under another name: also in the examples of its help.
fn named(command: Clap, name: &'static str, has_arms: bool) -> Clap {
    let command = command.mut_arg("arm", |arm| arm.hide(!has_arms));
    // The modeled threads of MTAs make calls only; a program of the user's may do anything.
    let command = command.mut_arg("stuck_after", |it| it.hide(name == "mtasim"));
    let command = command.mut_subcommand("compare", |compare| {
        let compare = compare.mut_arg("arms", |arms| arms.hide(!has_arms));
        match has_arms {
            true => compare,
            // The usage lists all of a required group, also what is hidden.
            false => compare.mut_group("compared", |_| {
                ArgGroup::new("compared")
                    .required(true)
                    .args(["builds", "set"])
            }),
        }
    });
    if name == "mtasim" {
        return command;
    }
    let commands: Vec<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    let renamed = |command: Clap| {
        let help = command.get_after_help().map(ToString::to_string);
        // With the space: a path such as `mtasim-results` in an example keeps its name.
        let help = help.map(|it| it.replace("mtasim ", &format!("{name} ")));
        match help {
            Some(help) => command.after_help(help),
            None => command,
        }
    };
    let command = commands.iter().fold(command, |it, subcommand| {
        it.mut_subcommand(subcommand, renamed)
    });
    command.name(name)
}
