//! `mtasim replay`: a capsule, run again.

use std::io;
use std::path::Path;

use explore::repro::capsule::{self, Capsule};
use explore::repro::replay::{ReplayOutcome, Replayed, Window};
use explore::{Shipped, replay};
use serde_json::json;

use crate::arguments::{Format, ReplayArguments};
use crate::exit_code;
use crate::input;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &ReplayArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let capsule = match load(&arguments.capsule, terminal) {
        Ok(capsule) => capsule,
        Err(code) => return Ok(code),
    };
    let window = Window::asked(arguments.until, arguments.window, &capsule);
    let replayed = match replay(&capsule, &Shipped, window.is_some()) {
        Ok(replayed) => replayed,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(exit_code::USAGE);
        }
    };
    let lines = window.map(|window| window.lines(&capsule.scenario, &replayed.outcome));
    let lines: Vec<String> = lines.into_iter().flatten().collect();
    match arguments.format {
        Format::Human => {
            for line in &lines {
                terminal.print(&format!("{line}\n"))?;
            }
            terminal.print(&page(&capsule, &replayed))?;
        }
        Format::Json => {
            let object = object(&capsule, &replayed, &lines);
            terminal.print(&format!("{object}\n"))?;
        }
    }
    Ok(match &replayed.verdict {
        ReplayOutcome::Nondeterminism(_) => exit_code::NONDETERMINISM,
        ReplayOutcome::OtherBuild {
            still_fails: false, ..
        } => exit_code::UNEXPECTED,
        ReplayOutcome::Same | ReplayOutcome::OtherBuild { .. } => exit_code::SUCCESS,
    })
}

/// Reads a capsule, or says what is wrong and gives the exit code.
pub(crate) fn load(path: &Path, terminal: &mut Terminal) -> Result<Capsule, u8> {
    let name = path.display();
    let bytes = input::read_at_most(path, capsule::SIZE_MAX as u64 + 1).map_err(|error| {
        terminal.error(&format!("cannot read {name}: {error}"));
        exit_code::ENVIRONMENT
    })?;
    Capsule::parse(&bytes).map_err(|error| {
        terminal.error(&format!("cannot use {name}: {error}"));
        exit_code::USAGE
    })
}

fn page(capsule: &Capsule, replayed: &Replayed) -> String {
    let mut page = format!("{}, seed {}\n", capsule.scenario.title, capsule.seed);
    page.push_str(&match &replayed.verdict {
        ReplayOutcome::Same => format!("the same run: digest {}\n", capsule.digest),
        ReplayOutcome::Nondeterminism(divergence) => format!(
            "NOT the same run, though the build is: {divergence}\n  kept: {}\n  now:  {}\n",
            capsule.digest, replayed.outcome.digest
        ),
        ReplayOutcome::OtherBuild {
            kept_by,
            this,
            still_fails,
            divergence,
        } => format!(
            "another run: kept by mtasim {kept_by}, this is {this}\n  {divergence}\n  the failure {}\n",
            if *still_fails { "still appears" } else { "appears no more" }
        ),
    });
    page.push_str(&format!("kept for: {}\n", capsule.failure.signature));
    for failure in &replayed.failures {
        let at = failure.time();
        let (signature, count) = (&failure.signature, failure.count);
        page.push_str(&format!("  {at} s  {signature} ({count} times)\n"));
    }
    page
}

fn object(capsule: &Capsule, replayed: &Replayed, lines: &[String]) -> serde_json::Value {
    let (verdict, divergence) = match &replayed.verdict {
        ReplayOutcome::Same => ("same", None),
        ReplayOutcome::Nondeterminism(divergence) => ("nondeterminism", Some(divergence)),
        ReplayOutcome::OtherBuild { divergence, .. } => ("other-build", Some(divergence)),
    };
    json!({
        "schema_version": 1,
        "verdict": verdict,
        "seed": capsule.seed,
        "kept_by": capsule.build,
        "mtasim": capsule::BUILD,
        "digest_kept": capsule.digest,
        "digest": replayed.outcome.digest.to_string(),
        "divergence": divergence.map(|it| it.to_string()),
        "signature": capsule.failure.signature,
        "failures": replayed.failures,
        "records": lines,
    })
}
