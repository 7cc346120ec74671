//! The chain of what happened to one control block, in words.
//!
//! Owns the sentences by which an explanation tells who took a block, who gave it up, and who
//! came too late. It refuses to interpret beyond the records: it says what was written down.

use kernel::Instant;
use mta::{AssociationEnd, BlockId, EventEntry, Fact, LogLine, Record as MtaRecord};
use simulation::Outcome;
use simulation::outcome::Violation;
use simulation::record::{Record, ThreadNumber};

/// Sentences of one chain at most; what is between the first and the last half is left out.
const SENTENCES_MAX: usize = 60;

/// What happened to the control block of a violation, in order; or, where no block is
/// concerned, the last that the host wrote down before it. The run's records have to be kept.
#[must_use]
pub(crate) fn of_violation(outcome: &Outcome, violation: &Violation) -> Vec<String> {
    let sentences = match violation.block {
        Some(id) => of_block(outcome, &violation.host, id),
        None => before(outcome, &violation.host, violation.at),
    };
    shortened(sentences)
}

/// The threads that wrote down what happened to the control block of a violation, each once, the
/// last one first.
#[must_use]
pub(crate) fn threads_of_violation(outcome: &Outcome, violation: &Violation) -> Vec<u16> {
    let mut threads = Vec::new();
    let Some(id) = violation.block else {
        return threads;
    };
    let all: Vec<_> = records_of(outcome, &violation.host).collect();
    for (_, thread, record) in all.into_iter().rev() {
        if let MtaRecord::Fact(fact) = record
            && concerns(fact, id)
            && !threads.contains(&thread.0)
        {
            threads.push(thread.0);
        }
    }
    threads
}

/// What a host wrote down last before `end`.
#[must_use]
pub(crate) fn before(outcome: &Outcome, host: &str, end: Instant) -> Vec<String> {
    const LAST: usize = 20;
    let own = records_of(outcome, host).take_while(|(at, ..)| *at <= end);
    let all: Vec<String> = own
        .filter_map(|(at, thread, record)| {
            let what = match record {
                MtaRecord::Fact(fact) => fact_in_words(fact),
                MtaRecord::Log(_) | MtaRecord::Event(_) => return None,
            };
            Some(sentence(outcome, host, (at, thread), &what))
        })
        .collect();
    all[all.len().saturating_sub(LAST)..].to_vec()
}

fn of_block(outcome: &Outcome, host: &str, id: BlockId) -> Vec<String> {
    let BlockId {
        index: block,
        instance,
    } = id;
    let mut is_ours = false;
    let mut told = Vec::new();
    for (at, thread, record) in records_of(outcome, host) {
        let what = match record {
            MtaRecord::Fact(fact) if concerns(fact, id) => {
                let is_taken = matches!(fact, Fact::BlockAllocated(..));
                is_ours = is_taken || (is_ours && !matches!(fact, Fact::BlockReleased(..)));
                Some(fact_in_words(fact))
            }
            MtaRecord::Log(LogLine::Allocated(found, by)) if (*found, *by) == (block, instance) => {
                is_ours = true;
                None
            }
            // These name the block and not its use: they are about ours while it lasts.
            MtaRecord::Log(line) if is_ours => line_in_words(*line, id),
            MtaRecord::Event(entry) if is_ours => entry_in_words(entry, id),
            MtaRecord::Fact(_) | MtaRecord::Log(_) | MtaRecord::Event(_) => None,
        };
        if let Some(what) = what {
            told.push(sentence(outcome, host, (at, thread), &what));
        }
    }
    told
}

fn records_of<'a>(
    outcome: &'a Outcome,
    host: &str,
) -> impl Iterator<Item = (Instant, ThreadNumber, &'a MtaRecord)> {
    let place = outcome.hosts.iter().position(|view| view.name == host);
    outcome.records.iter().filter_map(move |(at, record)| {
        let Record::Mta(id, thread, record) = record else {
            return None;
        };
        let is_own = Some(id.0 as usize) == place;
        is_own.then_some((*at, *thread, record))
    })
}

fn sentence(
    outcome: &Outcome,
    host: &str,
    (at, thread): (Instant, ThreadNumber),
    what: &str,
) -> String {
    let view = outcome.hosts.iter().find(|view| view.name == host);
    let name = view.and_then(|view| view.threads.get(&thread));
    let name = name.map_or("?", String::as_str);
    format!("{at} s  {name} ({:03}): {what}", thread.0)
}

