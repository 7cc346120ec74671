//! The result as text: the verdict first, then counts, defects and the log lines that show them.

use std::collections::BTreeMap;
use std::fmt::Write;

use config::untrusted_text;
use explore::cut_off;
use logs::evidence::evidence;
use logs::sentence;
use simulation::outcome::{LinkCounts, Outcome, RunVerdict, Stop};

use super::{RunReport, traffic};

/// Signatures printed of each kind of defect.
const SIGNATURES_PER_KIND: usize = 3;

pub(super) fn summary(report: &RunReport<'_>) -> String {
    let mut text = String::new();
    write(&mut text, report).expect("a String accepts any text");
    text
}

fn write(text: &mut String, report: &RunReport<'_>) -> std::fmt::Result {
    let outcome = &report.outcome;
    writeln!(text, "{}", untrusted_text::line(&report.scenario.title))?;
    writeln!(text, "{}", verdict(outcome))?;
    if outcome.undecided().is_some()
        && let Some(words) = cut_off(report.scenario, outcome)
    {
        writeln!(text, "  {words}")?;
    }
    for difference in &outcome.unexpected {
        writeln!(text, "  {difference}")?;
    }
    writeln!(text, "seed {}, digest {}", outcome.seed, outcome.digest)?;
    let mut hosts = report.scenario.hosts.values();
    let has_mtas = hosts.any(|host| host.build().is_some());
    let calls = match has_mtas {
        true => format!(", {} thread calls", outcome.calls),
        false => String::new(),
    };
    writeln!(
        text,
        "simulated {} in {:.3} s: {} events{calls}{}",
        outcome.simulated,
        report.elapsed.as_secs_f64(),
        outcome.events,
        stop(outcome.stop)
    )?;
    if has_mtas {
        write_work(text, outcome)?;
    }
    for (name, link) in &outcome.links {
        writeln!(text, "link {name}: {}", packets(link))?;
    }
    write_defects(text, outcome)?;
    write_evidence(text, report)?;
    let unused = outcome.faults.iter().filter(|(_, count)| **count == 0);
    let unused: Vec<&str> = unused.map(|(name, _)| name.as_str()).collect();
    if !unused.is_empty() {
        writeln!(text, "faults that never occurred: {}", unused.join(", "))?;
    }
    writeln!(text, "to reproduce: {}", report.reproduce)
}

/// What the MTAs did.
fn write_work(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(text, "associations: {}", outcome.associations)?;
    let counts = outcome.messages;
    writeln!(
        text,
        "messages: {} submitted, {} arrived, {} acknowledged, {} returned",
        counts.submitted, counts.arrived, counts.acknowledged, counts.returned
    )?;
    traffic::write(text, outcome)
}

/// `98 packets offered, 25 lost (25 x cut link)`.
fn packets(link: &LinkCounts) -> String {
    let mut text = format!("{} packets offered, {} lost", link.offered, link.lost);
    let causes = link.lost_by.iter();
    let causes: Vec<String> = causes
        .map(|(reason, count)| format!("{count} x {}", sentence::drop_reason(*reason)))
        .collect();
    if !causes.is_empty() {
        let _ = write!(text, " ({})", causes.join(", "));
    }
    if link.damaged > 0 {
        let _ = write!(text, ", {} arrived damaged", link.damaged);
    }
    text
}

fn verdict(outcome: &Outcome) -> &'static str {
    match outcome.verdict() {
        RunVerdict::Unexpected => return "FAIL: not as the scenario expects:",
        RunVerdict::Undecided(_) => return "UNDECIDED",
        RunVerdict::AsExpected => {}
    }
    if !outcome.violations.is_empty() {
        "PASS: the expected violations occurred"
    } else if !outcome.exceptions.is_empty() {
        "PASS: the expected exceptions occurred"
    } else {
        "PASS: no violations, no exceptions"
    }
}

const fn stop(stop: Stop) -> &'static str {
    match stop {
        Stop::Duration => "",
        Stop::Quiet => "; no events left",
        Stop::Events => "; STOPPED at limits.events",
        Stop::Messages => "; STOPPED at limits.messages",
        Stop::Calls => "; STOPPED at limits.calls",
        Stop::Memory => "; STOPPED at limits.memory",
        Stop::Violations => "; STOPPED at limits.violations",
        Stop::FirstFailure => "; ended at the first failure of its kind (until_first)",
        Stop::Pruned => "; pruned by the search",
        Stop::Interrupted => "; INTERRUPTED",
    }
}

/// Violations and exceptions by signature, and the entries of the event logs by id.
fn write_defects(text: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let violations = outcome.violations.iter();
    let violations = violations.map(|it| ((1, it.signature()), it.at, it.host.as_str()));
    let exceptions = outcome.exceptions.iter();
    let exceptions = exceptions.map(|it| ((0, it.signature()), it.at, it.host.as_str()));
    // Exceptions sort first: they ended a process.
    let mut defects = BTreeMap::new();
    for (key, at, host) in exceptions.chain(violations) {
        defects.entry(key).or_insert((0_u64, at, host)).0 += 1;
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, signature), (count, at, host)) in &defects {
        let kind = signature.split(':').next().unwrap_or_default();
        let signatures = kinds.entry(kind).or_default();
        *signatures += 1;
        if *signatures <= SIGNATURES_PER_KIND {
            writeln!(text, "{count} x {signature}, first at {at} on {host}")?;
        }
    }
    for (kind, signatures) in kinds {
        let more = signatures.saturating_sub(SIGNATURES_PER_KIND);
        if more > 0 {
            writeln!(text, "{more} more signatures of {kind}")?;
        }
    }
    if outcome.violations_dropped > 0 {
        let dropped = outcome.violations_dropped;
        writeln!(text, "{dropped} more violations, beyond limits.violations")?;
    }
    if outcome.events_logged.is_empty() {
        return Ok(());
    }
    let logged = outcome.events_logged.iter();
    let logged: Vec<String> = logged
        .map(|(id, count)| format!("{count} x {id}"))
        .collect();
    writeln!(text, "events logged: {}", logged.join(", "))
}

fn write_evidence(text: &mut String, report: &RunReport<'_>) -> std::fmt::Result {
    let outcome = &report.outcome;
    let (kept, all) = (outcome.records.len() as u64, outcome.record_count);
    let limit = report.scenario.limits.records;
    let is_cut = kept < all && all > limit;
    // A run without a failure, or one that was interrupted, is made without records.
    if outcome.records.is_empty() && !is_cut {
        return Ok(());
    }
    for evidence in evidence(report.scenario, outcome) {
        writeln!(text, "{}", evidence.title)?;
        for line in evidence.lines {
            writeln!(text, "  {line}")?;
        }
    }
    let has_failed = !outcome.violations.is_empty() || !outcome.exceptions.is_empty();
    if is_cut && has_failed {
        writeln!(
            text,
            "these lines end at limits.records = {limit} of {all} records; for all of them: {} --set \
             limits.records={all}",
            report.reproduce
        )?;
    }
    Ok(())
}
