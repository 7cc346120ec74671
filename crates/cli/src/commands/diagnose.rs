//! `mtasim diagnose`: reads Winsock.log files with the event logs of the same computers.

mod json;
mod packed;
mod source;
mod text;

use std::io;
use std::time::Duration;

use config::untrusted_text;
use diagnose::{
    Allocation, AllocationTotals, DateOrder, EventLog, Line, Lines, LogKind, LogSummary,
    OrderProof, Parameters, Reader, event_log,
};

use crate::arguments::{DiagnoseArguments, Format};
use crate::command_error::CommandError;
use crate::exit_code;
use crate::terminal::Terminal;
use source::LogSource;

/// The default size of the pool (Q166602, Q243632).
const POOL: u64 = 20;

/// The event logs of one computer.
struct Companion {
    /// The files, oldest first.
    name: String,
    host: String,
    log: EventLog,
    /// What a reader should know of how the files were read.
    notes: Vec<String>,
}

/// A Winsock.log that was read to its end.
struct DiagnosedLog<'a> {
    name: &'a str,
    summary: LogSummary,
    /// The event log of the same computer.
    companion: Option<&'a Companion>,
    /// Events quoted in the Winsock.log itself.
    quoted: Option<&'a EventLog>,
    pool: u64,
    disconnect_timer: Duration,
    timer_is_given: bool,
    saved_together: bool,
    /// The other order of day and month with its verdicts, if it is possible and they are not the same.
    other_dates: Option<(DateOrder, AllocationTotals)>,
    /// Whether `--calls` says how many calls are made at once.
    calls_are_given: bool,
    /// What a reader should know of how it was read.
    notes: Vec<String>,
}

pub(crate) fn run(
    arguments: &DiagnoseArguments,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let mut worst = exit_code::SUCCESS;
    // One file that cannot be read does not keep the others from being read: support gets dozens at once.
    let (mut logs, mut event_logs) = (Vec::new(), Vec::new());
    for path in &arguments.logs {
        match LogSource::open(path) {
            Ok(source) if source.kind == Some(LogKind::Events) => event_logs.push(source),
            Ok(source) => logs.push(source),
            Err(failure) => worst = worst.max(fail(failure, arguments.format, terminal)?),
        }
    }
    let mut given = Vec::new();
    for sources in by_host(event_logs, &logs) {
        let computer = computer_of(&sources, &logs);
        match read_events(&sources, computer, arguments, terminal) {
            Ok(mut companion) => {
                note_unused(&mut companion, &logs, terminal)?;
                match arguments.format {
                    Format::Human => terminal.print(&text::events(&companion))?,
                    Format::Json => terminal.print_json(&json::events(&companion))?,
                }
                if logs.is_empty() && companion.log.unread() > 0 {
                    worst = worst_of(worst, exit_code::UNDECIDED);
                }
                given.push(companion);
            }
            Err(failure) => worst = worst.max(fail(failure, arguments.format, terminal)?),
        }
    }
    let is_only_log = logs.len() == 1;
    for source in logs {
        let same_host = given.iter().find(|it| it.host == source.host());
        let companion = same_host.or(given.first().filter(|_| is_only_log));
        let (found, notes) = match companion {
            Some(_) => (None, Vec::new()),
            None => find_companion(&source, given.is_empty(), arguments, terminal)?,
        };
        let companion = companion.or(found.as_ref());
        let code = match read_log(&source, companion, notes, arguments, terminal) {
            Err(failure) => fail(failure, arguments.format, terminal)?,
            Ok(code) => code,
        };
        worst = worst_of(worst, code);
    }
    Ok(worst)
}

/// Prints the error of one file, also as an object for a program that reads the results; the exit code.
fn fail(
    failure: CommandError,
    format: Format,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    match (failure, format) {
        (CommandError::Terminal(error), _) => Err(CommandError::Terminal(error)),
        (failure, Format::Json) => {
            terminal.print_object(failure.object())?;
            Ok(failure.report(terminal))
        }
        (failure, Format::Human) => Ok(failure.report(terminal)),
    }
}

/// Says if an event log is of none of several Winsock.log files.
fn note_unused(
    companion: &mut Companion,
    logs: &[LogSource],
    terminal: &mut Terminal,
) -> io::Result<()> {
    if logs.len() < 2 || logs.iter().any(|it| it.host() == companion.host) {
        return Ok(());
    }
    let note = format!(
        "{}: its events decide nothing, because no Winsock.log has a name that begins with `{}.`",
        companion.name, companion.host
    );
    terminal.note(&format!("note: {}\n", untrusted_text::line(&note)));
    companion.notes.push(note);
    Ok(())
}

