//! The folder that `--out` names.
//!
//! Owns its files: `HOST.Winsock.log`, `HOST.events.txt`, `HOST.EV0.LOG`, `journal.jsonl`,
//! `run.json`, and `scenario.toml` with all overrides, from which the run can be made again. Each appears whole or not at all. It refuses to write over what it did not make,
//! unless forced to. No file depends on when or where it was made.

use std::fs;
use std::io::Write;
use std::path::Path;

use logs::event_log::{self, NtForm, Source, TextForm};
use logs::{journal, winsock_log};

use super::{Report, json};
use crate::output;

/// The scenario of the run.
pub(crate) const SCENARIO: &str = "scenario.toml";
/// What came of it.
pub(crate) const RESULT: &str = "run.json";

/// Makes the folder, or says why it cannot be used.
pub(super) fn prepare(folder: &Path, force: bool) -> Result<(), String> {
    let name = folder.display();
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {name}: {error}"))?;
    let mut inside =
        fs::read_dir(folder).map_err(|error| format!("cannot read {name}: {error}"))?;
    if inside.next().is_some() && !force {
        return Err(format!(
            "{name} is not empty; --force writes into it all the same"
        ));
    }
    Ok(())
}

/// Writes all files.
pub(super) fn write(folder: &Path, report: &Report<'_>) -> Result<(), String> {
    let (scenario, outcome) = (report.scenario, &report.outcome);
    for view in &outcome.hosts {
        let host = outcome.host_named(&view.name).expect("it is one of them");
        let file = |name: &str| folder.join(format!("{}.{name}", view.name));
        output::stream(&file("Winsock.log"), |out| {
            winsock_log::lines(outcome, host).try_for_each(|(_, line)| writeln!(out, "{line}"))
        })?;
        let entries = event_log::entries(scenario, outcome, host);
        let entries = || entries.iter().map(|(_, entry)| entry);
        output::stream(&file("events.txt"), |out| {
            entries().try_for_each(|entry| writeln!(out, "{}", NtForm(entry)))
        })?;
        output::stream(&file("EV0.LOG"), |out| {
            let mut of_mta = entries().filter(|entry| entry.source == Source::Mta);
            of_mta.try_for_each(|entry| writeln!(out, "{}", TextForm(entry)))
        })?;
    }
    output::stream(&folder.join("journal.jsonl"), |out| {
        journal::lines(scenario, outcome).try_for_each(|line| writeln!(out, "{line}"))
    })?;
    output::stream(&folder.join(SCENARIO), |out| {
        out.write_all(scenario.to_toml().as_bytes())
    })?;
    output::stream(&folder.join(RESULT), |out| {
        writeln!(out, "{:#}", json::result(report))
    })
}
