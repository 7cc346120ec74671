//! Who frees a select set second in the shipped scenario of Q152941, and what both threads were doing.
//!
//! A thread of a pair frees a set when it changes the wait array, when it has handled an event, and
//! before it builds another. What it did just before it read the pointer to the set tells which.

use std::collections::BTreeMap;

use mtasim::machine::AccessKind;
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

/// Whether the other thread of the pair changed the wait array between the two times that an Async
/// Notify read it: before it built its set, and after. Only then does its program discard the set.
fn change_between_reads(context: &AccessContext, thread: ThreadNumber) -> &'static str {
    let accesses = &context.accesses;
    let is_array = |it: &MemoryAccess| ARRAY.contains(&it.name);
    let own = |at: usize| accesses[at].thread == thread;
    let Some((end, _)) = last_pointer(accesses, thread) else {
        return "?";
    };
    // It writes the address of the set that it builds into the pointer.
    let is_built = |at: &usize| {
        let access = &accesses[*at];
        own(*at) && access.name == POINTER && is_write(access) && access.value != Some(0)
    };
    let Some(built) = (0..end).rev().find(is_built) else {
        return "the set was built before what is kept";
    };
    let first_read = (0..built)
        .rev()
        .find(|at| own(*at) && is_array(&accesses[*at]));
    let begin = first_read.unwrap_or(built);
    let changed = (begin..end).any(|at| {
        let access = &accesses[at];
        access.thread.0 == thread.0 ^ 1 && is_array(access) && is_write(access)
    });
    match (changed, first_read) {
        (true, _) => "changed between its reads",
        (false, Some(_)) => "not changed between its reads",
        (false, None) => {
            "not changed since the set was built; the first read is before what is kept"
        }
    }
}

fn is_write(access: &MemoryAccess) -> bool {
    access.kind == AccessKind::Write
}

#[test]
#[ignore = "campaign: 100 observed runs"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_who_frees_second() {
    // Findings of the race detector would take the places of the contexts.
    let settings = [
        "host.PARIS.race_detector=false",
        "host.LYON.race_detector=false",
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
        }
        for context in &seen.contexts {
            if let ContextCause::Exception {
                code: 0xE002_0002,
                thread,
                ..
            } = context.cause
            {
                *counts.entry(describe(context, thread)).or_default() += 1;
                if role(thread) == "Async Notify" {
                    let change = change_between_reads(context, thread);
                    let (_, before) = last_pointer(&context.accesses, thread).unwrap_or((0, "?"));
                    let change = format!("Async Notify, after {before}: array {change}");
                    *changes.entry(change).or_default() += 1;
                }
            }
        }
    }
    for (kind, count) in kinds.iter().chain(&counts).chain(&changes) {
        println!("{count:4} {kind}");
    }
}
