//! `mtasim run`: verdicts, exit codes, files, and the repeated run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::program::{argument, code, mtasim, text};

const LEAK: &str = "sims/casebook/q303102-cb-leak.toml";
const CLEAN: &str = "sims/smoke/clean-link.toml";

/// The page with every number as `#`, so that it does not depend on the model's figures.
fn without_numbers(page: &str) -> String {
    let mut shape = String::new();
    for line in page.lines() {
        let mut words = Vec::new();
        for word in line.split(' ') {
            let (open, core) = word.split_at(word.len() - word.trim_start_matches('(').len());
            let number = core.trim_end_matches([',', ':', ')']);
            let is_number = !number.is_empty()
                && number
                    .bytes()
                    .all(|it| it.is_ascii_hexdigit() || it == b'.')
                && number.bytes().any(|it| it.is_ascii_digit());
            words.push(if is_number {
                format!("{open}#{}", &core[number.len()..])
            } else {
                word.to_owned()
            });
        }
        shape += &words.join(" ");
        shape.push('\n');
    }
    shape
}

fn json(arguments: &[&str]) -> Json {
    let output = mtasim(arguments);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

#[test]
fn a_quiet_run_is_described_in_a_few_lines() {
    let output = mtasim(&["run", CLEAN]);
    code(&output, 0);
    assert_eq!(text(&output.stderr), "");
    insta::assert_snapshot!("clean", without_numbers(text(&output.stdout)));
}

#[test]
fn a_leak_is_reported_with_the_log_of_the_leaked_block() {
    let output = mtasim(&["run", LEAK, "--seed", "0x1"]);
    code(&output, 0);
    insta::assert_snapshot!("leak", without_numbers(text(&output.stdout)));
}

#[test]
fn an_unexpected_outcome_is_reported_with_code_1() {
    let set = [
        "run",
        LEAK,
        "--set",
        "expect.violations.control-block-leak=\"0\"",
    ];
    let output = mtasim(&set);
    code(&output, 1);
    let page = text(&output.stdout);
    assert!(
        page.contains("\nFAIL: not as the scenario expects:\n  control-block-leak: "),
        "{page}"
    );
    let repeat = "to reproduce: mtasim run sims/casebook/q303102-cb-leak.toml --seed 1 --set \
                  'expect.violations.control-block-leak=\"0\"'\n";
    assert!(page.ends_with(repeat), "{page}");
}

#[test]
fn programs_get_every_key() {
    let run = json(&["run", LEAK, "--format", "json"]);
    let keys: BTreeSet<&str> = run
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    for key in [
        "as_expected",
        "associations",
        "calls",
        "connectors",
        "digest",
        "events",
        "events_logged",
        "exceptions",
        "faults",
        "links",
        "messages",
        "reproduce",
        "scenario",
        "schema_version",
        "seed",
        "simulated_ns",
        "stop",
        "title",
        "undecided",
        "unexpected",
        "verdict",
        "violations",
        "violations_dropped",
        "wall_ns",
        "workloads",
    ] {
        assert!(keys.contains(key), "{key} is not among {keys:?}");
    }
    assert_eq!(run["simulated_ns"], 36_000_000_000_000_u64);
    assert_eq!(run["faults"]["service-restart"], 1);
    let violations = run["violations"].as_array().expect("a list");
    let leaks: Vec<&Json> = violations
        .iter()
        .filter(|it| it["kind"] == "control-block-leak")
        .collect();
    assert!(!leaks.is_empty());
    for leak in leaks {
        assert!(leak["cb"].is_u64() && leak["instance"].is_u64() && leak["at_ns"].is_u64());
        assert_eq!(leak["host"], "PARIS");
    }
    let logged = run["events_logged"].as_object().expect("an object");
    let count = |id: &str| logged.get(id).and_then(Json::as_u64);
    assert!(
        count("9215") > Some(0) && count("9156") > Some(0),
        "{logged:?}"
    );
}

#[test]
fn a_seed_is_a_seed_in_either_notation_and_another_is_another_run() {
    let digest = |seed| json(&["run", CLEAN, "--format", "json", "--seed", seed])["digest"].clone();
    assert_eq!(digest("42"), digest("0x2a"));
    assert_ne!(digest("42"), digest("43"));
    for wrong in ["0x", "0xfg", "-1", "", "18446744073709551616", "1e3"] {
        let output = mtasim(&["run", CLEAN, &format!("--seed={wrong}")]);
        code(&output, 2);
        assert!(text(&output.stderr).contains("--seed"), "{wrong}");
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).expect("the folder is there");
    let name = |file: std::io::Result<fs::DirEntry>| file.expect("it can be read").file_name();
    files
        .map(|file| name(file).to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_folder_gets_all_logs_the_same_each_time() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [one, two] = ["one", "deep/two"].map(|name| folder.path().join(name));
    for out in [&one, &two] {
        let output = mtasim(&["run", CLEAN, "--out", argument(out)]);
        code(&output, 0);
    }
    let expected = [
        "LYON.EV0.LOG",
        "LYON.Winsock.log",
        "LYON.events.txt",
        "PARIS.EV0.LOG",
        "PARIS.Winsock.log",
        "PARIS.events.txt",
        "journal.jsonl",
        "run.json",
        "scenario.toml",
    ];
    assert_eq!(names(&one), expected.map(str::to_owned).into());
    for name in expected {
        let read = |folder: &Path| fs::read(folder.join(name)).expect("it is there");
        assert!(read(&one) == read(&two), "{name} differs");
        assert!(!read(&one).is_empty(), "{name} is empty");
    }
    let run = fs::read(one.join("run.json")).expect("it is there");
    let run: Json = serde_json::from_slice(&run).expect("it is JSON");
    assert!(run.get("wall_ns").is_none() && run["as_expected"] == true);
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone_unless_forced() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (path, mine) = (folder.path(), folder.path().join("mine.txt"));
    fs::write(&mine, "mine").expect("it can be written to");
    let output = mtasim(&["run", CLEAN, "--out", argument(path)]);
    code(&output, 4);
    assert_eq!(
        text(&output.stderr),
        format!(
            "mtasim: {} is not empty; use --force to write to it anyway\n",
            path.display()
        )
    );
    assert_eq!(text(&output.stdout), "");
    assert_eq!(names(path), ["mine.txt".to_owned()].into());
    let output = mtasim(&["run", CLEAN, "--force", "--out", argument(path)]);
    code(&output, 0);
    assert_eq!(fs::read(&mine).expect("it is still there"), b"mine");
    assert_eq!(names(path).len(), 10);
}

#[test]
fn a_run_ends_at_its_limits_and_says_so() {
    for limit in ["events", "messages", "violations"] {
        let set = format!("limits.{limit}=5");
        let output = mtasim(&["run", LEAK, "--set", &set, "--set", "expect={}"]);
        let reported = format!("; STOPPED at limits.{limit}\n");
        assert!(text(&output.stdout).contains(&reported), "{limit}");
        let run = json(&["run", LEAK, "--set", &set, "--format", "json"]);
        assert_eq!(run["stop"], limit);
    }
}

#[test]
fn lines_that_end_at_the_limit_of_records_are_not_called_all() {
    let output = mtasim(&["run", LEAK, "--set", "limits.records=100"]);
    code(&output, 0);
    let page = text(&output.stdout);
    assert!(!page.contains("All lines of Winsock.log"), "{page}");
    assert!(page.contains(", from the first 100 of "), "{page}");
    let (_, rest) = page
        .split_once("these lines end at limits.records = 100 of ")
        .expect("a note");
    let (_, command) = rest
        .split_once("for all of them: mtasim ")
        .expect("a command");
    let command = command.lines().next().expect("a line");
    let arguments: Vec<&str> = command.split_whitespace().collect();
    let all = mtasim(&arguments);
    code(&all, 0);
    let page = text(&all.stdout);
    assert!(page.contains("All lines of Winsock.log"), "{page}");
    assert!(!page.contains("these lines end"), "{page}");
}

/// A log that ends early looks like that of a run without a leak.
#[test]
fn files_that_end_at_the_limit_of_records_are_not_written_in_silence() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (set, is_cut) in [
        ("limits.records=1000", true),
        ("limits.records=1000000", false),
    ] {
        let out = folder.path().join(set);
        let output = mtasim(&["run", LEAK, "--set", set, "--out", argument(&out)]);
        code(&output, 0);
        let errors = text(&output.stderr);
        assert_eq!(
            errors.contains("the files end at limits.records = 1000:"),
            is_cut,
            "{errors}"
        );
        if !is_cut {
            continue;
        }
        // The command that the message names writes whole files.
        let (_, command) = errors
            .split_once("For all of it: mtasim ")
            .expect("a command");
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let output = mtasim(&arguments);
        code(&output, 0);
        assert!(!text(&output.stderr).contains("limits.records ="));
        let journal = fs::read_to_string(out.join("journal.jsonl")).expect("the journal");
        let first: Json =
            serde_json::from_str(journal.lines().next().expect("a line")).expect("JSON");
        assert_eq!(first["records"], first["records_kept"]);
        assert_eq!(first["records"], journal.lines().count() - 1);
    }
}

#[test]
fn views_are_the_same_each_time_and_change_nothing_of_the_run() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let place = |name: &str| folder.path().join(name);
    let plain = mtasim(&["run", CLEAN, "--format", "json"]);
    let digest = |bytes: &[u8]| -> Json {
        let answer: Json = serde_json::from_slice(bytes).expect("it is JSON");
        answer["digest"].clone()
    };
    for number in ["1", "2"] {
        let (packets, trace) = (
            place(&format!("{number}.pcapng")),
            place(&format!("{number}.pf")),
        );
        let (packets, trace) = (argument(&packets), argument(&trace));
        let views = ["--pcap", packets, "--perfetto", trace];
        let output = mtasim(&[&["run", CLEAN, "--format", "json"][..], &views].concat());
        code(&output, 0);
        assert_eq!(digest(&output.stdout), digest(&plain.stdout));
    }
    for kind in ["pcapng", "pf"] {
        let read = |number: &str| fs::read(place(&format!("{number}.{kind}"))).expect("a view");
        assert!(read("1") == read("2"), "{kind} differs");
        assert!(read("1").len() > 10_000, "{kind} shows nothing");
    }
    // A section header block, little endian (pcapng section 4.1).
    let packets = fs::read(place("1.pcapng")).expect("a view");
    assert_eq!(packets[..4], [0x0A, 0x0D, 0x0D, 0x0A]);
    assert_eq!(packets[8..12], [0x4D, 0x3C, 0x2B, 0x1A]);
    let below = place("deep/er/1.pcapng");
    code(&mtasim(&["run", CLEAN, "--pcap", argument(&below)]), 0);
    assert!(fs::read(&below).expect("a view") == packets);
}

