//! The race detector against every interleaving of small programs.
//!
//! The reference: two accesses race, in both orders, if in some interleaving two threads are about to
//! make them at the same time. For straight-line programs that is exact, and it needs no clocks. Every
//! step of every thread has its own location name, so that pairs of accesses are compared and not
//! only words.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use machine::{
    CostClass, EnabledSet, Field, FindingKind, LockId, Machine, PendingCall, QueueId, Scheduler,
    SemaphoreId,
};
use proptest::prelude::*;

use crate::support::{Numbers, Thread, config, finish, machine};

const NAMES: [[&str; 4]; 3] = [
    ["a0", "a1", "a2", "a3"],
    ["b0", "b1", "b2", "b3"],
    ["c0", "c1", "c2", "c3"],
];

/// The names of two accesses that race, earlier and later.
type Pair = (&'static str, &'static str);

/// Every path through a tree of choices, one after the other.
#[derive(Debug, Default)]
struct Tree {
    /// The choice made at each step of the present path, and how many there were.
    path: Vec<(usize, usize)>,
    depth: usize,
    raced: BTreeSet<Pair>,
}

impl Tree {
    /// Goes back to the last step with a choice left; false if there is none.
    fn next_path(&mut self) -> bool {
        self.depth = 0;
        while let Some((choice, count)) = self.path.pop() {
            if choice + 1 < count {
                self.path.push((choice + 1, count));
                return true;
            }
        }
        false
    }

