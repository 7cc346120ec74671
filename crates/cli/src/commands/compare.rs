//! `mtasim compare`: two builds, or two settings, on the same seeds.

use std::sync::Arc;

use config::plan::{Keyword, Scenario};
use explore::Subject;
use explore::compare::{self, Arm, CompareError, Trial};

use crate::arguments::{CompareArguments, Format};
use crate::commands::sweep;
use crate::exit_code;
use crate::failure::Failure;
use crate::progress;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &CompareArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    let trial = Trial {
        arms: Arc::new(arms(arguments)?),
        seeds: arguments.seeds,
        jobs: arguments.jobs.count(),
        handle_signals: true,
    };
    let bar = progress::bar(trial.seeds.len());
    let compared = compare::compare(&trial, Arc::clone(subject), |seeds| bar.set_position(seeds));
    bar.finish_and_clear();
    let comparison = compared.map_err(|error| {
        let code = match error {
            CompareError::Lowering(_) => exit_code::USAGE,
            CompareError::Threads(_) => exit_code::IO,
            CompareError::Panicked(_) => exit_code::BUG,
        };
        Failure::Message(code, error.to_string())
    })?;
    match arguments.format {
        Format::Human => terminal.print(&comparison.to_string())?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&comparison).expect("plain data");
            terminal.print_json(&format!("{text}\n"))?;
        }
    }
    Ok(if !comparison.complete {
        exit_code::INTERRUPTED
    } else if comparison.broke() {
        exit_code::UNEXPECTED
    } else if comparison.is_undecided() {
        exit_code::UNDECIDED
    } else {
        exit_code::SUCCESS
    })
}

/// The scenarios to compare, the baseline first.
fn arms(arguments: &CompareArguments) -> Result<Vec<Arm>, Failure> {
    let baseline = load(arguments, &[])?;
    if arguments.builds.is_empty() {
        let changed = load(arguments, &arguments.set)?;
        return Ok(vec![
            Arm {
                name: "as in the file".to_owned(),
                scenario: baseline,
            },
            Arm {
                name: arguments.set.join(" "),
                scenario: changed,
            },
        ]);
    }
    if arguments.builds.len() < 2 {
        return Err(Failure::usage(
            "--builds needs at least two builds, such as A,B",
        ));
    }
    let arms = arguments.builds.iter().map(|&build| {
        let set = compare::overrides_for(&baseline, build, &arguments.builds);
        let set = set.map_err(Failure::usage)?;
        Ok(Arm {
            name: build.as_str().to_owned(),
            scenario: load(arguments, &set)?,
        })
    });
    arms.collect()
}

fn load(arguments: &CompareArguments, set: &[String]) -> Result<Scenario, Failure> {
    let mut points = sweep::grid_points(&arguments.file, set, &[])?;
    Ok(points.remove(0).scenario)
}