/// Something that leaked matters more than something that is undecided; a file that cannot be read
/// matters most.
fn worst_of(one: u8, other: u8) -> u8 {
    match (one, other) {
        (exit_code::UNDECIDED, exit_code::SUCCESS) | (exit_code::SUCCESS, exit_code::UNDECIDED) => {
            exit_code::UNDECIDED
        }
        (exit_code::UNDECIDED, code) | (code, exit_code::UNDECIDED) => code,
        (one, other) => one.max(other),
    }
}

/// The event logs by computer, each computer's oldest first. Beside a single Winsock.log all of them are
/// of its computer.
fn by_host(mut event_logs: Vec<LogSource>, logs: &[LogSource]) -> Vec<Vec<LogSource>> {
    // EV0.LOG is the newest, EV1.LOG the one before it.
    event_logs.sort_by_key(|it| std::cmp::Reverse(it.age()));
    let mut hosts: Vec<Vec<LogSource>> = Vec::new();
    for source in event_logs {
        let same = |it: &&mut Vec<LogSource>| logs.len() == 1 || it[0].family() == source.family();
        match hosts.iter_mut().find(same) {
            Some(host) => host.push(source),
            None => hosts.push(vec![source]),
        }
    }
    hosts
}

/// The computer whose events are wanted, as far as the names of files tell.
fn computer_of<'a>(sources: &'a [LogSource], logs: &'a [LogSource]) -> Option<&'a str> {
    match logs {
        [only] => only.computer(),
        _ => {
            let family = sources[0].family();
            let is_of_log = logs.iter().any(|it| it.computer() == Some(family));
            is_of_log.then_some(family)
        }
    }
}

/// The event logs in the same directory as a Winsock.log, or else the events in the Winsock.log itself; and
/// why a file beside it does not count.
fn find_companion(
    source: &LogSource,
    may_look: bool,
    arguments: &DiagnoseArguments,
    terminal: &mut Terminal,
) -> Result<(Option<Companion>, Vec<String>), CommandError> {
    let candidates = match may_look && !arguments.alone {
        true => source.companion_paths(),
        false => Vec::new(),
    };
    let (mut sources, mut notes) = (Vec::new(), Vec::new());
    for path in candidates {
        match LogSource::open(&path) {
            Ok(it) if it.kind == Some(LogKind::Events) => sources.push(it),
            Ok(it) => notes.push(format!("{}: left out, because it has no events", it.name)),
            Err(failure) => notes.push(without_cause(failure)?),
        }
    }
    // The rest of a log of which a part is missing is not all of it.
    let found = match notes.is_empty() && !sources.is_empty() {
        false => own_events(source, arguments),
        true => match read_events(&sources, source.computer(), arguments, terminal) {
            Ok(companion) => Some(companion),
            Err(failure) => {
                notes.push(without_cause(failure)?);
                None
            }
        },
    };
    for note in &notes {
        terminal.note(&format!("note: {}\n", untrusted_text::line(note)));
    }
    Ok((found, notes))
}

/// What a failure says that does not end the diagnosis.
fn without_cause(failure: CommandError) -> Result<String, CommandError> {
    match failure {
        CommandError::Message(_, message) => Ok(message),
        CommandError::Scenario(_) | CommandError::Terminal(_) => Err(failure),
    }
}

/// The events between the lines of a Winsock.log, if they have a whole run of the service: both logs may
/// have been put into one file.
fn own_events(source: &LogSource, arguments: &DiagnoseArguments) -> Option<Companion> {
    if !source.has_events().ok()? {
        return None;
    }
    let mut log = EventLog::new(arguments.dates.map(DateOrder::from));
    let mut lines = Lines::new(source.reader().ok()?);
    while let Some(line) = lines.next_line().ok()? {
        match diagnose::line::parse(line.bytes, line.is_ended) {
            Some(_) => log.interrupt(),
            None => {
                log.on_line(line);
            }
        }
    }
    log.end_file(&source.name, None);
    log.finish();
    log.given_up(0).is_some().then(|| Companion {
        name: source.name.clone(),
        host: source.host().to_owned(),
        notes: log.notes().to_vec(),
        log,
    })
}

