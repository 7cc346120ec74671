//! `mtasim diagnose`: exit codes, text and JSON, and the event log beside a Winsock.log.

use std::fs;
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
    let article = fs::read_to_string(Path::new(crate::ROOT).join(FAILURE));
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
    let leaked = count(&alone[0], "leaked");
    let unknown = count(&alone[0], "unknown") + count(&alone[0], "suspected");
    assert!(unknown > 0);
    assert!((leaked..=leaked + unknown).contains(&leaks), "{alone:?}");
    // The called side does not leak.
    code(
        &mtasim(&["diagnose", argument(&out.join("LYON.Winsock.log"))]),
        0,
    );
}

/// The verdicts of the blocks other than the one that listens, with the reasons.
fn blocks(arguments: &[&str], expected: i32) -> Vec<(u64, String, String)> {
    let output = mtasim(&[&["diagnose", "--format", "json"], arguments].concat());
    code(&output, expected);
    let reported = json(&output);
    let last = reported.last().expect("a diagnosis");
    let lives = last["lives"].as_array().expect("lives").iter();
    let lives = lives.filter(|it| it["cb"] != 0);
    let word = |it: &Json, key: &str| it[key].as_str().expect("a word").to_owned();
    lives
        .map(|it| {
            let cb = it["cb"].as_u64().expect("a number");
            (cb, word(it, "verdict"), word(it, "why"))
        })
        .collect()
}

fn leaked(found: &[(u64, String, String)]) -> Vec<u64> {
    let leaked = found.iter().filter(|it| it.1 == "leaked");
    leaked.map(|it| it.0).collect()
}

#[test]
fn an_event_log_counts_in_whatever_order_and_parts_it_was_saved() {
    let data = |name: &str| format!("crates/diagnose/tests/it/data/{name}");
    let newest_first = [
        data("newest-first/Winsock.log"),
        data("newest-first/events.txt"),
    ];
    let found = blocks(&newest_first.each_ref().map(String::as_str), 1);
    assert_eq!(leaked(&found), [1], "{found:?}");
    // Both parts, named or found beside the log.
    let [log, old, new] =
        ["Winsock.log", "EV1.LOG", "EV0.LOG"].map(|it| data(&format!("rolled-over/{it}")));
    for files in [&[&log, &old, &new][..], &[&new, &log, &old], &[&log]] {
        let files: Vec<&str> = files.iter().map(|it| it.as_str()).collect();
        let found = blocks(&files, 1);
        assert_eq!(leaked(&found), [1, 2], "{files:?}: {found:?}");
    }
    let clipboard = [data("clipboard/Winsock.log"), data("clipboard/events.txt")];
    let found = blocks(&clipboard.each_ref().map(String::as_str), 1);
    assert_eq!(leaked(&found), [1], "{found:?}");
    assert_eq!(found.len(), 3);
}

#[test]
fn what_is_not_all_of_the_events_or_runs_backward_gives_no_verdict() {
    let data = |name: &str| format!("crates/diagnose/tests/it/data/{name}");
    let [log, old] = ["Winsock.log", "EV1.LOG"].map(|it| data(&format!("rolled-over/{it}")));
    let output = mtasim(&["diagnose", &log, &old]);
    assert_ne!(output.status.code(), Some(0));
    let note = "the newer part EV0.LOG is not given";
    assert!(text(&output.stderr).contains(note), "{output:?}");
    // Names in any case.
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (from, to) in [
        ("Winsock.log", "winsock.LOG"),
        ("EV1.LOG", "Ev1.Log"),
        ("EV0.LOG", "ev0.log"),
    ] {
        let from = Path::new(crate::ROOT).join(data(&format!("rolled-over/{from}")));
        fs::copy(from, folder.path().join(to)).expect("it can be copied");
    }
    let found = blocks(&[argument(&folder.path().join("winsock.LOG"))], 1);
    assert_eq!(leaked(&found), [1, 2], "{found:?}");
    // A viewer's export with the newest line first.
    let lines = [
        "50 (008) Wait for cb 0, handle 1",
        "40 (001) CB 1 (instance 1) allocated",
    ];
    let lines = lines.map(|it| format!("2001-06-06 23:59:{it}\n"));
    let path = folder.path().join("reversed.log");
    fs::write(&path, lines.concat()).expect("it can be written");
    let output = mtasim(&["diagnose", argument(&path)]);
    code(&output, 2);
    assert!(
        text(&output.stderr).contains("its newest lines come first"),
        "{output:?}"
    );
}

