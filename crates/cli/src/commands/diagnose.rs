//! `mtasim diagnose`: reads Winsock.log files with the event logs of the same computers.

mod json;
mod source;
mod text;

use std::io;
use std::time::Duration;

use diagnose::{Allocation, EventLog, Limits, Lines, LogKind, Reader, Summary};

use crate::arguments::{DiagnoseArguments, Format};
use crate::exit_code;
use crate::failure::Failure;
use crate::terminal::Terminal;
use source::Source;

/// The default size of the pool (Q166602, Q243632).
const POOL: u64 = 20;

/// An event log and the computer it is from.
struct Companion {
    name: String,
    host: String,
    log: EventLog,
}

/// A Winsock.log that was read to its end.
struct Report<'a> {
    name: &'a str,
    summary: Summary,
    /// The event log of the same computer.
    companion: Option<&'a Companion>,
    /// Events quoted in the Winsock.log itself.
    quoted: Option<&'a EventLog>,
    pool: u64,
}

pub(crate) fn run(arguments: &DiagnoseArguments, terminal: &mut Terminal) -> Result<u8, Failure> {
    let mut worst = exit_code::SUCCESS;
    let (mut logs, mut event_logs) = (Vec::new(), Vec::new());
    for path in &arguments.logs {
        match Source::open(path) {
            Ok(source) if source.kind == Some(LogKind::Events) => event_logs.push(source),
            Ok(source) => logs.push(source),
            Err(error) => worst = Failure::cannot_read(path, &error).report(terminal),
        }
    }
    let mut given = Vec::new();
    for source in event_logs {
        match read_events(source) {
            Ok(companion) => {
                match arguments.format {
                    Format::Human => terminal.print(&text::events(&companion))?,
                    Format::Json => terminal.print_json(&json::events(&companion))?,
                }
                given.push(companion);
            }
            Err(failure) => worst = worst.max(failure.report(terminal)),
        }
    }
    let is_only_log = logs.len() == 1;
    for source in logs {
        let found = match &given[..] {
            [] if !arguments.alone => find_companion(&source, terminal),
            _ => None,
        };
        let same_host = given.iter().find(|it| it.host == source.host());
        let companion = same_host.or(given.first().filter(|_| is_only_log));
        let code = match read_log(source, companion.or(found.as_ref()), arguments, terminal) {
            Err(Failure::Terminal(error)) => return Err(Failure::Terminal(error)),
            Err(failure) => failure.report(terminal),
            Ok(code) => code,
        };
        worst = worst.max(code);
    }
    Ok(worst)
}

/// The event log in the same directory as a Winsock.log.
fn find_companion(source: &Source, terminal: &mut Terminal) -> Option<Companion> {
    let candidates = source.companion_paths();
    let mut sources = candidates.iter().filter_map(|path| Source::open(path).ok());
    let source = sources.find(|it| it.kind == Some(LogKind::Events))?;
    match read_events(source) {
        Ok(companion) => Some(companion),
        Err(failure) => {
            failure.report(terminal);
            None
        }
    }
}

fn read_events(source: Source) -> Result<Companion, Failure> {
    let host = source.host().to_owned();
    let (mut lines, mut log) = (Lines::new(source.reader), EventLog::default());
    while let Some(line) = lines
        .next_line()
        .map_err(|error| cannot_read(&source.name, &error))?
    {
        log.on_line(line);
    }
    log.finish();
    Ok(Companion {
        name: source.name,
        host,
        log,
    })
}

/// Reads a Winsock.log and prints the diagnosis; the exit code.
fn read_log(
    source: Source,
    companion: Option<&Companion>,
    arguments: &DiagnoseArguments,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    let limits = Limits {
        disconnect_timer: Duration::from_nanos(arguments.disconnect_timer.nanos()),
        calls_at_once: arguments.calls,
    };
    let name = &source.name;
    let events = companion.map(|it| &it.log);
    let (mut lines, mut reader) = (Lines::new(source.reader), Reader::new(limits, events));
    // A KB article quotes events between lines of the log.
    let mut quoted = EventLog::default();
    let mut printer: Box<dyn Printer> = match arguments.format {
        Format::Human => Box::new(text::Text::default()),
        Format::Json => Box::new(json::JsonLine::new(name, companion)),
    };
    while let Some(line) = lines
        .next_line()
        .map_err(|error| cannot_read(name, &error))?
    {
        if !reader.on_line(line, &mut |entry| printer.add(entry)) {
            quoted.on_line(line);
        }
        if printer.is_large() {
            print(arguments.format, &printer.take_text(), terminal)?;
        }
    }
    let summary = reader.finish(&mut |entry| printer.add(entry));
    quoted.finish();
    if summary.log_lines == 0 {
        return Err(Failure::usage(format_args!(
            "{name}: not a Winsock.log: none of its {} lines has the form `(008) No more data` or \
             starts an event like `Event ID: 9215`",
            summary.lines
        )));
    }
    let quoted = Some(&quoted).filter(|it| !it.is_empty());
    let logged_pool = events.or(quoted).and_then(EventLog::pool);
    printer.finish(&Report {
        name,
        summary,
        companion,
        quoted,
        pool: arguments.pool.or(logged_pool).unwrap_or(POOL),
    });
    print(arguments.format, &printer.take_text(), terminal)?;
    Ok(if summary.total.leaked == 0 {
        exit_code::SUCCESS
    } else {
        exit_code::UNEXPECTED
    })
}

fn print(format: Format, text: &str, terminal: &mut Terminal) -> io::Result<()> {
    match format {
        Format::Human => terminal.print(text),
        Format::Json => terminal.print_json(text),
    }
}

fn cannot_read(name: &str, error: &io::Error) -> Failure {
    Failure::io(format_args!("cannot read {name}: {error}"))
}

/// An output format: it gets entries as the log decides them, then the summary.
trait Printer {
    fn add(&mut self, entry: &Allocation);
    fn finish(&mut self, diagnosis: &Report<'_>);
    /// Whether so much text is pending that it should be printed now.
    fn is_large(&self) -> bool;
    /// Takes the pending text.
    fn take_text(&mut self) -> String;
}
