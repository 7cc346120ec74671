//! A buffer with one place, a mutex and a condition variable.

use mtasim::threads::{Check, Condvar, Mutex, Program, Thread};

type Place = Mutex<Option<u32>>;

async fn put(t: &Thread, place: &Place, changed: &Condvar) {
    let mut guard = place.lock(t).await;
    while guard.is_some() {
        guard = changed.wait(guard).await;
    }
    *guard = Some(1);
    changed.notify_one(t).await;
}

async fn take(t: &Thread, place: &Place, changed: &Condvar) {
    let mut guard = place.lock(t).await;
    while guard.is_none() {
        guard = changed.wait(guard).await;
    }
    *guard = None;
    changed.notify_one(t).await;
}

fn program(p: &mut Program) {
    let (place, changed) = (p.mutex("place", None), p.condvar("changed"));
    for name in ["producer 1", "producer 2"] {
        let (place, changed) = (place.clone(), changed.clone());
        p.thread(name, async move |t| put(&t, &place, &changed).await);
    }
    for name in ["consumer 1", "consumer 2"] {
        let (place, changed) = (place.clone(), changed.clone());
        p.thread(name, async move |t| take(&t, &place, &changed).await);
    }
}

#[test]
#[should_panic(expected = "threads wait for ever")]
fn a_wake_up_goes_to_the_wrong_thread() {
    Check::random(1_000).assert(program);
}
