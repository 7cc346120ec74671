//! Modeled time: processors, quantum and costs.

use kernel::{Duration, Instant, Ratio};
use machine::{Location, Machine, Progress, Recorded};

use crate::support::{Numbers, before_read, config, even_costs, finish, timed};

fn micros(micros: u64) -> Instant {
    Instant::ZERO + Duration::from_micros(micros)
}

/// A machine on which a call takes a microsecond and a switch ten, with one mapped word.
fn even(processors: u32, quantum: Duration) -> (Machine<Numbers>, Location) {
    let mut config = config();
    config.processors = processors;
    config.costs = even_costs();
    config.switch_cost = Duration::from_micros(10);
    config.quantum = quantum;
    let mut machine = timed(config);
    let word = machine.map_static(1, "word").expect("room");
    (machine, Location::new(word, "word"))
}

fn spawn_readers(machine: &mut Machine<Numbers>, place: Location, threads: u16, reads: u32) {
    for number in 0..threads {
        machine.spawn(
            "reader",
            number,
            u64::from(number),
            move |thread| async move {
                for _ in 0..reads {
                    thread.read(place).await;
                    thread.record(u32::from(thread.number()));
                }
            },
        );
    }
}

/// The threads in the order of their records, without repetitions.
fn time_slices(written: &[Recorded<u32>]) -> Vec<u32> {
    let mut turns: Vec<_> = written.iter().map(|one| one.record).collect();
    turns.dedup();
    turns
}

#[test]
fn one_processor_without_a_quantum_never_preempts() {
    let (mut machine, place) = even(1, Duration::MAX);
    spawn_readers(&mut machine, place, 3, 100);
    assert_eq!(finish(&mut machine), None);
    let written = machine.take_records();
    assert_eq!(time_slices(&written), [0, 1, 2]);
    // 100 calls each, and a switch between one thread and the next.
    assert_eq!(written[0].at, Instant::ZERO);
    assert_eq!(written[100].at, micros(110));
    assert_eq!(written[299].at, micros(319));
}

#[test]
fn an_environment_call_answered_at_once_is_no_preemption() {
    let (mut machine, _) = even(1, Duration::MAX);
    for number in 0..2 {
        machine.spawn(
            "asker",
            number,
            u64::from(number),
            move |thread| async move {
                for _ in 0..5 {
                    thread.call(1).await;
                    thread.record(u32::from(thread.number()));
                }
            },
        );
    }
    assert_eq!(finish(&mut machine), None);
    assert_eq!(time_slices(&machine.take_records()), [0, 1]);
}

#[test]
fn a_quantum_ends_a_time_slice() {
    let (mut machine, place) = even(1, Duration::from_micros(20));
    spawn_readers(&mut machine, place, 2, 40);
    assert_eq!(finish(&mut machine), None);
    let written = machine.take_records();
    assert_eq!(time_slices(&written), [0, 1, 0, 1]);
    // A quantum, a switch, a quantum, a switch.
    assert_eq!(written[40].at, micros(60));
}

#[test]
fn two_processors_run_two_threads_at_once() {
    let (mut machine, place) = even(2, Duration::MAX);
    spawn_readers(&mut machine, place, 2, 10);
    assert_eq!(finish(&mut machine), None);
    let written = machine.take_records();
    assert!(
        written.iter().is_sorted_by_key(|one| one.at),
        "records come in the order of time"
    );
    assert_eq!(written[19].at, micros(9));
    assert_eq!(written[18].at, micros(9));
}

#[test]
fn a_thread_woken_by_another_processor_starts_then() {
    let (mut machine, _) = even(2, Duration::MAX);
    let event = machine.create_event("gong", false);
    machine.spawn("waiter", 1, 1, move |thread| async move {
        thread.wait_event(event).await;
        assert_eq!(thread.now(), micros(50));
        thread.work(Duration::from_micros(1)).await;
        thread.record(1);
    });
    machine.spawn("striker", 2, 2, move |thread| async move {
        thread.work(Duration::from_micros(50)).await;
        thread.set_event(event).await;
    });
    assert_eq!(finish(&mut machine), None);
    assert_eq!(
        machine.take_records()[0].at,
        micros(50),
        "its processor still held its registers"
    );
}

