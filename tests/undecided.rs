//! A run that a limit cut off decides nothing, in every command: no pass, no failure to meet an
//! expectation, an exit code of its own, and the limit's name.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{argument, code, mtasim, scenario_file, text};

/// Each limit, with a value that stops the leak's run long before its end.
const LIMITS: [(&str, &str); 5] = [
    ("limits.events", "limits.events=500"),
    ("limits.messages", "limits.messages=2"),
    ("limits.calls", "limits.calls=2000"),
    ("limits.memory", "limits.memory=64 KiB"),
    ("limits.violations", "limits.violations=1"),
];
const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";
const UNDECIDED: i32 = 5;

/// A scenario in which nothing goes wrong, cut off at its first event.
const STOPPED: &str = r#"
title = "A run that its own limit stops"
why = "It must not count as passed."
duration = "10h"
[host.PARIS]
build = "5.5.2653.23"
[host.LYON]
build = "5.5.2653.23"
[link.wan]
between = ["PARIS", "LYON"]
[connector.c]
from = "PARIS"
to = "LYON"
[workload.m]
connector = "c"
every = "10s"
[limits]
events = 1
"#;

fn stopped(folder: &TempDir) -> String {
    scenario_file(folder, "stopped.toml", STOPPED)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// The arguments, with `--format json`.
fn in_json(arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    let output = mtasim(&arguments);
    code(&output, UNDECIDED);
    json(&output.stdout)
}

#[test]
fn a_run_at_any_limit_is_undecided() {
    for (limit, setting) in LIMITS {
        let run = ["run", LEAK, "--set", setting];
        let output = mtasim(&run);
        code(&output, UNDECIDED);
        let page = text(&output.stdout);
        assert!(page.contains("\nUNDECIDED\n"), "{limit}: {page}");
        assert!(
            page.contains(&format!("cut off at {limit} after ")),
            "{page}"
        );
        assert!(!page.contains("PASS") && !page.contains("FAIL"), "{page}");
        let object = in_json(&run);
        assert_eq!(object["verdict"], "undecided");
        assert_eq!(object["undecided"], limit);
        assert_eq!(object["as_expected"], false);
        assert_eq!(object["unexpected"], Value::Array(Vec::new()), "{limit}");
    }
}

/// Counts only grow: what is too much already stays too much.
#[test]
fn a_run_that_is_cut_off_after_something_unexpected_has_failed() {
    for expectation in [
        "expect={}",
        "expect.violations={ control-block-leak = \"0\" }",
    ] {
        let limit = "limits.violations=1";
        let output = mtasim(&["run", LEAK, "--set", limit, "--set", expectation]);
        code(&output, 1);
        let page = text(&output.stdout);
        assert!(
            page.contains("FAIL: not as the scenario expects:"),
            "{page}"
        );
    }
}

#[test]
fn a_sweep_counts_undecided_runs_apart() {
    let folder = folder();
    let file = stopped(&folder);
    let out = folder.path().join("out");
    let sweep = ["sweep", &file, "--seeds", "0..4", "--out", argument(&out)];
    let output = mtasim(&sweep);
    code(&output, UNDECIDED);
    let page = text(&output.stdout);
    assert!(
        page.contains(
            "4 runs: 0 as the scenario expects, 0 not, 4 UNDECIDED (4 cut off at limits.events)"
        ),
        "{page}"
    );
    // Nothing is known, so the interval of the rate is everything.
    assert!(
        page.contains("0 runs, at least 0.0 % (95 %: 0.0 to 100.0 %; 4 runs cut off before)"),
        "{page}"
    );
    assert!(
        page.contains("time to first failure: 10 % of runs: undecided, 50 % of runs: undecided"),
        "{page}"
    );
    assert!(
        page.contains("shows a new one: undecided, since every run was cut off"),
        "{page}"
    );
    let summary = json(&fs::read(out.join("summary.json")).expect("a summary"));
    assert_eq!(summary["undecided"]["limits.events"], 4);
    assert_eq!(summary["first_failure"][1]["time_ns"], Value::Null);
    assert_eq!(summary["first_failure"][1]["undecided"], true);
    assert_eq!(summary["coverage"]["unseen_high"], 1.0);
    assert_eq!(summary["unknown"], 4);
    assert_eq!(summary["as_expected"], 0);
    let lines = fs::read_to_string(out.join("seeds.jsonl")).expect("results");
    for line in lines.lines() {
        let row = json(line.as_bytes());
        assert_eq!(row["cut_off"], "limits.events");
        assert_eq!(row["as_expected"], false);
    }
    // Resumed, the sweep has the same verdict.
    code(&mtasim(&sweep), UNDECIDED);
    let merged = folder.path().join("merged");
    code(
        &mtasim(&["merge", argument(&out), "--out", argument(&merged)]),
        UNDECIDED,
    );
}

#[test]
fn a_comparison_leaves_undecided_seeds_out_and_counts_them() {
    let folder = folder();
    let file = stopped(&folder);
    let more = ["--set", "limits.events=100000", "--set", "duration=10s"];
    let compare = ["compare", &file, "--seeds", "0..4"];
    let compare = [&compare[..], &more].concat();
    let output = mtasim(&compare);
    code(&output, UNDECIDED);
    let page = text(&output.stdout);
    assert!(
        page.contains("fixed 0, broke 0, both 0, neither 0; of 0 seeds"),
        "{page}"
    );
    assert!(page.contains("UNDECIDED 4, left out"), "{page}");
    assert!(
        page.contains("cut off at limits.events: 4 -> 0 runs"),
        "{page}"
    );
    let object = in_json(&compare);
    assert_eq!(object["verdict"], "undecided");
    assert_eq!(object["pairs"][0]["undecided"], 4);
    assert_eq!(
        object["cut_off"]["limits.events"],
        serde_json::json!([4, 0])
    );
}

/// An arm that is cut off after one failure and before another has not fixed the other.
#[test]
fn a_signature_that_a_cut_off_run_has_not_shown_is_undecided() {
    let compare = [
        "compare",
        "sims/casebook/q303102-cb-leak.toml",
        "--seeds",
        "1..3",
        "--set",
        "limits.events=12000",
    ];
    let output = mtasim(&compare);
    code(&output, UNDECIDED);
    let page = text(&output.stdout);
    let words = "control-block-exhaustion: control block pool: 2 -> 0 runs\n    UNDECIDED 0 -> 2 more, which a limit \
                 cut off before they showed it\n";
    assert!(page.contains(words), "{page}");
    assert!(
        page.contains("cut off at limits.events: 0 -> 2 runs"),
        "{page}"
    );
    let object = in_json(&compare);
    assert_eq!(object["verdict"], "undecided");
    let open = serde_json::json!({ "control-block-exhaustion: control block pool": [0, 2] });
    assert_eq!(object["signatures_undecided"], open);
    // A signature that nobody asks for decides nothing.
    let asked = [&compare[..], &["--signature", "leak"]].concat();
    code(&mtasim(&asked), 0);
}

#[test]
fn a_search_whose_executions_were_cut_off_has_proved_nothing() {
    let verify = [
        "verify",
        "sims/verify/two-allocations.toml",
        "--build",
        "5.5.2655.16",
        "--preemptions",
        "1",
        "--set",
        "limits.calls=60",
    ];
    let output = mtasim(&verify);
    code(&output, UNDECIDED);
    let page = text(&output.stdout);
    assert!(page.contains("UNDECIDED: "), "{page}");
    assert!(
        page.contains(" at limits.calls; what would have followed is not covered"),
        "{page}"
    );
    assert!(!page.contains("PASS"), "{page}");
    let object = in_json(&verify);
    assert_eq!(object["verdict"], "undecided");
    assert_eq!(object["cut_off"]["limits.calls"], object["executions"]);
}

#[test]
fn an_execution_of_more_calls_than_a_search_follows_is_cut_off() {
    let folder = folder();
    // 3,600 messages, with more than twenty calls each.
    let long = STOPPED
        .replace("[limits]\nevents = 1\n", "")
        .replace("5.5.2653.23", "5.5.2655.16");
    let file = scenario_file(&folder, "long.toml", &long);
    let verify = ["verify", &file, "--max-runs", "1", "--preemptions", "0"];
    let object = in_json(&verify);
    assert_eq!(object["verdict"], "undecided");
    let limit = "65535 calls of an execution, which is all that a search follows";
    assert_eq!(object["cut_off"][limit], 1, "{object}");
}

#[test]
fn the_page_of_a_run_that_was_cut_off_says_so() {
    let folder = folder();
    let page = folder.path().join("page.html");
    let file = stopped(&folder);
    let report = ["report", &file, "-o", argument(&page)];
    let object = in_json(&report);
    assert_eq!(object["verdict"], "undecided");
    assert_eq!(object["cut_off"], "limits.events");
    let page = fs::read_to_string(page).expect("a page");
    assert!(page.contains("UNDECIDED: cut off at limits.events at 0:00:00"));
    assert!(page.contains("No failure before the run was cut off"));
    assert!(!page.contains("PASS"));
}

#[test]
fn an_explanation_of_a_run_that_was_cut_off_is_undecided() {
    let folder = folder();
    let explain = ["explain", &stopped(&folder)];
    let output = mtasim(&explain);
    code(&output, UNDECIDED);
    let said = text(&output.stderr);
    let words = "undecided: the run shows no failure to explain, and it was cut off at limits.events after ";
    assert!(said.contains(words), "{said}");
    assert!(said.contains("; raise limits.events"), "{said}");
    let object = in_json(&explain);
    assert_eq!(object["verdict"], "undecided");
    assert_eq!(object["cut_off"], "limits.events");
    // Without the limit the same run is decided: it has none.
    let longer = ["--set", "limits.events=1000000", "--set", "duration=10s"];
    code(&mtasim(&[&explain[..], &longer].concat()), 1);
}

/// Both what is known and what is not.
#[test]
fn a_failure_before_the_limit_is_explained_and_replayed_with_a_word_about_the_limit() {
    let folder = folder();
    let capsule = capsule(&folder.path().join("out"));
    let output = mtasim(&["explain", &capsule, "--reseeds", "0"]);
    code(&output, 0);
    let page = text(&output.stdout);
    assert!(
        page.contains("later the run was cut off at limits.violations: "),
        "{page}"
    );
    let replayed = mtasim(&["replay", &capsule]);
    code(&replayed, 0);
    let page = text(&replayed.stdout);
    assert!(
        page.contains("the run was cut off at limits.violations after "),
        "{page}"
    );
    let json_of = mtasim(&["replay", &capsule, "--format", "json"]);
    assert_eq!(json(&json_of.stdout)["cut_off"], "limits.violations");
}

/// Where every run was cut off, nothing is known of the median, and no test case about decided runs passes.
#[test]
fn the_plot_and_the_test_cases_of_undecided_runs_say_so() {
    let folder = folder();
    let file = stopped(&folder);
    let plot = folder.path().join("plot.svg");
    let sweep = ["sweep", &file, "--seeds", "0..4", "--plot", argument(&plot)];
    let output = mtasim(&[&sweep[..], &["--format", "junit"]].concat());
    code(&output, UNDECIDED);
    let xml = text(&output.stdout);
    assert!(
        xml.contains("skipped=\"1\"") && xml.contains("<skipped/>"),
        "{xml}"
    );
    let plot = fs::read_to_string(plot).expect("a plot");
    let note = "in 0 of 4 runs; 4 UNDECIDED, cut off before; the median is undecided";
    assert!(plot.contains(note), "{plot}");
}

/// Some of these runs leak before the limit. Of the others it is unknown, so the rate has bounds.
#[test]
fn a_rate_over_runs_that_were_cut_off_has_bounds() {
    let folder = folder();
    let plot = folder.path().join("plot.svg");
    let vary = ["--vary", "limits.events=200,300", "--plot", argument(&plot)];
    let sweep = [&["sweep", LEAK, "--seeds", "0..4"], &vary[..]].concat();
    let object = in_json(&sweep);
    let failing = &object["failing"];
    let [runs, unknown] = ["runs", "unknown"].map(|key| failing[key].as_u64().expect("a count"));
    assert!(runs > 0 && unknown > 0 && runs + unknown <= 8, "{failing}");
    let number = |key: &str| failing[key].as_f64().expect("a number");
    assert!(
        (number("rate") - runs as f64 / 8.0).abs() < 1e-9,
        "{failing}"
    );
    if runs + unknown == 8 {
        assert_eq!(number("high"), 1.0, "{failing}");
    }
    let plot = fs::read_to_string(plot).expect("a plot");
    assert!(plot.contains(" UNDECIDED"), "{plot}");
}

/// The first leak of the case, with a limit that the run reaches after it.
fn capsule(out: &Path) -> String {
    let limit = "limits.violations=1";
    let sweep = ["sweep", LEAK, "--seeds", "1..2", "--set", limit];
    let output = mtasim(&[&sweep[..], &["--out", argument(out)]].concat());
    code(&output, UNDECIDED);
    let capsules = fs::read_dir(out.join("capsules")).expect("capsules");
    let first = capsules.map(|it| it.expect("one").path()).next();
    argument(&first.expect("the leak")).to_owned()
}

#[test]
fn a_failure_in_a_run_that_was_cut_off_is_shrunk_to_one_that_is_not() {
    let folder = folder();
    let capsule = capsule(&folder.path().join("out"));
    let small = folder.path().join("small.toml");
    let shrink = ["shrink", &capsule, "--budget", "60", "-o", argument(&small)];
    code(&mtasim(&shrink), 0);
    code(&mtasim(&["run", argument(&small)]), 0);
}

#[test]
fn a_part_is_not_necessary_because_the_run_without_it_was_cut_off() {
    // Without the outages there are more events until the failure than with them, and the limit comes before
    // the end.
    let folder = folder();
    let path = folder.path().join("leak.toml");
    let to_failure = ["duration=1032s", "workload.mail.end=1032s", "fault={}"];
    let arguments = to_failure.iter().flat_map(|it| ["--set", it]);
    let arguments: Vec<&str> = ["run", LEAK, "--format", "json"]
        .into_iter()
        .chain(arguments)
        .collect();
    let events = json(&mtasim(&arguments).stdout)["events"]
        .as_u64()
        .expect("a number");
    let leak = fs::read_to_string(Path::new(crate::ROOT).join(LEAK)).expect("the case");
    fs::write(
        &path,
        format!("{leak}\n[limits]\nevents = {}\n", events + 1),
    )
    .expect("a file");
    let output = mtasim(&[
        "explain",
        argument(&path),
        "--reseeds",
        "0",
        "--format",
        "json",
    ]);
    code(&output, 0);
    let explanation = json(&output.stdout);
    let parts = explanation["parts"].as_array().expect("parts");
    let undecided = parts.iter().filter(|it| it["necessity"] == "undecided");
    assert!(undecided.count() > 0, "{explanation}");
}

#[test]
fn a_thread_that_is_stopped_in_the_middle_of_the_heap_has_corrupted_nothing() {
    for seed in ["53", "54", "55", "56"] {
        let cut = [
            "run",
            "sims/casebook/q152941-fixed.toml",
            "--seed",
            seed,
            "--set",
            "limits.calls=10000",
            "--set",
            "expect={}",
            "--set",
            "fault={}",
        ];
        code(&mtasim(&cut), UNDECIDED);
    }
}

/// Threads that make no more calls leave no event behind.
#[test]
fn an_execution_whose_last_call_reaches_the_limit_is_cut_off() {
    for calls in ["300", "306", "330"] {
        let limit = format!("limits.calls={calls}");
        let search = [
            "verify",
            "sims/verify/close-vs-timeout.toml",
            "--set",
            &limit,
        ];
        code(&mtasim(&search), UNDECIDED);
    }
}
