//! `mtasim diagnose`: what a Winsock.log says of every control block.
//!
//! Owns the files and which event log belongs to which Winsock.log. It refuses to judge.

mod json;
mod source;
mod text;

use std::io;
use std::time::Duration;

use diagnose::{EventLog, Kind, Limits, Lines, Reader, Summary};

use crate::arguments::{DiagnoseArguments, Format};
use crate::exit_code;
use crate::terminal::Terminal;
use source::Source;

/// A pool has so many blocks unless it was changed (Q166602, Q243632).
const POOL: u64 = 20;

/// An event log and whose it is.
struct Companion {
    name: String,
    host: String,
    log: EventLog,
}

/// A Winsock.log that was read.
struct Diagnosis<'a> {
    name: &'a str,
    summary: Summary,
    /// The event log of its computer.
    companion: Option<&'a Companion>,
    /// The events that stand in the same text.
    quoted: Option<&'a EventLog>,
    pool: u64,
}

pub(crate) fn run(arguments: &DiagnoseArguments, terminal: &mut Terminal) -> io::Result<u8> {
    let mut worst = exit_code::SUCCESS;
    let (mut logs, mut companions) = (Vec::new(), Vec::new());
    for path in &arguments.logs {
        match Source::open(path) {
            Ok(source) if source.kind == Some(Kind::Events) => companions.push(source),
            Ok(source) => logs.push(source),
            Err(error) => {
                terminal.error(&format!("cannot read {}: {error}", path.display()));
                worst = exit_code::ENVIRONMENT;
            }
        }
    }
    let mut given = Vec::new();
    for source in companions {
        match read_events(source, terminal) {
            Ok(companion) => {
                show_events(&companion, arguments.format, terminal)?;
                given.push(companion);
            }
            Err(code) => worst = worst.max(code),
        }
    }
    let is_only = logs.len() == 1;
    for source in logs {
        let found = match &given[..] {
            [] if !arguments.alone => beside(&source, terminal),
            _ => None,
        };
        let of_host = given.iter().find(|it| it.host == source.host());
        let companion = of_host.or(given.first().filter(|_| is_only));
        let code = read_log(source, companion.or(found.as_ref()), arguments, terminal)?;
        worst = worst.max(code);
    }
    Ok(worst)
}

/// The event log that lies beside a Winsock.log, if any.
fn beside(source: &Source, terminal: &mut Terminal) -> Option<Companion> {
    let mut found = source
        .beside()
        .into_iter()
        .filter_map(|path| Source::open(&path).ok());
    let found = found.find(|it| it.kind == Some(Kind::Events))?;
    read_events(found, terminal).ok()
}

/// Reads an event log, or says why it cannot be read: the exit code.
fn read_events(source: Source, terminal: &mut Terminal) -> Result<Companion, u8> {
    let host = source.host().to_owned();
    let (mut lines, mut log) = (Lines::new(source.reader), EventLog::default());
    loop {
        match lines.next_line() {
            Ok(Some(line)) => log.on_line(line),
            Ok(None) => break,
            Err(error) => return Err(unreadable(&source.name, &error, terminal)),
        };
    }
    log.finish();
    let name = source.name;
    Ok(Companion { name, host, log })
}

/// Shows what the events of an event log prove.
fn show_events(companion: &Companion, format: Format, terminal: &mut Terminal) -> io::Result<()> {
    let Companion { name, log, .. } = companion;
    terminal.print(&match format {
        Format::Human => text::events(name, log),
        Format::Json => json::events(name, log),
    })
}

/// Reads a Winsock.log and shows what became of its blocks; the exit code for it.
fn read_log(
    source: Source,
    companion: Option<&Companion>,
    arguments: &DiagnoseArguments,
    terminal: &mut Terminal,
) -> io::Result<u8> {
    let limits = Limits {
        disconnect_timer: Duration::from_nanos(arguments.disconnect_timer.0.nanos()),
        calls_at_once: arguments.calls,
    };
    let name = &source.name;
    let events = companion.map(|it| &it.log);
    let (mut lines, mut reader) = (Lines::new(source.reader), Reader::new(limits, events));
    // Events quoted in the same text, as on the page of an article.
    let mut quoted = EventLog::default();
    let mut shown: Box<dyn Shown> = match arguments.format {
        Format::Human => Box::new(text::Text::default()),
        Format::Json => Box::new(json::JsonLines::new(name, companion)),
    };
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => return Ok(unreadable(name, &error, terminal)),
        };
        if !reader.on_line(line, &mut |life| shown.take_in(life)) {
            quoted.on_line(line);
        }
        if shown.is_large() {
            terminal.print(&shown.take_text())?;
        }
    }
    let summary = reader.finish(&mut |life| shown.take_in(life));
    quoted.finish();
    if summary.log_lines == 0 {
        terminal.error(&format!(
            "{name}: none of its {} lines is one of a Winsock.log, such as `(008) No more data`, \
             or begins an event, such as `Event ID: 9215`",
            summary.lines
        ));
        return Ok(exit_code::USAGE);
    }
    let quoted = Some(&quoted).filter(|it| !it.is_empty());
    let told = events.or(quoted).and_then(EventLog::pool);
    shown.end(&Diagnosis {
        name,
        summary,
        companion,
        quoted,
        pool: arguments.pool.or(told).unwrap_or(POOL),
    });
    terminal.print(&shown.take_text())?;
    Ok(match summary.total.leaked {
        0 => exit_code::SUCCESS,
        _ => exit_code::UNEXPECTED,
    })
}

fn unreadable(name: &str, error: &io::Error, terminal: &mut Terminal) -> u8 {
    terminal.error(&format!("cannot read {name}: {error}"));
    exit_code::ENVIRONMENT
}

/// How a diagnosis is shown: lives as they come, then what they add up to.
trait Shown {
    fn take_in(&mut self, life: &diagnose::Entry);
    fn end(&mut self, diagnosis: &Diagnosis<'_>);
    /// Whether so much text has come together that it is to be written.
    fn is_large(&self) -> bool;
    fn take_text(&mut self) -> String;
}