#[test]
fn the_whole_file_decides_the_order_of_day_and_month() {
    let log = "crates/diagnose/tests/it/data/day-first/Winsock.log";
    // The other order gives another verdict: the order is a guess, so the code is not 0.
    let found = blocks(&[log], 5);
    let wanted = (
        1,
        "in use".to_owned(),
        "being connected for 60 s".to_owned(),
    );
    assert_eq!(found, [wanted]);
    let output = mtasim(&["diagnose", log]);
    let note = "dates are read day first; the other order is possible, with a gap of 29 days";
    assert!(
        text(&output.stderr).contains(note),
        "{}",
        text(&output.stderr)
    );
    let page = text(&output.stdout);
    let said = "The order of day and month is a guess, and month first, the other one, gives other verdicts: \
                0 leaked, 1 suspected, 0 unknown, 1 in use. Say --dates day-first or month-first.";
    assert!(page.contains(said) && !page.contains("No leak."), "{page}");
    blocks(&[log, "--dates", "day-first"], 0);
    // The reader is told otherwise. All of the time is one gap.
    let found = blocks(&[log, "--dates", "month-first"], 1);
    assert_eq!(found[0].1, "suspected", "{found:?}");
}

/// A silent block, then `later` calls that come and go.
fn log_with_later_calls(later: u32) -> String {
    let call = |cb: u32, instance: u32| {
        format!(
            "(001) CB {cb} (instance {instance}) allocated\n\
             (001) Use thread cb 0 for Winsock cb {cb}\n(001) Message type 1 for cb {cb}\n\
             (008) Socket 61 created on cb {cb}\n\
             (008) Ac/Cl/Cn events for cb {cb}, socket 61, handle 56\n"
        )
    };
    let listener = "(008) CB 0 (instance 0) allocated\n(008) Wait for cb 0, handle 1\n";
    let closed = |instance| {
        format!(
            "{}(008) Wait for cb 2, handle 56\n(001) Message type 2 for cb 2\n\
             (008) close socket 61 on cb 2, handle 56\n",
            call(2, instance)
        )
    };
    let rest: String = (2..2 + later).map(closed).collect();
    format!("{listener}{}{rest}", call(1, 1))
}

#[test]
fn a_silent_block_that_later_calls_pass_is_suspected() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("Winsock.log");
    let file = argument(&path);
    fs::write(&path, log_with_later_calls(40)).expect("a file");
    let output = mtasim(&["diagnose", file]);
    code(&output, 1);
    let page = text(&output.stdout);
    assert!(
        page.contains("suspected 1: the pattern of Q303102"),
        "{page}"
    );
    assert!(
        page.contains("while 40 later calls came and went"),
        "{page}"
    );
    assert!(
        page.contains("To decide these, add the event log"),
        "{page}"
    );
    assert!(!page.contains("No leak."), "{page}");
    // So many calls at once say nothing about the oldest.
    let found = blocks(&[file, "--calls", "41"], 5);
    assert!(
        found.iter().any(|it| it.0 == 1 && it.1 == "unknown"),
        "{found:?}"
    );
    // No later call: it may have begun a moment ago.
    fs::write(&path, log_with_later_calls(0)).expect("a file");
    let output = mtasim(&["diagnose", file]);
    code(&output, 5);
    let page = text(&output.stdout);
    assert!(
        page.contains("No leak is proved, and none is ruled out."),
        "{page}"
    );
    assert!(!page.contains("No leak."), "{page}");
}

