//! What leaks without this crate is deterministic with it, and a pool that reads std's clock shows its
//! defect.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "programs that read std's clock and the order of a HashMap are what is tested"
)]

mod pool;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

use guest::Sim;
use tokio::time::sleep;

const POOL: &str = include_str!("../../../guest/tests/it/pool.toml");

/// The digests of some seeds of a program that fails after a time which depends on `read`.
fn digests(read: impl Fn() -> u64 + Copy + Send + Sync + 'static) -> Vec<String> {
    let swept = entropy::search(POOL, 0..32, move |sim: &mut Sim| {
        sim.host("db", || async {});
        sim.host("app", move || async move {
            sleep(Duration::from_millis(read() % 100_003)).await;
            guest::violated("always", "fails");
        });
    });
    let swept = swept.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(swept.failing().len(), 32);
    swept
        .digests
        .into_values()
        .map(|it| it.to_string())
        .collect()
}

fn first_of_a_map() -> u64 {
    let map: HashMap<u64, ()> = (0..1_000).map(|it| (it, ())).collect();
    let first = map.keys().take(4);
    first.fold(0, |sum, key| (sum * 1_000 + key) % 100_003)
}

/// One run in sixteen is made twice by the search itself; here all are.
#[test]
fn the_order_of_a_hash_map_follows_from_the_seed() {
    let digests_of_seeds = digests(first_of_a_map);
    assert_eq!(digests_of_seeds, digests(first_of_a_map));
    let mut unique = digests_of_seeds.clone();
    unique.sort_unstable();
    unique.dedup();
    assert!(unique.len() > 30, "seeds differ");
}

#[test]
fn random_numbers_of_the_system_follow_from_the_seed() {
    let draw = || RandomState::new().hash_one(0);
    assert_eq!(digests(draw), digests(draw));
}

#[test]
fn std_clocks_are_virtual_time() {
    let swept = entropy::search(POOL, 0..4, |sim: &mut Sim| {
        sim.host("db", || async {});
        sim.host("app", || async {
            let (start, date) = (Instant::now(), SystemTime::now());
            sleep(Duration::from_millis(1_234)).await;
            assert_eq!(start.elapsed(), Duration::from_millis(1_234));
            assert_eq!(date.elapsed().ok(), Some(Duration::from_millis(1_234)));
            let year_2000 = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800);
            assert_eq!(date, year_2000);
        });
    });
    assert_eq!(swept.expect("it runs").failing(), Vec::<u64>::new());
}

/// Other threads have the clock and the random numbers of the system.
#[test]
fn other_threads_ask_the_system() {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(2));
    assert!(start.elapsed() >= Duration::from_millis(2));
    let years = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    assert!(years.expect("after 1970") > Duration::from_secs(946_684_800 + 24 * 365 * 86_400));
    let draw = || std::thread::spawn(|| RandomState::new().hash_one(0)).join();
    assert_ne!(draw().expect("it ends"), draw().expect("it ends"));
}

/// A panic in a run that is no guest's is one of the caller.
#[test]
fn a_mistake_is_an_error_as_ever() {
    let error = entropy::search(POOL, 0..1, |_: &mut Sim| {}).expect_err("no program");
    assert!(error.to_string().contains("has no program"), "{error}");
}
