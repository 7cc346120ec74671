//! A campaign: every option of every command with hostile values, and damaged capsules and results. Whatever they are,
//! the exit code is one that `mtasim --help` lists for it, and the answer comes soon.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::{argument, code, mtasim, text};

const CLEAN: &str = "sims/smoke/clean-link.toml";
const LEAK: &str = "sims/canary/late-close-5.5.toml";

const VALUES: [&str; 36] = [
    "0",
    "-0",
    "-1",
    "1",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "NaN",
    "inf",
    "-inf",
    "0x10",
    "",
    " ",
    "a",
    "..",
    "1..",
    "..1",
    "5..1",
    "1..18446744073709551616",
    "1/0",
    "-1/4",
    "5/4",
    "0s",
    "-1s",
    "18446744073709551615h",
    "a=b",
    "=",
    "a.b.c=1",
    "host=1",
    "seed=",
    "link.wan=1",
    "/",
    ".",
    "-",
    "\u{1b}[31mred",
    "\u{202e}\u{fffe}",
];

/// Runs the program for at most a minute, which a machine that does much else may need.
fn attempt(arguments: &[&str]) -> Output {
    Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_mtasim")])
        .args(arguments)
        .current_dir(crate::ROOT)
        .output()
        .expect("coreutils has timeout")
}

/// Fails unless the exit code is a finding, a refusal or success, and errors are said without a control character.
#[track_caller]
fn survives(arguments: &[&str]) {
    let output = attempt(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(
        matches!(code, Some(0..=5)),
        "{arguments:?}: {code:?} {said}"
    );
    assert!(!said.contains('\u{1b}'), "{arguments:?}: {said}");
    let is_silent = output.stderr.is_empty() && output.stdout.is_empty();
    assert!(code == Some(0) || !is_silent, "{arguments:?}");
}

/// A sweep of three seeds, all of which leak.
fn sweep_into(out: &str) -> [&str; 8] {
    [
        "sweep",
        LEAK,
        "--seeds",
        "0..3",
        "--recheck",
        "0",
        "--out",
        out,
    ]
}

/// The results of a sweep, and a capsule of it.
fn swept(folder: &Path) -> (PathBuf, PathBuf) {
    let out = folder.join("swept");
    code(&mtasim(&sweep_into(argument(&out))), 0);
    let mut capsules = fs::read_dir(out.join("capsules")).expect("capsules");
    let capsule = capsules.next().expect("one").expect("an entry").path();
    (out, capsule)
}

#[test]
#[ignore = "campaign: a thousand runs of the program"]
fn every_option_answers_every_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, capsule) = swept(folder.path());
    let capsule = argument(&capsule);
    let place = |name: &str| argument(&folder.path().join(name)).to_owned();
    let (page, pinned, found) = (place("page.html"), place("pinned.toml"), place("found"));
    let verify = "sims/verify/close-vs-timeout.toml";
    let commands: [(&[&str], &[&str]); 9] = [
        (
            &["run", CLEAN],
            &["--seed", "--set", "--format", "--color", "--log"],
        ),
        (&["check", CLEAN], &["--set", "--format"]),
        (
            &["sweep", CLEAN, "--recheck", "0", "--seeds", "0..1"],
            &[
                "--jobs",
                "--vary",
                "--shard",
                "--stop-after",
                "--until-first",
                "--plot-of",
                "--set",
            ],
        ),
        (
            &["report", CLEAN, "--force", "-o", &page],
            &["--seed", "--set", "--explain"],
        ),
        (&["ping", CLEAN], &["--link", "--at", "--seed", "--set"]),
        (
            &["compare", CLEAN, "--seeds", "0..1"],
            &[
                "--builds",
                "--set",
                "--set-first",
                "--set-all",
                "--signature",
                "--jobs",
                "--arms",
            ],
        ),
        (
            &["shrink", capsule, "--budget", "3", "--force", "-o", &pinned],
            &["--format"],
        ),
        (
            &[
                "verify",
                verify,
                "--max-runs",
                "5",
                "--force",
                "--out",
                &found,
            ],
            &["--build", "--seed", "--preemptions", "--set"],
        ),
        (&["replay", capsule], &["--until", "--window"]),
    ];
    for (command, options) in commands {
        for option in options {
            for value in VALUES {
                let given = format!("{option}={value}");
                survives(&[command, &[&given]].concat());
            }
        }
    }
}

/// Cuts, flips, removes, repeats: mutation `number` of the bytes.
fn mutated(bytes: &[u8], number: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    // A fixed step that is no divisor of usual lengths visits all places in turn.
    let at = number.wrapping_mul(7_919) % bytes.len();
    let end = (at + 1 + number % 40).min(bytes.len());
    match number % 4 {
        0 => changed.truncate(at),
        1 => changed[at] ^= 1 << (number / 4 % 8),
        2 => drop(changed.drain(at..end)),
        _ => drop(changed.splice(at..at, bytes[at..end].iter().copied())),
    }
    changed
}

#[test]
#[ignore = "campaign: a thousand runs of the program"]
fn damaged_capsules_and_results_are_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, capsule) = swept(folder.path());
    let whole = fs::read(&capsule).expect("the capsule");
    let damaged = folder.path().join("damaged.toml");
    let page = folder.path().join("page.html");
    for number in 0..600 {
        fs::write(&damaged, mutated(&whole, number)).expect("a file");
        let command = ["replay", "check", "explain"][number % 3];
        survives(&[command, argument(&damaged)]);
    }
    for name in ["sweep.json", "seeds.jsonl", "summary.json"] {
        let path = out.join(name);
        let whole = fs::read(&path).expect("a result");
        for number in 0..100 {
            fs::write(&path, mutated(&whole, number)).expect("a file");
            let out = argument(&out);
            survives(&sweep_into(out));
            survives(&[
                "report",
                out,
                "--force",
                "--explain",
                "never",
                "-o",
                argument(&page),
            ]);
        }
        fs::write(&path, whole).expect("a file");
    }
    let said = attempt(&sweep_into(argument(&out)));
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
}
