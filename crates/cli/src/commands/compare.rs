//! `mtasim compare`: two builds, two settings or two systems under test, on the same seeds.

use std::fmt::Display;
use std::sync::Arc;

use config::plan::{Keyword, Scenario};
use explore::compare::{self, Arm, CompareError, Comparison, Trial};
use serde_json::json;

use crate::arguments::{CompareArguments, Format};
use crate::command_error::CommandError;
use crate::command_line::Subjects;
use crate::commands::sweep;
use crate::exit_code;
use crate::progress;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &CompareArguments,
    subjects: &Subjects,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let trial = Trial {
        arms: Arc::new(arms(arguments, subjects)?),
        seeds: arguments.seeds,
        signature: arguments.signature.clone(),
        jobs: arguments.jobs.count(),
        handle_signals: true,
    };
    let bar = progress::bar(trial.seeds.len());
    let compared = compare::compare(&trial, |seeds| progress::show(&bar, seeds, ""));
    bar.finish_and_clear();
    let comparison = compared.map_err(|error| {
        let code = match error {
            CompareError::Lowering(_) => exit_code::USAGE,
            CompareError::Threads(_) => exit_code::IO,
            CompareError::Panicked(_) => exit_code::BUG,
        };
        CommandError::Message(code, error.to_string())
    })?;
    let (code, verdict) = verdict(&comparison);
    match arguments.format {
        Format::Human => terminal.print(&comparison.to_string())?,
        Format::Json => {
            let mut object = serde_json::to_value(&comparison).expect("plain data");
            object["verdict"] = json!(verdict);
            terminal.print_object(object)?;
        }
    }
    if !comparison.complete {
        let (done, all) = (comparison.seeds, arguments.seeds.len());
        terminal.error(&format!("interrupted after {done} of {all} seeds"));
    }
    Ok(code)
}

/// The exit code, and the word for it in JSON.
fn verdict(comparison: &Comparison) -> (u8, &'static str) {
    if !comparison.complete {
        (exit_code::INTERRUPTED, "interrupted")
    } else if comparison.broke() {
        // Before undecided seeds: this one is decided, whatever the others are.
        (exit_code::UNEXPECTED, "broke")
    } else if comparison.is_undecided() {
        (exit_code::UNDECIDED, "undecided")
    } else {
        (exit_code::SUCCESS, "none-broke")
    }
}

/// What to compare, the baseline first.
fn arms(arguments: &CompareArguments, subjects: &Subjects) -> Result<Vec<Arm>, CommandError> {
    let baseline = load(arguments, &[])?;
    let subject = subjects.chosen();
    let arm = |name: &str, scenario| Arm {
        name: name.to_owned(),
        scenario,
        subject: Arc::clone(subject),
    };
    if !arguments.arms.is_empty() {
        two_or_more("--arms", &arguments.arms)?;
        let arms = arguments.arms.iter().enumerate().map(|(index, name)| {
            Ok(Arm {
                name: name.clone(),
                scenario: load(arguments, first_only(arguments, index))?,
                subject: Arc::clone(subjects.named(name)?),
            })
        });
        return arms.collect();
    }
    if arguments.builds.is_empty() {
        let arms = [&arguments.set_first, &arguments.set].map(|set| {
            let name = match set.as_slice() {
                [] => "as in the file".to_owned(),
                set => set.join(" "),
            };
            Ok::<Arm, CommandError>(arm(&name, load(arguments, set)?))
        });
        return arms.into_iter().collect();
    }
    two_or_more("--builds", &arguments.builds)?;
    let arms = arguments.builds.iter().enumerate().map(|(index, &build)| {
        let set = compare::overrides_for(&baseline, build, &arguments.builds);
        let set = set.map_err(CommandError::usage)?;
        let set = [&set, first_only(arguments, index)].concat();
        Ok(arm(build.as_str(), load(arguments, &set)?))
    });
    arms.collect()
}

/// The settings of the first arm alone, for the arm with this index.
fn first_only(arguments: &CompareArguments, index: usize) -> &[String] {
    match index {
        0 => &arguments.set_first,
        _ => &[],
    }
}

fn two_or_more<T: PartialEq + Display>(option: &str, values: &[T]) -> Result<(), CommandError> {
    if values.len() < 2 {
        let text = format!("{option} needs at least two, such as A,B");
        return Err(CommandError::usage(text));
    }
    let mut numbered = values.iter().enumerate();
    match numbered.find(|(index, it)| values[..*index].contains(it)) {
        Some((_, twice)) => Err(CommandError::usage(format_args!(
            "{option}: {twice} is given twice"
        ))),
        None => Ok(()),
    }
}

/// The scenario with the settings of all arms and those of one.
fn load(arguments: &CompareArguments, set: &[String]) -> Result<Scenario, CommandError> {
    let set = [&arguments.set_all, set].concat();
    // A grid without axes has one point, and its settings are checked as those of a sweep.
    let mut points = sweep::grid_points(&arguments.file, &set, &[])?;
    Ok(points.remove(0).scenario)
}
