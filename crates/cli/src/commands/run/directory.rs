//! The files that `mtasim run --out` writes.
//!
//! For each host `HOST.Winsock.log`, `HOST.events.txt` and `HOST.EV0.LOG`; then `journal.jsonl`,
//! `run.json`, and `scenario.toml` with all overrides applied, which reproduces the run. The
//! content does not depend on when or where the run was made.

use std::fs;
use std::path::Path;

use logs::event_log::{self, NtForm, Source, TextForm};
use logs::{journal, winsock_log};

use super::{Report, json};
use crate::failure::Failure;
use crate::output;

/// The scenario of the run.
pub(crate) const SCENARIO: &str = "scenario.toml";
/// The result of the run.
pub(crate) const RESULT: &str = "run.json";

/// Creates the directory. It must be empty unless `force` is set.
pub(super) fn prepare(directory: &Path, force: bool) -> Result<(), Failure> {
    let name = directory.display();
    fs::create_dir_all(directory)
        .map_err(|error| Failure::io(format_args!("cannot create {name}: {error}")))?;
    let mut entries =
        fs::read_dir(directory).map_err(|error| Failure::cannot_read(directory, &error))?;
    if entries.next().is_some() && !force {
        return Err(Failure::io(format_args!(
            "{name} is not empty; use --force to write to it anyway"
        )));
    }
    Ok(())
}

/// Writes all files.
pub(super) fn write(directory: &Path, report: &Report<'_>) -> Result<(), Failure> {
    let (scenario, outcome) = (report.scenario, &report.outcome);
    for view in &outcome.hosts {
        let host = outcome.host_named(&view.name).expect("it is one of them");
        let file = |name: &str| directory.join(format!("{}.{name}", view.name));
        output::write_with(&file("Winsock.log"), |out| {
            winsock_log::lines(outcome, host).try_for_each(|(_, line)| writeln!(out, "{line}"))
        })?;
        let entries = event_log::entries(scenario, outcome, host);
        let entries = || entries.iter().map(|(_, entry)| entry);
        output::write_with(&file("events.txt"), |out| {
            entries().try_for_each(|entry| writeln!(out, "{}", NtForm(entry)))
        })?;
        output::write_with(&file("EV0.LOG"), |out| {
            let mut of_mta = entries().filter(|entry| entry.source == Source::Mta);
            of_mta.try_for_each(|entry| writeln!(out, "{}", TextForm(entry)))
        })?;
    }
    output::write_with(&directory.join("journal.jsonl"), |out| {
        journal::lines(scenario, outcome).try_for_each(|line| writeln!(out, "{line}"))
    })?;
    output::write(&directory.join(SCENARIO), scenario.to_toml().as_bytes())?;
    let result = format!("{:#}\n", json::object(report));
    output::write(&directory.join(RESULT), result.as_bytes())
}
