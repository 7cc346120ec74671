//! The text for a person.
//!
//! Owns what is said of a run in a screenful: the verdict first, then how it came about. It
//! refuses to explain; the logs do.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use logs::evidence::exhibits;
use simulation::outcome::Stop;

use super::Report;

/// Signatures shown of each kind of defect.
const SIGNATURES_OF_A_KIND: usize = 3;

pub(super) fn summary(report: &Report<'_>) -> String {
    let mut text = String::new();
    put(&mut text, report).expect("a string takes everything");
    text
}

fn put(text: &mut String, report: &Report<'_>) -> std::fmt::Result {
    let outcome = &report.outcome;
    writeln!(text, "{}", report.scenario.title)?;
    let (title, rest) = verdict(report);
    writeln!(text, "{title}")?;
    for line in rest {
        writeln!(text, "  {line}")?;
    }
    writeln!(text, "seed {}, digest {}", outcome.seed, outcome.digest)?;
    writeln!(
        text,
        "{} s simulated in {:.3} s: {} events, {} calls of threads{}",
        seconds(&outcome.simulated),
        report.wall.as_secs_f64(),
        outcome.events,
        outcome.steps,
        stopped(outcome.stop)
    )?;
    let counts = outcome.associations;
    writeln!(
        text,
        "associations: {} opened, {} closed, {} failed, {} refused",
        counts.opened, counts.closed, counts.failed, counts.refused
    )?;
    let counts = outcome.messages;
    writeln!(
        text,
        "messages: {} submitted, {} arrived, {} acknowledged, {} returned",
        counts.submitted, counts.arrived, counts.acknowledged, counts.returned
    )?;
    for (name, link) in &outcome.links {
        writeln!(
            text,
            "link {name}: {} packets offered, {} lost",
            link.offered, link.lost
        )?;
    }
    put_defects(text, report)?;
    put_evidence(text, report)?;
    let idle = outcome.faults.iter().filter(|(_, struck)| **struck == 0);
    let idle: Vec<&str> = idle.map(|(name, _)| name.as_str()).collect();
    if !idle.is_empty() {
        writeln!(text, "faults that never struck: {}", idle.join(", "))?;
    }
    writeln!(text, "repeat: {}", report.repeat)
}

/// Virtual time without the zeros at its end.
fn seconds(at: &impl Display) -> String {
    let shown = at.to_string();
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn verdict<'a>(report: &'a Report<'_>) -> (&'static str, &'a [String]) {
    let outcome = &report.outcome;
    if !outcome.is_as_expected() {
        return ("NOT as expected:", &outcome.unexpected);
    }
    if outcome.violations.is_empty() && outcome.exceptions.is_empty() {
        ("as expected: nothing went wrong", &[])
    } else {
        ("as expected: what went wrong was expected to", &[])
    }
}

const fn stopped(stop: Stop) -> &'static str {
    match stop {
        Stop::Duration => "",
        Stop::Quiet => "; nothing was left to happen",
        Stop::Events => "; STOPPED at the limit of events",
        Stop::Messages => "; STOPPED at the limit of messages",
        Stop::Calls => "; STOPPED at the limit of calls",
        Stop::Violations => "; STOPPED at the limit of violations",
        Stop::Repeats => "; a search knew the rest",
    }
}

/// What went wrong, by signature, and what the hosts logged.
fn put_defects(text: &mut String, report: &Report<'_>) -> std::fmt::Result {
    let outcome = &report.outcome;
    let violations = outcome.violations.iter();
    let violations = violations.map(|it| ((1, it.signature()), it.at, it.host.as_str()));
    let exceptions = outcome.exceptions.iter();
    let exceptions = exceptions.map(|it| ((0, it.signature()), it.at, it.host.as_str()));
    // What ended a process comes first.
    let mut defects = BTreeMap::new();
    for (rank, at, host) in exceptions.chain(violations) {
        defects.entry(rank).or_insert((0_u64, at, host)).0 += 1;
    }
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, signature), (count, at, host)) in &defects {
        let kind = signature.split(':').next().unwrap_or_default();
        let of_kind = shown.entry(kind).or_default();
        *of_kind += 1;
        if *of_kind <= SIGNATURES_OF_A_KIND {
            writeln!(
                text,
                "{count} x {signature}, first at {} s on {host}",
                seconds(at)
            )?;
        }
    }
    for (kind, found) in shown {
        let more = found.saturating_sub(SIGNATURES_OF_A_KIND);
        if more > 0 {
            writeln!(text, "{more} signatures more of {kind}")?;
        }
    }
    if outcome.violations_dropped > 0 {
        let dropped = outcome.violations_dropped;
        writeln!(text, "{dropped} violations more, beyond the limit")?;
    }
    let logged = outcome.events_logged.iter();
    let logged: Vec<String> = logged
        .map(|(id, count)| format!("{count} x {id}"))
        .collect();
    if logged.is_empty() {
        return Ok(());
    }
    writeln!(text, "events logged: {}", logged.join(", "))
}

fn put_evidence(text: &mut String, report: &Report<'_>) -> std::fmt::Result {
    if report.outcome.records.is_empty() {
        return Ok(());
    }
    for exhibit in exhibits(report.scenario, &report.outcome) {
        writeln!(text, "{}", exhibit.title)?;
        for line in exhibit.lines {
            writeln!(text, "  {line}")?;
        }
    }
    Ok(())
}
