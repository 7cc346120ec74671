//! What the race detector reports, with names, and what it does not report.

use std::future::Future;

use machine::{Address, Field, FindingKind, Location, Machine};

use crate::support::{Numbers, Thread, config, finish, timed};

const FIRST: Field = Field::new(0, "block.first");
const FOURTH: Field = Field::new(12, "block.fourth");
const BEYOND: Field = Field::new(16, "block.beyond");

fn checked<F: Future<Output = ()> + 'static>(
    program: impl FnOnce(Thread) -> F,
) -> Machine<Numbers> {
    let mut machine = timed(config());
    machine.spawn("program", 1, 1, program);
    assert_eq!(finish(&mut machine), None);
    machine
}

fn kinds(machine: &Machine<Numbers>) -> Vec<FindingKind> {
    let findings = machine.race_detector().findings();
    findings.iter().map(|finding| finding.kind).collect()
}

#[test]
fn use_after_free_names_all_three_lines() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(16).await;
        thread.write(block + FOURTH, 1).await;
        thread.free(block).await;
        thread.write(block + FOURTH, 2).await;
    });
    assert_eq!(kinds(&machine), [FindingKind::UseAfterFree]);
    let finding = machine.race_detector().findings()[0];
    let line = |access: Option<machine::Access>| access.expect("known").site.line();
    let used = finding.access.site.line();
    assert_eq!(line(finding.against), used - 1);
    assert_eq!(line(finding.allocated), used - 3);
    assert!(finding.access.site.file().ends_with("race_detection.rs"));
    assert_eq!(
        finding.signature().to_string(),
        "use after free: write of block.fourth against free of heap block"
    );
}

#[test]
fn words_beyond_the_block_are_out_of_bounds_whoever_owns_them() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(16).await;
        let _neighbour = thread.allocate(16).await;
        thread.write(block + FIRST, 1).await;
        thread.read(block + BEYOND).await;
        // Two words further: the first of the neighbour.
        thread
            .read(block + Field::new(24, "block.far beyond"))
            .await;
    });
    use FindingKind::OutOfBounds;
    assert_eq!(kinds(&machine), [OutOfBounds, OutOfBounds]);
}

#[test]
fn slack_that_was_not_asked_for_is_out_of_bounds() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(12).await;
        thread.write(block + FOURTH, 1).await;
    });
    assert_eq!(kinds(&machine), [FindingKind::OutOfBounds]);
}

#[test]
fn an_address_computed_inside_a_block_is_its_own_origin() {
    let machine = checked(|thread| async move {
        let table = thread.allocate(64).await;
        let entry = table.offset(32);
        thread.write(entry + FOURTH, 1).await;
    });
    assert_eq!(kinds(&machine), []);
}

#[test]
fn heap_words_of_no_block_are_wild() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(16).await;
        thread
            .read(Location::new(block.offset(1_000), "nowhere"))
            .await;
    });
    assert_eq!(kinds(&machine), [FindingKind::WildAccess]);
}

#[test]
fn a_second_free_is_reported_even_if_the_heap_rejects_it() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(16).await;
        let _guard = thread.allocate(16).await;
        assert!(thread.free(block).await);
        assert!(!thread.free(block).await);
        thread.record(1);
    });
    assert_eq!(kinds(&machine), [FindingKind::DoubleFree]);
    assert!(machine.heap_census().is_ok());
}

#[test]
fn freeing_what_is_no_block_is_reported() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(64).await;
        thread.free(block.offset(32)).await;
    });
    assert_eq!(kinds(&machine), [FindingKind::InvalidFree]);
}

/// A write past the end damages the neighbour's header, and the MTA's own check sees it.
#[test]
fn a_damaged_header_fails_the_block_check() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(16).await;
        let neighbour = thread.allocate(16).await;
        thread
            .write(Location::new(block.offset(20), "past the end"), 0)
            .await;
        let fault = thread.check_block(neighbour).await;
        assert_eq!(fault, Err(machine::BlockFault::NotBusy));
    });
    assert!(machine.heap_census().is_err());
}

#[test]
fn findings_are_kept_once_and_then_counted() {
    let machine = checked(|thread| async move {
        let block = thread.allocate(16).await;
        thread.free(block).await;
        for _ in 0..10 {
            thread.read(block + FIRST).await;
        }
    });
    assert_eq!(kinds(&machine), [FindingKind::UseAfterFree]);
    assert_eq!(machine.race_detector().repeated(), 9);
}

