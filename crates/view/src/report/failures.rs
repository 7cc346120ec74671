//! Failures in words: the headline, and for each defect what it is and what proves it.

use config::plan::{Keyword, Scenario, ViolationKind};
use explore::counted;
use kernel::Instant;
use logs::evidence;
use mta::BlockId;
use serde::Serialize;
use simulation::Outcome;
use simulation::outcome::{Exception, RunVerdict, Violation};

/// All occurrences of one defect.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    rank: Rank,
    pub(super) signature: String,
    /// What happened, in a line.
    pub(super) title: String,
    /// What that means, for a reader who does not know this program.
    pub(super) meaning: &'static str,
    /// In the order of time, at most [`OCCURRENCES_MAX`].
    pub(super) occurrences: Vec<Occurrence>,
    /// Log lines that prove the first occurrence, if any.
    pub(super) evidence: Vec<String>,
    pub(super) evidence_title: String,
}

/// One occurrence of a defect.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Occurrence {
    pub(super) at: u64,
    pub(super) host: u32,
    pub(super) block: Option<BlockUse>,
    /// The words of the oracle.
    pub(super) detail: String,
}

/// A control block, and which use of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct BlockUse {
    pub(super) block: u32,
    pub(super) instance: u32,
}

/// The heading of the page.
#[derive(Clone, Debug)]
pub(super) struct Headline {
    pub(super) text: String,
    pub(super) more: String,
}

/// Occurrences listed of one defect.
const OCCURRENCES_MAX: usize = 200;
/// So many moments leave each of them some ten items of a kind.
const MOMENTS_MAX: usize = 400;

/// Sorts failures: exceptions first, then what the scenario demands, then the rest. Exhaustion is
/// last, because it follows from a leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Exception,
    Demanded,
    Other,
    Exhaustion,
}

/// All failures of a run, most serious first.
pub(super) fn failures(scenario: &Scenario, outcome: &Outcome) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    for exception in &outcome.exceptions {
        let Exception {
            host, at, cause, ..
        } = exception;
        let new = || Failure::of_exception(exception);
        let failure = find_or_add(&mut failures, exception.signature(), new);
        failure.add(occurrence(outcome, host, *at, None, cause));
    }
    for violation in &outcome.violations {
        let Violation {
            host,
            at,
            block,
            detail,
            ..
        } = violation;
        let new = || Failure::of_violation(scenario, violation);
        let failure = find_or_add(&mut failures, violation.signature(), new);
        failure.add(occurrence(outcome, host, *at, *block, detail));
    }
    // By signature: evidence is printed once for a defect, however often it occurs.
    for evidence in evidence::evidence(scenario, outcome) {
        let mut failures = failures.iter_mut();
        if let Some(failure) = failures.find(|it| it.signature == evidence.signature) {
            failure.evidence_title = evidence.title;
            failure.evidence = evidence.lines;
        }
    }
    failures.sort_by_key(|it| (it.rank, it.first().at));
    failures
}

fn find_or_add(
    failures: &mut Vec<Failure>,
    signature: String,
    new: impl FnOnce() -> Failure,
) -> &mut Failure {
    // A list and not a map: a run has few signatures, and those of one rank and time keep their order.
    let index = failures.iter().position(|it| it.signature == signature);
    let index = index.unwrap_or_else(|| {
        failures.push(new());
        failures.len() - 1
    });
    &mut failures[index]
}

fn rank(scenario: &Scenario, violation: &Violation) -> Rank {
    let demanded = scenario.expect.violations.get(&violation.kind);
    // What the scenario is about comes before its consequences.
    if demanded.is_some_and(|range| range.min > 0) {
        Rank::Demanded
    } else if violation.kind == ViolationKind::ControlBlockExhaustion {
        Rank::Exhaustion
    } else {
        Rank::Other
    }
}

fn occurrence(
    outcome: &Outcome,
    host: &str,
    at: Instant,
    block: Option<BlockId>,
    detail: &str,
) -> Occurrence {
    Occurrence {
        at: at.nanos(),
        host: outcome.host_named(host).map_or(0, |it| it.0),
        block: block.map(|it| BlockUse {
            block: it.index.0,
            instance: it.instance.0,
        }),
        detail: detail.to_owned(),
    }
}

impl Failure {
    fn new(rank: Rank, signature: String, title: String, meaning: &'static str) -> Self {
        Self {
            rank,
            signature,
            title,
            meaning,
            occurrences: Vec::new(),
            evidence: Vec::new(),
            evidence_title: String::new(),
        }
    }

