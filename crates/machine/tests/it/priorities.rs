//! NT's priorities under modeled time: who takes a processor from whom, and when.

use kernel::{Duration, Instant};
use machine::{Config, Increment, Machine, Progress};

use crate::support::{Numbers, Thread, config, even_costs, finish, timed};

fn micros(micros: u64) -> Instant {
    Instant::ZERO + Duration::from_micros(micros)
}

/// A call takes a microsecond, and a switch ten.
fn even(processors: u32, quantum: Duration) -> Config {
    let mut config = config();
    config.processors = processors;
    config.costs = even_costs();
    config.switch_cost = Duration::from_micros(10);
    config.quantum = quantum;
    config
}

/// Asks the environment, and records the reply.
async fn ask(thread: Thread) {
    let reply = thread.call(0).await;
    thread.record(reply);
}

/// Computes for five times 100 microseconds, and records the start of each.
async fn compute(thread: Thread) {
    for step in 0..5 {
        thread.work(Duration::from_micros(100)).await;
        thread.record(100 + step);
    }
}

fn step(machine: &mut Machine<Numbers>, until: Instant) {
    let progress = machine.run(Instant::ZERO, until);
    assert!(matches!(
        progress,
        Progress::ReachedUntil | Progress::Idle | Progress::Environment { .. }
    ));
}

/// What was recorded, with the microsecond.
fn written(machine: &mut Machine<Numbers>) -> Vec<(u32, u64)> {
    let records = machine.take_records().into_iter();
    records
        .map(|one| (one.record, one.at.nanos() / 1_000))
        .collect()
}

/// An asker that waits, and a thread that computes from microsecond 11 on.
fn asker_and_computer() -> (Machine<Numbers>, machine::ThreadId) {
    let mut machine = timed(even(1, Duration::MAX));
    let asker = machine.spawn("asker", 1, 1, ask);
    machine.spawn("computer", 2, 2, compute);
    step(&mut machine, Instant::ZERO);
    step(&mut machine, micros(50));
    (machine, asker)
}

#[test]
fn a_thread_that_the_network_wakes_preempts_in_the_middle_of_a_call() {
    let (mut machine, asker) = asker_and_computer();
    machine.reply(asker, micros(50), 7, Increment::NETWORK);
    assert_eq!(finish(&mut machine), None);
    let records = written(&mut machine);
    assert_eq!(records[0], (100, 11));
    assert_eq!(records[1], (7, 60), "at once, after a switch");
    // 39 microseconds of the first 100 are done; the rest follows after another switch.
    assert_eq!(records[2], (101, 60 + 10 + 61));
}

#[test]
fn a_thread_whose_wait_times_out_does_not_preempt() {
    let (mut machine, asker) = asker_and_computer();
    machine.reply(asker, micros(50), 7, Increment::TIMEOUT);
    assert_eq!(finish(&mut machine), None);
    let records = written(&mut machine);
    assert_eq!(records.last(), Some(&(7, 11 + 500 + 10)));
}

/// The driver of Q303102 is woken by the network, posts to POP4 UP, and goes on until it waits: its
/// `Wait for cb` lines come before `(007) Message type 2`.
#[test]
fn a_woken_thread_of_equal_or_higher_priority_runs_on() {
    let mut machine = timed(even(1, Duration::MAX));
    let event = machine.create_event("queue", false);
    let driver = machine.spawn("driver", 8, 8, move |thread| async move {
        thread.call(0).await;
        thread.set_event(event).await;
        for line in 0..20 {
            thread.work(Duration::from_micros(1)).await;
            thread.record(line);
        }
    });
    machine.spawn("transport", 7, 7, move |thread| async move {
        thread.wait_event(event).await;
        thread.record(99);
    });
    step(&mut machine, Instant::ZERO);
    step(&mut machine, micros(100));
    machine.reply(driver, micros(100), 0, Increment::NETWORK);
    assert_eq!(finish(&mut machine), None);
    let order: Vec<u32> = written(&mut machine).iter().map(|(it, _)| *it).collect();
    assert_eq!(order, (0..20).chain([99]).collect::<Vec<_>>());
}

