//! Programs that are run again and again, and mostly not run.

use std::cell::Cell;
use std::rc::Rc;

use kernel::{Choices, Duration, Instant, Ratio};
use machine::{Address, Config, EventId, LockId, Machine, Place, Random, SemaphoreId, Strategy};
use proptest::prelude::*;

use crate::stage::{HOST, Numbers, Thread, chosen, config, finish, machine, timed};

/// What the threads of a small world share.
#[derive(Clone, Copy)]
struct World {
    words: Address,
    lock: LockId,
    tokens: SemaphoreId,
    bell: EventId,
}

/// One thing a thread does; the last word it was told decides on what.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Read(u32),
    Write(u32, u32),
    Add(u32),
    Guarded(u32),
    Take,
    Give,
    Ring,
    Listen,
    Work(u64),
    Rest(u64),
    Keep(u32),
    Note,
}

fn deed() -> impl Strategy_<Value = Deed> {
    prop_oneof![
        (0..4_u32).prop_map(Deed::Read),
        (0..4_u32, 0..3_u32).prop_map(|(word, value)| Deed::Write(word, value)),
        (0..4_u32).prop_map(Deed::Add),
        (0..4_u32).prop_map(Deed::Guarded),
        Just(Deed::Take),
        Just(Deed::Give),
        Just(Deed::Ring),
        Just(Deed::Listen),
        (1..400_u64).prop_map(Deed::Work),
        (1..4_000_u64).prop_map(Deed::Rest),
        (1..5_u32).prop_map(Deed::Keep),
        Just(Deed::Note),
    ]
}

use proptest::strategy::Strategy as Strategy_;

fn lay_out(machine: &mut Machine<Numbers>) -> World {
    let words = machine.map_static(4, "data").expect("there is room");
    machine.poke(words.offset(4), 7);
    World {
        words,
        lock: machine.create_lock("guard"),
        tokens: machine.create_semaphore("tokens", 1, 3),
        bell: machine.create_event("bell", false),
    }
}

async fn perform(t: Thread, world: World, deeds: Rc<Vec<Deed>>) {
    let place = |word: u32| Place::new(world.words.offset(word % 4 * 4), "word");
    let mut last = 0;
    for deed in deeds.iter() {
        match *deed {
            Deed::Read(word) => last = t.read(place(word + last)).await,
            Deed::Write(word, value) => t.write(place(word + last), value).await,
            Deed::Add(word) => {
                let was = t.read(place(word)).await;
                last = t.compare_exchange(place(word), was, was + 1).await;
            }
            Deed::Guarded(word) => {
                t.lock(world.lock).await;
                let was = t.read(place(word)).await;
                t.write(place(word), was + 1).await;
                t.unlock(world.lock).await;
            }
            // From one moment on nobody waits any more, so that all come to their ends.
            Deed::Take => last = u32::from(t.wait_until(world.tokens, LATE).await),
            Deed::Give => last = u32::from(t.signal(world.tokens).await),
            Deed::Ring => t.set_event(world.bell).await,
            Deed::Listen => last = u32::from(t.wait_event_until(world.bell, LATE).await),
            Deed::Work(nanos) => t.work(Duration::from_nanos(nanos)).await,
            Deed::Rest(nanos) => t.sleep_until(Instant::from_nanos(nanos)).await,
            Deed::Keep(size) => {
                let block = t.allocate(8 * size).await;
                t.record(block.0);
                t.free(block).await;
            }
            Deed::Note => t.record(last),
        }
    }
    t.record(1_000 + last);
}

const LATE: Instant = Instant::from_nanos(1_000_000);

/// All that a run leaves behind.
fn remains(machine: &mut Machine<Numbers>) -> String {
    let exception = finish(machine);
    let threads: Vec<_> = machine.threads().collect();
    format!(
        "{exception:?} {} {} {threads:?} {:?} {:?} {:?}",
        machine.steps(),
        machine.state_hash(),
        machine.judge().violations(),
        machine.heap_census(),
        machine.threads().len(),
    ) + &format!("{:?}", machine.take_records())
}

