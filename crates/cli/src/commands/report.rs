//! `mtasim report`: a run as one page.
//!
//! A page needs more than a folder or a capsule holds, so the run is made again, watched, and
//! held against the digest that was kept.

use std::fs;
use std::io;
use std::path::Path;

use config::file;
use config::plan::Scenario;
use explore::Shipped;
use explore::explain::{self, Explanation};
use explore::repro::capsule::{self, Capsule, CapsuleError};
use explore::shrink::parts;
use serde_json::Value as Json;
use simulation::{Outcome, Watch};
use view::{Shown, report};

use crate::arguments::{Explain, ReportArguments};
use crate::commands::run::{directory, quoted};
use crate::current_run;
use crate::exit_code;
use crate::input;
use crate::output;
use crate::terminal::Terminal;

/// Calls of threads in all runs of an explanation that is made without being asked for: seconds.
const CALLS_MAX: u64 = 20_000_000;
/// Bytes of a folder's result that are read: it lists violations, of which there are limits.
const RESULT_MAX: u64 = 1 << 26;

/// What is to be shown.
struct Source {
    scenario: Scenario,
    seed: u64,
    /// The failure it was kept for.
    signature: Option<String>,
    /// The digest it was kept with.
    digest: Option<String>,
    /// The command that repeats it.
    repeat: String,
}

pub(crate) fn run(arguments: &ReportArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let source = match source(arguments, terminal)? {
        Ok(source) => source,
        Err(code) => return Ok(code),
    };
    let watch = Watch {
        packets: true,
        threads: true,
    };
    let (scenario, seed) = (&source.scenario, source.seed);
    current_run::begin(&source.repeat);
    let (outcome, seen) = match explore::run_observed(scenario, seed, watch) {
        Ok(run) => run,
        Err(error) => {
            let name = arguments.source.display();
            terminal.error(&format!("{name}: {error}"));
            return Ok(exit_code::USAGE);
        }
    };
    let digest = outcome.digest.to_string();
    if let Some(kept) = source.digest.as_ref().filter(|kept| **kept != digest) {
        terminal.error(&format!(
            "{} was another run: it kept digest {kept}, and this build comes to {digest}",
            arguments.source.display()
        ));
        return Ok(exit_code::NONDETERMINISM);
    }
    let explanation = explanation(arguments.explain, &source, &outcome);
    let shown = Shown {
        scenario,
        outcome: &outcome,
        seen: &seen,
        repeat: &source.repeat,
    };
    let page = report(&shown, explanation.as_ref());
    current_run::end();
    if arguments.output.as_os_str() == "-" {
        terminal.print(&page)?;
    } else if let Err(error) = output::write(&arguments.output, page.as_bytes()) {
        terminal.error(&error);
        return Ok(exit_code::ENVIRONMENT);
    }
    Ok(exit_code::SUCCESS)
}

/// Why the failure happens, if that is wanted, or cheap.
fn explanation(when: Explain, source: &Source, outcome: &Outcome) -> Option<Explanation> {
    let runs = parts::parts(&source.scenario).len() as u64 + 1;
    let is_cheap = outcome.steps.saturating_mul(runs) <= CALLS_MAX;
    match when {
        Explain::Never => return None,
        Explain::Auto if !is_cheap => return None,
        Explain::Auto | Explain::Always => {}
    }
    let first = report::subject(&source.scenario, outcome);
    let signature = source.signature.clone().or(first)?;
    // The run was just made, but a capsule's failure may be gone in another build.
    explain::explain(&source.scenario, source.seed, Some(&signature), &Shipped).ok()
}

/// Reads what is to be shown, or says why it cannot be: the exit code.
fn source(arguments: &ReportArguments, terminal: &mut Terminal) -> io::Result<Result<Source, u8>> {
    let path = &arguments.source;
    if path.is_dir() {
        return Ok(of_folder(path).map_err(|error| {
            terminal.error(&error);
            exit_code::USAGE
        }));
    }
    let name = path.display().to_string();
    let bytes = match input::read_at_most(path, capsule::SIZE_MAX as u64 + 1) {
        Ok(bytes) => bytes,
        Err(error) => {
            terminal.error(&format!("cannot read {name}: {error}"));
            return Ok(Err(exit_code::ENVIRONMENT));
        }
    };
    match Capsule::parse(&bytes) {
        Ok(capsule) => Ok(Ok(of_capsule(capsule, &name))),
        Err(CapsuleError::Foreign) => match file::load(&name, &bytes, &arguments.overrides.set) {
            Ok(scenario) => Ok(Ok(of_file(scenario, arguments))),
            Err(found) => {
                terminal.note(&found.to_human(true))?;
                Ok(Err(exit_code::USAGE))
            }
        },
        Err(error) => {
            terminal.error(&format!("cannot use {name}: {error}"));
            Ok(Err(exit_code::USAGE))
        }
    }
}

fn of_capsule(capsule: Capsule, name: &str) -> Source {
    let is_ours = capsule.is_of_this_build();
    Source {
        seed: capsule.seed,
        signature: Some(capsule.failure.signature),
        digest: is_ours.then_some(capsule.digest),
        repeat: format!("mtasim replay {}", quoted(name)),
        scenario: capsule.scenario,
    }
}

fn of_file(scenario: Scenario, arguments: &ReportArguments) -> Source {
    let seed = arguments.seed.given.unwrap_or(scenario.seed);
    let name = quoted(&arguments.source.display().to_string());
    let set = arguments.overrides.set.iter();
    let set: String = set.map(|it| format!(" --set {}", quoted(it))).collect();
    Source {
        scenario,
        seed,
        signature: None,
        digest: None,
        repeat: format!("mtasim run {name} --seed {seed}{set}"),
    }
}

/// A folder that `mtasim run --out` made, or what is wrong with it.
fn of_folder(path: &Path) -> Result<Source, String> {
    let read = |name: &str, most: u64| {
        let place = path.join(name);
        let told = |error| format!("{} is no folder of a run: {error}", path.display());
        match fs::metadata(&place) {
            Ok(data) if data.len() > most => Err(format!("{} is too long", place.display())),
            Ok(_) => fs::read(&place).map_err(told),
            Err(error) => Err(told(io::Error::new(
                error.kind(),
                format!("{}: {error}", place.display()),
            ))),
        }
    };
    let scenario = read(directory::SCENARIO, file::SIZE_MAX as u64)?;
    let name = path.join(directory::SCENARIO).display().to_string();
    let scenario = file::load(&name, &scenario, &[]).map_err(|found| found.to_human(false))?;
    let result = read(directory::RESULT, RESULT_MAX)?;
    let result: Json = serde_json::from_slice(&result)
        .map_err(|error| format!("{}: {error}", path.join(directory::RESULT).display()))?;
    let text = |key: &str| result[key].as_str().map(str::to_owned);
    let (Some(seed), Some(digest)) = (result["seed"].as_u64(), text("digest")) else {
        let place = path.join(directory::RESULT);
        return Err(format!("{} has no seed or no digest", place.display()));
    };
    let file = quoted(&name);
    Ok(Source {
        scenario,
        seed,
        signature: None,
        digest: Some(digest),
        repeat: text("repeat").unwrap_or_else(|| format!("mtasim run {file} --seed {seed}")),
    })
}
