//! What went wrong, in words.
//!
//! Owns [`Failure`] and the headline: every defect of a run once, what ended a process first,
//! with the sentence that tells it to somebody who sees this program for the first time. It
//! refuses causes: those are an explanation's.

use config::plan::{Keyword, Scenario, ViolationKind};
use kernel::Instant;
use logs::evidence::evidence;
use mta::BlockId;
use serde::Serialize;
use simulation::Outcome;
use simulation::outcome::{Exception, Violation};

use super::time::{clock, seconds};

/// A defect, as often as it showed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Failure {
    /// What names it.
    pub(super) signature: String,
    /// What happened, in a line.
    pub(super) title: String,
    /// What it means, in a sentence or two.
    pub(super) meaning: &'static str,
    /// Every time it showed, in order.
    pub(super) times: Vec<Occurrence>,
    /// What shows it, if there is something to read.
    pub(super) exhibit: Vec<String>,
    /// What the exhibit is.
    pub(super) exhibit_title: String,
}

/// Once that a defect showed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Occurrence {
    /// When, in nanoseconds.
    pub(super) at: u64,
    /// On which host.
    pub(super) host: u32,
    /// On which control block, and in which use of it.
    pub(super) block: Option<(u32, u32)>,
    /// What the oracle found, in its own words.
    pub(super) detail: String,
}

/// What a reader is told first.
#[derive(Clone, Debug)]
pub(super) struct Headline {
    pub(super) text: String,
    pub(super) more: String,
}

/// Occurrences listed of one defect.
const OCCURRENCES_MAX: usize = 200;

/// Every defect of a run: exceptions first, then what the scenario demands, then the rest, each
/// in the order of time.
pub(super) fn failures(scenario: &Scenario, outcome: &Outcome) -> Vec<Failure> {
    let mut found: Vec<(u8, Failure)> = Vec::new();
    for exception in &outcome.exceptions {
        let failure = || of_exception(exception);
        add(&mut found, 0, exception.signature(), failure, {
            occurrence(
                outcome,
                &exception.host,
                (exception.at, None),
                &exception.cause,
            )
        });
    }
    for violation in &outcome.violations {
        let rank = rank(scenario, violation);
        let failure = || of_violation(violation);
        add(&mut found, rank, violation.signature(), failure, {
            let about = (violation.at, violation.block);
            occurrence(outcome, &violation.host, about, &violation.detail)
        });
    }
    found.sort_by_key(|(rank, failure)| (*rank, failure.times[0].at));
    let mut failures: Vec<Failure> = found.into_iter().map(|(_, failure)| failure).collect();
    for evidence in evidence(scenario, outcome) {
        let failure = failures
            .iter_mut()
            .find(|it| it.signature == evidence.signature);
        if let Some(failure) = failure {
            (failure.exhibit_title, failure.exhibit) = (evidence.title, evidence.lines);
        }
    }
    failures
}

fn add(
    found: &mut Vec<(u8, Failure)>,
    rank: u8,
    signature: String,
    failure: impl FnOnce() -> Failure,
    occurrence: Occurrence,
) {
    let known = found.iter().position(|(_, it)| it.signature == signature);
    let place = known.unwrap_or_else(|| {
        found.push((rank, failure()));
        found.len() - 1
    });
    let times = &mut found[place].1.times;
    if times.len() < OCCURRENCES_MAX {
        times.push(occurrence);
    }
}

fn rank(scenario: &Scenario, violation: &Violation) -> u8 {
    let demanded = scenario.expect.violations.get(&violation.kind);
    let is_demanded = demanded.is_some_and(|range| range.min > 0);
    let is_exhaustion = violation.kind == ViolationKind::ControlBlockExhaustion;
    match (is_demanded, is_exhaustion) {
        (true, _) => 1,
        // What a leak ends in comes behind the leak.
        (false, true) => 3,
        (false, false) => 2,
    }
}

fn occurrence(
    outcome: &Outcome,
    host: &str,
    (at, block): (Instant, Option<BlockId>),
    detail: &str,
) -> Occurrence {
    Occurrence {
        at: at.nanos(),
        host: outcome.host_named(host).map_or(0, |it| it.0),
        block: block.map(|it| (it.index.0, it.instance.0)),
        detail: detail.to_owned(),
    }
}

fn of_exception(exception: &Exception) -> Failure {
    Failure {
        signature: exception.signature(),
        title: format!(
            "The MTA on {} ended by exception {:08x} in {} ({:03}): {}",
            exception.host, exception.code, exception.thread, exception.number, exception.cause
        ),
        meaning: "An exception that nobody handles ends the process; its connections are closed \
                  by the system, and the event log has 9405 and 4097.",
        times: Vec::new(),
        exhibit: Vec::new(),
        exhibit_title: String::new(),
    }
}

