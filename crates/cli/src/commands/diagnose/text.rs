//! The diagnosis as text: every life that is not closed with its line numbers, then counts and
//! the forecast. Closed lives are only counted: there may be millions.

use std::fmt::Write as _;
use std::time::Duration;

use config::untrusted_text;
use diagnose::event_log::{self, Weight};
use diagnose::{Allocation, AllocationTotals, Contradiction, Diagnosis, EventLog, Forecast};

use super::{Companion, DiagnosedLog, DiagnosisPrinter, is_sound};

/// Lives listed per verdict.
const LISTED_MAX: usize = 100;

#[derive(Default)]
pub(super) struct Text {
    /// By verdict, in the order of [`VERDICTS`].
    listed: [Vec<Allocation>; 4],
    text: String,
}

const VERDICTS: [(Diagnosis, &str); 4] = [
    (
        Diagnosis::Leaked,
        "allocated, but never used, disconnected or closed (Q303102)",
    ),
    (
        Diagnosis::Suspected,
        "the pattern of Q303102, but something leaves a doubt",
    ),
    (
        Diagnosis::Unknown,
        "the log starts too late or ends too early to decide",
    ),
    (Diagnosis::InUse, "still in use when the log ends"),
];

impl DiagnosisPrinter for Text {
    fn add(&mut self, entry: &Allocation) {
        let index = VERDICTS.iter().position(|(it, _)| *it == entry.diagnosis);
        if let Some(listed) = index.map(|index| &mut self.listed[index])
            && listed.len() < LISTED_MAX
        {
            listed.push(*entry);
        }
    }

    fn finish(&mut self, diagnosis: &DiagnosedLog<'_>) {
        self.text = text(&self.listed, diagnosis);
    }

    fn is_large(&self) -> bool {
        false
    }

    fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

fn text(listed: &[Vec<Allocation>; 4], diagnosis: &DiagnosedLog<'_>) -> String {
    let summary = &diagnosis.summary;
    let name = untrusted_text::line(diagnosis.name);
    let mut text = format!("{name}: {} lines", summary.lines);
    if summary.services > 1 {
        let _ = write!(text, ", {} service starts", summary.services);
    }
    if let Some(companion) = diagnosis.companion {
        let name = untrusted_text::line(&companion.name);
        let _ = write!(text, ", with events from {name}");
    }
    text.push('\n');
    text.push_str(&contradictions(diagnosis));
    for ((verdict, meaning), lives) in VERDICTS.iter().zip(listed) {
        let count = count(&summary.total, *verdict);
        if count == 0 {
            continue;
        }
        let _ = writeln!(text, "{:7} {count}: {meaning}", verdict.word());
        for life in lives {
            text.push_str(&line(life, summary.services > 1));
        }
        let unlisted = count - lives.len() as u64;
        if unlisted > 0 {
            let _ = writeln!(text, "  and {unlisted} more; --format json lists all");
        }
    }
    let _ = writeln!(
        text,
        "{:7} {}",
        Diagnosis::Closed.word(),
        summary.total.closed
    );
    let undecided = summary.total.suspected + summary.total.unknown;
    match (summary.total.leaked, undecided) {
        (0, 0) if is_sound(summary) && diagnosis.other_dates.is_none() => {
            text.push_str("No leak.\n")
        }
        (0, _) => text.push_str("No leak is proved, and none is ruled out.\n"),
        (_, _) => {}
    }
    text.push_str(&other_dates(diagnosis));
    let uptime = diagnosis.companion.and_then(|it| it.log.lasted(0));
    if let Some(forecast) = summary.last.forecast(diagnosis.pool, uptime) {
        text.push_str(&forecast_text(&summary.last, &forecast));
    } else if summary.total.leaked > 0 {
        text.push_str(match summary.last.suspected + summary.last.unknown {
            0 => "No leak since the last service start.\n",
            _ => "Since the last service start no leak is proved, and none is ruled out.\n",
        });
    }
    text.push_str(&calls(diagnosis));
    if undecided > 0 {
        text.push_str(&what_decides(diagnosis));
    }
    text.push_str(&long_call(diagnosis));
    text.push_str(&not_read(diagnosis));
    if let Some(quoted) = diagnosis.quoted {
        text.push_str(&events_of(quoted));
    }
    text
}

/// The verdicts with the other order of day and month, if they are not the same.
fn other_dates(diagnosis: &DiagnosedLog<'_>) -> String {
    let Some((order, totals)) = &diagnosis.other_dates else {
        return String::new();
    };
    let counts = VERDICTS.iter().map(|(verdict, _)| {
        let count = count(totals, *verdict);
        format!("{count} {}", verdict.word())
    });
    let counts: Vec<String> = counts.collect();
    format!(
        "The order of day and month is a guess, and {}, the other one, gives other verdicts: {}. Say \
         --dates day-first or month-first.\n",
        order.word(),
        counts.join(", ")
    )
}

/// What contradicts itself in the log. It comes before the verdicts, since they depend on it.
fn contradictions(diagnosis: &DiagnosedLog<'_>) -> String {
    let (summary, mut text) = (&diagnosis.summary, String::new());
    let found = &summary.contradictions;
    if found.is_empty() {
        return text;
    }
    let hosts: Vec<&str> = summary.hosts.iter().map(|it| it.0.as_str()).collect();
    if let [first, ..] = hosts[..] {
        let _ = writeln!(
            text,
            "Lines of {} computers are mixed: {}. No verdict below is certain. Give each its own file, for \
             instance with `grep -w {first}`; if these are not computers, remove that column.",
            hosts.len(),
            hosts.join(", ")
        );
    } else if found.prove_mixture() {
        text.push_str(
            "The log contradicts itself: lines of two computers, or of two copies of a log, are mixed. No \
             verdict below is certain. Give each its own file.\n",
        );
    } else if found
        .found()
        .iter()
        .all(|it| it.what == Contradiction::TimesGoBack)
    {
        text.push_str(
            "Two logs follow each other, of two computers or the newer one first, or the clock was set back.\n",
        );
    } else {
        text.push_str(
            "The log contradicts itself: lines are missing, or lines of two computers are mixed, or the MTA \
             gave one control block to two users. So a silent block is suspected at most, and the events decide \
             nothing.\n",
        );
    }
    for one in found.found() {
        let times = match one.count {
            1 => String::new(),
            count => format!("{count} times, first in "),
        };
        let (what, line, earlier) = (one.what.text(), one.line, one.earlier);
        let _ = writeln!(text, "  {what}: {times}line {line}, compare line {earlier}");
    }
    text
}

/// What the reader could not make out in the log.
fn not_read(diagnosis: &DiagnosedLog<'_>) -> String {
    let (summary, mut text) = (&diagnosis.summary, String::new());
    let lines = |count, one, more| match count {
        1 => format!("1 line {one}"),
        _ => format!("{count} lines {more}"),
    };
    if summary.left_out > 0 {
        let _ = writeln!(
            text,
            "{} left out, the first of them line {}. Each may be a damaged line about any block that was open: \
             take out what is no part of the log.",
            lines(
                summary.left_out,
                "is not of a Winsock.log and is",
                "are not of a Winsock.log and are"
            ),
            summary.first_left_out
        );
    }
    if summary.damaged > 0 {
        let _ = writeln!(
            text,
            "{} damaged, the first of them line {}, and may be about any block that was open.",
            lines(summary.damaged, "is", "are"),
            summary.first_damaged
        );
    }
    if summary.unread_prefixes > 0 {
        let _ = writeln!(
            text,
            "{} with something that is not a time of a known form and are read without it, the first of \
             them line {}.",
            lines(summary.unread_prefixes, "begins", "begin"),
            summary.first_unread_prefix
        );
    }
    if summary.coarse_stamps > 0 {
        let _ = writeln!(
            text,
            "{} a time without seconds: ages are known to within 60 s.",
            lines(summary.coarse_stamps, "has", "have")
        );
    }
    if summary.unclear_stamps > 0 {
        let _ = writeln!(
            text,
            "{} a time of two numbers, which are hours and minutes or minutes and seconds: a verdict rests on \
             such a time only if it is the same in both. Put dates in front of them, such as 2001-06-06 10:05.",
            lines(summary.unclear_stamps, "has", "have")
        );
    }
    let back = summary.went_back;
    if back.count > 0 {
        let times = match back.count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        let _ = writeln!(
            text,
            "The times go back {times}, by up to {} s, first in line {} (compare line {}): the clock was set \
             back, or lines are not in their order. No verdict rests on a time across such a line.",
            back.longest.as_secs(),
            back.line,
            back.earlier
        );
    }
    if summary.doubtful_steps > 0 {
        let _ = writeln!(
            text,
            "{} a time of which nothing tells how long after the one before it is: midnight has passed or the \
             clock was set back, or one of both has no date. No verdict rests on a time across such a line.",
            lines(summary.doubtful_steps, "has", "have")
        );
    }
    if summary.midnights > 0 {
        let _ = writeln!(
            text,
            "The times have no dates: {} inferred from times that go back.",
            match summary.midnights {
                1 => "1 midnight is".to_owned(),
                count => format!("{count} midnights are"),
            }
        );
    }
    if summary.unknown_forms > 0 {
        let _ = writeln!(
            text,
            "{} an unknown form, the first of them line {}; what a line may be about is not decided without it.",
            lines(summary.unknown_forms, "has", "have"),
            summary.first_unknown_form
        );
    }
    text
}

fn line(life: &Allocation, with_service: bool) -> String {
    let mut text = format!("  CB {}", life.cb);
    if let Some(instance) = life.instance {
        let _ = write!(text, " (instance {instance})");
    }
    if with_service {
        let _ = write!(text, ", service start {}", life.service);
    }
    let lines = life.evidence.lines();
    let word = if lines.len() == 1 { "line" } else { "lines" };
    let _ = writeln!(text, ", {word} {}: {}", life.evidence, life.reason);
    text
}

const fn count(totals: &AllocationTotals, verdict: Diagnosis) -> u64 {
    match verdict {
        Diagnosis::Leaked => totals.leaked,
        Diagnosis::Suspected => totals.suspected,
        Diagnosis::InUse => totals.in_use,
        Diagnosis::Closed => totals.closed,
        Diagnosis::Unknown => totals.unknown,
    }
}

/// What would decide what this log leaves open.
fn what_decides(diagnosis: &DiagnosedLog<'_>) -> String {
    let seconds = diagnosis.disconnect_timer.as_secs();
    let stamps = format!("a log with time stamps of {seconds} s more");
    let (runs, logged) = (
        diagnosis.summary.services,
        diagnosis.companion.map_or(0, |it| it.log.services()),
    );
    if diagnosis.summary.lacks_events {
        return format!(
            "The event log has {logged} of {runs} service starts, so nothing tells which belong to each \
             other. If both logs were saved at the same time, say --saved-together; {stamps} decides too.\n"
        );
    }
    match diagnosis.companion.map(|it| it.log.unread()) {
        None => format!(
            "To decide these, add the event log from the start of the service on (it says which calls \
             were given up), or {stamps}.\n"
        ),
        Some(0) => format!(
            "To decide these, the event log must begin with the start of the service and go on to the end of \
             Winsock.log: if both were saved at the same time, say --saved-together; {stamps} decides \
             them too.\n"
        ),
        Some(_) => format!(
            "To decide these, every event from the start of the service on must be readable; {stamps} \
             decides them too.\n"
        ),
    }
}

/// A call that took longer than the timer allows.
fn long_call(diagnosis: &DiagnosedLog<'_>) -> String {
    let (longest, timer) = (diagnosis.summary.longest_call, diagnosis.disconnect_timer);
    if longest <= timer + Duration::from_secs(1) {
        return String::new();
    }
    let (longest, timer) = (longest.as_secs(), timer.as_secs());
    let what = "the timer is longer, or lines are missing, or the clock was set forward";
    match diagnosis.timer_is_given {
        true => format!(
            "A call was answered after {longest} s, longer than the disconnect timer of {timer} s: {what}. The \
             verdicts rest on the timer that is given.\n"
        ),
        false => format!(
            "A call was answered after {longest} s, longer than the disconnect timer of {timer} s: {what}. So a \
             block that was silent for no longer than that call is suspected at most; say --disconnect-timer \
             TIME, the longest of all connectors.\n"
        ),
    }
}

/// How many calls at once the verdicts rest on that only order decides.
fn calls(diagnosis: &DiagnosedLog<'_>) -> String {
    let summary = &diagnosis.summary;
    let calls = summary.calls_at_once;
    let times = if calls == 1 { "call" } else { "calls" };
    match (diagnosis.calls_are_given, summary.total.by_order) {
        (_, 0) => String::new(),
        (true, count) => format!(
            "{count} of these verdicts rest on order alone: at most {calls} {times} at once, as --calls or the \
             log says.\n"
        ),
        (false, count) => format!(
            "{count} of these rest on order alone, and it is not known how many calls the MTA makes at once: \
             up to 10 for each X.400 connector (Q194589). With --calls N, a silent block has leaked that N \
             later silent calls have passed.\n"
        ),
    }
}

/// How fast the service has leaked since its last start.
fn forecast_text(last: &AllocationTotals, forecast: &Forecast) -> String {
    let mut text = format!(
        "Since the last service start {} of {} allocations leaked, one in {:.1}",
        last.leaked, last.allocated, forecast.allocations_per_leak
    );
    if let Some(rate) = forecast.leaks_per_hour {
        let _ = write!(text, ", {rate:.1} per hour");
    }
    text.push_str(".\n");
    let pool = forecast.pool;
    let _ = if forecast.free == 0 {
        writeln!(text, "None of {pool} control blocks is free.")
    } else {
        let time = forecast
            .time_left
            .map(|it| format!(", in {}", duration(it)));
        writeln!(
            text,
            "{} of {pool} control blocks are left. At this rate the pool is empty after about {:.0} \
             more allocations{}.",
            forecast.free,
            forecast.allocations_left,
            time.unwrap_or_default()
        )
    };
    text.push_str(
        "A service restart frees the leaked blocks; only the fix stops the leak (Q303102).\n",
    );
    text
}

/// `3 h 5 min`, to the minute.
fn duration(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// What the events of an event log mean.
pub(super) fn events(companion: &Companion) -> String {
    let name = untrusted_text::line(&companion.name);
    format!("{name}:\n{}", events_of(&companion.log))
}

fn events_of(log: &EventLog) -> String {
    let mut text = String::new();
    let weights = [
        (
            Weight::Symptom,
            "symptoms of a bad network, with or without a leak",
        ),
        (
            Weight::Consequence,
            "consequences of a leak or of another failure",
        ),
        (
            Weight::Boundary,
            "service starts and stops: all control blocks are free",
        ),
        (Weight::Elsewhere, "other failures"),
    ];
    for (weight, heading) in weights {
        let mut is_first = true;
        for (id, events) in log.events() {
            let Some((_, meaning)) = event_log::meaning(id).filter(|it| it.0 == weight) else {
                continue;
            };
            if std::mem::replace(&mut is_first, false) {
                let _ = writeln!(text, "{heading}");
            }
            let _ = writeln!(text, "  {:6} x {id}, {meaning}", events.count);
        }
    }
    let others = log
        .events()
        .filter(|(id, _)| event_log::meaning(*id).is_none());
    let others: u64 = others.map(|(_, events)| events.count).sum();
    if others > 0 {
        let _ = writeln!(text, "{others} other events");
    }
    if log.is_empty() {
        text.push_str("no event of the MTA\n");
    }
    if log.unread() > 0 {
        let what = match log.unread() {
            1 => "event or line",
            _ => "events or lines",
        };
        let _ = writeln!(text, "{} more {what} could not be read", log.unread());
    }
    text.push_str("Events cannot prove a leak, only Winsock.log can (Q303102).\n");
    text
}
