//! Critical sections, semaphores, event objects and queues: threads wait exactly when they must, and are
//! served first come, first served.

use kernel::{Duration, Instant};
use machine::{Increment, Progress, RoundRobin, ThreadState};
use proptest::prelude::*;

use crate::support::{config, controlled, finish, machine as build, random, records, timed};

const ENTERED: u32 = 1;
const LEFT: u32 = 2;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_thread_at_a_time_is_inside(seed in any::<u64>(), threads in 2..6_u16) {
        let mut machine = random(config(), seed);
        let lock = machine.create_lock("door");
        for number in 0..threads {
            machine.spawn("guest", number, u64::from(number), move |thread| async move {
                for _ in 0..3 {
                    thread.lock(lock).await;
                    thread.record(ENTERED);
                    thread.lock(lock).await;
                    thread.unlock(lock).await;
                    thread.record(LEFT);
                    thread.unlock(lock).await;
                }
            });
        }
        prop_assert_eq!(finish(&mut machine), None);
        let records = records(&mut machine);
        prop_assert_eq!(records.len(), 6 * usize::from(threads));
        prop_assert!(records.chunks(2).all(|pair| pair == [ENTERED, LEFT]));
        prop_assert_eq!(machine.lock(lock).owner(), None);
    }

    /// Two senders and one receiver: every message arrives once, each sender's messages in order.
    #[test]
    fn a_queue_is_first_in_first_out(seed in any::<u64>(), limit in 1..4_usize) {
        let mut machine = random(config(), seed);
        let queue = machine.create_queue("letters", limit);
        for sender in 0..2_u16 {
            machine.spawn("sender", sender, u64::from(sender), move |thread| async move {
                for letter in 0..10 {
                    thread.send(queue, u32::from(sender) * 100 + letter).await;
                }
            });
        }
        machine.spawn("receiver", 9, 9, move |thread| async move {
            for _ in 0..20 {
                let letter = thread.receive(queue).await;
                thread.record(letter);
            }
        });
        prop_assert_eq!(finish(&mut machine), None);
        let records = records(&mut machine);
        for sender in 0..2 {
            let his: Vec<_> = records.iter().filter(|one| *one / 100 == sender).collect();
            prop_assert_eq!(his.len(), 10);
            prop_assert!(his.is_sorted());
        }
        prop_assert_eq!(machine.queue_length(queue), 0);
        prop_assert_eq!(machine.race_detector().findings(), &[]);
    }

    /// Never more threads inside than the semaphore allows, and all get in.
    #[test]
    fn a_semaphore_counts(seed in any::<u64>(), places in 1..4_u32) {
        let mut machine = random(config(), seed);
        let semaphore = machine.create_semaphore("places", places, places);
        for number in 0..5 {
            machine.spawn("guest", number, u64::from(number), move |thread| async move {
                thread.wait(semaphore).await;
                thread.record(ENTERED);
                thread.sleep_until(thread.now() + Duration::from_micros(3)).await;
                thread.record(LEFT);
                assert!(thread.signal(semaphore).await);
            });
        }
        prop_assert_eq!(finish(&mut machine), None);
        let mut inside = 0;
        let records = records(&mut machine);
        prop_assert_eq!(records.len(), 10);
        for record in records {
            inside = if record == ENTERED { inside + 1 } else { inside - 1 };
            prop_assert!(inside <= places);
        }
        prop_assert_eq!(machine.semaphore(semaphore).count(), places);
    }
}

#[test]
fn a_semaphore_at_its_maximum_takes_no_more() {
    let mut machine = timed(config());
    let semaphore = machine.create_semaphore("one", 0, 1);
    machine.spawn("giver", 1, 1, move |thread| async move {
        assert!(thread.signal(semaphore).await);
        assert!(!thread.signal(semaphore).await);
    });
    assert_eq!(finish(&mut machine), None);
}

#[test]
fn a_manual_event_releases_all_and_an_automatic_one_each_in_turn() {
    for (manual, passing) in [(true, 3), (false, 1)] {
        let mut machine = controlled(config(), RoundRobin::new(1));
        let event = machine.create_event("gong", manual);
        for number in 0..3 {
            machine.spawn(
                "waiter",
                number,
                u64::from(number),
                move |thread| async move {
                    thread.wait_event(event).await;
                    thread.record(u32::from(thread.number()));
                },
            );
        }
        machine.spawn("striker", 9, 9, move |thread| async move {
            thread.set_event(event).await;
        });
        assert_eq!(finish(&mut machine), None);
        let passed = records(&mut machine);
        assert_eq!(passed, (0..passing).collect::<Vec<_>>());
        assert_eq!(machine.event(event).is_set(), manual);
        let waiting = machine.event(event).waiters().count();
        assert_eq!(waiting, 3 - passing as usize);
    }
}

#[test]
fn a_set_automatic_event_releases_one_later_waiter() {
    let mut machine = timed(config());
    let event = machine.create_event("gong", false);
    machine.spawn("both", 1, 1, move |thread| async move {
        thread.set_event(event).await;
        thread.set_event(event).await;
        let deadline = thread.now() + Duration::from_millis(5);
        assert!(thread.wait_event_until(event, deadline).await);
        assert!(!thread.wait_event_until(event, deadline).await);
    });
    assert_eq!(finish(&mut machine), None);
}