fn concerns(fact: &Fact, id: BlockId) -> bool {
    match *fact {
        Fact::BlockBound(_, block, instance)
        | Fact::TransportBegun(block, instance)
        | Fact::TransportEnded(block, instance)
        | Fact::BlockAllocated(block, instance)
        | Fact::BlockOutOfService(block, instance)
        | Fact::BlockReleased(block, instance) => BlockId::new(block, instance) == id,
        Fact::CloseApplied {
            block,
            meant,
            found,
        } => block == id.index && [meant, found].contains(&id.instance),
        Fact::AssociationOpened(_)
        | Fact::AssociationEnded(..)
        | Fact::AssociationBegun(_)
        | Fact::AssociationRefused
        | Fact::MessageSubmitted(_)
        | Fact::MessageArrived { .. }
        | Fact::MessageAcknowledged(_)
        | Fact::MessageReturned(_) => false,
    }
}

fn fact_in_words(fact: &Fact) -> String {
    match *fact {
        Fact::BlockBound(association, block, instance) => {
            format!(
                "association {} is to use block {block}, use {instance}",
                association.0
            )
        }
        Fact::AssociationOpened(association) => format!("association {} is open", association.0),
        Fact::AssociationEnded(association, ending) => {
            let how = match ending {
                AssociationEnd::Orderly => "in order",
                AssociationEnd::NotOpened => "without having been open",
                AssociationEnd::Broken => "broken",
            };
            format!("association {} ends {how}", association.0)
        }
        Fact::AssociationBegun(association) => format!("begins association {}", association.0),
        Fact::AssociationRefused => "no association: no block is free".to_owned(),
        Fact::TransportBegun(block, instance) => {
            format!("the transport begins on block {block}, use {instance}")
        }
        Fact::TransportEnded(block, instance) => {
            format!("the transport knows block {block}, use {instance}, no more")
        }
        Fact::BlockAllocated(block, instance) => {
            format!("takes block {block} out of the pool: use {instance}")
        }
        Fact::BlockOutOfService(block, instance) => {
            format!("a timeout takes block {block}, use {instance}, out of service")
        }
        Fact::BlockReleased(block, instance) => {
            format!("gives block {block}, use {instance}, back to the pool")
        }
        Fact::CloseApplied {
            block,
            meant,
            found,
        } => format!("a close request meant for use {meant} of block {block} finds use {found}"),
        Fact::MessageSubmitted(message) => format!("takes in message {message}"),
        Fact::MessageArrived { message, .. } => format!("message {message} has arrived whole"),
        Fact::MessageAcknowledged(message) => format!("message {message} is acknowledged"),
        Fact::MessageReturned(message) => format!("message {message} is given up"),
    }
}

/// Lines that say who asked for what; the others are detail that the log shows.
fn line_in_words(line: LogLine, id: BlockId) -> Option<String> {
    let (block, words) = if let LogLine::Message(kind, block) = line {
        let kind = kind.number();
        (
            block,
            format!("message type {kind} comes for block {block}"),
        )
    } else if let LogLine::SocketCreated(socket, block) = line {
        (
            block,
            format!("socket {} is made on block {block}", socket.0),
        )
    } else if let LogLine::CloseSocket(_, block, _) = line {
        (block, format!("the socket of block {block} is closed"))
    } else {
        return None;
    };
    (block == id.index).then_some(words)
}

fn entry_in_words(entry: &EventEntry, id: BlockId) -> Option<String> {
    let event = entry.id();
    let (block, words) = if let EventEntry::Sockets(_, error, block) = entry {
        let error = error.map_or("error 0".to_owned(), |error| error.to_string());
        (block, format!("event {event} on block {block}: {error}"))
    } else if let EventEntry::BadMessage(kind, block, state) = entry {
        let kind = kind.number();
        let words =
            format!("event {event}: message type {kind} in state {state:?} of block {block}");
        (block, words)
    } else {
        return None;
    };
    (*block == id.index).then_some(words)
}

fn shortened(mut sentences: Vec<String>) -> Vec<String> {
    if sentences.len() > SENTENCES_MAX {
        let left_out = sentences.len() - SENTENCES_MAX;
        let half = SENTENCES_MAX / 2;
        sentences.drain(half..half + left_out);
        sentences.insert(half, format!("... {left_out} more ..."));
    }
    sentences
}
