//! Swarm sweeps: every seed draws its own selection.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use explore::run_result::RunResult;
use explore::sweep::SweepPlan;
use explore::sweep::swarm::SwarmFile;
use explore::{Capsule, Shard, ShippedBuilds, merge, replay};
use simulation::Options;
use tempfile::tempdir;

use crate::fixture::{LEAK, SHORT, assert_same, plan_with, swept};

const SET: [&str; 2] = [
    "swarm={ vary = [{ key = \"connector.paris-lyon.session_disconnect\", range = [\"60s\", \"300s\"] }, { key = \"host.PARIS.cpus\", values = [\"1\", \"2\"] }] }",
    "fault={ reset = { reset = { link = \"wan\" }, at = \"5m\" }, cut = { cut = { link = \"wan\" }, window = [\"4m\", \"7m\"] } }",
];

fn swarm_plan(seeds: &str) -> SweepPlan {
    let plan = plan_with(seeds, &SET);
    let swarm = SwarmFile::of("leak", LEAK, &plan.points).expect("every value is valid");
    SweepPlan {
        swarm: Some(swarm),
        ..plan
    }
}

#[test]
fn a_swarm_does_not_depend_on_workers_and_shards() {
    let folder = tempdir().expect("a folder");
    let [one, many] = ["one", "many"].map(|name| folder.path().join(name));
    let plan = swarm_plan("0..18");
    let alone = swept(&plan, &one);
    assert!(alone.statistics.total().failing > 0);
    let more = SweepPlan {
        jobs: NonZeroUsize::new(3).expect("some"),
        ..plan.clone()
    };
    swept(&more, &many);
    assert_same(&one, &many);
    let parts: Vec<PathBuf> = (1..=3)
        .map(|number| {
            let path = folder.path().join(format!("part {number}"));
            let shard = format!("{number}/3").parse::<Shard>().expect("a shard");
            swept(
                &SweepPlan {
                    shard,
                    ..plan.clone()
                },
                &path,
            );
            path
        })
        .collect();
    let merged = folder.path().join("merged");
    merge(&parts, &merged).expect("they fit");
    assert_same(&one, &merged);
}

/// Results record their selection, and the selection can be run alone: through the library and as a
/// capsule, which holds the selected settings.
#[test]
fn a_result_records_its_selection() {
    let folder = tempdir().expect("a folder");
    let plan = swarm_plan("0..12");
    swept(&plan, folder.path());
    let results = fs::read_to_string(folder.path().join("seeds.jsonl")).expect("results");
    let results: Vec<RunResult> = results
        .split_inclusive('\n')
        .map(|line| RunResult::from_line(line).expect("a result"))
        .collect();
    let set: Vec<String> = SHORT
        .iter()
        .chain(&SET)
        .map(|it| (*it).to_owned())
        .collect();
    let mut selections = std::collections::BTreeSet::new();
    for result in &results {
        let own = config::swarm::select("leak", LEAK, &set, result.seed).expect("a scenario");
        assert_eq!(own.settings, result.selected);
        selections.insert(own.settings.clone());
        let quick = Options {
            keep_records: false,
        };
        let outcome = explore::run(&own.scenario, result.seed, quick).expect("it runs");
        assert_eq!(outcome.digest.to_string(), result.digest);
        let was_injected = |name: &str| result.faults.contains_key(name);
        for fault in ["reset", "cut"] {
            assert_eq!(
                result.selected[&format!("fault.{fault}")] == "on",
                was_injected(fault)
            );
        }
    }
    assert!(selections.len() > results.len() / 2, "seeds differ");
    let capsules = fs::read_dir(folder.path().join("capsules")).expect("capsules");
    let mut count = 0;
    for entry in capsules {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        let capsule = Capsule::parse(&bytes).expect("a capsule");
        let result = results
            .iter()
            .find(|result| result.seed == capsule.seed)
            .expect("its result");
        assert_eq!(capsule.digest, result.digest);
        let again = replay(&capsule, &ShippedBuilds, false).expect("it runs");
        assert_eq!(again.outcome.digest.to_string(), result.digest);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn an_invalid_value_is_rejected_before_any_run() {
    let set = "swarm={ vary = [{ key = \"host.PARIS.cpus\", values = [\"1\", \"99\"] }] }";
    let plan = plan_with("0..2", &[set]);
    let found = SwarmFile::of("leak", LEAK, &plan.points).expect_err("99 processors are too many");
    assert!(found.to_human(false).contains("host.PARIS.cpus"));
}
