//! Causes of failures of control blocks: leaks, an empty pool, a second release, a close of another
//! use.

use std::collections::BTreeMap;

use config::plan::{OperationKind, ViolationKind};
use kernel::{Instant, JournalEntry};
use mta::{BlockId, EventEntry, Fact, LogLine, MessageType, Record as MtaRecord, SocketFunction};
use simulation::LoggedAccess;
use simulation::outcome::Violation;
use simulation::record::{Record, ThreadNumber};

use super::super::causal_trace::{ThreadRecord, concerns, records_of};
use super::super::critical_pair::apart;
use super::FailedRun;
use crate::counted;

/// The name of the word that begins the list of free blocks.
const FREE_LIST: &str = "control block pool.free list";

/// Why a control block is never released.
pub(super) fn leak(run: FailedRun<'_>, violation: &Violation) -> Option<String> {
    let id = violation.block?;
    let build = run.build_name();
    let facts = life(run, id);
    let found = |is_wanted: fn(&Fact) -> bool| facts.iter().find(|it| is_wanted(&it.record));
    let timeout = found(|fact| matches!(fact, Fact::BlockOutOfService(_)));
    let dropped = found(|fact| matches!(fact, Fact::CloseRequestDropped(_)));
    if let (Some(timeout), Some(dropped)) = (timeout, dropped) {
        // MAIN BASE is the thread of the session; the driver's timeout is that of connect().
        let what = match timeout.thread.0 {
            1 => "the session timed out",
            _ => "the connection timed out",
        };
        return Some(format!(
            "{what} {} before the transport's close request came; {build} drops a close request for \
             a connection that has timed out, so nothing releases {id}",
            apart(timeout.at, dropped.at)
        ));
    }
    let closed = facts
        .iter()
        .find(|it| matches!(it.record, Fact::CloseApplied { found, .. } if found == id.instance));
    let released = found(|fact| matches!(fact, Fact::BlockReleased(_)));
    if let (Some(closed), Some(released)) = (closed, released) {
        return Some(format!(
            "{} records that it releases {id} {} after the close request was carried out, but in \
             memory the block is not on the free list afterwards, and nothing refers to it",
            run.thread(released.thread),
            apart(closed.at, released.at)
        ));
    }
    let kept = closed.and_then(|it| closed_and_kept(run, id, it.at));
    kept.or_else(|| last_of_block(run, id, &facts))
}

