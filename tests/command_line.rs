//! Exit codes, streams and colour of the command line.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const SMALL: &str =
    "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n[host.A]\nbuild = \"4.0.993.6\"\n";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mtasim"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .current_dir(crate::ROOT);
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

/// A line end in a title or in the name of a file would make it look like a line of the program.
#[test]
fn check_shows_foreign_text_within_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a\nb: ok, c.toml");
    let check = |content: &str| {
        std::fs::write(&path, content).expect("a file");
        mtasim(&["check", path.to_str().expect("UTF-8")], b"")
    };
    let good = check(&SMALL.replace("\"t\"", r#""t\nFAIL: u""#));
    code(&good, 0);
    let said = text(&good.stdout);
    assert!(
        said.ends_with("a\\u{a}b: ok, c.toml: ok, t\\u{a}FAIL: u\n"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let wrong = check(&format!("scheduler = \"x\\ny: ok\"\n{SMALL}"));
    code(&wrong, 2);
    let said = text(&wrong.stderr);
    assert!(
        !said.contains("\ny: ok") && !said.contains("\nb: ok"),
        "{said}"
    );
}

/// A guest beside an MTA: `check` says what a run needs, and `run` of this program refuses it.
#[test]
fn a_file_with_a_guest_needs_another_program() {
    let mixed = format!("{SMALL}[host.B]\nguest = true\n");
    let output = mtasim(&["check", "-"], mixed.as_bytes());
    code(&output, 0);
    assert_eq!(
        text(&output.stdout),
        "-: ok, t\n  guests, which run in a program that registers them (mtasim::guest): B\n"
    );
    let output = mtasim(&["run", "-"], mixed.as_bytes());
    code(&output, 2);
    let refusal = "host `B` is a guest: its program is code of yours";
    assert!(
        text(&output.stderr).contains(refusal),
        "{}",
        text(&output.stderr)
    );
}

/// A reader can copy the examples of `--help`: they have no placeholders, and their files exist.
#[test]
fn examples_in_the_help_run_as_printed() {
    let help = mtasim(&["--help"], b"");
    let commands = text(&help.stdout)
        .split("Commands:\n")
        .nth(1)
        .expect("a list");
    let commands = commands
        .lines()
        .map_while(|line| line.split_whitespace().next());
    let mut files = 0;
    for command in commands.filter(|command| *command != "help") {
        let help = mtasim(&[command, "--help"], b"");
        let (_, examples) = text(&help.stdout)
            .split_once("Example")
            .unwrap_or_else(|| panic!("{command} has an example"));
        let words = || examples.split_whitespace();
        assert!(words().any(|word| word == command), "{examples}");
        for word in words().filter(|word| word.starts_with("sims/") && !word.contains('*')) {
            let path = std::path::Path::new(crate::ROOT).join(word);
            assert!(path.is_file(), "{command}: {word} does not exist");
            files += 1;
        }
        for placeholder in ["NAME", "FILE", "DIR"] {
            assert!(!examples.contains(placeholder), "{command}: {placeholder}");
        }
    }
    assert!(files > 10, "{files} files");
}

#[test]
fn an_empty_file_and_a_directory_are_named_as_such() {
    let output = mtasim(&["check", "-"], b" \n");
    code(&output, 2);
    assert!(text(&output.stderr).contains("the file is empty"));
    assert!(text(&output.stderr).contains("`mtasim new` writes a commented scenario"));
    for command in ["run", "replay", "diagnose", "verify"] {
        let output = mtasim(&[command, "/"], b"");
        code(&output, 4);
        assert_eq!(
            text(&output.stderr),
            "mtasim: cannot read /: it is a directory; name a file\n"
        );
    }
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

/// Variables with their values.
type Environment<'a> = &'a [(&'a str, &'a str)];

/// One rule for results, messages, diagnostics and help (no-color.org, bixense.com/clicolors): the option
/// counts most, then NO_COLOR, then CLICOLOR_FORCE; and here is no terminal.
#[test]
fn the_environment_and_the_option_decide_about_all_colours() {
    let run = ["run", "sims/smoke/clean-link.toml", "--set", "duration=1m"];
    let outputs: [&[&str]; 4] = [&run, &["check", "/nowhere"], &["check", "-"], &["--help"]];
    let cases: [(Environment<'_>, Option<&str>, bool); 8] = [
        (&[], None, false),
        (&[("CLICOLOR_FORCE", "1")], None, true),
        (&[("CLICOLOR_FORCE", "")], None, false),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], None, false),
        // An empty value counts as none.
        (&[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")], None, true),
        (&[("NO_COLOR", "1")], Some("always"), true),
        (&[("CLICOLOR_FORCE", "1")], Some("never"), false),
        (&[("CLICOLOR_FORCE", "1")], Some("auto"), true),
    ];
    for (environment, option, is_coloured) in cases {
        for arguments in outputs {
            let color = option.map(|it| ["--color", it]);
            let arguments: Vec<&str> = color.iter().flatten().chain(arguments).copied().collect();
            let mut command = command(&arguments);
            let output = command.envs(environment.iter().copied()).output();
            let output = output.expect("the program starts");
            let all = [output.stdout, output.stderr].concat();
            let what = format!("{environment:?} {arguments:?}: {}", text(&all));
            assert_eq!(all.contains(&0x1b), is_coloured, "{what}");
        }
    }
}

#[test]
fn a_value_or_an_arm_that_is_given_twice_is_refused() {
    let sweep = ["sweep", "sims/smoke/clean-link.toml", "--seeds", "0..1"];
    for (vary, said) in [
        ("link.wan.delay=20ms,20ms", "20ms twice"),
        (
            "link.wan.delay=1s,1000ms",
            "1s and 1000ms are the same scenario",
        ),
    ] {
        let output = mtasim(&[&sweep[..], &["--vary", vary]].concat(), b"");
        code(&output, 2);
        assert!(
            text(&output.stderr).contains(said),
            "{}",
            text(&output.stderr)
        );
    }
    let builds = ["--builds", "5.5.2653.23,5.5.2653.23"];
    let compare = ["compare", "sims/smoke/clean-link.toml", "--seeds", "0..1"];
    let output = mtasim(&[&compare[..], &builds].concat(), b"");
    code(&output, 2);
    let said = text(&output.stderr);
    assert!(said.contains("5.5.2653.23 is given twice"), "{said}");
}

/// A page lists what the program has: this one has one system under test, and no `--arm`.
#[test]
fn manual_pages_and_completions_have_the_options_of_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    code(&mtasim(&["man", "--out", out], b""), 0);
    for page in std::fs::read_dir(folder.path()).expect("pages") {
        let page = std::fs::read_to_string(page.expect("one").path()).expect("text");
        assert!(!page.contains("\\-\\-arm"), "{page}");
    }
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

/// `check` refuses what `run` refuses, in the same words and at the same line.
#[test]
fn check_says_what_run_would_say() {
    let scenario = "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n[host.A]\nbuild = \"4.0.993.6\"\n\
                    [host.B]\nbuild = \"4.0.993.6\"\n[link.wan]\nbetween = [\"A\", \"B\"]\n";
    for (line, place, word) in [
        (
            "bandwidth = \"64 kbit/s\"\nqueue = \"1 GiB\"\n",
            "11:9",
            "a queue of 1073741824 bytes exceeds 16777216",
        ),
        (
            "loss.gilbert-elliott = { ping_success = \"1/100\", mean_burst = 1 }\n",
            "10:",
            "bursts of 1 packets are too short for so much loss",
        ),
        (
            "loss.outages = { ping_success = \"999999/1000000\", mean_outage = \"24h\" }\n",
            "10:",
            "the mean good time would exceed",
        ),
    ] {
        let file = format!("{scenario}{line}");
        let checked = mtasim(&["check", "-"], file.as_bytes());
        code(&checked, 2);
        let run = mtasim(&["run", "-"], file.as_bytes());
        code(&run, 2);
        assert_eq!(text(&run.stderr), text(&checked.stderr));
        let reported = text(&run.stderr);
        assert!(reported.contains(word), "{reported}");
        assert!(reported.contains(&format!("--> -:{place}")), "{reported}");
    }
    let swarm = |entries: &str| format!("{scenario}[swarm]\nvary = [{entries}]\n");
    let entry = "{ key = \"link.wan.delay\", values = [\"1ms\"] },";
    code(&mtasim(&["check", "-"], swarm(entry).as_bytes()), 0);
    let unknown = entry.replace("delay", "dleay");
    let checked = mtasim(&["check", "-"], swarm(&unknown).as_bytes());
    code(&checked, 2);
    assert!(
        text(&checked.stderr).contains("did you mean `delay`?"),
        "{}",
        text(&checked.stderr)
    );
    let checked = mtasim(&["check", "-"], swarm(&entry.repeat(1_001)).as_bytes());
    code(&checked, 2);
    assert!(
        text(&checked.stderr).contains("`swarm.vary`: 1001 entries"),
        "{}",
        text(&checked.stderr)
    );
}

#[test]
fn a_search_names_the_limit_that_a_scenario_exceeds() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().to_str().expect("UTF-8");
    let root = std::path::Path::new(crate::ROOT);
    let scenario = root.join("sims/verify/close-vs-timeout.toml");
    let verify = |more: &[&str]| {
        let mut arguments = vec!["verify", scenario.to_str().expect("UTF-8"), "--out", out];
        arguments.extend(more);
        mtasim(&arguments, b"")
    };
    let many = ["--set", "host.PARIS.driver_threads=13", "--max-runs", "2"];
    let output = verify(&many);
    code(&output, 2);
    let limit = "a search follows at most 16 threads of a host, and `PARIS` has 17: set \
                 host.PARIS.driver_threads to 12 or less";
    assert!(
        text(&output.stderr).contains(limit),
        "{}",
        text(&output.stderr)
    );
    code(
        &verify(&["--set", "host.PARIS.driver_threads=12", "--max-runs", "2"]),
        5,
    );
}

/// Both readings of Q303102 (docs/decisions/0012): the fixed build is exhausted, each original leaks.
#[test]
fn a_search_finds_the_leak_of_either_reading_and_none_in_the_fixed_build() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().to_str().expect("UTF-8");
    let root = std::path::Path::new(crate::ROOT);
    let scenario = root.join("sims/verify/close-vs-timeout.toml");
    let scenario = scenario.to_str().expect("UTF-8");
    for (build, expected) in [("5.5.2655.16", 0), ("5.5.2653.23", 1), ("5.5.2653.23-b", 1)] {
        let set = format!("host.PARIS.build={build}");
        let output = mtasim(&["verify", scenario, "--out", out, "--set", &set], b"");
        code(&output, expected);
        let found =
            text(&output.stdout).contains("control-block-leak: control block, out of service");
        assert_eq!(found, expected == 1, "{build}: {}", text(&output.stdout));
    }
}

/// Time ends at "never": sums of the longest times and the largest sizes do not overflow.
#[test]
fn the_largest_values_that_check_accepts_can_be_run() {
    let root = std::path::Path::new(crate::ROOT);
    let scenario = root.join("sims/smoke/clean-link.toml");
    let largest = [
        "--set",
        "workload.mail.size=1 GiB",
        "--set",
        "connector.paris-lyon.transfer_timeout_normal=24h",
        "--set",
        "duration=1m",
        "--set",
        "workload.mail.end=1m",
        "--set",
        "limits.events=20000",
        "--set",
        "expect={ only = false }",
    ];
    let output = mtasim(
        &[&["run", scenario.to_str().expect("UTF-8")], &largest[..]].concat(),
        b"",
    );
    assert!(
        matches!(output.status.code(), Some(0 | 1 | 5)),
        "{}",
        text(&output.stderr)
    );
}
