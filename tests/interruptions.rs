//! Ctrl-C, with real signals: a command says what it knows, leaves no half-written file, and ends with code
//! 130.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::program::{argument, code, mtasim, text};

const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";
const CLEAN: &str = "sims/smoke/clean-link.toml";
/// Minutes of the processor.
const LONG: [&str; 2] = ["--set", "duration=8784h"];
const INTERRUPTED: i32 = 130;

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(arguments)
        .env_remove("MTASIM_LOG")
        .current_dir(crate::ROOT)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Starts a command that takes minutes, and interrupts it after some time.
fn interrupted(arguments: &[&str], after: Duration) -> Output {
    let output = signalled(arguments, after);
    code(&output, INTERRUPTED);
    output
}

/// The same of a command that may have ended before.
fn signalled(arguments: &[&str], after: Duration) -> Output {
    let child = start(arguments);
    wait_for_handler(&child);
    wait(after);
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    if !output.stdout.is_empty() {
        crate::json_contract::check(arguments, &output.stdout);
    }
    output
}

/// Until the command takes signals itself: it has a thread for that beside its first one, the one that ends the process
/// on a signal, and the watchdog (proc(5)).
fn wait_for_handler(child: &Child) {
    wait_for_threads(child, 4);
}

fn wait_for_threads(child: &Child, number: u64) {
    let path = format!("/proc/{}/status", child.id());
    let threads = || {
        let status = fs::read_to_string(&path).unwrap_or_default();
        let threads = status.lines().find_map(|it| it.strip_prefix("Threads:"));
        threads.and_then(|it| it.trim().parse::<u64>().ok())
    };
    for _ in 0..6000 {
        if threads().is_some_and(|it| it >= number) {
            return;
        }
        wait(Duration::from_millis(10));
    }
    panic!("it does not handle signals");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program that is interrupted runs in the time of the host"
)]
fn wait(time: Duration) {
    thread::sleep(time);
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
}

const SOON: Duration = Duration::from_millis(400);

#[test]
fn a_run_that_is_interrupted_says_how_far_it_came() {
    let run = [&["run", CLEAN], &LONG[..]].concat();
    // On a busy machine the run may not have come to its first message the first time.
    let page = [1, 2, 4, 8, 16].into_iter().find_map(|times| {
        let output = interrupted(&run, times * SOON);
        let page = text(&output.stdout).to_owned();
        let messages = page.lines().find(|it| it.starts_with("messages: "));
        let has_begun = !messages.expect("a line").contains(": 0 submitted");
        has_begun.then_some(page)
    });
    let page = page.expect("a run that has begun");
    assert!(page.contains("\nUNDECIDED\n"), "{page}");
    assert!(page.contains("cut off at an interruption after "), "{page}");
    assert!(page.contains("; INTERRUPTED"), "{page}");
    let json = interrupted(&[&run[..], &["--format", "json"]].concat(), SOON);
    let object: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(object["verdict"], "undecided");
    assert_eq!(object["stop"], "interrupted");
}