/// Reads the event logs of one computer, and says how.
fn read_events(
    sources: &[LogSource],
    computer: Option<&str>,
    arguments: &DiagnoseArguments,
    terminal: &mut Terminal,
) -> Result<Companion, CommandError> {
    let mut log = EventLog::new(arguments.dates.map(DateOrder::from));
    if let Some(computer) = computer {
        log.of_computer(computer);
    }
    for source in sources {
        let fail = |error: io::Error| cannot_read(&source.name, &error);
        let mut lines = Lines::new(source.reader().map_err(fail)?);
        while let Some(line) = lines.next_line().map_err(fail)? {
            log.on_line(line);
        }
        log.end_file(&source.name, source.age());
    }
    log.finish();
    let mut notes = log.notes().to_vec();
    if let Some(missing) = missing_part(sources) {
        log.without_end();
        let name = &sources[0].name;
        notes.push(format!(
            "{name}: the newer part EV{missing}.LOG is not given, so the events decide nothing"
        ));
    }
    for note in &notes {
        terminal.note(&format!("note: {}\n", untrusted_text::line(note)));
    }
    let all: Vec<String> = sources.iter().map(|it| it.name.clone()).collect();
    let used = if log.used().is_empty() {
        &all
    } else {
        log.used()
    };
    Ok(Companion {
        name: used.join(", "),
        host: sources[0].host().to_owned(),
        log,
        notes,
    })
}

/// The newest part of a log that is missing, if there are parts alone.
fn missing_part(sources: &[LogSource]) -> Option<u32> {
    let parts: Option<Vec<u32>> = sources.iter().map(LogSource::age).collect();
    let parts = parts?;
    let oldest = *parts.iter().max()?;
    (0..oldest).find(|it| !parts.contains(it))
}

/// The order of day and month in a Winsock.log, and what decides it.
fn dates_of(
    source: &LogSource,
    arguments: &DiagnoseArguments,
) -> Result<(DateOrder, OrderProof), CommandError> {
    if let Some(dates) = arguments.dates {
        return Ok((dates.into(), OrderProof::NotNeeded));
    }
    let survey = source
        .survey()
        .map_err(|error| cannot_read(&source.name, &error))?;
    Ok(survey.order())
}

/// The verdicts on a Winsock.log whose dates are read in the other order; `None` if they are the same.
fn other_totals(
    source: &LogSource,
    limits: Parameters,
    events: Option<&EventLog>,
    verdicts: &AllocationTotals,
) -> Result<Option<(DateOrder, AllocationTotals)>, CommandError> {
    let fail = |error: io::Error| cannot_read(&source.name, &error);
    let dates = limits.dates.other();
    let mut lines = Lines::new(source.reader().map_err(fail)?);
    let mut reader = Reader::new(Parameters { dates, ..limits }, events);
    let mut quoted = EventLog::default();
    while let Some(line) = lines.next_line().map_err(fail)? {
        read_line(&mut reader, &mut quoted, line, &mut |_| {});
    }
    let other = reader.finish(&mut |_| {}).total;
    let counts =
        |it: &AllocationTotals| [it.leaked, it.suspected, it.unknown, it.in_use, it.closed];
    let is_other = counts(&other) != counts(verdicts);
    Ok(is_other.then_some((dates, other)))
}

/// Takes in a line of a Winsock.log; a KB article quotes events between them.
fn read_line(
    reader: &mut Reader<'_>,
    quoted: &mut EventLog,
    line: Line<'_>,
    out: &mut impl FnMut(&Allocation),
) {
    if reader.on_line(line, out) {
        quoted.interrupt();
    } else if !quoted.on_line(line) && !quoted.is_in_entry() {
        reader.on_unread(line);
    }
}

/// Whether the file does not prove its order of day and month, and the other one gives other times.
const fn date_order_is_guessed(proof: OrderProof) -> bool {
    matches!(
        proof,
        OrderProof::ShorterGaps(_) | OrderProof::Contradictory
    )
}

/// What decides where the log alone cannot.
fn parameters(
    arguments: &DiagnoseArguments,
    dates: DateOrder,
    events: Option<&EventLog>,
) -> Parameters {
    let default = Parameters::default();
    let timer = arguments.disconnect_timer;
    let timer = timer.map(|it| Duration::from_nanos(it.nanos()));
    let pool = arguments.pool.or(events.and_then(EventLog::pool));
    let pool = pool.map(|it| usize::try_from(it).unwrap_or(usize::MAX));
    Parameters {
        disconnect_timer: timer.unwrap_or(default.disconnect_timer),
        timer_is_given: timer.is_some(),
        pool: pool.unwrap_or(default.pool),
        calls_at_once: arguments.calls,
        dates,
        saved_together: arguments.saved_together,
    }
}

