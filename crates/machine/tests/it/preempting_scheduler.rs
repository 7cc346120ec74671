//! The preempting scheduler against its documented probabilities.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use machine::{CallCounter, Field, Preempting, Random, Scheduler, Strategy};

use crate::schedulers::{PILOTS, agrees, choices, staged_bug};
use crate::support::{HOST, Thread, config, finish, machine, records};

/// One thread reads some words in turn and another writes them in that order, each with calls in
/// between that do not conflict. Returns how many words the reader found old before the first new one;
/// `None` if it found a new one before an old one.
fn torn(words: u32, padding: u32, scheduler: Box<dyn Scheduler>) -> Option<u32> {
    let mut machine = machine(config(), Strategy::Controlled(scheduler), 1);
    let base = machine.map_static(64, "words").expect("room");
    let shared = move |index| base + Field::new(4 * index, "shared");
    let own = move |thread| base + Field::new(4 * (words + thread), "own");
    machine.spawn("reader", 0, 0, move |t: Thread| async move {
        for index in 0..words {
            for _ in 0..padding {
                t.write(own(0), 1).await;
            }
            let seen = t.read(shared(index)).await;
            t.record(seen);
        }
    });
    machine.spawn("writer", 1, 1, move |t| async move {
        for index in 0..words {
            for _ in 0..padding {
                t.write(own(1), 1).await;
            }
            t.write(shared(index), 1).await;
        }
    });
    assert_eq!(finish(&mut machine), None);
    let seen = records(&mut machine);
    let old = seen.iter().take_while(|it| **it == 0).count();
    seen[old..].iter().all(|it| *it == 1).then_some(old as u32)
}

/// Two threads with `words` conflicting calls each have as many conflict points less two, and each is
/// equally likely, whatever lies in between.
#[test]
fn every_conflict_point_is_equally_likely() {
    const RUNS: u64 = 6_000;
    const WORDS: u32 = 4;
    for padding in [0, 9] {
        let counter = Rc::new(RefCell::new(CallCounter::default()));
        for _ in 0..2 {
            // The first run shows which thread uses what, the second which calls conflict.
            let walk = Random::new(choices(0), HOST);
            torn(
                WORDS,
                padding,
                Box::new(CallCounter::counting(&counter, walk)),
            );
        }
        let counts = counter.borrow().counts();
        let mut found: BTreeMap<Option<u32>, u64> = BTreeMap::new();
        for seed in 0..RUNS {
            let preempting = Preempting::new(choices(seed), HOST, 1, &counts);
            *found
                .entry(torn(WORDS, padding, Box::new(preempting)))
                .or_default() += 1;
        }
        let share = 1.0 / f64::from(2 * (WORDS - 1));
        for old in 1..WORDS {
            let times = found[&Some(old)];
            assert!(agrees(times, RUNS, share), "{old} of {WORDS}: {times}");
        }
    }
}

/// The writer must be preempted first and the reader second: one of four pairs of conflict points.
#[test]
fn two_preemptions_find_a_bug_that_needs_two() {
    const RUNS: u64 = 8_000;
    let counter = Rc::new(RefCell::new(CallCounter::default()));
    for seed in 0..PILOTS {
        let walk = Random::new(choices(seed), HOST);
        staged_bug(3, Box::new(CallCounter::counting(&counter, walk)));
    }
    let counts = counter.borrow().counts();
    let found = |preemptions| {
        let run = |seed: &u64| {
            let preempting = Preempting::new(choices(*seed), HOST, preemptions, &counts);
            staged_bug(3, Box::new(preempting)).0
        };
        (0..RUNS).filter(run).count() as u64
    };
    let twice = found(2);
    assert!(agrees(twice, RUNS, 0.25), "{twice} of {RUNS}");
    assert_eq!(found(1), 0);
}
