//! `[pin] reseed` in docs/scenario.md: the same run up to a given time, and other random choices from then on.
//!
//! The failure likelihood in an explanation depends on this.

use config::file::load;
use config::plan::{Reseed, Scenario};
use kernel::{Duration, Instant, JournalEntry};
use simulation::record::Record;
use simulation::{Options, Outcome};

fn scenario(path: &str, set: &[&str]) -> Scenario {
    let path = format!("{}/{path}", crate::ROOT);
    let text = std::fs::read(&path).expect("a scenario of the tree");
    let set: Vec<String> = set.iter().map(|it| (*it).to_owned()).collect();
    load(&path, &text, &set).expect("it can be read")
}

/// Outages, arrivals, sizes, costs of calls.
fn leak() -> Scenario {
    scenario(
        "sims/casebook/q303102-cb-leak.toml",
        &[
            "duration=1h",
            "workload.mail.end=1h",
            "workload.mail.mix={ urgent = \"1/4\" }",
            "fault={ cut = { cut = { link = \"wan\" }, random = { mean_interval = \"3m\", mean_duration = \"40s\" } } }",
        ],
    )
}

/// The same with two processors per host, in 4.0, until threads have corrupted something.
fn race() -> Scenario {
    scenario("sims/casebook/q152941-heap-race.toml", &["duration=3m"])
}

/// Loss, jitter, damage, duplicates and reordering packet by packet, under a random walk.
fn bad_links() -> Scenario {
    scenario(
        "sims/smoke/bad-links.toml",
        &["duration=20m", "healing=10m", "scheduler=random"],
    )
}

fn run(scenario: &Scenario, seed: u64) -> Outcome {
    explore::run(scenario, seed, Options { keep_records: true }).expect("it can be run")
}

fn with_luck(scenario: &Scenario, from: Instant, seed: u64) -> Scenario {
    let mut fresh = scenario.clone();
    fresh.pins.reseeds = vec![Reseed { from, seed }];
    assert_eq!(fresh.check(), Ok(()));
    fresh
}

/// The moments at `shares` hundredths of a run.
fn moments(scenario: &Scenario, shares: [u64; 3]) -> [Instant; 3] {
    let length = scenario.duration.nanos() / 100;
    shares.map(|share| Instant::ZERO + Duration::from_nanos(share * length))
}

fn before(outcome: &Outcome, end: Instant) -> &[JournalEntry<Record>] {
    let count = outcome.records.iter().take_while(|entry| entry.at < end);
    &outcome.records[..count.count()]
}

#[test]
fn up_to_the_moment_every_record_is_the_same_and_then_it_is_another_run() {
    for scenario in [leak(), race(), bad_links()] {
        let usual = run(&scenario, 3);
        for from in moments(&scenario, [1, 37, 80]) {
            let fresh = run(&with_luck(&scenario, from, 1_003), 3);
            let (one, other) = (before(&usual, from), before(&fresh, from));
            assert!(!one.is_empty());
            assert!(one == other, "{} differs before {from}", scenario.title);
            let points = |outcome: &Outcome| {
                let points = outcome.checkpoints.iter().copied();
                points.filter(|it| it.at < from).collect::<Vec<_>>()
            };
            // A longer run keeps fewer points of its beginning.
            for point in points(&usual) {
                let mut others = points(&fresh).into_iter();
                let other = others.find(|it| it.records == point.records);
                assert!(other.is_none_or(|other| other == point), "{point:?}");
            }
            assert_ne!(
                usual.digest, fresh.digest,
                "{} after {from}",
                scenario.title
            );
        }
    }
}

/// No draw depends on the time of reseeding: reseeding with the same seed changes nothing, and
/// reseeding at the start gives the run of the other seed.
#[test]
fn the_same_seed_changes_nothing_and_another_from_the_start_is_another_run() {
    let mut scenario = bad_links();
    let workload = scenario.workloads.get_mut("paris").expect("a workload");
    workload.arrivals = config::plan::Arrivals::Every(Duration::from_secs(70));
    let usual = run(&scenario, 3);
    for from in moments(&scenario, [0, 41, 99]) {
        let same = run(&with_luck(&scenario, from, 3), 3);
        assert_eq!(usual.digest, same.digest, "reseeded at {from}");
    }
    // The first state of a chain and the hosts' ticks are drawn before the start: they come from the
    // first seed.
    for host in scenario.hosts.values_mut() {
        host.tick_phase = Some(Duration::ZERO);
    }
    for link in scenario.links.values_mut() {
        let loss = config::plan::Loss::None;
        (link.forward.loss, link.backward.loss) = (loss, loss);
    }
    let other = run(&with_luck(&scenario, Instant::ZERO, 4), 3);
    assert_eq!(other.digest, run(&scenario, 4).digest);
    assert_ne!(other.digest, run(&scenario, 3).digest);
}

/// A memoryless wait that has lasted for a while has a whole mean left on average: in
/// 200 tries one minute after the start, the first message comes 60 s later, within four
/// standard errors (17 s), although it was due two seconds later.
#[test]
fn what_is_awaited_without_memory_is_awaited_anew() {
    const TRIES: u64 = 200;
    let mut scenario = scenario("sims/smoke/clean-link.toml", &["duration=20m"]);
    let (name, mut workload) = scenario.workloads.pop_first().expect("a workload");
    workload.arrivals = config::plan::Arrivals::Poisson {
        mean: Duration::from_secs(60),
    };
    workload.limit = Some(1);
    scenario.workloads.insert(name.clone(), workload);
    let due = simulation::timeline::arrivals(&scenario, 8)[&name][0];
    let from = Instant::from_nanos(due.nanos() - 2_000_000_000);
    let waits = (0..TRIES).map(|seed| {
        let fresh = run(&with_luck(&scenario, from, seed), 8);
        let arrived = fresh
            .records
            .iter()
            .find_map(|JournalEntry { at, record }| {
                let Record::Mta(_, _, mta::Record::Fact(mta::Fact::MessageSubmitted(_))) = record
                else {
                    return None;
                };
                Some(*at)
            });
        arrived
            .expect("twenty minutes are long")
            .saturating_since(from)
            .nanos()
            / TRIES
    });
    let mean: u64 = waits.sum();
    assert!(mean.abs_diff(60_000_000_000) < 17_000_000_000, "{mean}");
}

#[test]
fn reseeds_are_applied_in_order() {
    let mut scenario = leak();
    let at = |secs, seed| Reseed {
        from: Instant::ZERO + Duration::from_secs(secs),
        seed,
    };
    scenario.pins.reseeds = vec![at(60, 1), at(120, 2)];
    assert_eq!(scenario.check(), Ok(()));
    let text = scenario.to_toml();
    assert_eq!(load("again", text.as_bytes(), &[]), Ok(scenario.clone()));
    scenario.pins.reseeds = vec![at(60, 1), at(60, 2)];
    let found = scenario.check().expect_err("the times are equal");
    assert!(
        found.diagnostics[0]
            .message
            .starts_with("`pin.reseed[1].from`"),
        "{found}"
    );
}
