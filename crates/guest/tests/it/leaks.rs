//! What a program reads besides scenario and seed is found where two runs of a seed differ, and named with
//! the cure. The table in `docs/determinism.md` has these tests.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "programs that read std's clock, the order of a HashMap or a thread's speed must be found"
)]

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use guest::Sim;
use guest::search::SearchError;
use tokio::time::sleep;

use crate::line::echo;

const POOL: &str = include_str!("pool.toml");

/// What is said of a program whose failure comes after a time that leaks: `leaked` in milliseconds.
fn found<F>(leaked: impl Fn() -> F + Copy + Send + Sync + 'static) -> String
where
    F: Future<Output = u64> + Send + 'static,
{
    let leaking = move |sim: &mut Sim| {
        sim.host("db", echo);
        sim.host("app", move || async move {
            let milliseconds = leaked().await;
            sleep(Duration::from_millis(milliseconds)).await;
            guest::violated("always", "fails");
        });
    };
    let error = guest::search(POOL, 0..4, leaking).expect_err("it leaks");
    assert!(matches!(error, SearchError::Nondeterministic { .. }));
    error.to_string()
}

/// The last digits of a number that two runs hardly share.
const fn digits(number: u128) -> u64 {
    (number % 100_003) as u64
}

#[test]
fn std_instant() {
    let text = found(|| async {
        let start = Instant::now();
        tokio::task::yield_now().await;
        digits(start.elapsed().as_nanos())
    });
    assert!(text.contains("std::time::Instant and SystemTime: use tokio::time::Instant"));
}

#[test]
fn system_time() {
    let text = found(|| async {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        digits(since.expect("after 1970").as_nanos())
    });
    assert!(text.contains("std::time::Instant and SystemTime: use tokio::time::Instant"));
}

#[test]
fn order_of_a_hash_map() {
    let text = found(|| async {
        let map: HashMap<u64, ()> = (0..1_000).map(|it| (it, ())).collect();
        let first = map.keys().take(4);
        first.fold(0, |sum, key| (sum * 1_000 + key) % 100_003)
    });
    assert!(text.contains("the order of a HashMap or HashSet: use BTreeMap"));
}

/// The keys of a `RandomState` come from the system's generator, like those of `getrandom` and
/// `rand::rng()`.
#[test]
fn random_numbers_of_the_system() {
    let text = found(|| async { digits(RandomState::new().hash_one(0).into()) });
    assert!(text.contains("rand::rng(), getrandom, uuid: use mtasim::guest::rng(\"role\")"));
}

#[cfg(not(tokio_unstable))]
#[test]
fn select_without_biased() {
    let text = found(|| async {
        let mut drawn = 0;
        for _ in 0..30 {
            drawn = drawn * 2
                + tokio::select! {
                    () = async {} => 0,
                    () = async {} => 1,
                };
        }
        digits(drawn)
    });
    assert!(text.contains("tokio::select! without `biased;`: add it, or build with"));
}

/// With `biased;` the first branch that is ready is taken, in every run.
#[test]
fn select_with_biased_is_deterministic() {
    let swept = guest::search(POOL, 0..32, |sim: &mut Sim| {
        sim.host("db", echo);
        sim.host("app", || async {
            for _ in 0..30 {
                tokio::select! {
                    biased;
                    () = async {} => sleep(Duration::from_millis(1)).await,
                    () = async {} => sleep(Duration::from_millis(2)).await,
                }
            }
            guest::violated("always", "fails");
        });
    });
    assert_eq!(swept.expect("two runs agree").failing().len(), 32);
}

/// Virtual time does not wait for another thread: how far it comes depends on that thread's speed.
#[test]
fn a_thread_of_its_own() {
    let text = found(|| async {
        let start = tokio::time::Instant::now();
        let (sender, mut answer) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(2));
            let _ = sender.send(());
        });
        while answer.try_recv().is_err() {
            sleep(Duration::from_millis(1)).await;
        }
        digits(start.elapsed().as_millis())
    });
    assert!(text.contains("std::thread, spawn_blocking: use tasks"));
}

/// A static variable that one run leaves to the next.
#[test]
fn a_static_variable() {
    static RUNS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let text = found(|| async { RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) });
    assert!(text.contains("static variables that one run leaves to the next"));
}
