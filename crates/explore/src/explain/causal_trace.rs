//! The causal trace of a failure: the records that concern its control block, as sentences.
//!
//! A sentence says what a record says and interprets nothing.

use std::collections::BTreeMap;

use kernel::{Instant, JournalEntry};
use logs::sentence;
use mta::{BlockId, EventEntry, Fact, LogLine, Record as MtaRecord};
use simulation::Outcome;
use simulation::outcome::Violation;
use simulation::record::{Record, ThreadNumber};

/// The maximum number of sentences; of more, the first and the last half are kept.
const SENTENCES_MAX: usize = 60;

/// The records of the control block of a violation, in order; or, if no block is involved, the last
/// records of the host before it. The outcome must have its records.
#[must_use]
pub(crate) fn of_violation(outcome: &Outcome, violation: &Violation) -> Vec<String> {
    let sentences = match violation.block {
        Some(id) => of_block(outcome, violation, id),
        None => before(outcome, &violation.host, violation.at),
    };
    shortened(sentences)
}

/// The threads with records of the control block of a violation, each once, the most recent first.
#[must_use]
pub(crate) fn threads_of_violation(outcome: &Outcome, violation: &Violation) -> Vec<u16> {
    let mut threads = Vec::new();
    let Some(id) = violation.block else {
        return threads;
    };
    let life = Life::of(outcome, violation, id);
    let all = records_of(outcome, &violation.host);
    let all: Vec<_> = all.filter(|it| life.contains(it.at)).collect();
    for ThreadRecord { thread, record, .. } in all.into_iter().rev() {
        if let MtaRecord::Fact(fact) = record
            && concerns(fact, id)
            && !threads.contains(&thread.0)
        {
            threads.push(thread.0);
        }
    }
    threads
}

/// The last records of a host up to `end`.
#[must_use]
pub(crate) fn before(outcome: &Outcome, host: &str, end: Instant) -> Vec<String> {
    const LAST: usize = 20;
    if is_guest(outcome, host) {
        let all = of_guest(outcome, host, end);
        return all[all.len().saturating_sub(LAST)..].to_vec();
    }
    let own = records_of(outcome, host).take_while(|it| it.at <= end);
    let all: Vec<String> = own
        .filter_map(|ThreadRecord { at, thread, record }| {
            let what = match record {
                MtaRecord::Fact(fact) => sentence::fact(*fact),
                MtaRecord::Log(_) | MtaRecord::Event(_) => return None,
            };
            Some(sentence(outcome, host, at, thread, &what))
        })
        .collect();
    all[all.len().saturating_sub(LAST)..].to_vec()
}

fn is_guest(outcome: &Outcome, host: &str) -> bool {
    let view = outcome.hosts.iter().find(|view| view.name == host);
    view.is_some_and(|view| view.build.is_none())
}

