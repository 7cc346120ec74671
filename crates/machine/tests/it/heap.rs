//! The heap's invariants: against a simple model, under one thread and many, with and without its lock.

use machine::{Address, Field, FindingKind, HeapCensus, Machine};
use proptest::prelude::*;

use crate::support::{Numbers, Thread, config, finish, finish_watching, random, timed};

const CHECK: u32 = 1;

#[derive(Clone, Copy, Debug)]
enum Action {
    Allocate(u32),
    Free(usize),
}

fn actions(most: usize) -> impl Strategy<Value = Vec<Action>> {
    let size = prop_oneof![4 => 0..200_u32, 1 => 900..3_000_u32];
    let action = prop_oneof![
        size.prop_map(Action::Allocate),
        any::<usize>().prop_map(Action::Free),
    ];
    proptest::collection::vec(action, 0..most)
}

fn word_of(block: Address, index: u32) -> machine::Location {
    block + Field::new(index * 4, "content")
}

/// Fills a block with its own address, so that an overlap is detected.
async fn fill(thread: &Thread, block: Address, bytes: u32) {
    for index in 0..bytes / 4 {
        thread.write(word_of(block, index), block.0 ^ index).await;
    }
}

async fn give_back(thread: &Thread, (block, bytes): (Address, u32)) {
    for index in 0..bytes / 4 {
        let found = thread.read(word_of(block, index)).await;
        assert_eq!(found, block.0 ^ index, "another thread wrote into {block}");
    }
    assert_eq!(thread.check_block(block).await, Ok(()));
    assert!(thread.free(block).await, "{block} was busy");
}

async fn work(thread: Thread, actions: Vec<Action>) {
    let mut live: Vec<(Address, u32)> = Vec::new();
    for action in actions {
        match action {
            Action::Allocate(bytes) => {
                let block = thread.allocate(bytes).await;
                if !block.is_null() {
                    assert!(block.0.is_multiple_of(8), "{block} is aligned");
                    fill(&thread, block, bytes).await;
                    live.push((block, bytes));
                }
            }
            Action::Free(index) if !live.is_empty() => {
                let block = live.swap_remove(index % live.len());
                give_back(&thread, block).await;
            }
            Action::Free(_) => {}
        }
        thread.call(CHECK).await;
    }
    for block in live {
        give_back(&thread, block).await;
    }
}

fn assert_empty(machine: &Machine<Numbers>) {
    let layout = machine.heap();
    let empty = HeapCensus {
        free_blocks: 1,
        free_units: layout.units(),
        ..HeapCensus::default()
    };
    assert_eq!(machine.heap_census(), Ok(empty));
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
    fn one_thread_keeps_every_invariant(actions in actions(60)) {
        let mut machine = timed(config());
        machine.spawn("worker", 1, 1, |thread| work(thread, actions));
        let end = finish_watching(&mut machine, |machine, _| {
            let census = machine.heap_census().expect("the heap is sound between calls");
            assert_eq!(census.busy_units + census.free_units, machine.heap().units());
        });
        prop_assert_eq!(end, None);
        prop_assert_eq!(machine.race_detector().findings(), &[]);
        assert_empty(&machine);
    }

    #[test]
    fn many_threads_share_a_serialised_heap(
        programs in proptest::collection::vec(actions(12), 2..5),
        seed in any::<u64>(),
    ) {
        let mut machine = random(config(), seed);
        for (number, actions) in programs.into_iter().enumerate() {
            machine.spawn("worker", number as u16, number as u64, |thread| work(thread, actions));
        }
        prop_assert_eq!(finish(&mut machine), None);
        prop_assert_eq!(machine.race_detector().findings(), &[]);
        assert_empty(&machine);
    }
}

/// Allocates and frees without checks: content checks would panic on a damaged heap.
async fn churn(thread: Thread, rounds: u32) {
    for round in 0..rounds {
        let block = thread.allocate(24 + 8 * (round % 3)).await;
        let other = thread.allocate(40).await;
        thread.free(block).await;
        thread.free(other).await;
    }
}

