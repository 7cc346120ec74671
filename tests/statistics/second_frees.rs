//! Who frees a select set second in the shipped scenario of Q152941, and what both threads were doing.
//!
//! A thread of a pair frees a set when it changes the wait array, when it has handled an event, and
//! before it builds another. What it did just before it read the pointer to the set tells which.

use std::collections::BTreeMap;

use config::plan::OperationKind;
use simulation::access_log::LoggedAccess;
use simulation::observers::access_context::{AccessContext, ContextCause, MemoryAccess};
use simulation::record::ThreadNumber;
use simulation::{Observe, Run};

use super::read;

const CASE: &str = include_str!("../../sims/casebook/q152941-heap-race.toml");
const POINTER: &str = "thread control block.select set";
/// The words of the wait array.
const ARRAY: [&str; 2] = ["thread control block.count", "thread control block.entry"];

/// The Driver of a pair has an even number, its Async Notify the next.
fn role(thread: ThreadNumber) -> &'static str {
    if thread.0.is_multiple_of(2) {
        "Driver"
    } else {
        "Async Notify"
    }
}

/// The last time that this thread read the pointer, and what it had accessed before.
fn last_pointer(accesses: &[MemoryAccess], thread: ThreadNumber) -> Option<(usize, &'static str)> {
    let own = |it: &&(usize, &MemoryAccess)| it.1.thread == thread;
    let numbered: Vec<_> = accesses.iter().enumerate().collect();
    let own: Vec<_> = numbered.iter().filter(own).collect();
    let at = own.iter().rposition(|it| it.1.name == POINTER)?;
    let before = at.checked_sub(1).map_or("?", |before| own[before].1.name);
    Some((own[at].0, before))
}

fn describe(context: &AccessContext, thread: ThreadNumber) -> String {
    let second = last_pointer(&context.accesses, thread);
    let other = ThreadNumber(thread.0 ^ 1);
    let first = last_pointer(&context.accesses, other);
    let name = |found: Option<(usize, &'static str)>| found.map_or("?", |it| it.1);
    let order = match (first, second) {
        (Some((first, _)), Some((second, _))) if first < second => "read second",
        (Some(_), Some(_)) => "read first",
        (None, _) | (_, None) => "?",
    };
    format!(
        "{} ({thread:?}), after {}, {order}; the other after {}",
        role(thread),
        name(second),
        name(first)
    )
}

/// What an Async Notify that frees second had done before: it came from select(), or it had built a set and
/// read the wait array again. Its program discards that set only if the array has changed since it was read
/// for the set, so the log must show who changed it.
fn before_second_free(log: &[&LoggedAccess], thread: u16) -> &'static str {
    let own = |at: &usize| log[*at].number == thread;
    let is_array = |at: &usize| ARRAY.contains(&log[*at].of);
    let writes = |at: &usize| log[*at].kind == OperationKind::Write;
    let is_pointer = |at: &usize| log[*at].of == POINTER;
    let reads = |at: &usize| log[*at].kind == OperationKind::Read;
    let latest = |end: usize, is: &dyn Fn(&usize) -> bool| (0..end).rev().find(|at| is(at));
    let Some(end) = latest(log.len(), &|at| own(at) && is_pointer(at) && reads(at)) else {
        return "not in the log";
    };
    if latest(end, &own).is_none_or(|at| !is_array(&at)) {
        return "came from select()";
    }
    // The address of the set that it has built.
    let is_built =
        |at: &usize| own(at) && is_pointer(at) && writes(at) && log[*at].value != Some(0);
    let Some(built) = latest(end, &is_built) else {
        return "built no set";
    };
    let first = latest(built, &|at| own(at) && is_array(at) && reads(at)).unwrap_or(built);
    let other = thread ^ 1;
    let changed = (first..end).any(|at| log[at].number == other && is_array(&at) && writes(&at));
    if changed {
        "the Driver changed the array between its two reads"
    } else {
        "nobody changed the array between its two reads"
    }
}

#[test]
#[ignore = "campaign: 100 observed runs"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_who_frees_second() {
    // Findings of the race detector would take the places of the contexts.
    let settings = [
        "host.PARIS.race_detector=false",
        "host.LYON.race_detector=false",
        "limits.access_log=1000",
    ];
    let scenario = read(CASE, &settings);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut changes: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 1..=100 {
        let threads = Observe {
            threads: true,
            packets: false,
        };
        let run = Run::new(&scenario, seed).observed(threads);
        let (outcome, seen) = run.expect("the link can be calibrated");
        for raised in &outcome.exceptions {
            let kind = format!("{:08x} {} {}", raised.code, raised.number, raised.cause);
            *kinds.entry(kind).or_default() += 1;
            let is_async_notify = role(ThreadNumber(raised.number)) == "Async Notify";
            if raised.code == 0xE002_0002 && is_async_notify {
                let log = outcome.access_log.iter();
                let log: Vec<_> = log.filter(|it| it.host == raised.host).collect();
                let before = before_second_free(&log, raised.number);
                let change = format!("Async Notify: {before}");
                *changes.entry(change).or_default() += 1;
            }
        }
        for context in &seen.contexts {
            if let ContextCause::Exception {
                code: 0xE002_0002,
                thread,
                ..
            } = context.cause
            {
                *counts.entry(describe(context, thread)).or_default() += 1;
            }
        }
    }
    for (kind, count) in kinds.iter().chain(&counts).chain(&changes) {
        println!("{count:4} {kind}");
    }
}