#[test]
fn a_wait_for_a_semaphore_ends_at_its_deadline() {
    let mut machine = timed(config());
    let semaphore = machine.create_semaphore("free", 1, 1);
    machine.spawn("waiter", 1, 1, move |thread| async move {
        let deadline = thread.now() + Duration::from_millis(5);
        assert!(thread.wait_until(semaphore, deadline).await);
        assert!(!thread.wait_until(semaphore, deadline).await);
        assert_eq!(thread.now(), deadline);
    });
    assert_eq!(finish(&mut machine), None);
}

#[test]
fn an_event_that_is_reset_releases_no_thread() {
    let mut machine = timed(config());
    let event = machine.create_event("gong", true);
    machine.spawn("both", 1, 1, move |thread| async move {
        thread.set_event(event).await;
        thread.wait_event(event).await;
        thread.reset_event(event).await;
        let deadline = thread.now() + Duration::from_millis(5);
        assert!(!thread.wait_event_until(event, deadline).await);
        assert_eq!(thread.now(), deadline);
    });
    assert_eq!(finish(&mut machine), None);
    let all_gone = machine
        .threads()
        .all(|one| one.state == ThreadState::Exited);
    assert!(all_gone);
}

#[test]
fn a_wait_ends_with_its_message_or_at_its_deadline_never_both() {
    let mut machine = timed(config());
    let queue = machine.create_queue("letters", 4);
    let deadline = Instant::from_nanos(1_000_000);
    machine.spawn("reader", 1, 1, move |thread| async move {
        thread.record(thread.receive_until(queue, deadline).await.unwrap_or(0));
        assert_eq!(thread.receive_until(queue, deadline).await, None);
        assert_eq!(thread.now(), deadline);
        // A receive whose deadline is past still takes a message that is there.
        thread.record(thread.receive(queue).await);
        thread.record(thread.receive_until(queue, deadline).await.unwrap_or(0));
    });
    let half = Instant::from_nanos(500_000);
    assert!(matches!(
        machine.run(Instant::ZERO, half),
        Progress::ReachedUntil
    ));
    assert_eq!(machine.next_time(), Some(deadline));
    machine.post(half, queue, 7).expect("room");
    assert!(matches!(machine.run(half, Instant::MAX), Progress::Idle));
    assert_eq!(machine.next_time(), None);
    let later = Instant::from_nanos(2_000_000);
    machine.post(later, queue, 8).expect("room");
    machine.post(later, queue, 9).expect("room");
    assert_eq!(finish(&mut machine), None);
    assert_eq!(records(&mut machine), [7, 8, 9]);
}

#[test]
fn a_full_queue_returns_a_posted_message() {
    let mut machine = timed(config());
    let queue = machine.create_queue("letters", 1);
    assert_eq!(machine.post(Instant::ZERO, queue, 1), Ok(()));
    assert_eq!(machine.post(Instant::ZERO, queue, 2), Err(2));
    assert_eq!(machine.queue_name(queue), "letters");
}

#[test]
fn a_deadlock_is_seen_as_threads_waiting_for_each_other() {
    let mut machine = controlled(config(), RoundRobin::new(1));
    let locks = [machine.create_lock("fork"), machine.create_lock("knife")];
    for number in 0..2_u16 {
        let [first, second] = [locks[usize::from(number)], locks[usize::from(1 - number)]];
        machine.spawn(
            "eater",
            number,
            u64::from(number),
            move |thread| async move {
                thread.lock(first).await;
                thread.lock(second).await;
            },
        );
    }
    assert_eq!(finish(&mut machine), None);
    let waits_for = |lock: usize| {
        let lock = machine.lock(locks[lock]);
        (
            lock.owner().map(|one| one.index()),
            lock.waiters().next().map(|one| one.index()),
        )
    };
    assert_eq!(waits_for(0), (Some(0), Some(1)));
    assert_eq!(waits_for(1), (Some(1), Some(0)));
    assert!(
        machine
            .threads()
            .all(|one| one.state == ThreadState::Blocked)
    );
}

#[test]
fn a_thread_in_an_environment_call_waits_only_for_the_reply() {
    let mut machine = build(config(), machine::Strategy::Timed, 1);
    let asker = machine.spawn("asker", 1, 1, |thread| async move {
        let reply = thread.call(5).await;
        thread.record(reply);
    });
    let Progress::Environment { thread, at, call } = machine.run(Instant::ZERO, Instant::MAX)
    else {
        panic!("the call reaches the environment");
    };
    assert_eq!((thread, at, call), (asker, Instant::ZERO, 5));
    assert_eq!(machine.thread(asker).state, ThreadState::Asking);
    assert!(matches!(machine.run(at, Instant::MAX), Progress::Idle));
    machine.reply(
        thread,
        Instant::from_nanos(9_000_000),
        50,
        Increment::NETWORK,
    );
    assert!(machine.take_records().is_empty(), "it has no processor yet");
    assert!(matches!(
        machine.run(Instant::ZERO, Instant::MAX),
        Progress::Idle
    ));
    let written = machine.take_records();
    assert_eq!(written[0].record, 50);
    assert_eq!(written[0].at, Instant::from_nanos(9_000_000));
}