fn of_violation(violation: &Violation) -> Failure {
    let (host, place) = (&violation.host, &violation.location);
    let title = match (violation.kind, violation.block) {
        (ViolationKind::ControlBlockLeak, Some(block)) => format!(
            "{host} leaked control blocks, first CB {} (instance {})",
            block.index, block.instance
        ),
        (ViolationKind::ControlBlockExhaustion, _) => {
            format!(
                "{host} has no free control block left: {}",
                violation.detail
            )
        }
        (ViolationKind::DataRace, _) => format!("Two threads of {host} race: {place}"),
        (ViolationKind::WrongThread, _) => format!(
            "A thread of {host} closed a control block that is another's: {}",
            violation.detail
        ),
        (kind, _) => format!("{} on {host}: {place}", capital(kind.as_str())),
    };
    Failure {
        signature: violation.signature(),
        title,
        meaning: meaning(violation.kind),
        times: Vec::new(),
        exhibit: Vec::new(),
        exhibit_title: String::new(),
    }
}

const fn meaning(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::ControlBlockLeak => {
            "No association, no transport connection, no thread and no message knows the block \
             any more, and it is still allocated: nobody can ever give it back to the pool. A \
             restart of the service clears it."
        }
        ViolationKind::ControlBlockExhaustion => {
            "Every control block of the pool is taken, so no connection can be made or accepted: \
             event 9156."
        }
        ViolationKind::DataRace => {
            "Nothing orders the two accesses: no critical section, message or event lies between \
             them. The judge follows happens-before; whether harm came of it, the memory shows \
             later."
        }
        ViolationKind::DoubleRelease => "Something was given back that was not in use.",
        ViolationKind::StaleInstance => {
            "A close request meant for an earlier use of a control block was carried out on a \
             later one."
        }
        ViolationKind::HeapCorruption => "The words that keep the heap or the pool do not agree.",
        ViolationKind::UseAfterFree => "A block of the heap was touched after it was freed.",
        ViolationKind::SocketLeak => "A socket is open that belongs to no control block.",
        ViolationKind::Delivery => "What arrived is not what was sent, or was acknowledged before.",
        ViolationKind::Liveness => "The network was healed, and a message is still queued.",
        ViolationKind::Deadlock => {
            "Threads stand in a circle, each inside a critical section that the next one waits \
             for: none of them ever goes on."
        }
        ViolationKind::WrongThread => {
            "Each control block belongs to one thread control block. The check SBPDSCLS found \
             another owner, and the process gives up."
        }
    }
}

/// What is told first: the first failure, and what came of it.
pub(super) fn headline(outcome: &Outcome, failures: &[Failure]) -> Headline {
    let Some(first) = failures.first() else {
        let (messages, associations) = (outcome.messages, outcome.associations);
        return Headline {
            text: "Nothing went wrong".to_owned(),
            more: format!(
                "{} of {} messages acknowledged over {} associations, {} of which failed; {} s \
                 of virtual time.",
                messages.acknowledged,
                messages.submitted,
                associations.opened,
                associations.failed,
                seconds(outcome.simulated.nanos())
            ),
        };
    };
    let kind = |kind: ViolationKind| {
        let prefix = format!("{}:", kind.as_str());
        failures
            .iter()
            .find(move |it| it.signature.starts_with(&prefix))
    };
    let names_leak = first
        .signature
        .starts_with(ViolationKind::ControlBlockLeak.as_str());
    if names_leak {
        return leak(outcome, first, kind(ViolationKind::ControlBlockExhaustion));
    }
    let at = first.times[0].at;
    let mut more = format!("First at {} ({} s).", clock(at), seconds(at));
    let mut before: Vec<&Failure> = failures[1..]
        .iter()
        .filter(|it| it.times[0].at <= at)
        .collect();
    before.sort_by_key(|it| it.times[0].at);
    match before.as_slice() {
        [] => {}
        [one] => more += &format!(" Before it: {}.", one.title),
        [one, rest @ ..] => {
            let more_kinds = rest.len();
            more += &format!(" Before it: {}, and {more_kinds} more findings.", one.title);
        }
    }
    Headline {
        text: first.title.clone(),
        more,
    }
}

fn leak(outcome: &Outcome, leak: &Failure, exhaustion: Option<&Failure>) -> Headline {
    let count = outcome.violations.iter();
    let count = count
        .filter(|it| it.kind == ViolationKind::ControlBlockLeak)
        .count();
    let first = &leak.times[0];
    let host = &outcome.hosts[first.host as usize].name;
    let blocks = if count == 1 { "block" } else { "blocks" };
    let (block, instance) = first.block.unwrap_or_default();
    let mut text = format!("{count} control {blocks} leaked on {host}");
    let mut more = format!(
        "First CB {block} (instance {instance}) at {} ({} s): {}.",
        clock(first.at),
        seconds(first.at),
        first.detail
    );
    if let Some(exhaustion) = exhaustion {
        let at = exhaustion.times[0].at;
        text += ", until none was free";
        more += &format!(
            " The pool was empty at {} ({} s): event 9156.",
            clock(at),
            seconds(at)
        );
    }
    Headline { text, more }
}

/// The verdict in words, and whether nothing went wrong.
pub(super) fn verdict(outcome: &Outcome) -> (&'static str, bool) {
    let is_clean = outcome.violations.is_empty() && outcome.exceptions.is_empty();
    match (outcome.is_as_expected(), is_clean) {
        (false, _) => ("NOT as expected", false),
        (true, true) => ("as expected", true),
        (true, false) => ("as expected: what went wrong was expected to", false),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