/// Reads a Winsock.log and prints the diagnosis; the exit code.
fn read_log(
    source: &LogSource,
    companion: Option<&Companion>,
    mut notes: Vec<String>,
    arguments: &DiagnoseArguments,
    terminal: &mut Terminal,
) -> Result<u8, CommandError> {
    let (dates, proof) = dates_of(source, arguments)?;
    let date_note = event_log::order_note(&source.name, dates, proof);
    let date_note = date_note.map(|it| format!("{it}; --dates decides it"));
    if let Some(note) = &date_note {
        terminal.note(&format!("note: {note}\n"));
    }
    notes.extend(date_note);
    let name = &source.name;
    let events = companion.map(|it| &it.log);
    let limits = parameters(arguments, dates, events);
    let content = source.reader().map_err(|error| cannot_read(name, &error))?;
    let (mut lines, mut reader) = (Lines::new(content), Reader::new(limits, events));
    let mut quoted = EventLog::default();
    let mut printer: Box<dyn DiagnosisPrinter> = match arguments.format {
        Format::Human => Box::new(text::Text::default()),
        Format::Json => Box::new(json::JsonLine::new(name, companion)),
    };
    while let Some(line) = lines
        .next_line()
        .map_err(|error| cannot_read(name, &error))?
    {
        read_line(&mut reader, &mut quoted, line, &mut |entry| {
            printer.add(entry)
        });
        if printer.is_large() {
            print(arguments.format, &printer.take_text(), terminal)?;
        }
    }
    let summary = reader.finish(&mut |entry| printer.add(entry));
    quoted.finish();
    check_is_log(name, &summary)?;
    let quoted = Some(&quoted).filter(|it| !it.is_empty());
    let logged_pool = events.or(quoted).and_then(EventLog::pool);
    let total = summary.total;
    let other_dates = match date_order_is_guessed(proof) {
        true => other_totals(source, limits, events, &total)?,
        false => None,
    };
    let is_unknown = total.unknown > 0 || !is_sound(&summary) || other_dates.is_some();
    printer.finish(&DiagnosedLog {
        name,
        summary,
        companion,
        quoted,
        pool: arguments.pool.or(logged_pool).unwrap_or(POOL),
        disconnect_timer: limits.disconnect_timer,
        timer_is_given: limits.timer_is_given,
        other_dates,
        saved_together: limits.saved_together,
        calls_are_given: arguments.calls.is_some(),
        notes,
    });
    print(arguments.format, &printer.take_text(), terminal)?;
    Ok(match (total.leaked + total.suspected, is_unknown) {
        (0, false) => exit_code::SUCCESS,
        (0, true) => exit_code::UNDECIDED,
        (_, _) => exit_code::UNEXPECTED,
    })
}

/// Whether all of a log could be read and nothing in it contradicts itself: only then there is "no leak".
const fn is_sound(summary: &LogSummary) -> bool {
    summary.contradictions.is_empty() && !summary.has_unread()
}

/// Rejects what cannot be diagnosed: another kind of file, or a log in reverse order.
fn check_is_log(name: &str, summary: &LogSummary) -> Result<(), CommandError> {
    let name = untrusted_text::line(name);
    if summary.lines == 0 {
        return Err(CommandError::usage(format_args!(
            "{name}: the file is empty; copy it again, or turn on WinSock logging and wait for some calls"
        )));
    }
    if summary.log_lines == 0 {
        return Err(CommandError::usage(format_args!(
            "{name}: not a Winsock.log: none of its {} lines has the form `(008) No more data` or \
             starts an event like `Event ID: 9215`; docs/diagnosing.md has a line of each form that is read",
            summary.lines
        )));
    }
    if summary.log_lines == summary.unknown_forms {
        return Err(CommandError::usage(format_args!(
            "{name}: none of its {} lines with a number of a thread has a form of a Winsock.log, such as \
             `(008) No more data`; capital letters matter",
            summary.log_lines
        )));
    }
    if summary.steps_back > summary.steps_forward {
        return Err(CommandError::usage(format_args!(
            "{name}: its newest lines come first: the time goes back {} times and forward {} times; \
             reverse the lines, for instance with `tac`",
            summary.steps_back, summary.steps_forward
        )));
    }
    Ok(())
}

fn print(format: Format, text: &str, terminal: &mut Terminal) -> io::Result<()> {
    match format {
        Format::Human => terminal.print(text),
        Format::Json => terminal.print_json(text),
    }
}

fn cannot_read(name: &str, error: &io::Error) -> CommandError {
    let name = untrusted_text::line(name);
    CommandError::io(format_args!("cannot read {name}: {error}"))
}

/// An output format: it gets entries as the log decides them, then the summary.
trait DiagnosisPrinter {
    fn add(&mut self, entry: &Allocation);
    fn finish(&mut self, diagnosis: &DiagnosedLog<'_>);
    /// Whether so much text is pending that it should be printed now.
    fn is_large(&self) -> bool;
    /// Takes the pending text.
    fn take_text(&mut self) -> String;
}
