//! Every end of the modeled process, with code, address and message.

use std::future::Future;

use kernel::Instant;
use machine::{Address, Cause, Config, ConfigError, Exception, Increment, Location, Progress};

use crate::support::{Thread, config, finish, timed};

fn ends<F: Future<Output = ()> + 'static>(program: impl FnOnce(Thread) -> F) -> Exception {
    let mut machine = timed(config());
    machine.spawn("program", 1, 1, program);
    let exception = finish(&mut machine).expect("the program raises an exception");
    assert!(machine.has_ended());
    assert_eq!(machine.next_time(), None);
    let steps = machine.calls();
    assert!(matches!(
        machine.run(Instant::ZERO, Instant::MAX),
        Progress::Idle
    ));
    assert_eq!(machine.calls(), steps, "nothing runs after the end");
    exception
}

#[test]
fn a_null_pointer_is_an_access_violation() {
    let exception = ends(|thread| async move {
        thread
            .write(Address::NULL + machine::Field::new(8, "block.next"), 1)
            .await;
        unreachable!("a program does not continue after an access violation");
    });
    assert_eq!(exception.code, 0xC000_0005);
    assert_eq!(exception.address, Address(8));
    assert_eq!(
        exception.to_string(),
        "exception c0000005: block.next at 00000008 is not mapped"
    );
    assert!(exception.site.file().ends_with("exceptions.rs"));
}

#[test]
fn an_odd_pointer_is_a_misalignment() {
    let exception = ends(|thread| async move {
        let block = thread.allocate(16).await;
        thread.read(Location::new(block.offset(2), "torn")).await;
    });
    assert_eq!(exception.code, 0x8000_0002);
    assert!(matches!(exception.cause, Cause::Unaligned(place) if place.name == "torn"));
}

#[test]
fn leaving_a_critical_section_of_another_is_an_exception() {
    let mut machine = timed(config());
    let lock = machine.create_lock("door");
    machine.spawn("inside", 1, 1, move |thread| async move {
        thread.lock(lock).await;
    });
    machine.spawn("outside", 2, 2, move |thread| async move {
        thread.unlock(lock).await;
    });
    let exception = finish(&mut machine).expect("not inside");
    assert_eq!(
        (exception.code, exception.cause),
        (0xC000_0264, Cause::NotOwned(lock))
    );
    assert_eq!(
        exception.to_string(),
        "exception c0000264: left a critical section it does not own"
    );
}

#[test]
fn what_the_program_raises_ends_it() {
    let exception = ends(|thread| async move {
        if thread.number() == 1 {
            thread.raise(0xE002_0002).await;
        }
        thread.record(1);
    });
    assert_eq!(
        (exception.code, exception.cause),
        (0xE002_0002, Cause::Raised)
    );
    assert_eq!(
        exception.to_string(),
        "exception e0020002: raised by the program"
    );
}

/// A free list with a cycle: the walk has a limit, and reaching it is an exception.
#[test]
fn an_endless_walk_raises_possible_deadlock() {
    let exception = ends(|thread| async move {
        let small = thread.allocate(16).await;
        let free = small.offset(16 + 8);
        thread
            .write(Location::new(free, "free block.next"), free.0)
            .await;
        thread.allocate(60_000).await;
    });
    assert_eq!(exception.code, 0xC000_0194);
}

/// A damaged link causes a wild write: the heap writes where the link says.
#[test]
fn a_damaged_link_is_followed() {
    let mut machine = timed(config());
    let bystander = machine.map_static(2, "bystander").expect("room");
    machine.spawn("program", 1, 1, move |thread| async move {
        let block = thread.allocate(24).await;
        let _guard = thread.allocate(24).await;
        thread.free(block).await;
        thread
            .write(Location::new(block, "stale.next"), bystander.0)
            .await;
        thread.allocate(24).await;
    });
    assert_eq!(finish(&mut machine), None);
    let written = machine.peek(bystander.offset(4)).expect("mapped");
    let head = machine.heap().list_head(4);
    assert_eq!(
        written, head.0,
        "the unlink wrote the list head into the bystander"
    );

    let exception = ends(|thread| async move {
        let block = thread.allocate(24).await;
        let _guard = thread.allocate(24).await;
        thread.free(block).await;
        thread.write(Location::new(block, "stale.next"), 0x10).await;
        thread.allocate(24).await;
    });
    assert_eq!(
        (exception.code, exception.address),
        (0xC000_0005, Address(0x14))
    );
}

#[test]
fn terminating_stops_everything() {
    let mut machine = timed(config());
    machine.spawn("sleeper", 1, 1, |thread| async move {
        thread.sleep_until(Instant::from_nanos(5)).await;
    });
    machine.terminate();
    assert_eq!(machine.next_time(), None);
    assert_eq!(finish(&mut machine), None);
    assert_eq!(machine.calls(), 0);
}

/// Replies and messages may still arrive after the process has ended.
#[test]
fn what_comes_after_the_end_is_discarded() {
    let mut machine = timed(config());
    let queue = machine.create_queue("letters", 1);
    machine.spawn("reader", 1, 1, move |thread| async move {
        let letter = thread.receive(queue).await;
        thread.record(letter);
    });
    machine.spawn("asker", 2, 2, |thread| async move {
        let reply = thread.call(1).await;
        thread.record(reply);
    });
    machine.spawn("raiser", 3, 3, |thread| async move {
        thread.raise(0xE002_0002).await;
    });
    let progress = machine.run(Instant::ZERO, Instant::MAX);
    let Progress::Environment {
        thread: asker, at, ..
    } = progress
    else {
        panic!("the thread calls the environment");
    };
    let progress = machine.run(at, Instant::MAX);
    assert!(matches!(progress, Progress::Raised(_)));
    machine.reply(asker, at, 2, Increment::OBJECT);
    assert_eq!(machine.post(at, queue, 7), Ok(()));
    assert_eq!(machine.post(at, queue, 8), Ok(()));
    assert_eq!(finish(&mut machine), None);
    assert_eq!(machine.take_records(), []);
}

#[test]
fn a_configuration_out_of_range_is_rejected() {
    let with = |change: fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        config.check().map_err(|error| error.to_string())
    };
    assert_eq!(
        with(|config| config.processors = 0),
        Err("a machine has 1 to 32 processors, not 0".into())
    );
    assert_eq!(
        with(|config| config.heap.bytes = 100_001),
        Err("a heap has 1680 to 67108864 bytes, a multiple of 8, not 100001".into())
    );
    assert_eq!(
        with(|config| config.quantum = kernel::Duration::ZERO),
        Err("the quantum must be longer than zero".into())
    );
    assert_eq!(with(|config| config.processors = 32), Ok(()));
    assert_eq!(ConfigError::Quantum, ConfigError::Quantum);
}
