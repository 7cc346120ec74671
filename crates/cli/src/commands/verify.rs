//! `mtasim verify`: every order of the threads' calls in a small scenario.

use std::io;

use explore::Capsule;
use explore::sweep::results_directory;
use explore::verify::{Conclusion, VerificationResult, verify};
use serde_json::{Value, json};
use simulation::Bound;

use crate::arguments::{Format, VerifyArguments};
use crate::commands::sweep;
use crate::exit_code;
use crate::input;
use crate::stopwatch::Stopwatch;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &VerifyArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let mut scenario = match input::require(&arguments.file, &arguments.overrides, terminal)? {
        Ok(scenario) => scenario,
        Err(code) => return Ok(code),
    };
    if let Some(build) = arguments.build {
        scenario
            .hosts
            .values_mut()
            .for_each(|host| host.build = build);
    }
    let bound = Bound {
        preemptions: arguments.preemptions,
        runs: arguments.max_runs,
    };
    let bar = sweep::progress_bar(arguments.max_runs);
    let watch = Stopwatch::start();
    let verified = verify(&scenario, bound, |runs| bar.set_position(runs));
    bar.finish_and_clear();
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(exit_code::USAGE);
        }
    };
    let mut kept = None;
    if let Conclusion::Broken(capsule) = &verified.conclusion {
        match keep(capsule, arguments) {
            Ok(name) => kept = Some(name),
            Err(error) => {
                terminal.error(&format!("cannot keep the counterexample: {error}"));
                return Ok(exit_code::ENVIRONMENT);
            }
        }
    }
    match arguments.format {
        Format::Human => {
            let page = page(&verified, arguments.preemptions, kept.as_deref());
            terminal.print(&page)?;
            terminal.note(&format!("{:.2} s\n", watch.passed().as_secs_f64()))?;
        }
        Format::Json => terminal.print(&format!("{}\n", answer(&verified, kept.as_deref())))?,
    }
    Ok(match verified.conclusion {
        Conclusion::Exhausted => exit_code::SUCCESS,
        Conclusion::OutOfRuns { .. } | Conclusion::Broken(_) | Conclusion::NotReproduced(_) => {
            exit_code::UNEXPECTED
        }
    })
}

/// Writes the counterexample where the arguments say.
fn keep(capsule: &Capsule, arguments: &VerifyArguments) -> io::Result<String> {
    let path = arguments.out.join(capsule.file_name());
    results_directory::write_atomically(&path, capsule.to_text().as_bytes())?;
    Ok(path.display().to_string())
}

fn page(verified: &VerificationResult, preemptions: Option<u32>, kept: Option<&str>) -> String {
    let VerificationResult {
        runs, redundant, ..
    } = verified;
    let bound = preemptions.map_or_else(
        || "any number of preemptions".to_owned(),
        |most| format!("at most {most} preemptions"),
    );
    let work = format!("{runs} executions, {redundant} of them broken off as known; {bound}");
    match &verified.conclusion {
        Conclusion::Exhausted => format!("exhausted: {work}; no violation\n"),
        Conclusion::OutOfRuns { explored } => format!(
            "not exhausted: {work}; no violation so far\n  about {}.{:04} % of the orders there are, \
             at the most\n",
            explored / 10_000,
            explored % 10_000
        ),
        Conclusion::Broken(capsule) => format!(
            "violation: {}\n  found in {work}\n  repeat it: mtasim replay {}\n",
            capsule.failure.signature,
            kept.unwrap_or_default()
        ),
        Conclusion::NotReproduced(signatures) => format!(
            "violation: {}\n  found in {work}\n  it cannot be pinned: a service had been started \
             again\n",
            signatures.join(", ")
        ),
    }
}

fn answer(verified: &VerificationResult, kept: Option<&str>) -> Value {
    let (verdict, signatures, share) = match &verified.conclusion {
        Conclusion::Exhausted => ("exhausted", Vec::new(), 1_000_000),
        Conclusion::OutOfRuns { explored } => ("out-of-runs", Vec::new(), *explored),
        Conclusion::Broken(capsule) => ("broken", vec![capsule.failure.signature.clone()], 0),
        Conclusion::NotReproduced(signatures) => ("broken", signatures.clone(), 0),
    };
    json!({
        "schema_version": 1,
        "verdict": verdict,
        "signatures": signatures,
        "capsule": kept,
        "executions": verified.runs,
        "redundant": verified.redundant,
        "calls": verified.calls,
        "share_millionths": share,
    })
}