#[test]
fn an_interrupted_run_and_page_leave_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("run.pcapng");
    let run = [&["run", CLEAN, "--pcap", argument(&capture)], &LONG[..]].concat();
    let output = interrupted(&run, SOON);
    let errors = text(&output.stderr);
    assert!(
        errors.contains("interrupted; no files were written"),
        "{errors}"
    );
    let page = folder.path().join("page.html");
    let report = [&["report", CLEAN, "-o", argument(&page)], &LONG[..]].concat();
    let output = interrupted(&report, SOON);
    let errors = text(&output.stderr);
    assert!(errors.contains("there is no page"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// The capsule of the first leak of the case.
fn capsule(out: &Path) -> String {
    let sweep = ["sweep", LEAK, "--seeds", "1..2", "--out", argument(out)];
    code(&mtasim(&sweep), 0);
    let capsules = fs::read_dir(out.join("capsules")).expect("capsules");
    let mut paths = capsules.map(|it| it.expect("one").path());
    let is_leak = |it: &std::path::PathBuf| argument(it).contains("control-block-leak");
    argument(&paths.find(is_leak).expect("the leak")).to_owned()
}

#[test]
fn the_smallest_failing_scenario_so_far_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let capsule = capsule(&folder.path().join("out"));
    let small = folder.path().join("small.toml");
    let shrink = ["shrink", &capsule, "-o", argument(&small)];
    let json = ["--budget", "1000000", "--format", "json"];
    let shrink = [&shrink[..], &json, &["--force"]].concat();
    // Between the end of the first run and that of the search; when they are depends on the machine.
    let steps = (1..100).map(|step| step * Duration::from_millis(40));
    let object = steps.into_iter().find_map(|after| {
        let output = signalled(&shrink, after);
        let is_printed = output.status.code() == Some(INTERRUPTED) && !output.stdout.is_empty();
        let object = || serde_json::from_slice::<Value>(&output.stdout).expect("JSON");
        // Before the first run of the search there is no scenario, which is an error.
        is_printed
            .then(object)
            .filter(|it| it["verdict"] != "error")
    });
    let object = object.expect("a search that was interrupted");
    assert_eq!(object["interrupted"], true);
    let written = fs::read_to_string(&small).expect("it was written");
    assert!(written.contains("The search was interrupted"), "{written}");
    // It expects the failure, and shows it.
    code(&mtasim(&["run", argument(&small)]), 0);
}

#[test]
fn an_interrupted_explanation_keeps_what_it_found() {
    let explain = ["explain", LEAK, "--reseeds", "1000000", "--jobs", "1"];
    let output = interrupted(&explain, 3 * SOON);
    let errors = text(&output.stderr);
    assert!(errors.contains("interrupted"), "{errors}");
    // How far it came depends on the machine.
    let page = text(&output.stdout);
    if errors.contains("there is no curve") {
        assert!(page.contains("Causal trace:"), "{page}");
        assert!(!page.contains("Likelihood"), "{page}");
    }
}

#[test]
fn a_comparison_and_a_search_that_are_interrupted_say_what_they_counted() {
    let compare = ["compare", CLEAN, "--set", "host.PARIS.cpus=2"];
    let compare = [&compare[..], &["--seeds", "0..1000000"]].concat();
    let output = interrupted(&compare, SOON);
    let page = text(&output.stdout);
    assert!(page.contains("fixed "), "{page}");
    let errors = text(&output.stderr);
    assert!(errors.contains("interrupted after "), "{errors}");
    let folder = tempfile::tempdir().expect("a folder");
    // Ten hours of two processes: nobody exhausts their schedules.
    let verify = ["verify", LEAK, "--build", "5.5.2655.16"];
    let more = ["--max-runs", "100000000", "--out", argument(folder.path())];
    let output = interrupted(&[&verify[..], &more].concat(), SOON);
    let page = text(&output.stdout);
    assert!(page.contains("UNDECIDED: interrupted: "), "{page}");
}

/// The second signal does not wait for what is kept.
#[test]
fn whoever_insists_is_not_kept_waiting() {
    let mut child = start(&[&["run", CLEAN], &LONG[..]].concat());
    wait_for_handler(&child);
    signal(&child, "-INT");
    signal(&child, "-TERM");
    let mut nothing = Vec::new();
    let mut output = child.stdout.take().expect("a pipe");
    output.read_to_end(&mut nothing).expect("it ends");
    assert_eq!(child.wait().expect("it ends").code(), Some(INTERRUPTED));
}

/// Whatever a command waits for, a signal ends it: somebody who writes its input, or who reads its output.
#[test]
fn a_signal_ends_a_command_that_waits_for_another_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let diagnose = start(&["diagnose", argument(&pipe)]);
    wait_for_threads(&diagnose, 3);
    // Nobody reads what it prints, which is more than a pipe holds.
    let report = start(&["report", LEAK, "-o", "-"]);
    wait_for_threads(&report, 3);
    let is_full = || {
        let stuck = fs::read_to_string(format!("/proc/{}/wchan", report.id()));
        stuck.unwrap_or_default().contains("pipe_write")
    };
    for _ in 0..6000 {
        if is_full() {
            break;
        }
        wait(Duration::from_millis(10));
    }
    for (mut child, name) in [(diagnose, "-TERM"), (report, "-HUP")] {
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(INTERRUPTED));
    }
}
