//! The exhaustive search against brute force on small programs.
//!
//! The reference runs every order of calls, equivalent ones too, without traces or clocks. The
//! outcomes must be equal: what every thread read, the words at the end, the threads that wait for
//! ever, and the accesses that race. Within a preemption bound the search must find every outcome that
//! so many preemptions can cause, and none that no order causes.

mod brute_force;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use kernel::{Choices, Duration, Instant};
use litmus::{LitmusProgram, LitmusTest};
use machine::{
    Address, Bound, Config, Costs, EventId, Exhaustive, Field, LockId, Machine, Progress, QueueId,
    Scheduler, SemaphoreId, Strategy, ThreadState,
};
use proptest::prelude::*;

use brute_force::{Brute, Tree};

use crate::support::{Numbers, Thread, config, finish, machine};

const THREADS: usize = 3;
const WORDS: u32 = 2;

/// The outcome of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    /// What each thread read, in order.
    read: Vec<Vec<u32>>,
    words: Vec<u32>,
    blocked: Vec<bool>,
    /// Names of locations that race, the lesser first.
    races: BTreeSet<(&'static str, &'static str)>,
}

#[derive(Clone, Copy, Debug)]
enum Instruction {
    Read(u32),
    Write(u32),
    Copy(u32, u32),
    Exchange(u32),
    CompareExchange(u32),
    FetchAdd(u32),
    Guarded(usize, u32),
    Nested(usize),
    Signal,
    Wait,
    Send(usize),
    Receive(usize),
    Look(usize),
    SetEvent(usize),
    ResetEvent(usize),
    WaitEvent(usize),
    Ask,
}

#[derive(Clone, Copy)]
struct Objects {
    words: Address,
    locks: [LockId; 2],
    semaphore: SemaphoreId,
    /// One has room for one message, the other for many.
    queues: [QueueId; 2],
    events: [EventId; 2],
}

const NAMES: [[&str; 4]; THREADS] = [
    ["a0", "a1", "a2", "a3"],
    ["b0", "b1", "b2", "b3"],
    ["c0", "c1", "c2", "c3"],
];

async fn perform(t: Thread, steps: Vec<Instruction>, objects: Objects) {
    let number = t.number();
    for (place, step) in steps.into_iter().enumerate() {
        let name = NAMES[usize::from(number)][place];
        // A value that identifies the writer and the step.
        let value = u32::from(number) * 10 + place as u32 + 1;
        let word = |index: u32| objects.words + Field::new(4 * index, name);
        match step {
            Instruction::Read(index) => t.record(t.read(word(index)).await),
            Instruction::Write(index) => t.write(word(index), value).await,
            Instruction::Copy(from, to) => {
                let read = t.read(word(from)).await;
                t.write(word(to), read + 100).await;
            }
            Instruction::Exchange(index) => t.record(t.exchange(word(index), value).await),
            Instruction::CompareExchange(index) => {
                t.record(t.compare_exchange(word(index), 0, value).await);
            }
            Instruction::FetchAdd(index) => t.record(t.fetch_add(word(index), value).await),
            Instruction::Guarded(lock, index) => {
                t.lock(objects.locks[lock]).await;
                t.record(t.read(word(index)).await);
                t.write(word(index), value).await;
                t.unlock(objects.locks[lock]).await;
            }
            Instruction::Nested(lock) => {
                t.lock(objects.locks[lock]).await;
                t.lock(objects.locks[1 - lock]).await;
                t.lock(objects.locks[lock]).await;
                t.unlock(objects.locks[lock]).await;
                t.unlock(objects.locks[1 - lock]).await;
                t.unlock(objects.locks[lock]).await;
            }
            Instruction::Signal => t.record(u32::from(t.signal(objects.semaphore).await)),
            Instruction::Wait => t.wait(objects.semaphore).await,
            Instruction::Send(queue) => t.send(objects.queues[queue], value).await,
            Instruction::Receive(queue) => t.record(t.receive(objects.queues[queue]).await),
            Instruction::Look(queue) => {
                let found = t.receive_until(objects.queues[queue], Instant::ZERO).await;
                t.record(found.unwrap_or(0));
            }
            Instruction::SetEvent(event) => t.set_event(objects.events[event]).await,
            Instruction::ResetEvent(event) => t.reset_event(objects.events[event]).await,
            Instruction::WaitEvent(event) => t.wait_event(objects.events[event]).await,
            Instruction::Ask => t.record(t.call(value).await),
        }
    }
}

