//! `mtasim compare`: a fix proved, or not, on the same seeds.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use explore::compare::{self, Arm, CompareError, Trial};
use explore::{SeedRange, Shipped};
use scenario::plan::{Build, Scenario, Vocabulary};

use crate::arguments::Format;
use crate::commands::sweep;
use crate::exit;
use crate::terminal::Terminal;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("arms").required(true).args(["builds", "set"])))]
pub(crate) struct CompareArguments {
    /// The scenario file; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Builds to compare with the first of them; each is given to every host that the file has
    /// run one of them.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = build)]
    builds: Vec<Build>,
    /// Compare the file as it is with the file and this setting; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// The seeds, B not included.
    #[arg(long, value_name = "A..B")]
    seeds: SeedRange,
    /// Runs at once; as many as there are processors unless given.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

fn build(text: &str) -> Result<Build, String> {
    let known = Build::ALL.iter();
    let found = known.copied().find(|build| build.word() == text);
    found.ok_or_else(|| {
        let words: Vec<&str> = Build::ALL.iter().map(|build| build.word()).collect();
        format!("the builds are {}", words.join(", "))
    })
}

pub(crate) fn run(arguments: &CompareArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let arms = match arms(arguments, terminal)? {
        Ok(arms) => arms,
        Err(code) => return Ok(code),
    };
    let trial = Trial {
        arms: Arc::new(arms),
        seeds: arguments.seeds,
        jobs: arguments.jobs.unwrap_or_else(sweep::processors),
        heeds_signals: true,
    };
    let bar = sweep::progress_bar(trial.seeds.len());
    let compared = compare::compare(&trial, Arc::new(Shipped), |seeds| bar.set_position(seeds));
    bar.finish_and_clear();
    let comparison = match compared {
        Ok(comparison) => comparison,
        Err(error) => {
            terminal.complain(&error.to_string());
            return Ok(match error {
                CompareError::Assembly(_) => exit::USAGE,
                CompareError::Threads(_) => exit::ENVIRONMENT,
                CompareError::Panicked(_) => exit::OUR_BUG,
            });
        }
    };
    match arguments.format {
        Format::Human => terminal.result(&comparison.to_string())?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&comparison).expect("plain data");
            terminal.result(&format!("{text}\n"))?;
        }
    }
    Ok(match (comparison.complete, comparison.broke()) {
        (false, _) => exit::INTERRUPTED,
        (true, true) => exit::UNEXPECTED,
        (true, false) => exit::AS_EXPECTED,
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
        terminal.complain("--builds needs two builds at least, such as A,B");
        return Ok(Err(exit::USAGE));
    }
    let mut arms = Vec::new();
    for &build in &arguments.builds {
        let set = match compare::overrides_for(&plain, build, &arguments.builds) {
            Ok(set) => set,
            Err(wrong) => {
                terminal.complain(&wrong);
                return Ok(Err(exit::USAGE));
            }
        };
        let name = build.word().to_owned();
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
