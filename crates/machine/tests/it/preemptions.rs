//! Preemptions that were laid down, and the accesses that say where one would matter.

use machine::{
    Config, Duration, Instant, Location, Machine, OperationKind, Preemption, PreemptionPoint,
    RoundRobin,
};

use crate::support::{Numbers, before_read, chosen, config, even_costs, finish, records, timed};

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
fn a_thread_that_is_put_aside_for_a_while_comes_back_then() {
    let long = Preemption {
        length: Duration::from_millis(2),
        ..before_read(3)
    };
    let mut machine = timed(even(vec![long], 100));
    writers(&mut machine);
    assert_eq!(finish(&mut machine), None);
    let access_log: Vec<_> = machine.access_log().copied().collect();
    let from = access_log.iter().position(|footprint| footprint.preempted);
    let from = from.expect("it was put aside");
    let left = &access_log[from];
    let named = (left.thread.index(), left.kind, left.name, left.nth);
    assert_eq!(
        (named, left.value),
        ((0, OperationKind::Read, "word", 3), None)
    );
    // Five calls of a microsecond each came before.
    assert_eq!(left.at.since_start(), Duration::from_micros(5));
    let others = &access_log[from + 1..from + 21];
    assert!(others.iter().all(|footprint| footprint.thread.index() == 1));
    let back = &access_log[from + 21];
    assert_eq!(
        (back.thread, back.kind, back.nth),
        (left.thread, left.kind, 3)
    );
    // Two milliseconds later, and a switch.
    assert_eq!(back.at.since_start(), Duration::from_micros(2_015));
    // It finds what the other wrote over its own.
    assert_eq!(back.value, Some(1));
}

#[test]
fn what_a_touch_is_named_by_puts_its_thread_aside_just_there() {
    let mut plain = timed(even(Vec::new(), 100));
    writers(&mut plain);
    assert_eq!(finish(&mut plain), None);
    let all: Vec<_> = plain.access_log().copied().collect();
    assert_eq!(all.len(), 40);
    for footprint in all.iter().filter(|footprint| footprint.contended) {
        assert_eq!(
            footprint.thread.index(),
            0,
            "the second runs when the first is done"
        );
        let pin = Preemption {
            key: 0,
            before: PreemptionPoint::Operation {
                kind: footprint.kind,
                of: footprint.name.to_owned(),
                nth: footprint.nth,
            },
            length: Duration::ZERO,
            to: None,
        };
        let mut pinned = timed(even(vec![pin], 100));
        writers(&mut pinned);
        assert_eq!(finish(&mut pinned), None);
        let order: Vec<_> = pinned.access_log().collect();
        let from = order.iter().position(|it| it.preempted);
        let from = from.expect("another thread could go on there");
        let back = order[from + 21];
        for it in [order[from], back] {
            assert_eq!((it.thread, it.kind), (footprint.thread, footprint.kind));
            assert_eq!(it.nth, footprint.nth);
        }
        let others = &order[from + 1..from + 21];
        assert!(others.iter().all(|it| it.thread.index() == 1));
    }
}

#[test]
fn a_preemption_stands_before_a_critical_section_too() {
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
    let mut machine = chosen(config, RoundRobin::without_preemption());
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

/// Looking changes nothing, and only the newest are kept.
#[test]
fn kept_accesses_are_the_newest_and_change_nothing() {
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
    assert!(newest.iter().all(|footprint| footprint.at > Instant::ZERO));
}
