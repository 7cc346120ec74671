//! The cause of a failure in one sentence: which two events came in which order, how far apart, and
//! what followed from this order.
//!
//! The sentence is read from records and accesses of the run; of the build it asks only whether it has a
//! lock. Each kind of violation has its own; where the records do not show one, the last two records say
//! what happened.

mod control_blocks;
mod messages;
mod threads;

use config::plan::{Scenario, ViolationKind};
use kernel::{Instant, JournalEntry};
use logs::sentence;
use mta::{EventEntry, Fact, Record as MtaRecord, Structure, StructureOperation};
use simulation::Outcome;
use simulation::outcome::{Exception, Violation};
use simulation::record::{Record, ThreadNumber};

use super::causal_trace::{ThreadRecord, records_of};
use super::critical_pair::{CriticalPair, apart};
use crate::subject::HostBuild;

/// A run with a failure on one of its hosts.
#[derive(Clone, Copy)]
pub(super) struct FailedRun<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) outcome: &'a Outcome,
    pub(super) host: &'a str,
    pub(super) at: Instant,
    pub(super) pair: Option<&'a CriticalPair>,
    /// The build of the host, if the subject says it.
    pub(super) build: Option<&'a HostBuild>,
}

/// The cause of a violation.
pub(super) fn of_violation(run: FailedRun<'_>, violation: &Violation) -> String {
    let own = match violation.kind {
        ViolationKind::ControlBlockLeak => control_blocks::leak(run, violation),
        ViolationKind::ControlBlockExhaustion => control_blocks::exhaustion(run),
        ViolationKind::DoubleRelease => control_blocks::second_release(run, violation),
        ViolationKind::StaleInstance => control_blocks::other_use_closed(run, violation),
        ViolationKind::SocketLeak => control_blocks::socket_leak(run),
        ViolationKind::Delivery => messages::delivery(run, violation),
        ViolationKind::Liveness => messages::liveness(run),
        ViolationKind::Deadlock => threads::deadlock(run),
        // Two accesses decide these, or what the program itself reports.
        ViolationKind::DataRace
        | ViolationKind::UseAfterFree
        | ViolationKind::HeapCorruption
        | ViolationKind::WrongThread
        | ViolationKind::Property
        | ViolationKind::Panic
        | ViolationKind::ProgramError => None,
    };
    own.or_else(|| of_pair(run)).unwrap_or_else(|| {
        let (location, detail) = (&violation.location, &violation.detail);
        last_steps(run, &format!("{location}: {detail}"))
    })
}

/// The cause of an exception.
pub(super) fn of_exception(run: FailedRun<'_>, exception: &Exception) -> String {
    let raised = format!(
        "{} ({:03}) raises {:08x}: {}",
        exception.thread, exception.number, exception.code, exception.cause
    );
    of_pair(run).unwrap_or_else(|| last_steps(run, &raised))
}

/// The cause of a failure that two unsynchronized accesses decided.
fn of_pair(run: FailedRun<'_>) -> Option<String> {
    let pair = run.pair?;
    let build = run.build_name();
    let Some((structure, name)) = structure(&pair.later).or_else(|| structure(&pair.earlier))
    else {
        return Some(format!("{}; {build} allows this order", pair.order));
    };
    // Of the build that ran: one of the user's own may have locks that the one of the scenario has not.
    let decisions = run.build.map(|it| &it.decisions);
    let locks = match decisions.map(|it| it.guard(structure, StructureOperation::Use).is_some()) {
        Some(true) => format!(", although it has a lock for {name}"),
        Some(false) => format!(", for it has no lock for {name}"),
        None => String::new(),
    };
    Some(format!("{}; {build} allows this order{locks}", pair.order))
}

/// The shared structure that an access is about, and its name in a sentence.
fn structure(access: &str) -> Option<(Structure, &'static str)> {
    // The first that matches counts: the names of the others contain that of the control blocks.
    let by_name = [
        ("control block pool.", Structure::Pool, "the pool"),
        (
            "thread control block.",
            Structure::WaitArrays,
            "the wait arrays",
        ),
        ("select set.", Structure::WaitArrays, "the wait arrays"),
        ("control block.", Structure::Blocks, "the control blocks"),
    ];
    let found = by_name.into_iter().find(|(word, ..)| access.contains(word));
    found.map(|(_, structure, name)| (structure, name))
}

