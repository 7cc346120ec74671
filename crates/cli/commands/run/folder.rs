//! The folder that `--out` names.
//!
//! Owns its files: `HOST.Winsock.log`, `HOST.events.txt`, `HOST.EV0.LOG`, `journal.jsonl` and
//! `run.json`. Each appears whole or not at all. It refuses to write over what it did not make,
//! unless forced to. No file depends on when or where it was made.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use scenario::render::event_log::{self, NtForm, Source, TextForm};
use scenario::render::{journal, winsock_log};

use super::{Report, answer};

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
        file(folder, &format!("{}.Winsock.log", view.name), |out| {
            winsock_log::lines(outcome, host).try_for_each(|(_, line)| writeln!(out, "{line}"))
        })?;
        let entries = event_log::entries(scenario, outcome, host);
        let entries = || entries.iter().map(|(_, entry)| entry);
        file(folder, &format!("{}.events.txt", view.name), |out| {
            entries().try_for_each(|entry| writeln!(out, "{}", NtForm(entry)))
        })?;
        file(folder, &format!("{}.EV0.LOG", view.name), |out| {
            let mut of_mta = entries().filter(|entry| entry.source == Source::Mta);
            of_mta.try_for_each(|entry| writeln!(out, "{}", TextForm(entry)))
        })?;
    }
    file(folder, "journal.jsonl", |out| {
        journal::lines(scenario, outcome).try_for_each(|line| writeln!(out, "{line}"))
    })?;
    file(folder, "run.json", |out| {
        writeln!(out, "{:#}", answer::result(report))
    })
}

/// Writes one file under another name, then gives it its own.
fn file(
    folder: &Path,
    name: &str,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let (path, partial) = (folder.join(name), folder.join(format!("{name}.partial")));
    let written = File::create(&partial).and_then(|file| {
        let mut out = BufWriter::new(file);
        content(&mut out)?;
        out.flush()?;
        fs::rename(&partial, &path)
    });
    written.map_err(|error| {
        // Half a file is of no use; if it cannot be taken away, that is the lesser trouble.
        let _ = fs::remove_file(&partial);
        format!("cannot write {}: {error}", path.display())
    })
}
