//! The scenario, plans and directories that the tests share.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use explore::sweep::grid::{self, Axis};
use explore::sweep::{SweepPlan, SweepResult};
use explore::{SeedRange, Shard, ShippedBuilds, sweep};

pub(crate) const LEAK: &[u8] = include_bytes!("../../../../sims/casebook/q303102-cb-leak.toml");
/// Twenty minutes: long enough to leak with most seeds, but not with all.
pub(crate) const SHORT: [&str; 5] = [
    "duration=20m",
    "workload.mail.end=15m",
    "fault={}",
    // No router notices an outage, so that the session's timer always comes first.
    "link.wan.unreachable_after=24h",
    "link.wan.loss={ outages = { ping_success = \"1/2\", mean_outage = \"60s\" } }",
];

/// The leak, shortened.
pub(crate) fn plan(seeds: &str, axes: &[&str]) -> SweepPlan {
    planned(seeds, axes, &[])
}

/// The same with further settings.
pub(crate) fn plan_with(seeds: &str, set: &[&str]) -> SweepPlan {
    planned(seeds, &[], set)
}

fn planned(seeds: &str, axes: &[&str], more: &[&str]) -> SweepPlan {
    let set = SHORT.iter().chain(more);
    let set: Vec<String> = set.map(|it| (*it).to_owned()).collect();
    let axes: Vec<Axis> = axes.iter().map(|it| it.parse().expect("an axis")).collect();
    let points = grid::points("leak", LEAK, &set, &axes).expect("scenarios");
    SweepPlan {
        axes,
        points: Arc::new(points),
        swarm: None,
        seeds: seeds.parse::<SeedRange>().expect("seeds"),
        shard: Shard::WHOLE,
        jobs: NonZeroUsize::MIN,
        stop_after: None,
        keep_going: false,
        recheck: 4,
        out: None,
        handle_signals: false,
    }
}

/// Sweeps into a directory.
pub(crate) fn swept(plan: &SweepPlan, out: &Path) -> SweepResult {
    let plan = SweepPlan {
        out: Some(out.to_owned()),
        ..plan.clone()
    };
    sweep(&plan, Arc::new(ShippedBuilds), |_| {}).expect("the folder can be written")
}

/// Every file of a directory, by relative path.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            let inner = files(&path).into_iter();
            found.extend(inner.map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).expect("a file"));
        }
    }
    found
}

/// Asserts that two directories have the same files with the same content.
#[track_caller]
pub(crate) fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    let names =
        |files: &BTreeMap<String, Vec<u8>>| -> Vec<String> { files.keys().cloned().collect() };
    assert_eq!(names(&one), names(&other));
    for (name, bytes) in &one {
        assert!(other[name] == *bytes, "{name} differs");
    }
}
