//! `mtasim replay`: runs a capsule again and compares the digests.

use std::sync::Arc;

use config::untrusted_text;
use explore::repro::capsule::{self, Capsule};
use explore::repro::replay::{ReplayOutcome, Replayed, Window};
use explore::{Subject, cut_off, program_name, replay};
use serde_json::{Value as Json, json};
use simulation::Observe;

use crate::arguments::{Format, ReplayArguments};
use crate::command_error::CommandError;
use crate::commands::views::{self, Views};
use crate::exit_code;
use crate::input;
use crate::output::{Outputs, Rules};
use crate::shell;
use crate::terminal::Terminal;

pub(crate) fn run(
    arguments: &ReplayArguments,
    subject: &Arc<dyn Subject>,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let capsule = input::capsule(&arguments.capsule)?;
    let rules = Rules {
        force: arguments.force,
        inputs: &[&arguments.capsule],
    };
    let views = Views::prepare(
        arguments.pcap.as_deref(),
        arguments.perfetto.as_deref(),
        &mut Outputs::new(rules),
    )?;
    let window = Window::requested(arguments.until, arguments.window, &capsule);
    let replayed = replay(&capsule, &**subject, window.is_some()).map_err(CommandError::usage)?;
    let records = window.map(|window| window.lines(&capsule.scenario, &replayed.outcome));
    let records: Vec<String> = records.into_iter().flatten().collect();
    match arguments.format {
        Format::Human => {
            for record in &records {
                terminal.print(&format!("{record}\n"))?;
            }
            terminal.print(&summary(&capsule, &replayed))?;
            let leaks = subject.known_leaks();
            if let Some(leaks) = leaks.filter(|_| is_different(&replayed)) {
                terminal.error(leaks);
            }
        }
        Format::Json => {
            let object = object(&capsule, &replayed, &records);
            terminal.print_json(&format!("{object}\n"))?;
        }
    }
    if views.is_any() {
        write_views(&capsule, arguments, &**subject, views, terminal)?;
    }
    Ok(match &replayed.result {
        ReplayOutcome::Nondeterminism(_) => exit_code::NONDETERMINISM,
        // Another build makes another run, so its digest says nothing: only whether the failure still occurs counts. It
        // may occur after the limit that cut the run off.
        ReplayOutcome::OtherBuild {
            still_fails: false, ..
        } if replayed.outcome.stop.limit().is_some() => exit_code::UNDECIDED,
        ReplayOutcome::OtherBuild {
            still_fails: false, ..
        } => exit_code::UNEXPECTED,
        ReplayOutcome::Same | ReplayOutcome::OtherBuild { .. } => exit_code::SUCCESS,
    })
}

/// Makes the run again, observed, and writes the files for Wireshark and Perfetto.
fn write_views(
    capsule: &Capsule,
    arguments: &ReplayArguments,
    subject: &dyn Subject,
    views: Views,
    terminal: &mut Terminal,
) -> Result<(), CommandError> {
    let watch = Observe {
        packets: true,
        threads: arguments.perfetto.is_some(),
    };
    let (outcome, observations) = subject
        .observed(&capsule.scenario, capsule.seed, watch)
        .map_err(CommandError::usage)?;
    let run = view::FinishedRun {
        scenario: &capsule.scenario,
        outcome: &outcome,
        observations: &observations,
        command: &capsule.command,
    };
    views.write(&run, terminal)?;
    // `run` takes a capsule, too, and has --set.
    let capsule = input::name(&arguments.capsule);
    let command = program_name::command(&format!("run {}", shell::quote(&capsule)));
    let run = view::FinishedRun {
        command: &command,
        ..run
    };
    let files = views::options([
        ("--out", None),
        ("--pcap", arguments.pcap.as_deref()),
        ("--perfetto", arguments.perfetto.as_deref()),
    ]);
    views::say_if_cut(&run, &files, terminal);
    Ok(())
}

const fn is_different(replayed: &Replayed) -> bool {
    matches!(replayed.result, ReplayOutcome::Nondeterminism(_))
}

fn summary(capsule: &Capsule, replayed: &Replayed) -> String {
    let mut text = format!(
        "{}, seed {}\n",
        untrusted_text::line(&capsule.scenario.title),
        capsule.seed
    );
    text.push_str(&match &replayed.result {
        ReplayOutcome::Same => format!("PASS: same run, digest {}\n", capsule.digest),
        ReplayOutcome::Nondeterminism(divergence) => format!(
            "FAIL: nondeterminism: same build, different run: {divergence}\n  recorded: {}\n  now:      {}\n",
            capsule.digest, replayed.outcome.digest
        ),
        ReplayOutcome::OtherBuild {
            recorded_by,
            this,
            still_fails,
            divergence,
        } => format!(
            "different run: recorded by mtasim {recorded_by}, this is {this}\n  {divergence}\n  the failure {}\n",
            match (still_fails, replayed.outcome.stop.limit()) {
                (true, _) => "still occurs",
                (false, Some(_)) => "has not occurred yet: UNDECIDED",
                (false, None) => "no longer occurs",
            }
        ),
    });
    if let Some(words) = cut_off(&capsule.scenario, &replayed.outcome) {
        text.push_str(&format!("the run was {words}\n"));
    }
    text.push_str(&format!(
        "recorded failure: {}\n",
        capsule.failure.signature
    ));
    for failure in &replayed.failures {
        let (at, signature, count) = (failure.time(), &failure.signature, failure.count);
        text.push_str(&format!("  {at:#}  {signature} ({count} times)\n"));
    }
    text
}

fn object(capsule: &Capsule, replayed: &Replayed, records: &[String]) -> Json {
    let (verdict, divergence) = match &replayed.result {
        ReplayOutcome::Same => ("same", None),
        ReplayOutcome::Nondeterminism(divergence) => ("nondeterminism", Some(divergence)),
        ReplayOutcome::OtherBuild { divergence, .. } => ("other-build", Some(divergence)),
    };
    json!({
        "schema_version": 3,
        "verdict": verdict,
        "seed": capsule.seed,
        "kept_by": capsule.build,
        "mtasim": capsule::PROGRAM_BUILD,
        "digest_kept": capsule.digest,
        "digest": replayed.outcome.digest.to_string(),
        "divergence": divergence.map(|it| it.to_string()),
        "cut_off": replayed.outcome.stop.limit(),
        "still_fails": replayed.failures.iter().any(|it| it.signature == capsule.failure.signature),
        "signature": capsule.failure.signature,
        "failures": replayed.failures,
        "records": records,
    })
}
