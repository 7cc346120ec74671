//! `mtasim verify`: runs a small scenario under every schedule of its threads.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use config::plan::HostProgram;
use explore::verify::{Conclusion, VerificationResult, verify};
use explore::{Capsule, Subject, counted, plain_file, program_name};
use serde_json::{Value as Json, json};
use simulation::Bound;

use crate::arguments::{Format, VerifyArguments};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::input;
use crate::output::{self, OutputFile, Rules};
use crate::progress;
use crate::shell;
use crate::signals;
use crate::stopwatch::Stopwatch;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &VerifyArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let mut scenario = input::scenario(&arguments.file, &arguments.overrides)?;
    // A counterexample keeps the scenario, whose own seed has to be the one that was searched.
    scenario.seed = arguments.seed.given.unwrap_or(scenario.seed);
    if let Some(build) = arguments.build {
        scenario
            .hosts
            .values_mut()
            .for_each(|host| host.program = HostProgram::Build(build));
    }
    output::prepare_directory(&arguments.out)?;
    let bound = Bound {
        preemptions: arguments.preemptions,
        runs: arguments.max_runs,
    };
    let bar = progress::bar(arguments.max_runs);
    let stopwatch = Stopwatch::start();
    // Noticed between two executions: each is short, and the tree of the search stays whole.
    let interrupts = signals::watch()?;
    let verified = verify(&scenario, bound, &**subject, |runs| {
        progress::show(&bar, runs, "");
        match interrupts.seen() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    bar.finish_and_clear();
    interrupts.stop();
    let verified = verified.map_err(CommandError::usage)?;
    // What was found is printed even if it cannot be kept.
    let kept = if let Conclusion::Broken(capsule) = &verified.conclusion {
        keep(capsule, arguments, terminal).map(Some)
    } else {
        Ok(None)
    };
    let counterexample = kept.as_ref().ok().and_then(Option::as_deref);
    match arguments.format {
        Format::Human => {
            terminal.print(&summary(&verified, arguments.preemptions, counterexample))?;
            let elapsed = stopwatch.elapsed().as_secs_f64();
            terminal.note(&format!("{elapsed:.2} s\n"));
        }
        Format::Json => terminal.print_object(object(&verified, counterexample))?,
    }
    kept?;
    Ok(match verified.conclusion {
        Conclusion::Exhausted => exit_code::SUCCESS,
        Conclusion::OutOfRuns { .. } | Conclusion::CutOff { .. } => exit_code::UNDECIDED,
        Conclusion::Interrupted => exit_code::INTERRUPTED,
        Conclusion::Broken(_) | Conclusion::NotReproduced(_) => exit_code::UNEXPECTED,
    })
}

/// Writes the capsule of a counterexample, unless it is there already; its path.
fn keep(
    capsule: &Capsule,
    arguments: &VerifyArguments,
    terminal: &mut Terminal,
) -> Result<String, CommandError> {
    // The same search finds the same counterexample: to run it again needs no `--force`.
    let path = arguments.out.join(capsule.file_name());
    let text = capsule.to_text();
    if !holds(&path, text.as_bytes()) {
        let rules = Rules {
            force: arguments.force,
            inputs: &[&arguments.file],
        };
        OutputFile::prepare(&path, rules)?.write(text.as_bytes(), terminal)?;
    }
    Ok(input::name(&path))
}

/// Whether a plain file holds exactly this.
fn holds(path: &Path, text: &[u8]) -> bool {
    let mut found = Vec::new();
    // One byte more than wanted, so that a longer file is another one.
    let read = plain_file::open(path)
        .and_then(|file| file.take(text.len() as u64 + 1).read_to_end(&mut found));
    read.is_ok() && found == text
}

/// The command that repeats the counterexample.
fn reproduce(counterexample: Option<&str>) -> String {
    counterexample.map_or_else(String::new, |path| {
        let replay = program_name::command(&format!("replay {}", shell::quote(path)));
        format!("  to reproduce: {replay}\n")
    })
}

fn summary(
    verified: &VerificationResult,
    preemptions: Option<u32>,
    counterexample: Option<&str>,
) -> String {
    let VerificationResult {
        runs, redundant, ..
    } = verified;
    let bound = preemptions.map_or_else(
        || "any number of preemptions".to_owned(),
        |limit| format!("at most {}", counted(u64::from(limit), "preemption")),
    );
    let effort = format!(
        "{}, {redundant} of them cut short as redundant; {bound}",
        counted(*runs, "execution")
    );
    match &verified.conclusion {
        Conclusion::Exhausted => format!("PASS: exhausted: {effort}; no violation\n"),
        Conclusion::OutOfRuns { explored } => format!(
            "UNDECIDED: not exhausted: {effort}; no violation so far\n  at most about {}.{:04} % of all \
             schedules\n",
            explored / 10_000,
            explored % 10_000
        ),
        Conclusion::Interrupted => {
            format!("UNDECIDED: interrupted: {effort}; no violation so far\n")
        }
        Conclusion::CutOff {
            limits,
            is_exhausted,
        } => format!(
            "UNDECIDED: {}{effort}; no violation so far\n  cut off by the scenario's own limits: {}; what \
             would have followed is not covered\n",
            if *is_exhausted { "" } else { "not exhausted: " },
            show_limits(limits)
        ),
        Conclusion::Broken(capsule) => format!(
            "FAIL: violation: {}\n  after {effort}\n{}",
            capsule.failure.signature,
            reproduce(counterexample)
        ),
        Conclusion::NotReproduced(signatures) => format!(
            "FAIL: violation: {}\n  after {effort}\n  no capsule: pinned preemptions do not reproduce it, because \
             a service restarted\n",
            signatures.join(", ")
        ),
    }
}

fn show_limits(limits: &BTreeMap<&str, u64>) -> String {
    let limits = limits.iter();
    let limits: Vec<String> = limits
        .map(|(limit, runs)| format!("{} at {limit}", counted(*runs, "execution")))
        .collect();
    limits.join(", ")
}

fn object(verified: &VerificationResult, counterexample: Option<&str>) -> Json {
    let (verdict, signatures, explored) = match &verified.conclusion {
        Conclusion::Exhausted => ("exhausted", Vec::new(), 1_000_000),
        Conclusion::OutOfRuns { explored } => ("out-of-runs", Vec::new(), *explored),
        Conclusion::CutOff { .. } => ("undecided", Vec::new(), 0),
        Conclusion::Interrupted => ("interrupted", Vec::new(), 0),
        Conclusion::Broken(capsule) => ("broken", vec![capsule.failure.signature.clone()], 0),
        Conclusion::NotReproduced(signatures) => ("broken", signatures.clone(), 0),
    };
    let cut_off = if let Conclusion::CutOff { limits, .. } = &verified.conclusion {
        json!(limits)
    } else {
        json!({})
    };
    json!({
        "schema_version": 2,
        "verdict": verdict,
        "signatures": signatures,
        "capsule": counterexample,
        "executions": verified.runs,
        "redundant": verified.redundant,
        "calls": verified.calls,
        "share_millionths": explored,
        "cut_off": cut_off,
    })
}