#[test]
fn no_line_is_dropped_without_a_word() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("Winsock.log");
    let damaged = log_with_later_calls(1).replace("(008) Wait for cb 0, handle 1\n", "x\n(9x9\n");
    fs::write(&path, damaged).expect("a file");
    let output = mtasim(&["diagnose", argument(&path)]);
    let page = text(&output.stdout);
    let said = "2 lines are not of a Winsock.log and are left out, the first of them line 2.";
    assert!(page.contains(said), "{page}");
    assert!(!page.contains("No leak."), "{page}");
    // A comment in front is none, and a line above all blocks is about none of them.
    let call = log_with_later_calls(0);
    let [_, _, rest @ ..] = &call.lines().collect::<Vec<_>>()[..] else {
        panic!("{call}")
    };
    let listener = "(008) CB 0 (instance 0) allocated\n(008) Wait for cb 0, handle 1\n";
    fs::write(&path, format!("# a comment\n-----\n{listener}")).expect("a file");
    code(&mtasim(&["diagnose", argument(&path)]), 0);
    // Most lines are unread.
    let rest: String = rest
        .iter()
        .map(|it| format!("{}\n", it.replace(' ', "")))
        .collect();
    fs::write(&path, format!("{listener}{rest}")).expect("a file");
    let output = mtasim(&["diagnose", argument(&path)]);
    code(&output, 5);
    let page = text(&output.stdout);
    assert!(!page.contains("No leak."), "{page}");
    assert!(
        page.contains("take out what is no part of the log"),
        "{page}"
    );
    // What a collector adds is understood: no line is left out.
    for prefix in [
        "<13>Jun  6 15:36:27 paris mta[12]: ",
        "<13>1 2001-06-06T15:36:27.250+02:00 paris mta 12 - - ",
        "2001-06-06T15:36:27Z ",
        "06.06.2001 15:36:27 ",
        "[15:36:27] ",
    ] {
        let text = log_with_later_calls(1);
        let lines = text.lines().map(|line| format!("{prefix}{line}\n"));
        fs::write(&path, lines.collect::<String>()).expect("a file");
        let reported = json(&mtasim(&["diagnose", argument(&path), "--format", "json"]));
        let summary = &reported[0]["summary"];
        assert_eq!(summary["left_out"], 0, "{prefix}");
        assert_eq!(summary["log_lines"], summary["lines"], "{prefix}");
    }
}

/// Writes files into a folder.
fn files(folder: &Path, contents: &[(&str, &str)]) -> Vec<String> {
    let write = |(name, text): &(&str, &str)| {
        let path = folder.join(name);
        fs::write(&path, text).expect("a file");
        argument(&path).to_owned()
    };
    contents.iter().map(write).collect()
}

/// Two calls that were never answered.
fn two_calls() -> String {
    let call = |cb: u32| {
        format!(
            "(001) CB {cb} (instance {cb}) allocated\n(001) Use thread cb 0 for Winsock cb {cb}\n\
             (001) Message type 1 for cb {cb}\n(008) Socket 6{cb} created on cb {cb}\n\
             (008) Ac/Cl/Cn events for cb {cb}, socket 6{cb}, handle 56\n"
        )
    };
    let listener = "(008) CB 0 (instance 0) allocated\n(008) Wait for cb 0, handle 1\n";
    format!("{listener}{}{}", call(1), call(2))
}

/// A row of Event Viewer's CSV.
fn row(id: &str, time: &str) -> String {
    format!("6/6/2001,{time} AM,MSExchangeMTA,Warning,X.400 Service ,{id},N/A,PARIS,x\n")
}

#[test]
fn event_logs_that_overlap_are_joined_and_only_those_that_count_are_named() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [start, first, second] = [("9298", "8:00"), ("289", "8:05"), ("289", "8:15")]
        .map(|(id, time)| row(id, &format!("{time}:00")));
    let all = format!("{second}{first}{start}");
    let paths = files(
        folder.path(),
        &[
            ("Winsock.log", &two_calls()),
            ("old.csv", &format!("{first}{start}")),
            ("new.csv", &format!("{second}{first}")),
            ("all.csv", &all),
        ],
    );
    let [log, old, new, whole] = [0, 1, 2, 3].map(|it: usize| paths[it].as_str());
    for order in [[log, old, new], [new, log, old]] {
        assert_eq!(leaked(&blocks(&order, 1)), [1, 2], "{order:?}");
    }
    let output = mtasim(&["diagnose", log, old, new]);
    assert!(
        text(&output.stdout).contains("with events from"),
        "{output:?}"
    );
    let said = "new.csv: 1 of its 2 events is in";
    assert!(text(&output.stderr).contains(said), "{output:?}");
    // A copy is not named in the heading, and the reason is said.
    let output = mtasim(&["diagnose", log, whole, old]);
    code(&output, 1);
    let heading = format!("12 lines, with events from {whole}\n");
    assert!(text(&output.stdout).contains(&heading), "{output:?}");
    let said = "old.csv: left out, because its 2 events are all in";
    assert!(text(&output.stderr).contains(said), "{output:?}");
}

