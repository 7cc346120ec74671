//! `docs/numbers.md` explains every number and every event id; messages by connector show which branch
//! starves.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;

use crate::program::{argument, code, mtasim, scenario_file, text};

const PAGE: &str = include_str!("../docs/numbers.md");
const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";

/// The first column of the table between two comments.
fn first_column(table: &str) -> String {
    let (_, rest) = PAGE
        .split_once(&format!("<!-- {table} -->"))
        .expect("a table");
    let (rows, _) = rest
        .split_once(&format!("<!-- end of {table} -->"))
        .expect("its end");
    let rows = rows.lines().filter_map(|row| row.split('|').nth(1));
    rows.collect::<Vec<&str>>().join("\n")
}

fn json(arguments: &[&str]) -> Json {
    let output = mtasim(&[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn every_key_of_a_run_is_explained_and_no_other() {
    let run = json(&["run", LEAK]);
    let keys: BTreeSet<&str> = run
        .as_object()
        .expect("keys")
        .keys()
        .map(String::as_str)
        .collect();
    let column = first_column("numbers");
    let explained: BTreeSet<&str> = column.split('`').skip(1).step_by(2).collect();
    assert_eq!(keys, explained);
    for part in ["associations", "messages"] {
        for key in run[part].as_object().expect("keys").keys() {
            assert!(PAGE.contains(&format!("| `{key}`")), "{key}");
        }
    }
}

/// The ids are those that the MTA can log.
#[test]
fn every_event_id_is_explained() {
    let column = first_column("events");
    let explained: BTreeSet<u32> = column
        .lines()
        .filter_map(|it| it.trim().parse().ok())
        .collect();
    for id in 0..10_000 {
        let is_known = diagnose::event_log::meaning(id).is_some() || [9_202, 9_234].contains(&id);
        let is_foreign = id == 9_236;
        assert_eq!(explained.contains(&id), is_known && !is_foreign, "{id}");
    }
    let run = json(&["run", LEAK]);
    for id in run["events_logged"].as_object().expect("ids").keys() {
        assert!(explained.contains(&id.parse().expect("a number")), "{id}");
    }
}

/// One hub, one branch that answers and one whose line is dead.
const BRANCHES: &str = r#"
title = "Does the dead branch starve the good one?"
why = "Messages by connector answer that."
duration = "2h"
[host.HUB]
build = "5.5.2655.16"
[host.GOOD]
build = "5.5.2655.16"
[host.DEAD]
build = "5.5.2655.16"
[link.good]
between = ["HUB", "GOOD"]
[link.dead]
between = ["HUB", "DEAD"]
[connector.good]
from = "HUB"
to = "GOOD"
[connector.dead]
from = "HUB"
to = "DEAD"
[workload.to-good]
connector = "good"
every = "60s"
[workload.to-dead]
connector = "dead"
every = "60s"
[fault.dead]
cut = { link = "dead" }
at = "0s"
"#;

#[test]
fn a_dead_branch_shows_at_one_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = scenario_file(&folder, "branches.toml", BRANCHES);
    let file = file.as_str();
    let run = json(&["run", file]);
    let (good, dead) = (&run["connectors"]["good"], &run["connectors"]["dead"]);
    assert_eq!(dead["arrived"], 0);
    assert_eq!(dead["latency_max_ns"], Json::Null);
    assert_eq!(dead["associations"]["opened"], 0);
    assert!(
        dead["associations"]["not_opened"].as_u64() > Some(3),
        "{dead}"
    );
    // Nothing was settled, so the queue only grew.
    assert_eq!(dead["queue"]["peak"], dead["submitted"]);
    assert_eq!(dead["queue"]["at_end"], dead["submitted"]);
    assert!(good["arrived"].as_u64() > Some(115), "{good}");
    assert!(
        good["latency_max_ns"].as_u64() < Some(60_000_000_000),
        "{good}"
    );
    // A workload's messages are those of its connector here.
    assert_eq!(run["workloads"]["to-good"]["arrived"], good["arrived"]);
    // The sums.
    let sum = |key: &str| good[key].as_u64().unwrap_or(0) + dead[key].as_u64().unwrap_or(0);
    for key in ["submitted", "arrived", "acknowledged", "returned"] {
        assert_eq!(run["messages"][key].as_u64(), Some(sum(key)), "{key}");
    }
    let of = |it: &Json, key: &str| it["associations"][key].as_u64().unwrap_or(0);
    assert_eq!(
        run["associations"]["opened"].as_u64(),
        Some(of(good, "opened") + of(dead, "opened"))
    );
    let page = mtasim(&["run", file]);
    assert!(text(&page.stdout).contains("connector dead: "));
    let sweep = mtasim(&[
        "sweep",
        file,
        "--seeds",
        "0..2",
        "--vary",
        "connector.dead.max_associations=1,2",
    ]);
    let summary = text(&sweep.stdout);
    assert_eq!(
        summary.matches("  dead\n").count(),
        3,
        "all and two points: {summary}"
    );
    let plots = folder.path().join("plots.html");
    let vary = ["--vary", "connector.dead.max_associations=1,2"];
    let sweep = ["sweep", file, "--seeds", "0..2", "--plot", argument(&plots)];
    code(&mtasim(&[&sweep[..], &vary].concat()), 0);
    let plots = fs::read_to_string(&plots).expect("plots");
    for title in [
        "Time to arrive, of all messages",
        "Longest queue",
        "Messages that arrive in an hour",
        "Retries of calls in a run",
        "Messages returned in a run",
    ] {
        assert!(
            plots.contains(&format!("<title>{title}</title>")),
            "{title}"
        );
    }
    assert!(plots.contains("dead: not reached"));
    let refused = mtasim(&[&sweep[..4], &["--plot", "x.svg", "--plot-of", "queue"]].concat());
    code(&refused, 2);
    assert!(text(&refused.stderr).contains("over one varied setting, not 0"));
    let report = folder.path().join("page.html");
    code(&mtasim(&["report", file, "-o", argument(&report)]), 0);
    let report = fs::read_to_string(report).expect("a page");
    for said in [
        "<h3>connector dead</h3>",
        "<h3>workload to-good</h3>",
        "nothing arrived",
        "<polygon points=\"0,30",
        "class=\"peak\"",
    ] {
        assert!(report.contains(said), "{said}");
    }
}