    fn add_reference_races(&mut self, enabled: &EnabledSet) {
        let plain = |one: &PendingCall| {
            let operation = one.request.operation;
            let location = operation
                .location()
                .filter(|_| operation.cost_class() == CostClass::Access);
            location.map(|location| location.name)
        };
        for one in enabled.iter() {
            for other in enabled.iter() {
                let conflict = one.request.operation.conflicts(&other.request.operation);
                if one.thread != other.thread && conflict {
                    self.raced.extend(plain(one).zip(plain(other)));
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Exhaustive(Rc<RefCell<Tree>>);

impl Scheduler for Exhaustive {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        let mut tree = self.0.borrow_mut();
        tree.add_reference_races(enabled);
        let depth = tree.depth;
        tree.depth += 1;
        if depth == tree.path.len() {
            tree.path.push((0, enabled.len()));
        }
        let (choice, count) = tree.path[depth];
        assert_eq!(
            count,
            enabled.len(),
            "the same path offers the same choices"
        );
        choice
    }
}

#[derive(Clone, Copy, Debug)]
enum Instruction {
    Read(usize),
    Write(usize),
    Interlocked(usize),
    Guarded(usize, usize),
    Signal,
    Wait,
    Send,
    Receive,
    SetEvent,
    WaitEvent,
}

#[derive(Clone, Copy)]
struct Objects {
    words: machine::Address,
    locks: [LockId; 2],
    semaphore: SemaphoreId,
    queue: QueueId,
    event: machine::EventId,
}

async fn perform(thread: Thread, steps: Vec<Instruction>, objects: Objects) {
    for (number, step) in steps.into_iter().enumerate() {
        let name = NAMES[usize::from(thread.number())][number];
        let place = |word: usize| objects.words + Field::new(4 * word as u32, name);
        match step {
            Instruction::Read(word) => {
                thread.read(place(word)).await;
            }
            Instruction::Write(word) => thread.write(place(word), 1).await,
            Instruction::Interlocked(word) => {
                thread
                    .exchange(objects.words + Field::new(8 + 4 * word as u32, "flag"), 1)
                    .await;
            }
            Instruction::Guarded(lock, word) => {
                thread.lock(objects.locks[lock]).await;
                thread.write(place(word), 1).await;
                thread.unlock(objects.locks[lock]).await;
            }
            Instruction::Signal => {
                thread.signal(objects.semaphore).await;
            }
            Instruction::Wait => thread.wait(objects.semaphore).await,
            Instruction::Send => thread.send(objects.queue, 1).await,
            Instruction::Receive => {
                thread.receive(objects.queue).await;
            }
            Instruction::SetEvent => thread.set_event(objects.event).await,
            Instruction::WaitEvent => thread.wait_event(objects.event).await,
        }
    }
}

fn set_up(tree: &Rc<RefCell<Tree>>, programs: &[Vec<Instruction>]) -> Machine<Numbers> {
    let mut config = config();
    config.heap.bytes = 0x700;
    let strategy = machine::Strategy::Controlled(Box::new(Exhaustive(Rc::clone(tree))));
    let mut machine = machine(config, strategy, 1);
    let objects = Objects {
        words: machine.map_static(4, "words").expect("room"),
        locks: [machine.create_lock("one"), machine.create_lock("other")],
        semaphore: machine.create_semaphore("semaphore", 0, 9),
        queue: machine.create_queue("queue", 1),
        event: machine.create_event("event", false),
    };
    for (number, steps) in programs.iter().enumerate() {
        let steps = steps.clone();
        machine.spawn("thread", number as u16, number as u64, |thread| {
            perform(thread, steps, objects)
        });
    }
    machine
}

/// The races that the detector reports over all interleavings, the expected races, and the number of
/// interleavings.
fn all_interleavings(programs: &[Vec<Instruction>]) -> (BTreeSet<Pair>, BTreeSet<Pair>, usize) {
    let tree = Rc::new(RefCell::new(Tree::default()));
    let mut found = BTreeSet::new();
    for runs in 1.. {
        let mut machine = set_up(&tree, programs);
        assert_eq!(finish(&mut machine), None);
        for finding in machine.race_detector().findings() {
            assert_eq!(finding.kind, FindingKind::DataRace);
            let earlier = finding.against.expect("a race has two sides");
            found.insert((earlier.name, finding.access.name));
        }
        if !tree.borrow_mut().next_path() {
            let expected = tree.borrow().raced.clone();
            return (found, expected, runs);
        }
    }
    unreachable!("runs have no end")
}

fn steps(longest: usize) -> impl Strategy<Value = Vec<Instruction>> {
    let step = prop_oneof![
        (0..2_usize).prop_map(Instruction::Read),
        (0..2_usize).prop_map(Instruction::Write),
        (0..2_usize).prop_map(Instruction::Interlocked),
        (0..2_usize, 0..2_usize).prop_map(|(lock, word)| Instruction::Guarded(lock, word)),
        Just(Instruction::Signal),
        Just(Instruction::Wait),
        Just(Instruction::Send),
        Just(Instruction::Receive),
        Just(Instruction::SetEvent),
        Just(Instruction::WaitEvent),
    ];
    proptest::collection::vec(step, 0..=longest)
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn two_threads_race_exactly_where_the_witness_says(one in steps(4), two in steps(3)) {
        let (found, expected, _) = all_interleavings(&[one, two]);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn three_threads_race_exactly_where_the_witness_says(
        one in steps(2),
        two in steps(2),
        three in steps(2),
    ) {
        let (found, expected, _) = all_interleavings(&[one, two, three]);
        prop_assert_eq!(found, expected);
    }
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    #[ignore = "a campaign of half a minute without optimisation"]
    fn many_threads_race_exactly_where_the_witness_says(
        one in steps(4),
        two in steps(3),
        three in steps(2),
    ) {
        let (found, expected, _) = all_interleavings(&[one, two, three]);
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_number_of_interleavings_is_the_binomial() {
    let three = vec![Instruction::Write(0); 3];
    let (found, _, runs) = all_interleavings(&[three.clone(), three]);
    assert_eq!(runs, 20, "six calls, three of each thread: C(6, 3)");
    assert_eq!(
        found.len(),
        18,
        "each write of one with each of the other, in both orders"
    );
}

#[test]
fn two_different_locks_guard_nothing() {
    let guarded = |lock| vec![Instruction::Guarded(lock, 0)];
    assert!(!all_interleavings(&[guarded(0), guarded(1)]).0.is_empty());
    assert!(all_interleavings(&[guarded(0), guarded(0)]).0.is_empty());
}

#[test]
fn a_message_orders_what_came_before_it_and_nothing_else() {
    let sender = vec![
        Instruction::Write(0),
        Instruction::Send,
        Instruction::Write(1),
    ];
    let receiver = vec![
        Instruction::Receive,
        Instruction::Read(0),
        Instruction::Read(1),
    ];
    let (found, _, _) = all_interleavings(&[sender, receiver]);
    assert_eq!(found, BTreeSet::from([("a2", "b2"), ("b2", "a2")]));
}

/// The second message waits until the first was received, so what came before that is known.
#[test]
fn a_full_queue_orders_the_sender_after_the_receiver() {
    let sender = vec![Instruction::Send, Instruction::Send, Instruction::Write(0)];
    let receiver = vec![
        Instruction::Write(0),
        Instruction::Receive,
        Instruction::Write(0),
    ];
    let (found, expected, _) = all_interleavings(&[sender, receiver]);
    assert_eq!(found, BTreeSet::from([("a2", "b2"), ("b2", "a2")]));
    assert_eq!(found, expected);
}