#[test]
fn a_row_that_cannot_be_read_is_said_and_decides_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let start = row("9298", "8:00:00");
    let damaged = row("2x9", "8:05:00");
    let paths = files(
        folder.path(),
        &[
            ("Winsock.log", &two_calls()),
            ("events.csv", &format!("{start}{damaged}")),
        ],
    );
    let [log, events] = [0, 1].map(|it: usize| paths[it].as_str());
    let output = mtasim(&["diagnose", log, events]);
    let page = text(&output.stdout);
    assert!(!page.contains("No leak."), "{page}");
    assert!(
        page.contains("1 more event or line could not be read"),
        "{page}"
    );
    let said = "events.csv: 1 event cannot be read, the first of them in line 2;";
    assert!(text(&output.stderr).contains(said), "{output:?}");
    code(&mtasim(&["diagnose", events]), 5);
    let reported = json(&mtasim(&["diagnose", events, "--format", "json"]));
    assert_eq!(reported[0]["unread"], 1);
}

/// A part between two others may have any number of events.
#[test]
fn a_part_that_is_missing_is_named() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (start, call) = (row("9298", "8:00:00"), row("289", "8:05:00"));
    let paths = files(
        folder.path(),
        &[
            ("Winsock.log", &two_calls()),
            ("EV2.LOG", &start),
            ("EV0.LOG", &call),
        ],
    );
    let output = mtasim(&["diagnose", &paths[0]]);
    let said = "the newer part EV1.LOG is not given, so the events decide nothing";
    assert!(text(&output.stderr).contains(said), "{output:?}");
    let found = blocks(&[&paths[0]], 1);
    assert_eq!(found[1].1, "unknown", "{found:?}");
}

/// `type Winsock.log EV0.LOG > both.log`, in either order.
#[test]
fn both_logs_may_be_in_one_file() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let events = row("9298", "8:00:00") + &row("289", "8:05:00");
    let paths = files(
        folder.path(),
        &[
            ("one.log", &format!("{}{events}", two_calls())),
            ("other.log", &format!("{events}{}", two_calls())),
        ],
    );
    for path in &paths {
        let found = blocks(&[path], 1);
        assert_eq!(leaked(&found), [1], "{path}: {found:?}");
        // Nothing tells that the events go on to the end of the log, but who saved both.
        assert_eq!(found[1].1, "unknown", "{path}: {found:?}");
        let found = blocks(&[path, "--saved-together"], 1);
        assert_eq!(leaked(&found), [1], "{path}: {found:?}");
        assert_eq!(found[1].1, "in use", "{path}: {found:?}");
    }
}

#[test]
fn a_packed_file_is_named_with_its_cure() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, bytes, said) in [
        (
            "Winsock.log",
            &b"\x1f\x8b\x08\0\0\0\0\0"[..],
            "this is a gzip file, not the text of a log: unpack it with `gunzip` first",
        ),
        (
            "a.log",
            b"PK\x03\x04\x14\0",
            "this is a zip file, not the text of a log: unpack it with `unzip` first",
        ),
        (
            "AppEvent.Evt",
            b"\x30\0\0\0LfLe\x01\0\0\0",
            "this is a binary event log, not the text of a log: open it in Event Viewer",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        let output = mtasim(&["diagnose", argument(&path)]);
        code(&output, 2);
        assert!(text(&output.stderr).contains(said), "{output:?}");
    }
}

/// A pipe is kept in memory, because it can be read only once.
#[cfg(unix)]
#[test]
fn a_device_that_never_ends_is_refused() {
    let output = mtasim(&["diagnose", "/dev/zero"]);
    code(&output, 4);
    let message = text(&output.stderr);
    assert!(
        message.contains("cannot read /dev/zero: more than 256 MiB from a pipe or a device"),
        "{message}"
    );
}