#[test]
fn an_impossible_request_is_reported_with_its_code() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it can be written to");
    let output = mtasim(&["run", CLEAN, "--out", argument(&file.join("below"))]);
    code(&output, 4);
    assert!(text(&output.stderr).starts_with("mtasim: cannot write "));
    code(&mtasim(&["run", "nowhere.toml"]), 4);
    let output = mtasim(&["run", CLEAN, "--set", "host.PARIS.cpu=1"]);
    code(&output, 2);
    assert!(text(&output.stderr).contains("error[MTA"));
    code(&mtasim(&["run"]), 2);
}

#[test]
fn tracing_is_asked_for_and_goes_to_standard_error() {
    let output = mtasim(&[
        "run",
        CLEAN,
        "--log",
        "simulation=trace",
        "--set",
        "duration=\"1s\"",
    ]);
    let reported = text(&output.stderr);
    assert!(
        reported.contains("TRACE") && reported.contains("at="),
        "{reported}"
    );
    let output = mtasim(&["run", CLEAN, "--log", "no=such=level"]);
    code(&output, 2);
    assert!(text(&output.stderr).starts_with("mtasim: --log no=such=level: "));
}

#[test]
fn help_shows_examples() {
    for command in ["run", "ping", "check", "schema", "completions"] {
        let output = mtasim(&[command, "--help"]);
        code(&output, 0);
        let example = format!("mtasim {command} ");
        assert!(text(&output.stdout).contains(&example), "{command}");
    }
}

/// Every scenario that this project ships has the outcome that its `[expect]` describes.
#[test]
fn every_shipped_scenario_is_as_expected() {
    let root = Path::new(crate::ROOT);
    let mut seen = 0;
    for folder in fs::read_dir(root.join("sims")).expect("there are scenarios") {
        let folder = folder.expect("it can be read").path();
        for file in folder.read_dir().expect("it is a folder") {
            let file = file.expect("it can be read").path();
            code(&mtasim(&["run", argument(&file)]), 0);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} scenarios");
}