fn set_up(programs: &[Vec<Instruction>], machine: &mut Machine<Numbers>) -> Objects {
    let objects = Objects {
        words: machine.map_static(WORDS, "words").expect("room"),
        locks: [machine.create_lock("one"), machine.create_lock("other")],
        semaphore: machine.create_semaphore("semaphore", 0, 2),
        queues: [
            machine.create_queue("narrow", 1),
            machine.create_queue("wide", 99),
        ],
        events: [
            machine.create_event("one", false),
            machine.create_event("all", true),
        ],
    };
    for (number, steps) in programs.iter().enumerate() {
        let steps = steps.clone();
        machine.spawn("thread", number as u16, number as u64, |t| {
            perform(t, steps, objects)
        });
    }
    objects
}

/// Calls take no time.
fn free_calls() -> Config {
    Config {
        costs: Costs::FREE,
        switch_cost: Duration::ZERO,
        ..config()
    }
}

fn run(
    programs: &[Vec<Instruction>],
    machine: &mut Machine<Numbers>,
    scheduler: Box<dyn Scheduler>,
) -> Outcome {
    machine.reset_with(Strategy::Controlled(scheduler), Choices::new(1));
    let objects = set_up(programs, machine);
    assert_eq!(finish(machine), None);
    let mut read = vec![Vec::new(); programs.len()];
    for recorded in machine.take_records() {
        read[recorded.thread.index()].push(recorded.record);
    }
    let word = |index| {
        machine
            .peek(objects.words.offset(4 * index))
            .expect("mapped")
    };
    let race = |found: &machine::Finding| {
        let against = found.against.expect("a race has two sides").name;
        let own = found.access.name;
        (own.min(against), own.max(against))
    };
    Outcome {
        read,
        words: (0..WORDS).map(word).collect(),
        blocked: machine
            .threads()
            .map(|it| it.state != ThreadState::Exited)
            .collect(),
        races: machine
            .race_detector()
            .findings()
            .iter()
            .map(race)
            .collect(),
    }
}

/// All outcomes and the number of runs; `None` if there are too many.
fn brute_force(
    programs: &[Vec<Instruction>],
    bound: Option<u32>,
) -> Option<(BTreeSet<Outcome>, u64)> {
    let tree = Rc::new(RefCell::new(Tree::default()));
    let mut outcomes = BTreeSet::new();
    let mut machine = machine(free_calls(), Strategy::Timed, 1);
    for runs in 1..30_000 {
        let brute = Brute {
            tree: Rc::clone(&tree),
            left: bound,
            last: None,
        };
        outcomes.insert(run(programs, &mut machine, Box::new(brute)));
        if !tree.borrow_mut().next_path() {
            return Some((outcomes, runs));
        }
    }
    None
}

fn search(
    programs: &[Vec<Instruction>],
    preemptions: Option<u32>,
) -> (BTreeSet<Outcome>, Exhaustive) {
    let mut outcomes = BTreeSet::new();
    let mut machine = machine(free_calls(), Strategy::Timed, 1);
    let mut search = Exhaustive::new(Bound {
        preemptions,
        runs: 40_000,
    });
    while let Some(explorer) = search.next_run() {
        let outcome = run(programs, &mut machine, Box::new(explorer));
        if !search.is_redundant() {
            outcomes.insert(outcome);
        }
    }
    assert!(search.is_exhausted());
    (outcomes, search)
}

