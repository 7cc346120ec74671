//! Causes of failures of messages: delivered wrongly, or not at all.

use std::collections::BTreeSet;

use kernel::{Instant, JournalEntry};
use logs::sentence;
use mta::{AssociationEnd, Fact, Record as MtaRecord};
use simulation::outcome::Violation;
use simulation::record::Record;

use super::super::causal_trace::ThreadRecord;
use super::super::critical_pair::apart;
use super::FailedRun;
use crate::counted;

/// Why a delivery is wrong: what the host recorded, and what came before it.
pub(super) fn delivery(run: FailedRun<'_>, violation: &Violation) -> Option<String> {
    let facts: Vec<_> = run.facts().take_while(|it| it.at <= run.at).collect();
    let of_message = |fact: &Fact| {
        matches!(
            fact,
            Fact::MessageArrived { .. } | Fact::MessageAcknowledged(_)
        )
    };
    let last = facts.iter().rposition(|it| of_message(&it.record))?;
    let ThreadRecord { at, thread, record } = facts[last];
    let before = match facts[..last].last() {
        None => "as the first thing that it does".to_owned(),
        Some(before) => format!(
            "{} after {}: {}",
            apart(before.at, at),
            run.thread(before.thread),
            sentence::fact(before.record)
        ),
    };
    Some(format!(
        "{} records that {}, {before}; {}",
        run.thread(thread),
        sentence::fact(record),
        contradiction(&violation.location)
    ))
}

/// What a wrong delivery contradicts, by the oracle's location.
fn contradiction(location: &str) -> String {
    let known = match location {
        "acknowledged before it arrived" => "no host had recorded its arrival before that",
        "acknowledged without an acknowledgment" => {
            "no acknowledgment of it had come out of a socket before that"
        }
        "arrived without its bytes" => "the sockets had not given out all its bytes before that",
        "arrived twice" => "it had arrived before",
        "a message nobody sent" => "no workload had submitted it before that",
        "not what was sent" => "its content is not what was submitted",
        other => other,
    };
    known.to_owned()
}

/// Why a message is still owed after healing.
pub(super) fn liveness(run: FailedRun<'_>) -> Option<String> {
    let mut records = run.outcome.records.iter();
    let healed = records.find(|entry| matches!(entry.record, Record::Healed))?;
    let healed_at = healed.at;
    let (submitted_at, message) = oldest_owed(run)?;
    let state = match is_told(run, Fact::MessageAcknowledged(message)) {
        true => format!(
            "{} records that it is acknowledged, and no host that it has arrived",
            run.host
        ),
        false => dialed_since(run, healed_at),
    };
    Some(format!(
        "message {message} was submitted {} before the network healed and has not been delivered {} after \
         that; {state}",
        apart(submitted_at, healed_at),
        apart(healed_at, run.at)
    ))
}

/// The associations of the host from a time on.
fn dialed_since(run: FailedRun<'_>, healed_at: Instant) -> String {
    let count = |is_wanted: fn(&Fact) -> bool| {
        let after = run.facts().filter(|it| it.at > healed_at);
        after.filter(|it| is_wanted(&it.record)).count()
    };
    let begun = count(|fact| matches!(fact, Fact::AssociationBegun(..)));
    let opened = count(|fact| matches!(fact, Fact::AssociationOpened(_)));
    let broken = count(|fact| matches!(fact, Fact::AssociationEnded(_, AssociationEnd::Broken)));
    match begun {
        0 => format!("{} has begun no association since then", run.host),
        _ => format!(
            "since then {} has begun {}, of which {opened} opened and {broken} broke off",
            run.host,
            counted(begun as u64, "association")
        ),
    }
}

/// Whether any host tells this of a message.
fn is_told(run: FailedRun<'_>, wanted: Fact) -> bool {
    let mut records = run.outcome.records.iter();
    records.any(
        |entry| matches!(&entry.record, Record::Mta(_, _, MtaRecord::Fact(fact)) if *fact == wanted),
    )
}

/// The oldest message of the host that was not returned, and is not both arrived and acknowledged.
fn oldest_owed(run: FailedRun<'_>) -> Option<(Instant, u32)> {
    let records = run.outcome.records.iter();
    let facts = records.filter_map(|JournalEntry { record, .. }| {
        let Record::Mta(_, _, MtaRecord::Fact(fact)) = record else {
            return None;
        };
        Some(*fact)
    });
    let mut arrived = BTreeSet::new();
    let mut done = BTreeSet::new();
    for fact in facts {
        if let Fact::MessageArrived { message, .. } = fact {
            arrived.insert(message);
        }
        let is_end = |message| {
            fact == Fact::MessageReturned(message)
                || fact == Fact::MessageAcknowledged(message) && arrived.contains(&message)
        };
        if let Fact::MessageReturned(message) | Fact::MessageAcknowledged(message) = fact
            && is_end(message)
        {
            done.insert(message);
        }
    }
    let mut facts = run.facts();
    facts.find_map(|it| {
        let Fact::MessageSubmitted(message) = it.record else {
            return None;
        };
        (!done.contains(&message)).then_some((it.at, message))
    })
}
