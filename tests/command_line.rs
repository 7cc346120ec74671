//! Exit codes, streams and colour of the command line.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const SMALL: &str =
    "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n[host.A]\nbuild = \"4.0.993.6\"\n";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mtasim"));
    command.args(arguments).env_remove("NO_COLOR");
    command
}

/// Runs with `input` on standard input.
fn mtasim(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it was piped");
    // A program that does not read closes the pipe. That does not fail the test.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

#[track_caller]
fn code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
}

#[test]
fn a_good_scenario_is_ok_on_standard_output() {
    let output = mtasim(&["check", "-"], SMALL.as_bytes());
    code(&output, 0);
    assert_eq!(text(&output.stdout), "-: ok, t\n");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_wrong_scenario_is_reported_on_standard_error() {
    let output = mtasim(&["check", "-"], b"titel = 1\n");
    code(&output, 2);
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).starts_with("error[MTA0005]"));
    assert!(text(&output.stderr).contains("did you mean `title`?"));
}

#[test]
fn json_is_one_line_a_file_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let good = folder.path().join("good.toml");
    std::fs::write(&good, SMALL).expect("the folder can be written to");
    let good = good.to_str().expect("the path is UTF-8");
    let output = mtasim(&["check", "--format", "json", good, "-"], b"seed = \"x\"");
    code(&output, 2);
    assert_eq!(text(&output.stderr), "");
    let lines: Vec<serde_json::Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["ok"], true);
    assert_eq!(lines[0]["content_hash"].as_str().map(str::len), Some(64));
    assert_eq!(lines[1]["ok"], false);
    assert!(lines.iter().all(|line| line["schema_version"] == 1));
}

#[test]
fn what_cannot_be_read_is_the_environments_fault() {
    let output = mtasim(&["check", "/nowhere/at.all"], b"");
    code(&output, 4);
    let reported = text(&output.stderr);
    assert!(
        reported.starts_with("mtasim: cannot read /nowhere/at.all: "),
        "{reported}"
    );
    code(&mtasim(&["check", "/"], b""), 4);
}

#[test]
fn wrong_usage_is_two_and_help_is_none() {
    for arguments in [
        &["chekc"][..],
        &["check"],
        &[],
        &["check", "--color", "red", "-"],
    ] {
        code(&mtasim(arguments, b""), 2);
    }
    for arguments in [&["--help"][..], &["check", "--help"], &["--version"]] {
        let output = mtasim(arguments, b"");
        code(&output, 0);
        assert!(!output.stdout.is_empty());
    }
    let help = mtasim(&["--help"], b"");
    for line in ["0    success", "70   internal error", "130  interrupted"] {
        assert!(text(&help.stdout).contains(line), "{line}");
    }
}

#[test]
fn colour_is_there_when_asked_for_only() {
    let wrong = b"seed = true";
    let escaped = |output: &Output| output.stderr.contains(&0x1b);
    assert!(!escaped(&mtasim(&["check", "-"], wrong)));
    assert!(!escaped(&mtasim(
        &["check", "--color", "never", "-"],
        wrong
    )));
    assert!(escaped(&mtasim(
        &["check", "--color", "always", "-"],
        wrong
    )));
}

#[test]
fn overrides_are_part_of_what_is_printed() {
    let output = mtasim(
        &["check", "--print", "--set", "host.A.cpus=4", "-"],
        SMALL.as_bytes(),
    );
    code(&output, 0);
    assert!(text(&output.stdout).contains("cpus = 4\n"));
    let again = mtasim(&["check", "--print", "-"], &output.stdout);
    assert_eq!(again.stdout, output.stdout);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut child = command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    code(&output, 0);
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = mtasim(&["completions", shell], b"");
        code(&output, 0);
        assert!(text(&output.stdout).contains("completions"), "{shell}");
    }
}

#[test]
fn every_command_gets_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("deep/man1");
    let output = mtasim(&["man", "--out", out.to_str().expect("UTF-8")], b"");
    code(&output, 0);
    for page in [
        "mtasim.1",
        "mtasim-run.1",
        "mtasim-sweep.1",
        "mtasim-diagnose.1",
    ] {
        let text = std::fs::read_to_string(out.join(page)).expect(page);
        assert!(text.contains(".SH NAME"), "{page}");
    }
    code(&mtasim(&["man", "--out", "/dev/null/man"], b""), 4);
}
