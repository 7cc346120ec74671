//! `mtasim replay`: a capsule, run again.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use explore::capsule::{self, Capsule};
use explore::replay::{Replayed, Verdict, Window};
use explore::{Shipped, replay};
use kernel::{Duration, Instant};
use serde_json::json;

use crate::arguments::Format;
use crate::commands::length::Length;
use crate::exit;
use crate::input;
use crate::terminal::Terminal;

/// How much is shown before the moment asked for.
const WINDOW: Length = Length(Duration::from_secs(1));

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The capsule.
    #[arg(value_name = "CAPSULE")]
    capsule: PathBuf,
    /// Show what was written down until this time of the run, such as 2h5m or 90s.
    #[arg(long, value_name = "TIME")]
    until: Option<Length>,
    /// How much of the time before it to show; alone, the time before the failure.
    #[arg(long, value_name = "TIME")]
    window: Option<Length>,
    /// How to answer; `json` is one object.
    #[arg(long, value_enum, default_value_t = Format::Human, conflicts_with_all = ["until", "window"])]
    format: Format,
}

pub(crate) fn run(arguments: &ReplayArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let capsule = match load(&arguments.capsule, terminal) {
        Ok(capsule) => capsule,
        Err(code) => return Ok(code),
    };
    let window = window(arguments, &capsule);
    let replayed = match replay(&capsule, &Shipped, window.is_some()) {
        Ok(replayed) => replayed,
        Err(error) => {
            terminal.complain(&error.to_string());
            return Ok(exit::USAGE);
        }
    };
    if let Some(window) = window {
        for line in window.lines(&replayed.outcome) {
            terminal.result(&format!("{line}\n"))?;
        }
    }
    match arguments.format {
        Format::Human => terminal.result(&page(&capsule, &replayed))?,
        Format::Json => terminal.result(&format!("{}\n", object(&capsule, &replayed)))?,
    }
    Ok(match &replayed.verdict {
        Verdict::Nondeterminism(_) => exit::NONDETERMINISM,
        Verdict::OtherBuild {
            still_fails: false, ..
        } => exit::UNEXPECTED,
        Verdict::Same | Verdict::OtherBuild { .. } => exit::AS_EXPECTED,
    })
}

/// Reads a capsule, or says what is wrong and gives the exit code.
pub(crate) fn load(path: &Path, terminal: &mut Terminal) -> Result<Capsule, u8> {
    let name = path.display();
    let bytes = input::read_at_most(path, capsule::SIZE_MAX as u64 + 1).map_err(|error| {
        terminal.complain(&format!("cannot read {name}: {error}"));
        exit::ENVIRONMENT
    })?;
    Capsule::parse(&bytes).map_err(|error| {
        terminal.complain(&format!("cannot use {name}: {error}"));
        exit::USAGE
    })
}

fn window(arguments: &ReplayArguments, capsule: &Capsule) -> Option<Window> {
    let failed_at = Instant::from_nanos(capsule.failure.at);
    if arguments.until.is_none() && arguments.window.is_none() {
        return None;
    }
    let until = arguments.until.map(|it| Instant::ZERO + it.0);
    Some(Window {
        until: until.unwrap_or(failed_at),
        length: arguments.window.unwrap_or(WINDOW).0,
    })
}

fn page(capsule: &Capsule, replayed: &Replayed) -> String {
    let mut page = format!("{}, seed {}\n", capsule.scenario.title, capsule.seed);
    page.push_str(&match &replayed.verdict {
        Verdict::Same => format!("the same run: digest {}\n", capsule.digest),
        Verdict::Nondeterminism(divergence) => format!(
            "NOT the same run, though the build is: {divergence}\n  kept: {}\n  now:  {}\n",
            capsule.digest, replayed.outcome.digest
        ),
        Verdict::OtherBuild {
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
        let at = Instant::from_nanos(failure.at);
        let (signature, count) = (&failure.signature, failure.count);
        page.push_str(&format!("  {at} s  {signature} ({count} times)\n"));
    }
    page
}

fn object(capsule: &Capsule, replayed: &Replayed) -> serde_json::Value {
    let (verdict, divergence) = match &replayed.verdict {
        Verdict::Same => ("same", None),
        Verdict::Nondeterminism(divergence) => ("nondeterminism", Some(divergence)),
        Verdict::OtherBuild { divergence, .. } => ("other-build", Some(divergence)),
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
    })
}
