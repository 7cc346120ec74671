//! The files that `mtasim run --out` writes.
//!
//! For each host `HOST.Winsock.log`, `HOST.events.txt` and `HOST.EV0.LOG`; then `journal.jsonl`,
//! `run.json`, and `scenario.toml` with all overrides applied, which reproduces the run. The
//! content does not depend on when or where the scenario is run.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use config::plan::Scenario;
use config::untrusted_text;
use explore::repro::capsule::PROGRAM_BUILD;
use logs::event_log::{self, NtForm, Source, TextForm};
use logs::{journal, winsock_log};

use super::{RunReport, json};
use crate::command_error::CommandError;
use crate::input;
use crate::output::{OutputFile, Outputs};
use crate::terminal::Terminal;

/// The scenario of the run.
pub(crate) const SCENARIO: &str = "scenario.toml";
/// The result of the run.
pub(crate) const RESULT: &str = "run.json";

/// The journal.
const JOURNAL: &str = "journal.jsonl";
/// The logs of each MTA: the name of the host and one of these.
const LOGS: [&str; 3] = ["Winsock.log", "events.txt", "EV0.LOG"];

/// The directory, with its files checked.
pub(super) struct RunDirectory {
    path: PathBuf,
    files: BTreeMap<String, OutputFile>,
}

/// Creates the directory, which must be empty without `--force`, and checks all files in it.
pub(super) fn prepare(
    directory: &Path,
    scenario: &Scenario,
    force: bool,
    outputs: &mut Outputs<'_>,
) -> Result<RunDirectory, CommandError> {
    outputs.directory(directory)?;
    let mut entries =
        fs::read_dir(directory).map_err(|error| CommandError::cannot_read(directory, &error))?;
    if entries.next().is_some() && !force {
        return Err(CommandError::io(format_args!(
            "{} is not empty; use --force to write to it anyway",
            input::shown(directory)
        )));
    }
    // All names before the run: a host's name can make a path that cannot be written.
    let hosts = scenario.hosts.iter();
    let mtas = hosts.filter_map(|(name, host)| host.build().map(|_| name));
    let logs = mtas.flat_map(|host| LOGS.map(|log| format!("{host}.{log}")));
    let others = [JOURNAL, SCENARIO, RESULT].map(str::to_owned);
    let files = logs.chain(others).map(|name| {
        let output = outputs.file(&directory.join(&name))?;
        Ok((name, output))
    });
    Ok(RunDirectory {
        path: directory.to_owned(),
        files: files.collect::<Result<_, CommandError>>()?,
    })
}

/// Writes all files, and says so.
pub(super) fn write(
    mut directory: RunDirectory,
    report: &RunReport<'_>,
    terminal: &mut Terminal,
) -> Result<(), CommandError> {
    let (scenario, outcome) = (report.scenario, &report.outcome);
    let mut names = Vec::new();
    let mut write = |name: String, content: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        let output = directory.files.remove(&name);
        let output = output.expect("all files of the scenario were checked");
        names.push(name);
        output.write_quietly(content)
    };
    for view in &outcome.hosts {
        // A guest's own words are in the journal.
        let host = scenario.hosts.get(&view.name);
        if host.is_none_or(|host| host.build().is_none()) {
            continue;
        }
        let host = outcome.host_named(&view.name).expect("it is one of them");
        let [winsock, events, of_mta] = LOGS.map(|log| format!("{}.{log}", view.name));
        write(winsock, &|out| {
            winsock_log::lines(outcome, host).try_for_each(|(_, line)| writeln!(out, "{line}"))
        })?;
        let entries = event_log::entries(scenario, outcome, host);
        let entries = || entries.iter().map(|(_, entry)| entry);
        write(events, &|out| {
            entries().try_for_each(|entry| writeln!(out, "{}", NtForm(entry)))
        })?;
        write(of_mta, &|out| {
            let mut of_mta = entries().filter(|entry| entry.source == Source::Mta);
            of_mta.try_for_each(|entry| writeln!(out, "{}", TextForm(entry)))
        })?;
    }
    write(JOURNAL.to_owned(), &|out| {
        writeln!(
            out,
            "{}",
            journal::first_line(PROGRAM_BUILD, scenario, outcome)
        )?;
        journal::lines(scenario, outcome).try_for_each(|line| writeln!(out, "{line}"))
    })?;
    write(SCENARIO.to_owned(), &|out| {
        out.write_all(scenario.to_toml().as_bytes())
    })?;
    write(RESULT.to_owned(), &|out| {
        let object = format!("{:#}", json::object(report));
        writeln!(out, "{}", untrusted_text::json(&object))
    })?;
    terminal.note(&format!(
        "wrote {}: {}\n",
        input::shown(&directory.path),
        names.join(", ")
    ));
    Ok(())
}