/// A close request was carried out, and the block stays allocated.
fn closed_and_kept(run: FailedRun<'_>, id: BlockId, closed_at: Instant) -> Option<String> {
    let from = allocated_at(run, id).unwrap_or(Instant::ZERO);
    let failed = records_of(run.outcome, run.host).filter(|it| {
        let is_connect = matches!(
            it.record,
            MtaRecord::Event(EventEntry::Sockets(
                SocketFunction::Connect | SocketFunction::ConnectEvent,
                _,
                block,
            )) if *block == id.index
        );
        is_connect && (from..=closed_at).contains(&it.at)
    });
    let failed: Vec<Instant> = failed.map(|it| it.at).collect();
    let build = run.build_name();
    let last = *failed.last()?;
    let times = match failed.len() {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Some(format!(
        "connect() failed {times}, the last time {} before the close request was carried out at {closed_at}; \
         {build} releases {id} neither then nor later",
        apart(last, closed_at)
    ))
}

/// The last two things that happened to a block.
fn last_of_block(run: FailedRun<'_>, id: BlockId, facts: &[ThreadRecord<Fact>]) -> Option<String> {
    let [.., first, second] = facts else {
        return None;
    };
    let words = |it: &ThreadRecord<Fact>| {
        format!(
            "{}: {}",
            run.thread(it.thread),
            logs::sentence::fact(it.record)
        )
    };
    Some(format!(
        "{}, {} before {}; after that nothing refers to {id}, so nothing releases it",
        words(first),
        apart(first.at, second.at),
        words(second)
    ))
}

/// Why no control block is free.
pub(super) fn exhaustion(run: FailedRun<'_>) -> Option<String> {
    let held = held(run);
    let (last, (taken_at, taken_by)) = held.iter().max_by_key(|(id, (at, _))| (*at, **id))?;
    let leaked = run.outcome.violations.iter().filter(|it| {
        let is_leak = it.kind == ViolationKind::ControlBlockLeak && it.host == run.host;
        is_leak && it.at <= run.at && it.block.is_some_and(|id| held.contains_key(&id))
    });
    let leaked: Vec<Instant> = leaked.map(|it| it.at).collect();
    let state = match leaked.first() {
        None => "none has leaked, and all are in use".to_owned(),
        Some(first) => format!("{} had leaked, the first at {first}", leaked.len()),
    };
    let blocks = counted(held.len() as u64, "block");
    Some(format!(
        "{} takes the last free control block, {last}, {} before {} needs another; of {blocks} {state}",
        run.thread(*taken_by),
        apart(*taken_at, run.at),
        reader_of_empty_list(run).unwrap_or_else(|| "a thread".to_owned())
    ))
}

/// The blocks in use when the failure was found, with the time and thread of their allocation.
fn held(run: FailedRun<'_>) -> BTreeMap<BlockId, (Instant, ThreadNumber)> {
    let mut held = BTreeMap::new();
    let records = run.outcome.records.iter();
    for JournalEntry { at, record } in records.take_while(|entry| entry.at <= run.at) {
        if let Record::Mta(host, thread, MtaRecord::Fact(fact)) = record
            && run.is_host(host.0)
        {
            if let Fact::BlockAllocated(id) = fact {
                held.insert(*id, (*at, *thread));
            } else if let Fact::BlockReleased(id) = fact {
                held.remove(id);
            }
        }
        // The process has ended, and with it its pool.
        if let Record::ClosedDown(host) | Record::Exception(host, ..) = record
            && run.is_host(host.0)
        {
            held.clear();
        }
    }
    held
}

/// The thread that read the empty list.
fn reader_of_empty_list(run: FailedRun<'_>) -> Option<String> {
    let is_reader =
        |it: &&LoggedAccess| it.of == FREE_LIST && it.at <= run.at && it.host == run.host;
    let reader = run.outcome.access_log.iter().rev().find(is_reader)?;
    Some(format!("{} ({:03})", reader.thread, reader.number))
}

/// Why something was released twice.
pub(super) fn second_release(run: FailedRun<'_>, violation: &Violation) -> Option<String> {
    let id = violation.block?;
    // A release marks the block as free before it puts it on the list.
    let is_mark = |it: &&LoggedAccess| {
        let is_write = it.kind == OperationKind::Write && it.of == "control block.state";
        is_write && it.host == run.host && it.at <= run.at && !it.preempted
    };
    let mut marks = run.outcome.access_log.iter().rev().filter(is_mark);
    let second = marks.next()?;
    let first = marks.find(|it| it.address == second.address && it.value == second.value)?;
    let records = life(run, id);
    let released = records
        .iter()
        .filter(|it| matches!(it.record, Fact::BlockReleased(_)));
    Some(format!(
        "{} ({:03}) puts {id} back into the pool {} before {} ({:03}) puts it back again, without an \
         allocation between; the records say {}",
        first.thread,
        first.number,
        apart(first.at, second.at),
        second.thread,
        second.number,
        match released.count() {
            0 => "of no release".to_owned(),
            1 => "of one release".to_owned(),
            releases => format!("of {releases} releases"),
        }
    ))
}

/// Why a close request closed another use of its block.
pub(super) fn other_use_closed(run: FailedRun<'_>, violation: &Violation) -> Option<String> {
    let id = violation.block?;
    let taken_at = allocated_at(run, id)?;
    let thread_of = |wanted: Fact| {
        let mut facts = run.facts();
        facts.find_map(|it| (it.record == wanted).then_some(it.thread))
    };
    let taken_by = thread_of(Fact::BlockAllocated(id))?;
    let close = records_of(run.outcome, run.host).filter(|it| {
        let close = MtaRecord::Log(LogLine::Message(MessageType::Close, id.index));
        *it.record == close && (taken_at..=run.at).contains(&it.at)
    });
    let close = close.last();
    let closed_at = close.as_ref().map_or(run.at, |it| it.at);
    let asker = close.map_or_else(|| "the transport".to_owned(), |it| run.thread(it.thread));
    Some(format!(
        "{} allocates block {} again, as instance {}, {} before {asker} asks to close an earlier use of it; \
         {} does not compare the instances, so the request closes {id}",
        run.thread(taken_by),
        id.index,
        id.instance,
        apart(taken_at, closed_at),
        run.build_name()
    ))
}

/// Why a socket belongs to no block.
pub(super) fn socket_leak(run: FailedRun<'_>) -> Option<String> {
    let mut open = BTreeMap::new();
    let records = records_of(run.outcome, run.host).take_while(|it| it.at <= run.at);
    for ThreadRecord { at, thread, record } in records {
        let MtaRecord::Log(line) = record else {
            continue;
        };
        if let LogLine::SocketCreated(socket, block) | LogLine::Accepted(socket, block) = line {
            open.insert(socket.0, (at, thread, *block));
        } else if let LogLine::CloseSocket(Some(socket), ..) = line {
            open.remove(&socket.0);
        }
    }
    let (socket, created_at, thread, released_at) = open.into_iter().find_map(|(socket, it)| {
        let (at, thread, block) = it;
        let mut facts = run.facts();
        let released = facts.find(|it| {
            it.at > at && matches!(it.record, Fact::BlockReleased(id) if id.index == block)
        })?;
        Some((socket, at, thread, released.at))
    })?;
    Some(format!(
        "{} creates socket {socket} {} before its block is released, and nothing closes it in between",
        run.thread(thread),
        apart(created_at, released_at)
    ))
}

/// When this use of a block began. A restarted service uses the same instance numbers again.
fn allocated_at(run: FailedRun<'_>, id: BlockId) -> Option<Instant> {
    let facts = run.facts();
    let own = facts.filter(|it| it.at <= run.at && it.record == Fact::BlockAllocated(id));
    own.last().map(|it| it.at)
}

/// The facts of one use of a block after its last allocation before the violation.
fn life(run: FailedRun<'_>, id: BlockId) -> Vec<ThreadRecord<Fact>> {
    let facts: Vec<_> = run.facts().collect();
    let is_allocation = |fact: &Fact| *fact == Fact::BlockAllocated(id);
    let first = facts
        .iter()
        .rposition(|it| it.at <= run.at && is_allocation(&it.record));
    // Not up to the violation: the clocks of threads run a little ahead of the event that checks.
    let from = first.map_or(0, |first| first + 1);
    let own = facts.into_iter().skip(from);
    let own = own.take_while(|it| !is_allocation(&it.record));
    own.filter(|it| concerns(&it.record, id)).collect()
}