/// Runs three churning threads. Returns whether the heap or the process was damaged.
fn is_damaged(serialize: bool, seed: u64) -> bool {
    let mut config = config();
    config.heap.serialize = serialize;
    let mut machine = random(config, seed);
    for number in 0..3 {
        machine.spawn("churn", number, u64::from(number), |thread| {
            churn(thread, 4)
        });
    }
    let exception = finish(&mut machine);
    let harm = exception.is_some() || machine.heap_census().is_err();
    let found = machine.race_detector().findings();
    assert!(
        !harm || !found.is_empty(),
        "damage without a finding, seed {seed}"
    );
    assert!(
        !serialize || found.is_empty(),
        "a finding on a guarded heap, seed {seed}"
    );
    harm
}

#[test]
fn only_a_heap_without_its_lock_is_damaged() {
    let torn = (0..100).filter(|seed| is_damaged(false, *seed)).count();
    assert!(torn > 50, "{torn} of 100");
    assert!((0..100).all(|seed| !is_damaged(true, seed)));
}

#[test]
fn two_unguarded_threads_can_be_given_the_same_block() {
    let mut config = config();
    config.heap.serialize = false;
    let handed_out_twice = |seed: u64| {
        let mut machine = random(config.clone(), seed);
        for number in 0..2 {
            machine.spawn("taker", number, u64::from(number), |thread| async move {
                let block = thread.allocate(24).await;
                thread.record(block.0);
            });
        }
        let exception = finish(&mut machine);
        let blocks = crate::support::records(&mut machine);
        let found = |kind| {
            let mut kinds = machine
                .race_detector()
                .findings()
                .iter()
                .map(|one| one.kind);
            kinds.any(|one| one == kind)
        };
        let twice = exception.is_none() && blocks[0] == blocks[1];
        assert!(
            !twice || found(FindingKind::DoubleAllocation),
            "seed {seed}"
        );
        assert!(!twice || found(FindingKind::DataRace), "seed {seed}");
        twice
    };
    assert!((0..40).any(handed_out_twice));
}

#[test]
fn an_allocation_is_a_handful_of_accesses() {
    let mut machine = timed(config());
    machine.spawn("taker", 1, 1, |thread| async move {
        thread.allocate(24).await;
        thread.call(CHECK).await;
    });
    let mut steps = 0;
    finish_watching(&mut machine, |machine, _| steps = machine.calls());
    assert!((10..=28).contains(&steps), "{steps} calls, lock included");
}

#[test]
fn the_block_freed_last_is_allocated_first() {
    let mut machine = timed(config());
    machine.spawn("taker", 1, 1, |thread| async move {
        let [one, _gap, two, _end] = [
            thread.allocate(24).await,
            thread.allocate(24).await,
            thread.allocate(24).await,
            thread.allocate(24).await,
        ];
        thread.free(one).await;
        thread.free(two).await;
        assert_eq!(thread.allocate(24).await, two);
        assert_eq!(thread.allocate(24).await, one);
    });
    assert_eq!(finish(&mut machine), None);
}

#[test]
fn a_full_heap_returns_null() {
    let mut machine = timed(config());
    let units = machine.heap().units();
    machine.spawn("taker", 1, 1, move |thread| async move {
        assert_eq!(thread.allocate(u32::MAX).await, Address::NULL);
        assert_eq!(thread.allocate(units * 8).await, Address::NULL);
        let all = thread.allocate(units * 8 - 8).await;
        assert!(!all.is_null());
        assert_eq!(thread.allocate(0).await, Address::NULL);
        assert!(thread.free(all).await);
        assert!(thread.free(Address::NULL).await);
    });
    assert_eq!(finish(&mut machine), None);
    assert_empty(&machine);
}

#[test]
fn a_large_heap_has_several_sound_segments() {
    let mut config = config();
    config.heap.bytes = 2 << 20;
    let mut machine = timed(config);
    let before = machine.heap_census().expect("sound");
    assert_eq!(before.free_blocks, 5, "2 MB in blocks of at most 508 KB");
    machine.spawn("taker", 1, 1, |thread| async move {
        let mut taken = Vec::new();
        for _ in 0..5 {
            taken.push(thread.allocate(400_000).await);
        }
        assert!(taken.iter().all(|block| !block.is_null()));
        assert!(thread.allocate(400_000).await.is_null());
        for block in taken {
            assert!(thread.free(block).await);
        }
    });
    assert_eq!(finish(&mut machine), None);
    assert_eq!(machine.heap_census(), Ok(before));
}