fn steps(longest: usize) -> impl Strategy_<Value = Vec<Instruction>> {
    let word = || 0..WORDS;
    let step = prop_oneof![
        3 => word().prop_map(Instruction::Read),
        3 => word().prop_map(Instruction::Write),
        1 => (word(), word()).prop_map(|(from, to)| Instruction::Copy(from, to)),
        1 => word().prop_map(Instruction::Exchange),
        1 => word().prop_map(Instruction::CompareExchange),
        1 => word().prop_map(Instruction::FetchAdd),
        4 => (0..2_usize, word()).prop_map(|(lock, index)| Instruction::Guarded(lock, index)),
        1 => (0..2_usize).prop_map(Instruction::Nested),
        1 => Just(Instruction::Signal),
        1 => Just(Instruction::Wait),
        2 => (0..2_usize).prop_map(Instruction::Send),
        2 => (0..2_usize).prop_map(Instruction::Receive),
        1 => (0..2_usize).prop_map(Instruction::Look),
        1 => (0..2_usize).prop_map(Instruction::SetEvent),
        1 => (0..2_usize).prop_map(Instruction::ResetEvent),
        1 => (0..2_usize).prop_map(Instruction::WaitEvent),
        1 => Just(Instruction::Ask),
    ];
    proptest::collection::vec(step, 0..=longest)
}

use proptest::strategy::Strategy as Strategy_;

/// Compares the search with brute force on one program.
fn check(programs: &[Vec<Instruction>]) -> Result<(), TestCaseError> {
    let Some((all, runs)) = brute_force(programs, None) else {
        return Ok(());
    };
    let (found, unbounded) = search(programs, None);
    prop_assert_eq!(bare(&found), bare(&all));
    prop_assert_eq!(races(&found), races(&all));
    prop_assert!(unbounded.runs() - unbounded.redundant() <= runs);
    for bound in 0..3 {
        let (found, bounded) = search(programs, Some(bound));
        let (within, _) = brute_force(programs, Some(bound)).expect("fewer than all");
        let (found_bare, within_bare) = (bare(&found), bare(&within));
        let missed: Vec<_> = within_bare.difference(&found_bare).collect();
        prop_assert!(missed.is_empty(), "bound {}: missed {:?}", bound, missed);
        let (found_races, within_races) = (races(&found), races(&within));
        let missed: Vec<_> = within_races.difference(&found_races).collect();
        prop_assert!(
            missed.is_empty(),
            "bound {}: missed race {:?}",
            bound,
            missed
        );
        let invented: Vec<_> = found.difference(&all).collect();
        prop_assert!(
            invented.is_empty(),
            "bound {}: invented {:?}",
            bound,
            invented
        );
        prop_assert!(bounded.runs() <= unbounded.runs());
    }
    Ok(())
}

/// The outcomes without their races.
fn bare(outcomes: &BTreeSet<Outcome>) -> BTreeSet<Outcome> {
    let without = |outcome: &Outcome| Outcome {
        races: BTreeSet::new(),
        ..outcome.clone()
    };
    outcomes.iter().map(without).collect()
}

/// Every pair that races in some run.
fn races(outcomes: &BTreeSet<Outcome>) -> BTreeSet<(&'static str, &'static str)> {
    outcomes
        .iter()
        .flat_map(|outcome| outcome.races.clone())
        .collect()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn two_threads_have_the_outcomes_of_brute_force(one in steps(4), two in steps(3)) {
        check(&[one, two])?;
    }

    #[test]
    fn three_threads_have_the_outcomes_of_brute_force(
        one in steps(3),
        two in steps(2),
        three in steps(2),
    ) {
        check(&[one, two, three])?;
    }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    #[ignore = "a campaign of some minutes"]
    fn many_programs_have_the_outcomes_of_brute_force(
        one in steps(4),
        two in steps(3),
        three in steps(2),
    ) {
        check(&[one, two, three])?;
    }
}

/// A blocked thread might have come first, also in a run that is cut off as redundant.
#[test]
fn blocked_calls_race_in_redundant_runs_too() {
    let one = vec![Instruction::Wait, Instruction::Write(0)];
    let two = vec![Instruction::CompareExchange(0)];
    let three = vec![Instruction::Signal, Instruction::Wait];
    check(&[one, two, three]).expect("as brute force");
}