    fn of_exception(exception: &Exception) -> Self {
        let title = format!(
            "The MTA on {} ended by exception {:08x} in {} ({:03}): {}",
            exception.host, exception.code, exception.thread, exception.number, exception.cause
        );
        let meaning = "An unhandled exception ends the process. The system closes its \
                       connections, and the event log has 9405 and 4097.";
        Self::new(Rank::Exception, exception.signature(), title, meaning)
    }

    fn of_violation(scenario: &Scenario, violation: &Violation) -> Self {
        let (host, location) = (&violation.host, &violation.location);
        let detail = &violation.detail;
        let title = match (violation.kind, violation.block) {
            (ViolationKind::ControlBlockLeak, Some(block)) => format!(
                "{host} leaked control blocks, first CB {} (instance {})",
                block.index, block.instance
            ),
            (ViolationKind::ControlBlockExhaustion, _) => {
                format!("{host} has no free control block left: {detail}")
            }
            (ViolationKind::DataRace, _) => format!("Two threads of {host} race: {location}"),
            (ViolationKind::WrongThread, _) => {
                format!("A thread of {host} closed the control block of another thread: {detail}")
            }
            (kind, _) => format!("{} on {host}: {location}", capitalized(kind.as_str())),
        };
        let rank = rank(scenario, violation);
        Self::new(rank, violation.signature(), title, meaning(violation.kind))
    }

    fn add(&mut self, occurrence: Occurrence) {
        if self.occurrences.len() < OCCURRENCES_MAX {
            self.occurrences.push(occurrence);
        }
    }

    /// The first occurrence.
    pub(super) fn first(&self) -> &Occurrence {
        &self.occurrences[0]
    }
}

const fn meaning(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::ControlBlockLeak => {
            "The block is allocated, but no association, transport connection, thread or message \
             refers to it any more. Nothing can release it. A service restart frees it."
        }
        ViolationKind::ControlBlockExhaustion => {
            "All control blocks of the pool are allocated. No connection can be opened or \
             accepted: event 9156."
        }
        ViolationKind::DataRace => {
            "No critical section, message or event orders the two accesses. The race detector \
             follows happens-before; whether the race does damage, the memory shows later."
        }
        ViolationKind::DoubleRelease => "Something was released that was not in use.",
        ViolationKind::StaleInstance => {
            "A close request for an earlier use of a control block was applied to a later one."
        }
        ViolationKind::HeapCorruption => {
            "The words that describe the heap or the pool contradict each other."
        }
        ViolationKind::UseAfterFree => "A block of the heap was accessed after it was freed.",
        ViolationKind::SocketLeak => "An open socket belongs to no control block.",
        ViolationKind::Delivery => {
            "A message arrived that differs from the one sent, or was acknowledged before."
        }
        ViolationKind::Liveness => "The network has recovered, and a message is still queued.",
        ViolationKind::Deadlock => {
            "Each of these threads is inside a critical section that the next one waits for."
        }
        ViolationKind::Property => "A property that the program states did not hold.",
        ViolationKind::Panic => "Code of the program panicked.",
        ViolationKind::ProgramError => "The program of the host returned an error.",
        ViolationKind::WrongThread => {
            "Each control block belongs to one thread control block. The check SBPDSCLS found \
             another owner, and the process ends."
        }
    }
}

/// The moments whose surroundings the page shows in full: those of all occurrences, at most
/// [`MOMENTS_MAX`]. If there are more, first the first occurrence of each failure, then the second of each,
/// and so on.
pub(super) fn moments(failures: &[Failure]) -> Vec<u64> {
    let nth = |index: usize| {
        failures
            .iter()
            .filter_map(move |it| it.occurrences.get(index))
    };
    let all = (0..OCCURRENCES_MAX).flat_map(nth);
    all.take(MOMENTS_MAX).map(|it| it.at).collect()
}

/// The heading: the most serious failure and its context.
pub(super) fn headline(outcome: &Outcome, failures: &[Failure]) -> Headline {
    match failures {
        // Not "No failures": the rest of the run is unknown.
        [] if outcome.stop.limit().is_some() => cut_off(outcome),
        [] => success(outcome),
        [first, ..] if first.is(ViolationKind::ControlBlockLeak) => leak(outcome, first, failures),
        [first, others @ ..] => failure(first, others),
    }
}