/// The environment can declare an order of two threads; otherwise they race.
#[test]
fn the_environment_can_order_threads() {
    let racing = |is_ordered: bool| {
        let mut machine = timed(config());
        let word = machine.map_static(1, "word").expect("room");
        let place = Location::new(word, "shared");
        let one = machine.spawn("one", 1, 1, move |thread| async move {
            thread.write(place, 1).await;
        });
        assert_eq!(finish(&mut machine), None);
        let two = machine.spawn("two", 2, 2, move |thread| async move {
            thread.write(place, 2).await;
        });
        if is_ordered {
            machine.release(one, 9);
            machine.acquire(two, 9);
        }
        assert_eq!(finish(&mut machine), None);
        kinds(&machine)
    };
    assert_eq!(racing(true), []);
    assert_eq!(racing(false), [FindingKind::DataRace]);
}

#[test]
fn turning_the_race_detector_off_changes_nothing_else() {
    let run = |detect_races: bool| {
        let mut config = config();
        config.detect_races = detect_races;
        config.processors = 2;
        let mut machine = timed(config);
        let word = machine.map_static(1, "word").expect("room");
        for number in 0..2 {
            machine.spawn(
                "writer",
                number,
                u64::from(number),
                move |thread| async move {
                    for _ in 0..10 {
                        let block = thread.allocate(24).await;
                        thread.write(Location::new(word, "shared"), block.0).await;
                        thread.free(block).await;
                        thread.free(Address::NULL).await;
                    }
                },
            );
        }
        assert_eq!(finish(&mut machine), None);
        (
            machine.trace_hash(),
            machine.race_detector().findings().len(),
        )
    };
    let ((weighed, found), (unweighed, unfound)) = (run(true), run(false));
    assert_eq!(weighed, unweighed);
    assert_eq!((found > 0, unfound), (true, 0));
}

/// A thread that waits for a later signal of an event object is not ordered after an earlier signaller
/// whose signal another thread took.
#[test]
fn a_consumed_signal_orders_no_other_thread() {
    let mut machine = timed(config());
    let word = machine.map_static(1, "word").expect("room");
    let event = machine.create_event("gong", false);
    let place = Location::new(word, "shared");
    machine.spawn("writer", 1, 1, move |thread| async move {
        thread.write(place, 1).await;
        thread.set_event(event).await;
    });
    machine.spawn("taker", 2, 2, move |thread| async move {
        thread.wait_event(event).await;
    });
    assert_eq!(finish(&mut machine), None);
    machine.spawn("other", 3, 3, move |thread| async move {
        thread.set_event(event).await;
    });
    machine.spawn("reader", 4, 4, move |thread| async move {
        thread.wait_event(event).await;
        thread.read(place).await;
    });
    assert_eq!(finish(&mut machine), None);
    assert_eq!(kinds(&machine), [FindingKind::DataRace]);
}

/// What a parent did before it started a child happened before the child.
#[test]
fn a_fork_orders_parent_and_child() {
    let mut machine = timed(config());
    let word = machine.map_static(1, "word").expect("room");
    let place = Location::new(word, "shared");
    let write = move |thread: Thread| async move { thread.write(place, 1).await };
    let parent = machine.spawn("parent", 1, 1, write);
    assert_eq!(finish(&mut machine), None);
    let child = machine.spawn("child", 2, 2, write);
    machine.fork(parent, child);
    assert_eq!(finish(&mut machine), None);
    assert_eq!(kinds(&machine), []);
}

/// A word remembers every read that is unordered with a write, not only the last one.
#[test]
fn a_write_races_with_each_reader() {
    const READ: [&str; 2] = ["read by one", "read by the other"];
    let mut machine = timed(config());
    let word = machine.map_static(1, "word").expect("room");
    for (number, name) in READ.into_iter().enumerate() {
        machine.spawn(
            "reader",
            number as u16,
            number as u64,
            move |thread| async move {
                thread.read(Location::new(word, name)).await;
            },
        );
    }
    machine.spawn("writer", 9, 9, move |thread| async move {
        thread.write(Location::new(word, "write"), 1).await;
    });
    assert_eq!(finish(&mut machine), None);
    let findings = machine.race_detector().findings().iter();
    let against = findings.filter_map(|one| one.against);
    assert_eq!(against.map(|one| one.name).collect::<Vec<_>>(), READ);
}