/// A nested section is ordered after an older one, but not after the calls in between.
#[test]
fn a_nested_section_orders_only_itself() {
    let one = vec![
        Instruction::Nested(1),
        Instruction::Read(0),
        Instruction::Guarded(0, 0),
    ];
    let two = vec![Instruction::Guarded(0, 0)];
    check(&[one, two]).expect("as brute force");
}

/// Of three senders that want the only slot, each may get it.
#[test]
fn a_blocked_call_has_no_effect() {
    let send = || vec![Instruction::Send(0)];
    check(&[send(), send(), send()]).expect("as brute force");
}

/// The order of earlier receives does not preempt a receiver that comes first.
#[test]
fn a_receiver_that_comes_first_is_no_preemption() {
    let one = vec![Instruction::Send(0), Instruction::Receive(1)];
    let two = vec![
        Instruction::Send(1),
        Instruction::Receive(0),
        Instruction::Receive(1),
    ];
    check(&[one, two]).expect("as brute force");
}

/// Two threads write one word at the start and another a second later. Returns the number of runs
/// that explore all orders, with or without those of the start.
fn runs_with_fixed_prefix(fix: bool) -> u64 {
    let mut machine = machine(free_calls(), Strategy::Timed, 1);
    let mut search = Exhaustive::new(Bound {
        preemptions: None,
        runs: 100,
    });
    let second = Duration::from_secs(1);
    while let Some(explorer) = search.next_run() {
        let handle = explorer.another();
        machine.reset_with(Strategy::Controlled(Box::new(explorer)), Choices::new(0));
        let words = machine.map_static(8, "words").expect("room");
        for number in 0..2 {
            machine.spawn("thread", number, u64::from(number), move |t| async move {
                t.write(words + Field::new(0, "first"), 1).await;
                t.sleep_until(Instant::ZERO + second).await;
                t.write(words + Field::new(4, "second"), 1).await;
            });
        }
        let start = machine.run(Instant::ZERO, Instant::ZERO);
        assert!(matches!(start, Progress::ReachedUntil));
        if fix {
            handle.fix_prefix();
        }
        let rest = machine.run(Instant::ZERO, Instant::MAX);
        assert!(matches!(rest, Progress::Idle));
    }
    assert!(search.is_exhausted());
    search.runs()
}

#[test]
fn calls_of_a_fixed_prefix_are_not_reordered() {
    assert_eq!(
        (runs_with_fixed_prefix(false), runs_with_fixed_prefix(true)),
        (4, 2)
    );
}

/// Exhausts a litmus test within a bound. Returns the numbers of runs, redundant runs and failures.
fn exhaust(test: LitmusTest, preemptions: Option<u32>) -> (u64, u64, u64) {
    let mut runner = test.runner_at_zero_cost(true);
    let mut search = Exhaustive::new(Bound {
        preemptions,
        runs: 1_000_000,
    });
    let mut failed = 0;
    while let Some(explorer) = search.next_run() {
        let has_failed = runner.run(Box::new(explorer));
        if !search.is_redundant() {
            failed += u64::from(has_failed);
            assert!(!test.fixed || runner.machine().race_detector().findings().is_empty());
        }
    }
    assert!(search.is_exhausted());
    (search.runs(), search.redundant(), failed)
}

#[test]
fn litmus_tests_are_exhausted_and_private_steps_change_nothing() {
    for program in LitmusProgram::ALL {
        for fixed in [false, true] {
            for bound in [Some(0), Some(1), Some(2), Some(3), None] {
                let found = [0, 5, 20].map(|steps| {
                    let test = LitmusTest {
                        program,
                        private_steps: steps,
                        fixed,
                    };
                    exhaust(test, bound)
                });
                let context = format!("{program:?}, fixed {fixed}, bound {bound:?}: {found:?}");
                assert!(found.iter().all(|it| *it == found[0]), "{context}");
                let failed = found[0].2;
                if fixed {
                    assert_eq!(failed, 0, "{context}");
                } else if bound.is_none() {
                    assert!(failed > 0, "{context}");
                }
            }
        }
    }
}
