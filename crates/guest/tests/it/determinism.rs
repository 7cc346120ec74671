//! A run is a function of scenario, seed and program: in another process, and with any number of
//! workers.

#![expect(
    clippy::print_stdout,
    reason = "another process reads the digests from standard output"
)]

use std::process::Command;
use std::time::Duration;

use explore::{SeedRange, Shard, Subject};
use guest::{Guests, Sim};
use kernel::rand::RngExt;
use simulation::Options;
use tokio::time::{sleep, timeout};

use crate::line::{Line, echo};
use crate::time::scenario;

const POOL: &str = include_str!("pool.toml");
const SEEDS: u64 = 100;

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

/// The digests of all seeds.
fn digests() -> String {
    let (scenario, guests) = (scenario(&["duration=10m"]), Guests(setup));
    let run = |seed| {
        let options = Options {
            keep_records: false,
        };
        let outcome = guests.run(&scenario, seed, options).expect("it runs");
        assert_eq!(outcome.signatures(), Vec::<String>::new());
        format!("{}\n", outcome.digest)
    };
    (0..SEEDS).map(run).collect()
}

/// Prints the digests, for the test below that runs it in another process.
#[test]
#[ignore = "called by another test"]
fn print_digests() {
    println!("{}", digests());
}

#[test]
fn another_process_has_the_same_digests() {
    let own = digests();
    let mut unique: Vec<&str> = own.lines().collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len() as u64, SEEDS, "seeds differ");
    let program = std::env::current_exe().expect("this test runs");
    let printed = Command::new(program)
        .args([
            "determinism::print_digests",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .expect("the test starts");
    let printed = String::from_utf8(printed.stdout).expect("text");
    assert!(printed.contains(&own), "{printed}");
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let swept = |jobs| {
        let points = explore::sweep::grid::points("pool.toml", POOL.as_bytes(), &[], &[]);
        let folder = tempfile::tempdir().expect("a folder");
        let plan = explore::sweep::SweepPlan {
            axes: Vec::new(),
            points: std::sync::Arc::new(points.expect("a scenario")),
            swarm: None,
            seeds: SeedRange { from: 0, to: SEEDS },
            shard: Shard::WHOLE,
            jobs: std::num::NonZeroUsize::new(jobs).expect("not zero"),
            stop_after: None,
            keep_going: false,
            recheck: 4,
            out: Some(folder.path().join("out")),
            handle_signals: false,
        };
        let subject = std::sync::Arc::new(Guests(setup));
        explore::sweep(&plan, subject, |_| {}).expect("it runs");
        std::fs::read_to_string(folder.path().join("out/seeds.jsonl")).expect("results")
    };
    assert_eq!(swept(1), swept(2));
}
