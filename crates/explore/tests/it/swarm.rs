//! Swarms: every seed with a selection of its own.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use explore::run_result::RunResult;
use explore::sweep::SweepPlan;
use explore::sweep::swarm::Swarm;
use explore::{Capsule, Shard, Shipped, merge, replay};
use simulation::Options;
use tempfile::tempdir;

use crate::fixture::{LEAK, SHORT, assert_same, plan_with, swept};

const SET: [&str; 2] = [
    "swarm={ vary = [{ key = \"connector.paris-lyon.session_disconnect\", range = [\"60s\", \"300s\"] }, { key = \"host.PARIS.cpus\", values = [\"1\", \"2\"] }] }",
    "fault={ reset = { reset = { link = \"wan\" }, at = \"5m\" }, cut = { cut = { link = \"wan\" }, window = [\"4m\", \"7m\"] } }",
];

fn swarm_plan(seeds: &str) -> SweepPlan {
    let plan = plan_with(seeds, &SET);
    let swarm = Swarm::of("leak", LEAK, &plan.points).expect("every value is good");
    SweepPlan {
        swarm: Some(swarm),
        ..plan
    }
}

#[test]
fn a_swarm_is_the_same_whatever_the_workers_and_shards() {
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

/// Rows say what was selected, and what was selected can be run by itself: by the library and as
/// a capsule, which holds the settings as they were.
#[test]
fn a_row_says_what_it_ran() {
    let folder = tempdir().expect("a folder");
    let plan = swarm_plan("0..12");
    swept(&plan, folder.path());
    let rows = fs::read_to_string(folder.path().join("seeds.jsonl")).expect("rows");
    let rows: Vec<RunResult> = rows
        .lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect();
    let set: Vec<String> = SHORT
        .iter()
        .chain(&SET)
        .map(|it| (*it).to_owned())
        .collect();
    let mut selections = std::collections::BTreeSet::new();
    for row in &rows {
        let own = config::swarm::select("leak", LEAK, &set, row.seed).expect("a scenario");
        assert_eq!(own.settings, row.selected);
        selections.insert(own.settings.clone());
        let quick = Options {
            keep_records: false,
        };
        let outcome = explore::run(&own.scenario, row.seed, quick).expect("it runs");
        assert_eq!(outcome.digest.to_string(), row.digest);
        let struck = |name: &str| row.faults.contains_key(name);
        for fault in ["reset", "cut"] {
            assert_eq!(
                row.selected[&format!("fault.{fault}")] == "on",
                struck(fault)
            );
        }
    }
    assert!(selections.len() > rows.len() / 2, "seeds differ");
    let capsules = fs::read_dir(folder.path().join("capsules")).expect("capsules");
    let mut count = 0;
    for entry in capsules {
        let bytes = fs::read(entry.expect("an entry").path()).expect("a file");
        let capsule = Capsule::parse(&bytes).expect("a capsule");
        let row = rows
            .iter()
            .find(|row| row.seed == capsule.seed)
            .expect("its row");
        assert_eq!(capsule.digest, row.digest);
        let again = replay(&capsule, &Shipped, false).expect("it runs");
        assert_eq!(again.outcome.digest.to_string(), row.digest);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn a_value_that_the_file_could_not_have_is_refused_before_anything_runs() {
    let set = "swarm={ vary = [{ key = \"host.PARIS.cpus\", values = [\"1\", \"99\"] }] }";
    let plan = plan_with("0..2", &[set]);
    let found = Swarm::of("leak", LEAK, &plan.points).expect_err("33 is too many");
    assert!(found.to_human(false).contains("host.PARIS.cpus"));
}