/// Lines of two computers in one file: the page says so before its verdicts, and none is certain.
#[test]
fn a_mixture_of_two_computers_is_said() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = |host: &str, handle: u32| {
        let lines = [
            "(008) CB 0 (instance 0) allocated".to_owned(),
            format!("(008) Wait for cb 0, handle {handle}"),
            "(001) CB 1 (instance 1) allocated".to_owned(),
            "(001) Use thread cb 0 for Winsock cb 1".to_owned(),
            format!("(008) Wait for cb 0, handle {handle}"),
        ];
        lines.map(|it| format!("{host}{it}\n"))
    };
    let mix = |one: &[String], other: &[String]| -> String {
        let pairs = one.iter().zip(other);
        pairs.map(|(one, other)| format!("{one}{other}")).collect()
    };
    let named = mix(&log("PARIS ", 52), &log("LYON ", 52));
    let plain = mix(&log("", 52), &log("", 60));
    let paths = files(
        folder.path(),
        &[("named.log", &named), ("plain.log", &plain)],
    );
    let output = mtasim(&["diagnose", &paths[0]]);
    code(&output, 5);
    let page = text(&output.stdout);
    assert!(
        page.contains("Lines of 2 computers are mixed: PARIS, LYON. No verdict below is certain."),
        "{page}"
    );
    assert!(page.contains("`grep -w PARIS`"), "{page}");
    let output = mtasim(&["diagnose", &paths[1]]);
    code(&output, 5);
    let page = text(&output.stdout);
    assert!(
        page.contains("lines of two computers, or of two copies of a log, are mixed"),
        "{page}"
    );
    assert!(!page.contains("No leak."), "{page}");
    let reported = json(&mtasim(&["diagnose", &paths[0], "--format", "json"]));
    let summary = &reported[0]["summary"];
    assert_eq!(summary["hosts"][1]["name"], "LYON");
    assert_eq!(summary["contradictions"][0]["what"], "several hosts");
    assert_eq!(summary["contradictions"][0]["proves_mixture"], true);
}

/// All dates of the file are of one day, which can be in May or in June.
#[test]
fn dates_that_nothing_decides_are_said() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = "05/06/2001 10:00:00 (008) Wait for cb 0, handle 52\n";
    let same = log.replace("05/06", "06/06");
    let paths = files(folder.path(), &[("a.log", log), ("b.log", &same)]);
    let said = "dates are read month first; the other order is possible too";
    let output = mtasim(&["diagnose", &paths[0]]);
    assert!(text(&output.stderr).contains(said), "{output:?}");
    let output = mtasim(&["diagnose", &paths[1]]);
    assert!(!text(&output.stderr).contains(said), "{output:?}");
    let output = mtasim(&["diagnose", "--dates", "day-first", &paths[0]]);
    assert_eq!(text(&output.stderr), "");
}

/// Three blocks that were silent in turn: nothing in the log says that the calls were not made at once.
#[test]
fn order_alone_is_a_suspicion_until_the_number_of_calls_is_given() {
    let log = "crates/diagnose/tests/it/data/clipboard/Winsock.log";
    let words = |arguments: &[&str], expected| -> Vec<String> {
        let found = blocks(&[&["--alone", log], arguments].concat(), expected);
        found.into_iter().map(|it| it.1).collect()
    };
    assert_eq!(words(&[], 1), ["suspected", "suspected", "unknown"]);
    assert_eq!(words(&["--calls", "1"], 1), ["leaked", "leaked", "unknown"]);
    assert_eq!(
        words(&["--calls", "2"], 1),
        ["leaked", "unknown", "unknown"]
    );
    assert_eq!(words(&["--calls", "3"], 5), ["unknown"; 3]);
    let output = mtasim(&["diagnose", "--alone", log]);
    let page = text(&output.stdout);
    let said =
        "2 of these rest on order alone, and it is not known how many calls the MTA makes at once";
    assert!(page.contains(said), "{page}");
    let given = mtasim(&["diagnose", "--alone", log, "--calls", "2"]);
    let page = text(&given.stdout);
    let said = "1 of these verdicts rest on order alone: at most 2 calls at once, as --calls or the log says.";
    assert!(page.contains(said), "{page}");
    let given = [
        "diagnose", "--alone", log, "--calls", "2", "--format", "json",
    ];
    let summary = &json(&mtasim(&given))[0]["summary"];
    assert_eq!(summary["calls_at_once"], 2);
    assert_eq!(summary["calls_are_given"], true);
    assert_eq!(summary["total"]["by_order"], 1);
}

