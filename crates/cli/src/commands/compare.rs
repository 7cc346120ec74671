//! `mtasim compare`: a fix proved, or not, on the same seeds.

use std::io;
use std::sync::Arc;

use config::plan::{Keyword, Scenario};
use explore::Shipped;
use explore::compare::{self, Arm, CompareError, Trial};

use crate::arguments::{CompareArguments, Format};
use crate::commands::sweep;
use crate::exit_code;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &CompareArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let arms = match arms(arguments, terminal)? {
        Ok(arms) => arms,
        Err(code) => return Ok(code),
    };
    let trial = Trial {
        arms: Arc::new(arms),
        seeds: arguments.seeds,
        jobs: arguments.jobs.unwrap_or_else(sweep::processors),
        handle_signals: true,
    };
    let bar = sweep::progress_bar(trial.seeds.len());
    let compared = compare::compare(&trial, Arc::new(Shipped), |seeds| bar.set_position(seeds));
    bar.finish_and_clear();
    let comparison = match compared {
        Ok(comparison) => comparison,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(match error {
                CompareError::Assembly(_) => exit_code::USAGE,
                CompareError::Threads(_) => exit_code::ENVIRONMENT,
                CompareError::Panicked(_) => exit_code::BUG,
            });
        }
    };
    match arguments.format {
        Format::Human => terminal.print(&comparison.to_string())?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&comparison).expect("plain data");
            terminal.print(&format!("{text}\n"))?;
        }
    }
    Ok(match (comparison.complete, comparison.broke()) {
        (false, _) => exit_code::INTERRUPTED,
        (true, true) => exit_code::UNEXPECTED,
        (true, false) => exit_code::SUCCESS,
    })
}

/// The arms, or the exit code after saying what is wrong.
fn arms(arguments: &CompareArguments, terminal: &mut Terminal) -> io::Result<Result<Vec<Arm>, u8>> {
    let plain = match load(arguments, &[], terminal)? {
        Ok(plain) => plain,
        Err(code) => return Ok(Err(code)),
    };
    if arguments.builds.is_empty() {
        let second = load(arguments, &arguments.set, terminal)?;
        return Ok(second.map(|scenario| {
            let first = Arm {
                name: "as in the file".to_owned(),
                scenario: plain,
            };
            let name = arguments.set.join(" ");
            vec![first, Arm { name, scenario }]
        }));
    }
    if arguments.builds.len() < 2 {
        terminal.error("--builds needs two builds at least, such as A,B");
        return Ok(Err(exit_code::USAGE));
    }
    let mut arms = Vec::new();
    for &build in &arguments.builds {
        let set = match compare::overrides_for(&plain, build, &arguments.builds) {
            Ok(set) => set,
            Err(wrong) => {
                terminal.error(&wrong);
                return Ok(Err(exit_code::USAGE));
            }
        };
        let name = build.as_str().to_owned();
        match load(arguments, &set, terminal)? {
            Ok(scenario) => arms.push(Arm { name, scenario }),
            Err(code) => return Ok(Err(code)),
        }
    }
    Ok(Ok(arms))
}

fn load(
    arguments: &CompareArguments,
    set: &[String],
    terminal: &mut Terminal,
) -> io::Result<Result<Scenario, u8>> {
    let points = sweep::load_points(&arguments.file, set, &[], terminal)?;
    Ok(points.map(|mut points| points.remove(0).scenario))
}
