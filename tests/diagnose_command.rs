//! `mtasim diagnose`: exit codes, text and JSON, and the event log beside a Winsock.log.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

use crate::program::{argument, code, mtasim, text};

const FAILURE: &str = "crates/diagnose/tests/it/data/failure.txt";
const NORMAL: &str = "crates/diagnose/tests/it/data/normal.txt";
const EVENTS: &str = "crates/diagnose/tests/it/data/events.txt";

fn json(output: &Output) -> Vec<Json> {
    let lines = text(&output.stdout).lines();
    lines
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

fn verdicts(diagnosis: &Json) -> Vec<(u64, &str)> {
    let lives = diagnosis["lives"].as_array().expect("it has lives");
    let verdict = |it: &Json| it["verdict"].as_str().map(str::to_owned);
    assert!(lives.iter().all(|it| verdict(it).is_some()));
    lives
        .iter()
        .map(|it| {
            let cb = it["cb"].as_u64().expect("a number");
            (cb, it["verdict"].as_str().expect("a word"))
        })
        .collect()
}

#[test]
fn the_articles_excerpts_have_its_answers() {
    let output = mtasim(&["diagnose", FAILURE]);
    code(&output, 1);
    let page = text(&output.stdout);
    assert!(
        page.contains("leaked  1: allocated, but never used"),
        "{page}"
    );
    assert!(page.contains("CB 18 (instance 21), lines 1-5: "), "{page}");
    let output = mtasim(&["diagnose", NORMAL]);
    code(&output, 0);
    assert!(text(&output.stdout).contains("No leak.\n"));
    let output = mtasim(&["diagnose", FAILURE, NORMAL, "--format", "json"]);
    code(&output, 1);
    let reported = json(&output);
    assert_eq!(verdicts(&reported[0]), [(18, "leaked")]);
    let life = &reported[0]["lives"][0];
    assert_eq!(life["instance"], 21);
    assert_eq!(life["evidence"], serde_json::json!([1, 2, 3, 4, 5]));
    assert_eq!(
        verdicts(&reported[1]),
        [(0, "in use"), (1, "in use"), (2, "in use")]
    );
}

#[test]
fn events_alone_prove_nothing() {
    let output = mtasim(&["diagnose", EVENTS]);
    code(&output, 0);
    let page = text(&output.stdout);
    assert!(page.contains("1 x 9215, connect() failed: not conclusive (Q303102)"));
    assert!(page.ends_with("Events cannot prove a leak, only Winsock.log can (Q303102).\n"));
    let reported = json(&mtasim(&["diagnose", EVENTS, "--format", "json"]));
    assert_eq!(reported[0]["events"][0]["id"], 9214);
    assert_eq!(reported[0]["events"][0]["weight"], "symptom");
}

#[test]
fn what_is_no_log_is_two_and_what_cannot_be_read_is_four() {
    let output = mtasim(&["diagnose", "Cargo.toml"]);
    code(&output, 2);
    assert_eq!(text(&output.stdout), "");
    let reported = text(&output.stderr);
    assert!(
        reported.starts_with("mtasim: Cargo.toml: not a Winsock.log: none of its "),
        "{reported}"
    );
    assert!(
        reported.contains("the form `(008) No more data`"),
        "{reported}"
    );
    let output = mtasim(&["diagnose", "/nowhere/at.all", FAILURE]);
    code(&output, 4);
    assert!(text(&output.stderr).starts_with("mtasim: cannot read /nowhere/at.all: "));
    // The other log is diagnosed nevertheless.
    assert!(text(&output.stdout).contains("leaked  1"));
    code(&mtasim(&["diagnose"]), 2);
}

/// UTF-16 with a byte order mark and CRLF, from a pipe.
#[test]
fn standard_input_is_read_in_any_encoding() {
    let article = std::fs::read_to_string(Path::new(crate::ROOT).join(FAILURE));
    let article = article.expect("it is there").replace('\n', "\r\n");
    let wide: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(article.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(["diagnose", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it was piped");
    stdin.write_all(&wide).expect("it is read");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    code(&output, 1);
    assert!(text(&output.stdout).contains("CB 18 (instance 21), lines 1-5: "));
}

/// A run's folder has both logs of a host, as the MTA's own folder has.
#[test]
fn the_event_log_beside_tells_which_calls_were_given_up() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("leak");
    let run = mtasim(&[
        "run",
        "sims/casebook/q303102-cb-leak.toml",
        "--out",
        argument(&out),
        "--format",
        "json",
    ]);
    code(&run, 0);
    let log = out.join("PARIS.Winsock.log");
    let reported = json(&mtasim(&["diagnose", argument(&log), "--format", "json"]));
    let count = |reported: &Json, verdict: &str| {
        let verdicts = verdicts(reported).into_iter();
        verdicts.filter(|it| it.1 == verdict).count()
    };
    let leaks = json(&run)[0]["violations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["kind"] == "control-block-leak")
        .count();
    assert!(leaks > 10, "{leaks}");
    assert_eq!(count(&reported[0], "leaked"), leaks);
    assert_eq!(count(&reported[0], "unknown"), 0);
    let beside = reported[0]["event_log"].as_str().expect("it was found");
    assert!(beside.ends_with("PARIS.events.txt"), "{beside}");
    let alone = mtasim(&["diagnose", "--alone", argument(&log), "--format", "json"]);
    code(&alone, 1);
    let alone = json(&alone);
    assert_eq!(alone[0]["event_log"], Json::Null);
    let (leaked, unknown) = (count(&alone[0], "leaked"), count(&alone[0], "unknown"));
    assert!(unknown > 0);
    assert!((leaked..=leaked + unknown).contains(&leaks), "{alone:?}");
    // The called side does not leak.
    code(
        &mtasim(&["diagnose", argument(&out.join("LYON.Winsock.log"))]),
        0,
    );
}