#[test]
fn a_run_stops_at_its_limit() {
    let (mut machine, place) = even(1, Duration::MAX);
    spawn_readers(&mut machine, place, 1, 10);
    let progress = machine.run(Instant::ZERO, micros(4));
    assert!(matches!(progress, Progress::ReachedUntil));
    assert_eq!(machine.calls(), 5, "calls at 0, 1, 2, 3 and 4");
    assert_eq!(machine.next_time(), Some(micros(5)));
}

#[test]
fn only_the_stalled_thread_is_delayed() {
    let (mut machine, place) = even(1, Duration::MAX);
    spawn_readers(&mut machine, place, 2, 10);
    let stalled = machine.threads().len() - 2;
    let id = {
        let mut first = None;
        if let Progress::ReachedUntil = machine.run(Instant::ZERO, micros(2)) {
            first = Some(machine.take_records()[0].thread);
        }
        first.expect("the first thread ran")
    };
    assert_eq!(id.index(), stalled);
    machine.stall(id, micros(500));
    assert_eq!(finish(&mut machine), None);
    let written = machine.take_records();
    assert_eq!(time_slices(&written), [1, 0]);
    assert_eq!(written[10].at, micros(510), "the stall's end and a switch");
}

#[test]
fn a_preemption_comes_exactly_before_its_call() {
    let mut config = config();
    config.costs = even_costs();
    config.quantum = Duration::MAX;
    config.preemptions = vec![before_read(4), before_read(6)];
    let mut machine = timed(config);
    let word = machine.map_static(1, "word").expect("room");
    spawn_readers(&mut machine, Location::new(word, "word"), 2, 10);
    assert_eq!(finish(&mut machine), None);
    let order: Vec<_> = machine
        .take_records()
        .iter()
        .map(|one| one.record)
        .collect();
    assert_eq!(order[..3], [0; 3]);
    assert_eq!(order[3..13], [1; 10]);
    assert_eq!(
        order[13..],
        [0; 7],
        "no thread is left for the second to yield to"
    );
}

/// The sum of n costs, each uniform in [c/2, 3c/2], has mean nc and variance n c^2 / 12.
#[test]
fn costs_with_jitter_add_up() {
    const CALLS: u64 = 10_000;
    for seed in 0..20 {
        let mut config = config();
        config.costs = even_costs();
        config.jitter = Ratio::new(1, 2).expect("a fraction");
        let mut machine = crate::support::machine(config, machine::Strategy::Timed, seed);
        let word = machine.map_static(1, "word").expect("room");
        spawn_readers(
            &mut machine,
            Location::new(word, "word"),
            1,
            CALLS as u32 + 1,
        );
        assert_eq!(finish(&mut machine), None);
        let last = machine.take_records().pop().expect("records").at.nanos();
        let mean = CALLS * 1_000;
        // Five standard deviations: 5 * 1000 * sqrt(10^4 / 12) = 144,338 ns.
        assert!(last.abs_diff(mean) < 144_338, "seed {seed}: {last}");
        assert_ne!(last, mean, "there is jitter");
    }
}

/// Each thread has its own random costs: other threads do not change them.
#[test]
fn another_thread_does_not_change_what_calls_cost() {
    let finishes_at = |threads: u16| {
        let mut config = config();
        config.processors = 4;
        config.jitter = Ratio::new(1, 2).expect("a fraction");
        let mut machine = timed(config);
        let word = machine.map_static(1, "word").expect("room");
        spawn_readers(&mut machine, Location::new(word, "word"), threads, 100);
        assert_eq!(finish(&mut machine), None);
        let written = machine.take_records();
        let mine = written.iter().filter(|one| one.record == 0);
        mine.map(|one| one.at).max().expect("it ran")
    };
    assert_eq!(finishes_at(1), finishes_at(3));
}