fn jittery() -> Config {
    Config {
        jitter: Ratio::new(1, 4).expect("a share"),
        ..config()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The same course as threads that are started anew on a new machine, under modeled time with
    /// luck in its costs and under chance alone, run after run.
    #[test]
    fn an_enlisted_thread_takes_the_course_of_any_other(
        deeds in prop::collection::vec(prop::collection::vec(deed(), 1..9), 1..4),
        seeds in prop::collection::vec(0..6_u64, 1..12),
    ) {
        let deeds: Vec<Rc<Vec<Deed>>> = deeds.into_iter().map(Rc::new).collect();
        const NAMES: [&str; 3] = ["one", "two", "three"];
        let mut used = machine(jittery(), Strategy::Timed, 0);
        let world = lay_out(&mut used);
        for (deeds, number) in deeds.iter().zip(0_u16..) {
            let deeds = Rc::clone(deeds);
            let key = u64::from(number);
            let program = move |t| perform(t, world, Rc::clone(&deeds));
            used.enlist(NAMES[usize::from(number)], number, key, program);
        }
        used.keep();
        for seed in seeds {
            let luck = Choices::new(seed);
            let strategy = || match seed % 2 {
                0 => Strategy::Timed,
                _ => Strategy::Chosen(Box::new(Random::new(luck, HOST))),
            };
            let mut new = machine(jittery(), strategy(), seed);
            let world = lay_out(&mut new);
            for (deeds, number) in deeds.iter().zip(0_u16..) {
                let deeds = Rc::clone(deeds);
                let key = u64::from(number);
                new.spawn(NAMES[usize::from(number)], number, key, |t| perform(t, world, deeds));
            }
            used.restart(strategy(), luck);
            prop_assert_eq!(remains(&mut used), remains(&mut new));
        }
    }
}

/// How often a program was started in so many runs.
fn starts<F>(runs: u64, program: impl Fn(Thread, Place) -> F + 'static) -> u64
where
    F: Future<Output = ()> + 'static,
{
    let count = Rc::new(Cell::new(0));
    let mut machine = chosen(config(), Random::new(Choices::new(1), HOST));
    let word = Place::new(
        machine.map_static(1, "data").expect("there is room"),
        "word",
    );
    let starts = Rc::clone(&count);
    machine.enlist("counted", 1, 1, move |t| {
        starts.set(starts.get() + 1);
        program(t, word)
    });
    machine.enlist("other", 2, 2, move |t: Thread| async move {
        let was = t.read(word).await;
        t.write(word, was + 1).await;
    });
    machine.keep();
    for run in 0..runs {
        machine.restart_alike(Choices::new(run));
        assert_eq!(finish(&mut machine), None);
    }
    count.get()
}

#[test]
fn what_is_known_is_not_run_again() {
    let program = |t: Thread, word: Place| async move {
        let was = t.read(word).await;
        t.write(word, was + 1).await;
        t.record(was);
    };
    // It is told 0 or 1; and one restart in 1,024 runs all.
    assert_eq!(starts(1_000, program), 2);
    assert_eq!(starts(3_000, program), 2 + 2);
}

#[test]
fn what_is_told_more_than_words_is_run_each_time() {
    let tells_time = |t: Thread, word: Place| async move {
        t.read(word).await;
        t.record(u32::try_from(t.now().nanos()).unwrap_or(u32::MAX));
    };
    assert_eq!(starts(20, tells_time), 20);
    let asks_the_world = |t: Thread, word: Place| async move {
        let answer = t.call(4).await;
        t.write(word, answer).await;
    };
    assert_eq!(starts(20, asks_the_world), 20);
}

#[test]
fn messages_are_more_than_words() {
    let mut machine = timed(config());
    let queue = machine.create_queue("post", 2);
    machine.enlist("sender", 1, 1, move |t: Thread| async move {
        t.send(queue, 11).await;
        t.send(queue, 12).await;
    });
    machine.enlist("receiver", 2, 2, move |t: Thread| async move {
        for _ in 0..2 {
            let message = t.receive(queue).await;
            t.record(message);
        }
    });
    machine.keep();
    for _ in 0..3 {
        machine.restart(Strategy::Timed, Choices::new(0));
        assert_eq!(finish(&mut machine), None);
        assert_eq!(crate::stage::records(&mut machine), [11, 12]);
        assert!(machine.judge().violations().is_empty());
    }
}

/// A program with a memory of its own: no function of what it is told.
fn forgetful(runs: u64, deed: impl Fn(u32) -> u32 + Copy + 'static) {
    let memory = Rc::new(Cell::new(0));
    starts(runs, move |t, word| {
        let run = memory.replace(memory.get() + 1);
        async move {
            t.write(word, deed(run)).await;
            t.record(t.read(word).await);
        }
    });
}

#[test]
#[should_panic(expected = "though it was told the same")]
fn a_program_with_a_memory_is_found_out() {
    // It is run again only where all is known, to see whether that holds.
    forgetful(1_024, |run| run);
}

#[test]
fn a_program_whose_memory_makes_no_difference_is_not() {
    forgetful(1_024, |_| 5);
}

#[test]
fn a_restart_keeps_what_was_kept_as_it_was() {
    let mut machine = timed(config());
    let world = lay_out(&mut machine);
    machine.keep();
    for _ in 0..3 {
        machine.restart(Strategy::Timed, Choices::new(0));
        let word = |index: u32| machine.peek(world.words.offset(4 * index));
        assert_eq!([word(0), word(1), word(4)], [Some(0), Some(7), None]);
        assert_eq!(machine.semaphore(world.tokens).count(), 1);
        assert!(!machine.event(world.bell).is_set());
        assert_eq!(machine.lock(world.lock).owner(), None);
        let gone = machine.create_lock("gone");
        let deeds = [
            Deed::Write(1, 9),
            Deed::Take,
            Deed::Ring,
            Deed::Keep(3),
            Deed::Guarded(2),
        ];
        machine.spawn("user", 0, 0, |t: Thread| async move {
            t.lock(gone).await;
            t.lock(world.lock).await;
            perform(t, world, Rc::new(deeds.into())).await;
        });
        assert_eq!(finish(&mut machine), None);
        assert_eq!(machine.semaphore(world.tokens).count(), 0);
        assert!(machine.lock(world.lock).owner().is_some());
    }
}

#[test]
#[should_panic(expected = "late is enlisted too late")]
fn nobody_is_enlisted_while_threads_run() {
    let mut machine = timed(config());
    machine.spawn("early", 1, 1, |t: Thread| async move {
        t.work(Duration::from_nanos(1)).await;
    });
    machine.enlist("late", 2, 2, |_: Thread| async {});
}
