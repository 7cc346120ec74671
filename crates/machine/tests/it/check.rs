//! Tests of concurrent programs: what is found, how small it becomes, and what passes.

use machine::check::{Check, Condvar, FailingSchedule, Mutex, Program, SearchStrategy, Thread};
use machine::{Duration, InterestingCalls};

/// Every way to search but the exhaustive one.
fn samples() -> [SearchStrategy; 10] {
    [
        SearchStrategy::Random,
        SearchStrategy::Pct { depth: 3 },
        SearchStrategy::Pos,
        SearchStrategy::Surw(InterestingCalls::All),
        SearchStrategy::Delays(2),
        SearchStrategy::Preempting(1),
        SearchStrategy::Parallel,
        SearchStrategy::ReadsFrom,
        SearchStrategy::Portfolio,
        SearchStrategy::Timed { processors: 2 },
    ]
}

fn failure(check: &Check, program: impl Fn(&mut Program<'_>)) -> FailingSchedule {
    *check.run(program).expect_err("it fails")
}

fn lost_update(program: &mut Program<'_>) {
    let counter = program.word("counter", 0);
    for name in ["one", "two"] {
        program.thread(name, async move |t| {
            let seen = t.load(counter).await;
            t.store(counter, seen + 1).await;
        });
    }
    program.at_end(move |end| assert_eq!(end.read(counter), 2, "an increment is lost"));
}

fn counted(program: &mut Program<'_>) {
    let counter = program.word("counter", u32::MAX);
    for name in ["one", "two"] {
        program.thread(name, async move |t| {
            t.fetch_add(counter, 2).await;
        });
    }
    program.at_end(move |end| assert_eq!(end.read(counter), 3));
}

#[test]
fn every_search_finds_a_lost_update_and_shrinks_it_to_one_preemption() {
    let mut searches: Vec<_> = samples().map(|it| Check::new(it, 1_000)).into();
    searches.push(Check::exhaustive());
    for check in searches {
        let found = failure(&check, lost_update);
        assert!(
            found.signature().contains("an increment is lost"),
            "{found}"
        );
        assert_eq!(
            (found.preemptions(), found.is_least()),
            (1, true),
            "{check:?}\n{found}"
        );
        let schedule = found.schedule().to_string();
        let again = failure(&Check::schedule(&schedule), lost_update);
        assert_eq!(
            (again.signature(), again.schedule()),
            (found.signature(), found.schedule())
        );
    }
}

#[test]
fn no_search_fails_what_is_right() {
    for search in samples() {
        let passed = Check::new(search, 300).assert(counted);
        assert_eq!((passed.schedules, passed.exhausted), (300, false));
    }
    let passed = Check::exhaustive().assert(counted);
    assert_eq!((passed.schedules, passed.exhausted), (2, true));
    assert_eq!(
        passed.to_string(),
        "2 schedules passed, all orders of calls"
    );
}

/// Four of six orders lose the update, and the walk takes each of the others with probability 1/4.
#[test]
fn failures_are_counted_by_signature() {
    let counts = Check::random(1_000).count(lost_update);
    let [(signature, count)] = &counts.into_iter().collect::<Vec<_>>()[..] else {
        panic!("one kind of failure");
    };
    assert!(signature.contains("an increment is lost"));
    assert!((420..580).contains(count), "{count}");
}

#[test]
fn a_race_is_a_failure_although_its_outcome_is_right() {
    let racing = |program: &mut Program<'_>| {
        let flag = program.word("flag", 0);
        program.thread("setter", async move |t| t.write(flag, 1).await);
        program.thread("reader", async move |t| {
            t.read(flag).await;
        });
    };
    let found = failure(&Check::random(1), racing);
    assert_eq!(
        found.signature(),
        "data race: read of flag against write of flag"
    );
    assert_eq!(found.schedule().switches(), 0);
    Check::random(100).without_race_detection().assert(racing);
}

