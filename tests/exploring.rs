//! The commands that make many runs: exit codes, results directories, interruptions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{argument, code, mtasim, text};

const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";
/// Shortens its run.
const SHORT: [&str; 6] = [
    "--set",
    "duration=20m",
    "--set",
    "workload.mail.end=15m",
    "--set",
    "expect={ only = false }",
];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

fn sweep(more: &[&str]) -> Output {
    let mut arguments = vec!["sweep", LEAK, "--set", "fault={}"];
    arguments.extend(SHORT);
    arguments.extend(more);
    mtasim(&arguments)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

/// The results directory of a sweep and one of its capsules.
fn swept(folder: &Path) -> PathBuf {
    code(&sweep(&["--seeds", "0..6", "--out", argument(folder)]), 0);
    let capsules = fs::read_dir(folder.join("capsules")).expect("capsules");
    let mut paths: Vec<PathBuf> = capsules.map(|it| it.expect("one").path()).collect();
    paths.sort();
    paths.swap_remove(0)
}

#[test]
fn a_sweep_says_what_goes_wrong_and_how_to_repeat_it() {
    let folder = folder();
    let out = argument(folder.path());
    let output = sweep(&["--seeds", "0..6", "--out", out]);
    code(&output, 0);
    let page = text(&output.stdout);
    assert!(page.contains("control-block-leak: "), "{page}");
    let repeat = page
        .lines()
        .find_map(|line| line.trim().strip_prefix("to reproduce:"));
    let repeat: Vec<&str> = repeat.expect("a command").split_whitespace().collect();
    assert_eq!(repeat[0], "mtasim");
    let replayed = mtasim(&repeat[1..]);
    code(&replayed, 0);
    assert!(text(&replayed.stdout).contains("PASS: same run, digest "));
    let again = sweep(&["--seeds", "0..6", "--out", out, "--format", "json"]);
    let summary = json(&again);
    assert_eq!(summary["schema_version"], 4);
    assert_eq!(summary["runs"], 6);
    let written = fs::read(folder.path().join("summary.json")).expect("a summary");
    assert_eq!(written, again.stdout);
}

#[test]
fn a_run_that_is_not_as_expected_is_one() {
    let none = ["--set", "expect={}"];
    let output = mtasim(
        &[
            &["sweep", LEAK, "--seeds", "0..2", "--recheck", "0"][..],
            &none,
        ]
        .concat(),
    );
    code(&output, 1);
    assert!(text(&output.stdout).contains("0 as the scenario expects, 2 not"));
}

#[test]
fn wrong_words_and_folders_are_two() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    for wrong in [
        &["--seeds", "5.."][..],
        &["--seeds", "0..4", "--shard", "3/2"],
        &["--seeds", "0..4", "--shard", "auto/2"],
        &["--seeds", "0..4", "--vary", "host.PARIS.cpus"],
        &["--seeds", "0..4", "--vary", "host.PARIS.cpus=many"],
    ] {
        let output = sweep(wrong);
        code(&output, 2);
        assert!(!output.stderr.is_empty(), "{wrong:?}");
    }
    code(&sweep(&["--seeds", "0..4", "--out", argument(&file)]), 4);
    code(&mtasim(&["merge", argument(&file), "--out", "x"]), 4);
}

#[test]
fn a_shard_takes_its_number_from_the_cluster() {
    let folder = folder();
    let mut parts = Vec::new();
    let whole = folder.path().join("whole");
    code(&sweep(&["--seeds", "0..6", "--out", argument(&whole)]), 0);
    for (name, value) in [("SLURM_ARRAY_TASK_ID", "0"), ("JOB_COMPLETION_INDEX", "1")] {
        let part = folder.path().join(value);
        let mut arguments = vec!["sweep", LEAK, "--set", "fault={}"];
        arguments.extend(SHORT);
        arguments.extend([
            "--seeds",
            "0..6",
            "--shard",
            "auto/2",
            "--out",
            argument(&part),
        ]);
        let output = Command::new(env!("CARGO_BIN_EXE_mtasim"))
            .args(arguments)
            .env(name, value)
            .current_dir(crate::ROOT)
            .output()
            .expect("the program starts");
        code(&output, 0);
        parts.push(part);
    }
    let merged = folder.path().join("merged");
    let parts: Vec<&str> = parts.iter().map(|part| argument(part)).collect();
    code(
        &mtasim(&[&["merge"], &parts[..], &["--out", argument(&merged)]].concat()),
        0,
    );
    for name in ["seeds.jsonl", "summary.json", "sweep.json"] {
        let bytes = |folder: &Path| fs::read(folder.join(name)).expect("a file");
        assert!(bytes(&whole) == bytes(&merged), "{name}");
    }
}