/// The last two things that happened on the host before the failure, and the failure itself.
fn last_steps(run: FailedRun<'_>, found: &str) -> String {
    let records = &run.outcome.records;
    let before = records.partition_point(|entry| entry.at <= run.at);
    let records = &records[..before];
    let last_words = last_words(run, records);
    let is_said = |record: &Record| matches!(record, Record::Guest(_, text) if last_words.contains(&text.as_str()));
    let mut steps: Vec<(Instant, String)> = records
        .iter()
        .rev()
        .filter(|entry| run.is_step(&entry.record) && !is_said(&entry.record))
        .take(2)
        .map(|JournalEntry { at, record }| {
            (*at, sentence::record(run.scenario, run.outcome, record))
        })
        .collect();
    steps.reverse();
    match steps.as_slice() {
        [] => format!(
            "nothing is recorded on {} before {}: {found}",
            run.host, run.at
        ),
        [(at, only)] => format!("{only}, {} before the failure: {found}", apart(*at, run.at)),
        [(first_at, first), (at, second), ..] => format!(
            "{first}, {} before {second}; {} after that: {found}",
            apart(*first_at, *at),
            apart(*at, run.at)
        ),
    }
}

/// What guests say at the moment of the failure. It is the failure, and what they said in the same words before
/// explains nothing.
fn last_words<'a>(run: FailedRun<'a>, records: &'a [JournalEntry<Record>]) -> Vec<&'a str> {
    let at_failure = records.iter().rev().take_while(|entry| entry.at == run.at);
    let texts = at_failure.filter_map(|JournalEntry { record, .. }| {
        let Record::Guest(_, text) = record else {
            return None;
        };
        Some(text.as_str())
    });
    texts.collect()
}

impl<'a> FailedRun<'a> {
    /// What runs on the host.
    fn build_name(self) -> &'a str {
        self.build.map_or("the program", |it| &it.name)
    }

    /// `MAIN BASE (001)`.
    fn thread(self, thread: ThreadNumber) -> String {
        let views = &mut self.outcome.hosts.iter();
        let view = views.find(|view| view.name == self.host);
        let name = view.and_then(|view| view.threads.get(&thread));
        format!("{} ({:03})", name.map_or("?", String::as_str), thread.0)
    }

    /// Whether the records mean the host by this number.
    fn is_host(self, id: u32) -> bool {
        self.outcome.hosts[id as usize].name == self.host
    }

    /// The facts of the host's MTA.
    fn facts(self) -> impl Iterator<Item = ThreadRecord<Fact>> + use<'a> {
        let records = records_of(self.outcome, self.host);
        records.filter_map(|it| match it.record {
            MtaRecord::Fact(fact) => Some(ThreadRecord {
                at: it.at,
                thread: it.thread,
                record: *fact,
            }),
            MtaRecord::Log(_) | MtaRecord::Event(_) => None,
        })
    }

    /// Whether a record can be a step towards a failure of this host.
    fn is_step(self, record: &Record) -> bool {
        match record {
            Record::Mta(id, _, MtaRecord::Fact(_)) => self.is_host(id.0),
            Record::Mta(id, _, MtaRecord::Event(entry)) => {
                self.is_host(id.0) && !matches!(entry, EventEntry::StartupComplete(_))
            }
            Record::Guest(id, _) | Record::PacketDropped(id, ..) | Record::ClosedDown(id) => {
                self.is_host(id.0)
            }
            // What is wrong on another host comes before what a guest notices of it.
            Record::Violation(violation) => violation.host != self.host,
            Record::Fault(..) | Record::Healed => true,
            Record::Mta(_, _, MtaRecord::Log(_))
            | Record::Event(_)
            | Record::Exception(..)
            | Record::PacketSent(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::ClockSet(..)
            | Record::Gauge(..) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_belongs_to_the_structure_that_its_word_names() {
        let of = |access: &str| structure(access).map(|(structure, _)| structure);
        let pool = "MAIN BASE (001) reads control block pool.free list: 00561020";
        assert_eq!(of(pool), Some(Structure::Pool));
        let array = "TCP/IP ASYNC (011) reads thread control block.select set: 0";
        assert_eq!(of(array), Some(Structure::WaitArrays));
        let set = "TCP/IP ASYNC (011) reads select set.count: 01670178";
        assert_eq!(of(set), Some(Structure::WaitArrays));
        let block = "POP4 UP (007) reads control block.state: 6";
        assert_eq!(of(block), Some(Structure::Blocks));
        assert_eq!(of("POP4 UP (007) writes heap list.next: 0"), None);
    }
}