/// A deposit in two accounts under a mutex each, in opposite orders.
#[test]
fn a_deadlock_names_who_waits_for_what() {
    let found = failure(&Check::portfolio(1_000), |program| {
        let (a, b) = (program.mutex("a", 0), program.mutex("b", 0));
        for (name, first, second) in [("one", a.clone(), b.clone()), ("two", b, a)] {
            program.thread(name, async move |t| {
                let mut from = first.lock(&t).await;
                *second.lock(&t).await += 1;
                *from -= 1;
            });
        }
    });
    assert_eq!(
        found.signature(),
        "threads wait for ever: one waits for lock b, two waits for lock a"
    );
    assert_eq!(found.schedule().to_string(), "one@1>two");
    assert!(
        found
            .to_string()
            .contains("two has lock b, for which one waits"),
        "{found}"
    );
}

/// What a guard protects is never seen half done, and dropping it lets the next thread in.
#[test]
fn a_mutex_excludes() {
    let passed = Check::exhaustive().assert(|program| {
        let pair = program.mutex("pair", (0, 0));
        let other = program.word("other", 0);
        for name in ["one", "two", "three"] {
            let pair = pair.clone();
            program.thread(name, async move |t| {
                let mut guard = pair.lock(&t).await;
                assert_eq!(guard.0, guard.1, "half done");
                guard.0 += 1;
                t.fetch_add(other, 1).await;
                guard.1 += 1;
            });
        }
        program.at_end(move |end| assert_eq!(*end.value(&pair), (3, 3)));
    });
    assert!(passed.exhausted);
}

#[test]
fn a_mutex_that_is_locked_twice_is_a_failure() {
    let found = failure(&Check::random(1), |program| {
        let twice = program.mutex("twice", 0);
        program.thread("one", async move |t| {
            let _first = twice.lock(&t).await;
            let _second = twice.lock(&t).await;
        });
    });
    assert_eq!(
        found.signature(),
        "panic: a thread locks mutex `twice` that it has"
    );
}

/// One place, two producers and two consumers: with one condition variable for both, a notification
/// can wake a thread of the same kind, and all wait.
async fn put(t: &Thread, place: &Mutex<Option<u32>>, changed: &Condvar, all: bool) {
    let mut guard = place.lock(t).await;
    while guard.is_some() {
        guard = changed.wait(guard).await;
    }
    *guard = Some(1);
    notify(t, changed, all).await;
}

async fn take(t: &Thread, place: &Mutex<Option<u32>>, changed: &Condvar, all: bool) {
    let mut guard = place.lock(t).await;
    while guard.is_none() {
        guard = changed.wait(guard).await;
    }
    *guard = None;
    notify(t, changed, all).await;
}

async fn notify(t: &Thread, changed: &Condvar, all: bool) {
    if all {
        changed.notify_all(t).await;
    } else {
        changed.notify_one(t).await;
    }
}

fn one_place(program: &mut Program<'_>, all: bool) {
    let (place, changed) = (program.mutex("place", None), program.condvar("changed"));
    for name in ["producer 1", "producer 2"] {
        let (place, changed) = (place.clone(), changed.clone());
        program.thread(name, async move |t| put(&t, &place, &changed, all).await);
    }
    for name in ["consumer 1", "consumer 2"] {
        let (place, changed) = (place.clone(), changed.clone());
        program.thread(name, async move |t| take(&t, &place, &changed, all).await);
    }
}

#[test]
fn a_wake_up_of_the_wrong_thread_is_found() {
    let found = failure(&Check::random(20_000), |program| one_place(program, false));
    assert!(
        found.signature().starts_with("threads wait for ever: "),
        "{found}"
    );
    assert!(
        found
            .signature()
            .contains("waits for condition variable changed"),
        "{found}"
    );
    Check::random(5_000).assert(|program| one_place(program, true));
}

/// No wake-up between the look at the condition and the wait is lost, in any order.
#[test]
fn waiting_gives_the_mutex_back_in_one_step() {
    let passed = Check::exhaustive().assert(|program| {
        let (ready, changed) = (program.mutex("ready", false), program.condvar("changed"));
        let (mutex, condvar) = (ready.clone(), changed.clone());
        program.thread("waiter", async move |t| {
            let mut guard = mutex.lock(&t).await;
            while !*guard {
                guard = condvar.wait(guard).await;
            }
        });
        program.thread("setter", async move |t| {
            *ready.lock(&t).await = true;
            changed.notify_one(&t).await;
        });
    });
    assert!(passed.exhausted);
}