/// No failure until a limit stopped the run.
fn cut_off(outcome: &Outcome) -> Headline {
    Headline {
        text: "No failure before the run was cut off".to_owned(),
        more: format!(
            "{} stopped it at {} of virtual time; what would have followed is unknown.",
            outcome.stop.limit().unwrap_or_default(),
            outcome.simulated
        ),
    }
}

fn success(outcome: &Outcome) -> Headline {
    let (messages, associations) = (outcome.messages, outcome.associations);
    Headline {
        text: "No failures".to_owned(),
        more: format!(
            "{} of {} acknowledged; {} opened, {} given up; {} of virtual time.",
            messages.acknowledged,
            counted(messages.submitted, "message"),
            counted(associations.opened, "association"),
            associations.failed(),
            outcome.simulated
        ),
    }
}

fn failure(first: &Failure, others: &[Failure]) -> Headline {
    let at = first.first().at;
    let mut more = format!("First at {}.", Instant::from_nanos(at));
    // The most serious failure is named first, and is often only the consequence of one that came
    // before it.
    let mut earlier: Vec<&Failure> = others.iter().filter(|it| it.first().at <= at).collect();
    earlier.sort_by_key(|it| it.first().at);
    match earlier.as_slice() {
        [] => {}
        [one] => more += &format!(" Before it: {}.", one.title),
        [one, rest @ ..] => {
            more += &format!(" Before it: {}, and {} more.", one.title, rest.len());
        }
    }
    Headline {
        text: first.title.clone(),
        more,
    }
}

fn leak(outcome: &Outcome, leak: &Failure, failures: &[Failure]) -> Headline {
    let violations = outcome.violations.iter();
    let count = violations
        .filter(|it| it.kind == ViolationKind::ControlBlockLeak)
        .count();
    let first = leak.first();
    let host = &outcome.hosts[first.host as usize].name;
    let blocks = if count == 1 { "block" } else { "blocks" };
    let mut text = format!("{count} control {blocks} leaked on {host}");
    let mut more = format!(
        "First at {}: {}.",
        Instant::from_nanos(first.at),
        first.detail
    );
    let mut failures = failures.iter();
    if let Some(exhaustion) = failures.find(|it| it.is(ViolationKind::ControlBlockExhaustion)) {
        let at = exhaustion.first().at;
        text += ", until none was free";
        more += &format!(
            " The pool was empty at {}: event 9156.",
            Instant::from_nanos(at)
        );
    }
    Headline { text, more }
}

impl Failure {
    fn is(&self, kind: ViolationKind) -> bool {
        let prefix = self.signature.strip_prefix(kind.as_str());
        prefix.is_some_and(|rest| rest.starts_with(':'))
    }
}

/// The verdict in words, and whether the run is free of failures.
pub(super) fn verdict(outcome: &Outcome) -> (String, bool) {
    let is_clean = outcome.violations.is_empty() && outcome.exceptions.is_empty();
    match (outcome.verdict(), is_clean) {
        (RunVerdict::Unexpected, _) => ("FAIL: not as the scenario expects".to_owned(), false),
        (RunVerdict::Undecided(limit), _) => (
            format!("UNDECIDED: cut off at {limit} at {}", outcome.simulated),
            false,
        ),
        (RunVerdict::AsExpected, true) => ("PASS".to_owned(), true),
        (RunVerdict::AsExpected, false) => (
            "PASS: the scenario expects these failures".to_owned(),
            false,
        ),
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(times: impl IntoIterator<Item = u64>) -> Failure {
        let occurrence = |at| Occurrence {
            at,
            host: 0,
            block: None,
            detail: String::new(),
        };
        Failure {
            rank: Rank::Other,
            signature: String::new(),
            title: String::new(),
            meaning: "",
            occurrences: times.into_iter().map(occurrence).collect(),
            evidence: Vec::new(),
            evidence_title: String::new(),
        }
    }

    #[test]
    fn later_occurrences_have_surroundings_too() {
        let failures = [failure([10, 40, 50]), failure([20])];
        assert_eq!(moments(&failures), [10, 20, 40, 50]);
    }

    #[test]
    fn many_failures_leave_room_for_the_first_occurrence_of_each() {
        let often = || failure(0..OCCURRENCES_MAX as u64);
        let failures = [often(), often(), failure([900])];
        let found = moments(&failures);
        assert_eq!(found.len(), MOMENTS_MAX);
        assert!(found.contains(&900));
    }
}