/// What a reader of the text is told, a reader of the JSON is told too.
#[test]
fn json_has_every_note_that_is_printed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let lines = "06/06/2001 23:59:50 (008) CB 0 (instance 0) allocated\nx\n\
                 06/06/2001 23:59:50 (008) Wait for cb 0, handle 1\n\
                 07/06/2001 00:00:50 (008) Wait for cb 0, handle 1\n";
    let other = row("7", "8:00:00").replace("MSExchangeMTA", "Perflib");
    let events = format!(
        "{}{}{other}x\n",
        row("9298", "8:00:00"),
        row("2x9", "8:05:00")
    );
    let paths = files(folder.path(), &[("Winsock.log", lines), ("a.csv", &events)]);
    let [log, events] = [0, 1].map(|it: usize| paths[it].as_str());
    let printed = mtasim(&["diagnose", log, events]);
    let notes: Vec<&str> = text(&printed.stderr)
        .lines()
        .map(|it| it.strip_prefix("note: ").expect("a note"))
        .collect();
    assert_eq!(notes.len(), 4, "{notes:?}");
    let reported = json(&mtasim(&["diagnose", log, events, "--format", "json"]));
    let last = reported.last().expect("a diagnosis");
    assert_eq!(last["notes"], serde_json::json!(notes));
    let summary = &last["summary"];
    let counted = ["left_out", "first_left_out", "unread_events"].map(|it| &summary[it]);
    assert_eq!(counted, [1, 2, 1]);
}

/// A log of another computer below the first looks like a restart; its times do not.
#[test]
fn a_log_appended_to_an_older_one_is_noticed_by_its_times() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let listener = "(008) CB 0 (instance 0) allocated\n(008) Wait for cb 0, handle 1\n";
    let on = |day: u32| -> String {
        let lines = (0..).zip(listener.lines());
        lines
            .map(|(second, line)| format!("2001-06-{day:02} 08:00:{second:02} {line}\n"))
            .collect()
    };
    let path = folder.path().join("Winsock.log");
    fs::write(&path, on(6) + &on(7)).expect("a file");
    code(&mtasim(&["diagnose", argument(&path)]), 0);
    fs::write(&path, on(7) + &on(6)).expect("a file");
    let output = mtasim(&["diagnose", argument(&path)]);
    code(&output, 5);
    let page = text(&output.stdout);
    let said = "Two logs follow each other, of two computers or the newer one first, or the clock was set \
                back.\n  the times go back by more than 2 hours, as where a second log follows the first: \
                line 3, compare line 2\n";
    assert!(page.contains(said), "{page}");
    assert!(!page.contains("No leak."), "{page}");
}

#[test]
fn a_form_that_is_not_read_is_refused_in_plain_words() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let xml =
        "\u{feff}<?xml version=\"1.0\"?><Events><Event><System><EventID>289</EventID></System>";
    let wide: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let lower = two_calls().to_lowercase();
    for (bytes, said) in [
        (
            xml.as_bytes(),
            "this is XML, in which events are not read: save it as text or CSV",
        ),
        (
            &wide[..],
            "this is XML, in which events are not read: save it as text or CSV",
        ),
        (
            b"[\r\n  {\r\n \"Id\": 289 }]",
            "this is JSON, in which events are not read: use `Export-Csv`",
        ),
        (
            b"<html><td>289</td>",
            "this is HTML, in which events are not read: save it as plain text",
        ),
        (
            lower.as_bytes(),
            "has a form of a Winsock.log, such as `(008) No more data`; capital letters",
        ),
        (
            b"| 289 |\n",
            "docs/diagnosing.md has a line of each form that is read",
        ),
    ] {
        let path = folder.path().join("a.log");
        fs::write(&path, bytes).expect("a file");
        let output = mtasim(&["diagnose", argument(&path)]);
        code(&output, 2);
        assert!(text(&output.stderr).contains(said), "{output:?}");
    }
}