#[test]
fn a_thread_at_base_priority_loses_its_processor_to_the_thread_that_it_wakes() {
    let mut machine = timed(even(1, Duration::MAX));
    let event = machine.create_event("queue", false);
    machine.spawn("waiter", 1, 1, move |thread| async move {
        thread.wait_event(event).await;
        thread.record(99);
    });
    machine.spawn("setter", 2, 2, move |thread| async move {
        thread.set_event(event).await;
        thread.work(Duration::from_micros(1)).await;
        thread.record(1);
    });
    assert_eq!(finish(&mut machine), None);
    let order: Vec<u32> = written(&mut machine).iter().map(|(it, _)| *it).collect();
    assert_eq!(order, [99, 1]);
}

/// With two processors, the thread with the lowest priority is preempted.
#[test]
fn the_lowest_priority_is_preempted() {
    let mut machine = timed(even(2, Duration::MAX));
    let first = machine.spawn("first", 1, 1, |thread| async move {
        thread.call(0).await;
        compute(thread).await;
    });
    let second = machine.spawn("second", 2, 2, ask);
    step(&mut machine, Instant::ZERO);
    step(&mut machine, Instant::ZERO);
    machine.reply(first, micros(20), 0, Increment::OBJECT);
    step(&mut machine, micros(20));
    machine.spawn("third", 3, 3, compute);
    step(&mut machine, micros(60));
    machine.reply(second, micros(60), 7, Increment::OBJECT);
    assert_eq!(finish(&mut machine), None);
    let records = written(&mut machine);
    // The first began at 20, the third after a switch on the other processor.
    assert_eq!(records[..2], [(100, 20), (100, 30)]);
    assert_eq!(records[2], (7, 70), "the second took a processor");
    assert_eq!(records[3], (101, 120), "the first ran on");
    assert_eq!(records[4], (101, 70 + 10 + 70), "the third lost it");
}

/// Two quanta after a wait by two increments, the thread is a thread like all others.
#[test]
fn a_priority_falls_by_one_at_the_end_of_each_quantum() {
    let quantum = Duration::from_micros(100);
    let mut machine = timed(even(1, quantum));
    let eager = machine.spawn("eager", 1, 1, |thread| async move {
        thread.call(0).await;
        compute(thread).await;
    });
    machine.spawn("other", 2, 2, |thread| async move {
        loop {
            thread.work(Duration::from_micros(1)).await;
            thread.record(1);
            if thread.now() > micros(2_000) {
                break;
            }
        }
    });
    step(&mut machine, Instant::ZERO);
    step(&mut machine, micros(15));
    machine.take_records();
    machine.reply(eager, micros(15), 0, Increment::NETWORK);
    assert_eq!(finish(&mut machine), None);
    let mut order: Vec<(u32, u64)> = written(&mut machine);
    order.dedup_by_key(|(record, _)| *record);
    let at_once = order.iter().take_while(|(record, _)| *record >= 100);
    // The first quantum ends at 98 microseconds, because the wait took 2; the second, 100 later. The
    // calls that begin before these moments are made, and the third begins at the base priority.
    assert_eq!(at_once.count(), 2, "{order:?}");
}

#[test]
fn a_stalled_thread_does_nothing_even_if_it_is_woken() {
    let mut machine = timed(even(1, Duration::MAX));
    let asker = machine.spawn("asker", 1, 1, ask);
    step(&mut machine, Instant::ZERO);
    machine.stall(asker, micros(500));
    machine.reply(asker, micros(50), 7, Increment::NETWORK);
    assert_eq!(finish(&mut machine), None);
    assert_eq!(written(&mut machine), [(7, 500)]);
}

#[test]
fn a_stalled_thread_does_nothing_under_an_adversary_either() {
    let walk = machine::RoundRobin::new(1);
    let mut machine = crate::support::controlled(config(), walk);
    let asker = machine.spawn("asker", 1, 1, ask);
    step(&mut machine, Instant::ZERO);
    machine.stall(asker, micros(500));
    machine.reply(asker, micros(50), 7, Increment::NETWORK);
    assert_eq!(finish(&mut machine), None);
    assert_eq!(written(&mut machine), [(7, 500)]);
}
