//! Round robin, the random walk, and pinned preemptions: the order of calls.

use std::collections::BTreeMap;

use machine::{Config, Location, RoundRobin, Scheduler};

use crate::support::{before_read, config, controlled, finish, random, records};

/// The numbers of three threads with four calls each, in the order of their calls.
fn order(config: Config, scheduler: impl Scheduler + 'static) -> Vec<u32> {
    let mut machine = controlled(config, scheduler);
    let word = machine.map_static(1, "word").expect("room");
    for number in 0..3_u16 {
        machine.spawn(
            "reader",
            number,
            u64::from(number),
            move |thread| async move {
                for _ in 0..4 {
                    thread.read(Location::new(word, "word")).await;
                    thread.record(u32::from(thread.number()));
                }
            },
        );
    }
    assert_eq!(finish(&mut machine), None);
    records(&mut machine)
}

#[test]
fn round_robin_takes_turns() {
    assert_eq!(order(config(), RoundRobin::new(1)), [0, 1, 2].repeat(4));
    let pairs = [0, 0, 1, 1, 2, 2].repeat(2);
    assert_eq!(order(config(), RoundRobin::new(2)), pairs);
    let whole = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    assert_eq!(order(config(), RoundRobin::new(u64::MAX)), whole);
}

#[test]
fn a_pinned_preemption_is_the_only_difference() {
    let mut config = config();
    config.preemptions = vec![before_read(3)];
    let order = order(config, RoundRobin::new(u64::MAX));
    assert_eq!(order, [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0]);
}

/// Two threads of two calls: six orders, reached by a fair coin with these chances - 1/4 for
/// one thread going first throughout, 1/8 for each of the others.
#[test]
fn the_random_walk_is_fair() {
    const RUNS: u64 = 8_000;
    let mut seen: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
    for seed in 0..RUNS {
        let mut machine = random(config(), seed);
        let word = machine.map_static(1, "word").expect("room");
        for number in 0..2_u16 {
            machine.spawn(
                "reader",
                number,
                u64::from(number),
                move |thread| async move {
                    for _ in 0..2 {
                        thread.read(Location::new(word, "word")).await;
                        thread.record(u32::from(thread.number()));
                    }
                },
            );
        }
        assert_eq!(finish(&mut machine), None);
        *seen.entry(records(&mut machine)).or_default() += 1;
    }
    assert_eq!(seen.len(), 6);
    for (order, count) in seen {
        let eighths = if order[0] == order[1] { 2 } else { 1 };
        let expected = RUNS * eighths / 8;
        // Five standard deviations of a binomial with p up to 1/4: 5 * sqrt(8000 * 3 / 16).
        assert!(
            count.abs_diff(expected) < 194,
            "{order:?}: {count} for {expected}"
        );
    }
}