/// Only EV0.LOG, EV1.LOG and so on are parts of one log: other names are chosen by people.
#[test]
fn only_the_names_of_the_mta_are_parts_of_a_log() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let events = row("9298", "8:00:00") + &row("289", "8:05:00");
    for name in [
        "ev1.txt",
        "rev2.txt",
        "dev4.csv",
        "EVENTS1.txt",
        "MyEV1.LOG",
        "EV1.LOG.txt",
    ] {
        let paths = files(
            folder.path(),
            &[("Winsock.log", &two_calls()), (name, &events)],
        );
        let output = mtasim(&["diagnose", &paths[0], &paths[1]]);
        code(&output, 1);
        assert_eq!(text(&output.stderr), "", "{name}");
        assert_eq!(leaked(&blocks(&[&paths[0], &paths[1]], 1)), [1], "{name}");
    }
    for name in ["EV1.LOG", "ev1.log", "PARIS.EV1.LOG"] {
        let paths = files(
            folder.path(),
            &[("Winsock.log", &two_calls()), (name, &events)],
        );
        let output = mtasim(&["diagnose", "--alone", &paths[0], &paths[1]]);
        let said = "the newer part EV0.LOG is not given";
        assert!(text(&output.stderr).contains(said), "{name}: {output:?}");
    }
}

/// An object for each file, as other commands print one.
#[test]
fn a_file_that_is_no_log_gives_an_object_with_the_error() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let backward = "2001-06-06 23:59:50 (008) Wait for cb 0, handle 1\n\
                    2001-06-06 23:59:40 (008) Wait for cb 0, handle 1\n";
    let paths = files(
        folder.path(),
        &[
            ("empty.log", ""),
            ("text.log", "schema = 1\n"),
            ("backward.log", backward),
            ("packed.log", "PK\u{3}\u{4}"),
        ],
    );
    let missing = argument(&folder.path().join("missing.log")).to_owned();
    let cases = [
        (missing.as_str(), 4, "check the name of the file"),
        (argument(folder.path()), 4, "it is a directory; name a file"),
        (&paths[0], 2, "the file is empty; copy it again"),
        (
            &paths[1],
            2,
            "docs/diagnosing.md has a line of each form that is read",
        ),
        (&paths[2], 2, "reverse the lines"),
        (&paths[3], 2, "unpack it with `unzip`"),
    ];
    for (path, exit, cure) in cases {
        let output = mtasim(&["diagnose", path, FAILURE, "--format", "json"]);
        code(&output, exit.max(1));
        let message = text(&output.stderr);
        assert!(
            message.contains(path) && message.contains(cure),
            "{message}"
        );
        let objects = json(&output);
        let [errors, logs]: [Vec<&Json>; 2] = [true, false].map(|it| {
            objects
                .iter()
                .filter(|o| (o["verdict"] == "error") == it)
                .collect()
        });
        assert_eq!((errors.len(), logs.len()), (1, 1), "{path}");
        assert_eq!(errors[0]["exit_code"], exit, "{path}");
        let said = errors[0]["message"].as_str().expect("a message");
        assert!(said.contains(cure), "{said}");
    }
}

/// The clock was set back at line 4: nothing tells how old the call is.
#[test]
fn a_clock_that_is_set_back_clears_no_block() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = |last: &str| {
        let call = two_calls();
        let mut lines: Vec<String> = call
            .lines()
            .map(|it| format!("2001-10-28 02:50:00 {it}\n"))
            .collect();
        lines[0] = lines[0].replace("02:50", "02:49");
        lines.push(format!("2001-10-28 {last} (008) Wait for cb 0, handle 1\n"));
        lines.concat()
    };
    let [forward, back] = [log("02:51:00"), log("02:01:00")];
    let paths = files(folder.path(), &[("a.log", &forward), ("b.log", &back)]);
    assert!(blocks(&[&paths[0]], 0).iter().all(|it| it.1 == "in use"));
    let found = blocks(&[&paths[1]], 1);
    assert_eq!([&*found[0].1, &*found[1].1], ["suspected", "unknown"]);
    let output = mtasim(&["diagnose", &paths[1]]);
    let said = "The times go back once, by up to 2940 s, first in line 13 (compare line 12)";
    assert!(text(&output.stdout).contains(said), "{output:?}");
    let summary = &json(&mtasim(&["diagnose", &paths[1], "--format", "json"]))[0]["summary"];
    assert_eq!(
        [&summary["steps_back"], &summary["first_line_back"]],
        [1, 13]
    );
}
