//! Configured preemptions, and the access log that names them.

use machine::{
    Config, Duration, Instant, Location, Machine, OperationKind, Preemption, PreemptionPoint,
    RoundRobin,
};

use crate::support::{
    Numbers, before_read, config, controlled, even_costs, finish, records, timed,
};

/// Two threads that write a word and read it, ten times each.
fn writers(machine: &mut Machine<Numbers>) {
    let word = machine.map_static(1, "word").expect("room");
    let place = Location::new(word, "word");
    for number in 0..2_u16 {
        machine.spawn(
            "writer",
            number,
            u64::from(number),
            move |thread| async move {
                for _ in 0..10 {
                    thread.write(place, u32::from(thread.number())).await;
                    let found = thread.read(place).await;
                    thread.record(found);
                }
            },
        );
    }
}

fn even(preemptions: Vec<Preemption>, access_log: usize) -> Config {
    Config {
        costs: even_costs(),
        quantum: Duration::MAX,
        preemptions,
        access_log_length: access_log,
        ..config()
    }
}

#[test]
fn a_preempted_thread_comes_back_after_its_time() {
    let long = Preemption {
        length: Duration::from_millis(2),
        ..before_read(3)
    };
    let mut machine = timed(even(vec![long], 100));
    writers(&mut machine);
    assert_eq!(finish(&mut machine), None);
    let access_log: Vec<_> = machine.access_log().copied().collect();
    let from = access_log.iter().position(|entry| entry.preempted);
    let from = from.expect("it was preempted");
    let left = &access_log[from];
    let named = (left.thread.index(), left.kind, left.name, left.nth);
    assert_eq!(
        (named, left.value),
        ((0, OperationKind::Read, "word", 3), None)
    );
    // Five calls of a microsecond each came first.
    assert_eq!(left.at.since_start(), Duration::from_micros(5));
    let others = &access_log[from + 1..from + 21];
    assert!(others.iter().all(|entry| entry.thread.index() == 1));
    let back = &access_log[from + 21];
    assert_eq!(
        (back.thread, back.kind, back.nth),
        (left.thread, left.kind, 3)
    );
    // Two milliseconds later, plus a switch.
    assert_eq!(back.at.since_start(), Duration::from_micros(2_015));
    // It reads what the other thread wrote over its own value.
    assert_eq!(back.value, Some(1));
}

#[test]
fn a_log_entry_names_the_preemption_before_its_call() {
    let mut plain = timed(even(Vec::new(), 100));
    writers(&mut plain);
    assert_eq!(finish(&mut plain), None);
    let all: Vec<_> = plain.access_log().copied().collect();
    assert_eq!(all.len(), 40);
    for entry in all.iter().filter(|entry| entry.contended) {
        assert_eq!(
            entry.thread.index(),
            0,
            "the second runs when the first is done"
        );
        let pin = Preemption {
            key: 0,
            before: PreemptionPoint::Operation {
                kind: entry.kind,
                of: entry.name.to_owned(),
                nth: entry.nth,
            },
            length: Duration::ZERO,
            to: None,
        };
        let mut pinned = timed(even(vec![pin], 100));
        writers(&mut pinned);
        assert_eq!(finish(&mut pinned), None);
        let order: Vec<_> = pinned.access_log().collect();
        let from = order.iter().position(|it| it.preempted);
        let from = from.expect("another thread could run there");
        let back = order[from + 21];
        for it in [order[from], back] {
            assert_eq!((it.thread, it.kind), (entry.thread, entry.kind));
            assert_eq!(it.nth, entry.nth);
        }
        let others = &order[from + 1..from + 21];
        assert!(others.iter().all(|it| it.thread.index() == 1));
    }
}

#[test]
fn a_preemption_can_come_before_a_critical_section() {
    let pin = Preemption {
        key: 0,
        before: PreemptionPoint::Operation {
            kind: OperationKind::Enter,
            of: "door".to_owned(),
            nth: 2,
        },
        length: Duration::ZERO,
        to: None,
    };
    let mut config = config();
    config.preemptions = vec![pin];
    let mut machine = controlled(config, RoundRobin::new(u64::MAX));
    let door = machine.create_lock("door");
    for number in 0..2_u16 {
        machine.spawn("one", number, u64::from(number), move |thread| async move {
            for _ in 0..2 {
                thread.lock(door).await;
                thread.record(u32::from(thread.number()));
                thread.unlock(door).await;
            }
        });
    }
    assert_eq!(finish(&mut machine), None);
    assert_eq!(records(&mut machine), [0, 1, 1, 0]);
}

/// The access log changes nothing and keeps only the latest entries.
#[test]
fn the_access_log_keeps_the_latest_entries_and_changes_nothing() {
    let run = |access_log| {
        let mut machine = timed(even(vec![before_read(2)], access_log));
        writers(&mut machine);
        assert_eq!(finish(&mut machine), None);
        machine
    };
    let (none, few, all) = (run(0), run(7), run(1_000));
    assert_eq!(none.trace_hash(), all.trace_hash());
    assert_eq!(none.access_log().count(), 0);
    let count = all.access_log().count();
    assert!(count > 7 && count < 1_000, "{count}");
    let newest: Vec<_> = all.access_log().skip(count - 7).collect();
    assert_eq!(few.access_log().collect::<Vec<_>>(), newest);
    assert!(newest.iter().all(|entry| entry.at > Instant::ZERO));
}