/// What a guest reports, its packets, and what MTAs log or violate, up to `end`.
fn of_guest(outcome: &Outcome, host: &str, end: Instant) -> Vec<String> {
    let own = outcome.host_named(host);
    let records = outcome.records.iter().take_while(|entry| entry.at <= end);
    // Where the packets of a flow arrive: the last host is behind all routers.
    let mut ends = BTreeMap::new();
    for JournalEntry { record, .. } in &outcome.records {
        if let Record::PacketArrived(by, identity) = record {
            ends.insert(identity.flow, by.0 as usize);
        }
    }
    let to = |flow: u64| {
        let end = ends.get(&flow).and_then(|it| outcome.hosts.get(*it));
        end.map_or_else(String::new, |it| format!(" to {}", it.name))
    };
    let sentences = records.filter_map(|JournalEntry { at, record }| {
        let (by, what) = match record {
            Record::Guest(by, text) => (by, text.clone()),
            Record::PacketSent(by, identity, segment) => {
                let what = sentence::segment(*segment);
                (by, format!("{host} sends {what}{}", to(identity.flow)))
            }
            Record::PacketDropped(by, identity, _, reason) => {
                let reason = sentence::drop_reason(*reason);
                (
                    by,
                    format!(
                        "a packet of {host}{} is dropped: {reason}",
                        to(identity.flow)
                    ),
                )
            }
            Record::Healed => return Some(format!("{at:#}  the network heals")),
            Record::Mta(by, _, MtaRecord::Event(entry)) => {
                let host = &outcome.hosts.get(by.0 as usize)?.name;
                return Some(format!("{at:#}  {host} writes event {}", entry.id()));
            }
            Record::Violation(found) if !is_guest(outcome, &found.host) => {
                return Some(format!("{at:#}  {}: {}", found.host, found.signature()));
            }
            Record::Event(_)
            | Record::Mta(..)
            | Record::Exception(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::Fault(..)
            | Record::ClosedDown(_)
            | Record::ClockSet(..)
            | Record::Gauge(..)
            | Record::Violation(_) => return None,
        };
        (Some(*by) == own).then(|| format!("{at:#}  {what}"))
    });
    sentences.collect()
}

/// The use of a control block in which a violation was found. A process that starts again counts
/// instances from 1, so the same block and instance can have several.
struct Life {
    from: Instant,
    /// When the next one begins.
    to: Option<Instant>,
}

impl Life {
    fn of(outcome: &Outcome, violation: &Violation, id: BlockId) -> Self {
        let records = records_of(outcome, &violation.host);
        let mut life = Self {
            from: Instant::ZERO,
            to: None,
        };
        for ThreadRecord { at, record, .. } in records {
            let MtaRecord::Fact(Fact::BlockAllocated(block)) = record else {
                continue;
            };
            if block.index == id.index && at > violation.at {
                life.to = Some(at);
                break;
            }
            if *block == id {
                life.from = at;
            }
        }
        life
    }

    fn contains(&self, at: Instant) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

fn of_block(outcome: &Outcome, violation: &Violation, id: BlockId) -> Vec<String> {
    let host = &violation.host;
    let life = Life::of(outcome, violation, id);
    let mut is_current = false;
    let mut sentences = Vec::new();
    let own = records_of(outcome, host).filter(|it| life.contains(it.at));
    for ThreadRecord { at, thread, record } in own {
        let what = match record {
            MtaRecord::Fact(fact) if concerns(fact, id) => {
                // An instance can be allocated once only, so what came before belongs to an earlier
                // use of the block.
                let is_taken = matches!(fact, Fact::BlockAllocated(..));
                // From the allocation of this instance to its release.
                is_current = is_taken || (is_current && !matches!(fact, Fact::BlockReleased(..)));
                Some(sentence::fact(*fact))
            }
            MtaRecord::Log(LogLine::Allocated(allocated)) if *allocated == id => {
                is_current = true;
                None
            }
            // These name the block but not the instance: they concern it while the instance lasts.
            MtaRecord::Log(line) if is_current => line_in_words(*line, id),
            MtaRecord::Event(entry) if is_current => entry_in_words(entry, id),
            MtaRecord::Fact(_) | MtaRecord::Log(_) | MtaRecord::Event(_) => None,
        };
        if let Some(what) = what {
            sentences.push(sentence(outcome, host, at, thread, &what));
        }
    }
    sentences
}

/// A record of a thread.
pub(super) struct ThreadRecord<T> {
    pub(super) at: Instant,
    pub(super) thread: ThreadNumber,
    pub(super) record: T,
}

pub(super) fn records_of<'a>(
    outcome: &'a Outcome,
    host: &str,
) -> impl Iterator<Item = ThreadRecord<&'a MtaRecord>> {
    let index = outcome.hosts.iter().position(|view| view.name == host);
    outcome
        .records
        .iter()
        .filter_map(move |JournalEntry { at, record }| {
            let Record::Mta(id, thread, record) = record else {
                return None;
            };
            let is_own = Some(id.0 as usize) == index;
            is_own.then_some(ThreadRecord {
                at: *at,
                thread: *thread,
                record,
            })
        })
}

fn sentence(
    outcome: &Outcome,
    host: &str,
    at: Instant,
    thread: ThreadNumber,
    what: &str,
) -> String {
    let view = outcome.hosts.iter().find(|view| view.name == host);
    let name = view.and_then(|view| view.threads.get(&thread));
    let name = name.map_or("?", String::as_str);
    format!("{at:#}  {name} ({:03}): {what}", thread.0)
}

pub(super) fn concerns(fact: &Fact, id: BlockId) -> bool {
    match *fact {
        Fact::BlockBound(_, block)
        | Fact::TransportBegun(block)
        | Fact::TransportEnded(block)
        | Fact::BlockAllocated(block)
        | Fact::BlockOutOfService(block)
        | Fact::CloseRequestDropped(block)
        | Fact::BlockReleased(block) => block == id,
        Fact::CloseApplied {
            block,
            meant,
            found,
        } => block == id.index && [meant, found].contains(&id.instance),
        Fact::AssociationOpened(_)
        | Fact::AssociationEnded(..)
        | Fact::AssociationBegun(..)
        | Fact::AssociationRefused
        | Fact::MessageSubmitted(_)
        | Fact::MessageArrived { .. }
        | Fact::MessageAcknowledged(_)
        | Fact::MessageReturned(_) => false,
    }
}

/// Log lines about requests; the others are details for which there is the log.
fn line_in_words(line: LogLine, id: BlockId) -> Option<String> {
    let (block, words) = if let LogLine::Message(kind, block) = line {
        let kind = kind.number();
        (
            block,
            format!("message type {kind} arrives for block {block}"),
        )
    } else if let LogLine::SocketCreated(socket, block) = line {
        (
            block,
            format!("socket {} is created on block {block}", socket.0),
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
        let omitted = sentences.len() - SENTENCES_MAX;
        let half = SENTENCES_MAX / 2;
        sentences.drain(half..half + omitted);
        sentences.insert(half, format!("... {omitted} more ..."));
    }
    sentences
}