#[test]
fn damaged_and_foreign_capsules_are_rejected() {
    let folder = folder();
    let capsule = swept(&folder.path().join("out"));
    let whole = fs::read_to_string(&capsule).expect("a capsule");
    let strange = folder.path().join("strange.toml");
    for (bytes, word) in [
        ("title = \"x\"".to_owned(), "it is not a capsule of mtasim"),
        (whole[..whole.len() / 2].to_owned(), "it is truncated"),
        (whole.replace("seed = \"", "seed = \"1"), "it was changed"),
    ] {
        fs::write(&strange, bytes).expect("a file");
        for command in ["replay", "shrink"] {
            let out = folder.path().join("pinned.toml");
            let mut arguments = vec![command, argument(&strange)];
            if command == "shrink" {
                arguments.extend(["-o", argument(&out)]);
            }
            let output = mtasim(&arguments);
            code(&output, 2);
            let reported = text(&output.stderr);
            assert!(reported.contains(word), "{reported}");
            assert!(!out.exists());
        }
    }
    code(&mtasim(&["replay", "/nowhere/at.all"]), 4);
}

/// The packets of a capture: its enhanced packet blocks (pcapng section 4.3).
fn packets(capture: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut found) = (capture, Vec::new());
    while let [a, b, c, d, e, f, g, h, ..] = *rest {
        let length = u32::from_le_bytes([e, f, g, h]) as usize;
        if u32::from_le_bytes([a, b, c, d]) == 6 {
            found.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    found
}

#[test]
fn the_packets_of_a_capsule_are_those_of_its_run() {
    let folder = folder();
    let capsule = swept(folder.path());
    let place = |name: &str| folder.path().join(name);
    let (replayed, ran) = (place("replay.pcapng"), place("run.pcapng"));
    let trace = place("replay.pftrace");
    let views = [
        "--pcap",
        argument(&replayed),
        "--perfetto",
        argument(&trace),
    ];
    let output = mtasim(&[&["replay", argument(&capsule)][..], &views].concat());
    code(&output, 0);
    assert!(text(&output.stdout).contains("PASS: same run, digest "));
    for path in [&replayed, &trace] {
        let wrote = format!("wrote {}\n", path.display());
        assert!(text(&output.stderr).contains(&wrote), "{wrote}");
    }
    assert!(fs::read(&trace).expect("a trace").len() > 10_000);
    let output = mtasim(&["run", argument(&capsule), "--pcap", argument(&ran)]);
    code(&output, 0);
    let [replayed, ran] = [&replayed, &ran].map(|path| fs::read(path).expect("a capture"));
    assert!(packets(&replayed).len() > 100);
    assert!(packets(&replayed) == packets(&ran), "the packets differ");
}

#[test]
fn a_shrunk_failure_is_a_scenario_that_runs_and_is_explained() {
    let folder = folder();
    let capsule = swept(&folder.path().join("out"));
    let pinned = folder.path().join("pinned.toml");
    let shrink = ["shrink", argument(&capsule), "-o", argument(&pinned)];
    let output = mtasim(&shrink);
    code(&output, 0);
    assert!(text(&output.stdout).contains("#[test]\nfn control_block_leak_"));
    code(&mtasim(&["run", argument(&pinned)]), 0);
    let output = mtasim(&["explain", argument(&pinned), "--format", "json"]);
    code(&output, 0);
    let explanation = json(&output);
    let parts = explanation["parts"].as_array().expect("parts");
    assert!(
        parts
            .iter()
            .all(|part| part["necessity"] != "not-necessary")
    );
    // An existing file is overwritten only on request.
    let before = fs::read(&pinned).expect("a file");
    code(&mtasim(&shrink), 4);
    assert_eq!(fs::read(&pinned).expect("a file"), before);
}

#[test]
fn compare_answers_with_the_four_cells() {
    let builds = ["--builds", "5.5.2653.23,5.5.2655.16"];
    let some = ["compare", LEAK, "--seeds", "0..8", "--format", "json"];
    let output = mtasim(&[&some[..], &builds].concat());
    code(&output, 0);
    let answer = json(&output);
    let pair = &answer["pairs"][0];
    assert_eq!(
        pair["fixed"].as_u64().zip(pair["broke"].as_u64()),
        Some((8, 0))
    );
    assert_eq!(
        pair["both"].as_u64().zip(pair["neither"].as_u64()),
        Some((0, 0))
    );
    assert_eq!(pair["p"], 0.007_812_5);
    let set = [
        "compare",
        LEAK,
        "--seeds",
        "0..2",
        "--set",
        "host.PARIS.build=5.5.2655.16",
    ];
    let output = mtasim(&set);
    code(&output, 0);
    assert!(text(&output.stdout).contains("as in the file -> host.PARIS.build=5.5.2655.16"));
    code(&mtasim(&["compare", LEAK, "--seeds", "0..2"]), 2);
    code(
        &mtasim(&[
            "compare",
            LEAK,
            "--seeds",
            "0..2",
            "--builds",
            "5.5.2653.23",
        ]),
        2,
    );
    code(
        &mtasim(&["compare", LEAK, "--seeds", "0..2", "--builds", "1,2"]),
        2,
    );
}

#[test]
fn an_interrupted_sweep_keeps_what_is_finished_and_goes_on() {
    let folder = folder();
    let out = folder.path().join("out");
    let arguments = [
        "sweep",
        LEAK,
        "--seeds",
        "0..100000",
        "--out",
        argument(&out),
    ];
    let mut child = Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(arguments)
        .current_dir(crate::ROOT)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = || fs::read_dir(out.join("capsules")).is_ok_and(|mut found| found.next().is_some());
    while !begun() {
        assert!(
            child.try_wait().expect("it runs").is_none(),
            "it ended too soon"
        );
        std::thread::yield_now();
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("kill is there").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let summary = fs::read(out.join("summary.json")).expect("a summary");
    let summary: Value = serde_json::from_slice(&summary).expect("JSON");
    assert_eq!(summary["complete"], false);
    let rows = || fs::read_to_string(out.join("seeds.jsonl")).expect("rows");
    let before = rows();
    assert_eq!(summary["runs"], before.lines().count());
    let more = (before.lines().count() + 2).to_string();
    let mut going_on = arguments.to_vec();
    going_on.extend(["--stop-after", &more]);
    code(&mtasim(&going_on), 0);
    assert!(rows().starts_with(&before) && rows().len() > before.len());
}

#[test]
fn a_seed_of_a_swarm_is_run_by_itself() {
    let folder = folder();
    let out = argument(folder.path());
    let swarm = ["--swarm", "--seeds", "3..6", "--out", out];
    code(&sweep(&[&swarm[..], &["--recheck", "0"]].concat()), 0);
    let rows = fs::read_to_string(folder.path().join("seeds.jsonl")).expect("rows");
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("a row");
        let seed = row["seed"].to_string();
        let mut arguments = vec!["run", LEAK, "--set", "fault={}"];
        arguments.extend(SHORT);
        arguments.extend(["--seed", &seed, "--swarm", "--format", "json"]);
        let output = mtasim(&arguments);
        code(&output, 0);
        assert_eq!(json(&output)["digest"], row["digest"]);
        let reported = text(&output.stderr);
        let loss = row["selected"]["link.wan.loss"]
            .as_str()
            .expect("a setting");
        assert!(
            reported.contains(&format!("swarm: link.wan.loss {loss}")),
            "{reported}"
        );
    }
    // A sweep without a swarm cannot resume in the same folder.
    code(
        &sweep(&["--seeds", "3..6", "--recheck", "0", "--out", out]),
        2,
    );
}

/// A sweep that is killed resumes with the same command and ends with the same results as one
/// that was not.
#[test]
fn a_killed_sweep_goes_on_as_if_nothing_had_been() {
    let folder = folder();
    let [killed, whole] = ["killed", "whole"].map(|name| folder.path().join(name));
    let arguments = |out| {
        let canary = "sims/canary/late-close-5.5.toml";
        [
            "sweep",
            canary,
            "--seeds",
            "0..300",
            "--recheck",
            "0",
            "--out",
            argument(out),
        ]
        .map(str::to_owned)
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(arguments(&killed))
        .current_dir(crate::ROOT)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let rows = || fs::read_to_string(killed.join("seeds.jsonl")).unwrap_or_default();
    while rows().is_empty() {
        assert!(
            child.try_wait().expect("it runs").is_none(),
            "it ended too soon"
        );
        std::thread::yield_now();
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    let kept = rows().lines().count();
    assert!(!killed.join("summary.json").exists() && kept < 300);
    for out in [&killed, &whole] {
        let arguments = arguments(out);
        code(&mtasim(&arguments.each_ref().map(String::as_str)), 0);
    }
    for name in ["seeds.jsonl", "summary.json", "sweep.json"] {
        let bytes = |folder: &Path| fs::read(folder.join(name)).expect("a file");
        assert!(bytes(&killed) == bytes(&whole), "{name}");
    }
}

/// Rates under an adversary mean nothing, and the output says so.
#[test]
fn a_sweep_under_an_adversary_says_that_its_rates_mean_nothing() {
    let sweep = |scheduler: &str| {
        let set = format!("scheduler={scheduler}");
        let seeds = ["--seeds", "0..1", "--recheck", "0"];
        let short = ["--set", "duration=1m", "--set", &set];
        let arguments = [&["sweep", "sims/smoke/clean-link.toml"], &seeds[..], &short].concat();
        text(&mtasim(&arguments).stderr).to_owned()
    };
    let reported = "note: scheduler `pct` searches for failures: the failure rate under it says nothing \
                about the rate in practice\n";
    assert_eq!(sweep("pct"), reported);
    assert_eq!(sweep("timed"), "");
}
