//! What the constraints of reads-from fuzzing make a read see, and that runs under them end.

use kernel::{Choices, Instant};

use crate::config::Config;
use crate::costs::Costs;
use crate::environment::Environment;
use crate::machine::{Machine, Progress};
use crate::memory::address::Location;
use crate::schedulers::reads_from::constraints::Constraint;
use crate::schedulers::{ReadsFrom, ReadsFromSearch, Scheduler, Strategy};

#[derive(Debug)]
enum NoEnvironment {}

impl Environment for NoEnvironment {
    type Call = ();
    type Reply = ();
    type Message = ();
    type Record = u32;
}

/// A machine with two words.
fn machine(scheduler: impl Scheduler + 'static) -> (Machine<NoEnvironment>, [Location; 2]) {
    let config = Config {
        costs: Costs::FREE,
        call_limit: 10_000,
        ..Config::default()
    };
    let strategy = Strategy::Controlled(Box::new(scheduler));
    let mut machine = Machine::new(config, strategy, Choices::new(0), 0).expect("valid");
    let words = machine.map_static(2, "words").expect("room");
    let words = [0, 4].map(|offset| Location::new(words.offset(offset), "word"));
    (machine, words)
}

/// What the threads record until all have ended.
fn records(mut machine: Machine<NoEnvironment>) -> Vec<u32> {
    let end = machine.run(Instant::ZERO, Instant::MAX);
    assert!(matches!(end, Progress::Idle), "{end:?}");
    machine.take_records().iter().map(|it| it.record).collect()
}

/// One thread reads a word that two others write at different lines. Returns what it read.
fn run(scheduler: ReadsFrom) -> u32 {
    let (mut machine, [word, other]) = machine(scheduler);
    machine.spawn("reader", 1, 1, move |t| async move {
        t.record(t.read(word).await);
    });
    machine.spawn("one", 2, 2, move |t| async move {
        // So that the writes are not pending from the start.
        t.read(other).await;
        t.write(word, 1).await;
    });
    machine.spawn("two", 3, 3, move |t| async move {
        t.read(other).await;
        t.write(word, 2).await;
    });
    records(machine)[0]
}

/// One thread reads a word and then sets a flag; the other polls the flag and then writes the word.
fn run_polling(scheduler: ReadsFrom) -> u32 {
    let (mut machine, [word, flag]) = machine(scheduler);
    machine.spawn("reader", 1, 1, move |t| async move {
        t.record(t.read(word).await);
        t.write(flag, 1).await;
    });
    machine.spawn("writer", 2, 2, move |t| async move {
        while t.read(flag).await == 0 {}
        t.write(word, 1).await;
    });
    records(machine)[0]
}

/// A search after its first run, and the constraints on its reads.
fn known(program: fn(ReadsFrom) -> u32) -> (ReadsFromSearch, Vec<Constraint>) {
    let mut search = ReadsFromSearch::default();
    program(search.next_run(Choices::new(0), 0));
    let constraints = search.constraints();
    (search, constraints)
}

/// What the reader sees under a constraint with 50 seeds.
fn seen_under(search: &ReadsFromSearch, constraint: Constraint) -> Vec<u32> {
    let seen = |seed| run(search.under(constraint, seed));
    let mut seen: Vec<u32> = (0..50).map(seen).collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

#[test]
fn a_read_sees_what_a_constraint_says() {
    let (search, constraints) = known(run);
    let seen = constraints.iter().map(|it| seen_under(&search, *it));
    let mut seen: Vec<Vec<u32>> = seen.collect();
    seen.sort();
    assert_eq!(seen, [[0], [1], [2]]);
}

#[test]
fn a_read_does_not_see_what_a_constraint_forbids() {
    let (search, constraints) = known(run);
    for constraint in constraints {
        let allowed = seen_under(&search, constraint);
        let seen = seen_under(&search, constraint.negated());
        assert!(!seen.contains(&allowed[0]), "{constraint:?}: {seen:?}");
    }
}

/// The read cannot see the write, which comes after it: the constraint holds back what the other thread
/// polls for.
#[test]
fn a_thread_that_polls_does_not_keep_a_run_from_ending() {
    let (search, constraints) = known(run_polling);
    assert_eq!(constraints.len(), 4, "the word and the flag");
    for constraint in constraints {
        assert_eq!(run_polling(search.under(constraint, 1)), 0);
    }
}

#[test]
fn searches_from_equal_choices_are_equal() {
    let seen = || {
        let mut search = ReadsFromSearch::default();
        let mut next = |seed| run(search.next_run(Choices::new(seed), 0));
        (0..100).map(&mut next).collect::<Vec<u32>>()
    };
    assert_eq!(seen(), seen());
}
