//! The same scenario, seed and build give the same digest.
//!
//! Each scenario of sims/smoke and sims/casebook is run in every variation that must not matter. Long
//! scenarios are shortened: a difference shows early, since every record counts.

use std::path::Path;
use std::process::Command;

use config::file::load;
use config::plan::Scenario;
use kernel::{Duration, Instant};
use serde_json::Value;
use simulation::{Options, Outcome};

/// Runs in this process are cut to this length, where it is shorter than the scenario's.
const CUT: Duration = Duration::from_secs(4 * 3_600);

const SEEDS: [u64; 2] = [1, 0xDEC0_DE00_0000_0001];

/// Records are not kept.
const BARE: Options = Options {
    keep_records: false,
};
const FULL: Options = Options { keep_records: true };

struct Sim {
    path: String,
    scenario: Scenario,
}

/// The scenarios of two folders, in the order of their paths.
fn sims() -> Vec<Sim> {
    let root = Path::new(crate::ROOT);
    let mut paths = Vec::new();
    for folder in ["sims/smoke", "sims/casebook"] {
        for entry in root.join(folder).read_dir().expect("the folder is there") {
            let name = entry.expect("it can be read").file_name();
            let name = name.to_str().expect("names of scenarios are UTF-8");
            paths.push(format!("{folder}/{name}"));
        }
    }
    paths.sort();
    assert!(paths.len() >= 2, "there are scenarios");
    let read = |path: String| {
        let bytes = std::fs::read(root.join(&path)).expect("it can be read");
        let scenario = load(&path, &bytes, &[]).expect("it is a scenario: see tidy");
        Sim { path, scenario }
    };
    paths.into_iter().map(read).collect()
}

fn run(scenario: &Scenario, seed: u64, options: Options) -> Outcome {
    explore::run(scenario, seed, options).expect("the links can be calibrated")
}

/// Names the first record that differs: "differs" alone would not help.
#[track_caller]
fn assert_same(path: &str, one: &Outcome, other: &Outcome) {
    let Some(difference) = one.divergence_from(other) else {
        assert_eq!(one.checkpoints, other.checkpoints, "{path}");
        return;
    };
    let both = one.records.iter().zip(&other.records);
    let apart = both.enumerate().find(|(_, (one, other))| one != other);
    panic!("{path}, seed {}: {difference}; {apart:#?}", one.seed);
}

#[test]
fn a_run_is_repeated_by_the_next_one_in_this_process() {
    for Sim { path, mut scenario } in sims() {
        scenario.duration = scenario.duration.min(CUT);
        for seed in SEEDS {
            let first = run(&scenario, seed, FULL);
            assert_same(&path, &first, &run(&scenario, seed, FULL));
            assert!(
                first.events > 0 && first.simulated > Instant::ZERO,
                "{path}"
            );
        }
    }
}

#[test]
fn keeping_records_does_not_change_the_run() {
    for Sim { path, mut scenario } in sims() {
        scenario.duration = scenario.duration.min(CUT);
        let bare = run(&scenario, SEEDS[1], BARE);
        let full = run(&scenario, SEEDS[1], FULL);
        assert_same(&path, &bare, &full);
        assert!(
            bare.records.is_empty() && !full.records.is_empty(),
            "{path}"
        );
        // Not only the digest: the whole report.
        assert_eq!(bare.events_logged, full.events_logged, "{path}");
        assert_eq!(bare.signatures(), full.signatures(), "{path}");
        assert_eq!(
            (bare.events, bare.calls),
            (full.events, full.calls),
            "{path}"
        );
    }
}

/// Without this a digest of nothing would pass all the other tests.
#[test]
fn another_seed_is_another_run() {
    for Sim { path, mut scenario } in sims() {
        scenario.duration = scenario.duration.min(CUT);
        let [one, other] = SEEDS.map(|seed| run(&scenario, seed, BARE).digest);
        assert_ne!(one, other, "{path}");
    }
}

/// The epoch is only displayed; the run does not use it.
#[test]
fn the_date_that_logs_show_is_no_part_of_the_run() {
    let set = ["epoch=1999-12-31T23:00:00".to_owned()];
    let text = b"title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n[host.A]\nbuild = \"4.0.993.6\"\n";
    let later = load("later", text, &set).expect("it is a scenario");
    for Sim { path, mut scenario } in sims() {
        scenario.duration = scenario.duration.min(CUT);
        assert_ne!(scenario.epoch, later.epoch, "{path}");
        let before = run(&scenario, SEEDS[0], BARE);
        scenario.title.push_str(", again");
        scenario.epoch = later.epoch;
        assert_same(&path, &before, &run(&scenario, SEEDS[0], BARE));
    }
}

/// The output of the program in a separate process, without the time that it took.
fn answer(program: &mut Command, path: &str, seed: u64) -> Value {
    let output = program
        .args(["run", path, "--format", "json", "--seed"])
        .arg(seed.to_string())
        .output()
        .expect("the program starts");
    let reported = String::from_utf8_lossy(&output.stderr);
    let mut answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{path}: {error}\n{reported}"));
    let object = answer.as_object_mut().expect("the answer is an object");
    object
        .remove("wall_ns")
        .expect("the answer says how long it took");
    answer
}

fn binary() -> Command {
    let mut binary = Command::new(env!("CARGO_BIN_EXE_mtasim"));
    binary.current_dir(crate::ROOT);
    binary
}

/// The program is built with other features of its dependencies than this test, and has another
/// environment. Neither must matter.
#[test]
fn another_process_makes_the_same_run() {
    for Sim { path, scenario } in sims() {
        let here = run(&scenario, SEEDS[0], BARE);
        let there = answer(&mut binary(), &path, SEEDS[0]);
        assert_eq!(there["digest"], here.digest.to_string(), "{path}");
        assert_eq!(there["events"], here.events, "{path}");
        assert_eq!(there["calls"], here.calls, "{path}");
        let mut elsewhere = binary();
        elsewhere
            .env_clear()
            .env("TZ", "Asia/Kolkata")
            .env("LANG", "tr_TR.UTF-8");
        elsewhere.env("MTASIM_SEED", "7").env("RUST_LOG", "off");
        assert_eq!(answer(&mut elsewhere, &path, SEEDS[0]), there, "{path}");
    }
}

#[test]
#[ignore = "builds the program once more, optimised; .ci/run compares the two as well"]
fn an_optimised_build_makes_the_same_run() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--bin", "mtasim"]);
    let built = cargo.current_dir(crate::ROOT).status();
    assert!(built.expect("cargo starts").success(), "the release build");
    for Sim { path, .. } in sims() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--release", "--locked", "--"]);
        cargo.current_dir(crate::ROOT);
        let optimised = answer(&mut cargo, &path, SEEDS[0]);
        assert_eq!(optimised, answer(&mut binary(), &path, SEEDS[0]), "{path}");
    }
}
