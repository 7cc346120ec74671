//! The answer for a person.
//!
//! Owns the page: every life that has not ended, with its lines, then counts and the forecast.
//! It refuses to list what was closed: there may be millions.

use std::fmt::Write as _;
use std::time::Duration;

use diagnose::event_log::{self, Weight};
use diagnose::{Entry, EventLog, Forecast, Totals, Verdict};

use super::{Diagnosis, Shown};

/// Lives of one verdict that are listed.
const LISTED: usize = 100;

/// The lives that are listed: all but those that were closed.
#[derive(Default)]
pub(super) struct Text {
    listed: [Vec<Entry>; 3],
    text: String,
}

const VERDICTS: [(Verdict, &str); 3] = [
    (
        Verdict::Leaked,
        "allocated, and never used, disconnected or closed (Q303102)",
    ),
    (
        Verdict::Unknown,
        "the log starts too late, or ends too soon, to tell",
    ),
    (Verdict::InUse, "at work when the log ends"),
];

impl Shown for Text {
    fn take_in(&mut self, life: &Entry) {
        let place = VERDICTS.iter().position(|(it, _)| *it == life.verdict);
        if let Some(listed) = place.map(|place| &mut self.listed[place])
            && listed.len() < LISTED
        {
            listed.push(*life);
        }
    }

    fn end(&mut self, diagnosis: &Diagnosis<'_>) {
        self.text = page(&self.listed, diagnosis);
    }

    fn is_large(&self) -> bool {
        false
    }

    fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

fn page(listed: &[Vec<Entry>; 3], diagnosis: &Diagnosis<'_>) -> String {
    let summary = &diagnosis.summary;
    let mut page = format!("{}: {} lines", diagnosis.name, summary.lines);
    if summary.services > 1 {
        let _ = write!(page, ", {} runs of the service", summary.services);
    }
    if let Some(companion) = diagnosis.companion {
        let _ = write!(page, ", with the events of {}", companion.name);
    }
    page.push('\n');
    for ((verdict, meaning), lives) in VERDICTS.iter().zip(listed) {
        let count = count(&summary.total, *verdict);
        if count == 0 {
            continue;
        }
        let _ = writeln!(page, "{:8}{count}: {meaning}", verdict.word());
        for life in lives {
            page.push_str(&line(life, summary.services > 1));
        }
        let unlisted = count - lives.len() as u64;
        if unlisted > 0 {
            let _ = writeln!(page, "  and {unlisted} more; --format json has all");
        }
    }
    let _ = writeln!(page, "{:8}{}", Verdict::Closed.word(), summary.total.closed);
    if summary.total.leaked == 0 {
        page.push_str("No leak.\n");
    }
    let lasted = diagnosis.companion.and_then(|it| it.log.lasted(0));
    if let Some(forecast) = summary.last.forecast(diagnosis.pool, lasted) {
        page.push_str(&outlook(&summary.last, &forecast));
    } else if summary.total.leaked > 0 {
        page.push_str("Since its last start the service has not leaked.\n");
    }
    if summary.total.unknown > 0 && diagnosis.companion.is_none() {
        page.push_str("Give the event log too: it tells which calls were given up.\n");
    }
    if summary.unknown_forms > 0 {
        let _ = writeln!(
            page,
            "{} lines have a form that is not known here; no verdict rests on them.",
            summary.unknown_forms
        );
    }
    if let Some(quoted) = diagnosis.quoted {
        page.push_str(&events_of(quoted));
    }
    page
}

fn line(life: &Entry, tells_service: bool) -> String {
    let mut text = format!("  CB {}", life.cb);
    if let Some(instance) = life.instance {
        let _ = write!(text, " (instance {instance})");
    }
    if tells_service {
        let _ = write!(text, ", run {}", life.service);
    }
    let lines = life.evidence.lines();
    let word = if lines.len() == 1 { "line" } else { "lines" };
    let _ = writeln!(text, ", {word} {}: {}", life.evidence, life.reason);
    text
}

const fn count(totals: &Totals, verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Leaked => totals.leaked,
        Verdict::InUse => totals.in_use,
        Verdict::Closed => totals.closed,
        Verdict::Unknown => totals.unknown,
    }
}

/// How fast the last run of the service leaks.
fn outlook(last: &Totals, forecast: &Forecast) -> String {
    let mut text = format!(
        "Since its last start the service has leaked {} of {} allocations, one in {:.1}",
        last.leaked, last.allocated, forecast.allocations_per_leak
    );
    if let Some(rate) = forecast.leaks_per_hour {
        let _ = write!(text, ", {rate:.1} an hour");
    }
    text.push_str(".\n");
    let _ = match (forecast.free, forecast.time_left) {
        (0, _) => writeln!(text, "None of {} blocks is free.", forecast.pool),
        (free, left) => {
            let after = format!("about {:.0} more allocations", forecast.allocations_left);
            let time = left.map_or_else(String::new, |it| format!(", in {}", length(it)));
            writeln!(
                text,
                "Of {} blocks {free} are left: none after {after}{time}, if it goes on like this.",
                forecast.pool
            )
        }
    };
    text.push_str("A restart of the service frees them; only the fix ends it (Q303102).\n");
    text
}

/// `3 h 5 min`, to the minute.
fn length(length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// What the events of an event log prove.
pub(super) fn events(name: &str, log: &EventLog) -> String {
    format!("{name}:\n{}", events_of(log))
}

fn events_of(log: &EventLog) -> String {
    let mut text = String::new();
    let weights = [
        (Weight::Symptom, "symptoms: a bad network, leak or no leak"),
        (
            Weight::Consequence,
            "consequences, of a leak or of something else",
        ),
        (Weight::Boundary, "boundaries: all blocks are free"),
        (Weight::Elsewhere, "of other failures"),
    ];
    for (weight, heading) in weights {
        let of_weight = |id: u32| event_log::meaning(id).filter(|it| it.0 == weight);
        let mut is_first = true;
        for (id, events) in log.events() {
            let Some((_, meaning)) = of_weight(id) else {
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
        let _ = writeln!(text, "{others} others");
    }
    text.push_str("No event proves a leak: only Winsock.log can (Q303102).\n");
    text
}
