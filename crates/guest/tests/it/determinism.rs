//! A run is a function of scenario, seed and program: in another process, and with any number of
//! workers.

#![expect(
    clippy::print_stdout,
    reason = "another process reads the digests from standard output"
)]

use std::process::Command;
use std::time::Duration;

use config::plan::Scenario;
use explore::{SeedRange, Shard, Subject};
use guest::{Guests, Sim};
use kernel::rand::RngExt;
use simulation::Options;
use tokio::time::{sleep, timeout};

use crate::line::{Line, echo};
use crate::time::scenario;
use crate::{bb8_check, bb8_starves, mixed};

const SEEDS: u64 = 100;
/// Without a campaign.
const SOME_SEEDS: u64 = 10;

/// Clients that ask now and then, over libraries' tasks too.
fn setup(sim: &mut Sim) {
    sim.host("db", echo);
    sim.host("app", || async {
        for number in 0..3 {
            tokio::spawn(async move {
                let mut rng = guest::rng(&format!("client {number}"));
                loop {
                    sleep(Duration::from_millis(rng.random_range(0..60_000))).await;
                    let asked = timeout(Duration::from_secs(10), async {
                        Line::connect("db:5432").await?.ask("x").await
                    });
                    let _answer = asked.await;
                }
            });
        }
    });
}

/// A program with the scenario that it runs in.
struct Example {
    name: &'static str,
    scenario: fn() -> Scenario,
    setup: fn(&mut Sim),
}

const EXAMPLES: [Example; 4] = [
    Example {
        name: "clients",
        scenario: || scenario(&["duration=10m"]),
        setup,
    },
    Example {
        name: "a pool that starves",
        scenario: || scenario(&[]),
        setup: bb8_starves::setup,
    },
    Example {
        name: "a pool with a check",
        scenario: || scenario(&[]),
        setup: bb8_check::setup,
    },
    Example {
        name: "a monitor beside MTAs",
        scenario: || mixed::scenario(&[]),
        setup: mixed::setup,
    },
];

impl Example {
    /// The digests of so many seeds, a line each.
    fn digests(&self, seeds: u64) -> String {
        let (scenario, guests) = ((self.scenario)(), Guests(self.setup));
        let run = |seed| {
            let options = Options {
                keep_records: false,
            };
            let outcome = guests.run(&scenario, seed, options).expect("it runs");
            format!("{} {seed} {}\n", self.name, outcome.digest)
        };
        (0..seeds).map(run).collect()
    }
}

fn digests(seeds: u64) -> String {
    EXAMPLES.iter().map(|it| it.digests(seeds)).collect()
}

/// Prints the digests, for the tests below that run it in another process.
#[test]
#[ignore = "called by another test"]
fn print_digests() {
    println!("{}", digests(SEEDS));
}

/// Prints fewer.
#[test]
#[ignore = "called by another test"]
fn print_some_digests() {
    println!("{}", digests(SOME_SEEDS));
}

#[test]
fn another_process_has_the_same_digests() {
    compare(SOME_SEEDS, "determinism::print_some_digests");
}

#[test]
#[ignore = "a campaign"]
fn another_process_has_the_same_digests_of_all_seeds() {
    compare(SEEDS, "determinism::print_digests");
}

fn compare(seeds: u64, printing: &str) {
    let own = digests(seeds);
    let mut unique: Vec<&str> = own.lines().collect();
    unique.sort_unstable();
    unique.dedup_by_key(|it| it.rsplit(' ').next().expect("a digest"));
    assert_eq!(
        unique.len(),
        EXAMPLES.len() * seeds as usize,
        "seeds differ"
    );
    let program = std::env::current_exe().expect("this test runs");
    let printed = Command::new(program)
        .args([printing, "--exact", "--ignored", "--nocapture"])
        .output()
        .expect("the test starts");
    let printed = String::from_utf8(printed.stdout).expect("text");
    assert!(printed.contains(&own), "{printed}");
}

#[test]
fn the_number_of_workers_changes_nothing() {
    for example in &EXAMPLES {
        assert_eq!(rows(example, SOME_SEEDS, 1), rows(example, SOME_SEEDS, 2));
    }
}

#[test]
#[ignore = "a campaign"]
fn the_number_of_workers_changes_none_of_all_seeds() {
    for example in &EXAMPLES {
        assert_eq!(rows(example, SEEDS, 1), rows(example, SEEDS, 2));
    }
}

/// What a sweep writes, with so many workers.
fn rows(example: &Example, seeds: u64, jobs: usize) -> String {
    let text = (example.scenario)().to_toml();
    let points = explore::sweep::grid::points("pool.toml", text.as_bytes(), &[], &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let plan = explore::sweep::SweepPlan {
        axes: Vec::new(),
        points: std::sync::Arc::new(points.expect("a scenario")),
        swarm: None,
        seeds: SeedRange { from: 0, to: seeds },
        shard: Shard::WHOLE,
        jobs: std::num::NonZeroUsize::new(jobs).expect("not zero"),
        stop_after: None,
        keep_going: false,
        recheck: 4,
        out: Some(folder.path().join("out")),
        handle_signals: false,
    };
    let subject = std::sync::Arc::new(Guests(example.setup));
    explore::sweep(&plan, subject, |_| {}).expect("it runs");
    std::fs::read_to_string(folder.path().join("out/seeds.jsonl")).expect("results")
}