#[test]
fn a_notification_that_comes_too_early_is_lost() {
    let found = failure(&Check::exhaustive(), |program| {
        let (ready, changed) = (program.mutex("ready", false), program.condvar("changed"));
        let (mutex, condvar) = (ready.clone(), changed.clone());
        program.thread("waiter", async move |t| {
            if !*mutex.lock(&t).await {
                let guard = mutex.lock(&t).await;
                condvar.wait(guard).await;
            }
        });
        program.thread("setter", async move |t| {
            *ready.lock(&t).await = true;
            changed.notify_all(&t).await;
        });
    });
    assert_eq!(
        found.signature(),
        "threads wait for ever: waiter waits for condition variable changed"
    );
}

#[test]
fn a_thread_that_polls_for_ever_reaches_the_limit() {
    let found = failure(&Check::random(1).call_limit(100), |program| {
        let flag = program.word("flag", 0);
        program.thread("poller", async move |t| while t.load(flag).await == 0 {});
    });
    assert_eq!(found.signature(), "a run that does not end");
    assert!(
        found.to_string().contains("100 calls: raise the limit"),
        "{found}"
    );
    assert!(found.to_string().contains(".. 20 calls .."), "{found}");
}

#[test]
fn queues_semaphores_sleep_and_the_heap_can_be_used() {
    Check::random(200).assert(|program| {
        let (queue, free) = (program.queue("queue", 1), program.semaphore("free", 1, 1));
        program.thread("one", async move |t| {
            t.wait(free).await;
            let block = t.allocate(8).await;
            t.send(queue, block.0).await;
            assert!(t.signal(free).await);
        });
        program.thread("two", async move |t| {
            let block = machine::Address(t.receive(queue).await);
            t.sleep(Duration::from_millis(5)).await;
            t.wait(free).await;
            assert!(t.free(block).await);
        });
    });
    let found = failure(&Check::random(1), |program| {
        program.thread("one", async move |t| {
            let block = t.allocate(8).await;
            t.free(block).await;
            t.read(machine::Location::new(block, "block")).await;
        });
    });
    assert_eq!(
        found.signature(),
        "use after free: read of block against free of heap block"
    );
}

#[test]
fn mistakes_in_a_program_are_told() {
    let told = |program: fn(&mut Program<'_>)| {
        let run = || Check::random(1).run(program);
        let panic = std::panic::catch_unwind(run).expect_err("it is a mistake");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let twice = told(|program| {
        program.thread("one", async |_| {});
        program.thread("one", async |_| {});
    });
    assert!(twice.starts_with("two threads are called `one`: give each a name of its own"));
    let reserved = told(|program| program.thread("a>b", async |_| {}));
    assert!(reserved.contains("a thread's name has no `@`, `>` or comma"));
    let beyond = told(|program| {
        let words = program.words("items", 3);
        let _none = words.at(3);
    });
    assert_eq!(beyond, "`items` has 3 words: there is no number 3");
    let schedule = "one@x>two".parse::<machine::check::Schedule>();
    let error = schedule.expect_err("no number").to_string();
    assert!(error.starts_with("`one@x>two` is no switch of a schedule: write `one@3>two`"));
}
/// A program that reads something else than the machine is not repeated by any schedule.
#[test]
fn a_failure_that_no_schedule_repeats_says_so() {
    let runs = std::cell::Cell::new(0);
    let found = failure(&Check::random(100), |program| {
        runs.set(runs.get() + 1);
        let run = runs.get();
        program.thread("one", async move |_| assert_ne!(run, 7, "the seventh"));
    });
    assert!(found.signature().contains("the seventh"));
    assert!(
        found.to_string().contains("no schedule repeats it"),
        "{found}"
    );
}
